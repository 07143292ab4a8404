package fc

import (
	"net/http"
	"time"
)

// Invocation types (header x-fc-invocation-type).
const (
	InvocationSync  = "Sync"
	InvocationAsync = "Async"
)

// Error types of a failed function (header X-Fc-Error-Type).
const (
	ErrorTypeHandled        = "HandledInvocationError"
	ErrorTypeUnhandled      = "UnhandledInvocationError"
	ErrorTypeInitialization = "InitializationError"
	ErrorTypeTimeout        = "FunctionTimeoutError"
	ErrorTypeOOM            = "FunctionOOMError"
)

// Header names of InvokeFunction and of the headers given to functions.
const (
	HeaderRequestID      = "X-Fc-Request-Id"
	HeaderInvocationType = "X-Fc-Invocation-Type"
	HeaderLogType        = "X-Fc-Log-Type"
	HeaderLogResult      = "X-Fc-Log-Result"
	HeaderErrorType      = "X-Fc-Error-Type"
	HeaderDuration       = "X-Fc-Invocation-Duration"
	HeaderMaxMemory      = "X-Fc-Max-Memory-Usage"
	HeaderCodeChecksum   = "X-Fc-Code-Checksum"
	HeaderInstanceID     = "X-Fc-Instance-Id"
	HeaderVersion        = "X-Fc-Invocation-Service-Version"
	HeaderStatus         = "X-Fc-Status"
	HeaderControlPath    = "X-Fc-Control-Path"
	HeaderAsyncTaskID    = "X-Fc-Async-Task-Id"
	// HeaderRegion chooses the region at an endpoint that serves all of them,
	// as the local cloud does. FC itself ignores it.
	HeaderRegion = "X-Fc-Region"
	// HeaderLogSession asks the local cloud to send the log lines of this
	// invocation to the log stream that was opened under the same name. FC
	// itself ignores it.
	HeaderLogSession = "X-S-Log-Session"
)

// InvokeResult is what an invocation gave. A function error is a result, not a
// Go error: ErrorType is set and Body holds the function's own error document.
type InvokeResult struct {
	RequestID    string
	StatusCode   int
	Header       http.Header // of an HTTP trigger's answer alone
	Body         []byte
	ErrorType    string
	LogTail      string // the last 4 KB of the request's logs, decoded
	InstanceID   string
	CodeChecksum string
	Version      string
	AsyncTaskID  string
	Duration     time.Duration
	MaxMemoryMB  float64
	MemorySizeMB int
}
