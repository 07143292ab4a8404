package scaffold

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const parameters = `
parameters:
  - { name: region, type: enum, enum: [cn-hangzhou, us-west-1], default: cn-hangzhou, required: true }
  - { name: service, type: string, pattern: '^[a-z]+$', required: true, description: { en: small letters } }
  - { name: note, type: string }
  - { name: logs, type: boolean }
`

func TestComplete(t *testing.T) {
	t.Parallel()
	template := demo(t, parameters, nil)
	given := map[string]any{"service": "abc"}
	got, err := template.Complete(given)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"region": "cn-hangzhou", "service": "abc", "note": "", "logs": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if len(given) != 1 {
		t.Errorf("the given values were changed: %v", given)
	}
}

func TestCompleteReportsEverything(t *testing.T) {
	t.Parallel()
	template := demo(t, parameters, nil)
	cases := []struct {
		name   string
		values map[string]any
		want   []string // of "parameter: reason"
	}{
		{"missing", nil, []string{`parameter "service" is required`}},
		{"null", map[string]any{"service": nil}, []string{`parameter "service" is required`}},
		{"empty", map[string]any{"service": ""}, []string{`parameter "service" is required`}},
		{
			"all at once",
			map[string]any{"region": "cn-hangzhu", "service": "A b", "note": 3.0, "logs": "yes", "servise": "x", "a": 1},
			[]string{
				`parameter "region" must be one of cn-hangzhou, us-west-1, not "cn-hangzhu"`,
				`parameter "service" must match ^[a-z]+$, not "A b"`,
				`parameter "note" must be a string, not 3`,
				`parameter "logs" must be a boolean, not "yes"`,
				`unknown parameter "a"`,
				`unknown parameter "servise"`,
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := template.Complete(c.values)
			var problems ParameterErrors
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want ParameterErrors", err)
			}
			if diff := cmp.Diff(strings.Join(c.want, "\n"), err.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblemsCarryFacts(t *testing.T) {
	t.Parallel()
	template := demo(t, parameters, nil)
	err := template.Validate(map[string]any{"region": "cn-hangzhu", "service": "A", "servise": "x"})
	var problems ParameterErrors
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{"cn-hangzhou"}, problems[0].Nearest); diff != "" {
		t.Errorf("nearest value: %s", diff)
	}
	if problems[1].Rule.EN != "small letters" || problems[1].Reason != NoMatch {
		t.Errorf("rule: %+v", problems[1])
	}
	if diff := cmp.Diff([]string{"service"}, problems[2].Nearest); diff != "" {
		t.Errorf("nearest name: %s", diff)
	}
}

func TestValidateAllowsWhatIsMissing(t *testing.T) {
	t.Parallel()
	template := demo(t, parameters, nil)
	if err := template.Validate(map[string]any{"region": "us-west-1", "logs": true}); err != nil {
		t.Errorf("got %v", err)
	}
	if err := template.Validate(nil); err != nil {
		t.Errorf("nothing given: got %v", err)
	}
}
