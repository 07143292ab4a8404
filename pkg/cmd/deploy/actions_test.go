package deploycmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/build"
	"s/pkg/bundle"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// artifact is the build of one resource, in a folder of its own.
type artifact struct {
	dir    string
	image  string
	ready  bool
	err    error
	builds int
}

func (a *artifact) Dir(*spec.Project, *spec.Resource) string           { return a.dir }
func (a *artifact) Code(*spec.Project, *spec.Resource) string          { return a.dir }
func (a *artifact) Needed(*spec.Project, *spec.Resource) (bool, error) { return true, nil }
func (a *artifact) UpToDate(context.Context, *spec.Project, *spec.Resource) (bool, error) {
	return a.ready, nil
}

func (a *artifact) Environment(string) (map[string]string, error) {
	return map[string]string{"PYTHONPATH": "/code/python"}, nil
}

func (a *artifact) MergeEnv(artifact, user map[string]string) map[string]string { return artifact }

func (a *artifact) Built(*spec.Project, *spec.Resource) bool { return false }

func (*artifact) Looker(string) bundle.Looker { return nil }

func (a *artifact) Image(*spec.Project, *spec.Resource) string { return a.image }

func (a *artifact) Build(context.Context, *spec.Project, *spec.Resource) error {
	a.builds++
	a.ready = a.err == nil
	return a.err
}

func newArtifact(t *testing.T) *artifact {
	t.Helper()
	a := &artifact{dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(a.dir, "built.py"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestStaleCodeIsBuilt(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	a := newArtifact(t)
	if err := w.Run(command(w, a)); err != nil || a.builds != 1 {
		t.Fatalf("err %v, %d builds", err, a.builds)
	}
	w.WantStderr("hello: using the built code in")
	env, _ := w.Server.Function("hello")["environmentVariables"].(map[string]any)
	if env["PYTHONPATH"] != "/code/python" {
		t.Errorf("variables %v", env)
	}
	if err := w.Run(command(w, a)); err != nil || a.builds != 1 {
		t.Errorf("again: err %v, %d builds", err, a.builds)
	}
}

func TestNoBuild(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Resource().Actions = []spec.Action{{When: "pre", Command: "deploy", Component: "fc3 build"}}
	a := newArtifact(t)
	err := w.Run(command(w, a), "--no-build")
	if err == nil || hint(err) != "s build hello" || a.builds != 0 || len(w.Server.Calls()) != 0 {
		t.Errorf("err %v, hint %q, %d builds, calls %v", err, hint(err), a.builds, w.Server.Calls())
	}
	a.ready = true
	if err = w.Run(command(w, a), "--no-build"); err != nil || a.builds != 0 {
		t.Errorf("err %v, %d builds", err, a.builds)
	}
}

func TestFailedBuildDeploysNothing(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	a := newArtifact(t)
	a.err = errors.New("pip failed")
	if err := w.Run(command(w, a)); !errors.Is(err, a.err) || len(w.Server.Calls()) != 0 {
		t.Errorf("err %v, calls %v", err, w.Server.Calls())
	}
}

// The component action of the template goes to the builder with its flags.
func TestBuildAction(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition1)
	w.Resource().Actions = []spec.Action{{When: "pre", Command: "deploy", Component: "fc build --use-docker"}}
	a := newArtifact(t)
	var flags []string
	cmd := NewCmd(w.Factory, func(ctx context.Context, opts *Options) error {
		opts.Artifacts = a
		opts.Build = func(_ context.Context, _ *spec.Project, r *spec.Resource, given []string) error {
			flags = append([]string{r.Name}, given...)
			a.ready = true
			return nil
		}
		return Run(ctx, opts)
	})
	if err := w.Run(cmd); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"hello", "--use-docker"}, flags); d != "" || a.builds != 0 {
		t.Errorf("%s, %d more builds", d, a.builds)
	}
	// Without a builder of its own the action makes the artifact.
	a.ready = false
	if err := w.Run(command(w, a)); err != nil || a.builds != 1 {
		t.Errorf("err %v, %d builds", err, a.builds)
	}
	if err := w.Run(command(w, nil)); err == nil || !strings.Contains(err.Error(), "no builder") {
		t.Errorf("err = %v", err)
	}
}

func record(dir, when, name string) spec.Action {
	return spec.Action{When: when, Command: "deploy", Run: "echo " + name + " >> ran", Path: dir}
}

func ran(t *testing.T, w *cmdtest.World) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.Project.Dir, "ran"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(data)), " ")
}

func withActions(w *cmdtest.World) *cobra.Command {
	for _, when := range []string{"complete", "pre", "fail", "success"} {
		w.Project.Actions = append(w.Project.Actions, record(w.Project.Dir, when, "global-"+when))
		w.Resource().Actions = append(w.Resource().Actions, record(w.Project.Dir, when, when))
	}
	w.Resource().Actions = append(w.Resource().Actions, spec.Action{When: "pre", Command: "build", Run: "false", Path: w.Project.Dir})
	return command(w, nil)
}

func TestActionsAroundASuccess(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(withActions(w)); err != nil {
		t.Fatal(err)
	}
	if got := ran(t, w); got != "global-pre pre success complete global-success global-complete" {
		t.Errorf("ran %s", got)
	}
}

func TestActionsAroundAFailure(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Server.Fail(fctest.Failure{Method: "POST", Status: 400, Body: `{"Code":"InvalidArgument"}`})
	if err := w.Run(withActions(w)); exitCode(err) != cmdutil.ExitCloud {
		t.Errorf("err = %v", err)
	}
	if got := ran(t, w); got != "global-pre pre fail complete global-fail global-complete" {
		t.Errorf("ran %s", got)
	}
}

func TestActionsAreSkipped(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(withActions(w), "--skip-actions"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(w.Project.Dir, "ran")); err == nil {
		t.Error("an action ran")
	}
}

func TestFailedPreActionDeploysNothing(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Resource().Actions = []spec.Action{{When: "pre", Command: "deploy", Run: "exit 3", Path: w.Project.Dir}}
	if err := w.Run(command(w, nil)); err == nil || len(w.Server.Calls()) != 0 || !strings.Contains(err.Error(), "pre-deploy") {
		t.Errorf("err %v, calls %v", err, w.Server.Calls())
	}
	w.Resource().Actions[0].AllowFailure = spec.AllowFailure{Any: true}
	if err := w.Run(command(w, nil)); err != nil {
		t.Errorf("allowed to fail: %v", err)
	}
	w.WantStderr("warning: action pre-deploy")
}

// unable is a builder that can't do it.
type unable struct {
	build.Builder
	err error
}

func (u unable) Plan(build.Request) (*build.Plan, error) { return nil, u.err }

func TestHelpOfBuildersIsShown(t *testing.T) {
	t.Parallel()
	r := &spec.Resource{Name: "hello", Code: spec.CodeSource{Path: t.TempDir()}}
	for _, tc := range []struct {
		err        error
		text, hint string
	}{
		{&build.HelpError{Err: errors.New("no main"), Help: "name one"}, "build hello: no main", "name one"},
		{errors.New("unreadable"), "unreadable", ""},
	} {
		io, _, _, _ := iostreams.Test()
		a := artifacts{Artifacts: build.Artifacts{Builders: build.Builders{unable{err: tc.err}}}, io: io}
		_, err := a.Needed(&spec.Project{}, r)
		var known *cmdutil.Error
		if err == nil || err.Error() != tc.text || errors.As(err, &known) != (tc.hint != "") || known != nil && known.Hint != tc.hint {
			t.Errorf("%v, %+v", err, known)
		}
	}
}
