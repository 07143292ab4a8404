package fcsign

import (
	"errors"
	"fmt"
	"net/http"

	"s/pkg/fc"
)

// WithTokens lets a verifier know temporary keys besides those that it looks up.
// resolve is asked for an access key id that isn't known, with the security token of
// the request; its error is the answer, and false means that these are no keys of
// its. It must be called before the first request.
func (v *Verifier) WithTokens(resolve func(accessKeyID, token string) (Keys, bool, error)) *Verifier {
	v.tokens = resolve
	return v
}

// find gives the keys that a request is signed with; the error has FC's code.
func (v *Verifier) find(id, token string) (Keys, error) {
	if keys, ok := v.lookup(id); ok {
		return keys, nil
	}
	if v.tokens != nil {
		if keys, ok, err := v.tokens(id, token); ok || err != nil {
			return keys, err
		}
	}
	return Keys{}, &fc.APIError{
		Status: http.StatusForbidden, Code: fc.CodeInvalidAccessKeyID,
		Message: fmt.Sprintf("invalid access key ID '%s'", id),
	}
}

// tokenOf is the security token that came with a request of one of FC's families.
func tokenOf(r *http.Request, scheme Scheme) string {
	if scheme == SchemeFC {
		return r.Header.Get(headerFCToken)
	}
	return r.Header.Get(headerACSToken)
}

// recoded is what another service says in place of a code of FC's.
type recoded struct {
	status int
	code   string
}

func recode(err error, codes map[string]recoded) error {
	var api *fc.APIError
	if !errors.As(err, &api) {
		return err
	}
	out := *api
	if other, ok := codes[api.Code]; ok {
		out.Status, out.Code = other.status, other.code
	}
	return &out
}
