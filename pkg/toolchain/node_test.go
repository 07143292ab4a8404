package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// node makes a Node.js that answers as one of that version and counts its
// starts.
func (w *world) node(rel, version string) string {
	path := w.path(rel)
	return w.script(rel, fmt.Sprintf("echo x >>%q\necho %s\necho %q\necho %q\n",
		w.path("started"), version, filepath.Dir(filepath.Dir(path)), path))
}

func findNode(t *testing.T, f *Finder, version string) Interpreter {
	t.Helper()
	i, err := f.FindNode(context.Background(), version)
	if err != nil {
		t.Fatalf("FindNode(%s): %v", version, err)
	}
	return i
}

func TestNodeExactBeforeNewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"], w.env["HOME"] = w.path("bin"), w.root
	w.node("bin/node", "22.3.0")
	w.node(".nvm/versions/node/v20.1.0/bin/node", "20.1.0")
	old := w.node(".nvm/versions/node/v18.2.0/bin/node", "18.2.0")
	new := w.node(".nvm/versions/node/v18.20.4/bin/node", "18.20.4")
	want := Interpreter{Language: Node, Version: "18.20.4", Path: new, Prefix: w.path(".nvm/versions/node/v18.20.4"), Exact: true, Wanted: "18"}
	if diff := cmp.Diff(want, findNode(t, w.finder(), "18")); diff != "" {
		t.Error(diff)
	}
	if n := w.starts(); n != 1 {
		t.Errorf("%d starts, want that of the folder named 18 alone", n)
	}
	if err := os.Remove(new); err != nil {
		t.Fatal(err)
	}
	if got := findNode(t, w.finder(), "18.99.1"); got.Path != old {
		t.Errorf("got %+v, want %s", got, old)
	}
	for wanted, version := range map[string]string{"19": "20.1.0", "14": "18.2.0", "21": "22.3.0"} {
		if got := findNode(t, w.finder(), wanted); got.Version != version || got.Exact || got.Wanted != wanted {
			t.Errorf("%s: got %+v, want %s in its place", wanted, got, version)
		}
	}
	if got := findNode(t, w.finder(), ""); got.Version != "22.3.0" || !got.Exact || got.Wanted != "" {
		t.Errorf("any: %+v", got)
	}
}

func TestNodeVersionManagers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, env, value, dir string }{
		{"nvm", "HOME", "", ".nvm/versions/node/v18.20.4"},
		{"NVM_DIR", "NVM_DIR", "nv", "nv/versions/node/v18.20.4"},
		{"fnm", "HOME", "", ".local/share/fnm/node-versions/v18.20.4/installation"},
		{"FNM_DIR", "FNM_DIR", "fn", "fn/node-versions/v18.20.4/installation"},
		{"old fnm", "HOME", "", ".fnm/node-versions/v18.20.4/installation"},
		{"volta", "HOME", "", ".volta/tools/image/node/18.20.4"},
		{"VOLTA_HOME", "VOLTA_HOME", "vo", "vo/tools/image/node/18.20.4"},
		{"n", "N_PREFIX", "np", "np/n/versions/node/18.20.4"},
		{"nodenv", "HOME", "", ".nodenv/versions/18.20.4"},
		{"asdf", "HOME", "", ".asdf/installs/nodejs/18.20.4"},
		{"ASDF_DATA_DIR", "ASDF_DATA_DIR", "as", "as/installs/nodejs/18.20.4"},
		{"mise", "HOME", "", ".local/share/mise/installs/node/18.20.4"},
		{"asdf shims on PATH", "PATH", "as/shims", "as/installs/nodejs/18.20.4"},
		{"nodenv shims on PATH", "PATH", "no/shims", "no/versions/18.20.4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.env[tc.env] = w.path(tc.value)
			want := w.node(tc.dir+"/bin/node", "18.20.4")
			w.script(tc.value+"/node", "exit 127") // a shim, where PATH has one
			got := findNode(t, w.finder(), "18")
			if got.Path != want || got.Prefix != w.path(tc.dir) || !got.Exact {
				t.Errorf("got %+v, want %s", got, want)
			}
		})
	}
}

func TestNodeNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	_, err := w.finder().FindNode(context.Background(), "")
	if want := fmt.Sprintf("no nodejs on this machine; looked in %s, %s, %s", w.path("bin"), w.path("sys/bin"), w.path("opt/python*/bin")); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	w.node("bin/node", "16.1.0")
	_, err = w.finder().Find(context.Background(), Node, "18")
	var nf *NotFoundError
	if !errors.As(err, &nf) || !strings.HasPrefix(err.Error(), "no nodejs 18 or newer on this machine; found only 16.1.0; looked in ") {
		t.Errorf("got %v", err)
	}
	if i, err := w.finder().FindNode(context.Background(), "lts"); err == nil || err.Error() != `not a version of Node.js: "lts"` {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestNodeAndPythonInOneCache keeps facts of both, each found again unasked.
func TestNodeAndPythonInOneCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.10", "3.10.4")
	real := w.node("opt/node/bin/node", "18.1.0")
	w.script("bin/node", "exec "+real+` "$@"`)
	for range 2 {
		f := w.finder()
		f.CacheDir = w.path("cache")
		find(t, f, "3.10")
		if got := findNode(t, f, "18"); got.Path != real {
			t.Errorf("got %+v, want what is behind the wrapper", got)
		}
		findNode(t, f, "18")
	}
	if n := w.starts(); n != 2 {
		t.Errorf("%d starts, want one of each", n)
	}
}

func TestNodeFolders(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]version{
		"v18.20.4": {18, 20, 4}, "18.20.4": {18, 20, 4}, "node-v20.1.0-linux-x64": {20, 1, 0}, "18": {}, "lts": {}, "": {}, "iojs-v3.3.1": {},
	} {
		got, ok := nodeFolder(name)
		if ok != (want != version{}) || ok && got != want {
			t.Errorf("%q: %v, %v", name, got, ok)
		}
	}
}

func TestRealNode(t *testing.T) {
	t.Parallel()
	i, err := New(os.LookupEnv).FindNode(context.Background(), "")
	var nf *NotFoundError
	if errors.As(err, &nf) {
		t.Skipf("no Node.js here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(i.Path, "--version").Output()
	if err != nil || strings.TrimSpace(string(out)) != "v"+i.Version {
		t.Errorf("%s says %q, %v; want %s", i.Path, out, err, i.Version)
	}
	if rel, err := filepath.Rel(i.Prefix, i.Path); err != nil || !filepath.IsLocal(rel) {
		t.Errorf("%s isn't in %s", i.Path, i.Prefix)
	}
}
