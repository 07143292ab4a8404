package fcsign

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
)

// Parameters of the URL of an HTTP trigger or a custom domain that is signed
// itself, in FC's own scheme, so that whoever has it may call until it expires.
const (
	queryExpires   = "x-fc-expires" // seconds since 1970
	queryKeyID     = "x-fc-access-key-id"
	queryToken     = "x-fc-security-token"
	querySignature = "x-fc-signature"
)

// isPresigned reports whether the URL of a request claims to be signed. Those of
// API operations can't be.
func isPresigned(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, querySignature+"=") && !isAPIPath(r.URL.Path)
}

func (v *Verifier) verifyPresigned(r *http.Request) (Keys, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Keys{}, badURL("its query can't be read")
	}
	seconds, err := strconv.ParseInt(query.Get(queryExpires), 10, 64)
	if err != nil {
		return Keys{}, badURL(queryExpires + " is no number of seconds")
	}
	keys, err := v.find(query.Get(queryKeyID), query.Get(queryToken))
	if err != nil {
		return Keys{}, err
	}
	given, err := base64.StdEncoding.DecodeString(query.Get(querySignature))
	if err != nil || !hmac.Equal(presignature(r, query, keys.AccessKeySecret), given) {
		return Keys{}, &fc.APIError{
			Status: http.StatusForbidden, Code: fc.CodeSignatureNotMatch,
			Message: "The request signature we calculated does not match the signature in the URL. Check your access key and signing method",
		}
	}
	if !hmac.Equal([]byte(query.Get(queryToken)), []byte(keys.SecurityToken)) {
		return Keys{}, &fc.APIError{
			Status: http.StatusForbidden, Code: "InvalidSecurityToken", Message: queryToken + " does not belong to the access key",
		}
	}
	if expires := time.Unix(seconds, 0); v.now().After(expires) {
		return Keys{}, &fc.APIError{
			Status: http.StatusForbidden, Code: fc.CodeAccessDenied,
			Message: fmt.Sprintf("the URL expired at %s", expires.UTC().Format(acsTime)),
		}
	}
	return unbounded(keys)
}

func badURL(why string) error {
	return &fc.APIError{Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument, Message: "the signed URL can't be used: " + why}
}

// presignature is what the signature in a URL must be: it covers the path, all
// other parameters, and the x-fc-* headers that come with the request.
func presignature(r *http.Request, query url.Values, secret string) []byte {
	others := make(url.Values, len(query))
	for name, values := range query {
		if name != querySignature {
			others[name] = values
		}
	}
	resource := r.URL.Path + "\n" + strings.Join(fcPairs(others), "\n")
	sum, _ := base64.StdEncoding.DecodeString(base64HMAC256(secret, canonicalFCAt(r, resource, query.Get(queryExpires)))) // it has just been encoded
	return sum
}
