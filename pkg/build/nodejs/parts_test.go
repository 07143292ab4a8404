package nodejs

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	const deps, script = `{"dependencies":{"a":"1"}}`, `{"scripts":{"build":"tsc"}}`
	for _, tc := range []struct {
		name, runtime, manifest string
		into                    string // empty if there is nothing to do
		compiles                bool
	}{
		{"dependencies", "nodejs20", deps, "node_modules", false},
		{"the oldest", "nodejs4.4", deps, "node_modules", false},
		{"custom", "custom", deps, "node_modules", false},
		{"custom on Debian", "custom.debian12", deps, "node_modules", false},
		{"optional ones", "nodejs20", `{"optionalDependencies":{"a":"1"}}`, "node_modules", false},
		{"peers", "nodejs20", `{"peerDependencies":{"a":"1"}}`, "node_modules", false},
		{"a build script", "nodejs20", script, ".", true},
		{"a build script that is this program", "nodejs20", `{"scripts":{"build":"s build && s deploy -y"}}`, "", false},
		{"the same by npx", "nodejs20", `{"scripts":{"build":"echo a; npx s build"}}`, "", false},
		{"a program that ends in s", "nodejs20", `{"scripts":{"build":"tools build"}}`, ".", true},
		{"a hook", "nodejs20", `{"dependencies":{"a":"1"},"scripts":{"postinstall":"node x.js"}}`, ".", true},
		{"a hook alone", "nodejs20", `{"scripts":{"postinstall":"node x.js"}}`, ".", true},
		{"a hook of developers", "nodejs20", `{"scripts":{"prepare":"husky"},"devDependencies":{"husky":"9"}}`, "", false},
		{"development only", "nodejs20", `{"devDependencies":{"a":"1"},"scripts":{"test":"x"}}`, "", false},
		{"nothing", "nodejs20", `{}`, "", false},
		{"odd types", "nodejs20", `{"dependencies":[],"scripts":{"build":1},"bin":7,"workspaces":true}`, "", false},
		{"a byte order mark", "nodejs20", "\ufeff" + deps, "node_modules", false},
		{"no package.json", "nodejs20", "", "", false},
		{"another language", "python3.10", deps, "", false},
		{"an image", "custom-container", deps, "", false},
		{"a file", "nodejs20", `{"dependencies":{"a":"file:./a.tgz"}}`, ".", true},
		{"a folder", "nodejs20", `{"dependencies":{"a":"file:lib"}}`, ".", true},
	} {
		files := map[string]string{"index.js": "", "lib/x.js": ""}
		if tc.manifest != "" {
			files["package.json"] = tc.manifest
		}
		p := newProject(t, tc.runtime, files)
		plan, err := (&Builder{}).Plan(p.Req)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if plan == nil {
			plan = &build.Plan{}
		}
		if plan.Into != tc.into || plan.Compiles != tc.compiles {
			t.Errorf("%s: into %q, compiles %v; want %q, %v", tc.name, plan.Into, plan.Compiles, tc.into, tc.compiles)
		}
	}
}

func TestWhatCannotBePlanned(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files map[string]string
		err   string
		help  string
	}{
		"damaged":        {map[string]string{"code/package.json": "{"}, "ROOT/code/package.json: unexpected end of JSON input", ""},
		"another tool":   {map[string]string{"code/package.json": `{"dependencies":{"a":"1"},"packageManager":"bun@1.0.0"}`}, `ROOT/code/package.json: packageManager "bun@1.0.0": not npm, pnpm or yarn`, ""},
		"outside":        {map[string]string{"code/package.json": `{"dependencies":{"a":"file:../../a"}}`}, "ROOT/code/package.json: a is at ../../a, outside of the project", "move it below ROOT"},
		"absolute":       {map[string]string{"code/package.json": `{"dependencies":{"a":"file:///a"}}`}, "ROOT/code/package.json: a is at /a, outside of the project", "move it below ROOT"},
		"at home":        {map[string]string{"code/package.json": `{"dependencies":{"a":"~/a"}}`}, "ROOT/code/package.json: a is at ~/a, outside of the project", "move it below ROOT"},
		"workspace":      {map[string]string{"code/package.json": `{}`, "package.json": "[]"}, "ROOT/package.json: json: cannot unmarshal array into Go value of type map[string]json.RawMessage", ""},
		"pnpm workspace": {map[string]string{"code/package.json": `{}`, "pnpm-workspace.yaml": "packages: {"}, "ROOT/pnpm-workspace.yaml: yaml: line 1: did not find expected node content", ""},
		"yarn settings":  {map[string]string{"code/package.json": `{"dependencies":{"a":"1"}}`, "code/yarn.lock": "", "code/.yarnrc.yml": "a: ["}, "ROOT/code/.yarnrc.yml: yaml: line 1: did not find expected node content", ""},
	} {
		p := workspaceOf(t, "nodejs20", tc.files)
		_, err := (&Builder{}).Plan(p.Req)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), p.Root, "ROOT"); got != tc.err {
			t.Errorf("%s: got  %s\nwant %s", name, got, tc.err)
		}
		var help *build.HelpError
		if errors.As(err, &help) && strings.ReplaceAll(help.Help.String(), p.Root, "ROOT") != tc.help {
			t.Errorf("%s: help %s", name, help.Help.String())
		}
	}
	p := newProject(t, "nodejs99", map[string]string{"package.json": "{}"})
	var unknown *build.UnknownRuntimeError
	if _, err := (&Builder{}).Plan(p.Req); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

func TestWhereTheWorkspaceIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files        map[string]string
		root, base   string
		manager      string
		locals       []string
		workspace    bool
		sourceFolder string
	}{
		"none": {map[string]string{"code/package.json": "{}"}, "code", "code", npm, nil, false, ""},
		"npm": {
			map[string]string{"package.json": `{"workspaces":["code","lib/*"]}`, "package-lock.json": "", "code/package.json": "{}", "lib/a/package.json": "{}", "other/package.json": "{}"},
			".", ".", npm,
			[]string{".", "lib/a"},
			true, "",
		},
		"yarn's second form": {
			map[string]string{"package.json": `{"workspaces":{"packages":["c*"]}}`, "yarn.lock": "", "code/package.json": "{}"},
			".", ".", yarn,
			[]string{"."},
			true, "",
		},
		"pnpm without a package.json": {
			map[string]string{"pnpm-workspace.yaml": "packages: ['**', '!lib/**']", "pnpm-lock.yaml": "", "code/package.json": "{}", "lib/a/package.json": "{}", "a/b/package.json": "{}", "a/node_modules/x/package.json": "{}"},
			".", ".", pnpm,
			[]string{"a/b"},
			true, "",
		},
		"not a member": {
			map[string]string{"package.json": `{"workspaces":["lib/*"]}`, "package-lock.json": "", "code/package.json": "{}"},
			"code", "code", npm, nil, false, "",
		},
		"a lock of its own": {
			map[string]string{"package.json": `{"workspaces":["code"]}`, "yarn.lock": "", "code/package.json": "{}", "code/package-lock.json": ""},
			"code", "code", npm, nil, false, "",
		},
		"a lock of its own, but packages of the workspace": {
			map[string]string{"package.json": `{"workspaces":["code"]}`, "yarn.lock": "", "code/package.json": `{"dependencies":{"a":"workspace:*"}}`, "code/package-lock.json": ""},
			".", ".", yarn,
			[]string{"."},
			true, "",
		},
		"the code is the root": {
			map[string]string{"code/package.json": `{"workspaces":["lib/*"]}`, "code/lib/a/package.json": "{}"},
			"code", "code", npm,
			[]string{"code/lib/a"},
			true, "",
		},
		"folders beside": {
			map[string]string{"code/package.json": `{"dependencies":{"a":"file:../lib/a"}}`, "lib/a/package.json": `{"devDependencies":{"b":"link:../b"}}`, "lib/b/package.json": "{}"},
			"code", ".", npm,
			[]string{"lib/a", "lib/b"},
			false, "",
		},
		"above s.yaml, in a git repository": {
			map[string]string{".git/HEAD": "", "package.json": `{"workspaces":["code/*"]}`, "code/fn/package.json": "{}"},
			".", ".", npm,
			[]string{"."},
			true, "code/fn",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := workspaceOf(t, "nodejs20", tc.files)
			if tc.sourceFolder != "" {
				p.Req.SourceDir = filepath.Join(p.Root, tc.sourceFolder)
				p.Req.ProjectDir = p.Req.SourceDir
			}
			got, err := readProject(p.Req)
			if err != nil {
				t.Fatal(err)
			}
			rel := func(dir string) string { r, _ := filepath.Rel(p.Root, dir); return r }
			var locals []string
			for dir := range got.locals {
				locals = append(locals, rel(dir))
			}
			slices.Sort(locals)
			if rel(got.root) != tc.root || rel(got.base) != tc.base || got.manager.name != tc.manager || got.workspace != tc.workspace || !slices.Equal(locals, tc.locals) {
				t.Errorf("root %s, base %s, %s, workspace %v, locals %v", rel(got.root), rel(got.base), got.manager.name, got.workspace, locals)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		patterns patterns
		rel      string
		want     bool
	}{
		{patterns{"packages/*"}, "packages/a", true},
		{patterns{"./packages/*/"}, "packages/a", true},
		{patterns{"packages/*"}, "packages/a/b", false},
		{patterns{"packages/*"}, "packages", false},
		{patterns{"packages/**"}, "packages/a/b", true},
		{patterns{"**"}, "a", true},
		{patterns{"**/fn"}, "a/b/fn", true},
		{patterns{"a", "b"}, "b", true},
		{patterns{"*", "!b"}, "b", false},
		{patterns{"!b", "*"}, "b", true},
		{patterns{"fn-[ab]"}, "fn-a", true},
		{patterns{"fn-["}, "fn-[", false},
		{nil, "a", false},
	} {
		if got := tc.patterns.match(tc.rel); got != tc.want {
			t.Errorf("%q, %s: %v", tc.patterns, tc.rel, got)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	m, err := parseManifest([]byte(`{"name":"@a/tool","bin":"./cli.js","os":["!win32"],"cpu":"x64","bundledDependencies":["b"],
		"dependencies":{"z":"1","y":{}},"optionalDependencies":{"o":"1"},"peerDependencies":{"p":"1"},"devDependencies":{"d":"1","z":"1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"o", "p", "z"}, m.production()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"d", "o", "p", "z"}, m.everything()); diff != "" {
		t.Error(diff)
	}
	if m.bin["tool"] != "./cli.js" || len(m.bin) != 1 {
		t.Errorf("bin: %v", m.bin)
	}
	for where, want := range map[[3]string]bool{
		{"linux", "x64", "glibc"}: true, {"darwin", "x64", ""}: true, {"win32", "x64", ""}: false, {"linux", "arm64", "glibc"}: false,
	} {
		if m.runsOn(where[0], where[1], where[2]) != want {
			t.Errorf("%v: %v", where, !want)
		}
	}
	musl := &manifest{os: []string{"linux"}, libc: []string{"musl"}}
	if musl.runsOn("linux", "x64", "glibc") || !(&manifest{os: []string{"any"}}).runsOn("linux", "x64", "glibc") {
		t.Error("libc or any")
	}
}

func TestWhatIsCleaned(t *testing.T) {
	t.Parallel()
	environ := []string{
		"HOME=/h", "PATH=/a:/b", "npm_config_prefix=/x", "NPM_CONFIG_GLOBAL=true", "npm_config_registry=https://r", "npm_config_cache=/c",
		"npm_lifecycle_event=build", "npm_package_name=x", "npm_config_userconfig=/h/.npmrc", "NODE_ENV=production", "NODE_OPTIONS=--x",
		"NODE_EXTRA_CA_CERTS=/ca", "pnpm_config_node_linker=pnp", "YARN_NODE_LINKER=pnp", "HTTPS_PROXY=p",
	}
	want := []string{
		"HOME=/h", "npm_config_registry=https://r", "npm_config_cache=/c", "npm_config_userconfig=/h/.npmrc",
		"NODE_EXTRA_CA_CERTS=/ca", "HTTPS_PROXY=p", "PATH=/opt/node/bin:/a:/b",
	}
	if diff := cmp.Diff(want, cleaned(environ, build.Tool{Path: "/opt/node/bin/node"})); diff != "" {
		t.Error(diff)
	}
	if got := cleaned(nil, build.Tool{Path: "/opt/node/bin/node"}); !slices.Equal(got, []string{"PATH=/opt/node/bin"}) {
		t.Errorf("%q", got)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"10.14.0": true, "10.15": true, "11.0.0": true, "10.13.1": false, "9.99.0": false, "10": false, "11": true, "": false, "x": false} {
		if atLeast(version, 10, 14) != want {
			t.Errorf("%q: %v", version, !want)
		}
	}
	for name, want := range map[string]string{"nodejs4.4": "4", "nodejs18": "18", "custom.debian10": "20", "custom": ""} {
		if got := wantedNode(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := nodeEnv("custom.debian12").Path; !slices.Equal(got, []string{"/code/node_modules/.bin", "/var/fc/lang/nodejs20/bin"}) {
		t.Errorf("%q", got)
	}
}

func TestContainerTools(t *testing.T) {
	t.Parallel()
	p := newProject(t, "nodejs20", map[string]string{"package.json": `{"dependencies":{"a":"1"}}`, "pnpm-lock.yaml": ""})
	tools := (&Builder{}).ContainerTools(p.Req)
	if len(tools) != 2 || tools[0].Path != "node" || !tools[0].Exact || tools[1].Path != pnpm {
		t.Errorf("%+v", tools)
	}
	if got := starts(tools[0], tools[1]); !slices.Equal(got, []string{"pnpm"}) {
		t.Errorf("%q", got)
	}
	b := &Builder{Host: "darwin/arm64"}
	if p.Req.Container = (&build.Container{}); b.foreign(&p.Req) {
		t.Error("the image is the function's")
	}
}

// FuzzManifest looks for manifests that crash the reader.
func FuzzManifest(f *testing.F) {
	for _, s := range []string{`{}`, `{"bin":{"a":1}}`, `{"workspaces":{"packages":"x"}}`, `{"os":"!","name":"@/"}`, `null`, "\ufeff{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		m.runsOn("linux", "x64", "glibc")
		if names := m.production(); !slices.IsSorted(names) {
			t.Errorf("%q", names)
		}
		patterns(m.workspaces).match("a/b")
	})
}

func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	p := workspaceOf(t, "nodejs20", map[string]string{
		"code/package.json": `{"dependencies":{"a":"file:../lib/a","b":"file:../b.tgz"}}`, "lib/a/package.json": "{}", "lib/other/x": "", "b.tgz": "",
		"home/x": "", "code/vendor/node_modules/x/y": "", "code/sub/package.json": "",
	})
	project, err := readProject(p.Req)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"code": false, "code/index.js": false, "code/node_modules": true, "code/sub/node_modules": true, "code/vendor/node_modules": false,
		"code/.s": true, "lib": false, "lib/a": false, "lib/a/x.js": false, "lib/a/node_modules": true, "lib/other": true, "b.tgz": false,
		"home": true, "s.yaml": true, "b.tgz2": true,
	} {
		if got := project.skip(path); got != want {
			t.Errorf("%s: skipped %v", path, got)
		}
	}
}
