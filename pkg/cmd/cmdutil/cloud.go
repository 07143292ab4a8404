package cmdutil

import (
	"context"
	"errors"

	"s/pkg/access"
	"s/pkg/fc"
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

// apiHint is what helps against the refusals that users meet.
func apiHint(api *fc.APIError, target *Target) string {
	alias := "these credentials"
	if target != nil && target.Credentials.Alias != "" {
		alias = "access " + target.Credentials.Alias
	}
	switch api.Code {
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
