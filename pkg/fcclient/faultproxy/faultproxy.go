// Package faultproxy is a proxy that makes faults, for tests: it stands between a
// client and a server, passes requests on, and does to some of them what networks,
// other proxies and servers in trouble do. It is reached like the server (URL), or
// like the proxy of a company (HTTP_PROXY and HTTPS_PROXY, see Intercept).
package faultproxy

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Kind is what is done to a request.
type Kind string

// Kinds of faults. In those that begin with "lost" the server did what it was asked
// for, and the client can't know.
const (
	// Delay passes the request on after Fault.Wait.
	Delay Kind = "delay"
	// Hang takes the request and never answers; the server doesn't hear of it.
	Hang Kind = "hang"
	// LostInSilence passes it on and never answers.
	LostInSilence Kind = "lost in silence"
	// Cut closes the connection instead of passing the request on.
	Cut Kind = "cut"
	// CutBody passes half of the request's body on and closes both connections.
	// Without a body it is Cut.
	CutBody Kind = "cut in the body"
	// Lost passes the request on and closes the connection instead of answering.
	Lost Kind = "lost"
	// LostHalf does so after half of the answer's body.
	LostHalf Kind = "lost half"
	// LostGarbled answers, with the server's status, half of a document as if it
	// were all.
	LostGarbled Kind = "lost garbled"
	// Answer answers Status, Header and Body itself. What an HTTP proxy in trouble
	// says, a login page with status 200, throttling and refusals are such.
	Answer Kind = "answer"
	// LostAnswer passes the request on and then answers so.
	LostAnswer Kind = "lost answer"
	// OldHTTP passes it on and answers as servers of HTTP/1.0 do: without a length,
	// with the end of the connection as the end of the body.
	OldHTTP Kind = "old HTTP"
)

// Fault is what is done, and with what.
type Fault struct {
	Kind   Kind
	Wait   time.Duration // Delay
	Status int           // Answer, LostAnswer
	Header http.Header   // Answer, LostAnswer; may be nil
	Body   string        // Answer, LostAnswer
}

// Rule says which requests meet a fault.
type Rule struct {
	Method string // empty is any
	// Path is a pattern of path.Match for the end of the escaped path, with as many
	// segments as it has itself: "functions/*". Empty is any.
	Path  string
	Nth   int // the first of those that match and meets it, from 1; 0 is 1
	Times int // how many meet it from there on; 0 is 1, less is all
	Fault
}

// Call is a request that came to the proxy.
type Call struct {
	Method string
	Host   string
	Path   string // escaped
	Query  url.Values
	Fault  Kind // what was done to it; empty is nothing
	Passed bool // it reached the server, whole
	Status int  // of the server's answer; 0 without one
}

// Proxy is a running proxy.
type Proxy struct {
	// URL is where the server is reached by way of it.
	URL string

	target *url.URL
	next   *http.Transport
	closed chan struct{} // when it ends

	mu    sync.Mutex // guards the rest
	rules []*counted
	calls []*Call

	certificates *certificates
}

// counted is a rule and how many requests have matched it.
type counted struct {
	Rule
	seen int
}

// New starts a proxy before a server; it ends with the test.
func New(t testing.TB, server string) *Proxy {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		target: target, closed: make(chan struct{}),
		next: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	}
	listener := httptest.NewServer(p)
	p.URL = listener.URL
	t.Cleanup(func() {
		close(p.closed)
		listener.CloseClientConnections()
		listener.Close()
	})
	return p
}

// Set replaces the rules and forgets the calls. The first rule that a request
// matches, and whose turn it is, counts.
func (p *Proxy) Set(rules ...Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules, p.calls = nil, nil
	for _, r := range rules {
		p.rules = append(p.rules, &counted{Rule: r})
	}
}

// Calls gives the requests since Set, in the order in which they came.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]Call, len(p.calls))
	for i, c := range p.calls {
		calls[i] = *c
	}
	return calls
}

// Met is how many requests met a fault since Set.
func (p *Proxy) Met() int {
	n := 0
	for _, c := range p.Calls() {
		if c.Fault != "" {
			n++
		}
	}
	return n
}

// take notes a request and gives the fault that it meets.
func (p *Proxy) take(r *http.Request) (*Call, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &Call{Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), Query: r.URL.Query()}
	p.calls = append(p.calls, c)
	for _, rule := range p.rules {
		if rule.matches(r) && rule.turn() {
			c.Fault = rule.Kind
			return c, rule.Fault
		}
	}
	return c, Fault{}
}

func (r *Rule) matches(request *http.Request) bool {
	if r.Method != "" && r.Method != request.Method {
		return false
	}
	if r.Path == "" {
		return true
	}
	whole := request.URL.EscapedPath()
	start := len(whole)
	for range 1 + strings.Count(r.Path, "/") {
		if start = strings.LastIndexByte(whole[:start], '/'); start < 0 {
			return false
		}
	}
	ok, err := path.Match(r.Path, whole[start+1:])
	return err == nil && ok
}

// turn counts a request that matches and tells whether it meets the fault.
func (c *counted) turn() bool {
	c.seen++
	first, times := max(c.Nth, 1), c.Times
	if times == 0 {
		times = 1
	}
	return c.seen >= first && (times < 0 || c.seen < first+times)
}

// ServeHTTP passes a request on, or makes its fault.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	call, fault := p.take(r)
	switch fault.Kind {
	case "":
		p.pass(w, r, call)
	case Delay:
		if p.wait(r, time.After(fault.Wait)) {
			p.pass(w, r, call)
		}
	case Hang:
		drain(r)
		p.wait(r, nil)
	case Cut:
		hangUp(w, nil)
	case CutBody:
		if r.ContentLength > 0 {
			p.half(r)
		}
		hangUp(w, nil)
	case Answer:
		drain(r)
		fault.answer(w)
	default:
		p.after(w, r, call, fault)
	}
}

// pass is what a proxy does without faults, upgrades and streams included.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, call *Call) {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.SetURL(&url.URL{Scheme: p.target.Scheme, Host: p.target.Host})
			out.Out.Host = out.In.Host // it is signed
		},
		Transport:     p.next,
		FlushInterval: -1,
		ModifyResponse: func(response *http.Response) error {
			p.note(call, response.StatusCode)
			return p.rewrite(r.Host, response)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { hangUp(w, nil) },
	}
	proxy.ServeHTTP(w, r)
}

// rewrite lets documents that name the server name the proxy, by the host that the
// client knows, so that what they lead to goes through it, too.
func (p *Proxy) rewrite(host string, response *http.Response) error {
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	body = bytes.ReplaceAll(body, []byte(p.target.Scheme+"://"+p.target.Host), []byte(p.target.Scheme+"://"+host))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

func (p *Proxy) note(call *Call, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	call.Passed, call.Status = true, status
}

// half sends the first half of a body to the server, and no more.
func (p *Proxy) half(r *http.Request) {
	rest := io.LimitReader(r.Body, r.ContentLength/2)
	response, err := p.send(r, io.MultiReader(rest, broken{}))
	if err == nil {
		response.Body.Close()
	}
}

// broken is a reader of a connection that was cut.
type broken struct{}

// Read gives nothing.
func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// send makes the request of r at the server.
func (p *Proxy) send(r *http.Request, body io.Reader) (*http.Response, error) {
	target := *r.URL
	target.Scheme, target.Host = p.target.Scheme, p.target.Host
	out, err := http.NewRequestWithContext(r.Context(), r.Method, target.String(), body) //nolint:gosec // its host is the server of the test
	if err != nil {
		return nil, err
	}
	out.Header, out.Host, out.ContentLength = r.Header.Clone(), r.Host, r.ContentLength
	out.Header.Del("Connection")
	return p.next.RoundTrip(out)
}

// after passes a request on, and then makes the fault with the whole answer.
func (p *Proxy) after(w http.ResponseWriter, r *http.Request, call *Call, fault Fault) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		hangUp(w, nil)
		return
	}
	response, err := p.send(r, bytes.NewReader(body))
	if err != nil {
		hangUp(w, nil)
		return
	}
	defer response.Body.Close()
	p.note(call, response.StatusCode)
	err = p.rewrite(r.Host, response)
	answer, broke := io.ReadAll(response.Body)
	if err != nil || broke != nil {
		hangUp(w, nil)
		return
	}
	half := answer[:len(answer)/2]
	switch fault.Kind {
	case LostInSilence:
		p.wait(r, nil)
	case LostHalf:
		hangUp(w, head("HTTP/1.1", response, len(answer)), half)
	case LostGarbled:
		hangUp(w, head("HTTP/1.1", response, len(half)), half)
	case OldHTTP:
		hangUp(w, head("HTTP/1.0", response, -1), answer)
	case LostAnswer:
		fault.answer(w)
	default: // Lost
		hangUp(w, nil)
	}
}

// wait waits until then, nil is never, the client or the proxy goes. It tells
// whether then came.
func (p *Proxy) wait(r *http.Request, then <-chan time.Time) bool {
	select {
	case <-then:
		return true
	case <-r.Context().Done():
	case <-p.closed:
	}
	return false
}

// answer is the fault's own.
func (f Fault) answer(w http.ResponseWriter) {
	for name, values := range f.Header {
		w.Header()[name] = slices.Clone(values)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body) // the client may be gone
}

func drain(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // what doesn't come isn't missed
}

// head is the first part of an answer, for a body of so many bytes; less than 0 says
// none.
func head(proto string, response *http.Response, size int) []byte {
	header := response.Header.Clone()
	header.Del("Content-Length")
	header.Set("Connection", "close")
	if size >= 0 {
		header.Set("Content-Length", strconv.Itoa(size))
	}
	var out bytes.Buffer
	out.WriteString(proto + " " + response.Status + "\r\n")
	_ = header.Write(&out) // into memory
	out.WriteString("\r\n")
	return out.Bytes()
}

// hangUp closes the connection after what is given.
func hangUp(w http.ResponseWriter, parts ...[]byte) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // which closes it, too
	}
	for _, part := range parts {
		_, _ = connection.Write(part) // the client may be gone
	}
	_ = connection.Close()
}
