package fcclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/coder/websocket"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// Channels of the exec websocket: the first byte of every binary frame (shipped
// clients of FC; the exit code in a close frame is the local cloud's).
const (
	channelStdin  = 0
	channelStdout = 1
	channelStderr = 2
	channelError  = 3
	channelResize = 4
	channelClose  = 5
)

// TermSize is the size of a terminal in characters.
type TermSize struct {
	Width  int
	Height int
}

// ExecInput is a command to run inside an instance.
type ExecInput struct {
	Function   string // service$function in FC 2.0
	Qualifier  string // empty is LATEST
	InstanceID string
	Command    []string
	TTY        bool
	Stdin      io.Reader // nil gives the command none
	Stdout     io.Writer
	Stderr     io.Writer
	Resize     <-chan TermSize // nil: the terminal keeps its size
}

// Exec runs a command in an instance and gives its exit code. Canceling ctx, or
// an end of Resize, leaves the session.
func (c *Client) Exec(ctx context.Context, in ExecInput) (int, error) {
	connection, err := c.dialExec(ctx, in)
	if err != nil {
		return 0, err
	}
	defer connection.CloseNow()
	connection.SetReadLimit(-1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if in.Stdin != nil {
		go sendInput(ctx, connection, in.Stdin)
	}
	if in.Resize != nil {
		go sendSizes(ctx, connection, in.Resize)
	}
	return receive(ctx, connection, in)
}

// dialExec opens the websocket. FC takes its own signature scheme there.
func (c *Client) dialExec(ctx context.Context, in ExecInput) (*websocket.Conn, error) {
	qualifier := in.Qualifier
	if qualifier == "" {
		qualifier = fc.LatestQualifier
	}
	yes := []string{"true"}
	query := url.Values{
		"command": in.Command, "stdin": {strconv.FormatBool(in.Stdin != nil)}, "stdout": yes, "stderr": yes,
		"tty": {strconv.FormatBool(in.TTY)}, "qualifier": {qualifier},
	}
	// The exec operation lives in version 2023-03-30 alone; FC 2.0 functions
	// are reached there under service$function.
	path := "/" + fc.APIVersion3 + "/functions/" + url.PathEscape(in.Function) + "/instances/" + url.PathEscape(in.InstanceID) + "/exec"
	r, err := c.request(ctx, direct{
		host: hostInvoke, op: fcsign.Operation{Action: "InstanceExec"},
		method: http.MethodGet, path: path, query: query, header: http.Header{},
	})
	if err != nil {
		return nil, err
	}
	fcsign.SignFC(r, c.keys(), c.now())
	target := "ws" + strings.TrimPrefix(r.URL.String(), "http")
	connection, response, err := websocket.Dial(ctx, target, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: c.through("InstanceExec")}, HTTPHeader: r.Header,
	})
	if err == nil {
		return connection, nil
	}
	if response == nil || response.StatusCode < 300 {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // what there is of it
	return nil, c.refused(r.URL.Host, &answer{response.StatusCode, response.Header, body})
}

// sendInput forwards stdin; an empty frame tells its end.
func sendInput(ctx context.Context, connection *websocket.Conn, stdin io.Reader) {
	buffer := make([]byte, 32<<10)
	buffer[0] = channelStdin
	for {
		n, err := stdin.Read(buffer[1:])
		if n > 0 && connection.Write(ctx, websocket.MessageBinary, buffer[:n+1]) != nil {
			return
		}
		if err != nil {
			_ = connection.Write(ctx, websocket.MessageBinary, []byte{channelStdin}) // an error is the session's end
			return
		}
	}
}

func sendSizes(ctx context.Context, connection *websocket.Conn, sizes <-chan TermSize) {
	for {
		select {
		case size, ok := <-sizes:
			if !ok {
				return
			}
			data, _ := json.Marshal(size) // two ints always marshal
			if connection.Write(ctx, websocket.MessageBinary, append([]byte{channelResize}, data...)) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// receive writes out what the command prints, until it ends.
func receive(ctx context.Context, connection *websocket.Conn, in ExecInput) (int, error) {
	for {
		_, frame, err := connection.Read(ctx)
		if err != nil {
			return 0, execEnd(ctx, err)
		}
		if len(frame) == 0 {
			continue
		}
		switch payload := frame[1:]; frame[0] {
		case channelStdout:
			_, err = in.Stdout.Write(payload)
		case channelStderr:
			_, err = in.Stderr.Write(payload)
		case channelError:
			return 0, fmt.Errorf("the instance refused the command: %s", strings.TrimSpace(string(payload)))
		case channelClose:
			code, _ := strconv.Atoi(strings.TrimSpace(string(payload))) // FC sends none
			return code, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// execEnd explains why reading stopped: a normal closure is an end like any.
func execEnd(ctx context.Context, err error) error {
	var closed websocket.CloseError
	if errors.As(err, &closed) && closed.Code == websocket.StatusNormalClosure {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("the connection to the instance broke: %w", err)
}
