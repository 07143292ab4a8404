package httpconn

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"s/pkg/runtime/rawio"
)

// cleartext are the protocols of a server or client that speaks HTTP/2 without
// TLS.
func cleartext(http1 bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(http1)
	p.SetUnencryptedHTTP2(true)
	return p
}

// grpcWorld is a function's server that speaks HTTP/2 alone, Forward in front of
// it, and a client of that.
type grpcWorld struct {
	t        *testing.T
	conns    *Client
	client   *http.Client
	url      string
	outcomes chan Outcome
	errs     chan error
}

func newGRPC(t *testing.T, p Passage, h http.HandlerFunc) *grpcWorld {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	function := &http.Server{Handler: h, Protocols: cleartext(false)}
	go function.Serve(ln)
	w := &grpcWorld{t: t, conns: New(ln.Addr().String(), new(rawio.Attention)), outcomes: make(chan Outcome, 10), errs: make(chan error, 10)}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		out, err := w.conns.Forward(r.Context(), rw, r, p)
		w.outcomes <- out
		w.errs <- err
		if err != nil && out.Written {
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
		}
	}))
	front.Config.Protocols = cleartext(true)
	front.Start()
	w.url, w.client = front.URL, &http.Client{Transport: &http.Transport{Protocols: cleartext(false)}}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		w.conns.Close()
		front.Close()
		function.Close()
	})
	return w
}

// call begins a call; its body is what is written to the pipe.
func (w *grpcWorld) call(ctx context.Context, body io.Reader) (*http.Response, error) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/talk.Talk/Chat", body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/grpc+proto"}, "Te": {"trailers"}, "X-Fc-Made-Up": {"1"}, "Grpc-Timeout": {"9S"}}
	return w.client.Do(r)
}

func TestGRPCBothWays(t *testing.T) {
	w := newGRPC(t, Passage{
		Lines: []byte("x-fc-request-id: r-1\r\n"), Drop: func(name string) bool { return strings.HasPrefix(name, "X-Fc-Made") },
	}, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/grpc")
		h.Set("X-Seen", strings.Join([]string{
			r.Proto, r.RequestURI, r.Header.Get("X-Fc-Request-Id"), r.Header.Get("X-Fc-Made-Up"), r.Header.Get("Te"), r.Header.Get("Grpc-Timeout"),
			r.Header.Get("Content-Type"),
		}, "|"))
		rc := http.NewResponseController(w)
		rc.Flush()
		buf := make([]byte, 100)
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				w.Write(append([]byte("heard "), buf[:n]...))
				rc.Flush()
			}
			if err != nil {
				break
			}
		}
		h.Set(http.TrailerPrefix+"Grpc-Status", "0")
	})
	from, to := io.Pipe()
	resp, err := w.call(t.Context(), from) // the header comes before any message is sent
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	want := "HTTP/2.0|/talk.Talk/Chat|r-1||trailers|9S|application/grpc+proto"
	if got := resp.Header.Get("X-Seen"); got != want {
		t.Errorf("the server sees %s, want %s", got, want)
	}
	buf := make([]byte, 100)
	for _, message := range []string{"a", "b"} {
		if _, err := io.WriteString(to, message); err != nil {
			t.Fatal(err)
		}
		if n, err := resp.Body.Read(buf); err != nil || string(buf[:n]) != "heard "+message {
			t.Fatalf("%q %v", buf[:n], err)
		}
	}
	to.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 || resp.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("at the end %q, trailer %v, %v", rest, resp.Trailer, err)
	}
	if out := <-w.outcomes; out != (Outcome{Status: 200, Written: true}) {
		t.Errorf("%+v", out)
	}
}

// TestGRPCTrailersOnly: a call that fails is answered by a header alone, which is
// the end of the stream, too.
func TestGRPCTrailersOnly(t *testing.T) {
	w := newGRPC(t, Passage{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Grpc-Status", "5")
		w.Header().Set("X-Fc-Status", "404")
	})
	resp, err := w.call(t.Context(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	// A length of 0 is how the transport shows that the header ended the stream.
	if resp.Header.Get("Grpc-Status") != "5" || resp.ContentLength != 0 {
		t.Errorf("%v, length %d", resp.Header, resp.ContentLength)
	}
	if out := <-w.outcomes; out.FCStatus != "404" {
		t.Errorf("%+v", out)
	}
}

// hanging is a server that waits for the end of the call.
func hanging() (h http.HandlerFunc, began, ended chan struct{}) {
	began, ended = make(chan struct{}), make(chan struct{})
	return func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(ended)
	}, began, ended
}

func TestGRPCEnds(t *testing.T) {
	t.Run("the caller leaves", func(t *testing.T) {
		hang, began, ended := hanging()
		w := newGRPC(t, Passage{}, hang)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-began; cancel() }()
		if _, err := w.call(ctx, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		<-ended
		if err := <-w.errs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("the deadline", func(t *testing.T) {
		hang, _, _ := hanging()
		w := newGRPC(t, Passage{Deadline: time.Now().Add(100 * time.Millisecond)}, hang)
		resp, err := w.call(t.Context(), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := <-w.errs; !errors.Is(err, context.DeadlineExceeded) || resp.StatusCode != http.StatusBadGateway {
			t.Errorf("%s %v", resp.Status, err)
		}
	})
	t.Run("the client is closed", func(t *testing.T) {
		hang, began, ended := hanging()
		w := newGRPC(t, Passage{}, hang)
		go func() { <-began; w.conns.Close() }()
		resp, err := w.call(t.Context(), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		<-ended
		if err := <-w.errs; err == nil {
			t.Error("no error")
		}
		if resp, err = w.call(t.Context(), strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := <-w.errs; !errors.Is(err, ErrClosed) {
			t.Errorf("afterwards: %v", err)
		}
	})
	t.Run("the server breaks off", func(t *testing.T) {
		w := newGRPC(t, Passage{}, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		resp, err := w.call(t.Context(), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); string(body) != "part" || err == nil {
			t.Errorf("%q %v", body, err)
		}
	})
}

// TestGRPCBrokenBody: the error of the call's own body is told apart from the
// server's.
func TestGRPCBrokenBody(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Protocols: cleartext(false), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })}
	go srv.Serve(ln)
	defer srv.Close()
	c := New(ln.Addr().String(), new(rawio.Attention))
	defer c.Close()
	broken := errors.New("broken")
	r := httptest.NewRequest(http.MethodPost, "/x", io.MultiReader(strings.NewReader("x"), failing{broken}))
	r.ProtoMajor, r.ContentLength = 2, -1
	r.Header.Set("Content-Type", "application/grpc")
	_, err = c.Forward(t.Context(), httptest.NewRecorder(), r, Passage{})
	var body *BodyError
	if !errors.As(err, &body) || !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestIsGRPC(t *testing.T) {
	for _, tt := range []struct {
		major int
		kind  string
		want  bool
	}{
		{2, "application/grpc", true},
		{2, "application/grpc+json; charset=x", true},
		{2, "Application/GRPC", true},
		{2, "application/grpc-web", false},
		{2, "application/json", false},
		{2, "", false},
		{1, "application/grpc", false},
	} {
		r := &http.Request{ProtoMajor: tt.major, Header: http.Header{"Content-Type": {tt.kind}}}
		if got := isGRPC(r); got != tt.want {
			t.Errorf("HTTP/%d %q: %v", tt.major, tt.kind, got)
		}
	}
}
