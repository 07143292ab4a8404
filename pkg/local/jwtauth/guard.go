// Package jwtauth checks the bearer tokens of HTTP requests as Function Compute
// does for authType jwt: by keys, places to look and paths that a trigger or a
// custom domain names, and hands claims on to the function (documentation
// "Configure JWT authentication").
package jwtauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"s/pkg/fc"
	"s/pkg/local/route"
)

// Guard checks tokens. It is safe for concurrent use.
type Guard struct {
	keys   map[string]key // by key id; one may have none
	tokens []place
	claims []claim
	// without are paths that need no token, only those that alone do.
	without, only []string
	parser        *jwt.Parser
}

// config is authConfig of an HTTP trigger and authInfo of a custom domain. The
// names count in any case: the SDKs write JWKS, TokenLookup and ClaimPassBy.
type config struct {
	JWKS struct {
		Keys []json.RawMessage `json:"keys"`
	} `json:"jwks"`
	TokenLookup string   `json:"tokenLookup"`
	ClaimPassBy string   `json:"claimPassBy"`
	Whitelist   []string `json:"whitelist"`
	Blacklist   []string `json:"blacklist"`
}

// New reads a configuration, JSON; now is the clock. An error names the field
// that is wrong.
func New(text string, now func() time.Time) (*Guard, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("jwks is required")
	}
	var c config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s can't be a %s", wrong.Field, wrong.Value)
		}
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if len(c.Whitelist) > 0 && len(c.Blacklist) > 0 {
		return nil, errors.New("whitelist and blacklist exclude each other")
	}
	for _, path := range slices.Concat(c.Whitelist, c.Blacklist) {
		if star := strings.IndexByte(path, '*'); !strings.HasPrefix(path, "/") || star >= 0 && star != len(path)-1 {
			return nil, fmt.Errorf("path '%s' of whitelist or blacklist must begin with / and can have * at its end only", path)
		}
	}
	g := &Guard{without: c.Whitelist, only: c.Blacklist}
	var err error
	if g.keys, err = readKeys(c.JWKS.Keys); err != nil {
		return nil, err
	}
	if g.tokens, err = readPlaces(c.TokenLookup); err != nil {
		return nil, err
	}
	if g.claims, err = readClaims(c.ClaimPassBy); err != nil {
		return nil, err
	}
	g.parser = jwt.NewParser(jwt.WithTimeFunc(now), jwt.WithValidMethods(algorithms()), jwt.WithJSONNumber())
	return g, nil
}

// Token is what a request carried: its claims, and where they go. Nil is that of
// a path that needs none.
type Token struct {
	guard  *Guard
	claims jwt.MapClaims
}

// Check looks for a request's token and checks it, unless its path, unescaped,
// needs none. It reads a form out of the body, and puts that back. The errors are
// *fc.APIError.
func (g *Guard) Check(r *http.Request, path string) (*Token, error) {
	if !g.needed(path) {
		return nil, nil //nolint:nilnil // both say that there is no token
	}
	text, err := g.find(r)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, refused("missing or malformed jwt: it is looked for in " + g.lookedFor())
	}
	claims := jwt.MapClaims{}
	if _, err := g.parser.ParseWithClaims(text, claims, g.keyOf); err != nil {
		return nil, refused("invalid or expired jwt: " + reason(err))
	}
	return &Token{g, claims}, nil
}

func (g *Guard) needed(path string) bool {
	fits := func(pattern string) bool { return route.Matches(pattern, path) }
	if len(g.only) > 0 {
		return slices.ContainsFunc(g.only, fits)
	}
	return !slices.ContainsFunc(g.without, fits)
}

// refused is the answer to a request whose token is missing or no good. Status
// and code aren't documented: they are those of requests that aren't signed well.
func refused(message string) error {
	return &fc.APIError{Status: http.StatusForbidden, Code: fc.CodeAccessDenied, Message: message}
}

// reason says what is wrong with a token, without what the library says of itself.
func reason(err error) string {
	for _, known := range []struct {
		is   error
		says string
	}{
		{jwt.ErrTokenExpired, "it has expired"},
		{jwt.ErrTokenNotValidYet, "it is not valid yet"},
		{errNoKey, "none of the keys has its kid"},
		{errAlgorithm, "its alg is not that of the key"},
		{jwt.ErrTokenMalformed, "it is no token"},
		{jwt.ErrTokenSignatureInvalid, "its signature does not fit the key"},
	} {
		if errors.Is(err, known.is) {
			return known.says
		}
	}
	return "it can't be read"
}

// keyOf finds the key with the id that a token names; a token without goes with
// the key without.
func (g *Guard) keyOf(t *jwt.Token) (any, error) {
	id, _ := t.Header["kid"].(string)
	k, ok := g.keys[id]
	switch {
	case !ok:
		return nil, errNoKey
	case k.alg != t.Method.Alg():
		return nil, errAlgorithm
	}
	return k.key, nil
}
