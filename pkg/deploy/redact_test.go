package deploy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

func hideHush(text string) string { return strings.ReplaceAll(text, "hush\"\\\n", "***") }

// TestRedacted: texts at every depth, whatever JSON makes of them; keys, numbers
// and the order of keys stay.
func TestRedacted(t *testing.T) {
	t.Parallel()
	const secret = "hush\"\\\n"
	type shape struct {
		Z string         `json:"z"`
		A []any          `json:"a"`
		M map[string]any `json:"m"`
		N int            `json:"n"`
	}
	for _, tt := range []struct {
		v    any
		want string
	}{
		{secret, `"***"`},
		{"<a> " + secret + "&", `"<a> ***&"`},
		{shape{"x", []any{1, secret, "\\\""}, map[string]any{secret: secret, "b": true}, 7}, `{"z":"x","a":[1,"***","\\\""],"m":{"b":true,"hush\"\\\n":"***"},"n":7}`},
		{[]string{}, `[]`},
		{nil, `null`},
		{30, `30`},
		{func() {}, `"***"`},
	} {
		var got strings.Builder
		encoder := json.NewEncoder(&got)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(Redacted(tt.v, hideHush)); err != nil || strings.TrimSpace(got.String()) != tt.want {
			t.Errorf("%v: %s, %v, want %s", tt.v, got.String(), err, tt.want)
		}
	}
	plain := &shape{Z: "nothing"}
	if got := Redacted(plain, hideHush); got != any(plain) {
		t.Error("what has no secret was changed")
	}
}

// TestPlanRedact: the last value of a secret is one, too; others stay.
func TestPlanRedact(t *testing.T) {
	t.Parallel()
	hide := func(text string) string { return strings.ReplaceAll(text, "hush", Masked) }
	plan := &Changes{Items: []Change{{Action: Update, Fields: []Field{
		{Path: "environmentVariables.A", Old: "last", New: "hush"},
		{Path: "environmentVariables.B", Old: "hush", New: "next"},
		{Path: "environmentVariables.C", New: "x hush y"},
		{Path: "description", Old: "hush"},
		{Path: "timeout", Old: 3, New: 30},
		{Path: "layers", Old: []string{"a"}, New: []string{"b"}},
	}}}}
	plan.Redact(hide)
	want := []Field{
		{Path: "environmentVariables.A", Old: Masked, New: Masked},
		{Path: "environmentVariables.B", Old: Masked, New: Masked},
		{Path: "environmentVariables.C", New: "x *** y"},
		{Path: "description", Old: Masked},
		{Path: "timeout", Old: 3, New: 30},
		{Path: "layers", Old: []string{"a"}, New: []string{"b"}},
	}
	if diff := cmp.Diff(want, plan.Items[0].Fields); diff != "" {
		t.Error(diff)
	}
}

// TestRedactLeavesWhatIsApplied: showing a plan doesn't change it.
func TestRedactLeavesWhatIsApplied(t *testing.T) {
	t.Parallel()
	desired := Desired{Function: fc.Function{FunctionName: "f", EnvironmentVariables: map[string]string{"A": "hush"}}}
	plan := Plan(desired, Actual{})
	plan.Redact(func(text string) string { return strings.ReplaceAll(text, "hush", Masked) })
	shown, err := json.Marshal(plan)
	if err != nil || strings.Contains(string(shown), "hush") || !strings.Contains(string(shown), "environmentVariables.A") {
		t.Errorf("%s, %v", shown, err)
	}
	if got := plan.desired.Function.EnvironmentVariables["A"]; got != "hush" {
		t.Errorf("%q would be deployed", got)
	}
}
