package build

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/spec"
	"s/pkg/toolchain"
)

func TestRequirements(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		any   bool
		local []string
		err   string
	}{
		{text: ""},
		{text: "# nothing\n\n   \n"},
		{text: "--no-index\n-f wheels\n"},
		{text: "flask", any: true},
		{text: "flask==2.0 # pinned\n--hash=sha256:00", any: true},
		{text: "-r more.txt", any: true},
		{text: "-rmore.txt", any: true},
		{text: "--requirement=sub/more.txt", any: true},
		{text: "-c limits.txt"},
		{text: "-c https://example.com/c.txt\nflask", any: true},
		{text: "./pkg", any: true, local: []string{"./pkg"}},
		{text: "pkg"}, // set below: a name, though a folder is called so
		{text: "./pkg[extra] ; python_version > '3'", any: true, local: []string{"./pkg"}},
		{text: "pkg @ file:./pkg", any: true, local: []string{"./pkg"}},
		{text: "./wheels/\\\na.whl", any: true, local: []string{"./wheels/a.whl"}},
		{text: "/absolute/pkg", any: true},
		{text: "file:///absolute/pkg#egg=x", any: true},
		{text: "git+https://example.com/x.git", any: true},
		{text: "-e ./pkg", err: `requirements.txt: editable requirement "./pkg" can't be packed with the code: leave out "-e"`},
		{text: "-r missing.txt", err: "no such file"},
	} {
		dir := t.TempDir()
		plant(t, dir, map[string]string{
			requirementsFile: tc.text, "more.txt": "x\n-r requirements.txt", "sub/more.txt": "-r ../more.txt", "limits.txt": "flask<3\n./pkg",
			"pkg/setup.py": "", "wheels/a.whl": "",
		})
		r, err := readRequirements(dir)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%q: got %v, want %s", tc.text, err, tc.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		if r.any != (tc.any || tc.text == "pkg") || !slices.Equal(r.local, tc.local) {
			t.Errorf("%q: any %v, local %q", tc.text, r.any, r.local)
		}
	}
	if r, err := readRequirements(t.TempDir()); r != nil || err != nil {
		t.Errorf("no file: %v, %v", r, err)
	}
}

// TestRequirementsDigest changes one file after the other: each counts.
func TestRequirementsDigest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{
		requirementsFile: "-r more.txt\n-c limits.txt\n-f wheels\n./pkg\n", "more.txt": "x", "limits.txt": "x<3",
		"wheels/a.whl": "1", "pkg/setup.py": "1", "app.py": "1",
	})
	digest := func() string {
		r, err := readRequirements(dir)
		if err != nil {
			t.Fatal(err)
		}
		return r.digest()
	}
	last := digest()
	for name, counts := range map[string]bool{
		"more.txt": true, "limits.txt": true, "wheels/b.whl": true, "pkg/src/x.py": true, "app.py": false, "pkg/.git/x": false,
	} {
		plant(t, dir, map[string]string{name: "changed"})
		if now := digest(); (now != last) != counts {
			t.Errorf("%s: the digest changed: %v, want %v", name, now != last, counts)
		} else {
			last = now
		}
	}
}

func TestAfterShebang(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"#!/opt/p/bin/python3.10\nrest\n":                                       "rest\n",
		"#!/opt/p/bin/python3.10 -s\nrest\n":                                    "rest\n",
		"#! /usr/bin/python\nrest":                                              "rest",
		"#!/bin/sh\n'''exec' \"/a b/python3\" \"$0\" \"$@\"\n' '''\nimport x\n": "import x\n",
		"#!/bin/sh\necho x\n":                                                   "-",
		"#!/bin/sh\n'''exec' unfinished":                                        "-",
		"#!/usr/bin/env node\nx":                                                "-",
		"#!\nx":                                                                 "-",
		"\x7fELF\n":                                                             "-",
		"":                                                                      "-",
	} {
		body, ok := afterShebang([]byte(script))
		if got := string(body); ok != (want != "-") || ok && got != want {
			t.Errorf("%q: %q, %v", script, got, ok)
		}
	}
}

func TestScriptsOfPython2(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"x": "#!/p/bin/python2.7\n1\n", "data": "no script"})
	if err := mendScripts(dir, toolchain.Interpreter{Version: "2.7.18"}); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "x")); string(data) != "#!/usr/bin/env python2.7\n1\n" {
		t.Errorf("%q", data)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "data")); string(data) != "no script" {
		t.Errorf("%q", data)
	}
	if err := mendScripts(filepath.Join(dir, "missing"), toolchain.Interpreter{}); err != nil {
		t.Error(err)
	}
}

func TestMergeEnv(t *testing.T) {
	t.Parallel()
	type env = map[string]string
	ours := env{"PATH": "/code/python/bin:" + systemPath, "PYTHONPATH": "/code/python"}
	for name, tc := range map[string]struct{ artifact, user, want env }{
		"no artifact":      {nil, env{"A": "1"}, env{"A": "1"}},
		"no variables":     {ours, nil, ours},
		"other variables":  {ours, env{"A": "1"}, env{"A": "1", "PATH": ours["PATH"], "PYTHONPATH": "/code/python"}},
		"the user's lists": {ours, env{"PATH": "/own/bin:/bin", "PYTHONPATH": "/code/lib"}, env{"PATH": "/code/python/bin:/own/bin:/bin", "PYTHONPATH": "/code/python:/code/lib"}},
		"there already":    {ours, env{"PATH": "/own/bin:/code/python/bin", "PYTHONPATH": "/x:/code/python"}, env{"PATH": "/own/bin:/code/python/bin", "PYTHONPATH": "/x:/code/python"}},
		"emptied":          {ours, env{"PYTHONPATH": ""}, env{"PATH": ours["PATH"], "PYTHONPATH": ""}},
		"not a list":       {env{"PYTHONUSERBASE": "/code/.s/python"}, env{"PYTHONUSERBASE": "/own"}, env{"PYTHONUSERBASE": "/own"}},
	} {
		if diff := cmp.Diff(tc.want, MergeEnv(tc.artifact, tc.user)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEnvironmentOfNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a")
	if env, err := Environment(dir); env != nil || err != nil {
		t.Errorf("%v, %v", env, err)
	}
	plant(t, filepath.Dir(dir), map[string]string{"a" + envSuffix: "{damaged"})
	if _, err := Environment(dir); err == nil || !strings.Contains(err.Error(), "a.env.json") {
		t.Errorf("got %v", err)
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		runtime, requirements string
		want                  bool
	}{
		{"python3.10", "flask", true},
		{"python3", "flask", true},
		{"custom", "flask", true},
		{"custom.debian12", "flask", true},
		{"python3.10", "# none", false},
		{"python3.10", "", false},
		{"nodejs18", "flask", false},
		{"go1", "flask", false},
		{"custom-container", "flask", false},
	} {
		files := map[string]string{"app.py": ""}
		if tc.requirements != "" {
			files[requirementsFile] = tc.requirements
		}
		p := newProject(t, tc.runtime, false, files)
		if _, got, err := Default(nil, nil).For(p.req); got != tc.want || err != nil {
			t.Errorf("%s with %q: %v, %v", tc.runtime, tc.requirements, got, err)
		}
	}
	p := newProject(t, "python9", false, map[string]string{"a.zip": ""})
	var unknown *UnknownRuntimeError
	if _, _, err := Default(nil, nil).For(p.req); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
	p.req.SourceDir = filepath.Join(p.req.SourceDir, "a.zip")
	if _, needed, err := Default(nil, nil).For(p.req); needed || err != nil {
		t.Errorf("an archive: %v, %v", needed, err)
	}
	p.req.SourceDir += "x"
	if _, _, err := Default(nil, nil).For(p.req); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

func TestArtifactDir(t *testing.T) {
	t.Parallel()
	r := &spec.Resource{Name: "web", Service: &fc.Service{ServiceName: "svc"}, Function: fc.Function{FunctionName: "svc$fn"}}
	dir := filepath.FromSlash("/p/.s/build/artifacts/")
	for _, tc := range []struct{ edition, name, want string }{
		{spec.Edition1, "web", dir + filepath.FromSlash("svc/fn")},
		{spec.Edition3, "web", dir + "web"},
		{spec.Edition3, "../../etc", dir + ".._.._etc"},
		{spec.Edition3, "..", dir + "_.."},
		{spec.Edition3, "", dir + "_"},
	} {
		r.Name = tc.name
		if got := ArtifactDir(&spec.Project{Dir: filepath.FromSlash("/p"), Edition: tc.edition}, r); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.edition, tc.name, got, tc.want)
		}
	}
}

func specOf(p *project, runtimes ...string) *spec.Project {
	out := &spec.Project{Dir: p.root, Edition: spec.Edition3}
	for _, rt := range runtimes {
		out.Resources = append(out.Resources, &spec.Resource{
			Name: "r-" + rt, Function: fc.Function{FunctionName: "f", Runtime: rt}, Code: spec.CodeSource{Path: p.req.SourceDir},
		})
	}
	return out
}

func TestProject(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "", false, flask())
	sp := specOf(p, "python3.10", "nodejs18", "custom.debian11")
	sp.Resources = append(sp.Resources, &spec.Resource{Name: "image", Function: fc.Function{Runtime: "custom-container"}})
	var told []string
	opts := ProjectOptions{
		Builders: Builders{f.builder()},
		Begin:    func(r *spec.Resource, log string) { told = append(told, "begin "+r.Name+" "+filepath.Base(log)) },
		Done:     func(r Result) { told = append(told, "done "+r.Resource) },
	}
	results, err := Project(context.Background(), sp, "", opts)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"begin r-python3.10 build-r-python3.10.log", "done r-python3.10", "done r-nodejs18",
		"done r-custom.debian11", "done image", // the same Python and list: installed by the first
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if len(results) != 4 || results[0].Artifact == nil || results[1].Artifact != nil || results[3].Artifact != nil {
		t.Errorf("%+v", results)
	}
	if log, err := os.ReadFile(LogFile(sp, sp.Resources[0])); err != nil || !strings.Contains(string(log), "Successfully installed") {
		t.Errorf("%q, %v", log, err)
	}
	_, err = Project(context.Background(), sp, "nobody", opts)
	var unknown *UnknownResourceError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "r-nodejs18") {
		t.Errorf("got %v", err)
	}
}

func TestProjectStopsAtAnError(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", `echo "ERROR: no"; exit 3`)
	p := newProject(t, "", false, flask())
	sp := specOf(p, "nodejs18", "python3.10", "custom.debian11")
	results, err := Project(context.Background(), sp, "", ProjectOptions{Builders: Builders{f.builder()}})
	var be *BuildError
	if !errors.As(err, &be) || be.Name != "r-python3.10" || be.Log != LogFile(sp, sp.Resources[1]) || len(results) != 1 {
		t.Errorf("%v after %+v", err, results)
	}
	if len(f.runs()) != 1 {
		t.Errorf("went on: %q", f.runs())
	}
}

func TestStaleArtifactIsRemoved(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "", false, flask())
	sp := specOf(p, "python3.10")
	a := Artifacts{Builders: Builders{f.builder()}}
	r := sp.Resources[0]
	if err := a.Build(context.Background(), sp, r); err != nil {
		t.Fatal(err)
	}
	ready, err := a.UpToDate(t.Context(), sp, r)
	env, eerr := a.Environment(a.Dir(sp, r))
	if err := errors.Join(err, eerr); err != nil || !ready || a.MergeEnv(env, nil)["PYTHONPATH"] != "/code/python" {
		t.Errorf("%v, %v, %v", ready, env, err)
	}
	if err := os.Remove(filepath.Join(p.req.SourceDir, requirementsFile)); err != nil {
		t.Fatal(err)
	}
	if needed, err := a.Needed(sp, r); needed || err != nil {
		t.Errorf("needed %v, %v", needed, err)
	}
	if err := a.Build(context.Background(), sp, r); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(p.root, ".s/build/artifacts/*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if needed, err := a.Needed(sp, &spec.Resource{}); needed || err != nil {
		t.Errorf("an image: %v, %v", needed, err)
	}
}

// TestRealPip installs local packages with a Python of this machine, and runs
// what came of it.
func TestRealPip(t *testing.T) {
	t.Parallel()
	finder := toolchain.New(os.LookupEnv)
	b := &Python{Finder: finder, Environ: os.Environ()}
	python, err := finder.FindPython(context.Background(), "3.7")
	if err != nil {
		t.Skipf("no Python here: %v", err)
	}
	for _, legacy := range []bool{true, false} {
		p := newProject(t, "custom", legacy, map[string]string{
			requirementsFile: "--no-index\n-r base.txt\n./vendor/local\n", "base.txt": "./wheels/greet-1.0-py3-none-any.whl\n",
			"app.py": "import greet, local\nprint(greet.__file__)\n", "logging.py": "raise SystemExit('the code of the function ran in pip')\n",
			// A package with a build backend of its own that writes into its folder.
			"vendor/local/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"back\"\nbackend-path = [\".\"]\n",
			"vendor/local/back.py":        backend, "vendor/local/local.py": "y = 2\n", ".fcignore": "vendor\nwheels\n",
		})
		wheel(t, filepath.Join(p.req.SourceDir, "wheels/greet-1.0-py3-none-any.whl"), "greet", "1.0", "def main(): print('hello from greet')\n")
		before := snapshot(t, p.req.SourceDir)
		a, err := b.Build(context.Background(), p.req)
		if nopip := new(*NoPipError); errors.As(err, nopip) {
			t.Skipf("no pip here: %v", err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, p.log.String())
		}
		if diff := cmp.Diff(before, snapshot(t, p.req.SourceDir)); diff != "" {
			t.Error("the source was touched: ", diff)
		}
		runArtifact(t, p, python, a)
		p.noScratch()
		for path := range snapshot(t, p.req.ArtifactDir) {
			if strings.Contains(path, "__pycache__") || strings.Contains(path, "vendor") {
				t.Errorf("%s is in the artifact", path)
			}
		}
		p.log.Reset()
		p.write("app.py", "pass\n")
		if a := p.build(b); !a.Reused || a.Unchanged || p.log.Len() > 0 {
			t.Errorf("%+v, log %q", a, p.log.String())
		}
	}
}

// backend is a build backend (PEP 517) that needs nothing installed.
const backend = `import zipfile, os
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    open("dirt", "w").close()
    name = "local-2.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as z:
        z.write("local.py")
        z.writestr("local-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: local\nVersion: 2.0\n")
        z.writestr("local-2.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("local-2.0.dist-info/RECORD", "")
    return name
`

// runArtifact runs code and command of an artifact as FC would, in its own
// folder.
func runArtifact(t *testing.T, p *project, python toolchain.Interpreter, a *Artifact) {
	t.Helper()
	env := []string{"HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
	for k, v := range a.Env {
		env = append(env, k+"="+strings.ReplaceAll(v, codeDir, p.req.ArtifactDir))
	}
	// -P is too new; the folder of app.py has a logging.py, which nothing imports.
	cmd := exec.Command(python.Path, filepath.Join(p.req.ArtifactDir, "app.py"))
	cmd.Env, cmd.Dir = env, p.req.ArtifactDir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), filepath.Join(p.req.ArtifactDir, dependencyDir(p.req))) {
		t.Errorf("app.py: %v: %s", err, out)
	}
	script := filepath.Join(p.req.ArtifactDir, dependencyDir(p.req), "bin", "greet")
	data, err := os.ReadFile(script)
	if err != nil || !strings.HasPrefix(string(data), "#!/usr/bin/env python3\n") {
		t.Fatalf("script: %v: %.60s", err, data)
	}
	cmd = exec.Command(python.Path, script)
	cmd.Env, cmd.Dir = env, "/"
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "hello from greet\n" {
		t.Errorf("greet: %v: %s", err, out)
	}
}
