package python

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

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

func TestRequirements(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		any   bool
		local []string
		flat  string // with {} for the folder; only of a list with editable packages
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
		{text: "./my pkg --config-settings=a=b", any: true, local: []string{"./my pkg"}},
		{text: "\ufeff-r more.txt", any: true},
		{text: "\xff\xfe.\x00/\x00p\x00k\x00g\x00\r\x00\n\x00", any: true, local: []string{"./pkg"}},
		{text: "\xfe\xff\x00#\x00\n\x00x\xd8", any: true},
		{text: "-e ./pkg", any: true, local: []string{"./pkg"}, flat: "./pkg\n"},
		{text: "--editable='./my pkg'\r\nflask \\\r\n >1 # new\r\n", any: true, local: []string{"./my pkg"}, flat: "./my pkg\nflask  >1\n"},
		{text: "-e git+https://example.com/x.git#egg=x", any: true, flat: "git+https://example.com/x.git#egg=x\n"},
		{
			text: "-i https://example.com/i\n-f https://example.com/f\n-c https://example.com/c.txt\n-r sub/more.txt\n-c limits.txt\n-f wheels\n-f none\n-e .",
			any:  true, local: []string{"."},
			flat: "-i https://example.com/i\n-f https://example.com/f\n-c https://example.com/c.txt\nx\n-c '{}/limits.txt'\n-f '{}/wheels'\n-f none\n.\n",
		},
		{text: "-c edit.txt\nflask", any: true}, // pip says that it can't be
		{text: "-r missing.txt", err: "no such file"},
	} {
		dir := t.TempDir()
		buildtest.Plant(t, dir, map[string]string{
			requirementsFile: tc.text, "more.txt": "x\n-r requirements.txt", "sub/more.txt": "-r ../more.txt", "limits.txt": "flask<3\n./pkg",
			"pkg/setup.py": "", "wheels/a.whl": "",
			"my pkg/setup.py": "", "edit.txt": "-e ./pkg",
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
		if r.editable != (tc.flat != "") || r.editable && r.flat.String() != strings.ReplaceAll(tc.flat, "{}", dir) {
			t.Errorf("%q: editable %v, flat:\n%s", tc.text, r.editable, r.flat.String())
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
	buildtest.Plant(t, dir, map[string]string{
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
		buildtest.Plant(t, dir, map[string]string{name: "changed"})
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
	buildtest.Plant(t, dir, map[string]string{"x": "#!/p/bin/python2.7\n1\n", "data": "no script"})
	if err := mendScripts(dir, "2.7"); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "x")); string(data) != "#!/usr/bin/env python2.7\n1\n" {
		t.Errorf("%q", data)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "data")); string(data) != "no script" {
		t.Errorf("%q", data)
	}
	if err := mendScripts(filepath.Join(dir, "missing"), "3.10"); err != nil {
		t.Error(err)
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
		if got, err := (build.Builders{&Builder{}}).Needed(p.Req); got != tc.want || err != nil {
			t.Errorf("%s with %q: %v, %v", tc.runtime, tc.requirements, got, err)
		}
	}
	p := newProject(t, "python9", false, map[string]string{"a.zip": ""})
	var unknown *build.UnknownRuntimeError
	if _, err := (build.Builders{&Builder{}}).Needed(p.Req); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
	p.Req.Runtime = "python3.10"
	p.Req.SourceDir = filepath.Join(p.Req.SourceDir, "a.zip")
	if needed, err := (build.Builders{&Builder{}}).Needed(p.Req); needed || err != nil {
		t.Errorf("an archive: %v, %v", needed, err)
	}
	p.Req.SourceDir += "x"
	if _, err := (build.Builders{&Builder{}}).Needed(p.Req); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

// TestRealPip installs local packages with a Python of this machine, and runs
// what came of it.
func TestRealPip(t *testing.T) {
	t.Parallel()
	finder := toolchain.New(os.LookupEnv)
	b := &Builder{Finder: finder, Environ: os.Environ()}
	python, err := finder.FindPython(context.Background(), "3.7")
	if err != nil {
		t.Skipf("no Python here: %v", err)
	}
	for legacy, beside := range map[bool]string{true: "./vendor/my local", false: `-e "./vendor/my local"`} {
		p := newProject(t, "custom", legacy, map[string]string{
			requirementsFile: "\ufeff--no-index\r\n-r base.txt\r\n" + beside + "\r\n", "base.txt": "./wheels/greet-1.0-py3-none-any.whl\n",
			"app.py": "import greet, local\nprint(greet.__file__)\n", "logging.py": "raise SystemExit('the code of the function ran in pip')\n",
			// A package with a build backend of its own that writes into its folder.
			"vendor/my local/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"back\"\nbackend-path = [\".\"]\n",
			"vendor/my local/back.py":        backend, "vendor/my local/local.py": "y = 2\n", ".fcignore": "vendor\nwheels\n",
		})
		wheel(t, filepath.Join(p.Req.SourceDir, "wheels/greet-1.0-py3-none-any.whl"), "greet", "1.0", "def main(): print('hello from greet')\n")
		before := buildtest.Snapshot(t, p.Req.SourceDir)
		a, err := build.Builders{b}.Build(context.Background(), p.Req)
		if nopip := new(*NoPipError); errors.As(err, nopip) {
			t.Skipf("no pip here: %v", err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Log.String())
		}
		if diff := cmp.Diff(before, buildtest.Snapshot(t, p.Req.SourceDir)); diff != "" {
			t.Error("the source was touched: ", diff)
		}
		runArtifact(t, p, python.Path, a)
		for path := range buildtest.Snapshot(t, p.Req.ArtifactDir) {
			if strings.Contains(path, "__pycache__") || strings.Contains(path, "vendor") {
				t.Errorf("%s is in the artifact", path)
			}
		}
		p.Log.Reset()
		p.Write("app.py", "pass\n")
		if a := p.Build(b); !a.Reused || a.Unchanged || p.Log.Len() > 0 {
			t.Errorf("%+v, log %q", a, p.Log.String())
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
func runArtifact(t *testing.T, p *projecttest.Project, python string, a *build.Artifact) {
	t.Helper()
	env := []string{"HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
	for k, v := range a.Env {
		env = append(env, k+"="+strings.ReplaceAll(v, build.CodeDir, p.Req.ArtifactDir))
	}
	// -P is too new; the folder of app.py has a logging.py, which nothing imports.
	cmd := exec.Command(python, filepath.Join(p.Req.ArtifactDir, "app.py"))
	cmd.Env, cmd.Dir = env, p.Req.ArtifactDir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), filepath.Join(p.Req.ArtifactDir, dependencyDir(p.Req))) {
		t.Errorf("app.py: %v: %s", err, out)
	}
	script := filepath.Join(p.Req.ArtifactDir, dependencyDir(p.Req), "bin", "greet")
	data, err := os.ReadFile(script)
	if err != nil || !strings.HasPrefix(string(data), "#!/usr/bin/env python3\n") {
		t.Fatalf("script: %v: %.60s", err, data)
	}
	cmd = exec.Command(python, script)
	cmd.Env, cmd.Dir = env, "/"
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "hello from greet\n" {
		t.Errorf("greet: %v: %s", err, out)
	}
}

func TestEnvironmentOfPip(t *testing.T) {
	t.Parallel()
	environ := []string{"HOME=/h", "PYTHONHOME=/x", "pip_target=/x", "PIP_INDEX_URL=u", "HTTPS_PROXY=p", "TMPDIR=/x", "ODD"}
	job := &build.Job{Scratch: "/scratch"}
	job.Env = map[string]string{"MINE": "1"}
	got := (&pip{environ: environ, job: job}).pipEnviron()
	want := []string{
		"HOME=/h", "PIP_INDEX_URL=u", "HTTPS_PROXY=p", "ODD", "TMPDIR=/scratch/tmp", "TEMP=/scratch/tmp", "TMP=/scratch/tmp", "MINE=1",
		"PIP_USER=0", "PIP_ROOT_USER_ACTION=ignore", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	settings := choosingSettings([]string{"PIP_PRE=1", "PIP_CACHE_DIR=/x", "PIP_INDEX_URL=u", "HOME=/h"})
	if diff := cmp.Diff([]string{"PIP_INDEX_URL=u", "PIP_PRE=1"}, settings); diff != "" {
		t.Error(diff)
	}
}

// TestPackagesBesideTheCode installs one named by a path that leads out of the
// source, as in a repository of several functions.
func TestPackagesBesideTheCode(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", `cp ../shared/pkg/data "$target/data" && touch ../shared/pkg/dirt`)
	p := newProject(t, "python3.10", false, map[string]string{requirementsFile: "../shared/pkg\n"})
	buildtest.Plant(t, p.Root, map[string]string{"shared/pkg/data": "beside", "shared/pkg/.git/x": ""})
	before := buildtest.Snapshot(t, filepath.Join(p.Root, "shared"))
	p.Build(f.builder())
	if p.Artifact("python/data") != "beside" {
		t.Error("not found from the working folder")
	}
	if diff := cmp.Diff(before, buildtest.Snapshot(t, filepath.Join(p.Root, "shared"))); diff != "" {
		t.Error("the package's source was touched: ", diff)
	}
	p.Write(requirementsFile, strings.Repeat("../", outside)+"x/far\n")
	far := filepath.Join(p.Req.SourceDir, strings.Repeat("../", outside), "x/far")
	if _, err := os.Stat(far); err == nil {
		t.Skipf("%s is there", far)
	}
	plan := &pip{job: &build.Job{Request: p.Req, Scratch: t.TempDir()}}
	local := []string{strings.Repeat("../", outside) + "x/far"}
	if _, err := plan.workDir(context.Background(), local); err == nil || !strings.Contains(err.Error(), "too far") {
		t.Errorf("got %v", err)
	}
	if _, err := plan.workDir(context.Background(), []string{"nothing"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a path to nothing is pip's to complain about: %v", err)
	}
}

// FuzzRequirements looks for lists that crash the reader.
func FuzzRequirements(f *testing.F) {
	for _, s := range []string{"flask", "-r requirements.txt", "-rx\n-c\n-e", "./x[y];z", "a @ file:///x%zz", "-f \"\"", "--requirement=\\\n"} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ReplaceAll(text, "./", ""), "/") || strings.Contains(text, "..") {
			t.Skip() // it may be a large folder of this machine
		}
		if err := os.WriteFile(filepath.Join(dir, requirementsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := readRequirements(dir)
		if err == nil && r == nil {
			t.Errorf("%q: there is a file", text)
		}
	})
}
