package fcsign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
)

// The signature families of OSS (documentation of OSS, "Include signatures in
// the Authorization header" and "Include a V4 signature").
const (
	SchemeOSS1 Scheme = "OSS"
	SchemeOSS4 Scheme = "OSS4-HMAC-SHA256"
)

const (
	headerOSSDate    = "X-Oss-Date"
	headerOSSToken   = "X-Oss-Security-Token"
	headerOSSContent = "X-Oss-Content-Sha256"
	prefixOSS        = "x-oss-"
	unsignedPayload  = "UNSIGNED-PAYLOAD"
	ossTime          = "20060102T150405Z"
	ossDay           = "20060102"
	ossScopeEnd      = "aliyun_v4_request"
)

// Query parameters of presigned URLs.
const (
	queryOSSVersion    = "x-oss-signature-version"
	queryOSSCredential = "x-oss-credential"
	queryOSSDate       = "x-oss-date"
	queryOSSExpires    = "x-oss-expires"
	queryOSSHeaders    = "x-oss-additional-headers"
	queryOSSSignature  = "x-oss-signature"
	queryOSSToken      = "x-oss-security-token"
	queryOSS1Key       = "OSSAccessKeyId"
	queryOSS1Expires   = "Expires"
	queryOSS1Signature = "Signature"
	queryOSS1Token     = "security-token"
)

// maxPresigned is how long a presigned URL of version 4 may be good (7 days).
const maxPresigned = 7 * 24 * time.Hour

// IsOSS reports whether a request is signed as OSS's clients do, in a header or
// in its URL.
func IsOSS(r *http.Request) bool {
	if header := r.Header.Get(headerAuthorization); header != "" {
		scheme, _, _ := strings.Cut(header, " ")
		return scheme == string(SchemeOSS1) || scheme == string(SchemeOSS4)
	}
	if !strings.Contains(r.URL.RawQuery, queryOSS1Key+"=") && !strings.Contains(r.URL.RawQuery, queryOSSVersion+"=") {
		return false
	}
	q := r.URL.Query()
	return q.Get(queryOSSVersion) != "" || q.Has(queryOSS1Key) && q.Has(queryOSS1Signature)
}

// ossProof is what a request says of its signature.
type ossProof struct {
	scheme    Scheme
	id, token string
	signature []byte
	presigned bool
	when      time.Time // signed
	until     time.Time // of presigned URLs
	date      string    // as it is signed
	dates     []string  // version 1: what may stand in the place of the date
	day       string    // version 4: parts of the scope
	region    string
	product   string
	headers   []string // version 4: additional headers
}

// VerifyOSS checks a request to OSS: its signature of version 1 or 4, in the
// header or in the URL, its clock or the URL's end, and the security token of
// temporary keys. bucket and key are what the request is for, both unescaped and
// maybe empty. It gives the keys that signed it. Errors are *fc.APIError with
// OSS's codes.
func (v *Verifier) VerifyOSS(r *http.Request, bucket, key string) (Keys, error) {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return Keys{}, ossError(http.StatusBadRequest, "InvalidArgument", "the query string can't be read")
	}
	p, err := parseOSS(r)
	if err != nil {
		return Keys{}, err
	}
	keys, err := v.find(p.id, p.token)
	if err != nil {
		return Keys{}, asOSS(err)
	}
	if err := v.checkOSSClock(p); err != nil {
		return Keys{}, err
	}
	if !p.matches(r, bucket, key, keys.AccessKeySecret) {
		return Keys{}, ossError(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	if keys.SecurityToken != "" && !hmac.Equal([]byte(p.token), []byte(keys.SecurityToken)) {
		return Keys{}, ossError(http.StatusForbidden, "InvalidSecurityToken", "the security token does not belong to the access key")
	}
	if payload := r.Header.Get(headerOSSContent); p.scheme == SchemeOSS4 && !p.presigned && payload != "" && payload != unsignedPayload {
		want, err := hex.DecodeString(payload)
		if err != nil || len(want) != sha256.Size {
			return Keys{}, ossError(http.StatusBadRequest, "InvalidArgument", "header x-oss-content-sha256 is neither UNSIGNED-PAYLOAD nor a SHA-256")
		}
		return keys, checkBody(r, sha256.New(), want, "x-oss-content-sha256")
	}
	return keys, nil
}

func (v *Verifier) checkOSSClock(p *ossProof) error {
	now := v.now()
	if p.presigned {
		if now.After(p.until) {
			return ossError(http.StatusForbidden, "AccessDenied", "Request has expired.")
		}
		if p.scheme == SchemeOSS4 && p.when.Sub(now) > MaxSkew {
			return ossError(http.StatusForbidden, "AccessDenied", "Request is not yet valid.")
		}
		return nil
	}
	if skew := now.Sub(p.when); skew > MaxSkew || skew < -MaxSkew {
		return ossError(http.StatusForbidden, "RequestTimeTooSkewed",
			"The difference between the request time and the current time is too large.")
	}
	return nil
}

func parseOSS(r *http.Request) (*ossProof, error) {
	header := r.Header.Get(headerAuthorization)
	q := r.URL.Query()
	switch scheme, rest, _ := strings.Cut(header, " "); {
	case scheme == string(SchemeOSS4):
		return parseOSS4(r, rest)
	case scheme == string(SchemeOSS1):
		return parseOSS1(r, rest)
	case header != "":
		return nil, ossError(http.StatusBadRequest, "InvalidArgument", "Authorization header is invalid.")
	case q.Get(queryOSSVersion) != "":
		return parsePresigned4(q)
	case q.Has(queryOSS1Key) && q.Has(queryOSS1Signature):
		return parsePresigned1(q)
	}
	return nil, ossError(http.StatusForbidden, "AccessDenied", "You have no right to access this object: the request is not signed.")
}

func parseOSS1(r *http.Request, rest string) (*ossProof, error) {
	auth, err := parsePair(SchemeOSS1, rest)
	if err != nil {
		return nil, asOSS(err)
	}
	p := &ossProof{scheme: SchemeOSS1, id: auth.AccessKeyID, signature: auth.Signature, token: r.Header.Get(headerOSSToken)}
	for _, name := range []string{headerOSSDate, "Date"} {
		if text := r.Header.Get(name); text != "" {
			p.dates = append(p.dates, text)
		}
	}
	if len(p.dates) == 0 {
		return nil, ossError(http.StatusForbidden, "AccessDenied", "OSS authentication requires a valid Date.")
	}
	if p.when, err = ossDate(p.dates[0]); err != nil {
		return nil, err
	}
	p.dates = append(p.dates, "") // x-oss-date may stand for Date, which is then signed empty
	return p, nil
}

func parsePresigned1(q url.Values) (*ossProof, error) {
	p := &ossProof{scheme: SchemeOSS1, presigned: true, id: q.Get(queryOSS1Key), token: q.Get(queryOSS1Token)}
	var err error
	if p.signature, err = base64.StdEncoding.DecodeString(q.Get(queryOSS1Signature)); err != nil {
		return nil, ossError(http.StatusForbidden, "SignatureDoesNotMatch", "the signature is not base64")
	}
	seconds, err := strconv.ParseInt(q.Get(queryOSS1Expires), 10, 64)
	if err != nil {
		return nil, ossError(http.StatusForbidden, "AccessDenied", "Invalid date (should be seconds since epoch).")
	}
	p.until = time.Unix(seconds, 0)
	p.dates = []string{q.Get(queryOSS1Expires)}
	return p, nil
}

func parseOSS4(r *http.Request, rest string) (*ossProof, error) {
	p := &ossProof{scheme: SchemeOSS4, token: r.Header.Get(headerOSSToken)}
	var credential, signature string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "AdditionalHeaders":
			p.headers = strings.Split(value, ";")
		case "Signature":
			signature = value
		}
	}
	p.date = r.Header.Get(headerOSSDate)
	if p.date == "" {
		p.date = r.Header.Get("Date")
	}
	var err error
	if p.when, err = ossDate(p.date); err != nil {
		return nil, err
	}
	p.date = p.when.UTC().Format(ossTime)
	return p, p.scope(credential, signature)
}

func parsePresigned4(q url.Values) (*ossProof, error) {
	if q.Get(queryOSSVersion) != string(SchemeOSS4) {
		return nil, ossError(http.StatusBadRequest, "InvalidArgument", "x-oss-signature-version must be "+string(SchemeOSS4))
	}
	p := &ossProof{scheme: SchemeOSS4, presigned: true, date: q.Get(queryOSSDate), token: q.Get(queryOSSToken)}
	if names := q.Get(queryOSSHeaders); names != "" {
		p.headers = strings.Split(names, ";")
	}
	var err error
	if p.when, err = time.Parse(ossTime, p.date); err != nil {
		return nil, ossError(http.StatusForbidden, "AccessDenied", "x-oss-date is not a date of the form "+ossTime)
	}
	seconds, err := strconv.ParseInt(q.Get(queryOSSExpires), 10, 64)
	if err != nil || seconds < 1 || seconds > int64(maxPresigned/time.Second) {
		return nil, ossError(http.StatusBadRequest, "InvalidArgument", "x-oss-expires must be 1 to 604800 seconds")
	}
	p.until = p.when.Add(time.Duration(seconds) * time.Second)
	return p, p.scope(q.Get(queryOSSCredential), q.Get(queryOSSSignature))
}

// scope reads <key id>/<day>/<region>/<product>/aliyun_v4_request.
func (p *ossProof) scope(credential, signature string) error {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || parts[0] == "" || parts[2] == "" || parts[4] != ossScopeEnd {
		return ossError(http.StatusBadRequest, "InvalidArgument", "the Credential is not of the form key/day/region/oss/"+ossScopeEnd)
	}
	p.id, p.day, p.region, p.product = parts[0], parts[1], parts[2], parts[3]
	if p.product != "oss" {
		return ossError(http.StatusBadRequest, "InvalidArgument", "the Credential is for '"+p.product+"', not for oss")
	}
	if p.day != p.when.UTC().Format(ossDay) {
		return ossError(http.StatusForbidden, "SignatureDoesNotMatch", "the day of the Credential is not that of x-oss-date")
	}
	if slices.ContainsFunc(p.headers, func(name string) bool { return name == "" || name != strings.ToLower(name) }) {
		return ossError(http.StatusBadRequest, "InvalidArgument", "AdditionalHeaders must be lower case names")
	}
	var err error
	if p.signature, err = hex.DecodeString(signature); err != nil || len(p.signature) == 0 {
		return ossError(http.StatusForbidden, "SignatureDoesNotMatch", "the signature is not hexadecimal")
	}
	return nil
}

func (p *ossProof) matches(r *http.Request, bucket, key, secret string) bool {
	if p.scheme == SchemeOSS4 {
		return hmac.Equal(signOSS4(secret, p, canonicalOSS4(r, bucket, key, p)), p.signature)
	}
	return slices.ContainsFunc(p.dates, func(date string) bool {
		return equalBase64(base64HMAC1(secret, canonicalOSS1(r, bucket, key, date)), p.signature)
	})
}

// ossDate reads a date of either form.
func ossDate(text string) (time.Time, error) {
	for _, layout := range []string{http.TimeFormat, ossTime, time.RFC1123Z, acsTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, ossError(http.StatusForbidden, "AccessDenied", fmt.Sprintf("OSS authentication requires a valid Date, not '%s'.", text))
}

func ossError(status int, code, message string) error {
	return &fc.APIError{Status: status, Code: code, Message: message}
}

// asOSS gives an error of FC's the code that OSS has for it.
func asOSS(err error) error {
	return recode(err, map[string]recoded{
		fc.CodeInvalidAccessKeyID:      {http.StatusForbidden, "InvalidAccessKeyId"},
		"InvalidSecurityToken.Expired": {http.StatusForbidden, "SecurityTokenExpired"},
	})
}
