package bootstrap

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/toolchain/toolchaintest"
)

func TestNodeCommand(t *testing.T) {
	t.Parallel()
	for version, header := range map[string]bool{
		"6.17.1": false, "8.17.0": false, "10.14.2": false, "10.15.0": true, "12.0.0": true, "22.1.0": true, "": false, "x.y": false,
	} {
		want := []string{"/bin/node", "--max-old-space-size=115", "--max-http-header-size=16384", "--expose-gc", "/var/fc/runtime/nodejs/bootstrap.js"}
		if !header {
			want = slices.Delete(want, 2, 3)
		}
		got := node("20").Command(Start{Program: "/bin/node", Version: version, Dir: "/var/fc/runtime/nodejs", MemoryMB: 128})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", version, got)
		}
	}
	if got := node("20").Command(Start{Program: "node", Dir: "/x"}); !slices.Equal(got, []string{"node", "--expose-gc", "/x/bootstrap.js"}) {
		t.Errorf("without a limit: %q", got)
	}
	env := node("16").Env(Start{Layers: "/opt", Version: "20.1.0"})
	if want := "/usr/local/lib/node_modules:/opt/nodejs/node16/node_modules:/opt/nodejs/node_modules"; len(env) != 1 || env["NODE_PATH"] != want {
		t.Errorf("%q", env)
	}
}

// TestNodeFiles: what is embedded is what is on disk, all of it.
func TestNodeFiles(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("nodejs")
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := fs.ReadDir(node("20").Files, ".")
	if err != nil || len(embedded) != len(entries) {
		t.Errorf("%d files are embedded, %d on disk: %v", len(embedded), len(entries), err)
	}
	for _, e := range entries {
		disk, err := os.ReadFile(filepath.Join("nodejs", e.Name()))
		if err != nil || !bytes.Equal(source(t, node("20"), e.Name()), disk) {
			t.Errorf("%s: on disk %d bytes; %v", e.Name(), len(disk), err)
		}
	}
}

// TestEveryNodeReadsIt: all versions from 6 on can parse what they load; only
// import() is for newer ones.
func TestEveryNodeReadsIt(t *testing.T) {
	t.Parallel()
	dir, err := node("6").Install(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	finder := toolchaintest.New(os.LookupEnv)
	tried := 0
	for _, version := range []string{"6", "8", "10", "12", "14", "16", "18", "20", "22"} {
		found, err := finder.FindNode(t.Context(), version)
		if err != nil || !found.Exact {
			continue
		}
		tried++
		files, err := filepath.Glob(filepath.Join(dir, "*.js"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%q, %v", files, err)
		}
		for _, file := range files {
			cmd := exec.CommandContext(context.WithoutCancel(t.Context()), found.Path, "--check", file)
			out, err := cmd.CombinedOutput()
			old := version == "6" || version == "8"
			if (err != nil) != (old && filepath.Base(file) == "import.js") {
				t.Errorf("Node.js %s: %s: %v\n%s", version, filepath.Base(file), err, out)
			}
		}
		if out, err := exec.CommandContext(t.Context(), found.Path, "-p", "require("+quote(filepath.Join(dir, "errors.js"))+").document({message:'m',type:'T',lines:[]})").CombinedOutput(); err != nil ||
			strings.TrimSpace(string(out)) != `{"errorMessage":"m","errorType":"T"}` {
			t.Errorf("Node.js %s: %v %s", version, err, out)
		}
	}
	if tried == 0 {
		t.Skip("no Node.js on this machine")
	}
}

func quote(path string) string { return "'" + strings.ReplaceAll(path, `\`, `\\`) + "'" }
