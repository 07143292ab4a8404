package logs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud/alicloudtest"
	"s/pkg/logs"
)

// tailed runs a tail from second 0 on with a clock that goes as far as it sleeps. step is
// called before each look but the first, with the second that it is; false ends it.
func tailed(t *testing.T, s *alicloudtest.LogServer, step func(second float64) bool) (messages, troubles []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	now := at(0)
	r := reader(s)
	tail := &logs.Tail{Reader: r, Interval: 1500 * time.Millisecond, Now: func() time.Time { return now }, Trouble: func(err error) {
		troubles = append(troubles, fmt.Sprint(err))
	}}
	r.Sleep = func(ctx context.Context, d time.Duration) error {
		if now = now.Add(d); !step(now.Sub(at(0)).Seconds()) {
			cancel()
		}
		return ctx.Err()
	}
	err = tail.Run(ctx, at(0), func(l logs.Line) error {
		messages = append(messages, l.Message)
		return nil
	})
	return messages, troubles, err
}

// TestTailLosesAndRepeatsNothing: lines of the same second, alike in all, late ones, and
// one whose clock is ahead.
func TestTailLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	s.Put(printed(-5, "before"), printed(0, "first"))
	n, late, tick := 0, 0, 0
	messages, troubles, err := tailed(t, s, func(second float64) bool {
		for range 3 {
			s.Put(printed(int(second), fmt.Sprintf("line %d", n)))
			n++
		}
		s.Put(printed(int(second), "tick"))
		tick++
		if n%4 == 0 && second > 80 && second < 280 { // some are a minute late
			s.Put(printed(int(second)-70, fmt.Sprintf("late %d", late)))
			late++
		}
		if n == 30 {
			s.Put(printed(int(second)+40, "ahead"))
		}
		return second < 300
	})
	if err != nil || len(troubles) > 0 {
		t.Fatal(err, troubles)
	}
	count := map[string]int{}
	for _, m := range messages {
		count[m]++
	}
	want := map[string]int{"first": 1, "ahead": 1, "tick": tick - 1} // the last of them came when it ended
	for i := range n - 3 {
		want[fmt.Sprintf("line %d", i)] = 1
	}
	for i := range late {
		want[fmt.Sprintf("late %d", i)] = 1
	}
	for m := range count {
		if count[m] != want[m] {
			t.Errorf("%q %d times, want %d", m, count[m], want[m])
		}
	}
	for m := range want {
		if count[m] == 0 {
			t.Errorf("%q is lost", m)
		}
	}
	if late < 10 {
		t.Errorf("only %d were late", late)
	}
}

// TestTailOutage: one that is over in time loses nothing; what is told is its beginning
// and its end.
func TestTailOutage(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	n := 0
	messages, troubles, err := tailed(t, s, func(second float64) bool {
		if n == 10 {
			s.Fail(alicloudtest.Failure{Status: 503, Code: "ServerBusy", Times: 60})
		}
		line := printed(int(second), fmt.Sprint(n))
		line["__time_ns_part__"] = fmt.Sprint(n)
		s.Put(line)
		n++
		return n < 100
	})
	var want []string
	for i := range n - 1 {
		want = append(want, fmt.Sprint(i))
	}
	if d := cmp.Diff(want, messages); err != nil || d != "" {
		t.Error(err, d)
	}
	if len(troubles) != 2 || !strings.Contains(troubles[0], "ServerBusy") || troubles[1] != "<nil>" {
		t.Errorf("told %q", troubles)
	}
}

func TestTailEnds(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	on := func(float64) bool { return true }
	s.Fail(alicloudtest.Failure{Status: 404, Code: "LogStoreNotExist"})
	if _, troubles, err := tailed(t, s, on); err == nil || !strings.Contains(err.Error(), "LogStoreNotExist") || len(troubles) > 0 {
		t.Errorf("refused: %v, %q", err, troubles)
	}
	s.Fail(alicloudtest.Failure{Status: 500, Code: "InternalServerError", Times: 5})
	if _, troubles, err := tailed(t, s, on); err == nil || len(troubles) > 0 {
		t.Errorf("it never answered: %v, %q", err, troubles)
	}
	failing := false
	if _, troubles, err := tailed(t, s, func(second float64) bool {
		if !failing {
			s.Fail(alicloudtest.Failure{Status: 500, Code: "InternalServerError", Times: 1000})
		}
		failing = true
		return true
	}); err == nil || len(troubles) != 1 {
		t.Errorf("an outage without end: %v, %q", err, troubles)
	}
	full := errors.New("disk full")
	s = alicloudtest.NewLogs(t)
	s.Put(printed(1, "a"))
	tail := &logs.Tail{Reader: reader(s), Now: func() time.Time { return at(5) }}
	if err := tail.Run(t.Context(), at(0), func(logs.Line) error { return full }); !errors.Is(err, full) {
		t.Errorf("err = %v", err)
	}
}
