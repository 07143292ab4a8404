package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/sandbox"
)

// Channels of the exec websocket, the first byte of a frame (protocol of
// instance exec; 5 and the exit code in it are the local cloud's).
const (
	channelStdin  = 0
	channelStdout = 1
	channelStderr = 2
	channelError  = 3
	channelResize = 4
	channelClose  = 5
)

// Size of a terminal until the client tells its own.
const (
	defaultRows = 24
	defaultCols = 80
)

// ServeExec runs a command in an instance over a websocket.
func (g *Gateway) ServeExec(w http.ResponseWriter, r *http.Request, t Target, id string) {
	info, err := g.findInstance(t, id)
	if err != nil {
		reply.Error(w, err)
		return
	}
	q := r.URL.Query()
	spec := sandbox.ExecSpec{Args: q["command"], TTY: q.Get("tty") == "true", Rows: defaultRows, Cols: defaultCols}
	if len(spec.Args) == 0 {
		reply.Error(w, reply.Invalid("command is required"))
		return
	}
	ctx, cancel, err := execContext(r)
	if err != nil {
		reply.Error(w, err)
		return
	}
	defer cancel()
	// The request is signed, which no web page can do: its Origin doesn't matter.
	connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // answered
	}
	defer connection.CloseNow()
	connection.SetReadLimit(1 << 20)
	session := &execSession{connection: connection, cancel: cancel, stdin: q.Get("stdin") == "true"}
	session.run(ctx, info.Process, spec)
}

func (g *Gateway) findInstance(t Target, id string) (instance.Info, error) {
	if _, err := g.cfg.Store.Resolve(t.Region, t.Function, t.Qualifier, nil); err != nil {
		return instance.Info{}, err
	}
	for _, info := range g.Instances(t.Region, t.Function) {
		if info.ID == id && info.Process != nil {
			return info, nil
		}
	}
	return instance.Info{}, &fc.APIError{
		Status: http.StatusNotFound, Code: "InstanceNotFound",
		Message: "instance '" + id + "' of function '" + t.Function + "' does not run",
	}
}

// execContext ends with the time that the request asks for, in seconds, and
// not before the request: a websocket leaves it.
func execContext(r *http.Request) (context.Context, context.CancelFunc, error) {
	ctx := context.WithoutCancel(r.Context())
	text := r.URL.Query().Get("FC_INSTANCE_EXEC_TIMEOUT")
	if text == "" {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 {
		return nil, nil, reply.Invalid("FC_INSTANCE_EXEC_TIMEOUT must be a number of seconds")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	return ctx, cancel, nil
}

// execSession joins a websocket and a command.
type execSession struct {
	connection *websocket.Conn
	cancel     context.CancelFunc
	stdin      bool
}

// run runs the command and sends how it ended. A client that leaves ends it.
func (s *execSession) run(ctx context.Context, process sandbox.Process, spec sandbox.ExecSpec) {
	input, feed := io.Pipe()
	resize := make(chan [2]uint16, 1)
	if s.stdin {
		spec.Stdin = input
	}
	if spec.TTY {
		spec.Resize = resize
		spec.Env = []string{"TERM=xterm-256color"}
	}
	spec.Stdout = frameWriter{ctx, s.connection, channelStdout}
	spec.Stderr = frameWriter{ctx, s.connection, channelStderr}
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		defer s.cancel() // the client left
		s.read(ctx, feed, resize)
	}()
	code, err := process.Exec(ctx, spec)
	input.Close()                         // wakes the reader if it waits for the command to read
	closing := context.WithoutCancel(ctx) // a client that left hears nothing of it
	if err != nil {
		_ = s.connection.Write(closing, websocket.MessageBinary, append([]byte{channelError}, err.Error()...))
	} else {
		_ = s.connection.Write(closing, websocket.MessageBinary, append([]byte{channelClose}, strconv.Itoa(code)...))
	}
	s.connection.Close(websocket.StatusNormalClosure, "")
	s.cancel()
	<-reading
}

// read takes the client's frames until it leaves.
func (s *execSession) read(ctx context.Context, feed *io.PipeWriter, resize chan [2]uint16) {
	defer feed.Close()
	for {
		_, frame, err := s.connection.Read(ctx)
		if err != nil {
			return
		}
		switch {
		case len(frame) == 0:
		case frame[0] == channelResize && len(frame) > 1 && frame[1] == '{':
			changeSize(resize, frame[1:])
		case frame[0] == channelStdin && len(frame) == 1:
			feed.Close()
		case frame[0] == channelStdin:
			_, _ = feed.Write(frame[1:]) // an error is the command's end
		default: // clients that know no channels
			_, _ = feed.Write(frame)
		}
	}
}

// changeSize replaces a size that nobody has taken yet.
func changeSize(resize chan [2]uint16, text []byte) {
	var size struct{ Width, Height uint16 }
	if json.Unmarshal(text, &size) != nil || size.Width == 0 || size.Height == 0 {
		return
	}
	select {
	case <-resize:
	default:
	}
	resize <- [2]uint16{size.Height, size.Width}
}

// frameWriter sends what is written as frames of a channel.
type frameWriter struct {
	ctx        context.Context
	connection *websocket.Conn
	channel    byte
}

// Write sends one frame.
func (f frameWriter) Write(p []byte) (int, error) {
	frame := make([]byte, 1+len(p))
	frame[0] = f.channel
	copy(frame[1:], p)
	if err := f.connection.Write(f.ctx, websocket.MessageBinary, frame); err != nil {
		return 0, errors.Join(io.ErrClosedPipe, err)
	}
	return len(p), nil
}
