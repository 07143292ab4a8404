package nodejs

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/toolchain"
)

func plainCode() map[string]string {
	return map[string]string{
		"package.json": `{"name":"hello",
"dependencies":{"fake-a":"1"}}`, "package-lock.json": "{}", "index.js": "1", "lib/x.js": "2",
		"node_modules/mine/x.js": "the user's own", "lib/node_modules/kept/x.js": "3", ".fcignore": "*.md\n", "readme.md": "text",
	}
}

func TestPlainProject(t *testing.T) {
	t.Parallel()
	f := newFake(t, "18.20.4", fakeInstall)
	p := newProject(t, "nodejs18", plainCode())
	if err := os.Symlink("/etc", filepath.Join(p.Req.SourceDir, "node_modules/out")); err != nil {
		t.Fatal(err)
	}
	a := p.Build(f.builder("NODE_ENV=production", "npm_config_prefix=/bad", "NPM_CONFIG_REGISTRY=https://r.example.com"))
	want := map[string]string{
		"package.json": plainCode()["package.json"], "package-lock.json": "{}", "index.js": "1", "lib/": "", "lib/x.js": "2",
		"lib/node_modules/": "", "lib/node_modules/kept/": "", "lib/node_modules/kept/x.js": "3",
		"node_modules/": "", "node_modules/fake-a/": "", "node_modules/fake-a/bin/": "",
		"node_modules/fake-a/bin/x.js": "1\n", "node_modules/fake-a/package.json": "{\"name\":\"fake-a\",\"bin\":\"bin/x.js\"}\n",
	}
	if diff := cmp.Diff(want, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"PATH": "/code/node_modules/.bin:" + build.SystemPath, "NODE_PATH": "/code/node_modules"}, a.Env); diff != "" {
		t.Error(diff)
	}
	wantTools := []build.Tool{
		{Name: "Node.js", Version: "18.20.4", Path: filepath.Join(f.dir, "bin/node"), Exact: true, Wanted: "18"},
		{Name: "npm", Version: "11.2.3", Path: filepath.Join(f.dir, "lib/node_modules/npm/bin/npm-cli.js"), Exact: true},
	}
	if diff := cmp.Diff(wantTools, a.Tools); diff != "" {
		t.Error(diff)
	}
	wantRuns := []string{"npm-cli.js ci --no-progress --logs-max=0 --omit=dev|NPM_CONFIG_REGISTRY=https://r.example.com"}
	if diff := cmp.Diff(wantRuns, f.runs()); diff != "" {
		t.Error(diff)
	}
	for _, dir := range buildtest.Lines(t, filepath.Join(f.dir, "dirs")) {
		if within(p.Req.SourceDir, dir) {
			t.Errorf("npm ran in the source: %s", dir)
		}
	}
	if got := p.Log.String(); !strings.HasPrefix(got, "$ npm ci --no-progress") {
		t.Errorf("log: %q", got)
	}
}

func TestWhatIsReused(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall)
	b := f.builder()
	p := newProject(t, "nodejs20", plainCode())
	step := func(what string, reused, unchanged bool, runs int) {
		t.Helper()
		a := p.Build(b)
		if a.Reused != reused || a.Unchanged != unchanged || len(f.runs()) != runs {
			t.Errorf("%s: reused %v, unchanged %v, %d runs; want %v, %v, %d", what, a.Reused, a.Unchanged, len(f.runs()), reused, unchanged, runs)
		}
		if p.Artifact("node_modules/fake-a/bin/x.js") != "1\n" {
			t.Errorf("%s: no package", what)
		}
		if !p.Ready(b) {
			t.Errorf("%s: not up to date", what)
		}
	}
	step("first", false, false, 1)
	step("nothing changed", true, true, 1)
	p.Write("index.js", "changed")
	step("source changed", true, false, 1)
	p.Write("node_modules/mine/y.js", "changed")
	step("the user's own packages changed", true, true, 1)
	p.Write("package-lock.json", `{"changed": true}`)
	step("lock changed", false, false, 2)
	p.Write(".npmrc", "legacy-peer-deps=true")
	step("settings changed", false, false, 3)
	p.Write("patches/a.patch", "1")
	step("patches came", false, false, 4)
	b = f.builder("npm_config_registry=https://example.com")
	step("another registry", false, false, 5)
	p.Req.Args = []string{"--legacy-peer-deps"}
	p.Write("index.js", "again")
	step("other arguments", false, false, 6)
	if last := f.runs()[5]; !strings.HasPrefix(last, "npm-cli.js ci --no-progress --logs-max=0 --omit=dev --legacy-peer-deps|") {
		t.Errorf("ran %s", last)
	}
	p.Req.Args = nil
	p.Write("index.js", "once more")
	step("and back", true, false, 6)
	b.Host = "darwin/arm64"
	step("another machine", false, false, 7)
}

func TestHowManagersAreRun(t *testing.T) {
	t.Parallel()
	manifest := func(more string) string { return `{"name":"hello",` + more + "\n\"dependencies\":{\"fake-a\":\"1\"}}" }
	const berryLock = "__metadata:\n  version: 8\n"
	for name, tc := range map[string]struct {
		files   map[string]string
		host    build.Platform
		version string // of pnpm or yarn
		want    string
	}{
		"npm without lock": {map[string]string{}, "", "", "npm-cli.js install --no-progress --logs-max=0 --omit=dev"},
		"npm shrinkwrap":   {map[string]string{"npm-shrinkwrap.json": "{}"}, "", "", "npm-cli.js ci --no-progress --logs-max=0 --omit=dev"},
		"npm from a Mac": {
			map[string]string{"package-lock.json": "{}"},
			"darwin/arm64", "",
			"npm-cli.js ci --no-progress --logs-max=0 --omit=dev --os=linux --cpu=x64 --libc=glibc|npm_config_arch=x64 npm_config_platform=linux",
		},
		"pnpm": {
			map[string]string{"pnpm-lock.yaml": "x"},
			"", "9.1.0",
			"pnpm install --reporter=append-only --config.confirm-modules-purge=false --frozen-lockfile --prod --ignore-workspace|CI=1",
		},
		"pnpm with settings": {
			map[string]string{"pnpm-lock.yaml": "x", "pnpm-workspace.yaml": "onlyBuiltDependencies: [x]\n"},
			"", "10.1.0",
			"pnpm install --reporter=append-only --config.confirm-modules-purge=false --frozen-lockfile --prod|CI=1",
		},
		"pnpm from a Mac": {
			map[string]string{"pnpm-lock.yaml": "x"},
			"darwin/arm64", "10.14.0",
			"pnpm install --reporter=append-only --config.confirm-modules-purge=false --frozen-lockfile --prod --ignore-workspace" +
				" --os=linux --cpu=x64 --libc=glibc|CI=1 npm_config_arch=x64 npm_config_platform=linux",
		},
		"pnpm by name": {
			map[string]string{"package.json": manifest(`"packageManager":"pnpm@9.1.0",`), "package-lock.json": "{}"},
			"", "9.1.0",
			"pnpm install --reporter=append-only --config.confirm-modules-purge=false --no-frozen-lockfile --prod --ignore-workspace|CI=1",
		},
		"yarn 1": {
			map[string]string{"yarn.lock": "# yarn lockfile v1\n"},
			"", "1.22.22",
			"yarn install --non-interactive --no-progress --production=true --frozen-lockfile|CI=1",
		},
		"yarn 1 from a Mac": {
			map[string]string{"yarn.lock": "# yarn lockfile v1\n"},
			"darwin/arm64", "1.22.22",
			"yarn install --non-interactive --no-progress --production=true --frozen-lockfile --ignore-platform|CI=1 npm_config_arch=x64 npm_config_platform=linux",
		},
		"yarn 1 by name": {
			map[string]string{"package.json": manifest(`"packageManager":"yarn@1.22.19+sha1.x",`)},
			"", "1.22.22",
			"yarn install --non-interactive --no-progress --production=true|CI=1",
		},
		"yarn 4":           {map[string]string{"yarn.lock": berryLock}, "", "4.1.0", "yarn install --immutable|CI=1 YARN_NODE_LINKER=node-modules"},
		"yarn 4 by name":   {map[string]string{"package.json": manifest(`"packageManager":"yarn@4.1.0",`)}, "", "4.1.0", "yarn install --no-immutable|CI=1 YARN_NODE_LINKER=node-modules"},
		"yarn 4 by itself": {map[string]string{"yarn.lock": berryLock, ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.cjs\n"}, "", "", "yarn-4.cjs install --immutable|CI=1 YARN_NODE_LINKER=node-modules"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "20.1.0", "if [ \"$verb\" = --version ]; then echo 4.1.0; exit; fi\n"+fakeInstall)
			if tc.version != "" {
				f.program(strings.Fields(tc.want)[0], tc.version, fakeInstall)
			}
			files := map[string]string{"package.json": manifest(""), "index.js": "", ".yarn/releases/yarn-4.cjs": ""}
			maps.Copy(files, tc.files)
			p := newProject(t, "nodejs20", files)
			b := f.builder()
			if tc.host != "" {
				b.Host = tc.host
			}
			p.Build(b)
			runs := f.runs()
			if diff := cmp.Diff(tc.want, runs[len(runs)-1]); diff != "" {
				t.Error(diff)
			}
			if p.Artifact("node_modules/fake-a/bin/x.js") != "1\n" {
				t.Error("no package")
			}
		})
	}
}

func TestSettingsThatNoArgumentCanGive(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files map[string]string
		tool  string
		file  string
		want  string
	}{
		"pnpm": {
			map[string]string{"pnpm-lock.yaml": "x"},
			"pnpm", "package.json",
			`{"dependencies":{"fake-a":"1"},"pnpm":{"supportedArchitectures":{"cpu":["arm64"],"libc":["glibc"],"os":["linux"]}}}`,
		},
		"yarn": {
			map[string]string{"yarn.lock": "__metadata:", ".yarnrc.yml": "a: 1"},
			"yarn", ".yarnrc.yml",
			"a: 1\nsupportedArchitectures:\n  os: [linux]\n  cpu: [arm64]\n  libc: [glibc]\n",
		},
		"yarn, chosen by the user": {
			map[string]string{"yarn.lock": "__metadata:", ".yarnrc.yml": "supportedArchitectures:\n  os: [current]\n"},
			"yarn", ".yarnrc.yml",
			"supportedArchitectures:\n  os: [current]\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "20.1.0", "")
			f.program(tc.tool, "9.0.0", "mkdir node_modules; cp "+tc.file+` "$(dirname "$0")/../seen"`)
			tc.files["package.json"] = "{\n\"dependencies\":{\"fake-a\":\"1\"}}"
			p := newProject(t, "nodejs20", tc.files)
			p.Req.Platform = "linux/arm64"
			p.Build(f.builder())
			seen, err := os.ReadFile(filepath.Join(f.dir, "seen"))
			if diff := cmp.Diff(tc.want, string(seen)); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestNoInterpreter(t *testing.T) {
	t.Parallel()
	f := newFake(t, "16.1.0", fakeInstall)
	p := newProject(t, "nodejs18", plainCode())
	err := p.Fail(f.builder())
	var nf *toolchain.NotFoundError
	var help *build.HelpError
	if !errors.As(err, &nf) || nf.Wanted != "18" || !strings.HasPrefix(err.Error(), "build hello: no nodejs 18 or newer on this machine; found only 16.1.0") {
		t.Errorf("got %v", err)
	}
	if !errors.As(err, &help) || help.Help.String() != "nvm install 18" {
		t.Errorf("help: %+v", help)
	}
	f.node("20.2.0", fakeInstall)
	a := p.Build(f.builder())
	if tool := a.Tools[0]; tool.Exact || tool.Version != "20.2.0" || tool.Wanted != "18" {
		t.Errorf("%+v", tool)
	}
}

func TestMissingManagers(t *testing.T) {
	t.Parallel()
	const manifest = `{"dependencies":{"fake-a":"1"}`
	for name, tc := range map[string]struct {
		files     map[string]string
		corepack  bool
		err, help string
	}{
		"no npm": {map[string]string{}, false, "build hello: node.js 20.1.0 at NODE has no npm", "install npm for it, or a Node.js that comes with npm"},
		"pnpm": {
			map[string]string{"pnpm-lock.yaml": ""},
			false,
			"build hello: this code is for pnpm (pnpm-lock.yaml), which isn't on this machine", "npm install -g pnpm",
		},
		"pnpm and corepack": {
			map[string]string{"pnpm-lock.yaml": ""},
			true,
			"build hello: this code is for pnpm (pnpm-lock.yaml), which isn't on this machine", "corepack enable pnpm",
		},
		"pnpm of a version": {
			map[string]string{"package.json": manifest + `,"packageManager":"pnpm@9.1.2+sha512.00"}`},
			false,
			"build hello: this code is for pnpm (packageManager in package.json), which isn't on this machine", "npm install -g pnpm@9.1.2",
		},
		"yarn": {
			map[string]string{"yarn.lock": ""},
			false,
			"build hello: this code is for yarn (yarn.lock), which isn't on this machine", "npm install -g yarn",
		},
		"yarn 4": {
			map[string]string{"yarn.lock": "__metadata:"},
			false,
			"build hello: this code is for yarn (yarn.lock), which isn't on this machine", "npm install -g corepack && corepack enable yarn",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "20.1.0", fakeInstall)
			if name == "no npm" {
				if err := os.RemoveAll(filepath.Join(f.dir, "lib")); err != nil {
					t.Fatal(err)
				}
			}
			if tc.corepack {
				f.plant("lib/node_modules/corepack/dist/corepack.js", "")
			}
			files := map[string]string{"package.json": manifest + "}"}
			maps.Copy(files, tc.files)
			p := newProject(t, "nodejs20", files)
			b := f.builder()
			b.Environ = nil
			err := p.Fail(b)
			var help *build.HelpError
			if !errors.As(err, &help) || help.Help.String() != tc.help {
				t.Errorf("help: %+v", help)
			}
			if got := strings.ReplaceAll(err.Error(), filepath.Join(f.dir, "bin/node"), "NODE"); got != tc.err {
				t.Errorf("got  %s\nwant %s", got, tc.err)
			}
			if len(f.runs()) > 0 {
				t.Errorf("ran %v", f.runs())
			}
		})
	}
}

// TestCorepack starts the version that a project names, if no other is there.
func TestCorepack(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall)
	f.plant("lib/node_modules/corepack/dist/corepack.js", "")
	p := newProject(t, "nodejs20", map[string]string{
		"package.json": "{\"packageManager\":\"pnpm@9.1.2\",\n\"dependencies\":{\"fake-a\":\"1\"}}", "pnpm-lock.yaml": "x",
	})
	a := p.Build(f.builder())
	if got := f.runs()[0]; !strings.HasPrefix(got, "corepack.js pnpm@9.1.2 install ") || !strings.Contains(got, " --config.pm-on-fail=ignore ") {
		t.Errorf("ran %s", got)
	}
	if tool := a.Tools[1]; tool.Name != pnpm || tool.Version != "9.1.2" {
		t.Errorf("%+v", tool)
	}
}

func TestManagerThatDoesNotRun(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall)
	buildtest.Script(t, filepath.Join(f.dir, "bin/pnpm"), "#!/bin/sh\necho 'needs Node.js 99' >&2; exit 3\n")
	p := newProject(t, "nodejs20", map[string]string{"package.json": `{"dependencies":{"a":"1"}}`, "pnpm-lock.yaml": ""})
	err := p.Fail(f.builder())
	if want := "build hello: " + filepath.Join(f.dir, "bin/pnpm") + " --version: exit status 3\nneeds Node.js 99"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestInstallFails(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall)
	p := newProject(t, "nodejs20", plainCode())
	p.Build(f.builder())
	before := buildtest.Snapshot(t, p.Req.ArtifactDir)
	f.node("20.1.0", `mkdir node_modules
echo "npm error code ETARGET" >&2
echo "npm error notarget No matching version found for nosuch@9." >&2
echo "npm error notarget In most cases you or one of your dependencies are requesting" >&2
exit 1`)
	p.Write("package-lock.json", `{"nosuch": 9}`)
	err := p.Fail(f.builder())
	if want := "build hello: npm ci: exit status 1: notarget No matching version found for nosuch@9."; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var failed *build.BuildError
	if !errors.As(err, &failed) || len(failed.Tail) != 3 {
		t.Errorf("%+v", failed)
	}
	if diff := cmp.Diff(before, buildtest.Snapshot(t, p.Req.ArtifactDir)); diff != "" {
		t.Error("the former artifact changed: ", diff)
	}
}

func TestWhatAToolSays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ output, want string }{
		"npm, with a page of usage": {
			"npm error code EUSAGE\nnpm error\nnpm error `npm ci` can only install packages in sync\nnpm error\nnpm error Missing: a@1 from lock file\n" +
				"npm error\nnpm error Clean install a project\n" + strings.Repeat("npm error   --flag\n", 30),
			"`npm ci` can only install packages in sync",
		},
		"an older npm":    {"npm ERR! code 1\nnpm ERR! path /x\nnpm ERR! command failed\n", "command failed"},
		"pnpm":            {" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install\n\nNote that\n", "Cannot install"},
		"nothing to tell": {"npm error code 1\n", "code 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "20.1.0", "")
			f.plant("says", tc.output)
			f.node("20.1.0", "cat "+filepath.Join(f.dir, "says")+" >&2; exit 1")
			p := newProject(t, "nodejs20", plainCode())
			err := p.Fail(f.builder())
			if want := "build hello: npm ci: exit status 1: " + tc.want; err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			var failed *build.BuildError
			if !errors.As(err, &failed) || failed.Tail[0] != strings.SplitN(tc.output, "\n", 2)[0] {
				t.Errorf("%+v", failed)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	f := newFake(t, "20.1.0", fakeInstall)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := newProject(t, "nodejs20", plainCode())
	if _, err := (build.Builders{f.builder()}).Build(ctx, p.Req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(p.Req.ArtifactDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an artifact was made: %v", err)
	}
}
