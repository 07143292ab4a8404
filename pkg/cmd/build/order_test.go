package buildcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"s/pkg/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/fc"
	"s/pkg/spec"
)

// gated is a builder whose builds wait for others and may fail.
type gated struct {
	script
	before  map[string]chan struct{} // what a build waits for; none is nothing
	failing string                   // the resource whose build fails
	alike   bool                     // all have the same inputs

	mu    sync.Mutex
	built []string
	now   int
	most  int // builds at the same time
}

// Plan has other inputs for each resource, so that none finds another's result,
// which it would wait for.
func (g *gated) Plan(req build.Request) (*build.Plan, error) {
	inputs := req.Name
	if g.alike {
		inputs = ""
	}
	return &build.Plan{Into: "deps", Inputs: inputs}, nil
}

func (g *gated) Make(ctx context.Context, job *build.Job) error {
	g.enter(1)
	defer g.enter(-1)
	if err := g.script.Make(ctx, job); err != nil {
		return err
	}
	if gate := g.before[job.Name]; gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.built = append(g.built, job.Name)
	if job.Name == g.failing {
		return &build.BuildError{Name: job.Name, Tool: "make it", Tail: []string{"no"}, Err: errors.New("exit status 1")}
	}
	return nil
}

func (g *gated) enter(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

// sameCode is a command over resources of these names that all have one folder of
// code; those that begin with x take the output of b.
func sameCode(t *testing.T, b build.Builder, names ...string) *bench {
	t.Helper()
	w := newBench(t, b, "custom")
	code := w.project.Resources[0].Code
	w.project.Resources = nil
	for i, name := range names {
		r := &spec.Resource{Name: name, Code: code, Function: fc.Function{FunctionName: name, Runtime: fmt.Sprintf("custom%d", i)}}
		if strings.HasPrefix(name, "x") {
			r.DependsOn = []spec.Reference{{Resource: "b", What: "output"}}
		}
		w.project.Resources = append(w.project.Resources, r)
	}
	return w
}

// TestParallelBuilds: all are at work at the same time, the last one ends first,
// and what is said of each is together, in the file's order.
func TestParallelBuilds(t *testing.T) {
	t.Parallel()
	first, second := make(chan struct{}), make(chan struct{})
	g := &gated{script: script{tool: py("3.10.4", true)}, before: map[string]chan struct{}{"a": first, "b": second}}
	w := sameCode(t, g, "a", "b", "c")
	w.Parallel = 3
	w.project.Resources[2].Actions = []spec.Action{{When: "complete", Command: "build", Run: "echo c ended", Path: w.project.Dir}}
	w.project.Resources[1].Actions = []spec.Action{{When: "complete", Command: "build", Run: "echo b ended", Path: w.project.Dir}}
	opened := map[string]chan struct{}{"c": second, "b": first}
	w.Builders = build.Builders{&opener{g, opened}}
	if err := RunBuild(t.Context(), w.Options); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.built, []string{"c", "b", "a"}) { // with two at the same time it would never end
		t.Errorf("built %v", g.built)
	}
	want := `==> a
a: building …
a: built with Python 3.10.4, T
==> b
b: building …
b: built with Python 3.10.4, T
> echo b ended
b ended
==> c
c: building …
c: built with Python 3.10.4, T
> echo c ended
c ended

✔ a  built  T
✔ b  built  T
✔ c  built  T
`
	if w.said() != want {
		t.Errorf("said\n%s", w.said())
	}
	for _, name := range []string{"a", "b", "c"} {
		if _, err := os.Stat(filepath.Join(w.project.Dir, ".s", "build", "artifacts", name)); err != nil {
			t.Error(err)
		}
		log, err := os.ReadFile(filepath.Join(w.project.Dir, ".s", "logs", "build-"+name+".log"))
		if err != nil || strings.Count(string(log), "a line of the log") != 1 {
			t.Errorf("log of %s: %v %s", name, err, log)
		}
	}
}

// opener opens gates when builds have ended.
type opener struct {
	*gated
	opened map[string]chan struct{}
}

func (o *opener) Make(ctx context.Context, job *build.Job) error {
	err := o.gated.Make(ctx, job)
	if gate := o.opened[job.Name]; gate != nil {
		close(gate)
	}
	return err
}

// TestAlikeIsBuiltOnce: of the same code for the same tools the second build takes
// what the first has made, though both run at the same time.
func TestAlikeIsBuiltOnce(t *testing.T) {
	t.Parallel()
	g := &gated{script: script{tool: py("3.10.4", true)}, alike: true}
	w := sameCode(t, g, "a", "b", "c")
	w.Parallel = 3
	for _, r := range w.project.Resources {
		r.Function.Runtime = "custom"
	}
	if err := RunBuild(t.Context(), w.Options); err != nil {
		t.Fatal(err)
	}
	if len(g.built) != 1 || strings.Count(w.said(), "built from the cache") != 2 || strings.Count(w.said(), "  from the cache  T") != 2 {
		t.Errorf("built %v\n%s", g.built, w.said())
	}
	w.err.Reset()
	if err := RunBuild(t.Context(), w.Options); err != nil || !strings.HasSuffix(w.said(), "✔ a  up to date  T\n✔ b  up to date  T\n✔ c  up to date  T\n") {
		t.Errorf("again: %v\n%s", err, w.said())
	}
	for _, name := range []string{"a", "b", "c"} {
		if _, err := os.Stat(filepath.Join(w.project.Dir, ".s", "build", "artifacts", name, "deps")); err != nil {
			t.Error(err)
		}
	}
}

func TestOneFailsOfSeveral(t *testing.T) {
	t.Parallel()
	g := &gated{script: script{tool: py("3.10.4", true)}, failing: "b"}
	w := sameCode(t, g, "x1", "a", "b", "x2", "c")
	w.Settings.Output = cmdutil.OutputJSON
	w.Parallel = 1
	err := RunBuild(t.Context(), w.Options)
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Code != cmdutil.ExitFailed || !known.Quiet {
		t.Errorf("err = %v", err)
	}
	if !slices.Equal(g.built, []string{"a", "b", "c"}) || g.most != 1 {
		t.Errorf("built %v, %d at the same time", g.built, g.most)
	}
	for _, want := range []string{
		`(?s)==> b\nb: building …\n  \| no\nerror: [^\n]*make it[^\n]*\nhint: cat \.s\S+build-b\.log\n==> c`,
		`\n\n✔ a +built +T\n✖ b +failed +T +.*make it.*\n✔ c +built +T\n- x1 +not tried +b failed\n- x2 +not tried +b failed\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(w.said()) {
			t.Errorf("no %s in\n%s", want, w.said())
		}
	}
	var got map[string]view
	if err := json.Unmarshal(w.out.Bytes(), &got); err != nil || len(got) != 2 || !got["a"].Built || !got["c"].Built {
		t.Errorf("%v: %s", err, w.out)
	}
}

func TestBuildsInTheOrderOfTheFlow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ names, want string }{{"", "c a"}, {"a b c", "b c a"}, {"a", "a"}, {"b a a", "a b"}} {
		g := &gated{script: script{tool: py("3.10.4", true)}}
		w := sameCode(t, g, "a", "b", "c")
		w.project.Flow = [][]string{{"c"}, {"a"}}
		w.Parallel, w.Resources = 1, strings.Fields(c.names)
		if err := RunBuild(t.Context(), w.Options); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(g.built, " "); got != c.want {
			t.Errorf("%q: built %s, want %s", c.names, got, c.want)
		}
	}
}

// TestHooksOfSiblings: each one's run around its own build, whatever the others
// do, and a failing one counts as that resource's failure.
func TestHooksOfSiblings(t *testing.T) {
	t.Parallel()
	g := &gated{script: script{tool: py("3.10.4", true)}}
	w := sameCode(t, g, "a", "b", "x")
	for _, r := range w.project.Resources {
		for _, when := range []string{"pre", "success", "fail", "complete"} {
			line := fmt.Sprintf("echo %s-%s >> ran-%s", r.Name, when, r.Name)
			if r.Name == "b" && when == "pre" {
				line += "; exit 7"
			}
			r.Actions = append(r.Actions, spec.Action{When: when, Command: "build", Run: line, Path: w.project.Dir})
		}
	}
	if err := RunBuild(t.Context(), w.Options); cmdutil.CodeOf(err) != cmdutil.ExitFailed {
		t.Errorf("err = %v", err)
	}
	for name, want := range map[string]string{"a": "a-pre a-success a-complete", "b": "b-pre b-fail b-complete", "x": ""} {
		data, err := os.ReadFile(filepath.Join(w.project.Dir, "ran-"+name))
		if (err != nil) != (want == "") || strings.Join(strings.Fields(string(data)), " ") != want {
			t.Errorf("%s: %v %s", name, err, data)
		}
	}
	if !slices.Equal(g.built, []string{"a"}) {
		t.Errorf("built %v", g.built)
	}
}

func TestParallelIsChecked(t *testing.T) {
	t.Parallel()
	f := &cmdutil.Factory{IO: newBench(t, script{}, "custom").IO}
	cmd := NewCmd(f, nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"--parallel", "-2"})
	if err := cmd.ExecuteContext(t.Context()); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
		t.Errorf("err = %v", err)
	}
}
