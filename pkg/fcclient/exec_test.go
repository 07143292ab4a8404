package fcclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

// session answers an exec request with what play does on the websocket.
func session(t *testing.T, server *fctest.Server, play func(ctx context.Context, c *websocket.Conn, r *http.Request)) {
	t.Helper()
	server.Exec = func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer c.CloseNow()
		play(r.Context(), c, r)
	}
}

func send(ctx context.Context, t *testing.T, c *websocket.Conn, frame string) {
	t.Helper()
	if err := c.Write(ctx, websocket.MessageBinary, []byte(frame)); err != nil {
		t.Errorf("write: %v", err)
	}
}

func TestExec(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	session(t, server, func(ctx context.Context, c *websocket.Conn, r *http.Request) {
		q := r.URL.Query()
		if got := q["command"]; len(got) != 3 || got[2] != "ps -ef | cat" {
			t.Errorf("command %q", got)
		}
		for key, want := range map[string]string{"tty": "false", "stdin": "false", "stdout": "true", "qualifier": "LATEST"} {
			if q.Get(key) != want {
				t.Errorf("%s is %q", key, q.Get(key))
			}
		}
		if r.URL.Path != "/2023-03-30/functions/hello/instances/c-1/exec" {
			t.Errorf("path %s", r.URL.Path)
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "FC ") {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		send(ctx, t, c, "\x01out")
		send(ctx, t, c, "")
		send(ctx, t, c, "\x02err")
		send(ctx, t, c, "\x01 more")
		send(ctx, t, c, "\x057")
	})
	var out, errOut bytes.Buffer
	code, err := client.Exec(context.Background(), fcclient.ExecInput{
		Function: "hello", InstanceID: "c-1",
		Command: []string{"sh", "-c", "ps -ef | cat"}, Stdout: &out, Stderr: &errOut,
	})
	if err != nil || code != 7 {
		t.Errorf("code %d, err %v", code, err)
	}
	if out.String() != "out more" || errOut.String() != "err" {
		t.Errorf("stdout %q, stderr %q", out.String(), errOut.String())
	}
}

// Stdin goes out in frames of channel 0, an empty one at its end; sizes as JSON
// in channel 4.
func TestExecInputAndSizes(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	session(t, server, func(ctx context.Context, c *websocket.Conn, _ *http.Request) {
		input, sizes, ended := "", "", false
		for !ended || sizes == "" {
			_, frame, err := c.Read(ctx)
			if err != nil {
				t.Errorf("read: %v", err)
				return
			}
			switch {
			case len(frame) == 1 && frame[0] == 0:
				ended = true
			case frame[0] == 0:
				input += string(frame[1:])
			case frame[0] == 4:
				sizes += string(frame[1:])
			}
		}
		send(ctx, t, c, "\x01"+input+" "+sizes)
		send(ctx, t, c, "\x050")
	})
	sizes := make(chan fcclient.TermSize, 1)
	sizes <- fcclient.TermSize{Width: 120, Height: 40}
	close(sizes)
	var out bytes.Buffer
	code, err := client.Exec(context.Background(), fcclient.ExecInput{
		Function: "hello", InstanceID: "c-1", Command: []string{"sh"},
		TTY: true, Stdin: strings.NewReader("typed"), Stdout: &out, Stderr: io.Discard, Resize: sizes,
	})
	if err != nil || code != 0 || out.String() != `typed {"Width":120,"Height":40}` {
		t.Errorf("code %d, err %v, out %q", code, err, out.String())
	}
}

func TestExecRefused(t *testing.T) {
	t.Parallel()
	_, client := deployed(t)
	_, err := client.Exec(context.Background(), fcclient.ExecInput{Function: "gone", InstanceID: "c-1", Command: []string{"sh"}})
	if !fc.IsCode(err, fc.CodeFunctionNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestExecEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		play func(ctx context.Context, c *websocket.Conn, r *http.Request)
		want string // in the error; empty is none
	}{
		{"server error", func(ctx context.Context, c *websocket.Conn, _ *http.Request) { send(ctx, t, c, "\x03no such file\n") }, "no such file"},
		{"normal closure", func(_ context.Context, c *websocket.Conn, _ *http.Request) {
			c.Close(websocket.StatusNormalClosure, "")
		}, ""},
		{"broken", func(_ context.Context, c *websocket.Conn, _ *http.Request) { c.CloseNow() }, "broke"},
		{"close without a code", func(ctx context.Context, c *websocket.Conn, _ *http.Request) { send(ctx, t, c, "\x05") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, client := deployed(t)
			session(t, server, tt.play)
			code, err := client.Exec(context.Background(), fcclient.ExecInput{
				Function: "hello", InstanceID: "c-1",
				Command: []string{"sh"}, Stdout: io.Discard, Stderr: io.Discard,
			})
			if code != 0 || (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("code %d, err %v", code, err)
			}
		})
	}
}

func TestExecIsCancelled(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	started := make(chan struct{})
	session(t, server, func(ctx context.Context, c *websocket.Conn, _ *http.Request) {
		close(started)
		c.Read(ctx) // until the client leaves
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-started; cancel() }()
	_, err := client.Exec(ctx, fcclient.ExecInput{Function: "hello", InstanceID: "c-1", Command: []string{"sh"}, Stdout: io.Discard, Stderr: io.Discard})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestExecUnreachable(t *testing.T) {
	t.Parallel()
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: "http://127.0.0.1:1"})
	var unreachable *fcclient.UnreachableError
	if _, err := client.Exec(context.Background(), fcclient.ExecInput{Function: "f", InstanceID: "c", Command: []string{"x"}}); !errors.As(err, &unreachable) {
		t.Errorf("err = %v", err)
	}
}
