package local

import (
	"archive/zip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"s/pkg/proc/proctest"
)

// tree writes files and gives their folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		proctest.Program(t, path, text)
	}
	return dir
}

func layerZip(t *testing.T, files map[string]string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "layer.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	z := zip.NewWriter(out)
	for name, text := range files {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}

func TestDevLayers(t *testing.T) {
	w := newDev(t, DevOptions{})
	first := tree(t, map[string]string{"python/a.py": "first", "bin": "a file"})
	second := layerZip(t, map[string]string{"python/a.py": "second", "python/b.py": "second", "bin/tool": "second"})
	third := tree(t, map[string]string{"python/b.py": "third", "c": "third"})
	if runtime.GOOS != "windows" {
		if err := os.Symlink("a.py", filepath.Join(first, "python", "link.py")); err != nil {
			t.Fatal(err)
		}
	}
	f := w.function("f", "custom")
	f.SharedDir = t.TempDir()
	for _, tt := range []struct {
		layers []string
		want   map[string]string // "" isn't there
	}{
		{nil, nil},
		{[]string{first}, map[string]string{"python/a.py": "first", "python/b.py": ""}},
		{[]string{second}, map[string]string{"python/a.py": "second", "bin/tool": "second"}},
		{[]string{first, second, third}, map[string]string{"python/a.py": "first", "python/b.py": "second", "c": "third", "bin": "a file"}},
		{[]string{third, second, first}, map[string]string{"python/a.py": "second", "python/b.py": "third", "bin/tool": "second"}},
	} {
		f.Layers, f.Revision = tt.layers, strings.Join(tt.layers, ":")
		if err := w.Set(t.Context(), []DevFunction{f}); err != nil {
			t.Fatal(err)
		}
		w.get(200, "POST", w.Endpoint()+"/2023-03-30/functions/f/invocations", "")
		cfg := w.configs[len(w.configs)-1]
		if (cfg.LayerDir == "") != (tt.layers == nil) || cfg.SharedDir != f.SharedDir {
			t.Fatalf("%v: %q %q", tt.layers, cfg.LayerDir, cfg.SharedDir)
		}
		for name, want := range tt.want {
			got, err := os.ReadFile(filepath.Join(cfg.LayerDir, name))
			if string(got) != want || (err == nil) != (want != "") {
				t.Errorf("%v: %s: %q %v", tt.layers, name, got, err)
			}
		}
	}
	last := w.configs[len(w.configs)-1].LayerDir
	f.Revision = "again"
	if err := w.Set(t.Context(), []DevFunction{f}); err != nil {
		t.Fatal(err)
	}
	w.get(200, "POST", w.Endpoint()+"/2023-03-30/functions/f/invocations", "")
	if now := w.configs[len(w.configs)-1].LayerDir; now != last {
		t.Errorf("the same layers are %s and %s", last, now)
	}
	f.Layers, f.Revision = []string{filepath.Join(first, "none")}, "none"
	if err := w.Set(t.Context(), []DevFunction{f}); err == nil || !strings.Contains(err.Error(), "f: layer:") {
		t.Error(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.zip")
	if err := os.WriteFile(broken, []byte("no zip"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.Layers, f.Revision = []string{broken}, "broken"
	if err := w.Set(t.Context(), []DevFunction{f}); err == nil || !strings.Contains(err.Error(), "broken.zip") {
		t.Error(err)
	}
}

func TestMountsOfAnotherFolder(t *testing.T) {
	dir := t.TempDir()
	w := newDev(t, DevOptions{SharedDir: dir})
	f := w.function("f", "custom")
	f.SharedDir = t.TempDir()
	if err := w.Set(t.Context(), []DevFunction{f}); err != nil {
		t.Fatal(err)
	}
	w.get(200, "POST", w.Endpoint()+"/2023-03-30/functions/f/invocations", "")
	if got := w.configs[0].SharedDir; got != dir {
		t.Error(got)
	}
}
