package invokecmd

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"s/pkg/cmd/cmdutil"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/spec"
)

// The frame around a function's log, as the tools that s stands beside print
// it. Scripts look for these lines, so they are not translated.
const (
	logsBegin = "========= FC invoke Logs begin ========="
	logsEnd   = "========= FC invoke Logs end ========="
)

// view shows one invocation. The frame opens with the first line, so that a
// call that never reached the function shows none.
type view struct {
	*Options
	quiet bool // no log on stderr
	open  bool
}

func newView(o *Options) *view {
	return &view{Options: o, quiet: o.Silent || o.Settings.Output != cmdutil.OutputDefault}
}

// line shows a line of the log.
func (v *view) line(text string) {
	if v.quiet {
		return
	}
	v.begin()
	fmt.Fprintln(v.IO.ErrOut, text)
}

func (v *view) begin() {
	if !v.open {
		v.open = true
		fmt.Fprintln(v.IO.ErrOut, v.IO.Magenta(logsBegin))
	}
}

// asked shows the URL that a request goes to.
func (v *view) asked(target invoke.Target, request *fcclient.HTTPCall) error {
	caller, can := target.(invoke.Caller)
	if request == nil || v.quiet || !can {
		return nil
	}
	address, err := caller.HTTPURL(*request)
	if err != nil {
		return err
	}
	v.fact("Request url", address)
	return nil
}

// end closes the frame, if it is open, below the line of measurements.
func (v *view) end(summary string) {
	if !v.open {
		return
	}
	if summary != "" {
		fmt.Fprintf(v.IO.ErrOut, "\n%s\n", summary)
	}
	fmt.Fprintln(v.IO.ErrOut, v.IO.Magenta(logsEnd))
	v.open = false
}

// show prints the outcome, or gives it as data. A failed function gives exit
// code 6.
func (v *view) show(o *invoke.Outcome) (any, error) {
	if v.Settings.Output != cmdutil.OutputDefault {
		return document(o), failed(o)
	}
	if v.async() {
		return queued{o.RequestID, o.AsyncTaskID}, nil
	}
	if !v.quiet {
		v.facts(o)
	}
	if err := v.body(o.Body); err != nil {
		return nil, err
	}
	if o.Failed() && !v.quiet {
		v.failure(o)
	}
	return nil, failed(o)
}

// facts closes the log and shows what is known about the call.
func (v *view) facts(o *invoke.Outcome) {
	v.begin()
	summary := o.Summary()
	if o.Summed {
		summary = "" // FC wrote it into the log
	}
	v.end(summary)
	fmt.Fprintln(v.IO.ErrOut)
	v.fact("Invoke instanceId", o.InstanceID)
	v.fact("Code Checksum", o.CodeChecksum)
	v.fact("Qualifier", o.Version)
	v.fact("RequestId", o.RequestID)
	if o.Header != nil {
		v.fact("Status", strings.TrimSpace(strconv.Itoa(o.StatusCode)+" "+http.StatusText(o.StatusCode)))
	}
	if v.IO.IsStdoutTTY() && v.IO.IsStderrTTY() {
		fmt.Fprintf(v.IO.ErrOut, "\n%s\n", v.IO.Bold("Invoke Result:"))
	}
}

func (v *view) fact(name, value string) {
	if value != "" {
		fmt.Fprintf(v.IO.ErrOut, "%s %s\n", v.IO.Bold(name+":"), v.IO.Green(value))
	}
}

// body writes the result as it is; people get their prompt, and several functions
// their results, on a line of its own.
func (v *view) body(body []byte) error {
	if _, err := v.IO.Out.Write(body); err != nil {
		return err
	}
	if (v.IO.IsStdoutTTY() || v.several) && len(body) > 0 && !bytes.HasSuffix(body, []byte("\n")) {
		_, err := v.IO.Out.Write([]byte("\n"))
		return err
	}
	return nil
}

// failure shows the error type and the traceback. The error document itself is
// the result and went to stdout.
func (v *view) failure(o *invoke.Outcome) {
	fmt.Fprintf(v.IO.ErrOut, "%s %s\n", v.IO.Bold("Error Type:"), v.IO.Red(o.ErrorType))
	if failure, ok := invoke.ReadFailure(o.Body); ok {
		fmt.Fprintln(v.IO.ErrOut, v.IO.Red(failure.Text()))
	}
}

func failed(o *invoke.Outcome) error {
	if o.Failed() {
		return &cmdutil.Error{Err: errors.New(o.ErrorType), Code: cmdutil.ExitFunction, Quiet: true}
	}
	return nil
}

// queued is what an asynchronous call prints.
type queued struct {
	RequestID   string `json:"requestId"`
	AsyncTaskID string `json:"asyncTaskId,omitempty"`
}

// outcomeDocument is the -o json form of a call. Times are in milliseconds,
// memory in MB.
type outcomeDocument struct {
	RequestID       string      `json:"requestId"`
	StatusCode      int         `json:"statusCode"`
	Headers         http.Header `json:"headers,omitempty"` // of an HTTP function of FC 2.0
	Body            string      `json:"body"`
	IsBase64Encoded bool        `json:"isBase64Encoded,omitempty"` // the body is no text
	ErrorType       string      `json:"errorType,omitempty"`
	Logs            []string    `json:"logs"`
	InstanceID      string      `json:"instanceId,omitempty"`
	CodeChecksum    string      `json:"codeChecksum,omitempty"`
	Qualifier       string      `json:"qualifier,omitempty"`
	AsyncTaskID     string      `json:"asyncTaskId,omitempty"`
	Duration        float64     `json:"duration"`
	BilledDuration  int64       `json:"billedDuration"`
	MemorySize      int         `json:"memorySize,omitempty"`
	MaxMemoryUsed   float64     `json:"maxMemoryUsed"`
}

func document(o *invoke.Outcome) outcomeDocument {
	d := outcomeDocument{
		RequestID: o.RequestID, StatusCode: o.StatusCode, Headers: o.Header, Body: string(o.Body), ErrorType: o.ErrorType, Logs: o.Logs,
		InstanceID: o.InstanceID, CodeChecksum: o.CodeChecksum, Qualifier: o.Version, AsyncTaskID: o.AsyncTaskID,
		Duration: float64(o.Duration) / float64(time.Millisecond), BilledDuration: o.BilledMS(),
		MemorySize: o.MemorySizeMB, MaxMemoryUsed: o.MaxMemoryMB,
	}
	if !utf8.Valid(o.Body) {
		d.Body, d.IsBase64Encoded = base64.StdEncoding.EncodeToString(o.Body), true
	}
	if d.Logs == nil {
		d.Logs = []string{}
	}
	return d
}

// keepsLogs reports whether s.yaml has a place for what a function prints.
func keepsLogs(r *spec.Resource) bool {
	return r.Function.LogConfig != nil || r.Auto.Log != nil || r.Service != nil && r.Service.LogConfig != nil
}
