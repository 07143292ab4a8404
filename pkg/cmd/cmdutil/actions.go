package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Moments of an action around its command.
const (
	WhenPre      = "pre"
	WhenSuccess  = "success"
	WhenFail     = "fail"
	WhenComplete = "complete"
)

// Actions runs the hooks of s.yaml around a command.
type Actions struct {
	IO      *iostreams.IOStreams
	Command string // deploy, invoke, ...
	// Env are variables of .env files, for programs; those of the process win.
	Env map[string]string
	// Redact takes secrets out of the lines that are shown; nil leaves them.
	Redact func(string) string
	// Skip runs none, as --skip-actions asks.
	Skip bool
	// Build runs the builder for a component action such as "fc build
	// --use-docker"; flags are what follows "build". Nil refuses it.
	Build func(ctx context.Context, flags []string) error
	// Shell runs a line in a folder; nil takes the system's shell.
	Shell func(ctx context.Context, line, dir string) error
}

// Run runs the actions of one moment, in order, until one fails.
func (a Actions) Run(ctx context.Context, actions []spec.Action, when string) error {
	if a.Skip {
		return nil
	}
	for _, action := range actions {
		if action.When != when || action.Command != a.Command {
			continue
		}
		err := a.one(ctx, action)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !action.AllowFailure.Allows(a.Command, exitCode(err)) {
			return fmt.Errorf("%s: action %s-%s: %w", action.Range, action.When, action.Command, err)
		}
		a.IO.Errf("warning: action %s-%s failed and may: %v", action.When, action.Command, err)
	}
	return nil
}

// exitCode is the code of a program that failed, 1 for everything else.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 1
}

// After runs what follows a command: success or fail, then complete. The
// command's own error wins over those of the actions.
func (a Actions) After(ctx context.Context, actions []spec.Action, failed error) error {
	when := WhenSuccess
	if failed != nil {
		when = WhenFail
	}
	err := a.Run(ctx, actions, when)
	if complete := a.Run(ctx, actions, WhenComplete); err == nil {
		err = complete
	}
	if failed != nil {
		return failed
	}
	return err
}

func (a Actions) one(ctx context.Context, action spec.Action) error {
	switch open := action.Open; {
	case open != nil:
		return WithHint(ExitFailed, fmt.Errorf("it needs the %s of %s, which isn't deployed or doesn't give it (%s)", open.What, open.Resource, open.Range),
			"s deploy "+open.Resource)
	case action.Run != "":
		a.IO.Errf("> %s", a.shown(action.Run))
		if a.Shell != nil {
			return a.Shell(ctx, action.Run, action.Path)
		}
		return a.shell(ctx, action.Run, action.Path)
	case action.Plugin != "":
		return fmt.Errorf("plugin %s: plugins are not supported yet", action.Plugin)
	}
	return a.component(ctx, action.Component)
}

func (a Actions) shown(line string) string {
	if a.Redact == nil {
		return line
	}
	return a.Redact(line)
}

// component runs another command of a component; build is the one that s.yaml
// files have in use.
func (a Actions) component(ctx context.Context, line string) error {
	words := strings.Fields(line)
	if len(words) < 2 || (words[0] != "fc" && words[0] != "fc3") || words[1] != "build" {
		return fmt.Errorf("component action %q is not supported yet", a.shown(line))
	}
	if a.Build == nil {
		return errors.New("a build can't run here")
	}
	a.IO.Errf("> %s", a.shown(line))
	return a.Build(ctx, words[2:])
}

// shell runs a line with the system's shell; what it prints is no data of the
// command, so all of it goes to stderr.
func (a Actions) shell(ctx context.Context, line, dir string) error {
	name, args := "sh", []string{"-c", line}
	if runtime.GOOS == "windows" {
		name, args = "cmd", []string{"/C", line}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdin = nil
	cmd.Env = a.environ()
	cmd.Stdout, cmd.Stderr = a.IO.ErrOut, a.IO.ErrOut
	cmd.WaitDelay = 5 * time.Second // for what the line left in the background
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	ended := a.IO.Debug().Tool(cmd.Args)
	err := cmd.Run()
	ended(err)
	return err
}

// environ is the environment of a program. The process's own variables win over
// .env's: of two of a name, exec takes the last.
func (a Actions) environ() []string {
	var environ []string
	for name, value := range a.Env {
		environ = append(environ, name+"="+value)
	}
	return append(environ, os.Environ()...)
}
