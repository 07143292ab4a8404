package fcsign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// rpcVectors were signed by PyPI's aliyun-python-sdk-core 2.16.1.
func rpcVectors() map[string]url.Values {
	common := func(nonce, signature string) url.Values {
		return url.Values{
			"Version": {"2015-04-01"}, "AccessKeyId": {"LTAIexampleid"}, "SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"},
			"SignatureNonce": {nonce}, "Timestamp": {"2026-11-23T14:32:35Z"}, "Signature": {signature},
		}
	}
	post := common("n-POST", "ejklNXDL43uH1jsa2i0aoMKTVcI=")
	post.Set("Action", "GetCallerIdentity")
	post.Set("Format", "JSON")
	get := common("n-GET", "miTxfsMhpXM570+dCwXHq+QCulg=")
	get.Set("Action", "AssumeRole")
	get.Set("RoleArn", "acs:ram::1:role/a b")
	get.Set("X", "~*+/é")
	get.Set("Empty", "")
	return map[string]url.Values{"POST": post, "GET": get}
}

func rpcKeys() Keys { return Keys{AccessKeyID: "LTAIexampleid", AccessKeySecret: "examplesecret"} }

func TestRPCSignatures(t *testing.T) {
	t.Parallel()
	for method, params := range rpcVectors() {
		v := NewVerifier(lookup(rpcKeys()), goldenTime)
		if keys, err := v.VerifyRPC(method, params); err != nil || keys != rpcKeys() {
			t.Errorf("%s: %v", method, err)
		}
		if _, err := v.VerifyRPC(method, params); !fc.IsCode(err, "SignatureNonceUsed") {
			t.Errorf("%s again: %v", method, err)
		}
	}
}

func TestRPCRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(url.Values)
		late   time.Duration
		code   string
	}{
		{"another parameter", func(p url.Values) { p.Set("Action", "DeleteAll") }, 0, "SignatureDoesNotMatch"},
		{"one more", func(p url.Values) { p.Set("More", "1") }, 0, "SignatureDoesNotMatch"},
		{"one less", func(p url.Values) { p.Del("Format") }, 0, "SignatureDoesNotMatch"},
		{"one twice", func(p url.Values) { p.Add("Action", "x") }, 0, "SignatureDoesNotMatch"},
		{"no base64", func(p url.Values) { p.Set("Signature", "%") }, 0, "SignatureDoesNotMatch"},
		{"another method", func(p url.Values) { p.Set("SignatureMethod", "MD5") }, 0, "InvalidSignatureMethod"},
		{"another hash", func(p url.Values) { p.Set("SignatureMethod", "HMAC-SHA256") }, 0, "SignatureDoesNotMatch"},
		{"no key", func(p url.Values) { p.Del("AccessKeyId") }, 0, "MissingAccessKeyId"},
		{"no nonce", func(p url.Values) { p.Del("SignatureNonce") }, 0, "MissingSignatureNonce"},
		{"unknown key", func(p url.Values) { p.Set("AccessKeyId", "x") }, 0, "InvalidAccessKeyId.NotFound"},
		{"bad time", func(p url.Values) { p.Set("Timestamp", "now") }, 0, "InvalidTimeStamp.Format"},
		{"late", func(url.Values) {}, MaxSkew + time.Second, "InvalidTimeStamp.Expired"},
		{"early", func(url.Values) {}, -MaxSkew - time.Second, "InvalidTimeStamp.Expired"},
	}
	for _, test := range tests {
		params := rpcVectors()["POST"]
		test.change(params)
		v := NewVerifier(lookup(rpcKeys()), func() time.Time { return goldenTime().Add(test.late) })
		if _, err := v.VerifyRPC("POST", params); !fc.IsCode(err, test.code) {
			t.Errorf("%s: %v, want %s", test.name, err, test.code)
		}
	}
	if _, err := NewVerifier(lookup(rpcKeys()), goldenTime).VerifyRPC("GET", rpcVectors()["POST"]); !fc.IsCode(err, "SignatureDoesNotMatch") {
		t.Errorf("sent otherwise: %v", err)
	}
}

// signRPC signs parameters with SHA-256, which newer clients do.
func signRPC(params url.Values, secret string) {
	mac := hmac.New(sha256.New, []byte(secret+"&"))
	mac.Write([]byte(canonicalRPC("POST", params)))
	params.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestRPCTokens(t *testing.T) {
	t.Parallel()
	resolve := func(id, token string) (Keys, bool, error) {
		if token == "old" {
			return Keys{}, false, &fc.APIError{Status: 403, Code: "InvalidSecurityToken.Expired"}
		}
		keys := Keys{AccessKeyID: id, AccessKeySecret: "secret", SecurityToken: "right"}
		if token == "bounded" {
			keys.SecurityToken, keys.Scope = token, "oss:b/k"
		}
		return keys, token != "unknown", nil
	}
	for token, code := range map[string]string{
		"right": "", "wrong": "InvalidSecurityToken.MismatchWithAccessKey", "old": "InvalidSecurityToken.Expired",
		"unknown": "InvalidAccessKeyId.NotFound", "bounded": "NoPermission",
	} {
		params := url.Values{
			"AccessKeyId": {"STS.x"}, "SecurityToken": {token}, "SignatureNonce": {token}, "SignatureMethod": {"HMAC-SHA256"},
			"Timestamp": {"2026-11-23T14:32:35Z"},
		}
		signRPC(params, "secret")
		_, err := NewVerifier(lookup(), goldenTime).WithTokens(resolve).VerifyRPC("POST", params)
		if code == "" && err != nil || code != "" && !fc.IsCode(err, code) {
			t.Errorf("%s: %v, want %q", token, err, code)
		}
	}
}

// TestTokensReachFCsFamilies: temporary keys are found with the token that came with
// the request, and bounded ones are refused.
func TestTokensReachFCsFamilies(t *testing.T) {
	t.Parallel()
	for _, scheme := range []Scheme{SchemeACS3, SchemeFC} {
		for _, scope := range []string{"", "oss:b/k"} {
			keys := Keys{AccessKeyID: "STS.x", AccessKeySecret: "secret", SecurityToken: "token", Scope: scope}
			resolve := func(id, token string) (Keys, bool, error) { return keys, id == "STS.x" && token == "token", nil }
			r := signed(t, scheme, "GET", "/2023-03-30/functions", "", keys, goldenTime())
			got, err := NewVerifier(lookup(), goldenTime).WithTokens(resolve).VerifyKeys(r)
			if scope == "" && (err != nil || got != keys) || scope != "" && !fc.IsCode(err, fc.CodeAccessDenied) {
				t.Errorf("%s, %q: %+v, %v", scheme, scope, got, err)
			}
		}
	}
}

// FuzzVerifyRPC: no parameters pass that weren't signed.
func FuzzVerifyRPC(f *testing.F) {
	for method, params := range rpcVectors() {
		f.Add(method, params.Encode())
	}
	f.Fuzz(func(t *testing.T, method, query string) {
		params, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		keys := Keys{AccessKeyID: "LTAIexampleid", AccessKeySecret: "unguessable"}
		if _, err := NewVerifier(lookup(keys), goldenTime).VerifyRPC(method, params); err == nil || strings.Contains(err.Error(), "unguessable") {
			t.Errorf("%v", err)
		}
	})
}
