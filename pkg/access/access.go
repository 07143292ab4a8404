// Package access finds the credentials that a command uses: by alias, from the
// environment, or from the profile of the Alibaba Cloud CLI. A value of it
// never shows a secret when it is printed. It reads files and the environment
// that it is given, and nothing else.
package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// LocalAlias is the alias of the local cloud. It is built in and needs no
// account.
const LocalAlias = "local"

// EnvironmentAlias is the alias shown for credentials out of the environment.
const EnvironmentAlias = "$system_environment_access"

// ErrNotFound is wrapped by errors that say there are no credentials.
var ErrNotFound = errors.New("no credentials")

// NotFoundError says where credentials were looked for in vain. It wraps
// ErrNotFound.
type NotFoundError struct {
	Alias  string   // empty if the default one was meant
	Looked []string // places, in the order of the search
}

// Error names the alias and the places.
func (e *NotFoundError) Error() string {
	what := "no credentials"
	if e.Alias != "" {
		what = fmt.Sprintf("no credentials for access %q", e.Alias)
	}
	return what + ": looked at " + strings.Join(e.Looked, ", ")
}

// Unwrap gives ErrNotFound.
func (e *NotFoundError) Unwrap() error { return ErrNotFound }

// Credentials is a key pair of an account. It prints without its secrets in
// every way that fmt and encoding/json know.
type Credentials struct {
	Alias           string // where it comes from: an alias or EnvironmentAlias
	AccountID       string
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
}

// String shows the key id's first and last three characters, and no secret.
func (c Credentials) String() string {
	return fmt.Sprintf("%s (account %s, key %s)", c.Alias, c.AccountID, Mask(c.AccessKeyID))
}

// GoString is String: %#v shows no secret either.
func (c Credentials) GoString() string { return c.String() }

// Format is String for every verb, so that %d or %x show no secret either.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalJSON shows what String shows.
func (c Credentials) MarshalJSON() ([]byte, error) {
	shown := struct {
		Alias       string `json:"alias"`
		AccountID   string `json:"accountId"`
		AccessKeyID string `json:"accessKeyId"`
	}{c.Alias, c.AccountID, Mask(c.AccessKeyID)}
	return json.Marshal(shown)
}

// MarshalText shows what String shows: for encoders other than JSON.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Field gives a field by the name that ${config('...')} has for it. ok is false
// for a field there isn't.
func (c Credentials) Field(name string) (value string, ok bool) {
	switch name {
	case "AccountID":
		return c.AccountID, true
	case "AccessKeyID":
		return c.AccessKeyID, true
	case "AccessKeySecret":
		return c.AccessKeySecret, true
	case "SecurityToken":
		return c.SecurityToken, true
	}
	return "", false
}

// complete reports whether requests can be signed with it.
func (c Credentials) complete() bool { return c.AccessKeyID != "" && c.AccessKeySecret != "" }

// Mask hides a secret: all of it up to eight characters, else all but the
// first and last three.
func Mask(secret string) string {
	runes := []rune(secret)
	if len(runes) <= 8 {
		return "***"
	}
	return string(runes[:3]) + "***" + string(runes[len(runes)-3:])
}
