// Package fctest is a Function Compute endpoint for tests: both API versions
// over HTTP on loopback, in memory, with the documented answers and errors.
// Every request must carry a valid signature. It runs no function: what an
// invocation gives is set by the test.
package fctest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/fc/shape"
)

// The account of every Server.
const (
	AccountID       = "1234567890123456"
	AccessKeyID     = "LTAItestkeyid"
	AccessKeySecret = "test-secret"
)

// Call is a request that arrived.
type Call struct {
	Method string
	Path   string // escaped, as sent
	Query  string
	Header http.Header
	Body   []byte
}

// String gives method and path.
func (c Call) String() string { return c.Method + " " + c.Path }

// Write reports whether the call may change something.
func (c Call) Write() bool { return c.Method != http.MethodGet }

// Failure is an answer given instead of the right one.
type Failure struct {
	Method string // empty is any
	Path   string // a part of the path
	End    bool   // Path is the end of it
	Times  int    // how often; 0 is always
	Status int
	Header map[string]string
	Body   string
	// Break closes the connection without an answer.
	Break bool
}

// Reply is what an invocation gives.
type Reply struct {
	Status int // 0 is 200
	Header map[string]string
	Body   []byte
}

// Server is the endpoint.
type Server struct {
	URL string
	// Invoke answers invocations; nil echoes the event.
	Invoke func(Call) Reply
	// Exec answers an exec request; nil is 404.
	Exec http.HandlerFunc
	// Logs writes the log stream of a session; nil is 404.
	Logs func(session string, w http.ResponseWriter)
	// Instances are what ListInstances gives.
	Instances []map[string]any

	t        testing.TB
	verifier *fcsign.Verifier

	mu        sync.Mutex
	calls     []Call
	failures  []*Failure
	services  map[string]map[string]any
	functions map[string]map[string]any            // by path: services/s/functions/f or functions/f
	triggers  map[string]map[string]map[string]any // by the function's path
	configs   map[string]map[string]any            // by their path and qualifier
	bindings  map[string][]string                  // VPCs by the path of what they may call
	domains   map[string]map[string]any            // by name
	codes     map[string][]byte                    // archives by the function's path
	layers    map[string]*layerState
	sessions  map[string]map[string]any // by the function and their id
	histories map[string]*history       // by functions/f or services/s
	serial    int
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		t:         t,
		services:  map[string]map[string]any{},
		functions: map[string]map[string]any{},
		triggers:  map[string]map[string]map[string]any{},
		configs:   map[string]map[string]any{},
		bindings:  map[string][]string{},
		domains:   map[string]map[string]any{},
		codes:     map[string][]byte{},
		layers:    map[string]*layerState{},
		sessions:  map[string]map[string]any{},
		histories: map[string]*history{},
	}
	s.verifier = fcsign.NewVerifier(func(id string) (fcsign.Keys, bool) {
		return fcsign.Keys{AccessKeyID: AccessKeyID, AccessKeySecret: AccessKeySecret}, id == AccessKeyID
	}, nil)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Credentials are accepted by the server.
func Credentials() access.Credentials {
	return access.Credentials{Alias: "test", AccountID: AccountID, AccessKeyID: AccessKeyID, AccessKeySecret: AccessKeySecret}
}

// Fail makes matching requests fail.
func (s *Server) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, &f)
}

// Calls lists what arrived since the last Reset.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Writes lists the calls that may have changed something.
func (s *Server) Writes() []string {
	var out []string
	for _, c := range s.Calls() {
		if c.Write() {
			out = append(out, c.String())
		}
	}
	return out
}

// Reset forgets the calls and the failures; what is deployed stays.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.failures = nil, nil
}

// Function gives a deployed function as it is stored, or nil. The name is
// service$function in FC 2.0.
func (s *Server) Function(name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.functions[functionKey(name)]
}

// SetFunction changes fields of a deployed function behind the client's back.
func (s *Server) SetFunction(name string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[functionKey(name)]
	maps.Copy(f, fields)
}

// Trigger gives a deployed trigger as it is stored, or nil.
func (s *Server) Trigger(function, name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.triggers[functionKey(function)][name]
}

// Service gives a deployed service, or nil.
func (s *Server) Service(name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.services[name]
}

func functionKey(name string) string {
	if service, function := fc.SplitName(name); service != "" {
		return "services/" + service + "/functions/" + function
	}
	return "functions/" + name
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked is gone
	}
	call := Call{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Header: r.Header.Clone(), Body: body}
	s.checkShape(call, r.URL.Query())
	failure := s.record(call)
	w.Header().Set(fc.HeaderRequestID, s.nextID())
	switch {
	case failure != nil && failure.Break:
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			connection.Close()
		}
		return
	case failure != nil:
		for k, v := range failure.Header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(failure.Status)
		io.WriteString(w, failure.Body)
		return
	}
	if strings.HasPrefix(call.Path, "/download/") {
		s.downloadLayer(w, call.Path)
		return
	}
	if function, download := strings.CutPrefix(r.URL.Path, codePath); download {
		s.download(w, function)
		return
	}
	if _, err := s.verifier.Verify(r); err != nil {
		refuse(w, http.StatusForbidden, fc.CodeSignatureNotMatch, err.Error())
		return
	}
	s.route(w, r, call)
}

// checkShape holds what the client sends to the documented shapes of API
// 2023-03-30. Paths that it doesn't have are the client's own tests'.
func (s *Server) checkShape(call Call, query url.Values) {
	if shape.Operation(call.Method, call.Path) == "" {
		return
	}
	for _, problem := range shape.Request(call.Method, call.Path, query, call.Body) {
		s.t.Errorf("%s %s isn't as documented: %s", call.Method, call.Path, problem)
	}
}

// record keeps the call and finds the failure that it is to meet.
func (s *Server) record(call Call) *Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	for i, f := range s.failures {
		if (f.Method != "" && f.Method != call.Method) || !strings.Contains(call.Path, f.Path) || (f.End && !strings.HasSuffix(call.Path, f.Path)) {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.failures = append(s.failures[:i:i], s.failures[i+1:]...)
			}
		}
		return f
	}
	return nil
}

func (s *Server) nextID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return fmt.Sprintf("req-%d", s.serial)
}

// refuse answers with an error in both styles, as the service's front does.
func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{
		"Code": code, "Message": message, "RequestId": w.Header().Get(fc.HeaderRequestID),
		"ErrorCode": code, "ErrorMessage": message,
	})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
