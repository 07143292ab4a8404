// Package access finds the credentials that a command uses: by alias, from the
// environment, or from the profile of the Alibaba Cloud CLI. A value of it
// never shows a secret when it is printed.
package access

import (
	"errors"
	"fmt"
)

// LocalAlias is the alias of the local cloud. It is built in and needs no
// account.
const LocalAlias = "local"

// ErrNotFound is wrapped by errors that say there are no credentials.
var ErrNotFound = errors.New("no credentials")

// Credentials is a key pair of an account.
type Credentials struct {
	Alias           string // where it comes from: an alias or "$system_environment_access"
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

// Mask hides a secret: all of it up to eight characters, else all but the
// first and last three.
func Mask(secret string) string {
	if len(secret) <= 8 {
		return "***"
	}
	return secret[:3] + "***" + secret[len(secret)-3:]
}
