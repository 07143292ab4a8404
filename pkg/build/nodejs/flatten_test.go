package nodejs

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
)

// installed is a tree of installed packages: files, and links by their target.
type installed struct {
	files map[string]string
	links map[string]string
}

func (i installed) plant(t *testing.T, dir string) {
	t.Helper()
	buildtest.Plant(t, dir, i.files)
	for name, to := range i.links {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(to, path)); err != nil {
			t.Fatal(err)
		}
	}
}

// pkgJSON is a package.json with a version and dependencies.
func pkgJSON(name, version string, needs ...string) string {
	deps := map[string]string{}
	for _, n := range needs {
		deps[n] = "*"
	}
	data, _ := json.Marshal(map[string]any{"name": name, "version": version, "dependencies": deps})
	return string(data)
}

// versions are the files package.json of a folder by their place, each with its
// version, and the links.
func versions(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, text := range buildtest.Names(t, dir) {
		if at, ok := strings.CutSuffix(name, "/package.json"); ok {
			out[at] = versionField([]byte(text))
		} else if strings.HasPrefix(text, "->") {
			out[name] = text
		}
	}
	return out
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tree installed
		from string
		want map[string]string
	}{
		"pnpm's links": {installed{files: map[string]string{
			"package.json": pkgJSON("code", "1", "a", "@s/b"),
			"node_modules/.pnpm/a@1/node_modules/a/package.json":        pkgJSON("a", "1", "c"),
			"node_modules/.pnpm/@s+b@1/node_modules/@s/b/package.json":  pkgJSON("@s/b", "1", "a", "c"),
			"node_modules/.pnpm/c@1/node_modules/c/package.json":        pkgJSON("c", "1"),
			"node_modules/.pnpm/dev@1/node_modules/dev/package.json":    pkgJSON("dev", "1"),
			"node_modules/.pnpm/a@1/node_modules/.prisma/client/x.js":   "generated",
			"node_modules/.pnpm/a@1/node_modules/a/dist/package.json":   `{"version":"inner"}`,
			"node_modules/.pnpm/a@1/node_modules/a/.npmrc":              "",
			"node_modules/.pnpm/a@1/node_modules/a/test/__pycache__/x":  "",
			"node_modules/.pnpm/a@1/node_modules/a/lib/node_modules/x":  "",
			"node_modules/.pnpm/a@1/node_modules/a/node_modules/.bin/x": "",
		}, links: map[string]string{
			"node_modules/a": ".pnpm/a@1/node_modules/a", "node_modules/dev": ".pnpm/dev@1/node_modules/dev",
			"node_modules/@s/b":                            "../.pnpm/@s+b@1/node_modules/@s/b",
			"node_modules/.pnpm/a@1/node_modules/c":        "../../c@1/node_modules/c",
			"node_modules/.pnpm/@s+b@1/node_modules/a":     "../../a@1/node_modules/a",
			"node_modules/.pnpm/@s+b@1/node_modules/c":     "../../c@1/node_modules/c",
			"node_modules/.pnpm/c@1/node_modules/circular": "../../a@1/node_modules/a",
		}}, ".", map[string]string{"a": "1", "a/dist": "inner", "@s/b": "1", "c": "1"}},

		"versions in conflict": {installed{files: map[string]string{
			"package.json":                                           pkgJSON("code", "1", "a", "b", "c"),
			"node_modules/a/package.json":                            pkgJSON("a", "1", "c"),
			"node_modules/a/node_modules/c/package.json":             pkgJSON("c", "2", "d"),
			"node_modules/b/package.json":                            pkgJSON("b", "1", "c", "d"),
			"node_modules/c/package.json":                            pkgJSON("c", "1"),
			"node_modules/d/package.json":                            pkgJSON("d", "1"),
			"node_modules/a/node_modules/d/package.json":             pkgJSON("d", "2"),
			"node_modules/unused/package.json":                       pkgJSON("unused", "1"),
			"node_modules/b/node_modules/unused/package.json":        pkgJSON("unused", "2"),
			"node_modules/a/node_modules/c/node_modules/e/readme.md": "no package",
		}}, ".", map[string]string{
			"a": "1", "b": "1", "c": "1", "d": "1", "a/node_modules/c": "2", "a/node_modules/c/node_modules/d": "2",
		}},

		"a workspace": {
			installed{files: map[string]string{
				"package.json":                              pkgJSON("root", "1"),
				"code/package.json":                         pkgJSON("code", "1", "shared", "x"),
				"code/node_modules/x/package.json":          pkgJSON("x", "2"),
				"shared/package.json":                       pkgJSON("shared", "1", "x", "code"),
				"shared/.fcignore":                          "*.ts\n",
				"shared/index.ts":                           "",
				"shared/.env":                               "SECRET",
				"shared/node_modules/only/package.json":     pkgJSON("only", "1"),
				"node_modules/x/package.json":               pkgJSON("x", "1"),
				"node_modules/of-another/package.json":      pkgJSON("of-another", "1"),
				"shared/node_modules/.cache/junk/file.json": "",
			}, links: map[string]string{"node_modules/shared": "../shared", "node_modules/code": "../code"}},
			"code",
			map[string]string{"shared": "1", "x": "2", "shared/node_modules/x": "1"},
		},

		"other platforms": {installed{files: map[string]string{
			"package.json":                           `{"optionalDependencies":{"on-linux":"1","on-mac":"1","on-musl":"1","missing":"1"}}`,
			"node_modules/on-linux/package.json":     `{"version":"1","os":["linux"],"cpu":["x64"],"libc":["glibc"]}`,
			"node_modules/on-mac/package.json":       `{"version":"1","os":["darwin"]}`,
			"node_modules/on-musl/package.json":      `{"version":"1","libc":["musl"]}`,
			"node_modules/without/package.json/file": "",
		}}, ".", map[string]string{"on-linux": "1"}},

		"programs": {installed{files: map[string]string{
			"package.json":                       pkgJSON("code", "1", "@s/tool", "two", "sly"),
			"node_modules/@s/tool/package.json":  `{"version":"1","name":"@s/tool","bin":"./cli.js"}`,
			"node_modules/@s/tool/cli.js":        "#!/usr/bin/env node\n",
			"node_modules/two/package.json":      `{"version":"1","name":"two","bin":{"one":"a.js","gone":"b.js","tool":"a.js"}}`,
			"node_modules/two/a.js":              "",
			"node_modules/sly/package.json":      `{"version":"1","name":"sly","bin":{"../x":"a.js","out":"../two/a.js"}}`,
			"node_modules/.bin/left-behind":      "",
			"node_modules/.hidden/package.json":  `{"version":"generated"}`,
			"node_modules/sly/a.js":              "",
			"node_modules/two/sub/.git/HEAD":     "",
			"node_modules/two/sub/.fcignore":     "package.json",
			"node_modules/two/sub/package.json":  `{"version":"sub"}`,
			"node_modules/.package-lock.json":    "",
			"node_modules/.yarn-state.yml":       "",
			"node_modules/.cache/x/package.json": `{"version":"cache"}`,
		}}, ".", map[string]string{
			"@s/tool": "1", "two": "1", "sly": "1", "two/sub": "sub", ".hidden": "generated",
			".bin/tool": "->../@s/tool/cli.js", ".bin/one": "->../two/a.js",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			work, out := buildtest.TempDir(t), filepath.Join(buildtest.TempDir(t), "out")
			if err := os.Mkdir(out, 0o755); err != nil {
				t.Fatal(err)
			}
			tc.tree.plant(t, work)
			m := &maker{installer: installer{target: targetOf("linux/amd64")}}
			if err := m.flatten(context.Background(), work, filepath.Join(work, tc.from), out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, versions(t, out)); diff != "" {
				t.Error(diff)
			}
			for path := range buildtest.Names(t, out) {
				if strings.HasSuffix(path, ".ts") || strings.HasSuffix(path, ".env") || strings.Contains(path, "junk") {
					t.Errorf("%s is there", path)
				}
			}
		})
	}
}

func TestFlattenFails(t *testing.T) {
	t.Parallel()
	circle := installed{files: map[string]string{
		"package.json":                     pkgJSON("code", "1", "a", "b"),
		"node_modules/a/package.json":      pkgJSON("a", "1", "b"),
		"node_modules/b/package.json":      pkgJSON("b", "1"),
		"s/a2/node_modules/a/package.json": pkgJSON("a", "2", "b"),
		"s/b2/node_modules/b/package.json": pkgJSON("b", "2", "a"),
		"s/a3/node_modules/a/package.json": pkgJSON("a", "3", "b"),
		"s/b3/node_modules/b/package.json": pkgJSON("b", "3", "a"),
	}, links: map[string]string{
		"node_modules/a/node_modules/b": "../../../s/b2/node_modules/b", "s/b2/node_modules/a": "../../a3/node_modules/a",
		"s/a3/node_modules/b": "../../b3/node_modules/b", "s/b3/node_modules/a": "../../a2/node_modules/a", "s/a2/node_modules/b": "../../b2/node_modules/b",
	}}
	for name, tc := range map[string]struct {
		tree   installed
		strict bool
		want   string
	}{
		"a circle": {circle, false, "its dependencies need different versions of each other in a circle"},
		"a link out of a package": {installed{
			files: map[string]string{"package.json": pkgJSON("code", "1", "a"), "node_modules/a/package.json": "{}"},
			links: map[string]string{"node_modules/a/out": "/etc"},
		}, false, "package a: out: is a symbolic link that leads out of the folder, to /etc"},
		"a damaged package": {installed{
			files: map[string]string{"package.json": pkgJSON("code", "1", "a"), "node_modules/a/package.json": "{"},
		}, false, "node_modules/a/package.json: unexpected end of JSON input"},
		"an npm that can't choose": {installed{
			files: map[string]string{"package.json": pkgJSON("code", "1", "a", "fsevents"), "node_modules/a/package.json": `{"os":["darwin"]}`, "node_modules/fsevents/package.json": `{"os":["darwin"]}`},
		}, true, "package a isn't for linux/x64, where the function runs"},
	} {
		work, out := buildtest.TempDir(t), buildtest.TempDir(t)
		tc.tree.plant(t, work)
		m := &maker{installer: installer{target: targetOf("linux/amd64"), foreign: tc.strict, tool: build.Tool{Name: npm}}}
		err := m.flatten(context.Background(), work, work, out)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
}
