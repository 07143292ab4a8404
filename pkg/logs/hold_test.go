package logs

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestHold: a request's lines come together when it is known how it went: at its end, or
// when it can't have one any more. Late ones come at once.
func TestHold(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(1000+second), 0) }
	for _, tc := range []struct {
		failed bool
		want   string // the messages so far, by step
	}{
		{true, "|||FC Invoke Start RequestId: b,b1,FC Invoke End RequestId: b, Error: x||late|FC Invoke Start RequestId: c"},
		{false, "||FC Invoke Start RequestId: a,a1,FC Invoke End RequestId: a|||| custom"},
	} {
		var got []string
		h := &Hold{Failed: tc.failed, Patience: 10 * time.Second, Each: func(l Line) error { got = append(got, l.Message); return nil }}
		var steps []string
		step := func(second int, id string, messages ...string) {
			for _, m := range messages {
				if err := h.Line(Line{Time: at(second), RequestID: id, Message: m}); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Passed(at(second)); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, strings.Join(got, ","))
			got = nil
		}
		step(0, "", "of no request")
		step(1, "a", "FC Invoke Start RequestId: a", "a1")
		step(2, "a", "FC Invoke End RequestId: a")
		step(3, "b", "FC Invoke Start RequestId: b", "b1", "FC Invoke End RequestId: b, Error: x")
		step(4, "c", "FC Invoke Start RequestId: c")
		step(5, "b", "late")
		if !tc.failed {
			if err := h.Line(Line{Time: at(5), RequestID: "d", Message: " custom"}); err != nil {
				t.Fatal(err)
			}
		}
		step(20, "")
		if joined := strings.Join(steps, "|"); joined != tc.want {
			t.Errorf("failed %v:\n%s, want\n%s", tc.failed, joined, tc.want)
		}
		if len(h.requests) > 0 || len(h.outcomes.requests) > 0 {
			t.Errorf("%d requests, %d outcomes are kept", len(h.requests), len(h.outcomes.requests))
		}
	}
	full := errors.New("disk full")
	h := &Hold{Failed: true, Each: func(Line) error { return full }}
	if err := h.Line(Line{RequestID: "a", Message: "FC Invoke End RequestId: a, Error: x"}); !errors.Is(err, full) {
		t.Errorf("err = %v", err)
	}
	if err := h.Line(Line{RequestID: "b", Message: "FC Invoke Start RequestId: b"}); err != nil {
		t.Error(err)
	}
	if err := h.Passed(at(0)); !errors.Is(err, full) {
		t.Errorf("err = %v", err)
	}
}
