package python

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

// only gives a builder that has one version of Python, and its path; tests are
// skipped where it isn't there, or has no pip.
func only(t *testing.T, version string) (*Builder, string) {
	t.Helper()
	python := realPython(t, version)
	if out, err := exec.Command(python, "-m", "pip", "--version").CombinedOutput(); err != nil {
		t.Skipf("Python %s has no pip: %s", version, out)
	}
	finder := toolchain.New(func(key string) (string, bool) { return filepath.Dir(python), key == "PATH" })
	finder.System = []string{}
	return &Builder{Finder: finder, Environ: os.Environ(), Host: build.DefaultPlatform}, python
}

func realPython(t *testing.T, version string) string {
	t.Helper()
	found, err := toolchain.New(os.LookupEnv).FindPython(context.Background(), version)
	if err != nil || !found.Exact {
		t.Skipf("no Python %s here: %v", version, err)
	}
	return found.Path
}

// pack makes a wheel with a tag, of one module that tells what it is.
func pack(t *testing.T, dir, name, version, tag string, needs ...string) {
	t.Helper()
	path := filepath.Join(dir, fmt.Sprintf("%s-%s-%s.whl", name, version, tag))
	text := ""
	for _, n := range needs {
		text += "Requires-Dist: " + n + "\n"
	}
	writeWheel(t, path, name, version, fmt.Sprintf("is_ = %q\ndef main(): pass\n", version+" "+tag), tag, text)
}

// sdist makes a source package that its own backend builds: into a wheel with
// that tag, or not at all.
func sdist(t *testing.T, dir, name, version, tag string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, name+"-"+version+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	for file, text := range map[string]string{
		"PKG-INFO":       "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n",
		"pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"back\"\nbackend-path = [\".\"]\n",
		"back.py":        fmt.Sprintf(sdistBackend, name, version, tag),
	} {
		head := &tar.Header{Name: name + "-" + version + "/" + file, Mode: 0o644, Size: int64(len(text))}
		if err := w.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
}

const sdistBackend = `import os, sys, zipfile
name, version, tag = %q, %q, %q
info = "%%s-%%s.dist-info" %% (name, version)
meta = "Metadata-Version: 2.1\nName: %%s\nVersion: %%s\n" %% (name, version)
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    if tag == "-":
        sys.exit("no pg_config")
    os.mkdir(os.path.join(directory, info))
    with open(os.path.join(directory, info, "METADATA"), "w") as f:
        f.write(meta)
    return info
def build_wheel(directory, config_settings=None, metadata_directory=None):
    if not tag:
        sys.exit("no compiler")
    file = "%%s-%%s-%%s.whl" %% (name, version, tag)
    with zipfile.ZipFile(os.path.join(directory, file), "w") as z:
        z.writestr(name + ".py", "is_ = 'built'\n")
        z.writestr(info + "/METADATA", meta)
        z.writestr(info + "/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: %%s\n" %% tag)
        z.writestr(info + "/RECORD", "")
    return file
`

// shop is a folder of packages for several targets.
func shop(t *testing.T) string {
	t.Helper()
	dir := buildtest.TempDir(t)
	for _, py := range []string{"310", "311", "312", "313"} {
		tag := "cp" + py + "-cp" + py
		pack(t, dir, "ext", "1.0", tag+"-manylinux_2_17_x86_64")
		pack(t, dir, "ext", "1.0", tag+"-macosx_11_0_arm64")
		pack(t, dir, "ext", "1.0", tag+"-manylinux_2_17_aarch64")
		pack(t, dir, "ext", "2.0", tag+"-manylinux_2_35_x86_64") // too new a C library
	}
	pack(t, dir, "ext", "3.0", "cp312-cp312-manylinux_2_17_x86_64")
	pack(t, dir, "stable", "1.0", "cp38-abi3-manylinux2014_x86_64")
	pack(t, dir, "backport", "1.0", "py3-none-any")
	pack(t, dir, "future", "1.0", "py3-none-any")
	pack(t, dir, "mac", "1.0", "py3-none-any")
	pack(t, dir, "parent", "1.0", "py3-none-any", "ext", `backport; python_version < "3.11"`,
		`future; python_version >= "3.12"`, `mac; sys_platform == "darwin"`)
	sdist(t, dir, "pure", "1.0", "py3-none-any")
	sdist(t, dir, "compiled", "1.0", "cp312-cp312-linux_x86_64")
	sdist(t, dir, "broken", "1.0", "")
	sdist(t, dir, "dumb", "1.0", "-") // doesn't tell what it needs
	return dir
}

// TestChoiceOfWheels lets the real pip of a newer Python choose from a folder.
func TestChoiceOfWheels(t *testing.T) {
	t.Parallel()
	b, python := only(t, "3.12")
	dir := shop(t)
	b.Environ = append(b.Environ, "PIP_CACHE_DIR="+t.TempDir())
	for name, tc := range map[string]struct {
		runtime  string
		host     build.Platform
		platform build.Platform
		needs    string
		want     map[string]string // module → what it is; empty for none
	}{
		"older Python": {runtime: "python3.10", needs: "parent\nstable\npure", want: map[string]string{
			"ext": "1.0 cp310-cp310-manylinux_2_17_x86_64", "backport": "1.0 py3-none-any", "future": "", "mac": "",
			"stable": "1.0 cp38-abi3-manylinux2014_x86_64", "pure": "built",
		}},
		"this Python on a Mac": {runtime: "python3.12", host: "darwin/arm64", needs: "parent", want: map[string]string{
			"ext": "3.0 cp312-cp312-manylinux_2_17_x86_64", "backport": "", "future": "1.0 py3-none-any", "mac": "",
		}},
		"another processor": {runtime: "python3.10", platform: "linux/arm64", needs: "ext", want: map[string]string{
			"ext": "1.0 cp310-cp310-manylinux_2_17_aarch64",
		}},
		"an image with a newer C library": {runtime: "custom.debian12", host: "windows/amd64", needs: "ext<3", want: map[string]string{
			"ext": "2.0 cp312-cp312-manylinux_2_35_x86_64",
		}},
		"this machine, but the image's C library": {runtime: "python3.12", needs: "ext<3", want: map[string]string{
			"ext": "1.0 cp312-cp312-manylinux_2_17_x86_64",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := *b
			if tc.host != "" {
				own.Host = tc.host
			} else if hostPlatform() != build.DefaultPlatform {
				t.Skip("this machine is another")
			}
			p := newProject(t, tc.runtime, false, map[string]string{requirementsFile: "--no-index\n-f " + dir + "\n" + tc.needs + "\n"})
			p.Req.Platform = tc.platform
			a := p.Build(&own)
			if a.Tools[0].Path != python {
				t.Errorf("built with %+v", a.Tools)
			}
			for module, want := range tc.want {
				data, _ := os.ReadFile(filepath.Join(p.Req.ArtifactDir, "python", module+".py"))
				if got := string(data); want == "" && got != "" || !strings.Contains(got, want) {
					t.Errorf("%s is %q, want %q", module, got, want)
				}
			}
		})
	}
}

func TestNoWheel(t *testing.T) {
	t.Parallel()
	b, _ := only(t, "3.12")
	dir := shop(t)
	b.Environ = append(b.Environ, "PIP_CACHE_DIR="+t.TempDir())
	for _, tc := range [][2]string{
		{"compiled\npure", "compiled 1.0"},
		{"dumb", "dumb-1.0.tar.gz"},
		{"broken\ncompiled", "broken, compiled 1.0"}, // the second from pip's cache
	} {
		needs, want := tc[0], tc[1]
		p := newProject(t, "python3.10", false, map[string]string{requirementsFile: "--no-index\n-f " + dir + "\n" + needs + "\n"})
		err := p.Fail(b)
		var missing *NoWheelError
		var help *build.HelpError
		if !errors.As(err, &missing) || !errors.As(err, &help) {
			t.Fatalf("%v\n%s", err, p.Log.String())
		}
		if got := strings.Join(missing.Packages, ", "); got != want {
			t.Errorf("%q: names %s, want %s\n%s", needs, got, want, p.Log.String())
		}
		if msg := "build hello: no wheel for Python 3.10 on linux/amd64: " + want + ", and a build of the source here wouldn't run there"; err.Error() != msg {
			t.Errorf("got %v", err)
		}
		if help.Help.String() != "s build --use-docker, or install Python 3.10 here: pyenv install 3.10" {
			t.Errorf("help: %s", help.Help.String())
		}
	}
	// What is compiled here runs there if it is the same machine and Python.
	if hostPlatform() == build.DefaultPlatform {
		p := newProject(t, "python3.12", false, map[string]string{requirementsFile: "--no-index\n-f " + dir + "\ncompiled\n"})
		p.Build(b)
	}
}

// TestNumpyForAnOlderPython builds a real package for Python 3.10 with 3.12
// alone, and imports it under 3.10.
func TestNumpyForAnOlderPython(t *testing.T) {
	t.Parallel()
	b, python := only(t, "3.12")
	older := realPython(t, "3.10")
	if hostPlatform() != build.DefaultPlatform {
		t.Skip("what is built doesn't run here")
	}
	reach := exec.Command(python, "-m", "pip", "download", "--no-deps", "--retries", "0", "--timeout", "10", "-d", t.TempDir(), "six")
	if out, err := reach.CombinedOutput(); err != nil {
		t.Skipf("no package index is reached: %s", out)
	}
	p := newProject(t, "python3.10", false, map[string]string{
		requirementsFile: "numpy\n", "app.py": "import numpy\nprint(numpy.__file__, int(numpy.arange(4).sum()))\n",
	})
	a := p.Build(b)
	if a.Tools[0].Exact || !strings.HasPrefix(a.Tools[0].Version, "3.12.") {
		t.Fatalf("built with %+v", a.Tools)
	}
	runUnder(t, p, older, a, " 6\n")
}

// runUnder runs the artifact's app.py.
func runUnder(t *testing.T, p *projecttest.Project, python string, a *build.Artifact, want string) {
	t.Helper()
	cmd := exec.Command(python, filepath.Join(p.Req.ArtifactDir, "app.py"))
	cmd.Env = []string{"HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
	for k, v := range a.Env {
		cmd.Env = append(cmd.Env, k+"="+strings.ReplaceAll(v, build.CodeDir, p.Req.ArtifactDir))
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), p.Req.ArtifactDir) || !strings.HasSuffix(string(out), want) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestWheelLog(t *testing.T) {
	t.Parallel()
	w := &wheelLog{}
	for _, text := range []string{
		"  Building wheel for x (pyproject.toml): finished\n  Created wheel for x: filename=x-1.0-py3-", "none-any.whl size=1 sha256=00\r\n",
		"  ERROR: Failed building wheel for y\n", "Failed to build lxml y.z\n",
		"ERROR: Failed to build 'w' when getting requirements to build wheel\n", strings.Repeat("x", maxLine+1), "Failed to build no\n",
		"error: metadata-generation-failed\nCollecting psycopg2>=2 (from x)\n  Using cached y\nerror: metadata-generation-failed\n",
		"Processing ./libs/z-1.tar.gz (from x)\nerror: metadata-generation-failed\n",
	} {
		if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
			t.Error(n, err)
		}
	}
	if got := strings.Join(w.made, " ") + "|" + strings.Join(w.failed, " "); got != "x-1.0-py3-none-any.whl|lxml y.z w no psycopg2 z-1.tar.gz" {
		t.Errorf("noted %s", got)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	ten := target{python: "3.10", platform: "linux/amd64", glibc: 28}
	for _, tc := range []struct {
		to   target
		tag  string
		want bool
	}{
		{ten, "py3-none-any", true},
		{ten, "py2-none-any", false},
		{ten, "py36-none-any", true},
		{ten, "py312-none-any", false},
		{ten, "cp310-cp310-manylinux_2_28_x86_64", true},
		{ten, "cp310-cp310-manylinux_2_29_x86_64", false},
		{ten, "cp310-cp310-manylinux1_x86_64", true},
		{ten, "cp310-cp310-manylinux_2_17_aarch64", false},
		{ten, "cp310-cp310-macosx_11_0_arm64", false},
		{ten, "cp310-cp310-musllinux_1_1_x86_64", false},
		{ten, "cp312-cp312-manylinux_2_17_x86_64", false},
		{ten, "cp37-abi3-manylinux2014_x86_64", true},
		{ten, "cp311-abi3-manylinux2014_x86_64", false},
		{ten, "cp39-cp39-manylinux2014_x86_64", false},
		{ten, "cp310-none-any", true},
		{ten, "cp310-cp310", false},
		{target{python: "3.7", platform: "linux/arm64", glibc: 24}, "cp37-cp37m-manylinux_2_24_aarch64", true},
		{target{python: "3.7", platform: "linux/arm64", glibc: 24}, "cp37-cp37m-manylinux_2_5_aarch64", false},
		{target{python: "2.7", platform: "linux/amd64", glibc: 24}, "cp27-cp27mu-manylinux1_x86_64", true},
		{target{python: "2.7", platform: "linux/amd64", glibc: 24}, "py2-none-any", true},
	} {
		if got := tc.to.loads(tc.tag); got != tc.want {
			t.Errorf("%s on %+v: %v", tc.tag, tc.to, got)
		}
	}
	p := &pip{target: ten, host: "linux/amd64", job: &build.Job{}}
	if !p.runs(expandTag("py2.py3-none-any")) || !p.runs([]string{"cp310-cp310-linux_x86_64"}) || p.runs([]string{"cp312-cp312-linux_x86_64"}) {
		t.Error("tags of what was built here")
	}
	if p.host = "darwin/arm64"; p.runs([]string{"cp310-cp310-linux_x86_64"}) || p.runs(nil) {
		t.Error("a Mac's linux wheel")
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for runtimeName, want := range map[string]string{
		"python3.10": "3.10.2 28 cp310", "python3": "3.6.2 24 cp36m", "python2.7": "2.7.18 24 cp27mu", "python3.12": "3.12.2 31 cp312",
		"custom": "3.7.2 24 cp37m", "custom.debian12": "3.12.2 36 cp312",
	} {
		to := targetOf(build.Request{Runtime: runtimeName})
		if got := fmt.Sprintf("%s %d %s", to.fullVersion(), to.glibc, to.abi()); got != want {
			t.Errorf("%s: %s, want %s", runtimeName, got, want)
		}
	}
}
