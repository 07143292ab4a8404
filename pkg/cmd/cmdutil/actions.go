package cmdutil

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"s/pkg/diag"
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

// peerExitCode is what Serverless Devs has for every failed action; files name
// it in allow_failure.
const peerExitCode = 101

// Actions runs the hooks of s.yaml around a command.
type Actions struct {
	IO      *iostreams.IOStreams
	Command string // deploy, invoke, ...
	// Skip runs none, as --skip-actions asks.
	Skip bool
	// Build runs the builder for a component action such as "fc build
	// --use-docker" in a command that has builds of its own; flags are what follows
	// "build". Nil runs the build command.
	Build func(ctx context.Context, s *Subject, flags []string) error
	// Shell runs a line in a folder; nil takes the system's shell.
	Shell func(ctx context.Context, line, dir string) error
	Outside
}

// NewActions makes Actions of a command. outside may be nil.
func NewActions(io *iostreams.IOStreams, command string, skip bool, outside func() Outside) Actions {
	a := Actions{IO: io, Command: command, Skip: skip}
	if outside != nil {
		a.Outside = outside()
	}
	return a
}

// Outside is what actions need of the program around them.
type Outside struct {
	// Nested runs a command of s without its actions for a resource of a project
	// that is loaded, with the streams of the action; words are the command, its subcommands and flags. Nil
	// refuses.
	Nested func(ctx context.Context, io *iostreams.IOStreams, project *spec.Project, resource string, words []string) error
	// Credential gives the credentials of a project by their fields. Nil refuses.
	Credential func(ctx context.Context, project *spec.Project) (map[string]string, error)
	// PeerPackages is a folder with packages that Serverless Devs fetched; empty is
	// none.
	PeerPackages string
	// Access is the alias that wins over the file's; empty is none.
	Access string
	// Debug shows what JavaScript plugins log for debugging.
	Debug bool
}

// Subject is what actions are about: a resource, or the whole project. Nothing
// of it is seen by the actions of another one.
type Subject struct {
	Project  *spec.Project  // with the props that a plugin gave
	Resource *spec.Resource // of Project; nil for the global actions
	// Output is what the command gave, as -o json shows it; nil if it failed or
	// gives nothing. Replaced is set if it is a plugin's.
	Output   any
	Replaced bool
}

// actions are those of the resource, or the global ones.
func (s *Subject) actions() []spec.Action {
	if s.Resource != nil {
		return s.Resource.Actions
	}
	return s.Project.Actions
}

// Before runs the pre actions. A plugin among them may give the resource other
// props: s has them then.
func (a Actions) Before(ctx context.Context, s *Subject) error {
	return a.run(ctx, s, WhenPre, nil)
}

// run runs the actions of one moment, in order, until one fails.
func (a Actions) run(ctx context.Context, s *Subject, when string, failed error) error {
	if a.Skip {
		return nil
	}
	for _, action := range s.actions() {
		if action.When != when || action.Command != a.Command {
			continue
		}
		err := a.one(ctx, s, action, failed)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !a.allowed(action, err) {
			return fmt.Errorf("%s: action %s-%s: %w", action.Range, action.When, action.Command, err)
		}
		a.IO.Errf("warning: action %s-%s failed and may: %v", action.When, action.Command, s.Project.Redact(err.Error()))
	}
	return nil
}

// allowed tells whether an action may fail that way. Props that are wrong are no
// failure of the plugin that gave them.
func (a Actions) allowed(action spec.Action, err error) bool {
	var wrong diag.Diagnostics
	if errors.As(err, &wrong) {
		return false
	}
	return action.AllowFailure.Allows(a.Command, exitCode(err)) || action.AllowFailure.Allows(a.Command, peerExitCode)
}

// exitCode is the code of a program or a command of s that failed, 1 for
// everything else.
func exitCode(err error) int {
	var exit *exec.ExitError
	var known *Error
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case errors.As(err, &known):
		return known.Code
	}
	return ExitFailed
}

// After runs what follows a command: success or fail, then complete. The
// command's own error wins over those of the actions. A plugin among them may
// replace the output: s has it then.
func (a Actions) After(ctx context.Context, s *Subject, failed error) error {
	when := WhenSuccess
	if failed != nil {
		when = WhenFail
	}
	err := a.run(ctx, s, when, failed)
	if complete := a.run(ctx, s, WhenComplete, failed); err == nil {
		err = complete
	}
	if failed == nil || ctx.Err() != nil {
		return cmp.Or(failed, err)
	}
	if err != nil {
		a.Tell(s, err)
	}
	return failed
}

// Tell shows the failure of an action where another one ends the command.
func (a Actions) Tell(s *Subject, err error) {
	a.IO.Errf("warning: %s", s.Project.Redact(err.Error()))
}

// Replaces tells whether an action after the command may replace its output.
func (a Actions) Replaces(s *Subject) bool {
	return !a.Skip && slices.ContainsFunc(s.actions(), func(action spec.Action) bool {
		return action.ReplaceOutput && action.Command == a.Command && action.When != WhenPre
	})
}

func (a Actions) one(ctx context.Context, s *Subject, action spec.Action, failed error) error {
	switch open := action.Open; {
	case open != nil:
		return WithHint(ExitFailed, fmt.Errorf("it needs the %s of %s, which isn't deployed or doesn't give it (%s)", open.What, open.Resource, open.Range),
			"s deploy "+open.Resource)
	case action.Run != "":
		a.IO.Errf("> %s", s.Project.Redact(action.Run))
		if a.Shell != nil {
			return a.Shell(ctx, action.Run, action.Path)
		}
		return a.shell(ctx, s, action.Run, action.Path)
	case action.Plugin != "":
		return a.plugin(ctx, s, action, failed)
	}
	return a.component(ctx, s, action.Component)
}

// shell runs a line with the system's shell; what it prints is no data of the
// command, so all of it goes to stderr.
func (a Actions) shell(ctx context.Context, s *Subject, line, dir string) error {
	name, args := "sh", []string{"-c", line}
	if runtime.GOOS == "windows" {
		name, args = "cmd", []string{"/C", line}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdin = nil
	cmd.Env = environ(s.Project)
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
func environ(project *spec.Project) []string {
	var environ []string
	for name, value := range project.DotEnv {
		environ = append(environ, name+"="+value)
	}
	return append(environ, os.Environ()...)
}
