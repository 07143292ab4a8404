package rapi

import (
	"fmt"
	"strconv"
	"time"
)

// Type says which function of the user's is to be called (header
// x-fc-function-type).
type Type int

// The types of an invocation.
const (
	Handler Type = iota
	Initializer
	PreStop
	PreFreeze
)

// Invocation is what a language runtime gets to do.
type Invocation struct {
	RequestID  string
	Type       Type
	Handler    string    // of the handler or hook to call
	Deadline   time.Time // when the time is over
	Timeout    int       // seconds
	RetryCount int
	// HTTPParams, if not empty, makes it an FC 2.0 HTTP invocation: base64 of a
	// JSON object (header x-fc-http-params).
	HTTPParams  string
	ContentType string // of the event; empty is application/octet-stream
	ClientIP    string
	Event       []byte
	// Lines are more lines of the answer to next, as AppendHeader makes them.
	Lines []byte
}

// Reply is what a language runtime posted.
type Reply struct {
	Body []byte
	// Failed is set if it was posted to /error: Body is the error document.
	Failed bool
	// HTTPParams is the status and headers of an FC 2.0 HTTP invocation, base64
	// of JSON; empty otherwise.
	HTTPParams string
	// ErrorType is the header x-fc-error-type of the post: how a language runtime
	// says that the function reported the error itself. Empty if it has none.
	ErrorType string
}

// Call is an invocation under way.
type Call struct {
	inv     *Invocation
	state   callState // guarded by the server's mutex
	handed  time.Time
	arrived time.Time
	done    chan struct{}
	reply   Reply
	err     error
}

type callState uint8

const (
	queued callState = iota // no client has asked for it yet
	handed                  // a client works on it
	ended
)

// Done is closed when the invocation has ended; then Reply, Duration and Handed
// may be called.
func (c *Call) Done() <-chan struct{} { return c.done }

func (c *Call) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Reply is what the runtime answered. The error is the one that Close was given
// if the runtime ended first, or a *TooLargeError.
func (c *Call) Reply() (Reply, error) { return c.reply, c.err }

// Duration is the time from handing the invocation out until it had ended; 0 if
// nobody took it.
func (c *Call) Duration() time.Duration {
	if c.handed.IsZero() {
		return 0
	}
	return c.arrived.Sub(c.handed)
}

// Deadline is when the time of the invocation is over.
func (c *Call) Deadline() time.Time { return c.inv.Deadline }

// Handed reports whether a client took the invocation.
func (c *Call) Handed() bool { return !c.handed.IsZero() }

// TooLargeError is a result over the limit.
type TooLargeError struct {
	Size  int64 // bytes; -1 if the client didn't say
	Limit int64
}

// Error names size and limit.
func (e *TooLargeError) Error() string {
	if e.Size < 0 {
		return fmt.Sprintf("the result is larger than %d bytes", e.Limit)
	}
	return fmt.Sprintf("the result of %d bytes is larger than %d bytes", e.Size, e.Limit)
}

// AppendHeader appends a line of an HTTP header to b. What would end the line
// in the value becomes a space.
func AppendHeader(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	for i := range len(value) {
		c := value[i]
		if c < ' ' && c != '\t' || c == 0x7f {
			c = ' '
		}
		b = append(b, c)
	}
	return append(b, "\r\n"...)
}

// appendNext appends the head of the answer to next; fixed are the lines that
// are the same for every invocation.
func appendNext(b, fixed []byte, inv *Invocation) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(inv.Event)), 10)
	b = append(b, "\r\nContent-Type: "...)
	if inv.ContentType == "" {
		b = append(b, "application/octet-stream\r\n"...)
	} else {
		b = AppendHeader(b[:len(b)-len("Content-Type: ")], "Content-Type", inv.ContentType)
	}
	b = AppendHeader(b, "x-fc-request-id", inv.RequestID)
	b = appendInt(b, "x-fc-function-type", int64(inv.Type))
	b = AppendHeader(b, "x-fc-function-handler", inv.Handler)
	b = appendInt(b, "x-fc-function-deadline", inv.Deadline.UnixMilli())
	b = appendInt(b, "x-fc-function-timeout", int64(inv.Timeout))
	b = appendInt(b, "x-fc-retry-count", int64(inv.RetryCount))
	if inv.HTTPParams != "" {
		b = AppendHeader(b, "x-fc-http-params", inv.HTTPParams)
	}
	if inv.ClientIP != "" {
		b = AppendHeader(b, "x-fc-client-ip", inv.ClientIP)
	}
	b = append(b, fixed...)
	b = append(b, inv.Lines...)
	return append(b, "\r\n"...)
}

func appendInt(b []byte, name string, n int64) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = strconv.AppendInt(b, n, 10)
	return append(b, "\r\n"...)
}
