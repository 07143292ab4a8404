package local

import (
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// RestAfter is how long nobody must have asked the local cloud for anything until
// it gives back the memory that it holds free, at twice of which it does at last.
// Deployments leave much of that, and the garbage collector waits for as much again.
const RestAfter = 10 * time.Second

// rest tells when nobody asks any more. It costs a request two atomic operations.
type rest struct {
	after func(d time.Duration, f func()) (stop func() bool)
	free  func()

	requests atomic.Uint64
	planned  atomic.Bool

	mu     sync.Mutex
	closed bool
	stop   func() bool
}

func newRest() *rest {
	return &rest{
		free:  debug.FreeOSMemory,
		after: func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop },
	}
}

// of gives a handler whose requests are looked at.
func (r *rest) of(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		handler.ServeHTTP(w, req)
		r.requests.Add(1)
		if !r.planned.Load() {
			r.plan()
		}
	})
}

// plan has it looked whether anybody asks from now on.
func (r *rest) plan() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || !r.planned.CompareAndSwap(false, true) {
		return
	}
	seen := r.requests.Load()
	r.stop = r.after(RestAfter, func() {
		r.planned.Store(false)
		if r.requests.Load() == seen {
			r.free()
			return
		}
		r.plan()
	})
}

// close ends the looking.
func (r *rest) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.stop != nil {
		r.stop()
	}
}
