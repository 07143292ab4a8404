package spec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
)

var update = flag.Bool("update", false, "rewrite the expected files")

// Secrets that test files refer to; no output may ever hold one.
const (
	testSecretKey = "aXqVeryLongAccessKeySecret"
	testPassword  = "hunter2hunter2"
	testStored    = `{"user": "storeduser", "pass": "storedpass"}`
)

func testOptions(file string) Options {
	env := map[string]string{
		"REGION": "cn-beijing", "TIMEOUT": "45", "EMPTY": "", "DEBUG": "true", "DB_PASSWORD": testPassword, "RT": "pyton3.12",
	}
	// A file called x@staging.yaml is loaded with the environment staging.
	_, chosen, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".yaml"), "@")
	return Options{
		Env:       chosen,
		File:      file,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Credential: func(field string) (string, error) {
			switch field {
			case "AccountID":
				return "123456789", nil
			case "AccessKeySecret":
				return testSecretKey, nil
			}
			return "", errors.New("no credentials for access \"prod\"")
		},
		SecretFor: func(name string) (string, error) {
			if name == "db" {
				return testStored, nil
			}
			return "", errors.New("nothing is stored under that name")
		},
		// base is deployed, everything else is not.
		Output: func(resource string) (map[string]any, bool) {
			return map[string]any{"url": "https://base.example", "port": 8080, "tags": []any{"a", "b"}, "none": nil}, resource == "base"
		},
		Info: func(resource string) (map[string]any, bool) {
			return map[string]any{"arn": "acs:base"}, resource == "base"
		},
		Now:     func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("CST", 8*3600)) },
		Random:  strings.NewReader(strings.Repeat("0123456789abcdefg", 100)),
		Command: "deploy",
	}
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".yaml" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files in %s: %v", dir, err)
	}
	return files
}

// rendered gives the diagnostics as a user sees them, the file called s.yaml.
func rendered(t *testing.T, file string, ds diag.Diagnostics) string {
	t.Helper()
	var out bytes.Buffer
	if err := diag.Render(&out, ds, diag.RenderOptions{Source: os.ReadFile}); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(out.String(), file, "s.yaml")
	return strings.ReplaceAll(filepath.ToSlash(text), filepath.ToSlash(filepath.Dir(file))+"/", "")
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", golden, d)
	}
}

func noSecrets(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, secret := range []string{testSecretKey, testPassword, testStored, "storedpass"} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret shows in:\n%s", text)
			}
		}
	}
}

// TestErrFiles holds every file of testdata/err against the .out beside it.
func TestErrFiles(t *testing.T) {
	files := yamlFiles(t, "testdata/err")
	if len(files) < 40 {
		t.Errorf("only %d files in testdata/err", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			_, ds := Load(context.Background(), testOptions(file))
			if len(ds) == 0 {
				t.Fatal("nothing was found wrong")
			}
			got := rendered(t, file, ds)
			noSecrets(t, got, ds.Error())
			compare(t, strings.TrimSuffix(file, ".yaml")+".out", got)
		})
	}
}

// TestOKFiles holds every file of testdata/ok against the .json beside it: the
// project without its ranges, and the warnings.
func TestOKFiles(t *testing.T) {
	for _, file := range yamlFiles(t, "testdata/ok") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			p, ds := Load(context.Background(), testOptions(file))
			if ds.HasErrors() {
				t.Fatalf("errors:\n%s", rendered(t, file, ds))
			}
			compare(t, strings.TrimSuffix(file, ".yaml")+".json", projectJSON(t, file, p, ds))
		})
	}
}

// projectJSON gives a project as indented JSON without places on this machine.
func projectJSON(t *testing.T, file string, p *Project, ds diag.Diagnostics) string {
	t.Helper()
	var warnings []string
	for _, d := range ds {
		warnings = append(warnings, strings.ReplaceAll(d.Range.String(), file, "s.yaml")+": "+d.Code+": "+d.Summary)
	}
	data, err := json.Marshal(map[string]any{"project": p, "warnings": warnings})
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(withoutRanges(doc)); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(out.String(), p.Dir, "DIR")
	return strings.ReplaceAll(text, file, "s.yaml")
}

// withoutRanges drops places and empty values.
func withoutRanges(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			child = withoutRanges(child)
			if key == "Range" || key == "Block" || child == nil || child == "" {
				delete(v, key)
				continue
			}
			v[key] = child
		}
	case []any:
		for i := range v {
			v[i] = withoutRanges(v[i])
		}
	}
	return v
}
