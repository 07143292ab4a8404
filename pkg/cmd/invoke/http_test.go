package invokecmd

import (
	"bytes"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// TestHTTPFunctionIsNoted: an event makes nothing of a handler that takes
// requests, which is said before its own error puzzles somebody.
func TestHTTPFunctionIsNoted(t *testing.T) {
	t.Parallel()
	http, timer := fc.Trigger{TriggerType: fc.TriggerHTTP}, fc.Trigger{TriggerType: fc.TriggerTimer}
	for _, tt := range []struct {
		name, runtime string
		triggers      []fc.Trigger
		tree, silent  bool
		want          string
	}{
		{name: "svc$web", runtime: "nodejs14", triggers: []fc.Trigger{timer, http}, want: "not events: s info shows its URL"},
		{name: "svc$web", runtime: "nodejs14", triggers: []fc.Trigger{http}, tree: true, want: "not events: s local start serves it"},
		{name: "svc$web", runtime: "nodejs14", triggers: []fc.Trigger{http}, silent: true},
		{name: "svc$web", runtime: "nodejs14", triggers: []fc.Trigger{timer}},
		{name: "web", runtime: "nodejs14", triggers: []fc.Trigger{http}},
		{name: "svc$web", runtime: "custom", triggers: []fc.Trigger{http}},
		{name: "svc$web", runtime: "custom-container", triggers: []fc.Trigger{http}},
		{name: "svc$web", runtime: "cobol", triggers: []fc.Trigger{http}},
	} {
		io, _, _, errOut := iostreams.Test()
		o := &Options{IO: io, Tree: tt.tree, Silent: tt.silent}
		o.noteHTTP(&spec.Resource{Name: "web", Function: fc.Function{FunctionName: tt.name, Runtime: tt.runtime}, Triggers: tt.triggers})
		noted(t, errOut, tt.want)
	}
}

func noted(t *testing.T, got *bytes.Buffer, want string) {
	t.Helper()
	if want == "" && got.Len() > 0 || !strings.HasSuffix(strings.TrimSpace(got.String()), want) {
		t.Errorf("%q, want %q", got, want)
	}
}
