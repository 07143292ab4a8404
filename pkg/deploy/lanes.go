package deploy

import (
	"slices"
	"sync"
)

// laneOf names the steps that run one after another, beside those of other lanes;
// empty is what everything waits for. Reserved, provisioned and minimum instances
// share one: the service holds them against each other.
func laneOf(c Change) string {
	switch c.Kind {
	case KindService, KindFunction, KindAlias, KindVersion:
		return ""
	case KindTrigger, KindDomain:
		return string(c.Kind) + "/" + c.Name
	case KindConcurrency, KindProvision, KindScaling:
		return "instances"
	}
	return string(c.Kind)
}

// lane is that of a step in this plan: with leftovers among them, triggers run one
// after another.
func (a *applier) lane(c Change) string {
	if a.plan.pruned && c.Kind == KindTrigger {
		return string(KindTrigger)
	}
	return laneOf(c)
}

// lanes groups the steps after the function by their lanes, in the order of the
// plan.
func (a *applier) lanes() [][]Change {
	var order []string
	lanes := map[string][]Change{}
	for _, change := range a.plan.Items {
		lane := a.lane(change)
		if lane == "" || change.Action == None {
			continue
		}
		if lanes[lane] == nil {
			order = append(order, lane)
		}
		lanes[lane] = append(lanes[lane], change)
	}
	out := make([][]Change, len(order))
	for i, lane := range order {
		if out[i] = lanes[lane]; lane == "instances" {
			slices.SortStableFunc(out[i], func(x, y Change) int { return a.turn(x) - a.turn(y) })
		}
	}
	return out
}

// turn orders the steps about instances: what goes makes room first; a bound
// comes before what it must allow, and after it where it becomes narrower.
func (a *applier) turn(c Change) int {
	switch {
	case c.Action == Delete && c.Kind != KindConcurrency:
		return 0
	case c.Kind != KindConcurrency:
		return 2
	}
	want, have := a.plan.desired.Around.Concurrency, a.plan.actual.Around.Concurrency
	if want == nil || have != nil && want.ReservedConcurrency < have.ReservedConcurrency {
		return 3
	}
	return 1
}

// Locks keeps applies that run at the same time from changing the same thing, by
// its name. The zero value is ready.
type Locks struct {
	mu    sync.Mutex
	named map[string]*sync.Mutex
}

// lock waits for a name and gives what frees it.
func (l *Locks) lock(name string) func() {
	l.mu.Lock()
	if l.named == nil {
		l.named = map[string]*sync.Mutex{}
	}
	one := l.named[name]
	if one == nil {
		one = &sync.Mutex{}
		l.named[name] = one
	}
	l.mu.Unlock()
	one.Lock()
	return one.Unlock
}
