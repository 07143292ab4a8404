package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	var unreachable *fcclient.UnreachableError
	if errors.As(err, &unreachable) {
		hint := "is the network up, and the region right?"
		if unreachable.NoHost() {
			hint = "there is no host of that name: is the region right, and does this network resolve names?"
		}
		if target != nil && target.Local {
			hint = "s local status"
		}
		return WithHint(ExitFailed, err, hint)
	}
	return err
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
	if target != nil && target.Credentials.Alias != "" {
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
	return ""
}
