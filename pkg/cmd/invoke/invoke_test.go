package invokecmd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/invoke"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// world has a deployed function that echoes.
func world(t *testing.T, edition string) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, edition)
	ctx := context.Background()
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	desired := deploy.Want(w.Resource(), nil, nil, nil)
	if _, err := deploy.Apply(ctx, client, deploy.Plan(desired, deploy.Actual{}), deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	w.Server.Reset()
	w.Server.Invoke = answer(map[string]string{}, nil)
	return w
}

// answer gives the event back, or body, with the headers of a real answer.
func answer(more map[string]string, body []byte) func(fctest.Call) fctest.Reply {
	return func(c fctest.Call) fctest.Reply {
		reply := fctest.Reply{Body: c.Body, Header: map[string]string{
			fc.HeaderInstanceID: "c-1", fc.HeaderVersion: "LATEST", fc.HeaderCodeChecksum: "42",
			fc.HeaderDuration: "2.60", fc.HeaderMaxMemory: "80.95",
		}}
		if body != nil {
			reply.Body = body
		}
		if c.Header.Get(fc.HeaderLogType) == "Tail" {
			reply.Header[fc.HeaderLogResult] = base64.StdEncoding.EncodeToString([]byte("FC Invoke Start RequestId: 1\nhello\nFC Invoke End RequestId: 1\n"))
		}
		maps.Copy(reply.Header, more)
		return reply
	}
}

func code(err error) int {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Code
	}
	if err != nil {
		return cmdutil.ExitFailed
	}
	return 0
}

const framed = `========= FC invoke Logs begin =========
FC Invoke Start RequestId: 1
hello
FC Invoke End RequestId: 1

Duration: 2.60 ms, Billed Duration: 3 ms, Memory Size: 1536 MB, Max Memory Used: 80.95 MB
========= FC invoke Logs end =========

Invoke instanceId: c-1
Code Checksum: 42
Qualifier: LATEST
RequestId: %s
`

func requestID(w *cmdtest.World) string {
	_, id, _ := strings.Cut(w.Stderr(), "\nRequestId: ")
	id, _, _ = strings.Cut(id, "\n")
	return id
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		w := world(t, edition)
		if err := w.Run(NewCmd(w.Factory, nil), "-e", `{"key":"value"}`); err != nil {
			t.Fatal(err)
		}
		if w.Stdout() != `{"key":"value"}` {
			t.Errorf("stdout %q", w.Stdout())
		}
		if d := cmp.Diff(fmt.Sprintf(framed, requestID(w)), w.Stderr()); d != "" || requestID(w) == "" {
			t.Error(d)
		}
		if n := len(w.Server.Calls()); n != 1 {
			t.Errorf("%d calls", n)
		}
	}
}

func TestResultOnATerminalEndsItsLine(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	w.TTY(true)
	for event, want := range map[string]string{"x": "x\n", "x\n": "x\n", "": ""} {
		if err := w.Run(NewCmd(w.Factory, nil), "-e", event); err != nil || w.Stdout() != want {
			t.Errorf("%q: %v, stdout %q", event, err, w.Stdout())
		}
	}
	w.WantStderr("Invoke Result:")
}

func TestBytesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	binary := []byte{0, 0xff, '\r', '\n', 0x1b}
	w.In.Write(binary)
	if err := w.Run(NewCmd(w.Factory, nil), "--event-stdin"); err != nil || w.Stdout() != string(binary) {
		t.Errorf("%v, %q", err, w.Stdout())
	}
}

func TestWhereEventsComeFrom(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":              "",
		"-e given":      "given",
		"-f " + file:    "from the file\n",
		"-f -":          "from stdin",
		"-s":            "from stdin",
		"--event-stdin": "from stdin",

		"--event-template timer --set payload=p --set triggerTime=t": "{\n  \"payload\": \"p\",\n  \"triggerName\": \"timer\",\n  \"triggerTime\": \"t\"\n}\n",
	} {
		w := world(t, spec.Edition3)
		w.In.WriteString("from stdin")
		if err := w.Run(NewCmd(w.Factory, nil), strings.Fields(args)...); err != nil || w.Stdout() != want {
			t.Errorf("%s: %v, %q", args, err, w.Stdout())
		}
	}
}

func TestWrongFlags(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	for _, args := range []string{"-e x -s", "-e x --event-template oss", "--set key=x", "--event-template fax", "--event-template oss --set none.such=1", "-e x -f y", "-e= -s", "--invocation-type later", "--timeout -1", "--async-task-id x", "--parallel -1", "a b", "nope"} {
		if err := w.Run(NewCmd(w.Factory, nil), strings.Fields(args)...); code(err) != cmdutil.ExitUsage {
			t.Errorf("%s: %v", args, err)
		}
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-f", "no such file"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if n := len(w.Server.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestTooLargeEventIsNotSent(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	w.In.Write(make([]byte, fc.MaxAsyncBody+1))
	err := w.Run(NewCmd(w.Factory, nil), "-s", "--invocation-type", "async")
	if code(err) != cmdutil.ExitUsage || len(w.Server.Calls()) != 0 {
		t.Errorf("err %v, %d calls", err, len(w.Server.Calls()))
	}
}

func TestFunctionError(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	body := `{"errorMessage":"oops","errorType":"ValueError","stackTrace":[["File \"/code/index.py\"","line 2","in handler","raise ValueError('oops')"]]}`
	w.Server.Invoke = answer(map[string]string{fc.HeaderErrorType: fc.ErrorTypeUnhandled}, []byte(body))
	err := w.Run(NewCmd(w.Factory, nil))
	var known *cmdutil.Error
	if code(err) != cmdutil.ExitFunction || !errors.As(err, &known) || !known.Quiet {
		t.Errorf("err = %v", err)
	}
	if w.Stdout() != body {
		t.Errorf("stdout %q", w.Stdout())
	}
	w.WantStderr("Error Type: UnhandledInvocationError",
		"Traceback (most recent call last):\n  File \"/code/index.py\", line 2, in handler\n    raise ValueError('oops')\nValueError: oops\n")
	// The template's own error body is shown as it is.
	w.Server.Invoke = answer(map[string]string{fc.HeaderErrorType: fc.ErrorTypeUnhandled}, []byte(`{"message":"no JSON","stack":[]}`))
	if err = w.Run(NewCmd(w.Factory, nil)); code(err) != cmdutil.ExitFunction || w.Stdout() != `{"message":"no JSON","stack":[]}` {
		t.Errorf("err %v, stdout %q", err, w.Stdout())
	}
}

func TestAsync(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	w.Server.Invoke = func(c fctest.Call) fctest.Reply {
		return fctest.Reply{Status: http.StatusAccepted, Header: map[string]string{fc.HeaderAsyncTaskID: c.Header.Get(fc.HeaderAsyncTaskID)}}
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--invocation-type", "Async", "--async-task-id", "task"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(w.Stdout(), "requestId:   req-") || !strings.Contains(w.Stdout(), "asyncTaskId: task\n") || w.Stderr() != "" {
		t.Errorf("stdout %q, stderr %q", w.Stdout(), w.Stderr())
	}
	w.Resource().Function.LogConfig = &fc.LogConfig{Project: "p", Logstore: "l"}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--invocation-type", "async", "-a", "prod"); err != nil || !strings.HasPrefix(w.Stderr(), "its log: s logs hello -r req-") || !strings.HasSuffix(w.Stderr(), " -a prod\n") {
		t.Errorf("%v: stderr %q", err, w.Stderr())
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--invocation-type", "async", "-o", "json"); err != nil || w.Stderr() != "" {
		t.Errorf("%v: stderr %q", err, w.Stderr())
	}
}

func TestOutcomeAsJSON(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if id, _ := got["requestId"].(string); id == "" {
		t.Error("no request id")
	}
	delete(got, "requestId")
	want := map[string]any{
		"statusCode": 200.0, "body": "x", "instanceId": "c-1", "codeChecksum": "42", "qualifier": "LATEST",
		"logs":     []any{"FC Invoke Start RequestId: 1", "hello", "FC Invoke End RequestId: 1"},
		"duration": 2.6, "billedDuration": 3.0, "memorySize": 1536.0, "maxMemoryUsed": 80.95,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if w.Stderr() != "" {
		t.Errorf("stderr %q", w.Stderr())
	}
	w.Server.Invoke = answer(map[string]string{fc.HeaderErrorType: fc.ErrorTypeHandled, fc.HeaderLogResult: ""}, []byte{0xff})
	if err := w.Run(NewCmd(w.Factory, nil), "-o", "raw"); code(err) != cmdutil.ExitFunction {
		t.Errorf("err = %v", err)
	}
	for _, part := range []string{`"body":"/w=="`, `"isBase64Encoded":true`, `"errorType":"HandledInvocationError"`, `"logs":[]`} {
		if !strings.Contains(w.Stdout(), part) {
			t.Errorf("no %s in %s", part, w.Stdout())
		}
	}
}

func TestSilent(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--silent"); err != nil || w.Stdout() != "x" || w.Stderr() != "" {
		t.Errorf("%v, stdout %q, stderr %q", err, w.Stdout(), w.Stderr())
	}
}

// FC puts the line of measurements into the log itself; it isn't shown twice.
func TestMeasurementsAreShownOnce(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	tail := "line\n\nDuration: 1.23 ms, Billed Duration: 2 ms, Memory Size: 128 MB, Max Memory Used: 10.00 MB"
	w.Server.Invoke = answer(map[string]string{fc.HeaderLogResult: base64.StdEncoding.EncodeToString([]byte(tail))}, nil)
	if err := w.Run(NewCmd(w.Factory, nil)); err != nil || strings.Count(w.Stderr(), "Billed Duration") != 1 || !strings.Contains(w.Stderr(), "1.23 ms") {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}

func TestLiveLogAtTheLocalCloud(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	w.Target.Local = true
	w.Server.Logs = func(_ string, out http.ResponseWriter) { fmt.Fprintln(out, `{"message":"live line"}`) }
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("Logs begin =========\nlive line\n\nDuration: 2.60 ms")
	if n := len(w.Server.Calls()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestQualifier(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	if err := w.Run(NewCmd(w.Factory, nil), "--qualifier", "prod"); err != nil || w.Server.Calls()[0].Query != "qualifier=prod" {
		t.Errorf("%v, %v", err, w.Server.Calls())
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	w.Server.Invoke = func(fctest.Call) fctest.Reply { <-release; return fctest.Reply{} }
	if err := w.Run(NewCmd(w.Factory, nil), "--timeout", "1"); err == nil || !strings.Contains(err.Error(), "no answer within 1s") {
		t.Errorf("err = %v", err)
	}
	opts := &Options{}
	if got := opts.wait(&spec.Resource{}).Seconds(); got != 123 {
		t.Errorf("by default %v s", got)
	}
	opts.Timeout = 5
	if got := opts.wait(w.Resource()).Seconds(); got != 5 {
		t.Errorf("as given %v s", got)
	}
}

func TestMemoryOfUndeclaredFunctions(t *testing.T) {
	t.Parallel()
	if got := memory(&spec.Resource{}); got != 512 {
		t.Errorf("edition 3.0.0: %d", got)
	}
	if got := memory(&spec.Resource{Service: &fc.Service{}}); got != 128 {
		t.Errorf("edition 1.0.0: %d", got)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	w.Server.Fail(fctest.Failure{Path: "/invocations", Status: 403, Body: `{"Code":"AccessDenied","Message":"no","RequestId":"rid"}`})
	err := w.Run(NewCmd(w.Factory, nil))
	if code(err) != cmdutil.ExitCloud || !strings.Contains(err.Error(), "rid") || w.Stdout()+w.Stderr() != "" {
		t.Errorf("err %v, stdout %q, stderr %q", err, w.Stdout(), w.Stderr())
	}
}

// A function that doesn't start failed, and its output is shown once.
func TestFunctionThatDoesNotStart(t *testing.T) {
	t.Parallel()
	body := `{"Code":"CAExited","Message":"Function instance exited unexpectedly.\nLogs: no module flask\n","RequestId":"rid"}`
	w := world(t, spec.Edition3)
	w.Server.Fail(fctest.Failure{Path: "/invocations", Status: 412, Body: body})
	err := w.Run(NewCmd(w.Factory, nil))
	if code(err) != cmdutil.ExitFunction || !strings.Contains(err.Error(), "no module flask") || !strings.Contains(err.Error(), "rid") {
		t.Errorf("without a live log: %v", err)
	}
	w.Target.Local = true
	w.Server.Logs = func(_ string, out http.ResponseWriter) { fmt.Fprintln(out, `{"message":"no module flask"}`) }
	shown := make(chan struct{})
	w.IO.ErrOut = &waiter{w.IO.ErrOut, shown}
	w.Server.Reset()
	w.Server.Invoke = func(fctest.Call) fctest.Reply {
		<-shown
		return fctest.Reply{Status: 412, Body: []byte(body)}
	}
	err = w.Run(NewCmd(w.Factory, nil))
	if code(err) != cmdutil.ExitFunction || strings.Contains(err.Error(), "flask") || !strings.Contains(err.Error(), "exited unexpectedly. (request id rid)") {
		t.Errorf("with a live log: %v", err)
	}
	if strings.Count(w.Stderr(), "no module flask") != 1 || !strings.HasSuffix(w.Stderr(), "Logs end =========\n") {
		t.Errorf("stderr %q", w.Stderr())
	}
}

// waiter tells when the function's line was written.
type waiter struct {
	io.Writer
	shown chan struct{}
}

func (w *waiter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if strings.Contains(string(p), "flask") {
		close(w.shown)
	}
	return n, err
}

func TestActions(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	for _, when := range []string{"pre", "success", "complete"} {
		w.Resource().Actions = append(w.Resource().Actions, spec.Action{When: when, Command: "invoke", Run: "echo did " + when, Path: w.Project.Dir})
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || w.Stdout() != "x" {
		t.Errorf("%v, stdout %q", err, w.Stdout())
	}
	w.WantStderr("did pre", "did success", "did complete")
	w.Resource().Actions[0].Run = "exit 1"
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err == nil || w.Stdout() != "" {
		t.Errorf("%v, stdout %q", err, w.Stdout())
	}
}

// The rest is about running locally what isn't at the target.

// TestWhyThereAreNone: credentials that are there and don't help are told of.
func TestWhyThereAreNone(t *testing.T) {
	t.Parallel()
	login := &access.LoginError{Where: "config.json", Why: "its login has ended", Command: "aliyun configure"}
	for want, err := range map[string]error{
		"config.json: its login has ended: aliyun configure\nno credentials: running hello locally": login,
		"s: no credentials: broken\nno credentials: running":                                        &access.ProviderError{Source: "s", Err: errors.New("broken")},
		`f:3: the secret of access "a" can't be read: locked`:                                       &access.SealedError{Alias: "a", Path: "f", Line: 3, Err: errors.New("locked")},
	} {
		w := cmdtest.New(t, spec.Edition3)
		w.TargetErr = cmdutil.WithHint(cmdutil.ExitCredentials, err, "x")
		if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || w.Stdout() != "x" {
			t.Fatalf("%v, %q", err, w.Stdout())
		}
		w.WantStderr(want)
	}
}

func TestNoCredentialsRunsLocally(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.TargetErr = cmdutil.WithHint(cmdutil.ExitCredentials, access.ErrNotFound, "s config add")
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || w.Stdout() != "x" {
		t.Fatalf("%v, %q", err, w.Stdout())
	}
	w.WantStderr("no credentials: running hello locally")
	for _, c := range w.Server.Calls() {
		if c.Header.Get(fc.HeaderRegion) != invoke.LocalRegion {
			t.Errorf("%s went to region %s", c, c.Header.Get(fc.HeaderRegion))
		}
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--remote"); code(err) != cmdutil.ExitCredentials {
		t.Errorf("--remote: %v", err)
	}
}

func TestNotDeployedRunsLocally(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		w := cmdtest.New(t, edition)
		err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--remote")
		var known *cmdutil.Error
		if code(err) != cmdutil.ExitCloud || !errors.As(err, &known) || known.Hint != "s deploy" {
			t.Errorf("%s --remote: %v", edition, err)
		}
		if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--qualifier", "prod"); code(err) != cmdutil.ExitCloud {
			t.Errorf("%s: a qualifier was run locally: %v", edition, err)
		}
		if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || w.Stdout() != "x" {
			t.Errorf("%s: %v, %q", edition, err, w.Stdout())
		}
		w.WantStderr("hello is not deployed (access test, cn-hangzhou): running it locally")
		if strings.Count(w.Stderr(), "Logs begin") != 1 {
			t.Errorf("%s: more than one log:\n%s", edition, w.Stderr())
		}
	}
}

func TestLocalRunFails(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.LocalErr = errors.New("port is taken")
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); !errors.Is(err, w.LocalErr) {
		t.Errorf("err = %v", err)
	}
}

func TestInterruptedQuestionIsPassedOn(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.TargetErr = iostreams.ErrInterrupted
	if err := w.Run(NewCmd(w.Factory, nil)); !errors.Is(err, iostreams.ErrInterrupted) {
		t.Errorf("err = %v", err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var got *Options
	cmd := NewCmd(w.Factory, func(_ context.Context, o *Options) error { got = o; return nil })
	if err := w.Run(cmd, "hello", "-e", "", "--remote", "--qualifier", "1", "--timeout", "9", "--invocation-type", "ASYNC", "--skip-actions"); err != nil {
		t.Fatal(err)
	}
	if len(got.Resources) != 1 || got.Resources[0] != "hello" || !got.HasEvent || !got.RemoteOnly || got.Qualifier != "1" || got.Timeout != 9 || !got.async() || !got.SkipActions {
		t.Errorf("%+v", got)
	}
}
