package accesstest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// What the stand-ins of logins know.
const (
	SSOToken    = "sso-token-that-nobody-may-see"
	SSOConfig   = "ac-0123456789"
	FirstToken  = "oauth-access-0-that-nobody-may-see"
	FirstGrant  = "oauth-refresh-0-that-nobody-may-see"
	KeyPairName = "key-pair"
)

// oauthClients are the ids of the Alibaba Cloud CLI at its two sites.
var oauthClients = map[string]string{"CN": "4038181954557748008", "INTL": "4103531455503354461"}

// login is the state of the OAuth service: a refresh token is good once.
type login struct {
	access, refresh string
	times           int
}

func (s *Server) loginRoutes(mux *http.ServeMux) {
	s.login = login{access: FirstToken, refresh: FirstGrant}
	mux.HandleFunc("POST /cloud-credentials", s.cloudSSO)
	mux.HandleFunc("POST /v1/token", s.oauthToken)
	mux.HandleFunc("POST /v1/exchange", s.oauthExchange)
	mux.HandleFunc("GET /{$}", s.keyPair)
}

// Tokens gives the tokens that the OAuth service takes now.
func (s *Server) Tokens() (access, refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login.access, s.login.refresh
}

func (s *Server) cloudSSO(w http.ResponseWriter, r *http.Request) {
	s.called("cloud-credentials")
	var body struct{ AccountID, AccessConfigurationID string }
	switch {
	case r.Header.Get("Authorization") != "Bearer "+SSOToken:
		answer(w, http.StatusUnauthorized, map[string]string{
			"ErrorCode": "InvalidAccessToken", "ErrorMessage": "bad " + r.Header.Get("Authorization"), "RequestId": "REQ-2",
		})
	case r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&body) != nil:
		answer(w, http.StatusBadRequest, map[string]string{"ErrorCode": "InvalidBody"})
	case body.AccountID != AccountID || body.AccessConfigurationID != SSOConfig:
		answer(w, http.StatusNotFound, map[string]string{"ErrorCode": "EntityNotExists.AccessConfiguration", "RequestId": "REQ-2"})
	default:
		answer(w, http.StatusOK, map[string]any{"CloudCredential": s.give("sso-key"), "RequestId": "REQ-2"})
	}
}

func (s *Server) oauthToken(w http.ResponseWriter, r *http.Request) {
	s.called("token of " + r.FormValue("client_id"))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.PostFormValue("grant_type") != "refresh_token" || !slices.Contains(slices.Collect(maps.Values(oauthClients)), r.PostFormValue("client_id")):
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
	case r.PostFormValue("refresh_token") != s.login.refresh:
		answer(w, http.StatusBadRequest, map[string]string{
			"error": "invalid_grant", "error_description": "bad " + r.PostFormValue("refresh_token"), "requestId": "REQ-3",
		})
	default:
		n := s.login.times + 1
		s.login = login{fmt.Sprintf("oauth-access-%d-that-nobody-may-see", n), fmt.Sprintf("oauth-refresh-%d-that-nobody-may-see", n), n}
		answer(w, http.StatusOK, map[string]any{
			"access_token": s.login.access, "refresh_token": s.login.refresh, "expires_in": 3600, "token_type": "Bearer",
		})
	}
}

func (s *Server) oauthExchange(w http.ResponseWriter, r *http.Request) {
	s.called("exchange")
	if access, _ := s.Tokens(); r.Header.Get("Authorization") != "Bearer "+access {
		answer(w, http.StatusBadRequest, map[string]string{
			"error": "expired_token", "error_description": "bad " + r.Header.Get("Authorization"), "requestId": "REQ-4",
		})
		return
	}
	given := map[string]string{"requestId": "REQ-4"}
	for name, value := range s.give("oauth-key") {
		given[strings.ToLower(name[:1])+name[1:]] = value
	}
	answer(w, http.StatusOK, given)
}

// keyPair is STS for GenerateSessionAccessKey.
func (s *Server) keyPair(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.called(query.Get("Action"))
	signature, err := base64.StdEncoding.DecodeString(query.Get("Signature"))
	query.Del("Signature")
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		pairs = append(pairs, percent(name)+"="+percent(query.Get(name)))
	}
	sum := sha256.Sum256([]byte("GET&%2F&" + percent(strings.Join(pairs, "&"))))
	switch {
	case query.Get("Action") != "GenerateSessionAccessKey" || query.Get("Version") != "2015-04-01" || query.Get("Format") != "JSON" ||
		query.Get("SignatureMethod") != "SHA256withRSA" || query.Get("SignatureType") != "PRIVATEKEY" || query.Get("SignatureVersion") != "1.0" ||
		query.Get("SignatureNonce") == "" || query.Get("Timestamp") == "" || query.Get("DurationSeconds") == "":
		refuse(w, http.StatusBadRequest, "InvalidParameter", "this isn't GenerateSessionAccessKey")
	case query.Get("AccessKeyId") != KeyPairName:
		refuse(w, http.StatusNotFound, "InvalidAccessKeyId.NotFound", "no such key pair")
	case err != nil || s.KeyPair == nil || rsa.VerifyPKCS1v15(s.KeyPair, crypto.SHA256, sum[:], signature) != nil:
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", "the signature isn't that of the key")
	default:
		given := s.give("session-key")
		s.mu.Lock()
		k := s.given["session-key"]
		k.SecurityToken = "" // sessions of key pairs have none
		s.given["session-key"] = k
		s.mu.Unlock()
		answer(w, http.StatusOK, map[string]any{"RequestId": "REQ-5", "SessionAccessKey": map[string]string{
			"SessionAccessKeyId": given["AccessKeyId"], "SessionAccessKeySecret": given["AccessKeySecret"], "Expiration": given["Expiration"],
		}})
	}
}

// percent encodes as RFC 3986 has it.
func percent(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c == '-' || c == '_' || c == '.' || c == '~' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
