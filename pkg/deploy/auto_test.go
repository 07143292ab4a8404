package deploy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/iostreams"
)

func TestMadeIsFirstInThePlan(t *testing.T) {
	t.Parallel()
	plan := Plan(Desired{Resource: "r", Function: fc.Function{FunctionName: "f", Runtime: "python3.10"}}, Actual{})
	plan.WithAuto([]Made{{Kind: "log project", Name: "p"}, {Kind: "logstore", Name: "l", Within: "p"}})
	if plan.Count(Create) != 3 || plan.Empty() {
		t.Errorf("%d to create", plan.Count(Create))
	}
	io, _, _, _ := iostreams.Test()
	text := Render([]*Changes{plan}, io)
	project, store, function := strings.Index(text, "+ log project p\n"), strings.Index(text, "+ logstore l (p)\n"), strings.Index(text, "+ function f\n")
	if project < 0 || store < project || function < store || !strings.Contains(text, "3 to create") {
		t.Error(text)
	}
	if plan.WithAuto(nil); plan.Count(Create) != 1 {
		t.Errorf("%d to create without", plan.Count(Create))
	}
}

func TestPlanAnew(t *testing.T) {
	t.Parallel()
	desired := Desired{Function: fc.Function{FunctionName: "f", Timeout: 3, Role: "later"}}
	actual := Actual{Function: &fc.Function{FunctionName: "f", Timeout: 4, Role: "now"}}
	plan := Plan(desired, actual)
	if err := plan.Limit(Scope{Function: FunctionConfig}); err != nil {
		t.Fatal(err)
	}
	desired.Function.Role = "hush"
	again, err := plan.With(desired.Function, nil, func(s string) string { return strings.ReplaceAll(s, "hush", "***") })
	if err != nil {
		t.Fatal(err)
	}
	want := []Field{{Path: "role", Old: Masked, New: "***"}, {Path: "timeout", Old: 4.0, New: 3.0}}
	if d := cmp.Diff(want, again.Items[0].Fields); d != "" {
		t.Error(d)
	}
	if again.desired.Function.Role != "hush" || again.scope.Function != FunctionConfig {
		t.Errorf("%+v", again.scope)
	}
}

// TestServiceAnew: what "auto" stands for in edition 1.0.0 is the service's.
func TestServiceAnew(t *testing.T) {
	t.Parallel()
	desired := Desired{Service: &fc.Service{ServiceName: "s", VPCConfig: &fc.VPCConfig{VPCID: "(new)"}}, Function: fc.Function{FunctionName: "s$f"}}
	actual := Actual{Service: &fc.Service{ServiceName: "s"}, Function: &fc.Function{FunctionName: "s$f"}}
	plan := Plan(desired, actual)
	again, err := plan.With(desired.Function, &fc.Service{ServiceName: "s", VPCConfig: &fc.VPCConfig{VPCID: "vpc-1"}}, func(s string) string { return s })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Field{{Path: "vpcConfig", New: map[string]any{"vpcId": "vpc-1"}}}, again.Items[0].Fields); d != "" && again.desired.Service.VPCConfig.VPCID != "vpc-1" {
		t.Error(d)
	}
	if plan.desired.Service.VPCConfig.VPCID != "(new)" {
		t.Error("the former plan changed")
	}
}

func TestLedgerKnowsWhatWasMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	place := Place{File: "s.yaml", Account: "1"}
	open := func() *Ledger {
		t.Helper()
		l, err := OpenLedger(dir, place)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	project, bucket := Made{Kind: "log project", Name: "p", Region: "r"}, Made{Kind: "OSS bucket", Name: "b", Region: "r"}
	l := open()
	l.RecordMade(project)
	l.RecordMade(bucket)
	l.RecordMade(project)
	l.Record(Footprint{Region: "r", Function: "f"})
	for range 2 { // a run saves more than once
		if err := l.Save(); err != nil {
			t.Fatal(err)
		}
	}
	l = open()
	if d := cmp.Diff([]Made{project, bucket}, l.Made()); d != "" || l.Functions() != 1 {
		t.Error(d, l.Functions())
	}
	// It outlives the functions, and goes with the last of it.
	l.Forget("r", "f")
	l.ForgetMade(bucket)
	if err := l.Save(); err != nil || l.Functions() != 0 {
		t.Fatal(err, l.Functions())
	}
	l = open()
	if d := cmp.Diff([]Made{project}, l.Made()); d != "" || l.Functions() != 0 {
		t.Error(d, l.Functions())
	}
	l.ForgetMade(project)
	l.RecordMade(project)
	if len(l.Made()) != 1 {
		t.Error("made again isn't known")
	}
	l.ForgetMade(project)
	if err := l.Save(); err != nil || len(open().Made()) > 0 {
		t.Errorf("%v, left %v", err, open().Made())
	}
}

func TestConfigures(t *testing.T) {
	t.Parallel()
	there := Actual{Function: &fc.Function{}}
	for _, tc := range []struct {
		scope  Scope
		actual Actual
		want   bool
	}{
		{Scope{}, there, true},
		{Scope{Function: FunctionAll}, there, true},
		{Scope{Function: FunctionConfig}, there, true},
		{Scope{Function: FunctionCode}, there, false},
		{Scope{Function: FunctionCode}, Actual{}, true},
		{Scope{Triggers: []string{AllTriggers}}, there, false},
		{Scope{Async: true}, there, false},
	} {
		if got := tc.scope.Configures(tc.actual); got != tc.want {
			t.Errorf("%v: %v", tc.scope, got)
		}
	}
}
