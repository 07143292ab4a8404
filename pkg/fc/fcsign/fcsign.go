// Package fcsign signs requests to the Function Compute API and verifies the
// signatures of requests received. It knows the three families that FC's
// clients send: ACS3-HMAC-SHA256 (the current SDKs), ROA version 1 with
// HMAC-SHA1 ("acs") and FC's own HMAC-SHA256 ("FC"); and those of the services
// beside it: OSS's versions 1 and 4, the RPC signature of STS and that of SLS. It
// does no network call and keeps no keys.
package fcsign

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Scheme is a signature family, as its Authorization header begins.
type Scheme string

// The families that are accepted.
const (
	SchemeACS3 Scheme = "ACS3-HMAC-SHA256"
	SchemeROA  Scheme = "acs"
	SchemeFC   Scheme = "FC"
)

// EmptyPayload is the payload hash of a request without a body: SHA-256 of
// nothing, hexadecimal.
const EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// MaxSkew is how far the clock of a client may be off (documentation of
// signature authentication).
const MaxSkew = 15 * time.Minute

// Header names of the signature protocols, in Go's canonical form.
const (
	headerAuthorization = "Authorization"
	headerContentSHA    = "X-Acs-Content-Sha256"
	headerACSDate       = "X-Acs-Date"
	headerFCDate        = "X-Fc-Date"
	headerNonce         = "X-Acs-Signature-Nonce"
	headerAction        = "X-Acs-Action"
	headerVersion       = "X-Acs-Version"
	headerACSToken      = "X-Acs-Security-Token"
	headerFCToken       = "X-Fc-Security-Token"
	headerContentMD5    = "Content-Md5"

	prefixACS = "x-acs-"
	prefixFC  = "x-fc-"

	acsTime = "2006-01-02T15:04:05Z"
)

// Keys sign a request. SecurityToken is set for temporary (STS) keys only.
type Keys struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
	// Scope bounds what temporary keys may be used for, in the words of who made
	// them; empty is everything. FC's API refuses keys that have one.
	Scope string
}

// Operation is the API operation that an ACS3 signature covers: its action
// (InvokeFunction) and the API version (2023-03-30).
type Operation struct {
	Action  string
	Version string
}

// SignACS3 signs r with ACS3-HMAC-SHA256: it sets x-acs-action, -version,
// -date, -content-sha256 and -signature-nonce (one that the caller set is
// kept) and Authorization. payload is the hexadecimal SHA-256 of the body,
// EmptyPayload without one; the body itself is not read, so it can stream.
// Headers that are signed (Content-Type, x-acs-*) must be set before.
func SignACS3(r *http.Request, keys Keys, op Operation, payload string, now time.Time) {
	h := r.Header
	h.Set(headerAction, op.Action)
	h.Set(headerVersion, op.Version)
	h.Set(headerACSDate, now.UTC().Format(acsTime))
	h.Set(headerContentSHA, payload)
	if h.Get(headerNonce) == "" {
		h.Set(headerNonce, newNonce())
	}
	if keys.SecurityToken != "" {
		h.Set("X-Acs-Accesskey-Id", keys.AccessKeyID)
		h.Set(headerACSToken, keys.SecurityToken)
	}
	names := acs3HeaderNames(h)
	canonical := canonicalACS3(nil, r, names, canonicalPath(r.URL.EscapedPath()), canonicalQuery(r.URL.Query()), payload)
	signature := signACS3(keys.AccessKeySecret, canonical)
	h.Set(headerAuthorization, string(SchemeACS3)+" Credential="+keys.AccessKeyID+
		",SignedHeaders="+strings.Join(names, ";")+",Signature="+hex.EncodeToString(signature))
}

// SignFC signs r with FC's own scheme, which tempBucketToken and the instance
// exec websocket take: it sets Date and Authorization. All x-fc-* headers are
// signed and must be set before. The query is covered for HTTP trigger paths
// (/…/proxy/…) only, as the protocol has it.
func SignFC(r *http.Request, keys Keys, now time.Time) {
	h := r.Header
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	if keys.SecurityToken != "" {
		h.Set(headerFCToken, keys.SecurityToken)
	}
	signature := base64HMAC256(keys.AccessKeySecret, canonicalFC(r, fcResource(r)))
	h.Set(headerAuthorization, string(SchemeFC)+" "+keys.AccessKeyID+":"+signature)
}

func newNonce() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
