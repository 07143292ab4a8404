package logs

import (
	"cmp"
	"slices"
	"time"
)

// Hold holds back the lines of requests until it is known how these went, and gives
// those of the ones that failed, or that didn't.
type Hold struct {
	// Failed says which requests are meant.
	Failed bool
	// Patience is how long after its last line a request without an end has none.
	Patience time.Duration
	// Each gets the lines of a request after one another.
	Each func(Line) error

	outcomes Outcomes
	requests map[string]*held
}

// held is a request of which there were lines not long ago.
type held struct {
	lines  []Line
	last   time.Time // of its latest line
	judged bool
}

// Line takes a line; one of no request is none that is meant.
func (h *Hold) Line(l Line) error {
	if l.RequestID == "" {
		return nil
	}
	if h.requests == nil {
		h.requests = map[string]*held{}
	}
	r := h.requests[l.RequestID]
	if r == nil {
		r = &held{}
		h.requests[l.RequestID] = r
	}
	h.outcomes.Add(l)
	r.lines = append(r.lines, l)
	if l.Time.After(r.last) {
		r.last = l.Time
	}
	if r.judged || h.outcomes.ended(l.RequestID) {
		return h.judge(l.RequestID)
	}
	return nil
}

// Passed judges the requests whose time is over, and forgets those that were judged
// that long ago.
func (h *Hold) Passed(now time.Time) error {
	var over []string
	for id, r := range h.requests {
		if now.Sub(r.last) > h.Patience {
			over = append(over, id)
		}
	}
	slices.SortFunc(over, func(a, b string) int {
		return cmp.Or(h.requests[a].last.Compare(h.requests[b].last), cmp.Compare(a, b))
	})
	for _, id := range over {
		if err := h.judge(id); err != nil {
			return err
		}
		delete(h.requests, id)
		delete(h.outcomes.requests, id)
	}
	return nil
}

// judge gives the lines of a request that is meant.
func (h *Hold) judge(id string) error {
	r := h.requests[id]
	r.judged = true
	lines := r.lines
	r.lines = nil
	if failed, _ := h.outcomes.Failed(id); failed != h.Failed {
		return nil
	}
	for _, l := range lines {
		if err := h.Each(l); err != nil {
			return err
		}
	}
	return nil
}
