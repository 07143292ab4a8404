package control

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// paged is a list of the API with the names that are in it.
type paged struct{ path, list, key string }

var pagedNames = []string{"a", "a1", "a10", "a2", "b", "b-1", "b_1", "c"}

// pagedWorld has the same names in every list.
func pagedWorld(t *testing.T) (*world, []paged) {
	t.Helper()
	w := newWorld(t)
	shuffled := []string{"b_1", "a", "c", "a10", "b", "a2", "b-1", "a1"}
	for _, name := range shuffled {
		w.do("POST", "/2021-04-06/services", `{"serviceName":"`+name+`"}`).is(200)
	}
	for _, name := range shuffled {
		w.do("POST", "/2021-04-06/services/c/functions", with(w.minimal(name), nil)).is(200)
		w.do("POST", "/2023-03-30/functions", with(w.minimal(name), nil), "X-Fc-Region: cn-beijing").is(200)
	}
	w.create("host")
	for _, name := range shuffled { // the API lets a function have one HTTP trigger
		trigger := &store.Trigger{Region: testRegion, Function: "host", Trigger: fc.Trigger{TriggerName: name, TriggerType: "http"}}
		if err := w.store.CreateTrigger(trigger, func([]*store.Trigger) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return w, []paged{
		{"/2021-04-06/services", "services", "serviceName"},
		{"/2016-08-15/services/c/functions", "functions", "functionName"},
		{"/2023-03-30/functions", "functions", "functionName"},
		{"/2023-03-30/functions/host/triggers", "triggers", "triggerName"},
	}
}

// region is where a list of the world is.
func (p paged) region() string {
	if p.path == "/2023-03-30/functions" {
		return "X-Fc-Region: cn-beijing"
	}
	return "X-Fc-Region: " + testRegion
}

// page gets one page: its names, and the token of the next.
func (w *world) page(p paged, query url.Values) (names []string, token string) {
	w.t.Helper()
	g := w.do("GET", p.path+"?"+query.Encode(), "", p.region()).is(200)
	items, ok := g.doc[p.list].([]any)
	if !ok {
		w.t.Fatalf("%s?%s has no list: %s", p.path, query.Encode(), g.body)
	}
	for _, item := range items {
		names = append(names, item.(map[string]any)[p.key].(string))
	}
	token, _ = g.doc["nextToken"].(string)
	return names, token
}

// walk gets page after page until there is no token; between is called between
// them.
func (w *world) walk(p paged, query url.Values, between func()) []string {
	w.t.Helper()
	var all []string
	for range len(pagedNames) + 2 {
		names, token := w.page(p, query)
		if all = append(all, names...); token == "" {
			return all
		}
		if limit := query.Get("limit"); fmt.Sprint(len(names)) != limit {
			w.t.Errorf("%s: a page of %d that isn't the last, limit %s", p.path, len(names), limit)
		}
		query.Set("nextToken", token)
		between()
	}
	w.t.Fatalf("%s never ends", p.path)
	return nil
}

// TestEveryListByEveryPageSize is whole and in order, from every start and with
// every prefix.
func TestEveryListByEveryPageSize(t *testing.T) {
	t.Parallel()
	w, lists := pagedWorld(t)
	for _, p := range lists {
		for limit := 1; limit <= len(pagedNames)+1; limit++ {
			for _, prefix := range []string{"", "a", "b", "b-", "zz"} {
				for _, start := range []string{"", "a1", "aa", "c", "d"} {
					want := slices.DeleteFunc(slices.Clone(pagedNames), func(name string) bool {
						return name < start || !strings.HasPrefix(name, prefix)
					})
					query := url.Values{"limit": {fmt.Sprint(limit)}, "prefix": {prefix}, "startKey": {start}}
					if got := w.walk(p, query, func() {}); !slices.Equal(got, want) {
						t.Errorf("%s by %d, prefix %q, from %q: %v, want %v", p.path, limit, prefix, start, got, want)
					}
				}
			}
		}
		if names, token := w.page(p, url.Values{}); len(names) != len(pagedNames) || token != "" {
			t.Errorf("%s without a limit: %v, then %q", p.path, names, token)
		}
	}
}

// TestEveryListRefusesBadPages by telling what is wrong.
func TestEveryListRefusesBadPages(t *testing.T) {
	t.Parallel()
	w, lists := pagedWorld(t)
	for _, p := range lists {
		for query, says := range map[string]string{
			"limit=0": "limit must be between 1 and 100, it is '0'", "limit=101": "it is '101'", "limit=-1": "it is '-1'",
			"limit=1e1": "it is '1e1'", "limit=%201": "it is ' 1'", "limit=99999999999999999999": "limit must be",
			"nextToken=*": "nextToken is not one", "nextToken=YQ%3D%3D": "nextToken is not one",
		} {
			w.do("GET", p.path+"?"+query, "", p.region()).is(400, "InvalidArgument").says(says)
		}
		w.do("GET", p.path+"?limit=100", "", p.region()).is(200)
	}
}

// TestListsThatChangeBetweenPages: what was there all the time is seen once.
func TestListsThatChangeBetweenPages(t *testing.T) {
	t.Parallel()
	w, lists := pagedWorld(t)
	for _, p := range lists[:3] {
		var step int
		between := func() {
			switch step++; step {
			case 1: // after a, a1
				w.do("DELETE", p.path+"/a10", "", p.region()).is(204) // the token's own
			case 2: // after a2, b
				w.do("DELETE", p.path+"/a1", "", p.region()).is(204)  // seen already
				w.do("DELETE", p.path+"/b_1", "", p.region()).is(204) // still to come
			}
		}
		got := w.walk(p, url.Values{"limit": {"2"}}, between)
		if want := []string{"a", "a1", "a2", "b", "b-1", "c"}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", p.path, got, want)
		}
	}
}
