package nodejs

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

// real is this machine's Node.js and its package managers, with a registry of
// its own and a home of its own.
type real struct {
	t       *testing.T
	node    toolchain.Interpreter
	builder *Builder
}

// tools is where `make setup` puts pnpm and yarn.
const tools = "../../../.tools/packagers/node_modules"

// newReal skips the test if the package manager isn't here. folder is where it
// is in tools; npm needs none.
func newReal(t *testing.T, manager, folder string, packages ...map[string]string) *real {
	t.Helper()
	finder := toolchain.New(os.LookupEnv)
	node, err := finder.FindNode(context.Background(), "")
	if err != nil {
		t.Skipf("no Node.js here: %v", err)
	}
	home := buildtest.TempDir(t)
	registry := serve(t, packages)
	path := os.Getenv("PATH")
	if manager != npm {
		full, err := filepath.Abs(filepath.Join(tools, folder))
		if err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(home, "bin", manager)
		if err := errors.Join(os.MkdirAll(filepath.Dir(program), 0o755), os.Symlink(full, program)); err != nil {
			t.Fatal(err)
		}
		path = filepath.Dir(program) + string(filepath.ListSeparator) + path
		if _, err := os.Stat(full); err != nil {
			t.Skipf("%s is installed by make setup: %v", manager, err)
		}
	}
	r := &real{t: t, node: node, builder: &Builder{Finder: finder, Environ: []string{
		"PATH=" + path, "HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CACHE_HOME=" + home, "npm_config_registry=" + registry,
		"YARN_NPM_REGISTRY_SERVER=" + registry, "YARN_UNSAFE_HTTP_WHITELIST=127.0.0.1", "YARN_REGISTRY=" + registry,
		"YARN_NPM_MINIMAL_AGE_GATE=0",
	}}}
	return r
}

// serve is a registry with packages of these files.
func serve(t *testing.T, packages []map[string]string) string {
	t.Helper()
	type version map[string]any
	known := map[string]map[string]version{}
	tars := map[string][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if data, ok := tars[name]; ok {
			_, _ = w.Write(data)
			return
		}
		versions := known[name]
		if versions == nil {
			http.NotFound(w, r)
			return
		}
		latest := ""
		for v := range versions {
			latest = max(latest, v)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "dist-tags": map[string]string{"latest": latest}, "versions": versions})
	}))
	t.Cleanup(server.Close)
	for _, files := range packages {
		var m version
		if err := json.Unmarshal([]byte(files["package.json"]), &m); err != nil {
			t.Fatal(err)
		}
		name, number := m["name"].(string), m["version"].(string)
		file := name + "-" + number + ".tgz"
		path := filepath.Join(t.TempDir(), "x.tgz")
		tarball(t, path, files)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha512.Sum512(data)
		tars[file] = data
		m["dist"] = map[string]string{"tarball": server.URL + "/" + file, "integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}
		if known[name] == nil {
			known[name] = map[string]version{}
		}
		known[name][number] = m
	}
	return server.URL
}

// run starts a script of an artifact as FC would.
func (r *real) run(p *projecttest.Project, a *build.Artifact, file string) string {
	r.t.Helper()
	cmd := exec.Command(r.node.Path, filepath.Join(p.Req.ArtifactDir, file))
	cmd.Dir = p.Req.ArtifactDir
	for k, v := range a.Env {
		cmd.Env = append(cmd.Env, k+"="+strings.ReplaceAll(v, build.CodeDir, p.Req.ArtifactDir))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Errorf("%s: %v", file, err)
	}
	return strings.TrimSpace(string(out))
}

// lock makes the lock file of a project, as its user would have.
func (r *real) lock(dir string, args ...string) {
	r.t.Helper()
	p, err := readProject(build.Request{SourceDir: dir, ProjectDir: dir})
	if err != nil {
		r.t.Fatal(err)
	}
	node := build.Tool{Path: r.node.Path, Version: r.node.Version}
	tool, err := r.builder.managerTool(context.Background(), p, node)
	if err != nil {
		r.t.Fatal(err)
	}
	argv := append(starts(node, tool), args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(cleaned(r.builder.Environ, node), asked()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("%v: %v: %s", args, err, out)
	}
	for _, installed := range []string{modulesDir, ".yarn"} {
		if err := os.RemoveAll(filepath.Join(dir, installed)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// pkg is a package whose code gives its name, version and what it needs, each as
// name@version.
func pkg(name, version string, needs ...string) map[string]string {
	code := "exports.is = '" + name + "@" + version + "';\n"
	deps := map[string]string{}
	for _, n := range needs {
		n, wanted, _ := strings.Cut(n, "@")
		code += "exports.is += ' ' + require('" + n + "').is;\n"
		deps[n] = wanted
	}
	manifest, _ := json.Marshal(map[string]any{"name": name, "version": version, "dependencies": deps, "main": "i.js"})
	return map[string]string{"package.json": string(manifest), "i.js": code}
}

// tsc copies src/*.ts to dist/*.js: it stands for the compiler.
func tsc() map[string]string {
	return map[string]string{
		"package.json": `{"name":"tsc","version":"1.0.0","bin":"tsc.js"}`,
		"tsc.js": "#!/usr/bin/env node\nconst fs = require('fs');\nfs.mkdirSync('dist', {recursive: true});\n" +
			"for (const f of fs.readdirSync('src')) fs.copyFileSync('src/' + f, 'dist/' + f.replace(/ts$/, 'js'));\n",
	}
}

func (r *real) newProject(files map[string]string) *projecttest.Project {
	p := projecttest.New(r.t, "custom", nil)
	buildtest.Plant(r.t, p.Root, files)
	return p
}

func TestRealNpm(t *testing.T) {
	t.Parallel()
	script := pkg("b", "1.0.0")
	script["package.json"] = strings.Replace(script["package.json"], "{", `{"scripts":{"install":"node -e \"require('fs').writeFileSync('ran.txt', '')\""},"bin":"i.js",`, 1)
	r := newReal(t, npm, "", pkg("a", "1.0.0", "b@>=1.0.0"), script, pkg("dev", "1.0.0"), pkg("new", "1.0.0"))
	p := r.newProject(map[string]string{
		"code/package.json": `{"dependencies":{"a":"^1"},"devDependencies":{"dev":"1"}}`, "code/index.js": "console.log(require('a').is)",
	})
	r.lock(p.Req.SourceDir, "install", "--package-lock-only")
	a := p.Build(r.builder)
	if got := r.run(p, a, "index.js"); got != "a@1.0.0 b@1.0.0" {
		t.Error(got)
	}
	names := buildtest.Names(t, p.Req.ArtifactDir)
	for name, want := range map[string]bool{
		"node_modules/b/ran.txt": true, "node_modules/.bin/b": true, "node_modules/dev/": false, "node_modules/.package-lock.json": false,
	} {
		if _, ok := names[name]; ok != want {
			t.Errorf("%s: %v", name, ok)
		}
	}
	p.Write("package.json", `{"dependencies":{"a":"^1","new":"1.0.0"}}`)
	err := p.Fail(r.builder)
	var failed *build.BuildError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "in sync") || !strings.Contains(strings.Join(failed.Tail, "\n"), "Missing: new@1.0.0 from lock file") {
		t.Errorf("got %v\n%s", err, p.Log.String())
	}
	p.Write("package.json", `{"dependencies":{"a":"^1","b":"^2"}}`)
	if err := os.Remove(filepath.Join(p.Req.SourceDir, "package-lock.json")); err != nil {
		t.Fatal(err)
	}
	if err := p.Fail(r.builder); !strings.Contains(err.Error(), "No matching version found for b@^2") {
		t.Errorf("got %v", err)
	}
}

func TestRealPlatform(t *testing.T) {
	t.Parallel()
	for _, m := range realManagers() {
		t.Run(m.name+"@"+m.version, func(t *testing.T) {
			t.Parallel()
			of := func(cpu string) map[string]string {
				p := pkg("for-"+cpu, "1.0.0")
				p["package.json"] = strings.Replace(p["package.json"], "{", `{"os":["linux"],"cpu":["`+cpu+`"],`, 1)
				return p
			}
			r := newReal(t, m.name, m.file, of("x64"), of("arm64"))
			p := r.newProject(map[string]string{
				"code/package.json": `{"name":"x","optionalDependencies":{"for-x64":"1.0.0","for-arm64":"1.0.0"},"packageManager":"` + m.name + "@" + m.version + `"}`,
			})
			for platform, want := range map[build.Platform]string{"linux/arm64": "for-arm64", "linux/amd64": "for-x64"} {
				p.Req.Platform = platform
				p.Req.ArtifactDir = filepath.Join(p.Root, ".s/build/artifacts", want)
				p.Build(r.builder)
				names := buildtest.Names(t, filepath.Join(p.Req.ArtifactDir, modulesDir))
				for _, cpu := range []string{"for-x64", "for-arm64"} {
					if _, ok := names[cpu+"/i.js"]; ok != (cpu == want) {
						t.Errorf("%s: %s is there: %v\n%s", platform, cpu, ok, p.Log.String())
					}
				}
			}
		})
	}
}

type realManager struct {
	name, version string
	// file is where its program is in the folder of make setup.
	file string
	// lock makes it write a lock file; local is how a package of the workspace
	// is named.
	lock  []string
	local string
}

func realManagers() []realManager {
	return []realManager{
		{npm, "11.0.0", "", []string{"install", "--package-lock-only"}, "3.0.0"},
		{pnpm, "10.20.0", "pnpm/bin/pnpm.cjs", []string{"install", "--lockfile-only"}, "workspace:*"},
		{pnpm, "9.15.0", "pnpm9/bin/pnpm.cjs", []string{"install", "--lockfile-only"}, "workspace:*"},
		{yarn, "1.22.22", "yarn/bin/yarn.js", []string{"install"}, "3.0.0"},
		{yarn, "4.18.1", "@yarnpkg/cli-dist/bin/yarn.js", []string{"install", "--mode=skip-build"}, "workspace:*"},
	}
}

// TestRealWorkspaces builds a function of a workspace in TypeScript, whose
// package for another part is built first, with each package manager.
func TestRealWorkspaces(t *testing.T) {
	t.Parallel()
	for _, m := range realManagers() {
		if m.version == "9.15.0" {
			continue // as the newer one
		}
		t.Run(m.name+"@"+m.version, func(t *testing.T) {
			t.Parallel()
			r := newReal(t, m.name, m.file, pkg("a", "1.0.0", "b@2.0.0"), pkg("b", "1.0.0"), pkg("b", "2.0.0"), tsc())
			files := map[string]string{
				"package.json": `{"name":"root","private":true,"workspaces":["code","lib/*"],"packageManager":"` + m.name + "@" + m.version + `"}`,
				"code/package.json": `{"name":"code","version":"1.0.0","scripts":{"build":"tsc"},
					"dependencies":{"a":"1.0.0","shared":"` + m.local + `"},"devDependencies":{"tsc":"1.0.0"}}`,
				"code/src/index.ts":       "console.log(require('a').is, require('shared').is)",
				"code/.fcignore":          "src",
				"lib/shared/package.json": `{"name":"shared","version":"3.0.0","main":"dist/i.js","scripts":{"build":"tsc"},"dependencies":{"b":"1.0.0"},"devDependencies":{"tsc":"1.0.0"}}`,
				"lib/shared/src/i.ts":     "exports.is = 'shared ' + require('b').is",
			}
			if m.name == pnpm {
				files["pnpm-workspace.yaml"] = "packages: [code, lib/*]\n"
			}
			p := r.newProject(files)
			r.lock(p.Root, m.lock...)
			a := p.Build(r.builder)
			if got := r.run(p, a, "dist/index.js"); got != "a@1.0.0 b@2.0.0 shared b@1.0.0" {
				t.Errorf("%s\n%s", got, p.Log.String())
			}
			got := versions(t, p.Req.ArtifactDir)
			want := map[string]string{
				"node_modules/a": "1.0.0", "node_modules/b": "2.0.0", "node_modules/shared": "3.0.0", "node_modules/shared/node_modules/b": "1.0.0",
			}
			if got["node_modules/b"] == "1.0.0" { // which of both is on top is the manager's choice
				want = map[string]string{
					"node_modules/a": "1.0.0", "node_modules/b": "1.0.0", "node_modules/shared": "3.0.0", "node_modules/a/node_modules/b": "2.0.0",
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			p.Log.Reset()
			p.Write("src/index.ts", "console.log('changed')")
			if got := r.run(p, p.Build(r.builder), "dist/index.js"); got != "changed" || strings.Contains(p.Log.String(), " install") {
				t.Errorf("%s\n%s", got, p.Log.String())
			}
		})
	}
}
