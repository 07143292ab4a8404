package store

import (
	"slices"
	"testing"

	"s/pkg/fc"
)

// What was said of who may call survives, and goes with its function.
func TestAdmission(t *testing.T) {
	s := open(t, t.TempDir())
	disable := func(a *Admission) {
		a.VPCIDs, a.Restriction = append(a.VPCIDs, "vpc-1"), &fc.FunctionRestriction{Disable: true, Reason: "why"}
	}
	if _, err := s.UpdateAdmission("r", "svc$f", disable); err == nil {
		t.Error("of a function that isn't there")
	}
	must(t, s.CreateService(service("svc")), s.CreateFunction(function("svc$f")))
	revision := s.Functions("r")[0]
	if a := s.Admission("r", "svc$f"); a.Restriction != nil || a.Function != "svc$f" || s.Restriction("r", "svc$f") != nil {
		t.Errorf("%+v", a)
	}
	before, err := s.UpdateAdmission("r", "svc$f", disable)
	must(t, err)
	_, err = s.UpdateAdmission("r", "svc$f", disable)
	must(t, err)
	if len(before.VPCIDs) != 1 {
		t.Error("what was given out was changed")
	}
	must(t, s.UpdateServiceVPCs("r", "svc", func(ids []string) []string { return append(ids, "vpc-9") }))
	wantError[*NotFoundError](t, s.UpdateServiceVPCs("r", "none", func(ids []string) []string { return ids }))
	if s.Functions("r")[0] != revision {
		t.Error("a function became another one")
	}
	s = reopen(t, s)
	if r := s.Restriction("r", "svc$f"); r == nil || r.Reason != "why" || !slices.Equal(s.Admission("r", "svc$f").VPCIDs, []string{"vpc-1", "vpc-1"}) {
		t.Errorf("%+v", r)
	}
	if svc, err := s.Service("r", "svc"); err != nil || !slices.Equal(svc.VPCIDs, []string{"vpc-9"}) {
		t.Errorf("%+v %v", svc, err)
	}
	_, err = s.UpdateAdmission("r", "svc$f", func(a *Admission) { a.Restriction.Disable = false })
	must(t, err)
	if s.Restriction("r", "svc$f") != nil {
		t.Error("it is enabled")
	}
	must(t, s.DeleteFunction("r", "svc$f", func(*Function) error { return nil }))
	if a := s.Admission("r", "svc$f"); a.Restriction != nil || len(a.VPCIDs) > 0 {
		t.Errorf("%+v", a)
	}
	must(t, s.CreateFunction(function("svc$f")))
	s = reopen(t, s)
	if a := s.Admission("r", "svc$f"); len(a.VPCIDs) > 0 {
		t.Errorf("another function has %+v", a)
	}
}
