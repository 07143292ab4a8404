package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"s/pkg/runtime/instance"
	"s/pkg/runtime/sandbox"
)

// fakeProcess runs a function of the test's own for Exec.
type fakeProcess struct {
	sandbox.Process
	exec func(ctx context.Context, spec sandbox.ExecSpec) (int, error)
}

func (p *fakeProcess) Exec(ctx context.Context, spec sandbox.ExecSpec) (int, error) {
	return p.exec(ctx, spec)
}

func newExecWorld(t *testing.T, exec func(ctx context.Context, spec sandbox.ExecSpec) (int, error)) *world {
	t.Helper()
	w := newWorld(t)
	w.infos = []instance.Info{{ID: "c-1", Process: &fakeProcess{exec: exec}}}
	w.deploy("f", "python3.10", "one")
	w.want(w.do("POST", "/invoke/f", ""), 200, "")
	return w
}

func (w *world) dial(query string) *websocket.Conn {
	w.t.Helper()
	url := "ws" + strings.TrimPrefix(w.server.URL, "http") + "/exec/f/c-1?" + query
	conn, _, err := websocket.Dial(w.t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://elsewhere"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func send(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, frame string) {
	t.Helper()
	if err := conn.Write(t.Context(), kind, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

// receive gives all frames until the server closes.
func receive(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	var all []string
	for {
		_, frame, err := conn.Read(t.Context())
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			return strings.Join(all, "|")
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(frame))
	}
}

func TestExec(t *testing.T) {
	w := newExecWorld(t, func(_ context.Context, spec sandbox.ExecSpec) (int, error) {
		if spec.Stdin != nil || spec.TTY || spec.Dir != "" {
			t.Errorf("spec %+v", spec)
		}
		fmt.Fprint(spec.Stdout, strings.Join(spec.Args, " "))
		fmt.Fprint(spec.Stderr, "oops")
		return 42, nil
	})
	conn := w.dial("command=sh&command=-c&command=ls+-l&tty=false&stdin=false&FC_INSTANCE_EXEC_TIMEOUT=60")
	if got := receive(t, conn); got != "\x01sh -c ls -l|\x02oops|\x0542" {
		t.Errorf("frames %q", got)
	}
}

func TestExecInput(t *testing.T) {
	w := newExecWorld(t, func(_ context.Context, spec sandbox.ExecSpec) (int, error) {
		input, err := io.ReadAll(spec.Stdin)
		fmt.Fprintf(spec.Stdout, "%q", input)
		return 0, err
	})
	conn := w.dial("command=cat&stdin=true")
	send(t, conn, websocket.MessageBinary, "\x00one ")
	send(t, conn, websocket.MessageText, "\x00two ")
	send(t, conn, websocket.MessageBinary, "three ") // no channel byte
	send(t, conn, websocket.MessageBinary, "\x04four")
	send(t, conn, websocket.MessageBinary, "")
	send(t, conn, websocket.MessageBinary, "\x00")
	if got := receive(t, conn); got != "\x01\"one two three \\x04four\"|\x050" {
		t.Errorf("frames %q", got)
	}
}

func TestExecTerminal(t *testing.T) {
	w := newExecWorld(t, func(_ context.Context, spec sandbox.ExecSpec) (int, error) {
		size := <-spec.Resize
		fmt.Fprintf(spec.Stdout, "%dx%d, then %dx%d, %v", spec.Rows, spec.Cols, size[0], size[1], spec.Env)
		return 0, nil
	})
	conn := w.dial("command=bash&tty=true&stdin=true")
	send(t, conn, websocket.MessageBinary, "\x04{bad")
	send(t, conn, websocket.MessageBinary, "\x04{\"Width\":100,\"Height\":40}")
	if got := receive(t, conn); got != "\x0124x80, then 40x100, [TERM=xterm-256color]|\x050" {
		t.Errorf("frames %q", got)
	}
}

func TestExecEndsWithItsClient(t *testing.T) {
	ended := make(chan error, 1)
	w := newExecWorld(t, func(ctx context.Context, _ sandbox.ExecSpec) (int, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return -1, ctx.Err()
	})
	w.dial("command=sleep").CloseNow()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestExecThatCannotStart(t *testing.T) {
	w := newExecWorld(t, func(context.Context, sandbox.ExecSpec) (int, error) {
		return 0, errors.New("not found: nothing")
	})
	if got := receive(t, w.dial("command=nothing")); got != "\x03not found: nothing" {
		t.Errorf("frames %q", got)
	}
	w.want(w.do("GET", "/exec/f/c-2?command=x", ""), 404, "InstanceNotFound")
	w.want(w.do("GET", "/exec/none/c-1?command=x", ""), 404, "FunctionNotFound")
	w.want(w.do("GET", "/exec/f/c-1", ""), 400, "InvalidArgument")
	w.want(w.do("GET", "/exec/f/c-1?command=x&FC_INSTANCE_EXEC_TIMEOUT=soon", ""), 400, "InvalidArgument")
	w.want(w.do("GET", "/exec/f/c-1?command=x", ""), 426, "") // no websocket
}
