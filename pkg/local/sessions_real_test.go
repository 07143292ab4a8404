//go:build linux

package local

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// sessionServer is a custom runtime that keeps sessions in its memory, as an MCP
// server does, by both of MCP's transports.
const sessionServer = `
import json, os, queue, threading, urllib.parse, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

me = os.environ["FC_INSTANCE_ID"]
streams, counts, lock = {}, {}, threading.Lock()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text="", headers={}):
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/sse":
            return self.stream()
        if url.path == "/die":
            os._exit(1)
        self.answer(200, me)

    def stream(self):
        name = uuid.uuid4().hex
        streams[name] = queue.Queue()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(("event: endpoint\ndata: /messages?session_id=%s\n\n" % name).encode())
        self.wfile.flush()
        while True:
            text = streams[name].get()
            if text == "end":
                break
            self.wfile.write(("event: message\ndata: %s from %s\n\n" % (text, me)).encode())
            self.wfile.flush()
        self.close_connection = True

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/messages":
            name = urllib.parse.parse_qs(url.query)["session_id"][0]
            if name not in streams:
                return self.answer(404, "no session here")
            streams[name].put(text)
            return self.answer(202)
        if url.path == "/mcp":
            name = self.headers.get("Mcp-Session-Id")
            if not name:
                name = uuid.uuid4().hex
                counts[name] = 0
                return self.answer(200, me, {"Mcp-Session-Id": name})
            if name not in counts:
                return self.answer(404, "no session here")
            with lock:
                counts[name] += 1
            return self.answer(200, me)
        self.answer(200, me)

    def do_DELETE(self):
        counts.pop(self.headers.get("Mcp-Session-Id"), None)
        self.answer(204)

    def log_message(self, *args):
        pass

ThreadingHTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()
`

// serving is a function with an HTTP trigger.
type serving struct {
	t *testing.T
	k *client
	c *Cloud
}

// serveSessions deploys sessionServer with these fields.
func serveSessions(t *testing.T, fields string) *serving {
	t.Helper()
	needPython(t)
	c, k := realCloud(t)
	s := &serving{t, k, c}
	k.do(200, "POST", "/2023-03-30/functions", s.document(fields, ""))
	k.do(200, "POST", "/2023-03-30/functions/f/triggers", `{"triggerName":"http","triggerType":"http",
		"triggerConfig":"{\"authType\":\"anonymous\",\"methods\":[\"GET\",\"POST\",\"DELETE\"]}"}`)
	return s
}

func (s *serving) document(fields, more string) string {
	s.t.Helper()
	text := functionJSON(s.t, "f", "custom", "server.py", sessionServer+more)
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		s.t.Fatal(err)
	}
	doc["timeout"] = 60
	doc["customRuntimeConfig"] = map[string]any{"command": []string{"python3", "server.py"}}
	if err := json.Unmarshal([]byte(fields), &doc); err != nil {
		s.t.Fatal(err)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(out)
}

// fetch asks the server and gives its answer's text; header is "Name: value".
func (s *serving) fetch(method, path, body string, header ...string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.c.Info().Endpoint+"/2023-03-30/proxy/f"+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// at gives the instance that answers a request.
func (s *serving) at(header ...string) string {
	s.t.Helper()
	response, text, err := s.fetch("GET", "/", "", header...)
	if err != nil || response.StatusCode != 200 || !strings.HasPrefix(text, "c-") {
		s.t.Fatalf("%v %s %v", response, text, err)
	}
	return text
}

// TestRealSessions: sessions by a header, on several instances, each of which has as
// many as it may; many callers at once; an instance that dies; new code.
func TestRealSessions(t *testing.T) {
	t.Parallel()
	const fields = `{"sessionAffinity":"HEADER_FIELD","sessionAffinityConfig":"{\"affinityHeaderFieldName\":\"X-Session\",\"sessionConcurrencyPerInstance\":2}"}`
	s := serveSessions(t, fields)
	var mu sync.Mutex
	var wg sync.WaitGroup
	where := map[string]map[string]bool{}
	for n := range 60 {
		wg.Go(func() {
			id := fmt.Sprint("s", n%6)
			response, text, err := s.fetch("GET", "/", "", "X-Session: "+id)
			if err != nil || response.StatusCode != 200 {
				t.Errorf("%v %s %v", response, text, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if where[id] == nil {
				where[id] = map[string]bool{}
			}
			where[id][text] = true
		})
	}
	wg.Wait()
	on := map[string]int{}
	for id, instances := range where {
		if len(instances) != 1 {
			t.Errorf("session %s was on %v", id, instances)
		}
		for at := range instances {
			on[at]++
		}
	}
	for at, sessions := range on {
		if sessions > 2 {
			t.Errorf("%d sessions are on %s", sessions, at)
		}
	}
	if len(on) < 3 {
		t.Errorf("6 sessions are on %d instances", len(on))
	}

	old := s.at("X-Session: s0")
	if response, _, _ := s.fetch("GET", "/die", "", "X-Session: s0"); response == nil || response.StatusCode != 502 {
		t.Errorf("the end of an instance: %v", response)
	}
	next := s.at("X-Session: s0")
	if next == old || s.at("X-Session: s0") != next {
		t.Errorf("after its end the session is on %s, then %s", old, next)
	}
	s.k.do(200, "PUT", "/2023-03-30/functions/f", s.document(fields, "\n# new\n"))
	_, listed := s.k.do(200, "GET", "/2023-03-30/functions/f/sessions", "")
	if strings.Count(listed, `"sessionId"`) != 6 || !strings.Contains(listed, `"s5"`) {
		t.Errorf("new code has the sessions %s", listed)
	}
	if at := s.at("X-Session: s0"); at == next {
		t.Errorf("new code runs on %s", at)
	}
}

// TestRealCookies: a cookie jar is all that a client needs.
func TestRealCookies(t *testing.T) {
	t.Parallel()
	s := serveSessions(t, `{"sessionAffinity":"GENERATED_COOKIE","sessionAffinityConfig":"{\"sessionConcurrencyPerInstance\":1,\"sessionTTLInSeconds\":600}"}`)
	response, first, err := s.fetch("GET", "/", "")
	if err != nil || len(response.Cookies()) != 1 {
		t.Fatalf("%v %v", response, err)
	}
	cookie := response.Cookies()[0]
	if cookie.Name != "x-fc-cookie-session-id" || cookie.MaxAge != 600 {
		t.Errorf("%+v", cookie)
	}
	for range 5 {
		if at := s.at("Cookie: " + cookie.Name + "=" + cookie.Value); at != first {
			t.Errorf("%s, then %s", first, at)
		}
	}
	if at := s.at(); at == first {
		t.Error("another session is on the same instance")
	}
	_, doc := s.k.do(200, "GET", "/2023-03-30/functions/f/sessions/"+cookie.Value, "")
	if !strings.Contains(doc, first) || !strings.Contains(doc, `"sessionAffinityType":"GENERATED_COOKIE"`) {
		t.Error(doc)
	}
	s.k.do(204, "DELETE", "/2023-03-30/functions/f/sessions/"+cookie.Value, "")
	s.k.do(404, "GET", "/2023-03-30/functions/f/sessions/"+cookie.Value, "")
}

// mcpStream is an SSE stream of an MCP session.
type mcpStream struct {
	messages string // the path for them
	lines    *bufio.Reader
	body     io.Closer
}

func (s *serving) open(ctx context.Context) *mcpStream {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", s.c.Info().Endpoint+"/2023-03-30/proxy/f/sse", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode != 200 {
		s.t.Fatalf("%v %v", response, err)
	}
	m := &mcpStream{lines: bufio.NewReader(response.Body), body: response.Body}
	m.messages = strings.TrimPrefix(m.next(s.t), "/")
	s.t.Cleanup(func() { _ = m.body.Close() })
	return m
}

// next reads an event and gives its data.
func (m *mcpStream) next(t *testing.T) string {
	t.Helper()
	data := ""
	for {
		line, err := m.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		if line == "\n" {
			return data
		}
		if text, ok := strings.CutPrefix(line, "data: "); ok {
			data = strings.TrimSuffix(text, "\n")
		}
	}
}

// TestRealMCPStreams: messages come to the instance that has their stream, also when
// the function has new code meanwhile.
func TestRealMCPStreams(t *testing.T) {
	t.Parallel()
	const fields = `{"sessionAffinity":"MCP_SSE","sessionAffinityConfig":"{\"sessionConcurrencyPerInstance\":1}"}`
	s := serveSessions(t, fields)
	var streams []*mcpStream
	for range 3 {
		streams = append(streams, s.open(t.Context()))
	}
	talk := func() (on []string) {
		for n, m := range streams {
			for k := range 3 {
				text := fmt.Sprintf("%d.%d", n, k)
				response, answer, err := s.fetch("POST", "/"+m.messages, text)
				if err != nil || response.StatusCode != 202 {
					t.Fatalf("message %s: %v %s %v", text, response, answer, err)
				}
				said, at, _ := strings.Cut(m.next(t), " from ")
				if said != text {
					t.Errorf("%q came back as %q", text, said)
				}
				if k == 0 {
					on = append(on, at)
				}
			}
		}
		return on
	}
	on := talk()
	if on[0] == on[1] || on[1] == on[2] || on[0] == on[2] {
		t.Errorf("three sessions are on %v", on)
	}
	s.k.do(200, "PUT", "/2023-03-30/functions/f", s.document(fields, "\n# new\n"))
	fresh := s.open(t.Context())
	if again := talk(); again[0] != on[0] || again[2] != on[2] {
		t.Errorf("new code: %v, then %v", on, again)
	}
	streams = append(streams, fresh)
	if at := talk()[3]; at == on[0] || at == on[1] || at == on[2] {
		t.Errorf("a new stream is on %s of the old code", at)
	}
	for _, m := range streams {
		if response, _, err := s.fetch("POST", "/"+m.messages, "end"); err != nil || response.StatusCode != 202 {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(m.lines); err != nil || len(rest) > 0 {
			t.Errorf("at the end: %q %v", rest, err)
		}
	}
	if response, _, err := s.fetch("POST", "/"+streams[3].messages, "x"); err != nil || response.StatusCode != 404 && response.StatusCode != 202 {
		t.Errorf("after its end: %v %v", response, err)
	}
	s.k.do(400, "GET", "/2023-03-30/functions/f/sessions", "")
}

// TestRealMCPStreamable: the server gives the id with the answer to the first
// request; DELETE ends the session.
func TestRealMCPStreamable(t *testing.T) {
	t.Parallel()
	s := serveSessions(t, `{"sessionAffinity":"MCP_STREAMABLE","sessionAffinityConfig":"{\"sessionConcurrencyPerInstance\":1}"}`)
	ids, at := make([]string, 3), make([]string, 3)
	for n := range ids {
		response, text, err := s.fetch("POST", "/mcp", "initialize")
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%v %v", response, err)
		}
		ids[n], at[n] = response.Header.Get("Mcp-Session-Id"), text
	}
	if at[0] == at[1] || at[1] == at[2] {
		t.Errorf("three sessions are on %v", at)
	}
	for n, id := range ids {
		for range 3 {
			if response, text, err := s.fetch("POST", "/mcp", "call", "Mcp-Session-Id: "+id); err != nil || response.StatusCode != 200 || text != at[n] {
				t.Errorf("session %d: %v %s %v, want %s", n, response, text, err, at[n])
			}
		}
	}
	if response, _, err := s.fetch("DELETE", "/mcp", "", "Mcp-Session-Id: "+ids[0]); err != nil || response.StatusCode != 204 {
		t.Fatalf("%v %v", response, err)
	}
	response, text, err := s.fetch("POST", "/mcp", "initialize")
	if err != nil || response.StatusCode != 200 || text != at[0] {
		t.Errorf("the next session: %v %s %v, want the instance that is free, %s", response, text, err, at[0])
	}
}

// TestRealSessionsOfEvents: a managed function called by the API.
func TestRealSessionsOfEvents(t *testing.T) {
	t.Parallel()
	needPython(t)
	_, k := realCloud(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	gate := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	}))
	t.Cleanup(gate.Close)
	open := sync.OnceFunc(func() { close(leave) })
	t.Cleanup(open)
	var doc map[string]any
	if err := json.Unmarshal([]byte(functionJSON(t, "f", "python3.10", "index.py", `
import os, urllib.request
def handler(event, context):
    if event == b"slow":
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open("`+gate.URL+`").read()
    return os.environ["FC_INSTANCE_ID"]
`)), &doc); err != nil {
		t.Fatal(err)
	}
	doc["sessionAffinity"], doc["sessionAffinityConfig"], doc["timeout"] = "HEADER_FIELD", `{"affinityHeaderFieldName":"my-session"}`, 300
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	k.do(200, "POST", "/2023-03-30/functions", string(text))
	invoke := func(status int, event, id string) (*http.Response, string) {
		r := k.request("POST", "/2023-03-30/functions/f/invocations", event)
		if id != "" {
			r.Header.Set("my-session", id)
		}
		k.sign(r, event)
		return k.send(status, r)
	}
	_, a := invoke(200, "x", "a")
	_, b := invoke(200, "x", "b")
	if a == b {
		t.Errorf("both are on %s, which takes one session", a)
	}
	response, made := invoke(200, "x", "")
	id := response.Header.Get("my-session")
	if _, again := invoke(200, "x", id); id == "" || again != made {
		t.Errorf("session %q is on %s, then %s", id, made, again)
	}
	done := make(chan string, 1)
	call := func(event string) (int, string) {
		r := k.request("POST", "/2023-03-30/functions/f/invocations", event)
		r.Header.Set("my-session", "a")
		k.sign(r, event)
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(text)
	}
	go func() {
		_, at := call("slow")
		done <- at
	}()
	select {
	case <-entered:
	case <-done:
		t.Fatal("the function doesn't take long")
	}
	if status, _ := call("x"); status != 429 {
		t.Errorf("a session whose instance is busy answers with %d", status)
	}
	open()
	if at := <-done; at != a {
		t.Errorf("the session moved to %s", at)
	}
}
