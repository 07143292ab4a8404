// Package alicloudtest is a server in memory that answers as the documentation of
// the services beside Function Compute says: RAM, SLS, OSS, VPC, ECS and NAS. It
// checks every signature.
package alicloudtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/alicloud"
	"s/pkg/fc/fcsign"
)

// Whose resources the server has.
const (
	AccountID = "1234567890123456"
	keyID     = "LTAIexampleid"
	secret    = "examplesecret"
)

// Failure is an answer in place of the next one to an action.
type Failure struct {
	Action     string // CreateRole, "POST /logstores"
	Status     int
	Code       string
	RetryAfter string // a header
	Times      int    // 0 is once
	// Done does what was asked for first: the answer was lost, say.
	Done bool
}

// Server is the services.
type Server struct {
	URL      string
	t        *testing.T
	verifier *fcsign.Verifier
	mu       sync.Mutex
	things   map[string]bool // "project p", "logstore p/l", "bucket b", "role r", ...
	calls    []string
	failures []Failure
	waited   []time.Duration
	bodies   map[string]string // the last body of an action

	// Of networks and files.
	network  []*thing
	last     int // the last id
	slow     int // for how many looks new things aren't ready
	used     []string
	tokens   map[string]answer // of create requests, by their token
	fcZones  []string
	nasZones map[string][]string // by storage

	// Of names in the DNS.
	checks map[string]string // the environment variable "token" of functions
	leads  map[string]bool   // names that lead to Function Compute
	mute   bool              // the resolver doesn't see them
}

// New starts a server that ends with the test.
func New(t *testing.T) *Server {
	t.Helper()
	s := &Server{
		t: t, things: map[string]bool{}, bodies: map[string]string{}, tokens: map[string]answer{}, checks: map[string]string{}, leads: map[string]bool{},
		fcZones: []string{"cn-hangzhou-f", "cn-hangzhou-g"}, nasZones: map[string][]string{"Performance": {"cn-hangzhou-b", "cn-hangzhou-g"}, "Capacity": {"cn-hangzhou-f"}},
	}
	s.verifier = fcsign.NewVerifier(func(id string) (fcsign.Keys, bool) {
		return fcsign.Keys{AccessKeyID: keyID, AccessKeySecret: secret}, id == keyID
	}, nil)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client gives a client of a region, which doesn't wait. env has its variables.
func (s *Server) Client(region string, env map[string]string) *alicloud.Client {
	return alicloud.New(alicloud.Config{
		Region: region, AccountID: AccountID, Keys: fcsign.Keys{AccessKeyID: keyID, AccessKeySecret: secret}, Endpoint: s.URL,
		Env: func(name string) string { return env[name] }, Resolve: s.resolve,
		Sleep: func(_ context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.waited = append(s.waited, d)
			return nil
		},
	})
}

// Fail makes a later answer a failure.
func (s *Server) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.failures = append(s.failures, f)
}

// Put makes a thing be there; Things gives all that are, sorted.
func (s *Server) Put(thing string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.things[thing] = true
}

// Things gives what there is, sorted.
func (s *Server) Things() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.names()
	for name := range s.things {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Calls gives the actions since the last time, and forgets them.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// Waited gives how long clients waited.
func (s *Server) Waited() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waited
}

// Body gives the last body of an action.
func (s *Server) Body(action string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies[action]
}

// answer is what a service says: a document, or a code.
type answer struct {
	status int
	code   string
	doc    map[string]any
}

func ok(doc map[string]any) answer { return answer{status: http.StatusOK, doc: doc} }

func refuse(status int, code string) answer { return answer{status: status, code: code} }

// ServeHTTP sorts requests by their host.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	var service string
	var err error
	switch {
	case strings.Contains(host, ".log."):
		service = "SLS"
		_, err = s.verifier.VerifySLS(r)
	case host == "domain.devsapp.net": // it takes no keys
		service = "DNS"
		if r.Header.Get("Authorization") != "" {
			s.t.Errorf("%s is given a signature", host)
		}
	case strings.HasSuffix(host, ".fc.aliyuncs.com"):
		service = "FC"
		_, err = s.verifier.Verify(r)
	case strings.Contains(host, ".oss-"):
		service = "OSS"
		bucket, _, _ := strings.Cut(host, ".")
		_, err = s.verifier.VerifyOSS(r, bucket, "")
	default:
		service = "RPC"
		_, err = s.verifier.Verify(r)
	}
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, host, err)
		write(w, service, refuse(http.StatusForbidden, "SignatureDoesNotMatch"))
		return
	}
	data := readAll(s.t, r)
	action := r.Method + " " + r.URL.Path
	if service == "RPC" {
		action = r.Header.Get("X-Acs-Action")
	}
	if service == "OSS" {
		action = r.Method + " bucket"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, action)
	s.bodies[action] = string(data)
	a, retry := s.serve(service, action, host, data)
	if retry != "" {
		w.Header().Set("Retry-After", retry)
	}
	write(w, service, a)
}

// serve answers, or fails as it was told to; the second result is a header.
func (s *Server) serve(service, action, host string, data []byte) (answer, string) {
	for i := range s.failures {
		f := &s.failures[i]
		if f.Action != action || f.Times == 0 {
			continue
		}
		f.Times--
		if f.Done {
			s.do(service, action, host, data)
		}
		return refuse(f.Status, f.Code), f.RetryAfter
	}
	return s.do(service, action, host, data), ""
}

func (s *Server) do(service, action, host string, data []byte) answer {
	name, _, _ := strings.Cut(host, ".")
	switch service {
	case "SLS":
		return s.sls(action, name, data)
	case "OSS":
		return s.oss(action, name)
	case "FC":
		return s.fc2(action, host, data)
	case "DNS":
		return s.domains(action, data)
	}
	parameters, err := url.ParseQuery(string(data))
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidParameter")
	}
	if region, known := strings.CutSuffix(host, ".aliyuncs.com"); name != "ram" && known {
		_, region, _ = strings.Cut(region, ".")
		return s.networks(name, action, region, parameters)
	}
	return s.ram(action, parameters)
}

// make adds a thing unless it is there already.
func (s *Server) make(thing string, there answer) answer {
	if s.things[thing] {
		return there
	}
	s.things[thing] = true
	return ok(nil)
}

// get answers whether a thing is there.
func (s *Server) get(thing string, missing answer) answer {
	if s.things[thing] {
		return ok(map[string]any{})
	}
	return missing
}

func (s *Server) sls(action, project string, data []byte) answer {
	if action == "POST /" {
		return s.make("project "+project, refuse(http.StatusBadRequest, "ProjectAlreadyExist"))
	}
	if !s.things["project "+project] {
		return refuse(http.StatusNotFound, "ProjectNotExist")
	}
	var doc struct{ LogstoreName string }
	_ = json.Unmarshal(data, &doc) // calls without one have no body
	method, path, _ := strings.Cut(action, " ")
	segments := strings.Split(strings.Trim(path, "/"), "/")
	store := "logstore " + project + "/" + doc.LogstoreName
	if len(segments) > 1 {
		store = "logstore " + project + "/" + segments[1]
	}
	missing := refuse(http.StatusNotFound, "LogStoreNotExist")
	switch {
	case path == "/" && method == http.MethodGet:
		return ok(map[string]any{"projectName": project})
	case path == "/":
		for thing := range s.things {
			if strings.HasPrefix(thing, "logstore "+project+"/") || strings.HasPrefix(thing, "index "+project+"/") || thing == "project "+project {
				delete(s.things, thing)
			}
		}
		return ok(nil)
	case len(segments) == 1:
		return s.make(store, refuse(http.StatusBadRequest, "LogStoreAlreadyExist"))
	case !s.things[store]:
		return missing
	case len(segments) == 3 && method == http.MethodPost:
		return s.make("index"+strings.TrimPrefix(store, "logstore"), refuse(http.StatusBadRequest, "IndexAlreadyExist"))
	case len(segments) == 3:
		return s.get("index"+strings.TrimPrefix(store, "logstore"), refuse(http.StatusNotFound, "IndexConfigNotExist"))
	case method == http.MethodDelete:
		delete(s.things, store)
		delete(s.things, "index"+strings.TrimPrefix(store, "logstore"))
	}
	return ok(map[string]any{})
}

func (s *Server) oss(action, bucket string) answer {
	missing := refuse(http.StatusNotFound, "NoSuchBucket")
	switch action {
	case "PUT bucket":
		return s.make("bucket "+bucket, ok(nil))
	case "DELETE bucket":
		if s.things["objects "+bucket] {
			return refuse(http.StatusConflict, "BucketNotEmpty")
		}
		if !s.things["bucket "+bucket] {
			return missing
		}
		delete(s.things, "bucket "+bucket)
		return ok(nil)
	}
	return s.get("bucket "+bucket, missing)
}

func (s *Server) ram(action string, q url.Values) answer {
	role := "role " + q.Get("RoleName")
	policy := "policy " + q.Get("RoleName") + "/" + q.Get("PolicyName")
	missing := refuse(http.StatusNotFound, "EntityNotExist.Role")
	if action == "CreateRole" {
		return s.make(role, refuse(http.StatusConflict, "EntityAlreadyExists.Role"))
	}
	if !s.things[role] {
		return missing
	}
	switch action {
	case "ListPoliciesForRole":
		var list []map[string]any
		for thing := range s.things {
			if name, ok := strings.CutPrefix(thing, "policy "+q.Get("RoleName")+"/"); ok {
				list = append(list, map[string]any{"PolicyName": name, "PolicyType": "System"})
			}
		}
		return ok(map[string]any{"Policies": map[string]any{"Policy": list}})
	case "AttachPolicyToRole":
		return s.make(policy, refuse(http.StatusConflict, "EntityAlreadyExists.Role.Policy"))
	case "DetachPolicyFromRole":
		if !s.things[policy] {
			return refuse(http.StatusNotFound, "EntityNotExist.Role.Policy")
		}
		delete(s.things, policy)
		return ok(nil)
	case "DeleteRole":
		for thing := range s.things {
			if strings.HasPrefix(thing, "policy "+q.Get("RoleName")+"/") {
				return refuse(http.StatusConflict, "DeleteConflict.Role.Policy")
			}
		}
		delete(s.things, role)
		return ok(nil)
	}
	return ok(map[string]any{"Role": map[string]any{"RoleName": q.Get("RoleName")}})
}

// write answers in a service's own form.
func write(w http.ResponseWriter, service string, a answer) {
	switch {
	case service == "OSS":
		w.Header().Set("X-Oss-Request-Id", "R-1")
		w.WriteHeader(a.status)
		if a.code != "" {
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>told to</Message><RequestId>R-1</RequestId></Error>", a.code)
		}
		return
	case service == "SLS" && a.code != "":
		w.Header().Set("X-Log-Requestid", "R-1")
		a.doc = map[string]any{"errorCode": a.code, "errorMessage": "told to"}
	case a.code != "":
		a.doc = map[string]any{"Code": a.code, "Message": "told to", "RequestId": "R-1"}
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.doc) // the client is gone, and the test says so
}
