package gateway

import (
	"testing"
	"time"

	"s/pkg/local/store"
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

// The pools of a function count its invocations together, those of another don't
// count for it, and one that is made anew begins at nothing.
func TestPoolsCountTogether(t *testing.T) {
	w := newWorld(t)
	for _, f := range []string{"f", "g"} {
		w.deploy(f, "python3", "one")
		if _, err := w.store.PublishVersion(region, f, "", "now", nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/invoke/f", "/invoke/f?qualifier=1", "/invoke/g"} {
		w.want(w.do("POST", path, "x"), 200, "")
	}
	w.deploy("f", "python3", "two")
	w.g.Changed(region, "f")
	w.want(w.do("POST", "/invoke/f", "x"), 200, "")
	first := w.pool(0).cfg.UnderWay
	if first == nil || w.pool(1).cfg.UnderWay != first || w.pool(3).cfg.UnderWay != first {
		t.Error("pools of f count for themselves")
	}
	if w.pool(2).cfg.UnderWay == first {
		t.Error("g counts for f")
	}
	if err := w.store.DeleteVersion(region, "f", "1"); err != nil {
		t.Fatal(err)
	}
	if err := w.store.DeleteFunction(region, "f", func(*store.Function) error { return nil }); err != nil {
		t.Fatal(err)
	}
	w.g.Changed(region, "f")
	w.deploy("f", "python3", "three")
	w.want(w.do("POST", "/invoke/f", "x"), 200, "")
	if w.pool(4).cfg.UnderWay == first {
		t.Error("a function that was made anew goes on counting")
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
