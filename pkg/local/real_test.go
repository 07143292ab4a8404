//go:build linux

package local

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"s/pkg/fc/fcsign"
	"s/pkg/proc"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// needPython skips where no Python can stand in for the runtime's.
func needPython(t *testing.T) {
	t.Helper()
	_, err := toolchain.New(os.LookupEnv).FindPython(t.Context(), "3.10")
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) {
		t.Skipf("a managed Python function needs an interpreter: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func realCloud(t *testing.T) (*Cloud, *client) {
	t.Helper()
	c := startCloud(t, Options{DataDir: t.TempDir(), Version: "1", Toolchain: toolchain.New(os.LookupEnv)})
	return c, clientOf(t, c.Info())
}

const echoHandler = `
import os
def handler(event, context):
    print("seen", event.decode())
    if event == b"fail":
        raise ValueError("told to")
    return event
`

func TestRealFunction(t *testing.T) {
	t.Parallel()
	needPython(t)
	_, k := realCloud(t)
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", echoHandler))

	logs := k.request("GET", "/_s/logs?session=one", "")
	k.sign(logs, "")
	stream, err := http.DefaultTransport.RoundTrip(logs)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	r := k.request("POST", "/2023-03-30/functions/f/invocations", "hello")
	k.sign(r, "hello")
	r.Header.Set("X-S-Log-Session", "one")
	response, body := k.send(200, r)
	if body != "hello" || response.Header.Get("X-Fc-Error-Type") != "" {
		t.Fatalf("%q, %v", body, response.Header)
	}
	for _, name := range []string{"X-Fc-Instance-Id", "X-Fc-Invocation-Duration", "X-Fc-Max-Memory-Usage", "X-Fc-Code-Checksum", "X-S-Init-Duration"} {
		if v := response.Header.Get(name); v == "" || v == "0.00" {
			t.Errorf("%s is %q", name, v)
		}
	}
	var seen bool
	for scan := bufio.NewScanner(stream.Body); scan.Scan(); {
		var line instance.LogLine
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Message == "seen hello" {
			seen = line.RequestID == response.Header.Get("X-Fc-Request-Id") && line.InstanceID == response.Header.Get("X-Fc-Instance-Id")
		}
	}
	if !seen {
		t.Error("the live log lacks what the function printed")
	}

	response, body = k.do(200, "POST", "/2023-03-30/functions/f/invocations", "fail")
	if response.Header.Get("X-Fc-Error-Type") != "UnhandledInvocationError" || !strings.Contains(body, "told to") {
		t.Errorf("%s, %v", body, response.Header)
	}
	if strings.Contains(body, os.TempDir()) {
		t.Errorf("a path of the host in %s", body)
	}
}

func TestRealInstanceShell(t *testing.T) {
	t.Parallel()
	needPython(t)
	_, k := realCloud(t)
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", echoHandler))
	response, _ := k.do(200, "POST", "/2023-03-30/functions/f/invocations", "hello")
	id := response.Header.Get("X-Fc-Instance-Id")
	_, list := k.do(200, "GET", "/2023-03-30/functions/f/instances", "")
	if !strings.Contains(list, `"`+id+`"`) {
		t.Fatalf("instances %s lack %s", list, id)
	}
	r := k.request("GET", "/2023-03-30/functions/f/instances/"+id+"/exec?command=sh&command=-c&command=echo+out%3B+echo+err+%3E%262%3B+exit+3", "")
	fcsign.SignFC(r, k.keys, time.Now())
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(r.URL.String(), "http", "ws", 1), &websocket.DialOptions{HTTPHeader: r.Header})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	frames := map[byte]string{}
	for {
		_, frame, err := conn.Read(t.Context())
		if err != nil {
			break
		}
		frames[frame[0]] += string(frame[1:])
	}
	if frames[1] != "out\n" || frames[2] != "err\n" || frames[5] != "3" {
		t.Errorf("frames %q", frames)
	}
}

// waitForSpare waits until a daemon has a spare, and gives all of its processes.
func waitForSpare(t *testing.T, daemon int) []int {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, pid := range proc.Descendants(daemon) {
			environ, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
			if strings.Contains(string(environ), "_FC_SPARE=") {
				return proc.Descendants(daemon)
			}
		}
	}
	t.Fatal("no spare is made")
	return nil
}

// TestKilledDaemonLeavesNoSpare: kill -9 ends what waits, too, and the next
// daemon starts afresh.
func TestKilledDaemonLeavesNoSpare(t *testing.T) {
	needPython(t)
	home := t.TempDir()
	o := ensureOptions(t, home, "1")
	info := ensure(t, o)
	if info.Isolation.Mode == sandbox.ModeProcess {
		t.Skip("without namespaces there are no spares")
	}
	k := clientOf(t, *info)
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", echoHandler))
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "g", "python3.10", "index.py", echoHandler))
	k.do(200, "POST", "/2023-03-30/functions/f/invocations", "hello")
	_, listed := k.do(200, "GET", "/2023-03-30/functions/f/instances", "")
	pids := waitForSpare(t, info.PID)
	if _, after := k.do(200, "GET", "/2023-03-30/functions/g/instances", ""); strings.Contains(after, "instanceId\":\"c-") {
		t.Errorf("a spare is listed as an instance: %s, %s", listed, after)
	}
	if _, body := k.do(200, "POST", "/2023-03-30/functions/g/invocations", "from the spare"); body != "from the spare" {
		t.Errorf("%q", body)
	}
	pids = append(pids, proc.Descendants(info.PID)...)
	kill(t, info.PID)
	for _, pid := range pids {
		gone := func() bool { _, alive := proc.StartTime(pid); return !alive }
		for deadline := time.Now().Add(time.Minute); !gone(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d outlives the daemon", pid)
			}
		}
	}
	again := ensure(t, o)
	if left, err := os.ReadDir(filepath.Join(again.DataDir, "instances")); err != nil || len(left) != 0 {
		t.Errorf("left in the work folder: %v, %v", left, err)
	}
}

func TestNothingOutlivesTheCloud(t *testing.T) {
	needPython(t)
	c, k := realCloud(t)
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", echoHandler))
	k.do(200, "POST", "/2023-03-30/functions/f/invocations", "hello")
	infos := c.gateway.Instances("cn-hangzhou", "f")
	if len(infos) != 1 || infos[0].PID == 0 {
		t.Fatalf("instances %+v", infos)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join("/proc", strconv.Itoa(infos[0].PID))); err == nil {
		t.Errorf("process %d is still there", infos[0].PID)
	}
	left, err := filepath.Glob(filepath.Join(c.Info().DataDir, "instances", infos[0].ID+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the work folder: %v, %v", left, err)
	}
}
