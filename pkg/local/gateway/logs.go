package gateway

import (
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/runtime/instance"
)

// maxPending bounds the lines that wait for a slow reader of a live log.
const maxPending = 50_000

// sessions are the live logs that someone reads, by the name that an
// invocation will carry.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

// session is the live log of one invocation. Adding to it never blocks.
type session struct {
	mu      sync.Mutex
	lines   []instance.LogLine
	dropped int
	done    bool
	news    chan struct{} // has room for one
}

func (s *sessions) start(id string) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]*session{}
	}
	if s.open[id] != nil {
		return nil, false
	}
	s.open[id] = &session{news: make(chan struct{}, 1)}
	return s.open[id], true
}

// get finds a session; nil, which takes no lines, if nobody reads it.
func (s *sessions) get(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// finish ends a session: its invocation is over and all lines are in.
func (s *sessions) finish(id string) {
	if one := s.get(id); one != nil {
		one.mu.Lock()
		one.done = true
		one.mu.Unlock()
		one.notify()
	}
}

func (s *sessions) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

func (s *session) notify() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *session) add(line instance.LogLine) {
	if s == nil {
		return
	}
	s.mu.Lock()
	if len(s.lines) < maxPending {
		s.lines = append(s.lines, line)
	} else {
		s.dropped++
	}
	s.mu.Unlock()
	s.notify()
}

func (s *session) take() (lines []instance.LogLine, dropped int, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines, dropped, done = s.lines, s.dropped, s.done
	s.lines, s.dropped = nil, 0
	return lines, dropped, done
}

// ServeLogs streams the lines of the invocation that will carry the session's
// name, as one JSON object per line, until it has ended.
func (g *Gateway) ServeLogs(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("session")
	if id == "" {
		reply.Error(w, reply.Invalid("session is required"))
		return
	}
	s, fresh := g.logs.start(id)
	if !fresh {
		reply.Error(w, &fc.APIError{Status: http.StatusConflict, Code: "SessionExists", Message: "the log session is read already"})
		return
	}
	defer g.logs.remove(id)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for {
		if out.Flush() != nil {
			return
		}
		select {
		case <-s.news:
		case <-r.Context().Done():
			return
		case <-g.ctx.Done():
			return
		}
		lines, dropped, done := s.take()
		for _, line := range lines {
			if encoder.Encode(line) != nil {
				return
			}
		}
		gap := map[string]any{"message": "(the reader was too slow: lines are missing here)", "dropped": dropped}
		if dropped > 0 && encoder.Encode(gap) != nil {
			return
		}
		if done {
			return
		}
	}
}

// liveLogs passes the lines of a function's instances on to those who read the
// log of an invocation. Lines that belong to no request, such as those of an
// instance that is starting, go to all of them.
type liveLogs struct {
	count   atomic.Int32
	mu      sync.Mutex
	watched map[string]*session // by request id
}

func (l *liveLogs) watch(request string, s *session) {
	if s == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watched == nil {
		l.watched = map[string]*session{}
	}
	l.watched[request] = s
	l.count.Store(int32(len(l.watched)))
}

func (l *liveLogs) unwatch(request string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watched, request)
	l.count.Store(int32(len(l.watched)))
}

func (l *liveLogs) add(line instance.LogLine) {
	if l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.RequestID != "" {
		l.watched[line.RequestID].add(line)
		return
	}
	for _, s := range l.watched {
		s.add(line)
	}
}
