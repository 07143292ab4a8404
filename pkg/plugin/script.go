package plugin

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// runner calls a JavaScript plugin the way that Serverless Devs 3 does:
// fn(inputs, args, logger). What it says to us goes to descriptor 3, what we
// answer comes from descriptor 4, a JSON object in a line each; stdout is the
// plugin's own.
//
//go:embed runner.cjs
var runner string

// message is a line from the runner.
type message struct {
	Asks   bool            `json:"credential"` // for the credentials
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

// reply is a line to the runner.
type reply struct {
	Credential map[string]string `json:"credential,omitempty"`
	Error      string            `json:"error,omitempty"`
}

// script runs a JavaScript plugin.
func (r Runner) script(ctx context.Context, p Program, when string, doc []byte) (Answer, error) {
	if runtime.GOOS == "windows" {
		return Answer{}, errors.New("JavaScript plugins don't run on Windows yet; a program that speaks JSON does")
	}
	node, err := r.LookPath("node")
	if err != nil {
		return Answer{}, &NoNodeError{p.Path}
	}
	debug := ""
	if r.Debug {
		debug = "debug"
	}
	cmd := exec.CommandContext(ctx, node, "--eval", runner, "--", p.Path, debug)
	// Modules are looked for beside the plugin, everything else beside s.yaml.
	var cwd struct{ Cwd string }
	if err := json.Unmarshal(doc, &cwd); err != nil {
		return Answer{}, err
	}
	cmd.Dir = cwd.Cwd
	run := r.process(ctx, cmd)
	if r.Tool != nil {
		run.tool = func([]string) func(error) { return r.Tool([]string{node, p.Path}) } // without the runner's text
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return Answer{}, err
	}
	defer ours.Close()
	run.theirs = append(run.theirs, theirs)
	said := conversation{ctx: ctx, Runner: r, to: ours}
	from, err := run.pipe(said.hold)
	if err = errors.Join(err, run.output(&cmd.Stderr, r.show)); err != nil {
		run.abandon()
		return Answer{}, err
	}
	cmd.Stdout = cmd.Stderr // what a plugin prints is no data
	cmd.ExtraFiles = []*os.File{from, theirs}
	err = run.wait(doc)
	switch {
	case err != nil && ctx.Err() == nil && said.Error != "":
		return Answer{}, fmt.Errorf("%s: %w", r.redact(said.Error), err)
	case err != nil:
		return Answer{}, err
	}
	return scriptAnswer(said.Result, when)
}

// conversation is what the runner says and is told.
type conversation struct {
	message
	Runner
	ctx context.Context //nolint:containedctx // of the one plugin that it is with
	to  io.Writer
}

func (c *conversation) hold(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m message
		switch {
		case json.Unmarshal(line, &m) != nil:
			return // it is not the runner that speaks
		case !m.Asks:
			c.message = m
			continue
		}
		text, err := json.Marshal(c.credential())
		if err != nil {
			return
		}
		if _, err := c.to.Write(append(text, '\n')); err != nil {
			return
		}
	}
}

func (c *conversation) credential() reply {
	if c.Credential == nil {
		return reply{Error: "there are no credentials here"}
	}
	fields, err := c.Credential(c.ctx)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Credential: fields}
}

// scriptAnswer reads what the function gave. Before the command that is the
// inputs of the resource, with its props, or nothing; what JavaScript takes for
// empty counts as nothing.
func scriptAnswer(result json.RawMessage, when string) (Answer, error) {
	if string(result) == "null" {
		return Answer{}, nil
	}
	if when != whenPre {
		return Answer{Output: result}, nil
	}
	inputs, err := object(result)
	if len(result) == 0 || err != nil || len(inputs) == 0 {
		return Answer{}, nil
	}
	props, ok := inputs["props"].(map[string]any)
	if !ok {
		return Answer{}, errors.New("it gave inputs without props: return the inputs that it got, changed, or nothing")
	}
	return Answer{Props: props}, nil
}
