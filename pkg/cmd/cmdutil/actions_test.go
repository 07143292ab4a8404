package cmdutil

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

func action(when, run string) spec.Action {
	return spec.Action{When: when, Command: "deploy", Run: run, Range: diag.Range{File: "s.yaml", Start: diag.Pos{Line: 7, Column: 5}}}
}

// about is a resource with actions.
func about(actions ...spec.Action) *Subject {
	r := &spec.Resource{Name: "hello", Component: "fc3", Actions: actions}
	return &Subject{Project: &spec.Project{File: "s.yaml", Dir: "/", Resources: []*spec.Resource{r}}, Resource: r}
}

// recorder keeps the lines that would go to a shell; a line "fail" fails.
type recorder struct{ lines []string }

func (r *recorder) shell(_ context.Context, line, dir string) error {
	r.lines = append(r.lines, strings.TrimSpace(line+" "+dir))
	if line == "fail" {
		return errors.New("exit status 1")
	}
	return nil
}

func TestActionsOfTheirMoment(t *testing.T) {
	t.Parallel()
	io, _, _, errOut := iostreams.Test()
	r := &recorder{}
	a := Actions{IO: io, Command: "deploy", Shell: r.shell}
	list := []spec.Action{action(WhenPre, "one"), action(WhenSuccess, "no"), {When: WhenPre, Command: "build", Run: "no"}, action(WhenPre, "two")}
	list[3].Path = "/dir"
	if err := a.Before(context.Background(), about(list...)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"one", "two /dir"}, r.lines); d != "" {
		t.Error(d)
	}
	if got := errOut.String(); got != "> one\n> two\n" {
		t.Errorf("stderr %q", got)
	}
	a.Skip = true
	if err := a.Before(context.Background(), about(list...)); err != nil || len(r.lines) != 2 {
		t.Errorf("skipped: %v, %v", err, r.lines)
	}
}

func TestFailedActionStopsTheRest(t *testing.T) {
	t.Parallel()
	io, _, _, errOut := iostreams.Test()
	r := &recorder{}
	a := Actions{IO: io, Command: "deploy", Shell: r.shell}
	list := []spec.Action{action(WhenPre, "fail"), action(WhenPre, "two")}
	err := a.Before(context.Background(), about(list...))
	if err == nil || !strings.HasPrefix(err.Error(), "s.yaml:7:5: action pre-deploy: ") || len(r.lines) != 1 {
		t.Errorf("err %v, ran %v", err, r.lines)
	}
	list[0].AllowFailure = spec.AllowFailure{Any: true}
	if err = a.Before(context.Background(), about(list...)); err != nil || len(r.lines) != 3 {
		t.Errorf("allowed: err %v, ran %v", err, r.lines)
	}
	if !strings.Contains(errOut.String(), "warning: action pre-deploy failed and may") {
		t.Errorf("stderr %q", errOut.String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err = a.Before(ctx, about(list...)); !errors.Is(err, context.Canceled) {
		t.Errorf("an interruption was taken for a failure that may be: %v", err)
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	all := []spec.Action{action(WhenComplete, "complete"), action(WhenFail, "fail"), action(WhenSuccess, "success")}
	tests := []struct {
		name   string
		list   []spec.Action
		failed error
		ran    string
		want   string
	}{
		{"success", all, nil, "success complete", ""},
		{"failure", all, broken, "fail complete", "broken"}, // the action "fail" fails; the command's error wins
		{"a failing success action", []spec.Action{action(WhenSuccess, "fail"), action(WhenComplete, "complete")}, nil, "fail complete", "exit status 1"},
		{"a failing complete action", []spec.Action{action(WhenComplete, "fail")}, nil, "fail", "exit status 1"},
	}
	for _, tt := range tests {
		io, _, _, _ := iostreams.Test()
		r := &recorder{}
		err := Actions{IO: io, Command: "deploy", Shell: r.shell}.After(context.Background(), about(tt.list...), tt.failed)
		if strings.Join(r.lines, " ") != tt.ran || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err %v, ran %v", tt.name, err, r.lines)
		}
	}
}

func TestShellOutputIsNoData(t *testing.T) {
	t.Parallel()
	io, _, out, errOut := iostreams.Test()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "here"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := Actions{IO: io, Command: "deploy"}
	list := []spec.Action{{When: WhenPre, Command: "deploy", Run: "ls && echo error >&2", Path: dir}}
	if err := a.Before(context.Background(), about(list...)); err != nil {
		t.Fatal(err)
	}
	if out.String() != "" || !strings.Contains(errOut.String(), "here\n") || !strings.Contains(errOut.String(), "error\n") {
		t.Errorf("stdout %q, stderr %q", out, errOut)
	}
}

func TestShellIsInterrupted(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- Actions{IO: io, Command: "deploy"}.Before(ctx, about(
			spec.Action{When: WhenPre, Command: "deploy", Run: "touch started; exec sleep 600", Path: dir, AllowFailure: spec.AllowFailure{Any: true}},
		))
	}()
	for {
		if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("it ended by itself: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// TestActionsShowNoSecret: neither in the line that is run, nor in --debug, nor
// in what fails.
func TestActionsShowNoSecret(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	io, _, _, errOut := iostreams.Test()
	io.StartDebug(time.Now())
	io.Debug().Hide("hush")
	a := Actions{IO: io, Command: "deploy"}
	list := []spec.Action{action(WhenPre, "true hush"), action(WhenPre, "exit 4 # hush")}
	secret := func(actions ...spec.Action) *Subject {
		s := about(actions...)
		s.Project.Secrets = spec.Secrets{"hush"}
		return s
	}
	err := a.Before(t.Context(), secret(list...))
	if err == nil {
		t.Error("exit 4 is no error")
	}
	component := spec.Action{When: WhenPre, Command: "deploy", Component: "fc3 hush"}
	shown := errOut.String() + err.Error() + a.Before(t.Context(), secret(component)).Error()
	if strings.Contains(shown, "hush") {
		t.Error(shown)
	}
	for _, want := range []string{"> true ***\n", "tool: started: sh -c 'true ***'\n", "tool: sh exited with 0", "tool: sh exited with 4"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
}
