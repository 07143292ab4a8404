package sls

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/local/logfiles"
)

// asked is one request for a page.
type asked struct {
	values url.Values
	lines  []map[string]string
	seen   int // lines that were looked at
}

// ask has a service find a page.
func (w *world) ask(s *Service, values url.Values) asked {
	w.t.Helper()
	c := &call{Service: s, r: httptest.NewRequestWithContext(w.t.Context(), "GET", "/", nil), project: "functions", store: "logs"}
	search, err := c.search(values)
	if err != nil {
		w.t.Fatal(err)
	}
	a := asked{values: values}
	match := search.wanted.match
	search.wanted.match = func(fields []field) bool {
		a.seen++
		return match(fields)
	}
	if a.lines, err = c.find(search); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) put(lines ...logfiles.Line) {
	w.t.Helper()
	if err := w.kept.Append("functions", "logs", lines); err != nil {
		w.t.Fatal(err)
	}
}

// printed is a line that a function prints.
func printed(at time.Time, n int) logfiles.Line {
	return logfiles.Line{
		Time: at, Topic: "FCLogs:f", Function: "f", Qualifier: "LATEST", InstanceID: "c-1", RequestID: fmt.Sprint("1-", n/100),
		Message: fmt.Sprintf("line %d w%d", n, n%7),
	}
}

// TestCostOfPages: who reads all pages of a query has the service look at each line once,
// and not once for each page behind it.
func TestCostOfPages(t *testing.T) {
	const lines = 5000
	for name, grain := range map[string]time.Duration{"in one minute": 10 * time.Millisecond, "at once": 0} {
		w := newWorld(t)
		var all []logfiles.Line
		for n := range lines {
			all = append(all, printed(time.Unix(1000, 0).Add(time.Duration(n)*grain), n))
		}
		for some := range slices.Chunk(all, 90) {
			w.put(some...)
		}
		for _, values := range []url.Values{
			{}, {"reverse": {"true"}}, {"topic": {"FCLogs:f"}}, {"query": {"line and functionName: f"}}, {"query": {"w3"}}, {"query": {"not w3"}, "reverse": {"true"}},
		} {
			values.Set("from", "0")
			values.Set("to", "5000")
			seen, found := 0, 0
			for {
				values.Set("offset", fmt.Sprint(found))
				page := w.ask(w.service, values)
				seen, found = seen+page.seen, found+len(page.lines)
				if len(page.lines) < maxLines {
					break
				}
			}
			if seen != lines || found == 0 {
				t.Errorf("%s, %v: %d lines were looked at to find %d of %d", name, values, seen, found, lines)
			}
		}
	}
}

// randomQuery is one of a few, so that pages of the same come again.
func randomQuery(dice *rand.Rand) url.Values {
	values := url.Values{"from": {"0"}, "to": {"5000"}}
	set := func(name string, some ...string) { values.Set(name, some[dice.IntN(len(some))]) }
	set("query", "", "", "*", "w3", "line not w1", "w1 or w2", "functionName: f", "put")
	set("reverse", "true", "false")
	set("topic", "", "", "FCLogs:f", "app")
	if dice.IntN(3) == 0 {
		set("from", "1000", "1005")
		set("to", "1010", "1020")
	}
	return values
}

// TestPagesAsBefore: a service that knows where pages begin gives the same as one that
// counts from the beginning, for random queries with several pages read at once, while
// lines come.
func TestPagesAsBefore(t *testing.T) {
	for seed := range uint64(3) {
		dice := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(t)
		var queries []url.Values
		for range 5 {
			queries = append(queries, randomQuery(dice))
		}
		quicker, n := 0, 0
		grain := []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second}[seed]
		for range 250 {
			var lines []logfiles.Line
			for range max(0, dice.IntN(2000)-1800) {
				line := printed(time.Unix(1000, 0).Add((time.Duration(n) * 3 * time.Millisecond).Truncate(grain)), n)
				if dice.IntN(1000) == 0 {
					line.Time = line.Time.Add(-time.Duration(dice.IntN(9)) * time.Second)
				}
				if dice.IntN(5) == 0 {
					line = logfiles.Line{Time: line.Time, Topic: "app", Message: packFields(map[string]string{"text": line.Message + " put"})}
				}
				lines = append(lines, line)
				n++
			}
			w.put(lines...)
			values := queries[dice.IntN(len(queries))]
			values.Set("line", fmt.Sprint(1+dice.IntN(maxLines)))
			got, want := w.ask(w.service, values), w.ask(New(w.service.cfg), values)
			if d := cmp.Diff(want.lines, got.lines); d != "" {
				t.Fatalf("%d lines are kept, %v:\n%s", n, values, d)
			}
			if got.seen < want.seen {
				quicker++
			}
			switch next := len(got.lines); {
			case fmt.Sprint(next) != values.Get("line"):
				values.Del("offset")
			case dice.IntN(4) > 0:
				var offset int
				fmt.Sscan(values.Get("offset"), &offset)
				values.Set("offset", fmt.Sprint(offset+next))
			}
		}
		if quicker < 60 {
			t.Errorf("%d pages began where it was known", quicker)
		}
	}
}

// TestPagesBounded: what is known of pages is bounded, and the newest are known.
func TestPagesBounded(t *testing.T) {
	var p pages
	at, place := page{project: "p"}, somePlace(t)
	for at.offset = range 3 * maxPages {
		p.keep(at, place)
		p.keep(at, place)
	}
	if len(p.places) != maxPages || len(p.kept) != maxPages {
		t.Errorf("%d and %d pages", len(p.places), len(p.kept))
	}
	for offset, known := range map[int]bool{0: false, 2*maxPages - 1: false, 2 * maxPages: true, 3*maxPages - 1: true} {
		if at.offset = offset; (p.place(at) != logfiles.Place{}) != known {
			t.Errorf("page at %d: known %v", offset, !known)
		}
	}
	at.text = strings.Repeat("x", maxPageQuery+1)
	if p.keep(at, place); p.place(at) != (logfiles.Place{}) {
		t.Error("a page of an endless query is known")
	}
}

// somePlace is a place that isn't zero.
func somePlace(t *testing.T) logfiles.Place {
	t.Helper()
	w := newWorld(t)
	w.put(printed(time.Unix(1000, 0), 1))
	q := logfiles.Query{Project: "functions", Logstore: "logs", To: time.Unix(5000, 0), From: time.Unix(0, 0)}
	place, err := w.kept.EachAfter(t.Context(), q, logfiles.Place{}, func(*logfiles.Line) bool { return true })
	if err != nil || place == (logfiles.Place{}) {
		t.Fatalf("%v %v", place, err)
	}
	return place
}
