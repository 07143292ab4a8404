package cmdutil

import (
	"context"
	"errors"
	"strings"
	"testing"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// openOf is an open value that a gives.
func openOf(path string) []spec.Open {
	return []spec.Open{{Path: path, Reference: spec.Reference{Resource: "a", What: "output"}}}
}

func TestSettleNames(t *testing.T) {
	t.Parallel()
	command := func(open []spec.Open) []spec.Action {
		return []spec.Action{{Command: "build", Run: "x", Open: &open[0]}, {Command: "info", Run: "x"}}
	}
	name, other := openOf("props.functionName"), openOf("props.description")
	for _, c := range []struct {
		about   string
		prepare func(p *spec.Project)
		command string
		reloads int
		fails   bool // if it isn't known afterwards
	}{
		{"nothing", func(*spec.Project) {}, "info", 0, false},
		{"a name", func(p *spec.Project) { p.Resources[1].Open = name }, "info", 1, true},
		{"something else", func(p *spec.Project) { p.Resources[1].Open = other }, "info", 0, false},
		{"an action", func(p *spec.Project) { p.Resources[1].Actions = command(other) }, "build", 1, false},
		{"an action of another command", func(p *spec.Project) { p.Resources[1].Actions = command(other) }, "info", 0, false},
		{"a global action", func(p *spec.Project) { p.Actions = command(other) }, "build", 1, false},
	} {
		for _, known := range []bool{true, false} {
			p, after := graph("a b:a"), graph("a b:a")
			c.prepare(p)
			if !known {
				c.prepare(after)
			}
			reloads := 0
			got, resources, err := SettleNames(context.Background(), c.command, p, p.Resources, SettleOptions{
				Reload: func(context.Context, string, Known) (*spec.Project, error) { reloads++; return after, nil },
				Flags:  []string{"-a", "local"},
			})
			if reloads != c.reloads || (err != nil) != (c.fails && !known) {
				t.Errorf("%s, known %v: %d reloads, %v", c.about, known, reloads, err)
			}
			want := map[int]*spec.Project{0: p, 1: after}[c.reloads]
			if err == nil && (got != want || resources[1] != want.Resources[1]) {
				t.Errorf("%s, known %v: not what was loaded", c.about, known)
			}
			var said *Error
			if err != nil && (!errors.As(err, &said) || said.Hint != "s deploy a -a local") {
				t.Errorf("%s: %v", c.about, err)
			}
		}
	}
}

// TestSettleAll: what is deployed is read where remote says, and an error of
// reading is one.
func TestSettleAll(t *testing.T) {
	t.Parallel()
	p, settled := graph("a b:a"), graph("a b:a")
	p.Resources[0].Function.FunctionName = "fa"
	p.Resources[1].Open = openOf("props.description")
	reload := func(_ context.Context, _ string, known Known) (*spec.Project, error) {
		if m, ok := known("a", false); ok && m["functionName"] == "fa" {
			return settled, nil
		}
		return p, nil
	}
	there := &reader{function: &fc.Function{FunctionName: "fa"}}
	_, resources, err := SettleAll(context.Background(), "build", p, p.Resources, SettleOptions{
		Reload: reload, Remote: func(*spec.Resource) (deploy.Reader, error) { return there, nil },
	})
	if err != nil || resources[1].Pending() {
		t.Errorf("%v", err)
	}
	refused := errors.New("refused")
	_, _, err = SettleAll(context.Background(), "build", p, p.Resources, SettleOptions{
		Reload: reload, Remote: func(*spec.Resource) (deploy.Reader, error) { return nil, refused },
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	_, resources, err = SettleAll(context.Background(), "build", p, p.Resources, SettleOptions{})
	if err != nil || !resources[1].Pending() {
		t.Errorf("without a reload: %v", err)
	}
}

// TestOpenActionIsNotRun: no shell sees ${...}, and a failure that is allowed is
// told.
func TestOpenActionIsNotRun(t *testing.T) {
	t.Parallel()
	io, _, _, errOut := iostreams.Test()
	a := Actions{IO: io, Command: "build", Shell: func(_ context.Context, line, _ string) error {
		t.Errorf("ran %s", line)
		return nil
	}}
	action := spec.Action{When: WhenPre, Command: "build", Run: "echo ${resources.a.output.x}", Open: &openOf("actions.pre-build[0].run")[0]}
	err := a.Before(t.Context(), about(action))
	var said *Error
	if err == nil || !strings.Contains(err.Error(), "needs the output of a") || !errors.As(err, &said) || said.Hint != "s deploy a" {
		t.Errorf("got %v", err)
	}
	action.AllowFailure.Any = true
	if err := a.Before(t.Context(), about(action)); err != nil || !strings.Contains(errOut.String(), "needs the output of a") {
		t.Errorf("got %v, %s", err, errOut)
	}
	a.Skip = true
	if err := a.Before(t.Context(), about(action)); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestAccessFlags(t *testing.T) {
	t.Parallel()
	if got := AccessFlags(nil); got != nil {
		t.Errorf("got %v", got)
	}
	if got := AccessFlags(&Settings{}); got != nil {
		t.Errorf("got %v", got)
	}
	if got := strings.Join(AccessFlags(&Settings{Access: "x"}), " "); got != "-a x" {
		t.Errorf("got %v", got)
	}
}
