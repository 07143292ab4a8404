package nodejs

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
)

func typescript() map[string]string {
	return map[string]string{
		"package.json": `{"name":"hello","scripts":{"build":"tsc"},
"dependencies":{"fake-a":"1"},"devDependencies":{
"fake-b":"1"}}`, "package-lock.json": "{}", "src/index.ts": "1", "dist/old.js": "of a former build",
		".fcignore": "src\n*.lock\n", ".env": "SECRET", "node_modules/mine/x.js": "",
	}
}

func TestBuildScript(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall)
	p := newProject(t, "nodejs20", typescript())
	p.Req.Handler = "dist/index.handler"
	p.Req.Env = map[string]string{"MINE": "1"}
	p.Build(f.builder("NODE_ENV=production"))
	want := map[string]string{
		"package.json": typescript()["package.json"], "package-lock.json": "{}",
		"dist/": "", "dist/index.js": "built\n", "dist/old.js": "of a former build",
		"node_modules/": "", "node_modules/.bin/": "", "node_modules/.bin/fake-a": "->../fake-a/bin/x.js",
		"node_modules/fake-a/": "", "node_modules/fake-a/bin/": "", "node_modules/fake-a/bin/x.js": "1\n",
		"node_modules/fake-a/package.json": "{\"name\":\"fake-a\",\"bin\":\"bin/x.js\"}\n",
	}
	if diff := cmp.Diff(want, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	wantRuns := []string{"npm-cli.js ci --no-progress --logs-max=0 --include=dev|MINE=1", "npm-cli.js run build|MINE=1"}
	if diff := cmp.Diff(wantRuns, f.runs()); diff != "" {
		t.Error(diff)
	}
	if a := p.Build(f.builder()); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	f.forget()
	p.Write("src/index.ts", "2") // it isn't in the package, but it decides
	if a := p.Build(f.builder()); a.Reused {
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff(wantRuns[1:], f.runs()); diff != "" {
		t.Error("the packages are there: ", diff)
	}
	f.forget()
	p.Write("package-lock.json", `{"changed":1}`)
	p.Build(f.builder())
	if diff := cmp.Diff(wantRuns, f.runs()); diff != "" {
		t.Error(diff)
	}
	f.forget()
	p.Req.Fresh = true
	p.Build(f.builder())
	if diff := cmp.Diff(wantRuns, f.runs()); diff != "" {
		t.Error("fresh: ", diff)
	}
}

// TestHooks runs the scripts of the user's own package that belong to an
// installation: those after it each time, though nothing is installed again.
func TestHooks(t *testing.T) {
	t.Parallel()
	for hooks, want := range map[string][2]string{
		`"postinstall":"x","prepare":"y"`: {"npm-cli.js ci, npm-cli.js run, npm-cli.js run", "npm-cli.js run, npm-cli.js run"},
		`"preinstall":"x","prepare":"y"`:  {"npm-cli.js ci", "npm-cli.js ci"},
	} {
		f := newFake(t, "20.1.0", fakeInstall+"\necho made >made.txt; grep -c prepare package.json >>\"$(dirname \"$0\")/../scripts\"; true")
		files := plainCode()
		files["package.json"] = strings.Replace(files["package.json"], "{", `{"scripts":{`+hooks+`},`, 1)
		p := newProject(t, "nodejs20", files)
		for i, want := range want {
			f.forget()
			p.Build(f.builder())
			if p.Artifact("made.txt") != "made\n" || p.Artifact("package.json") != files["package.json"] || p.Artifact("node_modules/fake-a/bin/x.js") != "1\n" {
				t.Error("files differ")
			}
			var runs []string
			for _, run := range f.runs() {
				runs = append(runs, strings.Join(strings.Fields(run)[:2], " "))
			}
			if got := strings.Join(runs, ", "); got != want {
				t.Errorf("%s, build %d: %s, want %s", hooks, i, got, want)
			}
			p.Write("index.js", "2")
		}
		// Whether npm saw the scripts that run later.
		if seen := buildtest.Lines(t, filepath.Join(f.dir, "scripts")); (seen[0] == "0") != strings.Contains(hooks, "postinstall") {
			t.Errorf("%s: %q", hooks, seen)
		}
	}
}

// TestCopiedPackages has a package of the user's that the manager copies: it is
// installed again when its source changes.
func TestCopiedPackages(t *testing.T) {
	t.Parallel()
	const injected = `{"dependencies":{"shared":"workspace:*"},"dependenciesMeta":{"shared":{"injected":true}}}`
	for name, files := range map[string]map[string]string{
		"a path":   {"code/package.json": `{"dependencies":{"shared":"file:../lib/shared"}}`},
		"injected": {"code/package.json": injected, "pnpm-workspace.yaml": "packages: [code, 'lib/*']", "pnpm-lock.yaml": ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			install := "mkdir -p $PWD/node_modules; r=$PWD; while [ ! -d $r/lib ]; do r=$(dirname $r); done; cp -R $r/lib/shared node_modules/"
			f := newFake(t, "20.1.0", install)
			f.program(pnpm, "10.1.0", install)
			files["lib/shared/package.json"], files["lib/shared/i.js"] = `{"name":"shared"}`, "1"
			p := workspaceOf(t, "nodejs20", files)
			p.Build(f.builder())
			buildtest.Plant(t, p.Root, map[string]string{"lib/shared/i.js": "2"})
			p.Build(f.builder())
			if got := p.Artifact("node_modules/shared/i.js"); got != "2" || len(f.runs()) != 2 {
				t.Errorf("%s, %q", got, f.runs())
			}
		})
	}
}

func TestHandlerAfterTheBuild(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ runtime, handler, err, help string }{
		"there":    {"nodejs20", "dist/index.handler", "", ""},
		"no dot":   {"nodejs20", "x", "", ""},
		"custom":   {"custom", "nowhere.handler", "", ""},
		"in dist":  {"nodejs20", "index.handler", `build hello: handler "index.handler": the build script made none of index.js, index.mjs, index.cjs`, "handler: dist/index.handler"},
		"nowhere":  {"nodejs20", "src/app.main", `build hello: handler "src/app.main": the build script made none of src/app.js, src/app.mjs, src/app.cjs`, "correct handler in s.yaml, or where the build script writes to"},
		"a module": {"nodejs20", "lib/esm.handler", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "20.1.0", fakeInstall)
			files := typescript()
			files["lib/esm.mjs"], files["src/app.ts"] = "", ""
			p := newProject(t, tc.runtime, files)
			p.Req.Handler = tc.handler
			if tc.err == "" {
				p.Build(f.builder())
				return
			}
			err := p.Fail(f.builder())
			var help *build.HelpError
			if err.Error() != tc.err || !errors.As(err, &help) || help.Help.String() != tc.help {
				t.Errorf("got %v, %+v", err, help)
			}
		})
	}
}

func TestBuildScriptFails(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall+"\nif [ $verb = run ]; then echo 'src/index.ts(1,5): error TS1005'; exit 2; fi")
	p := newProject(t, "nodejs20", typescript())
	err := p.Fail(f.builder())
	var failed *build.BuildError
	if !errors.As(err, &failed) || err.Error() != "build hello: npm run build: exit status 2" || failed.Tail[0] != "src/index.ts(1,5): error TS1005" {
		t.Errorf("got %v, %+v", err, failed)
	}
	f.node("20.1.0", fakeInstall)
	f.forget()
	p.Build(f.builder())
	if runs := f.runs(); len(runs) != 1 {
		t.Errorf("the packages were there: %q", runs)
	}
}

// TestWorkspaceBuilds has a function in a workspace, with packages that are
// built before it.
func TestWorkspaceBuilds(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", `
case $verb in
run) echo built >"out.js"; exit ;;
esac
for p in base shared other; do mkdir -p node_modules; ln -s ../lib/$p node_modules/$p; done
mkdir -p node_modules/fake-x code/node_modules/fake-y
echo '{"version":"1"}' >node_modules/fake-x/package.json
echo '{"version":"2"}' >code/node_modules/fake-y/package.json`)
	p := workspaceOf(t, "nodejs20", map[string]string{
		"package.json": `{"workspaces":["code","lib/*"]}`, "package-lock.json": "{}", "s.yaml": "",
		"code/package.json":       `{"name":"hello","dependencies":{"shared":"*","fake-y":"2"},"scripts":{"build":"x"}}`,
		"code/index.js":           "1",
		"lib/shared/package.json": `{"name":"shared","version":"3","dependencies":{"fake-x":"1"},"devDependencies":{"base":"*"},"scripts":{"build":"x"}}`,
		"lib/base/package.json":   `{"name":"base","scripts":{"build":"x"}}`,
		"lib/other/package.json":  `{"name":"other","scripts":{"build":"x"}}`,
		"lib/shared/i.js":         "",
		"node_modules/x/y":        "",
	})
	before := buildtest.Snapshot(t, p.Root)
	p.Build(f.builder())
	after := buildtest.Snapshot(t, p.Root)
	for path := range before {
		if path != "." && before[path] != after[path] {
			t.Errorf("%s was touched", path)
		}
	}
	want := map[string]string{
		"package.json": `{"name":"hello","dependencies":{"shared":"*","fake-y":"2"},"scripts":{"build":"x"}}`, "index.js": "1", "out.js": "built\n",
		"node_modules/": "", "node_modules/fake-x/": "", "node_modules/fake-x/package.json": "{\"version\":\"1\"}\n",
		"node_modules/fake-y/": "", "node_modules/fake-y/package.json": "{\"version\":\"2\"}\n",
		"node_modules/shared/": "", "node_modules/shared/i.js": "", "node_modules/shared/out.js": "built\n",
		"node_modules/shared/package.json": `{"name":"shared","version":"3","dependencies":{"fake-x":"1"},"devDependencies":{"base":"*"},"scripts":{"build":"x"}}`,
	}
	if diff := cmp.Diff(want, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	var built []string
	for _, dir := range buildtest.Lines(t, filepath.Join(f.dir, "dirs")) {
		_, at, _ := strings.Cut(dir, "/work")
		built = append(built, at)
	}
	if diff := cmp.Diff([]string{"", "/lib/base", "/lib/shared", "/code"}, built); diff != "" {
		t.Error(diff)
	}
	f.forget()
	buildtest.Plant(t, p.Root, map[string]string{"lib/shared/i.js": "changed"})
	p.Build(f.builder())
	if p.Artifact("node_modules/shared/i.js") != "changed" || len(f.runs()) != 3 {
		t.Errorf("%q", f.runs())
	}
}

func TestPlatformsOfPackages(t *testing.T) {
	t.Parallel()
	for platform, want := range map[build.Platform]target{
		"linux/amd64": {"linux", "x64", "glibc"}, "linux/arm64": {"linux", "arm64", "glibc"},
	} {
		if got := targetOf(platform); got != want {
			t.Errorf("%s: %+v", platform, got)
		}
	}
	b := &Builder{}
	if got := b.host(); !strings.Contains(string(got), "/") {
		t.Errorf("this machine: %s", got)
	}
	b.Host = "linux/amd64/musl"
	if !b.foreign(&build.Request{}) {
		t.Error("packages for musl don't run on glibc")
	}
}
