// Package accesstest stands in for STS and for the metadata service of an ECS
// instance, over real HTTP: it checks signatures and tokens, and answers with
// the documented shapes.
package accesstest

import (
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc/fcsign"
)

// What the stand-ins know and give.
const (
	AccountID    = "1234567890123456"
	RoleARN      = "acs:ram::1234567890123456:role/deployer"
	OIDCToken    = "oidc-token-that-nobody-may-see"
	ProviderARN  = "acs:ram::1234567890123456:oidc-provider/ack"
	InstanceRole = "instance-role"
	GivenSecret  = "given-secret-that-nobody-may-see"
	GivenToken   = "given-token-that-nobody-may-see"
)

// Server is STS and a metadata service.
type Server struct {
	URL string
	// Keys are the keys STS knows, id to secret and token.
	Keys map[string]fcsign.Keys
	// NoTokens is a metadata service of the old kind.
	NoTokens bool
	// NoRole is an instance without a RAM role.
	NoRole bool
	// Expires is when what is given ends; the zero time is in an hour.
	Expires time.Time

	// KeyPair is the public key of KeyPairName; nil is none.
	KeyPair *rsa.PublicKey

	mu    sync.Mutex
	login login
	calls []string
	given map[string]fcsign.Keys
}

// New starts one on loopback; it ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Keys: map[string]fcsign.Keys{}, given: map[string]fcsign.Keys{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", s.sts)
	mux.HandleFunc("PUT /latest/api/token", s.token)
	mux.HandleFunc("GET /latest/meta-data/", s.metadata)
	s.loginRoutes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Know makes STS know a key.
func (s *Server) Know(id, secret, token string) {
	s.Keys[id] = fcsign.Keys{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}
}

// Calls gives what was asked for, in its order.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.calls...)
}

func (s *Server) called(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, what)
}

func (s *Server) lookup(id string) (fcsign.Keys, bool) {
	if keys, ok := s.Keys[id]; ok {
		return keys, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keys, ok := s.given[id]
	return keys, ok
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]string{"Code": code, "Message": message, "RequestId": "REQ-1", "HostId": "sts"})
}

func (s *Server) sts(w http.ResponseWriter, r *http.Request) {
	action := r.Header.Get("X-Acs-Action")
	id := ""
	if action == "" { // the old way, unsigned
		action = r.URL.Query().Get("Action")
		if action != "AssumeRoleWithOIDC" || r.URL.Query().Get("Version") != "2015-04-01" {
			refuse(w, http.StatusBadRequest, "MissingSecurityToken", "this isn't signed")
			return
		}
	} else {
		var err error
		if id, err = fcsign.NewVerifier(s.lookup, nil).Verify(r); err != nil {
			refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
			return
		}
	}
	s.called(action)
	body, err := io.ReadAll(r.Body) // the verifier's body checks its digest
	if err != nil {
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidParameter", err.Error())
		return
	}
	switch {
	case action == "GetCallerIdentity":
		answer(w, http.StatusOK, map[string]string{"AccountId": AccountID, "Arn": "acs:ram::" + AccountID + ":user/u", "RequestId": "REQ-1"})
	case r.PostForm.Get("RoleArn") != RoleARN || r.PostForm.Get("RoleSessionName") == "":
		refuse(w, http.StatusNotFound, "EntityNotExist.Role", "The role not exists.")
	case action == "AssumeRole":
		answer(w, http.StatusOK, map[string]any{"Credentials": s.give("sts-of-" + id), "RequestId": "REQ-1"})
	case r.PostForm.Get("OIDCToken") != OIDCToken || r.PostForm.Get("OIDCProviderArn") != ProviderARN:
		refuse(w, http.StatusBadRequest, "AuthenticationFail.OIDCToken.Invalid", "bad token "+r.PostForm.Get("OIDCToken"))
	default:
		answer(w, http.StatusOK, map[string]any{"Credentials": s.give("sts-of-oidc"), "RequestId": "REQ-1"})
	}
}

// give makes temporary credentials that STS knows from now on.
func (s *Server) give(id string) map[string]string {
	end := s.Expires
	if end.IsZero() {
		end = time.Now().Add(time.Hour)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given[id] = fcsign.Keys{AccessKeyID: id, AccessKeySecret: GivenSecret, SecurityToken: GivenToken}
	return map[string]string{
		"AccessKeyId": id, "AccessKeySecret": GivenSecret, "SecurityToken": GivenToken,
		"Expiration": end.UTC().Format("2006-01-02T15:04:05Z"),
	}
}

const metadataToken = "metadata-token"

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.called("token")
	if s.NoTokens {
		http.NotFound(w, r)
		return
	}
	if r.Header.Get("X-Aliyun-Ecs-Metadata-Token-Ttl-Seconds") == "" {
		http.Error(w, "no ttl", http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, metadataToken)
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/latest/meta-data/")
	s.called(path)
	if !s.NoTokens && r.Header.Get("X-Aliyun-Ecs-Metadata-Token") != metadataToken {
		http.Error(w, "no token", http.StatusForbidden)
		return
	}
	switch {
	case path == "owner-account-id":
		_, _ = io.WriteString(w, AccountID)
	case s.NoRole || path != "ram/security-credentials/" && path != "ram/security-credentials/"+InstanceRole:
		http.NotFound(w, r)
	case path == "ram/security-credentials/":
		_, _ = io.WriteString(w, InstanceRole)
	default:
		given := s.give("ecs-key")
		given["Code"] = "Success"
		answer(w, http.StatusOK, given)
	}
}
