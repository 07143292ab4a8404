package pool

import (
	"cmp"
	"testing"
	"time"

	"s/pkg/runtime/debugger"
	"s/pkg/runtime/instance"
)

// TestIdleIsFrozen once, and again after it was used.
func TestIdleIsFrozen(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration
		debug bool
		want  []int // how often after each use
	}{
		{"by default", 0, false, []int{1, 2, 3}},
		{"later", 5 * time.Second, false, []int{1, 2, 3}},
		{"never", -1, false, []int{0, 0, 0}},
		{"not under a debugger", 0, true, []int{0, 0, 0}},
	} {
		cfg := instance.Config{Function: function(1), IdleTimeout: time.Minute, FreezeAfter: tt.after}
		if tt.debug {
			cfg.Debug = &debugger.Options{}
		}
		w := newWorld(t, cfg)
		for _, want := range tt.want {
			w.invoke()
			i := w.instances()[0]
			if got := i.frozen(); got >= want && want > 0 {
				t.Errorf("%s: frozen %d times while it is used", tt.name, got)
			}
			w.clock.pass(cmp.Or(max(tt.after, 0), instance.DefaultFreezeAfter))
			w.until("it was frozen", func() bool { return i.frozen() == want })
			w.clock.pass(20 * time.Second)
			if got := i.frozen(); got != want {
				t.Errorf("%s: frozen %d times, want %d", tt.name, got, want)
			}
		}
		w.clock.pass(time.Minute)
		w.until("it has ended", func() bool { return len(w.pool.Instances()) == 0 })
		if n := w.clock.pending(); n != 0 {
			t.Errorf("%s: %d alarms are left", tt.name, n)
		}
	}
}
