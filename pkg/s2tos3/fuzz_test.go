package s2tos3

import (
	"os"
	"path/filepath"
	"testing"

	"s/pkg/diag"
	"s/pkg/spec"
)

// FuzzConvert: whatever the file, no panic, and either a result or an error.
func FuzzConvert(f *testing.F) {
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
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			t.Skip("larger than what the fuzzer should spend its time on")
		}
		file := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, ds := Convert(t.Context(), options(file), "s3.yaml")
		if (out == nil) != ds.HasErrors() {
			t.Errorf("%d bytes, and %v", len(out), ds)
		}
		lines := len(diag.Lines(string(data)))
		for _, d := range ds {
			if d.Range.File == file && d.Code != spec.CodeRead && d.Range.Start.Line > lines {
				t.Errorf("a place outside of the file: %+v", d)
			}
			if d.Code == CodeResult {
				t.Errorf("the result isn't valid: %+v", d)
			}
		}
	})
}
