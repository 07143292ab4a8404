package gateway

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// raw sends a request line as it is, which http.Client wouldn't.
func (w *world) raw(method, target, host string) got {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, target, host); err != nil {
		w.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	defer response.Body.Close()
	g := got{Response: response}
	json.NewDecoder(response.Body).Decode(&g.doc) // not every answer is JSON
	g.Request = &http.Request{URL: &url.URL{Path: target}}
	return g
}

// text is a piece of a URL by chance: letters that may stand in it, and escapes
// of every byte in both cases.
func text(chance *rand.Rand, letters string, most int) string {
	var b strings.Builder
	for range chance.IntN(most) {
		switch chance.IntN(4) {
		case 0:
			fmt.Fprintf(&b, "%%%02x", chance.IntN(256))
		case 1:
			fmt.Fprintf(&b, "%%%02X", chance.IntN(256))
		default:
			b.WriteByte(letters[chance.IntN(len(letters))])
		}
	}
	return b.String()
}

// TestPathsAndQueriesArriveByteByByte, whether the function is reached by its
// host name or by its path.
func TestPathsAndQueriesArriveByteByByte(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	host := w.trigger("f", anonymous("GET"))
	const path, query = "abcXYZ019-._~!$&'()*+,;=:@//", "abcXYZ019-._~!$&'()*+,;=:@/?"
	chance := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		p, q := "/"+text(chance, path, 20), text(chance, query, 20)
		target := p
		if q != "" {
			target += "?" + q
		}
		for place, g := range map[string]got{"host": w.raw("GET", target, host), "path": w.raw("GET", "/proxy/f"+target, "localhost")} {
			if g.StatusCode != 201 || g.doc["escaped"] != p || g.doc["query"] != q {
				t.Fatalf("by %s %s: %d, path %q, query %q", place, target, g.StatusCode, g.doc["escaped"], g.doc["query"])
			}
		}
	}
	for _, target := range []string{"/", "/?", "/??", "//", "//a//", "/.", "/..", "/a/../b", "/%2e%2e/%2F", "/%00", "/?a=b;c&&=&%", "/?%zz", "/?a=1&a=2&A=3"} {
		p, q, _ := strings.Cut(target, "?")
		if g := w.raw("GET", target, host); g.StatusCode != 201 || g.doc["escaped"] != p || g.doc["query"] != q {
			t.Errorf("%s: %d %v", target, g.StatusCode, g.doc)
		}
	}
	if g := w.raw("GET", "/%zz", host); g.StatusCode != 400 {
		t.Errorf("an escape of nothing: %d", g.StatusCode)
	}
}

// TestWaysToWriteAHost: with a port, in capitals, with a dot at the end.
func TestWaysToWriteAHost(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	host := w.trigger("f", anonymous("GET"))
	for _, good := range []string{host, host + ":80", host + ":19800", host + ".", host + ".:1", strings.ToUpper(host), strings.ToUpper(host) + ".:80"} {
		g := w.raw("GET", "/x", good)
		w.want(g, 201, "")
		if g.has(t, "host", good); g.doc["path"] != "/x" {
			t.Errorf("%s: %v", good, g.doc)
		}
	}
	for _, unknown := range []string{"g-abc." + region + suffix, "f-abd." + region + suffix, "f-abc.cn-beijing" + suffix, "f-abc.a.b" + suffix, "x." + host} {
		w.want(w.raw("GET", "/x", unknown), 404, "DomainNameNotFound")
	}
}

// TestMethodsOfTriggers: those that a trigger names, and no other.
func TestMethodsOfTriggers(t *testing.T) {
	all := []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
	for _, auth := range []string{"anonymous", "function"} {
		for _, service := range []string{"", "svc$"} {
			w := newWorld(t)
			for i, served := range all {
				name := service + "f" + fmt.Sprint(i)
				w.deploy(name, "custom", "one")
				host := w.trigger(name, fc.HTTPTriggerConfig{AuthType: auth, Methods: []string{served}})
				for _, method := range all {
					g := w.do(method, "/", "", "Host: "+host)
					if method == served {
						w.want(g, 201, "")
						g.has(t, "method", method)
						continue
					}
					if w.want(g, 403, "MethodNotAllowed"); !strings.HasSuffix(g.doc["Message"].(string), "it serves "+served) {
						t.Errorf("message %v", g.doc["Message"])
					}
				}
			}
		}
	}
}

// TestRefusedBeforeItIsVerified: what the trigger doesn't take needs no
// signature to be refused, and an error of the check is the answer's.
func TestRefusedBeforeItIsVerified(t *testing.T) {
	w := newWorld(t)
	checked := 0
	w.verify = func(*http.Request) error {
		checked++
		return &fc.APIError{Status: 403, Code: fc.CodeSignatureNotMatch, Message: "no"}
	}
	for i, kind := range []struct {
		runtime, service string
	}{{"custom", ""}, {"python3.10", ""}, {"custom", "svc$"}, {"python3.10", "svc$"}} {
		name := fmt.Sprint(kind.service, "f", i)
		w.deploy(name, kind.runtime, "one")
		host := w.trigger(name, fc.HTTPTriggerConfig{AuthType: "function", Methods: []string{"POST"}})
		for _, header := range []string{"X-A: 1", "X-Fc-Invocation-Type: Async", "X-Fc-Log-Type: Tail"} {
			checked = 0
			w.want(w.do("GET", "/", "", "Host: "+host, header), 403, "MethodNotAllowed")
			if checked != 0 {
				t.Errorf("%s: checked %d times", name, checked)
			}
			g := w.do("POST", "/", "x", "Host: "+host, header)
			if w.want(g, 403, fc.CodeSignatureNotMatch); checked != 1 || g.Header.Get("X-Fc-Request-Id") == "" {
				t.Errorf("%s: checked %d times, %v", name, checked, g.Header)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pools) != 0 {
		t.Errorf("%d pools for requests that were refused", len(w.pools))
	}
}

// TestLogTails are the last 4096 bytes, and only for those who ask.
func TestLogTails(t *testing.T) {
	w := newWorld(t)
	var log []byte
	w.run = func(context.Context, *fakePool, *instance.Invocation) (*instance.Result, error) {
		return &instance.Result{LogTail: log}, nil
	}
	w.deploy("f", "python3.10", "one")
	for _, size := range []int{0, 1, fc.MaxTailLog - 1, fc.MaxTailLog, fc.MaxTailLog + 1, 3 * fc.MaxTailLog} {
		log = make([]byte, size)
		for i := range log {
			log[i] = byte(i*7 + i/256)
		}
		g := w.do("POST", "/invoke/f", "", "X-Fc-Log-Type: Tail")
		w.want(g, 200, "")
		tail, err := base64.StdEncoding.DecodeString(g.Header.Get("X-Fc-Log-Result"))
		if want := log[max(0, size-fc.MaxTailLog):]; err != nil || !slices.Equal(tail, want) {
			t.Errorf("%d bytes of log: %d in the tail, %v", size, len(tail), err)
		}
		for _, other := range []string{"X-Fc-Log-Type: None", "X-Fc-Log-Type: tail", "X-Fc-Log-Type: ", "X-A: Tail"} {
			if _, there := w.do("POST", "/invoke/f", "", other).Header["X-Fc-Log-Result"]; there {
				t.Errorf("%s gives a log", other)
			}
		}
	}
}

// TestSessionsEndWithRequestsThatAreRefused: who reads the log of an invocation
// that comes to nothing must not wait for it.
func TestSessionsEndWithRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	for i, request := range []struct{ path, body, header string }{
		{"/invoke/none", "", "X-A: 1"},
		{"/invoke/f?qualifier=7", "", "X-A: 1"},
		{"/invoke/f", "", "X-Fc-Invocation-Type: Later"},
		{"/invoke/f", strings.Repeat("x", fc.MaxAsyncBody+1), "X-Fc-Invocation-Type: Async"},
		{"/invoke/f", "queued", "X-Fc-Invocation-Type: Async"},
	} {
		session := fmt.Sprint("session", i)
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.server.URL+"/logs?session="+session, nil)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := w.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		w.do("POST", request.path, request.body, request.header, "X-S-Log-Session: "+session)
		if bufio.NewScanner(stream.Body).Scan() { // until its end
			t.Errorf("%+v: there is a line", request)
		}
		stream.Body.Close()
	}
}
