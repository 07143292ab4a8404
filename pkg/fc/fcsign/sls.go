package fcsign

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
)

// SchemeSLS is the signature family of SLS's version 1 (documentation "Request
// signatures" of Simple Log Service).
const SchemeSLS Scheme = "LOG"

const (
	prefixSLS     = "x-log-"
	headerSLSDate = "X-Log-Date"
)

// IsSLS reports whether a request is signed as SLS's clients do.
func IsSLS(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get(headerAuthorization), " ")
	return scheme == string(SchemeSLS)
}

// VerifySLS checks a request to SLS: its signature of version 1, its clock, the
// security token of temporary keys, and the digest of its body as that is read.
// Errors are *fc.APIError with SLS's codes.
func (v *Verifier) VerifySLS(r *http.Request) (Keys, error) {
	scheme, rest, _ := strings.Cut(r.Header.Get(headerAuthorization), " ")
	if scheme != string(SchemeSLS) {
		return Keys{}, slsError(http.StatusUnauthorized, "Unauthorized", "the request isn't signed with LOG")
	}
	auth, err := parsePair(SchemeSLS, rest)
	if err != nil {
		return Keys{}, asSLS(err)
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return Keys{}, slsError(http.StatusBadRequest, "ParameterInvalid", "the query string can't be read")
	}
	if method := r.Header.Get("X-Log-Signaturemethod"); method != "hmac-sha1" {
		return Keys{}, slsError(http.StatusBadRequest, "InvalidSignatureMethod", "x-log-signaturemethod must be hmac-sha1, it is '"+method+"'")
	}
	when, err := requestTime(r, SchemeSLS)
	if err != nil {
		return Keys{}, asSLS(err)
	}
	if skew := v.now().Sub(when); skew > MaxSkew || skew < -MaxSkew {
		return Keys{}, slsError(http.StatusBadRequest, "RequestTimeExpired", "Request time exceeds server time more than 15 minutes.")
	}
	token := r.Header.Get(headerACSToken)
	keys, err := v.find(auth.AccessKeyID, token)
	if err != nil {
		return Keys{}, asSLS(err)
	}
	if !matchesSLS(r, keys.AccessKeySecret, auth.Signature) {
		return Keys{}, slsError(http.StatusUnauthorized, "SignatureNotMatch", "Signature not matched.")
	}
	if keys.SecurityToken != "" && !hmac.Equal([]byte(token), []byte(keys.SecurityToken)) {
		return Keys{}, slsError(http.StatusUnauthorized, "SecurityTokenInvalid", "the security token does not belong to the access key")
	}
	if keys.Scope != "" {
		return Keys{}, slsError(http.StatusUnauthorized, "Unauthorized", "these keys are for "+keys.Scope+" alone")
	}
	return keys, checkSLSBody(r)
}

func checkSLSBody(r *http.Request) error {
	text := r.Header.Get(headerContentMD5)
	if text == "" {
		if r.ContentLength > 0 {
			return slsError(http.StatusBadRequest, "MissingContentMD5", "Content-MD5 does not exist in the header when the body is not empty.")
		}
		return nil
	}
	want, err := hex.DecodeString(text)
	if err != nil || len(want) != md5.Size {
		return slsError(http.StatusBadRequest, "InvalidContentMD5", "Content-MD5 must be an MD5 in hexadecimal.")
	}
	return checkBody(r, md5.New(), want, "Content-MD5")
}

// matchesSLS recomputes the signature. Some clients add x-log-date after they have
// signed.
func matchesSLS(r *http.Request, secret string, signature []byte) bool {
	return slices.ContainsFunc([]bool{false, true}, func(late bool) bool {
		return equalBase64(base64HMAC1(secret, canonicalSLS(r, late)), signature)
	})
}

// canonicalSLS is the text that a signature of SLS's covers; late leaves out
// x-log-date.
func canonicalSLS(r *http.Request, late bool) string {
	var b strings.Builder
	for _, part := range []string{r.Method, r.Header.Get(headerContentMD5), r.Header.Get("Content-Type"), r.Header.Get("Date")} {
		b.WriteString(part)
		b.WriteByte('\n')
	}
	headers := http.Header{}
	for name, values := range r.Header {
		lower := strings.ToLower(name)
		if (strings.HasPrefix(lower, prefixSLS) || strings.HasPrefix(lower, prefixACS)) && (!late || name != headerSLSDate) {
			headers[name] = values
		}
	}
	writePrefixed(&b, &http.Request{Header: headers}, "x-")
	b.WriteString(r.URL.EscapedPath())
	for i, pair := range slsPairs(r.URL.Query()) {
		b.WriteByte("&?"[boolIndex(i == 0)])
		b.WriteString(pair)
	}
	return b.String()
}

func boolIndex(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// slsPairs lists the unescaped query sorted by key; an empty value keeps its "=".
func slsPairs(query url.Values) []string {
	var names []string
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	var pairs []string
	for _, name := range names {
		for _, value := range query[name] {
			pairs = append(pairs, name+"="+value)
		}
	}
	return pairs
}

// SignSLS signs a request to SLS, whose body is given besides. Headers that are
// signed (Content-Type, x-log-*) must be set before.
func SignSLS(r *http.Request, keys Keys, body []byte, date string) {
	h := r.Header
	h.Set("Date", date)
	h.Set("X-Log-Apiversion", "0.6.0")
	h.Set("X-Log-Signaturemethod", "hmac-sha1")
	h.Set("X-Log-Bodyrawsize", fmt.Sprint(len(body)))
	if len(body) > 0 {
		sum := md5.Sum(body)
		h.Set(headerContentMD5, strings.ToUpper(hex.EncodeToString(sum[:])))
	}
	if keys.SecurityToken != "" {
		h.Set(headerACSToken, keys.SecurityToken)
	}
	h.Set(headerAuthorization, string(SchemeSLS)+" "+keys.AccessKeyID+":"+base64HMAC1(keys.AccessKeySecret, canonicalSLS(r, false)))
}

func slsError(status int, code, message string) error {
	return &fc.APIError{Status: status, Code: code, Message: message}
}

func asSLS(err error) error {
	return recode(err, map[string]recoded{
		fc.CodeInvalidAccessKeyID:      {http.StatusUnauthorized, "Unauthorized"},
		fc.CodeInvalidArgument:         {http.StatusBadRequest, "ParameterInvalid"},
		fc.CodeMissingRequiredHeader:   {http.StatusBadRequest, "MissingDate"},
		"InvalidSecurityToken":         {http.StatusUnauthorized, "SecurityTokenInvalid"},
		"InvalidSecurityToken.Expired": {http.StatusUnauthorized, "SecurityTokenExpired"},
	})
}
