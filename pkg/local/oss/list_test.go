package oss

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// listed is what a list shows.
type listed struct {
	Contents []struct{ Key string }
	Prefixes []struct{ Prefix string } `xml:"CommonPrefixes"`
	More     bool                      `xml:"IsTruncated"`
	Marker   string                    `xml:"NextMarker"`
	Token    string                    `xml:"NextContinuationToken"`
	Count    int                       `xml:"KeyCount"`
}

// list follows the pages of a list and gives the entries of each.
func (w *world) list(version int, query string, size int) (pages [][]string) {
	w.t.Helper()
	next := ""
	for range 50 {
		target := fmt.Sprintf("/bkt?max-keys=%d&%s%s", size, query, next)
		if version == 2 {
			target += "&list-type=2"
		}
		var l listed
		if err := xml.Unmarshal([]byte(w.do("GET", target, "").is(200, "").body), &l); err != nil {
			w.t.Fatal(err)
		}
		var page []string
		for _, o := range l.Contents {
			page = append(page, o.Key)
		}
		for _, p := range l.Prefixes {
			page = append(page, p.Prefix)
		}
		if len(page) > size || version == 2 && l.Count != len(page) {
			w.t.Errorf("%s: %d entries, count %d", target, len(page), l.Count)
		}
		slices.Sort(page)
		pages = append(pages, page)
		if !l.More {
			return pages
		}
		next = "&marker=" + l.Marker
		if version == 2 {
			next = "&continuation-token=" + l.Token
		}
	}
	w.t.Fatal("the list has no end")
	return nil
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	for _, key := range []string{"a", "a/1", "a/2", "a/b/3", "b", "c/4", "d"} {
		w.do("PUT", "/bkt/"+key, key).is(200, "")
	}
	for _, test := range []struct{ query, want string }{
		{"", "a a/1 a/2 a/b/3 b c/4 d"},
		{"prefix=a", "a a/1 a/2 a/b/3"},
		{"delimiter=/", "a a/ b c/ d"},
		{"prefix=a/&delimiter=/", "a/1 a/2 a/b/"},
		{"delimiter=/&marker=a/&start-after=a/", "b c/ d"},
		{"delimiter=/&marker=a/1&start-after=a/1", "b c/ d"},
		{"delimiter=/b", "a a/1 a/2 a/b b c/4 d"},
		{"prefix=x", ""},
		{"marker=c&start-after=c", "c/4 d"},
	} {
		for version := 1; version <= 2; version++ {
			for _, size := range []int{1, 2, 3, 1000} {
				if size < 1000 && strings.Contains(test.query, "marker") {
					continue
				}
				got := strings.Join(slices.Concat(w.list(version, test.query, size)...), " ")
				if got != test.want {
					t.Errorf("version %d, %q by %d: %s, want %s", version, test.query, size, got, test.want)
				}
			}
		}
	}
	w.do("PUT", "/bkt/x%2By%20%3C", "").is(200, "")
	w.do("GET", "/bkt?prefix=x&encoding-type=url", "").is(200, "").says("<Key>x%2By%20%3C</Key>")
	w.do("GET", "/bkt?prefix=x", "").is(200, "").says("<Key>x+y &lt;</Key>").says("<Owner>")
	if g := w.do("GET", "/bkt?prefix=x&list-type=2", "").is(200, ""); strings.Contains(g.body, "<Owner>") {
		t.Error(g.body)
	}
	w.do("GET", "/bkt?prefix=x&list-type=2&fetch-owner=true", "").is(200, "").says("<Owner>")
}
