package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// flatMB is by how much the local cloud's memory may grow while large bodies
// pass through it.
const flatMB = 24

// TestCustomServer: what a server of its own gets and gives through an HTTP
// trigger, none of it held up or gathered on the way.
func TestCustomServer(t *testing.T) {
	a := deployApp(t, "gohttp", "s.yaml", "go")
	// A third time, if an answer took longer than it may.
	if _, body := a.fetch("GET", "/started", ""); !regexp.MustCompile(`^healthy ([2-9]|\d{2}), initialized 1$`).MatchString(body) {
		t.Errorf("it is %s, want twice and once", body)
	}
	a.events()
	a.large()
	a.leaves()
	a.keepsConnections()
	a.breaksOff()
	a.overHTTP2()
	if _, body := a.fetch("GET", "/hello?name=s", ""); body != "hello s" {
		t.Errorf("at the end it says %q", body)
	}
}

// events reads events, each of which is made once the one before is here.
func (a *app) events() {
	a.t.Helper()
	response, err := a.client.Get(a.url + "/events")
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		a.t.Errorf("events are %q", kind)
	}
	lines := bufio.NewReader(response.Body)
	for n := range 3 {
		a.fetch("POST", "/next", "")
		if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", n) {
			a.t.Fatalf("event %d: %q %v", n, line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			a.t.Fatal(err)
		}
	}
}

// large sends 32 MB, which is FC's bound, and gets 200 MB.
func (a *app) large() {
	a.t.Helper()
	before := a.peak()
	data := bytes.Repeat([]byte("0123456789abcdef"), 32<<16)
	want := fmt.Sprintf("%d %x <nil>", len(data), sha256.Sum256(data))
	for name, body := range map[string]io.Reader{"of known length": bytes.NewReader(data), "in chunks": struct{ io.Reader }{bytes.NewReader(data)}} {
		r, err := http.NewRequest("PUT", a.url+"/upload", body)
		if err != nil {
			a.t.Fatal(err)
		}
		response, err := a.client.Do(r)
		if err != nil {
			a.t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(got) != want {
			a.t.Errorf("32 MB %s: %s %.200s %v, want %s", name, response.Status, got, err, want)
		}
	}
	response, err := a.client.Get(a.url + "/download?mb=200")
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); n != 200<<20 || err != nil {
		a.t.Errorf("200 MB came as %d bytes, %v", n, err)
	}
	grown := a.peak() - before
	a.t.Logf("the local cloud grew by %d MB", grown)
	if grown > flatMB {
		a.t.Errorf("the local cloud grew by %d MB, want at most %d", grown, flatMB)
	}
}

// peak is the most memory that the local cloud had, in MB; 0 where the system
// doesn't tell.
func (a *app) peak() int {
	a.t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status := localStatus(a.vars)
	if status == nil {
		a.t.Fatal("no local cloud")
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", status.PID))
	if err != nil {
		a.t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(data)
	if found == nil {
		a.t.Fatalf("no peak in %s", data)
	}
	kb, err := strconv.Atoi(string(found[1]))
	if err != nil {
		a.t.Fatal(err)
	}
	return kb >> 10
}

// leaves hangs up before an answer, and in the middle of one without end.
func (a *app) leaves() {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", a.url+"/wait", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() {
		_, err := a.client.Do(r)
		gone <- err
	}()
	a.fetch("GET", "/here", "") // it has the request
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		a.t.Errorf("hanging up: %v", err)
	}
	if _, body := a.fetch("GET", "/left", ""); body != "left" {
		a.t.Errorf("the server says %q of who hung up before the answer", body)
	}
	response, err := a.client.Get(a.url + "/download?mb=0")
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, response.Body, 10<<20); err != nil {
		a.t.Error(err)
	}
	response.Body.Close()
	if _, body := a.fetch("GET", "/left", ""); body != "left" {
		a.t.Errorf("the server says %q of who hung up in the middle", body)
	}
}

// keepsConnections: requests one after the other share a connection to the
// server.
func (a *app) keepsConnections() {
	a.t.Helper()
	_, first := a.fetch("GET", "/peer", "")
	for range 3 {
		if _, next := a.fetch("GET", "/peer", ""); next != first {
			a.t.Errorf("the server sees %s, then %s", first, next)
		}
	}
}

// breaksOff: an answer that breaks off doesn't look whole.
func (a *app) breaksOff() {
	a.t.Helper()
	response, err := a.client.Get(a.url + "/break")
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "a part" || err == nil {
		a.t.Errorf("an answer that breaks off: %q %v", body, err)
	}
}

// overHTTP2: a caller that speaks HTTP/2 reaches a server that doesn't.
func (a *app) overHTTP2() {
	a.t.Helper()
	b := *a
	b.client = loopbackClient()
	transport := b.client.Transport.(*http.Transport)
	transport.DisableKeepAlives, transport.Protocols = false, new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	b.events()
	response, body := b.fetch("PUT", "/upload", strings.Repeat("x", 1<<20))
	if response.ProtoMajor != 2 || !strings.HasPrefix(body, "1048576 ") || !strings.HasSuffix(body, "<nil>") {
		a.t.Errorf("%s %s", response.Proto, body)
	}
}
