package sts

import (
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

func TestIssuedKeysAreKnownAgain(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	first := NewIssuer([]byte("secret"), clock)
	grant := Grant{Role: "admin", Session: "me", Scope: "oss:b/k"}
	keys, expires := first.Issue(grant, time.Hour)
	if !strings.HasPrefix(keys.AccessKeyID, KeyPrefix) || !expires.Equal(now.Add(time.Hour)) || keys.Scope != "oss:b/k" {
		t.Errorf("%+v until %v", keys, expires)
	}
	again := NewIssuer([]byte("secret"), clock) // of a daemon that was started anew
	got, ok, err := again.Resolve(keys.AccessKeyID, keys.SecurityToken)
	if err != nil || !ok || got != keys || again.Grant(keys.SecurityToken) != grant {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	other, _ := first.Issue(grant, time.Hour)
	if other.AccessKeyID == keys.AccessKeyID || other.AccessKeySecret == keys.AccessKeySecret {
		t.Error("the same keys twice")
	}
	flipped := []byte(keys.SecurityToken)
	flipped[3] ^= 1
	tests := []struct{ name, id, token, code string }{
		{"another's token", other.AccessKeyID, keys.SecurityToken, "InvalidSecurityToken"},
		{"a changed token", keys.AccessKeyID, string(flipped), "InvalidSecurityToken"},
		{"a token cut off", keys.AccessKeyID, keys.SecurityToken[:20], "InvalidSecurityToken"},
		{"no token of ours", keys.AccessKeyID, "x.y", "InvalidSecurityToken"},
		{"no token", keys.AccessKeyID, "", ""},
		{"permanent keys", "LTAIx", keys.SecurityToken, ""},
	}
	for _, test := range tests {
		_, ok, err := first.Resolve(test.id, test.token)
		if ok || test.code == "" && err != nil || test.code != "" && !fc.IsCode(err, test.code) {
			t.Errorf("%s: %v, %v", test.name, ok, err)
		}
	}
	if _, _, err := NewIssuer([]byte("another"), clock).Resolve(keys.AccessKeyID, keys.SecurityToken); !fc.IsCode(err, "InvalidSecurityToken") {
		t.Errorf("another cloud: %v", err)
	}
	now = now.Add(time.Hour - time.Second)
	if _, ok, err := first.Resolve(keys.AccessKeyID, keys.SecurityToken); !ok || err != nil {
		t.Errorf("before the end: %v", err)
	}
	now = now.Add(time.Second)
	if _, ok, err := first.Resolve(keys.AccessKeyID, keys.SecurityToken); ok || !fc.IsCode(err, "InvalidSecurityToken.Expired") {
		t.Errorf("at the end: %v", err)
	}
}

// FuzzResolve: no token is taken that wasn't given.
func FuzzResolve(f *testing.F) {
	issuer := NewIssuer([]byte("secret"), nil)
	keys, _ := issuer.Issue(Grant{}, time.Hour)
	f.Add(keys.AccessKeyID, keys.SecurityToken+".")
	f.Add("STS.x", ".")
	f.Fuzz(func(t *testing.T, id, token string) {
		if _, ok, _ := NewIssuer([]byte("another"), nil).Resolve(id, token); ok {
			t.Errorf("%q with %q passes", id, token)
		}
		issuer.Grant(token)
	})
}
