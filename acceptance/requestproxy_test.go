package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// call is a request that went over a recording proxy, and the status of its answer.
type call struct {
	method, path string // escaped
	query        url.Values
	body         []byte
	status       int
}

func (c *call) read() bool { return c.method == http.MethodGet }

// recorder is a proxy before the local cloud that keeps what goes over it. Of the
// first requests of a command it holds as many as hold says until all have arrived:
// requests that wait for each other's answers never get past it.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	calls    []*call
	hold     int
	arrived  chan struct{} // closed when hold requests are there
	late     bool          // they weren't, in time
	patience time.Duration // how long requests are held
}

func newRecorder(t *testing.T, endpoint string) *recorder {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{patience: 30 * time.Second}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host // it is signed
		},
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		c, err := r.take(request)
		if err != nil {
			t.Error(err)
			return
		}
		// Before the client has the answer, and asks what there was.
		proxy.ServeHTTP(&statusWriter{w, func(status int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			c.status = status
		}}, request)
	}))
	t.Cleanup(r.Close)
	return r
}

// take keeps a request, and holds it if it is one of the first.
func (r *recorder) take(request *http.Request) (*call, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	c := &call{method: request.Method, path: request.URL.EscapedPath(), query: request.URL.Query(), body: body}
	r.mu.Lock()
	r.calls = append(r.calls, c)
	number, hold, arrived := len(r.calls), r.hold, r.arrived
	r.mu.Unlock()
	if number == hold {
		close(arrived)
	}
	if number < hold {
		select {
		case <-arrived:
		case <-time.After(r.patience):
			r.mu.Lock()
			r.late = true
			r.mu.Unlock()
		}
	}
	return c, nil
}

// begin forgets what was recorded; the next command's first requests, so many, must
// be there at the same time.
func (r *recorder) begin(hold int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.hold, r.arrived, r.late = nil, hold, make(chan struct{}), false
}

// end gives what a command asked for, and whether those that it should have asked
// for at the same time came so.
func (r *recorder) end() (calls []*call, parallel bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls, !r.late
}

// statusWriter tells the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	tell func(status int)
}

func (w *statusWriter) WriteHeader(status int) {
	w.tell(status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestRecorder: the proxy tells requests that come at the same time from those that
// wait for each other, and keeps what was asked for.
func TestRecorder(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(server.Close)
	r := newRecorder(t, server.URL)
	ask := func(path string) {
		response, err := http.Post(r.URL+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Error(err)
			return
		}
		response.Body.Close()
	}
	r.begin(2)
	var both sync.WaitGroup
	both.Go(func() { ask("/a%2Fb?x=1") })
	both.Go(func() { ask("/a%2Fb?x=1") })
	both.Wait()
	calls, parallel := r.end()
	if !parallel || len(calls) != 2 {
		t.Fatalf("parallel %v, %d calls", parallel, len(calls))
	}
	if c := calls[0]; c.method != "POST" || c.path != "/a%2Fb" || c.query.Get("x") != "1" || string(c.body) != "{}" || c.status != http.StatusTeapot {
		t.Errorf("%+v", c)
	}
	r.patience = time.Millisecond
	r.begin(2)
	ask("/one")
	ask("/two")
	if calls, parallel := r.end(); parallel || len(calls) != 2 {
		t.Errorf("parallel %v, %d calls", parallel, len(calls))
	}
}
