package deploy

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

func asJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func deployedState() Actual {
	return Actual{
		Service: &fc.Service{ServiceName: "svc", ServiceID: "sid"},
		Function: &fc.Function{
			FunctionName: "svc$hello", Runtime: "custom", Handler: "index.handler", MemorySize: 1536, Timeout: 30,
			EnvironmentVariables: map[string]string{"API_KEY": "sesame"}, Layers: []fc.Layer{{ARN: "arn", Size: 1}},
			FunctionID: "fid", FunctionARN: "farn", CodeSize: 10, CodeChecksum: "42", CreatedTime: "t", State: "Active",
		},
		Triggers: []fc.Trigger{
			{TriggerName: "v1", TriggerType: "http", Qualifier: "1", HTTPTrigger: &fc.HTTPTrigger{URLInternet: "old"}},
			{
				TriggerName: "t", TriggerType: "http", Qualifier: "LATEST", TriggerConfig: `{"methods":["GET"]}`,
				HTTPTrigger: &fc.HTTPTrigger{URLInternet: "https://a", URLIntranet: "https://b"},
			},
		},
	}
}

func TestResultOfEdition1(t *testing.T) {
	t.Parallel()
	desired := Desired{Region: "cn-hangzhou", Service: &fc.Service{ServiceName: "svc"}, Function: fc.Function{FunctionName: "svc$hello"}}
	want := `{"region":"cn-hangzhou","service":{"name":"svc"},"function":{"name":"hello","runtime":"custom","handler":"index.handler",` +
		`"memorySize":1536,"timeout":30},"url":{"system_url":"https://a","system_intranet_url":"https://b"},` +
		`"triggers":[{"type":"http","name":"v1"},{"type":"http","name":"t"}]}`
	if d := cmp.Diff(want, asJSON(t, Result(desired, deployedState(), false))); d != "" {
		t.Error(d)
	}
	full := asJSON(t, Result(desired, deployedState(), true))
	for _, part := range []string{`"serviceId":"sid"`, `"functionName":"hello"`, `"codeChecksum":"42"`, `"triggerConfig":{"methods":["GET"]}`} {
		if !strings.Contains(full, part) {
			t.Errorf("info has no %s: %s", part, full)
		}
	}
	if strings.Contains(full, "sesame") {
		t.Errorf("a secret is shown: %s", full)
	}
}

func TestResultOfEdition3(t *testing.T) {
	t.Parallel()
	desired := Desired{Region: "cn-hangzhou", Function: fc.Function{FunctionName: "hello"}}
	state := deployedState()
	state.Function.FunctionName = "hello"
	want := `{"region":"cn-hangzhou","functionName":"hello","runtime":"custom","handler":"index.handler","memorySize":1536,"timeout":30,` +
		`"environmentVariables":{"API_KEY":"***"},"functionArn":"farn","state":"Active","layers":["arn"],` +
		`"triggers":[{"triggerName":"v1","triggerType":"http","qualifier":"1"},` +
		`{"triggerName":"t","triggerType":"http","qualifier":"LATEST","triggerConfig":{"methods":["GET"]}}],` +
		`"url":{"system_url":"https://a","system_intranet_url":"https://b"}}`
	if d := cmp.Diff(want, asJSON(t, Result(desired, state, false))); d != "" {
		t.Error(d)
	}
	full := asJSON(t, Result(desired, state, true))
	for _, part := range []string{`"functionId":"fid"`, `"codeSize":10`, `"codeChecksum":"42"`, `"createdTime":"t"`} {
		if !strings.Contains(full, part) {
			t.Errorf("info has no %s: %s", part, full)
		}
	}
	if state.Function.EnvironmentVariables["API_KEY"] != "sesame" {
		t.Error("the state itself was masked")
	}
}

func TestResultOfNothing(t *testing.T) {
	t.Parallel()
	if got := Result(Desired{}, Actual{}, true); got != nil {
		t.Errorf("%+v", got)
	}
	state := Actual{Function: &fc.Function{}, Triggers: []fc.Trigger{{TriggerName: "t", TriggerConfig: "not json"}}}
	if got := asJSON(t, Result(Desired{}, state, false)); !strings.Contains(got, `"triggerConfig":"not json"`) || strings.Contains(got, "url") {
		t.Errorf("got %s", got)
	}
}
