package sls

import (
	"sync"

	"s/pkg/local/logfiles"
)

// Of so many pages it is known where they begin, of queries that aren't longer than this
// many bytes.
const (
	maxPages     = 256
	maxPageQuery = 4 << 10
)

// page names a page: a query, and how many of its lines come before.
type page struct {
	project, logstore, topic, text string
	from, to                       int64
	reverse                        bool
	offset                         int
}

func pageOf(s *search) page {
	return page{s.Project, s.Logstore, s.Topic, s.text, s.from, s.to, s.Reverse, s.offset}
}

// pages knows where the pages begin that come after those that were asked for last: so
// reading all pages of a query looks at each line once. Whether lines have come or gone
// meanwhile that another page begins there is for logfiles to say.
type pages struct {
	mu     sync.Mutex
	places map[page]logfiles.Place
	kept   []page // the oldest first, from next on
	next   int
}

// place is behind which line a page begins; the zero place if that isn't known.
func (p *pages) place(at page) logfiles.Place {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.places[at]
}

// keep keeps where a page begins, in the place of what was kept first.
func (p *pages) keep(at page, behind logfiles.Place) {
	if len(at.text)+len(at.topic) > maxPageQuery {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.places == nil {
		p.places = map[page]logfiles.Place{}
	}
	if _, known := p.places[at]; !known {
		p.makeRoom(at)
	}
	p.places[at] = behind
}

func (p *pages) makeRoom(at page) {
	if len(p.kept) < maxPages {
		p.kept = append(p.kept, at)
		return
	}
	delete(p.places, p.kept[p.next])
	p.kept[p.next] = at
	p.next = (p.next + 1) % maxPages
}
