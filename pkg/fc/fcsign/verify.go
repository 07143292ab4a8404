package fcsign

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"s/pkg/fc"
)

// Verifier checks the signatures of requests. It is safe for concurrent use.
type Verifier struct {
	lookup func(accessKeyID string) (Keys, bool)
	tokens func(accessKeyID, token string) (Keys, bool, error) // nil: there are none
	now    func() time.Time
	nonces *nonces
}

// NewVerifier makes a verifier. lookup finds the keys of an access key id; now
// is the clock, nil for time.Now.
func NewVerifier(lookup func(accessKeyID string) (Keys, bool), now func() time.Time) *Verifier {
	if now == nil {
		now = time.Now
	}
	return &Verifier{lookup: lookup, now: now, nonces: newNonces()}
}

// Verify checks the signature, the clock and, where the request has one, the
// nonce of r, and gives the access key id that signed it. Its errors are
// *fc.APIError with FC's codes.
//
// Where the signature covers a digest of the body, Verify replaces r.Body by
// one that checks it: reading gives an *fc.APIError in place of io.EOF if the
// body isn't the signed one. A handler must therefore read to the end before it
// acts.
func (v *Verifier) Verify(r *http.Request) (string, error) {
	keys, err := v.VerifyKeys(r)
	return keys.AccessKeyID, err
}

// VerifyKeys is Verify that gives the keys.
func (v *Verifier) VerifyKeys(r *http.Request) (Keys, error) {
	header := r.Header.Get(headerAuthorization)
	if header == "" && isPresigned(r) {
		return v.verifyPresigned(r)
	}
	if header == "" {
		return Keys{}, missingHeader(headerAuthorization)
	}
	auth, err := ParseAuthorization(header)
	if err != nil {
		return Keys{}, err
	}
	keys, err := v.find(auth.AccessKeyID, tokenOf(r, auth.Scheme))
	if err != nil {
		return Keys{}, err
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return Keys{}, &fc.APIError{
			Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument,
			Message: "the query string can't be read",
		}
	}
	if err := v.check(r, auth, keys); err != nil {
		return Keys{}, err
	}
	return unbounded(keys)
}

// unbounded refuses keys that are for something else than FC's API.
func unbounded(keys Keys) (Keys, error) {
	if keys.Scope != "" {
		return Keys{}, &fc.APIError{
			Status: http.StatusForbidden, Code: fc.CodeAccessDenied, Message: "these keys are for " + keys.Scope + " alone",
		}
	}
	return keys, nil
}

func (v *Verifier) check(r *http.Request, auth Authorization, keys Keys) error {
	if err := v.checkClock(r, auth.Scheme); err != nil {
		return err
	}
	switch auth.Scheme {
	case SchemeACS3:
		if err := requireSigned(r, auth.SignedHeaders); err != nil {
			return err
		}
	default:
	}
	if !matches(r, auth, keys.AccessKeySecret) {
		return &fc.APIError{
			Status: http.StatusForbidden, Code: fc.CodeSignatureNotMatch,
			Message: "The request signature we calculated does not match the signature you provided. " +
				"Check your access key and signing method",
		}
	}
	if err := checkToken(r, auth.Scheme, keys); err != nil {
		return err
	}
	if nonce := r.Header.Get(headerNonce); nonce != "" && auth.Scheme != SchemeFC {
		if !v.nonces.use(auth.AccessKeyID+"\n"+nonce, v.now()) {
			return &fc.APIError{
				Status: http.StatusBadRequest, Code: "SignatureNonceUsed",
				Message: "the request's x-acs-signature-nonce was used already",
			}
		}
	}
	switch auth.Scheme {
	case SchemeACS3:
		return checkSHA256(r)
	case SchemeROA:
		return checkMD5(r)
	}
	return nil
}

// requireSigned insists that the signature covers what would otherwise let a
// request be replayed elsewhere, later or with another body.
func requireSigned(r *http.Request, signed []string) error {
	for _, name := range []string{headerContentSHA, headerACSDate, headerNonce} {
		if r.Header.Get(name) == "" {
			return missingHeader(strings.ToLower(name))
		}
		if !slices.Contains(signed, strings.ToLower(name)) {
			return badAuthorization("SignedHeaders lacks " + strings.ToLower(name))
		}
	}
	if !slices.Contains(signed, "host") {
		return badAuthorization("SignedHeaders lacks host")
	}
	return nil
}

// matches recomputes the signature. Where clients differ in how they write the
// same path, each spelling is tried; all stand for the same request.
func matches(r *http.Request, auth Authorization, secret string) bool {
	switch auth.Scheme {
	case SchemeACS3:
		return matchesACS3(r, auth, secret)
	case SchemeROA:
		for _, path := range []string{r.URL.Path, r.URL.EscapedPath()} {
			for _, keepEmpty := range []bool{true, false} {
				if equalBase64(base64HMAC1(secret, canonicalROA(r, path, keepEmpty)), auth.Signature) {
					return true
				}
			}
		}
	case SchemeFC:
		return equalBase64(base64HMAC256(secret, canonicalFC(r, fcResource(r))), auth.Signature)
	}
	return false
}

func matchesACS3(r *http.Request, auth Authorization, secret string) bool {
	query := ""
	if r.URL.RawQuery != "" {
		query = canonicalQuery(r.URL.Query())
	}
	payload := r.Header.Get(headerContentSHA)
	escaped := r.URL.EscapedPath()
	first := canonicalPath(escaped)
	buffer := make([]byte, 0, 1024)
	buffer = canonicalACS3(buffer, r, auth.SignedHeaders, first, query, payload)
	if hmac.Equal(signACS3(secret, buffer), auth.Signature) {
		return true
	}
	second := reescapedPath(escaped)
	if second == first {
		return false
	}
	buffer = canonicalACS3(buffer[:0], r, auth.SignedHeaders, second, query, payload)
	return hmac.Equal(signACS3(secret, buffer), auth.Signature)
}

func equalBase64(text string, signature []byte) bool {
	sum, err := base64.StdEncoding.DecodeString(text)
	return err == nil && hmac.Equal(sum, signature)
}

// checkToken compares the security token of temporary keys; other keys come
// without one, and one that is sent all the same is ignored, as FC does.
func checkToken(r *http.Request, scheme Scheme, keys Keys) error {
	if keys.SecurityToken == "" {
		return nil
	}
	name := headerACSToken
	if scheme == SchemeFC {
		name = headerFCToken
	}
	if !hmac.Equal([]byte(r.Header.Get(name)), []byte(keys.SecurityToken)) {
		return &fc.APIError{
			Status: http.StatusForbidden, Code: "InvalidSecurityToken",
			Message: "header " + strings.ToLower(name) + " does not belong to the access key",
		}
	}
	return nil
}

func (v *Verifier) checkClock(r *http.Request, scheme Scheme) error {
	when, err := requestTime(r, scheme)
	if err != nil {
		return err
	}
	if skew := v.now().Sub(when); skew > MaxSkew || skew < -MaxSkew {
		return &fc.APIError{
			Status: http.StatusForbidden, Code: fc.CodeAccessDenied,
			Message: fmt.Sprintf("the request was signed at %s, more than %d minutes from the server's time %s",
				when.UTC().Format(acsTime), int(MaxSkew.Minutes()), v.now().UTC().Format(acsTime)),
		}
	}
	return nil
}

// requestTime reads the time that the signature covers: x-acs-date of ACS3,
// Date of the others or, where a client can't set Date, its x- twin, which is
// signed too.
func requestTime(r *http.Request, scheme Scheme) (time.Time, error) {
	names := []string{"Date", headerACSDate}
	switch scheme {
	case SchemeACS3:
		names = []string{headerACSDate}
	case SchemeFC:
		names = []string{"Date", headerFCDate}
	}
	for _, name := range names {
		text := r.Header.Get(name)
		if text == "" {
			continue
		}
		for _, layout := range []string{acsTime, http.TimeFormat, time.RFC1123Z} {
			if t, err := time.Parse(layout, text); err == nil {
				return t, nil
			}
		}
		return time.Time{}, &fc.APIError{
			Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument,
			Message: fmt.Sprintf("header %s is not a date: '%s'", strings.ToLower(name), text),
		}
	}
	return time.Time{}, missingHeader(strings.ToLower(names[0]))
}

func missingHeader(name string) error {
	return &fc.APIError{
		Status: http.StatusBadRequest, Code: fc.CodeMissingRequiredHeader,
		Message: fmt.Sprintf("required HTTP header %s was not specified", name),
	}
}
