package buildcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/cmd/cmdutil"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/spec"
	"s/pkg/toolchain"
)

// script is a builder that gives what it is told: made anew, or from what two
// builds before have left.
type script struct {
	tool    build.Tool
	env     build.Env
	err     error // of Make
	missing error // of Tools
	fresh   *bool
	list    build.List
}

func (s script) Name() string { return "script" }

func (s script) Plan(req build.Request) (*build.Plan, error) {
	if s.fresh != nil {
		*s.fresh = req.Fresh
	}
	if req.Runtime == "go1" {
		return nil, nil
	}
	return &build.Plan{Into: "deps", Env: s.env, List: s.list}, nil
}

func (s script) Tools(context.Context, build.Request) ([]build.Tool, error) {
	return []build.Tool{s.tool}, s.missing
}

func (s script) Make(_ context.Context, job *build.Job) error {
	fmt.Fprintln(job.Log, "a line of the log")
	return s.err
}

// bench is a command over a project of functions with these runtimes.
type bench struct {
	*Options
	out, err *bytes.Buffer
	project  *spec.Project
	asked    int // how often for an engine
}

func newBench(t *testing.T, b build.Builder, runtimes ...string) *bench {
	t.Helper()
	io, _, out, errOut := iostreams.Test()
	w := &bench{out: out, err: errOut, project: &spec.Project{Dir: t.TempDir(), Edition: spec.Edition3, File: "s.yaml"}}
	for _, rt := range runtimes {
		code := filepath.Join(w.project.Dir, rt)
		if err := os.Mkdir(code, 0o755); err != nil {
			t.Fatal(err)
		}
		w.project.Resources = append(w.project.Resources, &spec.Resource{
			Name: "fn-" + rt, Function: fc.Function{FunctionName: rt, Runtime: rt}, Code: spec.CodeSource{Path: code},
		})
	}
	w.Options = &Options{
		CacheDir: t.TempDir(),
		IO:       io, Settings: &cmdutil.Settings{Output: cmdutil.OutputDefault}, Builders: build.Builders{b}, known: &known{},
		Project: func(context.Context, string) (*spec.Project, error) { return w.project, nil },
		Engine:  func(context.Context, bool) string { w.asked++; return "" },
	}
	return w
}

var seconds = regexp.MustCompile(`\b\d+(\.\d+)?m?s\b`)

func (w *bench) said() string { return seconds.ReplaceAllString(w.err.String(), "T") }

func py(version string, exact bool) build.Tool {
	return build.Tool{Name: "Python", Version: version, Exact: exact, Wanted: "3.10"}
}

// again builds once, so that a second time takes all from the cache, and changes
// the source if asked to.
func (w *bench) again(t *testing.T, change bool) {
	t.Helper()
	for _, r := range w.project.Resources {
		buildtest.Plant(t, r.Code.Path, map[string]string{"app.py": ""})
	}
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	if change {
		for _, r := range w.project.Resources {
			buildtest.Plant(t, r.Code.Path, map[string]string{"app.py": "changed"})
		}
	}
	w.err.Reset()
	w.asked = 0
}

func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	good := script{tool: py("3.10.4", true)}
	for _, tc := range []struct {
		name    string
		b       script
		prepare func(t *testing.T, w *bench)
		want    string
	}{
		{"made", good, func(*testing.T, *bench) {}, "fn-custom: building …\nfn-custom: built with Python 3.10.4, T\n"},
		{"reused", good, func(t *testing.T, w *bench) { w.again(t, true) }, "fn-custom: built from the cache (Python 3.10.4), T\n"},
		{"unchanged", good, func(t *testing.T, w *bench) { w.again(t, false) }, "fn-custom: up to date (Python 3.10.4)\n"},
		{
			"left out",
			good,
			func(t *testing.T, w *bench) {
				buildtest.Plant(t, w.project.Resources[0].Code.Path, map[string]string{".env": "", ".env.a": "", ".git/x": "", ".svn/x": "", ".DS_Store": "", "__pycache__/x": ""})
			},
			"fn-custom: building …\nfn-custom: left out of the code: .DS_Store, .env, .env.a, .git, .svn, …\nfn-custom: built with Python 3.10.4, T\n",
		},
		{
			"stand-in",
			script{tool: py("3.11.2", false)},
			func(*testing.T, *bench) {},
			"fn-custom: building …\nwarning: fn-custom: custom runs Python 3.10, which isn't on this machine: built with 3.11.2\n" +
				"fn-custom: built with Python 3.11.2, T\n",
		},
		{
			"for another version",
			script{tool: build.Tool{Name: "Python", Version: "3.12.1", Wanted: "3.10", Crosses: true}},
			func(*testing.T, *bench) {},
			"fn-custom: building …\nfn-custom: built with Python 3.12.1 → 3.10, T\n",
		},
		{
			"two lists",
			script{tool: py("3.10.4", true), list: build.List{Used: "requirements.txt", Unread: []string{"uv.lock", "poetry.lock"}}},
			func(*testing.T, *bench) {},
			"fn-custom: building …\nfn-custom: the dependencies are those of requirements.txt; not read: uv.lock, poetry.lock\n" +
				"fn-custom: built with Python 3.10.4, T\n",
		},
		{
			"one list",
			script{tool: py("3.10.4", true), list: build.List{Used: "uv.lock"}},
			func(*testing.T, *bench) {},
			"fn-custom: building …\nfn-custom: built with Python 3.10.4, T\n",
		},
	} {
		w := newBench(t, tc.b, "custom")
		tc.prepare(t, w)
		if err := RunBuild(context.Background(), w.Options); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, w.said()); diff != "" || w.out.Len() > 0 {
			t.Errorf("%s: %s; stdout %q", tc.name, diff, w.out)
		}
	}
}

func TestAllAndOne(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom", "go1")
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	want := "==> fn-custom\nfn-custom: building …\nfn-custom: built with Python 3.10.4, T\n" +
		"==> fn-go1\nfn-go1: nothing to build, the code runs as it is\n\n" +
		"✔ fn-custom  built             T\n✔ fn-go1     nothing to build  T\n"
	if diff := cmp.Diff(want, w.said()); diff != "" {
		t.Error(diff)
	}
	w.err.Reset()
	w.Resources = []string{"fn-go1"}
	if err := RunBuild(context.Background(), w.Options); err != nil || strings.Contains(w.said(), "custom") {
		t.Errorf("%v, %s", err, w.said())
	}
	w.Resources = []string{"nobody"}
	var known *cmdutil.Error
	if err := RunBuild(context.Background(), w.Options); !errors.As(err, &known) || known.Code != cmdutil.ExitUsage {
		t.Errorf("got %v", err)
	}
}

func TestNoEngineIsSaidOnce(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom", "python3.10", "go1")
	w.UseDocker = true
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(w.said(), "no Docker or Podman engine answers: building on this machine\n"); n != 1 || w.asked != 1 {
		t.Errorf("said %d times, asked %d times: %s", n, w.asked, w.said())
	}
	w = newBench(t, script{}, "go1")
	w.UseDocker = true
	if err := RunBuild(context.Background(), w.Options); err != nil || w.asked != 0 {
		t.Errorf("%v, asked %d times with nothing to build", err, w.asked)
	}
}

func TestFlagsForBuilders(t *testing.T) {
	t.Parallel()
	o := &Options{CustomEnv: `{"A": "x y", "N": 12345678901234567890, "B": true}`, CustomArgs: " --no-deps  -v ", ScriptFile: "x.sh"}
	got, err := o.options()
	abs, _ := filepath.Abs("x.sh")
	want := build.Options{Args: []string{"--no-deps", "-v"}, Env: map[string]string{"A": "x y", "N": "12345678901234567890", "B": "true"}, Script: abs}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for text, want := range map[string]string{
		`[]`:           "want a JSON object",
		`{"A": []}`:    "the value of A is neither",
		`{"A=B": "x"}`: `"A=B" can't be the name`,
		`{"A": 1} {}`:  "want one JSON object",
		`{"A": `:       "want a JSON object",
	} {
		_, err := (&Options{CustomEnv: text}).options()
		var known *cmdutil.Error
		if !errors.As(err, &known) || known.Code != cmdutil.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := (&Options{Command: "a", ScriptFile: "b"}).options(); err == nil {
		t.Error("both a line and a script")
	}
}

// FuzzVariables looks for objects that crash the reader or give names that no
// environment can have.
func FuzzVariables(f *testing.F) {
	for _, s := range []string{`{"A":"b"}`, `{}`, `null`, `{"":1}`, `{"a":null}`, `{"a":{"b":1}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env, err := variables(text)
		for name := range env {
			if err != nil || name == "" || strings.ContainsAny(name, "=\x00") {
				t.Errorf("%q gives %q, %v", text, name, err)
			}
		}
	})
}

func TestAsData(t *testing.T) {
	t.Parallel()
	b := script{tool: py("3.10.4", true), env: build.Env{Lists: map[string][]string{"PYTHONPATH": {"/code/python"}}}}
	w := newBench(t, b, "custom", "go1")
	w.Settings.Output = cmdutil.OutputJSON
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	var got map[string]view
	if err := json.Unmarshal(w.out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.out)
	}
	want := map[string]view{
		"fn-custom": {
			Built: true, Artifact: filepath.FromSlash(".s/build/artifacts/fn-custom"), Tools: []build.Tool{py("3.10.4", true)},
			Env: map[string]string{"PYTHONPATH": "/code/python"},
		},
		"fn-go1": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err        error
		said, hint string
	}{
		{
			&build.BuildError{Name: "x", Tool: "pip install", Tail: []string{"line 1", "ERROR: no"}, Err: errors.New("exit status 1")},
			"fn-custom: building …\n  | line 1\n  | ERROR: no\n", "cat " + filepath.FromSlash(".s/logs/build-fn-custom.log"),
		},
		{&build.HelpError{Err: errors.New("no pip"), Help: "python3 -m ensurepip"}, "fn-custom: building …\n", "python3 -m ensurepip"},
		{errors.New("other"), "fn-custom: building …\n", ""},
	} {
		w := newBench(t, script{err: tc.err}, "custom")
		err := RunBuild(context.Background(), w.Options)
		var known *cmdutil.Error
		if !errors.As(err, &known) || known.Code != cmdutil.ExitFailed || known.Hint != tc.hint {
			t.Errorf("%v: got %v, %+v", tc.err, err, known)
		}
		if diff := cmp.Diff(tc.said, w.said()); diff != "" {
			t.Errorf("%v: %s", tc.err, diff)
		}
	}
	w := newBench(t, script{missing: &build.HelpError{Err: &toolchain.NotFoundError{Wanted: "3.10"}, Help: "pyenv install 3.10"}}, "custom")
	err := RunBuild(context.Background(), w.Options)
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Hint != "pyenv install 3.10" || w.said() != "" {
		t.Errorf("no tool: %v, said %q", err, w.said())
	}
	w = newBench(t, script{err: context.Canceled}, "custom")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := RunBuild(ctx, w.Options); !errors.Is(err, context.Canceled) || errors.As(err, new(*cmdutil.Error)) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestAction(t *testing.T) {
	t.Parallel()
	var fresh bool
	w := newBench(t, script{tool: py("3.10.4", true), fresh: &fresh}, "custom")
	r := w.project.Resources[0]
	for range 2 {
		if err := w.action(context.Background(), w.project, r, []string{"--use-docker", "--no-cache"}); err != nil || !fresh {
			t.Fatalf("%v, fresh %v", err, fresh)
		}
	}
	if w.asked != 1 || w.UseDocker {
		t.Errorf("asked %d times, use docker %v", w.asked, w.UseDocker)
	}
	if err := w.action(context.Background(), w.project, r, nil); err != nil || fresh {
		t.Errorf("%v, fresh %v", err, fresh)
	}
	var known *cmdutil.Error
	err := w.action(context.Background(), w.project, r, []string{"--unknown"})
	if !errors.As(err, &known) || known.Code != cmdutil.ExitUsage || !strings.Contains(err.Error(), "--unknown") {
		t.Errorf("got %v", err)
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom")
	w.project.Resources[0].Actions = []spec.Action{
		{When: "pre", Command: "build", Run: "echo before", Path: w.project.Dir},
		{When: "success", Command: "build", Run: "echo after", Path: w.project.Dir},
	}
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	if said := w.said(); strings.Index(said, "before") > strings.Index(said, "built with") || !strings.HasSuffix(said, "after\n") {
		t.Errorf("said %s", said)
	}
	w.err.Reset()
	w.SkipActions = true
	if err := RunBuild(context.Background(), w.Options); err != nil || strings.Contains(w.said(), "before") {
		t.Errorf("%v, %s", err, w.said())
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	f := &cmdutil.Factory{IO: io, Home: func() (string, error) { return t.TempDir(), nil }}
	var got *Options
	cmd := NewCmd(f, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"web", "-d", "--no-cache", "--skip-actions", "--parallel", "3"})
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(got.Resources) != 1 || got.Resources[0] != "web" || !got.UseDocker || !got.NoCache || !got.SkipActions || got.Parallel != 3 || len(got.Builders) == 0 {
		t.Errorf("%+v", got)
	}
	if a := Artifacts(f, nil); len(a.Builders) == 0 || a.Done == nil || Action(f, nil) == nil {
		t.Errorf("%+v", a)
	}
}

func TestFilesOfNewerSystems(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom")
	w.done(build.Result{Resource: "hello", Runtime: "python3.10", Artifact: &build.Artifact{
		Tools: []build.Tool{py("3.10.4", true)}, TooNew: []build.TooNew{{Path: "python/x.so", Needs: "2.34", Has: "2.28"}},
	}})
	want := "warning: hello: compiled for a newer system than that of python3.10 (glibc 2.28), where it doesn't load: python/x.so (2.34); " +
		"s build --use-docker compiles for it\nhello: built with Python 3.10.4, T\n"
	if diff := cmp.Diff(want, w.said()); diff != "" {
		t.Error(diff)
	}
}

func TestInChinese(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom", "go1")
	w.IO.SetLang("zh")
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(w.said()), "\n") {
		if line == "" || strings.HasPrefix(line, "==> ") {
			continue
		}
		if strings.IndexFunc(line, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) < 0 {
			t.Errorf("not translated: %s", line)
		}
	}
}

func TestLayerAndReport(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom", "go1")
	buildtest.Plant(t, w.project.Resources[0].Code.Path, map[string]string{"app.py": "pass", "data/big": strings.Repeat("x", 1<<20)})
	w.PublishLayer, w.Report, w.Parallel = true, true, 1
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	said := w.said()
	for _, want := range []string{
		"fn-custom: layer " + filepath.FromSlash(".s/build/layers/custom-layer.zip") + ", ", "fn-go1: no dependencies for a layer", "largest folders:", "data",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q isn't said:\n%s", want, said)
		}
	}
	if _, err := os.Stat(filepath.Join(w.project.Dir, ".s/build/layers/custom-layer.zip")); err != nil {
		t.Error(err)
	}
	image := &spec.Resource{Name: "image", Function: fc.Function{CustomContainerConfig: &fc.CustomContainerConfig{}}}
	w.err.Reset()
	if err := w.more(context.Background(), w.project, image, build.Result{}); err != nil || !strings.Contains(w.said(), "image: no code on this machine to report on") {
		t.Errorf("%v, %s", err, w.said())
	}
}

// The layer goes where the resource goes; without credentials there is the archive.
func TestPublishLayer(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom")
	server := fctest.New(t)
	buildtest.Plant(t, w.project.Resources[0].Code.Path, map[string]string{"app.py": "pass"})
	target, targetErr := &cmdutil.Target{Client: func(*spec.Resource) (*fcclient.Client, error) {
		return fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL}), nil
	}}, error(nil)
	w.Target = func(context.Context, *spec.Project) (*cmdutil.Target, error) { return target, targetErr }
	w.PublishLayer = true
	arn := "acs:fc:r:" + fctest.AccountID + ":layers/custom-layer/versions/1"
	says := func(want string) {
		t.Helper()
		w.err.Reset()
		if err := RunBuild(context.Background(), w.Options); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.said(), want) {
			t.Errorf("%q isn't said:\n%s", want, w.said())
		}
	}
	says("fn-custom: published layer " + arn + ", for layers: in s.yaml")
	says("fn-custom: layer " + arn + " is published already")
	targetErr = cmdutil.WithCode(cmdutil.ExitCredentials, errors.New("none"))
	says("fn-custom: the layer isn't published: there are no credentials")
	targetErr = nil
	server.Fail(fctest.Failure{Path: "layers/", Status: 403, Body: `{"Code":"AccessDenied","Message":"no"}`})
	if err := RunBuild(context.Background(), w.Options); cmdutil.CodeOf(err) != cmdutil.ExitCloud {
		t.Errorf("refused: %v", err)
	}
}
