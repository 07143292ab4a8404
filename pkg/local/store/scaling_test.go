package store

import (
	"testing"

	"s/pkg/fc"
)

// What was configured survives, and goes with its function.
func TestScaling(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	three := 3
	change := func(c *Scaling) {
		c.Concurrency, c.MaxInstances = &fc.ConcurrencyConfig{ReservedConcurrency: 7}, &three
	}
	if _, err := s.UpdateScaling("r", "f", "", change); err == nil {
		t.Error("of a function that isn't there")
	}
	for _, name := range []string{"f", "g"} {
		if err := s.CreateFunction(&Function{Region: "r", Function: fc.Function{FunctionName: name}}); err != nil {
			t.Fatal(err)
		}
	}
	if c := s.Scaling("r", "f", "LATEST"); c.Concurrency != nil || c.Function != "f" || len(s.Scalings("r")) != 0 {
		t.Errorf("%+v", c)
	}
	if _, err := s.UpdateScaling("r", "f", "", change); err != nil {
		t.Fatal(err)
	}
	before := s.Scaling("r", "f", "LATEST")
	if _, err := s.UpdateScaling("r", "f", "", func(c *Scaling) {
		c.Provision, c.Concurrency.ReservedConcurrency = &fc.ProvisionConfig{DefaultTarget: 2}, 8
	}); err != nil {
		t.Fatal(err)
	}
	if before.Provision != nil || before.Concurrency.ReservedConcurrency != 7 {
		t.Error("what was given out was changed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := s.Scaling("r", "f", "LATEST")
	if c.Concurrency.ReservedConcurrency != 8 || c.Provision.DefaultTarget != 2 || *c.MaxInstances != 3 || len(s.Scaled()) != 1 || len(s.Scalings("other")) != 0 {
		t.Errorf("%+v", c)
	}
	if err := s.DeleteFunction("r", "f", func(*Function) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if c := s.Scaling("r", "f", "LATEST"); c.Provision != nil || len(s.Scaled()) != 0 {
		t.Errorf("%+v", c)
	}
}
