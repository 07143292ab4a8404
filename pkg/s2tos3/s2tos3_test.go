package s2tos3

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
	"s/pkg/spec"
)

var update = flag.Bool("update", false, "rewrite the expected files")

const account = "123456789"

func options(file string) spec.Options {
	env := map[string]string{"REGION": "cn-beijing", "TIMEOUT": "45", "FUNCTION": "fn"}
	return spec.Options{
		File:      file,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Credential: func(field string) (string, error) {
			if field == "AccountID" {
				return account, nil
			}
			return "", errors.New("no credentials for access \"prod\"")
		},
	}
}

// cases lists the .yaml files of a folder that aren't results.
func cases(t *testing.T, dir string, atLeast int) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if !strings.HasSuffix(f, ".out.yaml") {
			files = append(files, f)
		}
	}
	if len(files) < atLeast {
		t.Fatalf("%d files in %s, want at least %d", len(files), dir, atLeast)
	}
	return files
}

func rendered(t *testing.T, file string, out []byte, ds diag.Diagnostics) string {
	t.Helper()
	var b bytes.Buffer
	source := func(name string) ([]byte, error) {
		if name == "s3.yaml" {
			return out, nil
		}
		return os.ReadFile(name)
	}
	if err := diag.Render(&b, ds, diag.RenderOptions{Source: source}); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), file, "s.yaml")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if got == "" {
			os.Remove(name)
			return
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil && (got != "" || !errors.Is(err, os.ErrNotExist)) {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// TestOKFiles holds every file of testdata/ok against the .out.yaml beside it,
// and what was warned of against the .txt.
func TestOKFiles(t *testing.T) {
	for _, file := range cases(t, "testdata/ok", 25) {
		name := strings.TrimSuffix(file, ".yaml")
		t.Run(filepath.Base(name), func(t *testing.T) {
			out, ds := Convert(context.Background(), options(file), "s3.yaml")
			if ds.HasErrors() {
				t.Fatalf("errors:\n%s", rendered(t, file, out, ds))
			}
			golden(t, name+".out.yaml", string(out))
			golden(t, name+".txt", rendered(t, file, out, ds))
			if bytes.Contains(out, []byte(blankMark)) {
				t.Error("a mark of a blank line is left")
			}
			same(t, file, out)
			again, found := convertText(t, out)
			if again != nil || found.Count(diag.Error) != 1 || found[0].Code != CodeEdition {
				t.Errorf("the result can be converted again: %v", found)
			}
		})
	}
}

// convertText converts a text that needs nothing beside it.
func convertText(t *testing.T, data []byte) ([]byte, diag.Diagnostics) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return Convert(context.Background(), options(file), "s3.yaml")
}

// TestErrFiles holds every file of testdata/err against the .out beside it;
// nothing may be converted.
func TestErrFiles(t *testing.T) {
	for _, file := range cases(t, "testdata/err", 15) {
		name := strings.TrimSuffix(file, ".yaml")
		t.Run(filepath.Base(name), func(t *testing.T) {
			out, ds := Convert(context.Background(), options(file), "s3.yaml")
			if !ds.HasErrors() || out != nil {
				t.Fatalf("converted:\n%s", out)
			}
			golden(t, name+".out", rendered(t, file, out, ds))
			for _, d := range ds {
				if d.Severity == diag.Error && d.Range.Start.Line == 0 && name != "testdata/err/absent" {
					t.Errorf("an error without a place: %s", d.Summary)
				}
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	out, ds := Convert(context.Background(), options(filepath.Join(t.TempDir(), "s.yaml")), "s3.yaml")
	if out != nil || len(ds) != 1 || ds[0].Code != spec.CodeRead {
		t.Errorf("got %v", ds)
	}
}

func TestNothingIsLeftBeside(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/ok/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, ds := Convert(context.Background(), options(file), "s3.yaml"); out == nil {
		t.Fatal(ds)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("files are left: %v", entries)
	}
}

func TestSameFolder(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"s.yaml", "s3.yaml", true},
		{"./s.yaml", "s3.yaml", true},
		{"a/s.yaml", "s3.yaml", false},
		{"a/s.yaml", "a/../a/x.yaml", true},
		{"../s.yaml", "s.yaml", false},
	} {
		if got := SameFolder(tt.a, tt.b); got != tt.same {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
}
