package python

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
)

const someHash = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// uvList is a uv.lock of some packages: lines of TOML for each.
func uvList(packages ...string) string {
	text := "version = 1\n[[package]]\nname = \"app\"\nsource = { virtual = \".\" }\ndependencies = ["
	for _, p := range packages {
		name, _, _ := strings.Cut(p, "\n")
		text += "{ name = \"" + name + "\" }, "
	}
	text += "]\n"
	for _, p := range packages {
		name, rest, _ := strings.Cut(p, "\n")
		text += "[[package]]\nname = \"" + name + "\"\n" + rest + "\n"
	}
	return text
}

func TestReadList(t *testing.T) {
	t.Parallel()
	locked := uvList("a\nversion = \"1\"\nsource = { registry = \"https://i.example.com/simple\" }\nsdist = { hash = \""+someHash+"\" }",
		"d\nsource = { directory = \"libs/d\" }\nsdist = { hash = \""+someHash+"\" }",
		"g\nsource = { git = \"https://e.example.com/g#abc\" }", "f\nversion = \"2\"\nsource = { registry = \"flat\" }")
	dir := t.TempDir()
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  *list
	}{
		{"nothing", map[string]string{"app.py": ""}, nil},
		{"requirements go first", map[string]string{requirementsFile: "flask", "uv.lock": "damaged", "Pipfile.lock": "{}"}, &list{
			file: requirementsFile, over: []string{"uv.lock", "Pipfile.lock"},
			batches: []batch{{file: filepath.Join(dir, requirementsFile)}},
		}},
		{"unless there are none", map[string]string{requirementsFile: "# see uv.lock", "uv.lock": uvList("a\nversion = \"1\""), "poetry.lock": "", "pyproject.toml": "[project]\ndependencies = [\"a\"]\n"}, &list{
			file: "uv.lock", over: []string{"poetry.lock"}, batches: []batch{{text: "a==1\n", complete: true}},
		}},
		{"empty lock", map[string]string{"poetry.lock": ""}, nil},
		{"hashes apart", map[string]string{"uv.lock": locked, "libs/d/setup.py": ""}, &list{
			file: "uv.lock", over: []string{}, local: []string{"libs/d"}, indexes: []string{"https://i.example.com/simple"},
			batches: []batch{
				{text: "--find-links " + dir + "/flat\na==1 --hash=" + someHash + "\n", complete: true},
				{text: "--find-links " + dir + "/flat\n./libs/d\nf==2\ng @ git+https://e.example.com/g@abc\n", complete: true},
			},
		}},
		{"pyproject.toml", map[string]string{"pyproject.toml": "[project]\ndependencies = [\"a>1\", \"b\"]\n"}, &list{
			file: "pyproject.toml", over: []string{}, batches: []batch{{text: "a>1\nb\n"}},
		}},
	} {
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
		buildtest.Plant(t, dir, tc.files)
		got, err := readList(dir, targetOf(build.Request{Runtime: "python3.10"}))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got != nil && got.digest == "" {
			t.Errorf("%s: no digest", tc.name)
		}
		if got != nil {
			got.digest = ""
		}
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(list{}, batch{})); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
}

func TestListsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	p := newProject(t, "python3.10", false, map[string]string{"poetry.lock": "[metadata]\npython-versions = \">=3.12\"\n"})
	_, err := build.Builders{&Builder{}}.Needed(p.Req)
	var help *build.HelpError
	if !errors.As(err, &help) || !strings.Contains(err.Error(), "poetry.lock: it is for Python >=3.12") || !strings.HasSuffix(help.Help.String(), "run: poetry lock") {
		t.Errorf("got %v", err)
	}
}

// TestDigestOfLists changes what decides: the list as it is for the target, and
// the packages beside it.
func TestDigestOfLists(t *testing.T) {
	t.Parallel()
	p := newProject(t, "python3.10", false, map[string]string{
		"uv.lock": uvList("d\nsource = { directory = \"../d\" }"), "app.py": "",
	})
	buildtest.Plant(t, p.Root, map[string]string{"d/setup.py": "1"})
	inputs := func() string {
		plan, err := (&Builder{}).Plan(p.Req)
		if err != nil {
			t.Fatal(err)
		}
		return plan.Inputs
	}
	last := inputs()
	for _, step := range []struct {
		what    string
		change  func()
		changes bool
	}{
		{"the package", func() { buildtest.Plant(t, p.Root, map[string]string{"d/setup.py": "1, 2"}) }, true},
		{"the code", func() { p.Write("app.py", "x = 1") }, false},
		{"a package for Windows", func() {
			p.Write("uv.lock", uvList("d\nsource = { directory = \"../d\" }")+"[[package]]\nname = \"other\"\nversion = \"1\"\n")
		}, false},
		{"the platform", func() { p.Req.Platform = "linux/arm64" }, true},
		{"the runtime", func() { p.Req.Runtime = "python3.12" }, true},
	} {
		step.change()
		if now := inputs(); (now != last) != step.changes {
			t.Errorf("%s changed: %v", step.what, now != last)
		} else {
			last = now
		}
	}
}

// TestBuildsFromLists installs what lock files pin, by a real pip and from
// files: with hashes and without.
func TestBuildsFromLists(t *testing.T) {
	t.Parallel()
	b, python := only(t, "3.12")
	b.Environ = append(b.Environ, "PIP_NO_INDEX=1", "PIP_CACHE_DIR="+t.TempDir())
	p := newProject(t, "python3.12", false, map[string]string{
		"app.py": "import greet, local\nprint(greet.__file__, local.y)\n", ".fcignore": "libs\nwheels\n",
		"libs/local/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"back\"\nbackend-path = [\".\"]\n",
		"libs/local/back.py":        backend, "libs/local/local.py": "y = 2\n",
	})
	file := filepath.Join(p.Req.SourceDir, "wheels/greet-1.0-py3-none-any.whl")
	wheel(t, file, "greet", "1.0", "def main(): print('hello')\n")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lock := func(hash string) string {
		return uvList("greet\nversion = \"1.0\"\nsource = { registry = \"wheels\" }\nwheels = [{ hash = \""+hash+"\" }]",
			"local\nsource = { editable = \"libs/local\" }")
	}
	p.Write("uv.lock", lock(fmt.Sprintf("sha256:%x", sha256.Sum256(data))))
	a := p.Build(b)
	runUnder(t, p, python, a, " 2\n")
	if got := p.Artifact("python/bin/greet"); !strings.HasPrefix(got, "#!/usr/bin/env python3\n") {
		t.Errorf("command: %.80s", got)
	}
	p.Write("uv.lock", lock(someHash))
	if err := p.Fail(b); !strings.Contains(err.Error(), "pip install") || !strings.Contains(p.Log.String(), "DO NOT MATCH THE HASHES") {
		t.Errorf("another hash: %v\n%s", err, p.Log.String())
	}
}

// TestIndexesOfLists has pip told of those that aren't its own default.
func TestIndexesOfLists(t *testing.T) {
	t.Parallel()
	b, python := only(t, "3.12")
	if _, err := os.Stat(python); err != nil {
		t.Fatal(err)
	}
	// A server that nobody runs: pip names it when it asks.
	b.Environ = append(b.Environ, "PIP_INDEX_URL=http://127.0.0.1:9/default", "PIP_RETRIES=0", "PIP_CACHE_DIR="+t.TempDir(), "TOKEN=key", "NO_PROXY=127.0.0.1")
	p := newProject(t, "python3.12", false, map[string]string{"Pipfile.lock": `{"_meta": {"sources": [{"url": "http://127.0.0.1:9/${TOKEN}/simple"}]}, "default": {"a": {"version": "==1"}}}`})
	p.Fail(b)
	if !strings.Contains(p.Log.String(), "http://127.0.0.1:9/default, http://127.0.0.1:9/key/simple") {
		t.Errorf("log: %s", p.Log.String())
	}
}

// TestCommitsOfLists installs a commit of a git repository that isn't its
// newest.
func TestCommitsOfLists(t *testing.T) {
	t.Parallel()
	b, python := only(t, "3.12")
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git here")
	}
	p := newProject(t, "python3.12", false, map[string]string{"app.py": "import local\nprint(local.__file__, local.y)\n"})
	repository := filepath.Join(p.Root, "repository")
	run := func(args ...string) string {
		cmd := exec.Command(git, append([]string{"-C", repository, "-c", "user.name=n", "-c", "user.email=e@example.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	buildtest.Plant(t, repository, map[string]string{
		"sub/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"back\"\nbackend-path = [\".\"]\n",
		"sub/back.py":        backend, "sub/local.py": "y = 2\n",
	})
	run("init", "-q")
	run("add", ".")
	run("commit", "-qm", "first")
	commit := run("rev-parse", "HEAD")
	buildtest.Plant(t, repository, map[string]string{"sub/local.py": "y = 3 # newer\n"})
	run("commit", "-qam", "second")
	p.Write("uv.lock", uvList("local\nsource = { git = \"file://"+repository+"?subdirectory=sub#"+commit+"\" }"))
	b.Environ = append(b.Environ, "PIP_NO_INDEX=1", "PIP_CACHE_DIR="+t.TempDir())
	a := p.Build(b)
	runUnder(t, p, python, a, " 2\n")
}
