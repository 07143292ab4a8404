package spec

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"s/pkg/diag"
)

// FuzzLoad: whatever the file, no panic, an end in bounded time, places inside
// the file, and output without control characters.
func FuzzLoad(f *testing.F) {
	for _, dir := range []string{"testdata/ok", "testdata/err"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", dir, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("\xfe\xff (\x13r"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip("larger than what the fuzzer should spend its time on")
		}
		if !isText(data) { // UTF-16, for one, which the YAML parser would take
			file := filepath.Join(t.TempDir(), "s.yaml")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if p, ds := Load(context.Background(), Options{File: file}); p != nil || len(ds) != 1 || ds[0].Code != CodeRead {
				t.Errorf("what isn't text gives %v", ds)
			}
			return
		}
		started := time.Now()
		p, ds := parse(testOptions(""), "s.yaml", dir, data)
		if p == nil && !ds.HasErrors() {
			t.Error("neither a project nor an error")
		}
		lines := len(diag.Lines(string(data)))
		for _, d := range ds {
			r := d.Range
			if r.Start.Line > lines || r.Start.Line > 0 && (r.Start.Column < 1 || r.End.Line < r.Start.Line) {
				t.Errorf("a place outside of the file: %+v", d)
			}
		}
		var out bytes.Buffer
		if err := diag.Render(&out, ds, diag.RenderOptions{Source: func(string) ([]byte, error) { return data, nil }}); err != nil {
			t.Error(err)
		}
		if bytes.ContainsAny(out.Bytes(), "\x00\x1b\x07") {
			t.Errorf("control characters reach the terminal: %q", out.String())
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
