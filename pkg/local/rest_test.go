package local

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestRest: memory is given back once, after the last of many requests.
func TestRest(t *testing.T) {
	t.Parallel()
	var pending []func()
	freed, stopped := 0, 0
	r := newRest()
	r.free = func() { freed++ }
	r.after = func(d time.Duration, f func()) func() bool {
		if d != RestAfter {
			t.Errorf("looks after %v", d)
		}
		pending = append(pending, f)
		return func() bool { stopped++; return true }
	}
	handler := r.of(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	ask := func(n int) {
		for range n {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			if w.Code != http.StatusTeapot {
				t.Errorf("status %d", w.Code)
			}
		}
	}
	pass := func(want int) {
		t.Helper()
		if len(pending) != 1 {
			t.Fatalf("%d looks are planned", len(pending))
		}
		look := pending[0]
		pending = nil
		look()
		if freed != want {
			t.Errorf("freed %d times, want %d", freed, want)
		}
	}
	ask(3)
	pass(0) // two came after the first
	ask(1)
	pass(0)
	pass(1) // nobody since
	if len(pending) != 0 {
		t.Error("looks although nobody asks")
	}
	ask(1)
	pass(2)
	ask(1)
	r.close()
	if stopped != 1 {
		t.Errorf("stopped %d times", stopped)
	}
	pending = nil
	r.planned.Store(false)
	ask(1)
	if len(pending) != 0 {
		t.Error("looks after its end")
	}
}

// TestRestFreesForReal: the real clock comes to the real end.
func TestRestFreesForReal(t *testing.T) {
	t.Parallel()
	r := newRest()
	done := make(chan struct{})
	free := r.free
	r.free = func() { free(); close(done) }
	r.after = func(_ time.Duration, f func()) func() bool { return time.AfterFunc(time.Millisecond, f).Stop }
	handler := r.of(http.NotFoundHandler())
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("never")
	}
	r.close()
}
