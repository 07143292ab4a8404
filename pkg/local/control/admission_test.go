package control

import (
	"reflect"
	"strings"
	"testing"
)

func TestVPCBindings(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.create("f")
	for _, base := range []string{functionF + "vpc-bindings", "/2021-04-06/services/svc/bindings", "/2016-08-15/services/svc/bindings"} {
		if note := w.do("GET", base, "").is(200).has("vpcIds", []any{}).header.Get(HeaderNote); !strings.Contains(note, "no VPC") {
			t.Errorf("%s: note %q", base, note)
		}
		for _, body := range []string{"", "{}", `{"vpcId":""}`, `{"vpcId":5}`} {
			w.do("POST", base, body).is(400, "InvalidArgument").says("vpcId")
		}
		for _, id := range []string{"vpc-1", "vpc-2", "vpc-1"} {
			if note := w.do("POST", base, `{"vpcId":"`+id+`"}`).is(204).header.Get(HeaderNote); note == "" {
				t.Errorf("%s: no note", base)
			}
		}
		w.do("GET", base, "").is(200).has("vpcIds", []any{"vpc-1", "vpc-2"})
		w.do("DELETE", base+"/vpc-1", "").is(204)
		w.do("DELETE", base+"/vpc-1", "").is(204)
		w.do("GET", base, "").is(200).has("vpcIds", []any{"vpc-2"})
		w.do("DELETE", base+"/vpc-2", "").is(204)
	}
	w.do("POST", "/2023-03-30/functions/none/vpc-bindings", `{"vpcId":"v"}`).is(404, "FunctionNotFound")
	w.do("DELETE", "/2021-04-06/services/none/bindings/v", "").is(404, "ServiceNotFound")
	if len(w.changed) != 1 {
		t.Errorf("told of changes: %v", w.changed)
	}
}

func TestInvocationRestriction(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir)
	w.do("POST", functionF+"invoke/disable", "{}").is(404, "FunctionNotFound")
	w.do("POST", functionF+"invoke/enable", "").is(404, "FunctionNotFound")
	w.create("f")
	w.do("GET", "/2023-03-30/functions/f", "").is(200).has("invocationRestriction", nil)
	w.do("POST", functionF+"invoke/disable", `{"abortOngoingRequest":"yes"}`).is(400, "InvalidArgument")
	w.do("POST", functionF+"invoke/disable", `{"reason":"a reason","abortOngoingRequest":true}`).is(200).has("success", true)
	seen := w.do("GET", "/2023-03-30/functions/f", "").is(200).has("invocationRestriction.disable", true).
		has("invocationRestriction.reason", "a reason").has("invocationRestriction.lastModifiedTime", "2026-01-02T03:04:05Z")
	w.do("PUT", "/2023-03-30/functions/f", string(seen.body)).is(200).has("invocationRestriction.disable", true)
	w.do("GET", "/2023-03-30/functions", "").is(200).shows(`"reason":"a reason"`)
	w.do("POST", functionF+"invoke/enable", "").is(200).has("success", true)
	w.do("GET", "/2023-03-30/functions/f", "").is(200).has("invocationRestriction.disable", false).has("invocationRestriction.reason", nil)
	w.do("POST", functionF+"invoke/disable", "").is(200)
	if want := []string{"f true", "f false", "f false"}; !reflect.DeepEqual(w.limited, want) {
		t.Errorf("told of %v", w.limited)
	}
}
