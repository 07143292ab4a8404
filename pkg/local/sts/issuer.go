// Package sts makes the temporary keys of the local cloud and serves the part of
// STS that programs for Function Compute use.
package sts

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// KeyPrefix begins the access key ids of temporary keys.
const KeyPrefix = "STS."

// Grant says whose temporary keys are and what they may be used for.
type Grant struct {
	Role    string `json:"role,omitempty"`    // that was assumed: its name
	Session string `json:"session,omitempty"` // the name that who assumed it chose
	// Scope, if set, bounds what the keys may do: oss:<bucket>/<prefix of objects>.
	Scope string `json:"scope,omitempty"`
}

// Issuer makes temporary keys and knows them again. It keeps nothing: a security
// token holds its grant, signed, and the secret is made from it.
type Issuer struct {
	secret []byte
	now    func() time.Time
}

// NewIssuer makes an issuer whose keys outlive it: another one with the same
// secret knows them. now is the clock, nil for time.Now.
func NewIssuer(secret []byte, now func() time.Time) *Issuer {
	if now == nil {
		now = time.Now
	}
	return &Issuer{secret, now}
}

// ticket is the content of a security token.
type ticket struct {
	Grant
	KeyID   string `json:"id"`
	Expires int64  `json:"exp"` // seconds
}

// Issue makes keys that are good for a while.
func (i *Issuer) Issue(g Grant, life time.Duration) (keys fcsign.Keys, expires time.Time) {
	var raw [10]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	expires = i.now().Add(life).UTC().Truncate(time.Second)
	t := ticket{Grant: g, KeyID: KeyPrefix + "local" + hex.EncodeToString(raw[:]), Expires: expires.Unix()}
	text, _ := json.Marshal(t) // strings and a number can be written
	body := base64.RawURLEncoding.EncodeToString(text)
	token := body + "." + base64.RawURLEncoding.EncodeToString(i.mac("token", body))
	return i.keys(t, token), expires
}

func (i *Issuer) keys(t ticket, token string) fcsign.Keys {
	return fcsign.Keys{
		AccessKeyID: t.KeyID, AccessKeySecret: base64.RawURLEncoding.EncodeToString(i.mac("secret", token)),
		SecurityToken: token, Scope: t.Scope,
	}
}

func (i *Issuer) mac(purpose, text string) []byte {
	mac := hmac.New(sha256.New, i.secret)
	mac.Write([]byte(purpose + "\n" + text))
	return mac.Sum(nil)
}

// Resolve finds the keys of an access key id and the security token that came with
// it, for fcsign.Verifier. The error is that of a token that is wrong or too old;
// false is an id that isn't one of temporary keys.
func (i *Issuer) Resolve(id, token string) (fcsign.Keys, bool, error) {
	if !strings.HasPrefix(id, KeyPrefix) || token == "" {
		return fcsign.Keys{}, false, nil
	}
	t, ok := i.open(token)
	if !ok || t.KeyID != id {
		return fcsign.Keys{}, false, &fc.APIError{
			Status: http.StatusForbidden, Code: "InvalidSecurityToken", Message: "the security token does not belong to the access key",
		}
	}
	if i.now().Unix() >= t.Expires {
		return fcsign.Keys{}, false, &fc.APIError{
			Status: http.StatusForbidden, Code: "InvalidSecurityToken.Expired",
			Message: "the security token expired at " + time.Unix(t.Expires, 0).UTC().Format(time.RFC3339) + ": get a new one",
		}
	}
	return i.keys(t, token), true, nil
}

// Grant says what a token that was resolved stands for.
func (i *Issuer) Grant(token string) Grant {
	t, _ := i.open(token)
	return t.Grant
}

func (i *Issuer) open(token string) (t ticket, ok bool) {
	body, sum, _ := strings.Cut(token, ".")
	given, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || !hmac.Equal(given, i.mac("token", body)) {
		return ticket{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(text, &t) != nil {
		return ticket{}, false
	}
	return t, true
}
