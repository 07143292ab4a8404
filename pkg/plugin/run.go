package plugin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Limits of a plugin.
const (
	maxAnswer    = 16 << 20        // bytes
	defaultGrace = 5 * time.Second // to end after it was asked to
	leftBehind   = 2 * time.Second // for output of what it left running outside of its group
	stderrLine   = 64 << 10        // bytes; a longer line is shown in pieces
)

// Runner runs plugins.
type Runner struct {
	Env    []string            // environment of the program
	Stderr io.Writer           // gets what plugins write to stderr, line by line
	Redact func(string) string // takes secrets out of what is shown; nil takes none
	Debug  bool                // shows what JavaScript plugins log for debugging
	Grace  time.Duration       // how long an interrupted plugin may take to end; 0 is 5 s
	// Credential gives the credentials by their fields to a JavaScript plugin that
	// asks for them; nil refuses.
	Credential func(ctx context.Context) (map[string]string, error)
	LookPath   func(string) (string, error) // finds node; exec.LookPath
	// Tool hears of a program that starts; what it gives is called when it ends. Nil
	// hears nothing.
	Tool func(args []string) (ended func(error))
}

// NoNodeError is a JavaScript plugin on a machine without node.
type NoNodeError struct{ Path string }

// Error names the plugin's file.
func (e *NoNodeError) Error() string {
	return e.Path + " is JavaScript, and node is not on PATH"
}

// Run runs a plugin in its own process group and gives its answer. When it ends,
// or ctx does, everything in its group ends with it. A program that fails gives
// an error with *exec.ExitError in it, an answer that can't be understood an
// *AnswerError.
func (r Runner) Run(ctx context.Context, p Program, request Request) (Answer, error) {
	request.Protocol = Protocol
	doc, err := json.Marshal(request)
	if err != nil {
		return Answer{}, fmt.Errorf("its input can't be written as JSON: %w", err)
	}
	if p.Script {
		return r.script(ctx, p, request.When, doc)
	}
	cmd := exec.CommandContext(ctx, p.Path)
	cmd.Dir = request.Cwd
	run := r.process(ctx, cmd)
	var answer limited
	if err := errors.Join(run.output(&cmd.Stdout, answer.readFrom), run.output(&cmd.Stderr, r.show)); err != nil {
		run.abandon()
		return Answer{}, err
	}
	if err := run.wait(doc); err != nil {
		return Answer{}, err
	}
	if answer.over {
		return Answer{}, &AnswerError{What: fmt.Sprintf("it has more than %d MiB", maxAnswer>>20)}
	}
	return parseAnswer(answer.data.Bytes(), request.When, r.redact)
}

func (r Runner) redact(text string) string {
	if r.Redact == nil {
		return text
	}
	return r.Redact(text)
}

// show passes lines on, and ends the last one.
func (r Runner) show(from io.Reader) {
	lines := bufio.NewReaderSize(from, stderrLine)
	open := false
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			open = line[len(line)-1] != '\n'
			_, _ = io.WriteString(r.Stderr, r.redact(string(line)))
		}
		switch {
		case err == nil || errors.Is(err, bufio.ErrBufferFull):
			continue
		case open:
			_, _ = io.WriteString(r.Stderr, "\n")
		}
		return
	}
}

// limited keeps what fits into an answer.
type limited struct {
	data bytes.Buffer
	over bool
}

func (l *limited) readFrom(from io.Reader) {
	_, _ = l.data.ReadFrom(io.LimitReader(from, maxAnswer)) // what there is until it breaks
	rest, _ := io.Copy(io.Discard, from)
	l.over = rest > 0
}

// process is a plugin that runs. Its output goes through pipes of our own, so
// that waiting for it is waiting for the program alone, and not for what it left
// behind with the same output.
type process struct {
	ctx    context.Context //nolint:containedctx // of the one program that it is
	cmd    *exec.Cmd
	tool   func(args []string) (ended func(error))
	ours   []*os.File
	theirs []*os.File
	read   sync.WaitGroup
}

func (r Runner) process(ctx context.Context, cmd *exec.Cmd) *process {
	cmd.Env = r.Env
	cmd.WaitDelay = r.Grace
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = defaultGrace
	}
	ownGroup(cmd)
	return &process{ctx: ctx, cmd: cmd, tool: r.Tool}
}

// output makes a pipe whose other end goes to use.
func (p *process) output(end *io.Writer, use func(io.Reader)) error {
	file, err := p.pipe(use)
	*end = file
	return err
}

func (p *process) pipe(use func(io.Reader)) (*os.File, error) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.ours, p.theirs = append(p.ours, ours), append(p.theirs, theirs)
	p.read.Go(func() { use(ours) })
	return theirs, nil
}

// abandon ends the readers of a program that doesn't start.
func (p *process) abandon() {
	for _, f := range append(p.theirs, p.ours...) {
		f.Close()
	}
	p.read.Wait()
}

// wait runs the program, and tells of it while nothing of it is read.
func (p *process) wait(doc []byte) error {
	if p.tool == nil {
		return p.run(doc)
	}
	ended := p.tool(p.cmd.Args)
	err := p.run(doc)
	ended(err)
	return err
}

// run starts the program, writes doc to its stdin and waits for its end.
func (p *process) run(doc []byte) error {
	stdin, err := p.cmd.StdinPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.abandon()
		return err
	}
	for _, f := range p.theirs {
		f.Close()
	}
	p.read.Go(func() {
		_, _ = stdin.Write(doc) // a program needn't read it
		_ = stdin.Close()
	})
	err = p.cmd.Wait()
	endGroup(p.cmd.Process.Pid)
	read := make(chan struct{})
	go func() {
		p.read.Wait()
		close(read)
	}()
	late := time.NewTimer(leftBehind)
	defer late.Stop()
	select {
	case <-read:
	case <-late.C:
	}
	for _, f := range p.ours {
		f.Close()
	}
	<-read
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	return err
}
