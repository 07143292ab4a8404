package fcsign

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"net/url"
	"time"

	"s/pkg/fc"
)

// VerifyRPC checks a request of RPC style, as STS, RAM and others take it: the
// signature is one of its parameters, which are those of the query and of the form
// (documentation "Request signatures", RPC, signature version 1.0). It gives the
// keys that signed it. Errors are *fc.APIError with the codes of those services.
func (v *Verifier) VerifyRPC(method string, params url.Values) (Keys, error) {
	for _, name := range []string{"AccessKeyId", "Signature", "SignatureNonce", "Timestamp"} {
		if params.Get(name) == "" {
			return Keys{}, rpcError(http.StatusBadRequest, "Missing"+name, name+" is mandatory for this action.")
		}
	}
	when, err := time.Parse(acsTime, params.Get("Timestamp"))
	if err != nil {
		return Keys{}, rpcError(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	if skew := v.now().Sub(when); skew > MaxSkew || skew < -MaxSkew {
		return Keys{}, rpcError(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	keys, err := v.find(params.Get("AccessKeyId"), params.Get("SecurityToken"))
	if err != nil {
		return Keys{}, AsRPC(err)
	}
	if err := matchRPC(method, params, keys.AccessKeySecret); err != nil {
		return Keys{}, err
	}
	if keys.SecurityToken != "" && !hmac.Equal([]byte(params.Get("SecurityToken")), []byte(keys.SecurityToken)) {
		return Keys{}, rpcError(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "The security token does not belong to the access key.")
	}
	if keys.Scope != "" {
		return Keys{}, rpcError(http.StatusForbidden, "NoPermission", "These keys are for "+keys.Scope+" alone.")
	}
	if !v.nonces.use(keys.AccessKeyID+"\n"+params.Get("SignatureNonce"), v.now()) {
		return Keys{}, rpcError(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	return keys, nil
}

func matchRPC(method string, params url.Values, secret string) error {
	var algorithm func() hash.Hash
	switch params.Get("SignatureMethod") {
	case "", "HMAC-SHA1":
		algorithm = sha1.New
	case "HMAC-SHA256":
		algorithm = sha256.New
	default:
		return rpcError(http.StatusBadRequest, "InvalidSignatureMethod", "SignatureMethod must be HMAC-SHA1 or HMAC-SHA256.")
	}
	given, err := base64.StdEncoding.DecodeString(params.Get("Signature"))
	mac := hmac.New(algorithm, []byte(secret+"&"))
	text := canonicalRPC(method, params)
	mac.Write([]byte(text))
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return rpcError(http.StatusBadRequest, "SignatureDoesNotMatch",
			"Specified signature is not matched with our calculation. server string to sign is:"+text) // clients compare it with theirs
	}
	return nil
}

// canonicalRPC is the text that a signature of RPC style covers.
func canonicalRPC(method string, params url.Values) string {
	signed := url.Values{}
	for name, values := range params {
		if name != "Signature" {
			signed[name] = values
		}
	}
	return method + "&%2F&" + escapeRFC3986(canonicalQuery(signed))
}

func rpcError(status int, code, message string) error {
	return &fc.APIError{Status: status, Code: code, Message: message}
}

// AsRPC gives an error of Verify's the code that services of RPC style have for
// it.
func AsRPC(err error) error {
	return recode(err, map[string]recoded{
		fc.CodeInvalidAccessKeyID:      {http.StatusNotFound, "InvalidAccessKeyId.NotFound"},
		fc.CodeSignatureNotMatch:       {http.StatusBadRequest, "SignatureDoesNotMatch"},
		"InvalidSecurityToken":         {http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey"},
		"InvalidSecurityToken.Expired": {http.StatusBadRequest, "InvalidSecurityToken.Expired"},
	})
}
