package rapi

import (
	"fmt"
	"testing"
)

// TestRules goes through every state and every event: what isn't listed must be
// refused.
func TestRules(t *testing.T) {
	type key struct {
		phase phase
		event event
	}
	want := map[key]string{
		{spare, askFunction}:      "waiting for a function",
		{starting, askNext}:       "running",
		{starting, postInitError}: "failed",
		{running, askNext}:        "running",
		{running, postResponse}:   "running",
		{running, postError}:      "running",
		{failed, askNext}:         "hold",
		{closed, askNext}:         "hold",
	}
	for p := range phases {
		for e := range events {
			got := "refuse"
			switch v := rules[p][e]; {
			case v.allow && v.hold:
				got = "both"
			case v.allow:
				got = v.next.String()
			case v.hold:
				got = "hold"
				if v.next != p {
					got = fmt.Sprintf("hold and move to %v", v.next)
				}
			}
			expect := want[key{p, e}]
			if expect == "" {
				expect = "refuse"
			}
			if got != expect {
				t.Errorf("%v while %v: got %s, want %s", e, p, got, expect)
			}
		}
	}
}

// TestZeroVerdict makes sure that a new state or event is refused until someone
// allows it.
func TestZeroVerdict(t *testing.T) {
	if (verdict{}).allow || (verdict{}).hold {
		t.Error("the zero verdict must refuse")
	}
}

func TestNames(t *testing.T) {
	for p := range phases {
		if p.String() == "" {
			t.Errorf("phase %d has no name", p)
		}
	}
	for e := range events {
		if e.String() == "" {
			t.Errorf("event %d has no name", e)
		}
	}
}
