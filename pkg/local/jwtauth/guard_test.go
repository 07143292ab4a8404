package jwtauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"s/pkg/fc"
)

func clock() time.Time { return time.Unix(1_800_000_000, 0) }

// pair is a key of a test: what signs, and its public part as a JSON Web Key.
type pair struct {
	signer any
	jwk    map[string]any
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// rsaKey makes a small key, which is quick.
func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1536)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// keyFor makes a key for an algorithm; kid may be empty.
func keyFor(t testing.TB, alg, kid string) pair {
	t.Helper()
	p := pair{jwk: map[string]any{"alg": alg, "use": "sig"}}
	if kid != "" {
		p.jwk["kid"] = kid
	}
	fill := func(m map[string]any) { maps.Copy(p.jwk, m) }
	switch alg[:2] {
	case "RS", "PS":
		k := rsaKey(t)
		p.signer = k
		fill(map[string]any{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())})
	case "ES":
		curve := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[alg]
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		p.signer = k
		fill(map[string]any{"kty": "EC", "crv": curve.Params().Name, "x": b64(point[1 : half+1]), "y": b64(point[half+1:])})
	case "Ed":
		public, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p.signer = crypto.Signer(k)
		fill(map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(public)})
	case "HS":
		secret := []byte("a secret of a test, long enough")
		p.signer = secret
		fill(map[string]any{"kty": "oct", "k": b64(secret)})
	}
	return p
}

// token signs claims with a key; header lays over the token's header.
func (p pair) token(t testing.TB, claims jwt.MapClaims, header map[string]any) string {
	t.Helper()
	made := jwt.NewWithClaims(jwt.GetSigningMethod(p.jwk["alg"].(string)), claims)
	if p.jwk["kid"] != nil {
		made.Header["kid"] = p.jwk["kid"]
	}
	maps.Copy(made.Header, header)
	text, err := made.SignedString(p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// settings renders a configuration.
func settings(over map[string]any, keys ...pair) string {
	list := []any{}
	for _, k := range keys {
		list = append(list, k.jwk)
	}
	doc := map[string]any{"jwks": map[string]any{"keys": list}, "tokenLookup": "header:Authorization:Bearer"}
	maps.Copy(doc, over)
	text, _ := json.Marshal(doc)
	return string(text)
}

func guard(t testing.TB, text string) *Guard {
	t.Helper()
	g, err := New(text, clock)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func bearer(text string) *http.Request {
	r := httptest.NewRequest("GET", "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+text)
	return r
}

// says checks that a request is refused, and why.
func says(t *testing.T, err error, want string) {
	t.Helper()
	var api *fc.APIError
	if !errors.As(err, &api) || api.Status != 403 || api.Code != fc.CodeAccessDenied || !strings.Contains(api.Message, want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms() {
		k, other := keyFor(t, alg, "k"), keyFor(t, alg, "k")
		if alg[:2] == "HS" {
			other.signer = []byte("another secret")
		}
		g := guard(t, settings(nil, k, keyFor(t, "RS256", "")))
		claims := jwt.MapClaims{"sub": "me", "exp": clock().Unix() + 1}
		if got, err := g.Check(bearer(k.token(t, claims, nil)), "/"); err != nil || got.claims["sub"] != "me" {
			t.Errorf("%s: %+v, %v", alg, got, err)
		}
		_, err := g.Check(bearer(other.token(t, claims, nil)), "/")
		says(t, err, "its signature does not fit")
		_, err = g.Check(bearer(k.token(t, jwt.MapClaims{"exp": clock().Unix()}, nil)), "/")
		says(t, err, "it has expired")
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	k, plain, es := keyFor(t, "RS256", "k"), keyFor(t, "HS256", ""), keyFor(t, "ES256", "e")
	g := guard(t, settings(nil, k, plain, es))
	good := k.token(t, jwt.MapClaims{"a": 1}, nil)
	parts := strings.Split(good, ".")
	none := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{})
	unsigned, err := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	// The public key as a secret: the oldest trick against RSA.
	trick := pair{signer: []byte(k.jwk["n"].(string)), jwk: map[string]any{"alg": "HS256", "kid": "k"}}
	for what, tt := range map[string]struct{ token, says string }{
		"none":              {"", "missing or malformed jwt: it is looked for in header Authorization"},
		"no token":          {"abc", "it is no token"},
		"two parts":         {parts[0] + "." + parts[1], "it is no token"},
		"another body":      {parts[0] + "." + b64([]byte(`{"a":2}`)) + "." + parts[2], "its signature does not fit"},
		"no signature":      {parts[0] + "." + parts[1] + ".", "its signature does not fit"},
		"alg none":          {unsigned, "signature"},
		"key as secret":     {trick.token(t, nil, nil), "its alg is not that of the key"},
		"another alg":       {pair{k.signer, map[string]any{"alg": "PS256", "kid": "k"}}.token(t, nil, nil), "its alg is not that of the key"},
		"unknown key":       {keyFor(t, "RS256", "z").token(t, nil, nil), "none of the keys has its kid"},
		"not yet":           {k.token(t, jwt.MapClaims{"nbf": clock().Unix() + 5}, nil), "it is not valid yet"},
		"exp that is text":  {k.token(t, jwt.MapClaims{"exp": "tomorrow"}, nil), "it can't be read"},
		"kid of another":    {es.token(t, nil, map[string]any{"kid": "k"}), "its alg is not that of the key"},
		"kid that is no id": {k.token(t, nil, map[string]any{"kid": 5}), "its alg is not that of the key"}, // as if it had none
	} {
		r := bearer(tt.token)
		if tt.token == "" {
			r.Header.Del("Authorization")
		}
		_, err := g.Check(r, "/")
		if err == nil {
			t.Errorf("%s got in", what)
			continue
		}
		says(t, err, tt.says)
	}
	for what, token := range map[string]string{
		"good": good, "without kid": plain.token(t, nil, nil), "never expires": k.token(t, jwt.MapClaims{"nbf": 5}, nil),
		"issued later": k.token(t, jwt.MapClaims{"iat": clock().Unix() + 100}, nil),
	} {
		if _, err := g.Check(bearer(token), "/"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhereTokensAre(t *testing.T) {
	t.Parallel()
	k := keyFor(t, "HS256", "")
	g := guard(t, settings(map[string]any{"tokenLookup": "header:X-Auth:Token, query:jwt,cookie:session,form:token,header:Bare"}, k))
	good := k.token(t, jwt.MapClaims{"a": "b"}, nil)
	form := func(body string) *http.Request {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		return r
	}
	header := func(name, value string) *http.Request {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.Header.Set(name, value)
		return r
	}
	plain := form("token=" + good)
	plain.Header.Set("Content-Type", "text/plain")
	for what, tt := range map[string]struct {
		r    *http.Request
		want bool
	}{
		"header":         {header("X-Auth", "Token "+good), true},
		"no prefix":      {header("X-Auth", good), false},
		"only a prefix":  {header("X-Auth", "Token "), false},
		"bare header":    {header("Bare", " "+good), true},
		"query":          {httptest.NewRequest("GET", "/?jwt="+good, http.NoBody), true},
		"cookie":         {header("Cookie", "a=b; session="+good), true},
		"form":           {form("x=1&token=" + good), true},
		"form elsewhere": {plain, false},
		"broken form":    {form("%zz"), false},
	} {
		if _, err := g.Check(tt.r, "/"); (err == nil) != tt.want {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The first that is there counts, even if a later one would be better.
	r := header("Cookie", "session="+good)
	r.Header.Set("X-Auth", "Token bad")
	_, err := g.Check(r, "/")
	says(t, err, "it is no token")
	// A form that was looked into is still there.
	r = form("x=1&token=" + good)
	if _, err := g.Check(r, "/"); err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "x=1&token="+good {
		t.Errorf("%s, %v", body, err)
	}
}

func TestPathsThatNeedATokenOrNone(t *testing.T) {
	t.Parallel()
	k := keyFor(t, "HS256", "")
	for _, tt := range []struct {
		list         string
		paths        []string
		free, needed string
	}{
		{"whitelist", []string{"/login/*", "/a"}, "/login/ /login/b/c /a", "/login /a/ / /b"},
		{"blacklist", []string{"/login/*", "/a"}, "/login /a/ / /b", "/login/ /login/b/c /a"},
		{"whitelist", nil, "", "/ /a"},
	} {
		g := guard(t, settings(map[string]any{tt.list: tt.paths}, k))
		for path := range strings.FieldsSeq(tt.free) {
			if got, err := g.Check(httptest.NewRequest("GET", "/", http.NoBody), path); err != nil || got != nil {
				t.Errorf("%s %v: %s needs a token: %v", tt.list, tt.paths, path, err)
			}
		}
		for path := range strings.FieldsSeq(tt.needed) {
			_, err := g.Check(httptest.NewRequest("GET", "/", http.NoBody), path)
			says(t, err, "missing or malformed jwt")
		}
	}
}

func TestClaimsAreHandedOn(t *testing.T) {
	t.Parallel()
	k := keyFor(t, "HS256", "")
	const passes = "header:name:X-Name,header:gone:X-Gone,query:uid:uid, cookie:role:role,cookie:more:more,form:name:who,header:list:X-List,query::,header:line:X-Line"
	g := guard(t, settings(map[string]any{"claimPassBy": passes}, k))
	r := httptest.NewRequest("POST", "/p?uid=forged&b=2", strings.NewReader("who=forged&c=3"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+k.token(t, jwt.MapClaims{
		"name": "Ä b", "uid": 12345678901234567, "role": "a b", "more": `"ü;"`, "list": []any{"x", 1, true}, "line": "a\r\nX-Forged: 1",
	}, nil))
	r.Header.Set("X-Name", "forged")
	r.Header.Set("X-Gone", "forged")
	r.Header.Set("Cookie", "role=forged; other=1")
	token, err := g.Check(r, "/p")
	if err != nil {
		t.Fatal(err)
	}
	out := *r
	out.Header = r.Header.Clone()
	before := *r.URL
	if err := token.Pass(&out); err != nil || !token.PassesForms() {
		t.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	got := []string{
		out.Header.Get("X-Name"), strings.Join(out.Header["X-Gone"], ","), out.URL.RawQuery, out.Header.Get("Cookie"), string(body),
		out.Header.Get("X-List"), fmt.Sprint(out.ContentLength == int64(len(body))), out.Header.Get("X-Line"),
	}
	want := []string{"Ä b", "", "b=2&uid=12345678901234567", `other=1; role="a b"; more=%22%C3%BC%3B%22`, "c=3&who=%C3%84+b", `["x",1,true]`, "true", "a  X-Forged: 1"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q\n%q %v", got, want, err)
	}
	if *r.URL != before || r.Header.Get("X-Name") != "forged" {
		t.Error("the request itself was changed")
	}
	var none *Token
	if err := none.Pass(r); err != nil || none.PassesForms() || r.Header.Get("X-Name") != "forged" {
		t.Error("a path without token hands something on")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	k := keyFor(t, "RS256", "a")
	changed := func(alg string, over map[string]any) string {
		p := keyFor(t, alg, "")
		maps.Copy(p.jwk, over)
		return settings(nil, p)
	}
	for _, tt := range []struct{ text, says string }{
		{"", "jwks is required"},
		{"{}", "jwks.keys is required"},
		{"[]", "can't be a array"},
		{"{", "it is not JSON"},
		{`{"jwks":5}`, "jwks can't be a number"},
		{`{"jwks":{"keys":[5]}}`, "jwks.keys[0] is no JSON Web Key"},
		{settings(nil, k, k), "jwks.keys[1]: kid 'a' is there twice"},
		{settings(nil, keyFor(t, "HS256", ""), keyFor(t, "HS512", "")), "jwks.keys[1]: kid '' is there twice"},
		{changed("RS256", map[string]any{"kty": "rsa"}), "kty 'rsa' is not one of"},
		{changed("RS256", map[string]any{"alg": ""}), "alg '' is not one of RS256"},
		{changed("RS256", map[string]any{"alg": "ES256"}), "alg 'ES256' is not one of RS256"},
		{changed("RS256", map[string]any{"use": "enc"}), "use 'enc' is not sig"},
		{changed("RS256", map[string]any{"n": "!"}), "n is not base64url"},
		{changed("RS256", map[string]any{"n": ""}), "n is required"},
		{changed("RS256", map[string]any{"n": "AQAB"}), "n has 17 bits"},
		{changed("RS256", map[string]any{"e": ""}), "e is required"},
		{changed("RS256", map[string]any{"e": "AQ"}), "e is no exponent"},
		{changed("RS256", map[string]any{"e": "BA"}), "e is no exponent"},
		{changed("ES256", map[string]any{"crv": "P-1"}), "crv 'P-1'"},
		{changed("ES256", map[string]any{"x": "AQAB"}), "must have 32 bytes"},
		{changed("ES256", map[string]any{"x": b64(make([]byte, 32))}), "no point of the curve"},
		{changed("ES256", map[string]any{"y": "!"}), "y is not base64url"},
		{changed("EdDSA", map[string]any{"crv": "X25519"}), "crv 'X25519'"},
		{changed("EdDSA", map[string]any{"x": "AQAB"}), "x must have 32 bytes"},
		{changed("HS256", map[string]any{"k": ""}), "k is required"},
		{settings(map[string]any{"tokenLookup": ""}, k), "tokenLookup is required"},
		{settings(map[string]any{"tokenLookup": "body:a"}, k), "tokenLookup has 'body:a'"},
		{settings(map[string]any{"tokenLookup": "header"}, k), "tokenLookup has 'header'"},
		{settings(map[string]any{"tokenLookup": "query:a:b"}, k), "tokenLookup has 'query:a:b'"},
		{settings(map[string]any{"tokenLookup": "header:a b"}, k), "tokenLookup has 'header:a b'"},
		{settings(map[string]any{"claimPassBy": "header:a"}, k), "claimPassBy has 'header:a'"},
		{settings(map[string]any{"claimPassBy": "body:a:b"}, k), "claimPassBy has 'body:a:b'"},
		{settings(map[string]any{"claimPassBy": "header:a:"}, k), "claimPassBy has 'header:a:'"},
		{settings(map[string]any{"claimPassBy": "header:a:b\n"}, k), ""},
		{settings(map[string]any{"claimPassBy": "header:a:b c"}, k), "claimPassBy has 'header:a:b c'"},
		{settings(map[string]any{"whitelist": []string{"/a"}, "blacklist": []string{"/b"}}, k), "exclude each other"},
		{settings(map[string]any{"whitelist": []string{"a"}}, k), "path 'a'"},
		{settings(map[string]any{"blacklist": []string{"/*/a"}}, k), "path '/*/a'"},
	} {
		switch _, err := New(tt.text, clock); {
		case tt.says == "" && err != nil, tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
			t.Errorf("%s: %v, want %s", tt.text, err, tt.says)
		}
	}
	// The names that the SDKs' comments have.
	text := strings.NewReplacer(`"jwks"`, `"JWKS"`, `"tokenLookup"`, `"TokenLookup"`).Replace(settings(nil, k))
	if _, err := guard(t, text).Check(bearer(k.token(t, nil, nil)), "/"); err != nil {
		t.Error(err)
	}
}

// FuzzConfig: a configuration is read or refused, whatever it is.
func FuzzConfig(f *testing.F) {
	f.Add(settings(map[string]any{"claimPassBy": "query:a:b", "whitelist": []string{"/*"}}, keyFor(f, "ES256", "e")))
	f.Add(settings(nil, keyFor(f, "RS256", ""), keyFor(f, "EdDSA", "e"), keyFor(f, "HS256", "h")))
	f.Add(`{"jwks":{"keys":[{"kty":"RSA","n":"","e":"AQAB"}]},"tokenLookup":","}`)
	f.Fuzz(func(t *testing.T, text string) {
		g, err := New(text, clock)
		if (g == nil) == (err == nil) {
			t.Fatalf("%v %v", g, err)
		}
		if g == nil {
			return
		}
		_, _ = g.Check(bearer("a.b.c"), "/") // must not panic
	})
}

// FuzzToken: nothing but what a key signed gets in, and what is handed on fits
// into a request.
func FuzzToken(f *testing.F) {
	k := keyFor(f, "HS256", "")
	g := guard(f, settings(map[string]any{"tokenLookup": "header:Authorization:Bearer,form:t", "claimPassBy": "header:a:X-A,cookie:a:a,query:a:a,form:a:a"}, k))
	good := k.token(f, jwt.MapClaims{"a": "b"}, nil)
	f.Add(good, "x=1", "value")
	f.Add("eyJhbGciOiJub25lIn0.e30.", "t="+good, "\r\nX: 1")
	f.Add("..", "%", "")
	f.Fuzz(func(t *testing.T, text, body, value string) {
		r := httptest.NewRequest("POST", "/?a=1", strings.NewReader(body))
		r.Header = http.Header{"Authorization": {"Bearer " + text}, "Content-Type": {"application/x-www-form-urlencoded"}}
		if _, err := g.Check(r, "/"); err == nil && !strings.HasPrefix(text, good[:strings.LastIndexByte(good, '.')]) && !strings.Contains(body, "t=") {
			t.Errorf("%q got in", text)
		}
		r = httptest.NewRequest("POST", "/?a=1", strings.NewReader(body))
		r.Header = http.Header{"Authorization": {"Bearer " + k.token(t, jwt.MapClaims{"a": value}, nil)}}
		token, err := g.Check(r, "/")
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Pass(r); err != nil {
			return // a form that can't be read
		}
		if strings.ContainsAny(r.Header.Get("X-A")+r.Header.Get("Cookie")+r.URL.RawQuery, "\r\n") {
			t.Errorf("%q is in two lines", value)
		}
	})
}
