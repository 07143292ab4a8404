package httpconn

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// newProxy puts Forward in front of a client's server.
func newProxy(t testing.TB, c *Client, p Passage) (*httptest.Server, <-chan Outcome) {
	t.Helper()
	outcomes := make(chan Outcome, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := c.Forward(r.Context(), w, r, p)
		outcomes <- out
		switch {
		case err == nil:
		case out.Written:
			panic(http.ErrAbortHandler)
		default:
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	}))
	t.Cleanup(srv.Close)
	return srv, outcomes
}

func TestForward(t *testing.T) {
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := w.Header()
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		h.Set("X-Fc-Status", "404")
		h.Set("Server", "mine")
		h["Content-Type"] = nil
		h.Set("X-Hop", "1")
		h.Set("Connection", "x-hop")
		h.Set("Location", "/elsewhere")
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusFound)
		var names []string
		for name := range r.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(w, "%s %s %s %v|%s", r.Method, r.RequestURI, r.Host, names, body)
	}))
	drop := func(name string) bool { return strings.HasPrefix(name, "X-Fc-") }
	back := func(name string) bool { return drop(name) || name == "Server" }
	srv, outcomes := newProxy(t, c, Passage{Lines: []byte("X-Added: 1\r\n"), Drop: drop, DropBack: back})
	req, err := http.NewRequest("PUT", srv.URL+"/p%2Fq//r?x=%20&x=2", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "example.com"
	req.Header = http.Header{
		"X-One": {"1"}, "X-Fc-Secret": {"1"}, "Connection": {"X-Hop, keep-alive"}, "X-Hop": {"1"}, "Te": {"trailers"}, "Proxy-Authorization": {"x"},
		"User-Agent": {"test"}, "Accept-Encoding": {"gzip"}, "Expect": {"100-continue"},
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	want := "PUT /p%2Fq//r?x=%20&x=2 example.com [Accept-Encoding Content-Length Te User-Agent X-Added X-One]|body"
	if err != nil || resp.StatusCode != 302 || string(body) != want {
		t.Errorf("%s %q %v", resp.Status, body, err)
	}
	h := resp.Header
	if !slices.Equal(h["Set-Cookie"], []string{"a=1", "b=2"}) || h.Get("X-Fc-Status") != "" || h.Get("X-Hop") != "" || h["Server"] != nil || h["Content-Type"] != nil ||
		h.Get("Location") != "/elsewhere" || h.Get("Content-Encoding") != "gzip" || resp.ContentLength != int64(len(want)) {
		t.Errorf("%v", h)
	}
	if out := <-outcomes; out != (Outcome{Status: 302, FCStatus: "404", Written: true}) {
		t.Errorf("%+v", out)
	}
}

func TestForwardStreams(t *testing.T) {
	next := make(chan struct{})
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		buf := make([]byte, 100)
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		for {
			n, err := r.Body.Read(buf)
			if n > 0 {
				w.Write(append([]byte("got "), buf[:n]...))
				rc.Flush()
				next <- struct{}{}
			}
			if err != nil {
				break
			}
		}
		w.Header().Set("X-Sum", "7")
	}))
	srv, _ := newProxy(t, c, Passage{})
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	br := bufio.NewReader(nc)
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n1\r\na\r\n")
	<-next
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for _, part := range []string{"a", "b", "c"} {
		if n, err := resp.Body.Read(buf); err != nil || string(buf[:n]) != "got "+part {
			t.Fatalf("%q %v", buf[:n], err)
		}
		if part == "a" {
			io.WriteString(nc, "1\r\nb\r\n")
		} else if part == "b" {
			io.WriteString(nc, "1\r\nc\r\n")
		}
		if part != "c" {
			<-next
		}
	}
	io.WriteString(nc, "0\r\n\r\n")
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 0 || resp.Trailer.Get("X-Sum") != "7" {
		t.Errorf("%q %v, trailer %v", rest, err, resp.Trailer)
	}
}

// TestForwardHeaderFirst has a server send its header long before its body.
func TestForwardHeaderFirst(t *testing.T) {
	goOn := make(chan struct{})
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		http.NewResponseController(w).Flush()
		<-goOn
		io.WriteString(w, "late")
	}))
	srv, _ := newProxy(t, c, Passage{})
	resp, err := http.Get(srv.URL) // returns with the header
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	close(goOn)
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "late" {
		t.Errorf("%q %v", body, err)
	}
}

func TestForwardMethods(t *testing.T) {
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}
	}))
	srv, _ := newProxy(t, c, Passage{})
	for _, tt := range []struct {
		method, path, body string
		status             int
		length             int64
	}{{"GET", "/", "hello", 200, 5}, {"HEAD", "/", "", 200, 5}, {"GET", "/204", "", 204, 0}, {"GET", "/304", "", 304, 0}, {"OPTIONS", "/", "hello", 200, 5}} {
		req, err := http.NewRequest(tt.method, srv.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || string(body) != tt.body || resp.ContentLength != tt.length {
			t.Errorf("%s %s: %d %q %d %v", tt.method, tt.path, resp.StatusCode, body, resp.ContentLength, err)
		}
	}
}

func TestForwardBreaksOff(t *testing.T) {
	_, c := newRaw(t, once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart"))
	srv, outcomes := newProxy(t, c, Passage{})
	resp, err := http.Get(srv.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the caller must see that the answer isn't whole")
	}
	if out := <-outcomes; !out.Written {
		t.Errorf("%+v", out)
	}
	_, c = newRaw(t, once(""))
	srv, outcomes = newProxy(t, c, Passage{})
	if resp, err = http.Get(srv.URL); err != nil || resp.StatusCode != 502 {
		t.Errorf("%v %v", resp, err)
	}
	resp.Body.Close()
	if out := <-outcomes; out != (Outcome{}) {
		t.Errorf("%+v", out)
	}
}

// TestForwardCallerLeaves has the caller hang up in a stream: the server sees
// its connection end.
func TestForwardCallerLeaves(t *testing.T) {
	left := make(chan struct{})
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(left)
	}))
	srv, _ := newProxy(t, c, Passage{})
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	select {
	case <-left:
	case <-time.After(patience):
		t.Error("the server isn't told")
	}
}

func TestUpgrade(t *testing.T) {
	_, c := newRaw(t, func(nc net.Conn, _ int) {
		br := bufio.NewReader(nc)
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		if req.Header.Get("Upgrade") != "shout" || req.Header.Get("Connection") != "Upgrade" {
			io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
			return
		}
		io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nFIRST\n")
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				io.WriteString(nc, "BYE\n")
				return
			}
			io.WriteString(nc, strings.ToUpper(line))
		}
	})
	srv, _ := newProxy(t, c, Passage{})
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: shout\r\n\r\nearly\n")
	br := bufio.NewReader(nc)
	resp, err := http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "shout" {
		t.Fatalf("%v %v", resp, err)
	}
	for _, want := range []string{"FIRST\n", "EARLY\n"} {
		if line, err := br.ReadString('\n'); err != nil || line != want {
			t.Fatalf("%q %v", line, err)
		}
	}
	io.WriteString(nc, "later\n")
	if line, err := br.ReadString('\n'); err != nil || line != "LATER\n" {
		t.Fatalf("%q %v", line, err)
	}
	nc.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(br); err != nil || string(rest) != "BYE\n" {
		t.Errorf("%q %v", rest, err)
	}
	// Without asking, a switch is an error; with a server that declines, its
	// answer is passed on.
	resp, err = http.Get(srv.URL)
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("%v %v", resp, err)
	}
	resp.Body.Close()
	_, c = newRaw(t, once("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	srv, _ = newProxy(t, c, Passage{})
	if resp, err = http.Get(srv.URL); err != nil || resp.StatusCode != 502 {
		t.Errorf("%v %v", resp, err)
	}
	resp.Body.Close()
}
