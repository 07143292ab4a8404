package python

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/bundle"
	"s/pkg/debug"
	"s/pkg/toolchain"
)

func flask() map[string]string {
	return map[string]string{
		"requirements.txt": "flask\n", "app.py": "pass\n", "lib/x.py": "1\n", ".git/config": "x",
		".env": "SECRET=1", ".fcignore": "*.md\n", "readme.md": "text", "python/own.py": "own\n",
	}
}

func TestArtifactOfBothEditions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		legacy bool
		module string
		env    map[string]string
	}{
		"3.0.0": {false, "python/pkg.py", map[string]string{
			"PATH": "/code/python/bin:" + build.SystemPath, "PYTHONPATH": "/code/python",
		}},
		"1.0.0": {true, ".s/python/lib/python3.10/site-packages/pkg.py", map[string]string{
			"PATH": "/code/.s/python/bin:" + build.SystemPath, "PYTHONUSERBASE": "/code/.s/python",
			"PYTHONPATH": "/code/.s/python/lib/python3.10/site-packages",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "3.10.4", fakeInstall)
			p := newProject(t, "python3.10", tc.legacy, flask())
			before := buildtest.Snapshot(t, p.Req.SourceDir)
			a := p.Build(f.builder())
			if p.Artifact(tc.module) != "x = 1\n" || p.Artifact("app.py") != "pass\n" || p.Artifact("python/own.py") != "own\n" {
				t.Error("files differ")
			}
			dir := dependencyDir(p.Req)
			if got := p.Artifact(dir + "/bin/tool"); got != "#!/usr/bin/env python3\nprint(1)\n" {
				t.Errorf("script: %q", got)
			}
			left := buildtest.Snapshot(t, p.Req.ArtifactDir)
			for path := range left {
				for _, no := range []string{"readme.md", ".git", ".fcignore", "direct_url.json"} {
					if filepath.Base(path) == no {
						t.Errorf("%s is in the artifact", path)
					}
				}
			}
			if !strings.HasPrefix(left[filepath.FromSlash(dir+"/bin/tool")], "-rwxr-xr-x") || left["app.py"] != before["app.py"] {
				t.Errorf("modes or times differ: %v", left)
			}
			if !strings.HasPrefix(left["."], "drwxr-xr-x") {
				t.Errorf("the artifact's own mode: %s", left["."])
			}
			env, err := build.Environment(p.Req.ArtifactDir)
			if diff := cmp.Diff(tc.env, env); diff != "" || err != nil || !cmp.Equal(a.Env, env) {
				t.Error(err, diff, a.Env)
			}
			if diff := cmp.Diff([]string{".env", ".git"}, a.LeftOut); diff != "" {
				t.Error("left out: ", diff)
			}
			if a.Reused || a.Unchanged || a.Tools[0].Version != "3.10.4" {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestWhatIsReused(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	b := f.builder()
	p := newProject(t, "python3.10", false, flask())
	upToDate := func(want bool) {
		t.Helper()
		if got, err := (build.Builders{b}).UpToDate(context.Background(), p.Req); got != want || err != nil {
			t.Errorf("up to date: %v, %v", got, err)
		}
	}
	step := func(what string, reused, unchanged bool, runs int) {
		t.Helper()
		a := p.Build(b)
		if a.Reused != reused || a.Unchanged != unchanged || len(f.runs()) != runs {
			t.Errorf("%s: reused %v, unchanged %v, %d runs; want %v, %v, %d", what, a.Reused, a.Unchanged, len(f.runs()), reused, unchanged, runs)
		}
		if a.Env["PYTHONPATH"] != "/code/python" || p.Artifact("python/pkg.py") == "" {
			t.Errorf("%s: %+v", what, a)
		}
		upToDate(true)
	}
	upToDate(false)
	step("first", false, false, 1)
	step("nothing changed", true, true, 1)
	p.Write("app.py", "changed\n")
	upToDate(false)
	step("source changed", true, false, 1)
	if p.Artifact("app.py") != "changed\n" {
		t.Error("the artifact has the old source")
	}
	if err := os.RemoveAll(filepath.Join(p.Req.SourceDir, "lib")); err != nil {
		t.Fatal(err)
	}
	step("file removed", true, false, 1)
	if _, err := os.Stat(filepath.Join(p.Req.ArtifactDir, "lib/x.py")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the removed file is in the artifact yet: %v", err)
	}
	p.Write("requirements.txt", "flask\ngunicorn\n")
	step("requirements changed", false, false, 2)
	p.Write("requirements.txt", "flask\n")
	step("and back", true, false, 2)
	p.Req.Fresh = true
	a := p.Build(b)
	if a.Reused || len(f.runs()) != 3 {
		t.Errorf("fresh: %+v, %d runs", a, len(f.runs()))
	}
	p.Req.Fresh = false
	b = f.builder("PIP_INDEX_URL=https://example.com/simple")
	upToDate(false)
	step("another index", false, false, 4)
	if err := os.RemoveAll(p.Req.ArtifactDir); err != nil {
		t.Fatal(err)
	}
	upToDate(false)
	step("artifact gone", true, false, 4)
}

func TestFreshFilesAreNotTrusted(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	soon := time.Now().Add(time.Hour) // as new as can be at the time of the build
	if err := os.Chtimes(filepath.Join(p.Req.SourceDir, "app.py"), soon, soon); err != nil {
		t.Fatal(err)
	}
	p.Build(f.builder())
	if got, err := (build.Builders{f.builder()}).UpToDate(context.Background(), p.Req); got || err != nil {
		t.Errorf("up to date: %v, %v", got, err)
	}
}

func TestHowPipIsRun(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.7.16", fakeInstall)
	p := newProject(t, "custom", true, flask())
	builder := f.builder("PYTHONPATH=/bad", "PIP_TARGET=/bad", "PIP_INDEX_URL=https://index.example.com")
	var told bytes.Buffer
	log := debug.New(debug.Options{Out: &told})
	p.Req.Debug = func() *debug.Log { return log }
	a := p.Build(builder)
	if !strings.Contains(told.String(), " -m pip install ") || !strings.Contains(told.String(), "python3.7 exited with 0 after ") || strings.Contains(told.String(), "index.example") {
		t.Errorf("the debug log has %s", &told)
	}
	runs := f.runs()
	if len(runs) != 1 {
		t.Fatalf("runs: %q", runs)
	}
	dir, rest, _ := strings.Cut(runs[0], "|")
	args, env, _ := strings.Cut(rest, "|")
	if strings.HasPrefix(dir, p.Req.SourceDir) {
		t.Errorf("pip ran in the source: %s", dir)
	}
	for _, want := range []string{`-c PIP {"glibc":24} install`, "--no-input", "--disable-pip-version-check", "--no-warn-script-location", "-r " + p.Req.SourceDir + "/requirements.txt"} {
		if !strings.Contains(args, want) {
			t.Errorf("%q isn't in %q", want, args)
		}
	}
	if !strings.HasPrefix(env, "PYTHONPATH= PIP_TARGET= PIP_INDEX_URL=https://index.example.com TMPDIR="+p.Req.CacheDir) {
		t.Errorf("environment: %s", env)
	}
	if want := "/code/.s/python/bin:/var/fc/lang/python3.7/bin:" + build.SystemPath; a.Env["PATH"] != want {
		t.Errorf("PATH %s, want %s", a.Env["PATH"], want)
	}
	if !strings.Contains(p.Log.String(), " -m pip install ") || !strings.Contains(p.Log.String(), "Successfully installed") {
		t.Errorf("log: %s", p.Log.String())
	}
}

func TestNewerInterpreter(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.11.2", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	a := p.Build(f.builder())
	if a.Tools[0].Exact || a.Tools[0].Version != "3.11.2" || a.Tools[0].Wanted != "3.10" {
		t.Errorf("%+v", a)
	}
	if a := p.Build(f.builder()); !a.Unchanged {
		t.Errorf("built again: %+v", a)
	}
	f.program("3.10.9", fakeInstall)
	if a := p.Build(f.builder()); a.Unchanged || a.Reused || a.Tools[0].Version != "3.10.9" {
		t.Errorf("the right version came and wasn't taken: %+v", a)
	}
}

func TestNoInterpreter(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.8.1", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	_, err := build.Builders{f.builder()}.Build(context.Background(), p.Req)
	var nf *toolchain.NotFoundError
	if !errors.As(err, &nf) || nf.Wanted != "3.10" || !strings.HasPrefix(err.Error(), "build hello: no python 3.10") {
		t.Errorf("got %v", err)
	}
}

func TestPipFails(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	p.Build(f.builder())
	before := buildtest.Snapshot(t, p.Req.ArtifactDir)
	f.program("3.10.4", "touch $target/half; i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done\necho 'ERROR: No matching distribution found for nosuch' >&2; echo; exit 1")
	p.Write("requirements.txt", "nosuch\n")
	_, err := build.Builders{f.builder()}.Build(context.Background(), p.Req)
	var be *build.BuildError
	if !errors.As(err, &be) {
		t.Fatalf("got %v", err)
	}
	if len(be.Tail) != 20 || be.Tail[0] != "line 11" || be.Name != "hello" {
		t.Errorf("tail: %q", be.Tail)
	}
	if want := "build hello: pip install: exit status 1: No matching distribution found for nosuch"; err.Error() != want {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, buildtest.Snapshot(t, p.Req.ArtifactDir)); diff != "" {
		t.Error("the former artifact changed: ", diff)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", `touch "$target/half"; touch "${0%/bin/*}/begun"; sleep 300 & sleep 300`)
	p := newProject(t, "python3.10", false, flask())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := build.Builders{f.builder()}.Build(ctx, p.Req)
		failed <- err
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(f.dir, "begun")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("pip was not started")
		}
	}
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(p.Req.ArtifactDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an artifact was made: %v", err)
	}
}

func TestLeftoversOfKilledBuilds(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	p.Build(f.builder())
	kept := filepath.Join(p.Req.CacheDir, "entries")
	entries, err := os.ReadDir(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			buildtest.Plant(t, kept, map[string]string{e.Name() + build.TempMark + "1/out/x": ""})
		}
	}
	buildtest.Plant(t, filepath.Dir(p.Req.ArtifactDir), map[string]string{"hello" + build.TempMark + "2/x": "", "hello" + build.TempMark + "2.old/x": "", "hellofriend/x": ""})
	p.Req.Fresh = true
	p.Build(f.builder())
	if _, err := os.Stat(filepath.Join(filepath.Dir(p.Req.ArtifactDir), "hellofriend/x")); err != nil {
		t.Error(err)
	}
}

func TestPythonWithoutPip(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", `if [ ! -e "$(dirname "$(dirname "$(readlink -f "$0")")")/haspip" ]; then echo "ImportError: No module named pip" >&2; exit 1; fi
`+fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	p.Build(f.builder())
	runs := f.runs()
	if len(runs) != 3 || !strings.HasPrefix(runs[1], "-m venv ") {
		t.Errorf("runs: %q", runs)
	}
	f = newFake(t, "3.10.4", `echo "No module named pip"; exit 1`)
	p = newProject(t, "python3.10", false, flask())
	_, err := build.Builders{f.builder()}.Build(context.Background(), p.Req)
	var be *build.BuildError
	if !errors.As(err, &be) || len(f.runs()) != 3 {
		t.Errorf("got %v after %q", err, f.runs())
	}
}

func TestTwoBuildsAtATime(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	p.Req.Log = nil
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := (build.Builders{f.builder()}).Build(context.Background(), p.Req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs := f.runs(); len(runs) != 1 {
		t.Errorf("pip ran %d times", len(runs))
	}
}

func TestSourceThatCannotBeCopied(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	if err := os.Symlink("/etc", filepath.Join(p.Req.SourceDir, "etc")); err != nil {
		t.Fatal(err)
	}
	_, err := build.Builders{f.builder()}.Build(context.Background(), p.Req)
	var fe *bundle.FileError
	if !errors.As(err, &fe) || fe.Path != "etc" {
		t.Errorf("got %v", err)
	}
	if len(f.runs()) != 0 {
		t.Error("pip ran first")
	}
}

func TestWithoutCache(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "python3.10", false, flask())
	p.Req.CacheDir = ""
	p.Build(f.builder())
	if p.Artifact("python/pkg.py") != "x = 1\n" {
		t.Error("no dependencies")
	}
}
