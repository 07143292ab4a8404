package gateway

import (
	"testing"
	"time"

	"s/pkg/runtime/instance"
)

// scaled waits until a pool is ruled so.
func (w *world) scaled(pool int, want instance.Scale) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		there := pool < len(w.pools)
		w.mu.Unlock()
		if there {
			p := w.pool(pool)
			p.mu.Lock()
			got := p.scale
			p.mu.Unlock()
			if got == want {
				return
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("pool %d is never ruled by %+v", pool, want)
		}
	}
}

// A function that is to have instances has its pool before anybody calls it, and
// new code has one at once.
func TestScaledAhead(t *testing.T) {
	w := newWorld(t)
	scale := make(chan instance.Scale, 1)
	scale <- instance.Scale{}
	w.g.cfg.Scale = func(_, _, _ string) instance.Scale {
		s := <-scale
		scale <- s
		return s
	}
	set := func(s instance.Scale) {
		<-scale
		scale <- s
		w.g.Scaled(region, "f", "LATEST")
	}
	w.g.Scaled(region, "none", "LATEST")
	w.deploy("f", "python3", "one")
	set(instance.Scale{Max: 3}) // nothing to start
	if n, _ := w.g.Kept(region, "f", "LATEST"); n != 0 {
		t.Errorf("%d", n)
	}
	set(instance.Scale{Min: 2})
	w.scaled(0, instance.Scale{Min: 2})
	if n, why := w.g.Kept(region, "f", "LATEST"); n != 2 || why != "why" {
		t.Errorf("%d %q", n, why)
	}
	set(instance.Scale{Min: 1, Max: 1})
	w.scaled(0, instance.Scale{Min: 1, Max: 1})
	w.deploy("f", "python3", "two")
	w.g.Changed(region, "f")
	w.scaled(1, instance.Scale{Min: 1, Max: 1})
	w.g.Close()
	w.g.Scaled(region, "f", "LATEST") // too late
}
