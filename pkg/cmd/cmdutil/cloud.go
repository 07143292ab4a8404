package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/fcclient"
)

// CloudError gives an error of the FC API its exit code and a hint. Errors that
// have one, and interruptions, are left as they are.
func CloudError(err error, target *Target) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var api *fc.APIError
	if errors.As(err, &api) {
		return WithHint(ExitCloud, err, apiHint(api, target))
	}
	var foreign *fcclient.ForeignError
	if errors.As(err, &foreign) {
		return WithHint(ExitFailed, err, foreignHint(foreign))
	}
	var unreachable *fcclient.UnreachableError
	if errors.As(err, &unreachable) {
		return WithHint(ExitFailed, err, unreachableHint(unreachable, target))
	}
	return err
}

// proxyHint is what helps if a proxy is in the way.
const proxyHint = "check HTTPS_PROXY and HTTP_PROXY; hosts in NO_PROXY are reached without them"

// foreignHint is what helps if something else than the service answers.
func foreignHint(foreign *fcclient.ForeignError) string {
	switch {
	case foreign.Proxy == "" && foreign.Status >= http.StatusInternalServerError:
		return "a proxy or gateway on the way is in trouble: try again later"
	case foreign.Proxy != "":
		return Hints("the proxy, or something behind it, answers instead of the service", proxyHint)
	}
	return "a proxy or the login page of a network answers: open a web page in a browser"
}

// unreachableHint is what helps if nothing answers.
func unreachableHint(unreachable *fcclient.UnreachableError, target *Target) string {
	switch {
	case target != nil && target.Local:
		return "s local status"
	case unreachable.Untrusted():
		return "if a proxy of your company looks into connections, set SSL_CERT_FILE to the file with its certificate"
	case unreachable.Proxy != "":
		return proxyHint
	case unreachable.NoHost():
		return "there is no host of that name: is the region right, and does this network resolve names?"
	}
	return "check that the network is up and the region is right"
}

// UnsureHint is the error of a request of which nobody knows whether it was carried
// out, with what tells; other errors are left as they are.
func UnsureHint(err error, target *Target, tells string) error {
	var known *Error
	if errors.As(err, &known) || !fcclient.Unsure(err) {
		return err
	}
	err = CloudError(err, target)
	if !errors.As(err, &known) {
		return err
	}
	return WithHint(known.Code, err, Hints(tells, known.Hint))
}

// Hints puts hints below one another; empty ones are left out.
func Hints(hints ...string) string {
	return strings.Join(slices.DeleteFunc(hints, func(h string) bool { return h == "" }), "\n")
}

// SealedHint is what helps if the keyring doesn't give the secret of an alias.
func SealedHint(sealed *access.SealedError) string {
	return "unlock the keyring, or keep the key anew: s config add -a " + sealed.Alias + " --force"
}

// clockOff says by how much the clock of this machine differs from the service's, if
// that is why a request was refused; else nothing.
func clockOff(api *fc.APIError, now time.Time) string {
	if api.Date.IsZero() || api.Status != http.StatusForbidden && api.Status != http.StatusBadRequest {
		return ""
	}
	off := now.Sub(api.Date).Round(time.Second)
	if off.Abs() < fcsign.MaxSkew-time.Minute {
		return ""
	}
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("the clock of this machine is %s %s the service's, and at most %d minutes are allowed: set it, or let it be set (timedatectl set-ntp true)",
		off.Abs(), direction, int(fcsign.MaxSkew.Minutes()))
}

// apiHint is what helps against the refusals that users meet.
func apiHint(api *fc.APIError, target *Target) string {
	alias := "these credentials"
	switch {
	case target == nil || target.Credentials.Alias == "":
	case target.Credentials.Alias == access.EnvironmentAlias:
		alias = "the environment's variables"
	default:
		alias = "access " + target.Credentials.Alias
	}
	if off := clockOff(api, time.Now()); off != "" {
		return off
	}
	switch api.Code {
	case fc.CodeTokenExpired, fc.CodeTokenExpiredOld:
		return "the temporary keys of " + alias + " have expired: get new ones, or choose another access with -a"
	case fc.CodeTokenMalformed:
		return "the security token of " + alias + " is wrong: get new temporary keys, or choose another access with -a"
	case fc.CodeInvalidAccessKeyID, fc.CodeSignatureNotMatch:
		return "the key pair of " + alias + " is wrong; choose another one with -a, or -a local"
	case fc.CodeAccessDenied:
		return alias + " may not do that: grant it AliyunFCFullAccess, or choose another one with -a"
	case fc.CodeResourceExhausted, fc.CodeResourceThrottled:
		return "try again later, or raise the quota"
	case fc.CodeFunctionNotFound, fc.CodeServiceNotFound:
		return "s deploy"
	}
	switch {
	case api.Status == http.StatusTooManyRequests:
		return "try again later, or raise the quota"
	case api.Status >= http.StatusInternalServerError && api.RequestID != "":
		return "the service fails: try again later, and if it goes on, ask with the request id"
	}
	return ""
}
