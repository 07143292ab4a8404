package acceptance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"s/pkg/proc/proctest"
	"s/pkg/toolchain"
)

// started is an `s local start` that runs.
type started struct {
	t    *testing.T
	w    *world
	cmd  *exec.Cmd
	done chan error

	mu   sync.Mutex
	text bytes.Buffer // of both streams
}

// Write takes what it prints.
func (s *started) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (w *world) start(args ...string) *started {
	w.t.Helper()
	s := &started{t: w.t, w: w, cmd: s(w.vars, append([]string{"local", "start"}, args...)...), done: make(chan error, 1)}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = w.work, s, s
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	w.t.Cleanup(s.end)
	return s
}

// end interrupts it; it must end well.
func (s *started) end() {
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("s local start: %v\n%s", err, s.said())
		}
	case <-time.After(settle):
		_ = s.cmd.Process.Kill()
		s.t.Errorf("s local start doesn't end\n%s", s.said())
	}
}

func (s *started) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits until it says something, in whole lines, and gives the last group.
func (s *started) wait(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	for deadline := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
		said := s.said()
		if match := re.FindStringSubmatch(said[:strings.LastIndexByte(said, '\n')+1]); match != nil {
			return match[len(match)-1]
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("never said: %s\n%s", pattern, s.said())
		}
	}
}

func (s *started) post(url, body string) string {
	s.t.Helper()
	response, err := loopbackClient().Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s %s, %v", url, response.Status, data, err)
	}
	return string(data)
}

// waiting is a handler that waits for a file beside its code, and then says which
// code it is.
const waiting = `import os, time
def handler(event, context):
    if event == b"wait":
        print("waiting", flush=True)
        while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")):
            time.sleep(0.01)
    return "%s"
`

// A request under way when its code is saved ends on the old instance, while the
// new one answers already.
func TestReloadUnderARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{
		"s.yaml": echoProject, "code/index.py": fmt.Sprintf(waiting, "old"), "code/.fcignore": "go\n",
	})
	s := w.start("--port", "0")
	url := s.wait(`(http://\S+/invocations)`)
	answer := make(chan string, 1)
	go func() { answer <- s.post(url, "wait") }()
	s.wait(`waiting$`)
	w.save("code/index.py", fmt.Sprintf(waiting, "new"))
	s.wait(`echo: reloaded`)
	if got := s.post(url, "x"); got != "new" {
		t.Errorf("the new code says %q", got)
	}
	select {
	case got := <-answer:
		t.Errorf("the request under way was answered %q too early", got)
	default:
	}
	if err := os.WriteFile(filepath.Join(w.work, "code/go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got != "old" {
		t.Errorf("the request under way was answered %q", got)
	}
}

// What is interrupted while a request is under way ends all the same, and so
// does a build.
func TestInterruptedUnderARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"s.yaml": echoProject, "code/index.py": fmt.Sprintf(waiting, "old")})
	s := w.start("--port", "0")
	url := s.wait(`(http://\S+/invocations)`)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if r, err := loopbackClient().Post(url, "text/plain", strings.NewReader("wait")); err == nil { // it is cut off
			r.Body.Close()
		}
	}()
	s.wait(`waiting$`)
	s.end()
	s.done <- nil // it has ended
	<-done
	if err := awaitNone(w.work); err != nil {
		t.Error(err)
	}
}

// A debugger attaches to Python over the Debug Adapter Protocol.
func TestDebugPython(t *testing.T) {
	t.Parallel()
	skipWithoutPip(t)
	w := newWorld(t, map[string]string{"s.yaml": echoProject, "code/index.py": echoCode})
	port := strconv.Itoa(proctest.Port(t))
	s := w.start("--port", "0", "--debug-port", port)
	s.wait(`"type": "debugpy"`)
	s.wait(`watching for changes`)
	attach(t, "127.0.0.1:"+port)
	// After a reload the same port leads to the new instance.
	w.save("code/index.py", echoCode+"\n")
	s.wait(`(?s)echo: reloaded.*runtime inited`)
	if got := s.post(s.wait(`(http://\S+/invocations)`), "x"); !strings.HasSuffix(got, " x") {
		t.Errorf("%q", got)
	}
	attach(t, "127.0.0.1:"+port)
}

// attach does what an editor does until it could set breakpoints, and goes. The
// adapter may not be there at once.
func attach(t *testing.T, addr string) {
	t.Helper()
	dapUntil(t, addr).conn.Close()
}

// dapUntil attaches as soon as that is possible.
func dapUntil(t *testing.T, addr string) *dap {
	t.Helper()
	for deadline := time.Now().Add(settle); ; time.Sleep(50 * time.Millisecond) {
		d, err := dialDAP(addr)
		if err == nil {
			return d
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// dap is an editor's end of the Debug Adapter Protocol.
type dap struct {
	conn net.Conn
	in   *bufio.Reader
	seq  int
}

// dialDAP connects and attaches; the adapter is ready for breakpoints then.
func dialDAP(addr string) (*dap, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	d := &dap{conn: conn, in: bufio.NewReader(conn)}
	err = errors.Join(conn.SetDeadline(time.Now().Add(settle)),
		d.send("initialize", `{"adapterID":"test"}`), d.send("attach", `{"justMyCode":true}`))
	if err == nil {
		_, err = d.event("initialized")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *dap) send(command, arguments string) error {
	d.seq++
	text := fmt.Sprintf(`{"seq":%d,"type":"request","command":%q,"arguments":%s}`, d.seq, command, arguments)
	_, err := fmt.Fprintf(d.conn, "Content-Length: %d\r\n\r\n%s", len(text), text)
	return err
}

// event waits for an event and gives its body.
func (d *dap) event(name string) (json.RawMessage, error) {
	for {
		var length int
		if _, err := fmt.Fscanf(d.in, "Content-Length: %d\r\n\r\n", &length); err != nil {
			return nil, err
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(d.in, text); err != nil {
			return nil, err
		}
		var message struct {
			Event string
			Body  json.RawMessage
		}
		if err := json.Unmarshal(text, &message); err != nil {
			return nil, err
		}
		if message.Event == name {
			return message.Body, nil
		}
	}
}

// s local invoke waits for the debugger, which stops the handler at a breakpoint;
// the function's timeout is off.
func TestBreakpointOfOneCall(t *testing.T) {
	t.Parallel()
	skipWithoutPip(t)
	w := newWorld(t, map[string]string{"s.yaml": strings.ReplaceAll(echoProject, "timeout: 60", "timeout: 1"), "code/index.py": echoCode})
	port := strconv.Itoa(proctest.Port(t))
	cmd := s(w.vars, "local", "invoke", "-e", "x", "--debug-port", port)
	cmd.Dir = w.work
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := dapUntil(t, "127.0.0.1:"+port)
	defer d.conn.Close()
	// Without namespaces the function sees its code where it is.
	for _, path := range []string{"/code/index.py", filepath.Join(w.work, "code/index.py")} {
		if err := d.send("setBreakpoints", fmt.Sprintf(`{"source":{"path":%q},"breakpoints":[{"line":2}]}`, path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.send("configurationDone", `{}`); err != nil {
		t.Fatal(err)
	}
	body, err := d.event("stopped")
	var stopped struct {
		Reason   string
		ThreadID int
	}
	if err == nil {
		err = json.Unmarshal(body, &stopped)
	}
	if err != nil || stopped.Reason != "breakpoint" {
		t.Fatalf("%s, %v\n%s", body, err, &errOut)
	}
	time.Sleep(1500 * time.Millisecond) // longer than the function's timeout
	if err := d.send("continue", fmt.Sprintf(`{"threadId":%d}`, stopped.ThreadID)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.HasSuffix(out.String(), " x") {
		t.Errorf("%v, %q\n%s", err, &out, &errOut)
	}
}

func skipWithoutPip(t *testing.T) {
	t.Helper()
	python, err := toolchain.New(os.LookupEnv).FindPython(t.Context(), "3.10")
	if err != nil {
		t.Skip("no Python 3.10: ", err)
	}
	if out, err := exec.Command(python.Path, "-m", "pip", "--version").CombinedOutput(); err != nil {
		t.Skipf("no pip for it: %s", out)
	}
}

// A Java server takes debuggers.
func TestDebugJavaServer(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("no java")
	}
	w := newWorld(t, map[string]string{
		"s.yaml": javaServerProject,
		"code/Server.java": `public class Server {
    public static void main(String[] args) throws Exception {
        var server = new java.net.ServerSocket(9000);
        while (true) server.accept().close();
    }
}
`,
	})
	port := strconv.Itoa(proctest.Port(t))
	s := w.start("--port", "0", "--debug-port", port)
	s.wait(`watching for changes`)
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const hello = "JDWP-Handshake"
	answer := make([]byte, len(hello))
	err = errors.Join(conn.SetDeadline(time.Now().Add(settle)), fprint(conn, hello))
	if err == nil {
		_, err = io.ReadFull(conn, answer)
	}
	if err != nil || string(answer) != hello {
		t.Errorf("%q, %v\n%s", answer, err, s.said())
	}
}

func fprint(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

const javaServerProject = `edition: 3.0.0
name: app
resources:
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: custom.debian11
      code: ./code
      memorySize: 1024
      customRuntimeConfig:
        command: [java, Server.java]
`

// The inspector of Node.js answers, in a custom runtime and in a managed one.
func TestDebugNode(t *testing.T) {
	t.Parallel()
	if _, err := toolchain.New(os.LookupEnv).FindNode(t.Context(), "18"); err != nil {
		t.Skip("no Node.js 18: ", err)
	}
	w := newWorld(t, map[string]string{
		"s.yaml":        nodeServersProject,
		"web/server.js": `require("http").createServer((q, r) => r.end("hello")).listen(9000, "0.0.0.0")`,
		"code/index.js": `exports.handler = async () => "hello"`,
	})
	port := proctest.Port(t)
	s := w.start("--port", "0", "--debug-port", strconv.Itoa(port))
	s.wait(`watching for changes`)
	for _, p := range []int{port, port + 1} {
		var targets []struct{ WebSocketDebuggerURL string }
		response, err := loopbackClient().Get(fmt.Sprintf("http://127.0.0.1:%d/json", p))
		if err != nil {
			t.Fatalf("%v\n%s", err, s.said())
		}
		err = json.NewDecoder(response.Body).Decode(&targets)
		response.Body.Close()
		if err != nil || len(targets) != 1 || !strings.HasPrefix(targets[0].WebSocketDebuggerURL, fmt.Sprintf("ws://127.0.0.1:%d/", p)) {
			t.Errorf("%+v, %v", targets, err)
		}
	}
}

const nodeServersProject = `edition: 3.0.0
name: app
resources:
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: custom.debian10
      code: ./web
      customRuntimeConfig:
        command: [node, server.js]
  event:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: event
      runtime: nodejs18
      handler: index.handler
      code: ./code
`
