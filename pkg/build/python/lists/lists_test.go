package lists

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/python/pep508"
)

var update = flag.Bool("update", false, "write the expected output")

// on is a Linux machine with that Python.
func on(python string) pep508.Environment {
	return pep508.Environment{
		"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64",
		"platform_python_implementation": "CPython", "implementation_name": "cpython",
		"python_version": python, "python_full_version": python + ".2", "implementation_version": python + ".2",
	}
}

// text shows a list.
func text(l *List) string {
	var b strings.Builder
	for _, p := range l.Pins {
		fmt.Fprintf(&b, "%s %s, %d hashes\n", p.Name, p.what(), len(p.Hashes))
	}
	for _, r := range l.Requirements {
		fmt.Fprintln(&b, r)
	}
	for _, u := range slices.Concat(l.Indexes, l.Folders) {
		fmt.Fprintln(&b, "from", u)
	}
	return b.String()
}

// TestRealLists reads what the package managers wrote for the same project, for
// an old and a newer Python.
func TestRealLists(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/ok/*")
	if err != nil || len(cases) < 4 {
		t.Fatal(cases, err)
	}
	for _, dir := range cases {
		names, err := Find(dir)
		if err != nil || len(names) == 0 {
			t.Fatal(dir, names, err)
		}
		var got string
		for _, python := range []string{"3.9", "3.12"} {
			l, err := Read(dir, names[0], on(python))
			if err != nil {
				t.Fatalf("%s: %v", dir, err)
			}
			got += "# " + l.File + " for Python " + python + "\n" + text(l)
		}
		golden := filepath.Join(dir, "want.txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if diff := cmp.Diff(string(want), got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", dir, err, diff)
		}
	}
}

// TestSameProject compares the lists with each other: all managers chose the
// same packages.
func TestSameProject(t *testing.T) {
	t.Parallel()
	for python, want := range map[string]string{
		"3.9":  "async-timeout blinker certifi charset-normalizer click flask idna importlib-metadata itsdangerous jinja2 markupsafe pysocks redis requests urllib3 werkzeug zipp",
		"3.12": "blinker certifi charset-normalizer click flask idna itsdangerous jinja2 markupsafe pysocks redis requests urllib3 werkzeug",
	} {
		for _, dir := range []string{"uv", "poetry1", "poetry2"} {
			names, _ := Find("testdata/ok/" + dir)
			l, err := Read("testdata/ok/"+dir, names[0], on(python))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range l.Pins {
				if name := pep508.NormalName(p.Name); name != "typing-extensions" && name != "pyjwt" { // of newer releases
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
				t.Errorf("%s for Python %s: %s", dir, python, diff)
			}
		}
	}
}

// plant writes a folder.
func plant(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"app.py": ""}, ""},
		{map[string]string{PyProject: "[tool.black]\nline-length = 100\n"}, ""},
		{map[string]string{PyProject: "[project]\nname = \"x\"\n"}, ""},
		{map[string]string{PyProject: "[project]\ndependencies = [\"a\"]\n"}, PyProject},
		{map[string]string{PyProject: "[project]\ndynamic = [\"dependencies\"]\n"}, PyProject},
		{map[string]string{PyProject: "[tool.poetry.dependencies]\npython = \"^3.9\"\n"}, ""},
		{map[string]string{PyProject: "[tool.poetry.group.main.dependencies]\na = \"*\"\n"}, PyProject},
		{map[string]string{PyProject: "[tool.poetry.dependencies]\na = \"*\"\n", Poetry: ""}, Poetry + " " + PyProject},
		{map[string]string{PyProject: "not toml"}, PyProject},
		{map[string]string{Poetry: "", UV: "", PDM: "", PipfileJS: "", "Pipfile": ""}, "uv.lock poetry.lock pdm.lock Pipfile.lock"},
		{map[string]string{"Pipfile": ""}, "Pipfile"},
	} {
		names, err := Find(plant(t, tc.files))
		if got := strings.Join(names, " "); got != tc.want || err != nil {
			t.Errorf("%v: %s, %v", tc.files, got, err)
		}
	}
}

// TestLists reads small lists with one thing each.
func TestLists(t *testing.T) {
	t.Parallel()
	for _, tc := range lists() {
		l, err := Read(plant(t, tc.files), tc.read, on("3.10"))
		if tc.err != "" {
			var bad *Error
			if !errors.As(err, &bad) || bad.Help == "" {
				t.Errorf("%s: got %v, want %s", tc.name, err, tc.err)
			} else if got := err.Error() + " → " + bad.Help.String(); got != tc.err {
				t.Errorf("%s: got  %s\nwant %s", tc.name, got, tc.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got := text(l); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", tc.name, got, tc.want)
		}
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version, constraint string
		want                bool
	}{
		{"1.5", "", true},
		{"1.5", "*", true},
		{"1.5", "^1.2", true},
		{"2.0", "^1.2", false},
		{"2.0b1", "^1.2", false},
		{"0.3.4", "^0.3", true},
		{"0.4", "^0.3", false},
		{"0.0.4", "^0.0.3", false},
		{"0.9", "^0", true},
		{"1.2.9", "~1.2.3", true},
		{"1.3", "~1.2", false},
		{"1.9", "~1", true},
		{"1.9", "~=1.2", true},
		{"1.2.3", "1.2.*", true},
		{"1.2.3", "1.2.3", true},
		{"1.2.3", "=1.2.3", true},
		{"1.2.3", ">=1.2 <2", true},
		{"1.2.3", ">= 1.2, < 1.2.3", false},
		{"3.10.2", ">=3.8,<3.9 || ^3.10", true},
		{"3.9", "~2.7 | ~3.6", false},
		{"1.5", "^1.2rc1", true},
	} {
		v, err := pep508.ParseVersion(tc.version)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := poetryMatches(v, tc.constraint); got != tc.want || err != nil {
			t.Errorf("%s %s: %v, %v", tc.version, tc.constraint, got, err)
		}
	}
	for _, bad := range []string{"^x", "~", "latest", ">=", "^1.2 x"} {
		if ok, err := poetryMatches(pep508.Version{}, bad); err == nil {
			t.Errorf("%q is a constraint: %v", bad, ok)
		}
	}
}

func fuzz(f *testing.F, name string) {
	dir := f.TempDir()
	for _, tc := range lists() {
		if tc.read == name {
			f.Add(tc.files[name])
		}
	}
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Read(dir, name, on("3.10"))
		if err != nil {
			return
		}
		for _, p := range l.Pins {
			if line := p.Name + p.what(); strings.ContainsAny(line, "\n\r") || strings.HasPrefix(line, "-") {
				t.Errorf("%q", line)
			}
		}
	})
}

func FuzzUV(f *testing.F)        { fuzz(f, UV) }
func FuzzPoetry(f *testing.F)    { fuzz(f, Poetry) }
func FuzzPDM(f *testing.F)       { fuzz(f, PDM) }
func FuzzPipfile(f *testing.F)   { fuzz(f, PipfileJS) }
func FuzzPyProject(f *testing.F) { fuzz(f, PyProject) }
