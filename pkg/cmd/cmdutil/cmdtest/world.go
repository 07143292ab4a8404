// Package cmdtest sets up what a command needs for a test: a project with code
// on disk, an endpoint in memory and streams over buffers.
package cmdtest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/spec"
)

// World is a test's surroundings.
type World struct {
	T                *testing.T
	IO               *iostreams.IOStreams
	In, Out, ErrOut  *bytes.Buffer
	Server           *fctest.Server
	Project          *spec.Project
	Factory          *cmdutil.Factory
	Target           *cmdutil.Target
	TargetErr        error
	LocalErr         error
	CodeDir          string
	Prompter         *Prompter
	ProjectCommand   string // the command that the project was loaded for
	TargetsRequested int
}

// New makes a project of an edition (spec.Edition1 or spec.Edition3) with one
// resource "hello", none of it deployed.
func New(t *testing.T, edition string) *World {
	t.Helper()
	w := &World{T: t, Server: fctest.New(t), CodeDir: filepath.Join(t.TempDir(), "code")}
	w.IO, w.In, w.Out, w.ErrOut = iostreams.Test()
	w.Write("index.py", "def handler(event, context):\n    return event\n")
	w.Project = &spec.Project{File: "s.yaml", Dir: filepath.Dir(w.CodeDir), Name: "app", Edition: edition}
	w.Add("hello")
	w.Target = &cmdutil.Target{Credentials: fctest.Credentials(), Endpoint: w.Server.URL, Client: w.client}
	w.Prompter = &Prompter{}
	w.Factory = &cmdutil.Factory{
		IO: w.IO, Version: "test", Settings: &cmdutil.Settings{Output: cmdutil.OutputDefault},
		Project: func(_ context.Context, command string) (*spec.Project, error) {
			w.ProjectCommand = command
			return w.Project, nil
		},
		Target: func(context.Context, *spec.Project) (*cmdutil.Target, error) {
			w.TargetsRequested++
			return w.Target, w.TargetErr
		},
		Local: func(context.Context) (*local.Info, error) {
			if w.LocalErr != nil {
				return nil, w.LocalErr
			}
			return &local.Info{
				Endpoint: w.Server.URL, AccountID: fctest.AccountID,
				AccessKeyID: fctest.AccessKeyID, AccessKeySecret: fctest.AccessKeySecret,
			}, nil
		},
		Home: func() (string, error) { return t.TempDir(), nil },
	}
	return w
}

func (w *World) client(r *spec.Resource) (*fcclient.Client, error) {
	return fcclient.New(fcclient.Config{Region: r.Region, Credentials: fctest.Credentials(), Endpoint: w.Server.URL, V2: r.Service != nil}), nil
}

// Add appends a resource with the same code to the project.
func (w *World) Add(name string) *spec.Resource {
	r := &spec.Resource{
		Name: name, Component: "fc3", Region: "cn-hangzhou", Code: spec.CodeSource{Path: w.CodeDir},
		Function: fc.Function{FunctionName: name, Runtime: "python3.10", Handler: "index.handler", MemorySize: 1536, Timeout: 30},
	}
	if w.Project.Edition == spec.Edition1 {
		r.Component = "fc"
		r.Service = &fc.Service{ServiceName: "svc"}
		r.Function.FunctionName = "svc$" + name
	}
	w.Project.Resources = append(w.Project.Resources, r)
	return r
}

// Resource is the first resource.
func (w *World) Resource() *spec.Resource { return w.Project.Resources[0] }

// Write puts a file into the code, old enough for its time to be trusted.
func (w *World) Write(name, text string) {
	w.T.Helper()
	path := filepath.Join(w.CodeDir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.T.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.T.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		w.T.Fatal(err)
	}
}

// TTY makes all streams terminals and answers questions with yes.
func (w *World) TTY(yes bool) {
	w.IO.SetTTY(true, true, true)
	w.Prompter.Yes = yes
	w.IO.SetPrompter(w.Prompter)
}

// Run runs a command line with the global flags and gives its error.
func (w *World) Run(cmd *cobra.Command, args ...string) error {
	w.T.Helper()
	return w.RunContext(context.Background(), cmd, args...)
}

// RunContext is Run under a context. The output of former runs is dropped.
func (w *World) RunContext(ctx context.Context, cmd *cobra.Command, args ...string) error {
	w.T.Helper()
	w.Out.Reset()
	w.ErrOut.Reset()
	root := &cobra.Command{Use: "s", SilenceErrors: true, SilenceUsage: true}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return w.Factory.Settings.Read(cmd.Flags()) }
	cmdutil.BindFlags(root.PersistentFlags())
	root.SetOut(w.Out)
	root.SetErr(w.ErrOut)
	root.AddCommand(cmd)
	root.SetArgs(append([]string{cmd.Name()}, args...))
	return root.ExecuteContext(ctx)
}

// Stdout and Stderr give what the last run printed.
func (w *World) Stdout() string { return w.Out.String() }

// Stderr gives what the last run printed beside its data.
func (w *World) Stderr() string { return w.ErrOut.String() }

// WantStderr fails the test unless all parts are on stderr.
func (w *World) WantStderr(parts ...string) {
	w.T.Helper()
	for _, part := range parts {
		if !strings.Contains(w.Stderr(), part) {
			w.T.Errorf("stderr has no %q:\n%s", part, w.Stderr())
		}
	}
}

// Prompter answers every question alike and keeps what was asked.
type Prompter struct {
	Yes   bool
	Err   error
	Asked []string
}

// Input is not asked by these commands.
func (p *Prompter) Input(message, _, def string, _ func(string) error) (string, error) {
	p.Asked = append(p.Asked, message)
	return def, p.Err
}

// Select is not asked by these commands.
func (p *Prompter) Select(message, _ string, _ []string, def int) (int, error) {
	p.Asked = append(p.Asked, message)
	return def, p.Err
}

// Confirm answers with Yes.
func (p *Prompter) Confirm(message string, _ bool) (bool, error) {
	p.Asked = append(p.Asked, message)
	return p.Yes, p.Err
}

// Password is not asked by these commands.
func (p *Prompter) Password(message string) (string, error) {
	p.Asked = append(p.Asked, message)
	return "", p.Err
}
