package fcclient_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

func deployed(t *testing.T) (*fctest.Server, *fcclient.Client) {
	t.Helper()
	server := fctest.New(t)
	client := newClient(server, false)
	if _, err := client.CreateFunction(context.Background(), fullFunction("hello"), nil); err != nil {
		t.Fatal(err)
	}
	server.Reset()
	return server, client
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	binary := []byte{0, 0xff, '\n', 0x80}
	server.Invoke = func(c fctest.Call) fctest.Reply {
		return fctest.Reply{Body: c.Body, Header: map[string]string{
			fc.HeaderInstanceID: "c-1", fc.HeaderCodeChecksum: "42", fc.HeaderVersion: "LATEST",
			fc.HeaderDuration: "2.60", fc.HeaderMaxMemory: "80.95", "X-S-Memory-Size": "1536",
			fc.HeaderLogResult: base64.StdEncoding.EncodeToString([]byte("line\n")),
		}}
	}
	got, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "hello", Qualifier: "v1", Event: binary, LogTail: true})
	if err != nil {
		t.Fatal(err)
	}
	want := &fc.InvokeResult{
		RequestID: got.RequestID, StatusCode: 200, Body: binary, LogTail: "line\n", InstanceID: "c-1",
		CodeChecksum: "42", Version: "LATEST", Duration: 2600 * time.Microsecond, MaxMemoryMB: 80.95, MemorySizeMB: 1536,
	}
	if d := cmp.Diff(want, got); d != "" || got.RequestID == "" {
		t.Error(d)
	}
	call := server.Calls()[0]
	if call.String() != "POST /2023-03-30/functions/hello/invocations" || call.Query != "qualifier=v1" {
		t.Errorf("call %s?%s", call, call.Query)
	}
	for name, want := range map[string]string{
		fc.HeaderInvocationType: "Sync", fc.HeaderLogType: "Tail", "Content-Type": "application/octet-stream",
		fc.HeaderRegion: "cn-hangzhou", "X-Acs-Action": "InvokeFunction",
	} {
		if got := call.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestInvokeAsync(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	server.Invoke = func(fctest.Call) fctest.Reply {
		return fctest.Reply{Status: http.StatusAccepted, Header: map[string]string{fc.HeaderAsyncTaskID: "task"}}
	}
	got, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "hello", Async: true, AsyncTaskID: "task", LogTail: true})
	if err != nil || got.StatusCode != 202 || got.AsyncTaskID != "task" {
		t.Fatalf("%+v, %v", got, err)
	}
	h := server.Calls()[0].Header
	if h.Get(fc.HeaderInvocationType) != "Async" || h.Get(fc.HeaderLogType) != "None" || h.Get(fc.HeaderAsyncTaskID) != "task" {
		t.Errorf("headers %v", h)
	}
}

func TestInvokeV2(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, true)
	if _, err := client.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateFunction(ctx, fullFunction("svc$f"), nil); err != nil {
		t.Fatal(err)
	}
	server.Reset()
	got, err := client.Invoke(ctx, fcclient.InvokeInput{Function: "svc$f", Event: []byte("x"), AsyncTaskID: "id", Async: true})
	if err != nil || string(got.Body) != "x" {
		t.Fatalf("%+v, %v", got, err)
	}
	call := server.Calls()[0]
	if call.Path != "/2021-04-06/services/svc/functions/f/invocations" || call.Header.Get("X-Fc-Stateful-Async-Invocation-Id") != "id" {
		t.Errorf("%s %v", call, call.Header)
	}
}

func TestFunctionErrorIsAResult(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 404, 500} {
		server, client := deployed(t)
		server.Invoke = func(fctest.Call) fctest.Reply {
			return fctest.Reply{Status: status, Body: []byte(`{"errorMessage":"x"}`), Header: map[string]string{fc.HeaderErrorType: fc.ErrorTypeUnhandled}}
		}
		got, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "hello"})
		if err != nil || got.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(got.Body), "errorMessage") {
			t.Errorf("status %d: %+v, %v", status, got, err)
		}
	}
}

func TestInvokeRefused(t *testing.T) {
	t.Parallel()
	_, client := deployed(t)
	if _, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "other"}); !fc.IsCode(err, fc.CodeFunctionNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestEventLimits(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	var limit *fcclient.LimitError
	_, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "hello", Event: make([]byte, fc.MaxAsyncBody+1), Async: true})
	if !errors.As(err, &limit) || limit.Max != fc.MaxAsyncBody || !strings.Contains(err.Error(), "131073") {
		t.Errorf("async: %v", err)
	}
	if err := fcclient.CheckEvent(fc.MaxSyncBody+1, false); !errors.As(err, &limit) {
		t.Errorf("sync: %v", err)
	}
	if err := fcclient.CheckEvent(fc.MaxSyncBody, false); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if n := len(server.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// With Out the body comes piece by piece, before the function ends.
func TestInvokeStreams(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	server.Fail(fctest.Failure{Path: "never"})
	reader, writer := io.Pipe()
	first := make(chan []byte, 1)
	go func() {
		buffer := make([]byte, 5)
		_, _ = io.ReadFull(reader, buffer)
		first <- buffer
		_, _ = io.Copy(io.Discard, reader)
	}()
	got, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "hello", Event: []byte("hello world"), Out: writer})
	writer.Close()
	if err != nil || got.Body != nil || !bytes.Equal(<-first, []byte("hello")) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestInvokeBrokenConnection(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	server.Fail(fctest.Failure{Path: "invocations", Break: true})
	var unreachable *fcclient.UnreachableError
	if _, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "hello"}); !errors.As(err, &unreachable) {
		t.Errorf("err = %v", err)
	}
	if n := len(server.Calls()); n != 1 {
		t.Errorf("the invocation was sent %d times", n)
	}
}

func TestLogSession(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	more := make(chan struct{})
	server.Logs = func(session string, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		io.WriteString(w, `{"time":"2026-01-02T03:04:05Z","instanceId":"c-1","requestId":"r","message":"first `+session+`"}`+"\n")
		w.(http.Flusher).Flush()
		<-more
		io.WriteString(w, `{"message":"second"}`+"\n")
	}
	stream, err := client.LogSession(context.Background(), "abc")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	line, err := stream.Next()
	if err != nil || line.Message != "first abc" || line.InstanceID != "c-1" || line.RequestID != "r" || line.Time.IsZero() {
		t.Errorf("%+v, %v", line, err)
	}
	close(more)
	if line, err = stream.Next(); err != nil || line.Message != "second" {
		t.Errorf("%+v, %v", line, err)
	}
	if _, err = stream.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestLogSessionErrors(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	if _, err := client.LogSession(context.Background(), "abc"); !fc.IsNotFound(err) {
		t.Errorf("err = %v", err)
	}
	server.Logs = func(_ string, w http.ResponseWriter) { io.WriteString(w, "no json") }
	stream, err := client.LogSession(context.Background(), "abc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Next(); err == nil || err == io.EOF {
		t.Errorf("err = %v", err)
	}
}
