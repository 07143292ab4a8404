package fc

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Error codes that clients act on (FC API reference, error codes).
const (
	CodeInvalidArgument         = "InvalidArgument"
	CodeAccessDenied            = "AccessDenied"
	CodeSignatureNotMatch       = "SignatureNotMatch"
	CodeInvalidAccessKeyID      = "InvalidAccessKeyID"
	CodeMissingRequiredHeader   = "MissingRequiredHeader"
	CodePathNotSupported        = "PathNotSupported"
	CodeEntityTooLarge          = "EntityTooLarge"
	CodeLimitExceeded           = "LimitExceededError"
	CodeServiceNotFound         = "ServiceNotFound"
	CodeServiceAlreadyExists    = "ServiceAlreadyExists"
	CodeServiceNotEmpty         = "ServiceNotEmpty"
	CodeFunctionNotFound        = "FunctionNotFound"
	CodeFunctionAlreadyExists   = "FunctionAlreadyExists"
	CodeFunctionNotEmpty        = "FunctionNotEmpty"
	CodeTriggerNotFound         = "TriggerNotFound"
	CodeTriggerAlreadyExists    = "TriggerAlreadyExists"
	CodeVersionNotFound         = "VersionNotFound"
	CodeVersionPublishError     = "VersionPublishError"
	CodeAliasNotFound           = "AliasNotFound"
	CodeAliasAlreadyExists      = "AliasAlreadyExists"
	CodeAdditionalHasMajor      = "AdditionalVersionContainsMajorVersion"
	CodeDomainNameNotFound      = "DomainNameNotFound"
	CodeDomainNameAlreadyExists = "DomainNameAlreadyExists"
	CodePreconditionFailed      = "PreconditionFailed"
	CodeFunctionNotStarted      = "FunctionNotStarted"
	CodeCAExited                = "CAExited"
	CodeCAFileNotFound          = "CAFileNotFound"
	CodeResourceExhausted       = "ResourceExhausted"
	CodeResourceThrottled       = "ResourceThrottled"
	CodeInternalServerError     = "InternalServerError"
)

// Codes of temporary keys whose time is over (STS, error codes).
const (
	CodeTokenExpired    = "InvalidSecurityToken.Expired"
	CodeTokenExpiredOld = "SecurityTokenExpired"
	CodeTokenMalformed  = "InvalidSecurityToken.Malformed"
)

// CodeInvocationDisabled is the code of an invocation of a function that was
// disabled, at the local cloud; Function Compute's own isn't documented.
const CodeInvocationDisabled = "FunctionInvocationDisabled"

// APIError is an answer of the FC API that isn't a success. It keeps what a
// user needs to ask about it: the code and the request id.
type APIError struct {
	Status    int    // HTTP status
	Code      string // e.g. FunctionNotFound
	Message   string
	RequestID string
	Date      time.Time // of the answer, by the service's clock; zero isn't known
}

// Error gives code, message and request id.
func (e *APIError) Error() string {
	if e.RequestID == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s (request id %s)", e.Code, e.Message, e.RequestID)
}

// IsCode reports whether err is, or wraps, an APIError with one of the codes.
func IsCode(err error, codes ...string) bool {
	var api *APIError
	if !errors.As(err, &api) {
		return false
	}
	return slices.Contains(codes, api.Code)
}

// IsNotFound reports whether err says that a resource isn't there.
func IsNotFound(err error) bool {
	var api *APIError
	return errors.As(err, &api) && api.Status == 404
}
