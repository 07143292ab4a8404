package golang

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseGoFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]goFile{
		"":                                    {},
		"module example.com/x\n\ngo 1.24.0\n": {module: "example.com/x", version: "1.24.0"},
		"module \"example.com/x\" // name\ngo 1.21 // old\r\n":                    {module: "example.com/x", version: "1.21"},
		"// module no\nmodule `x`\n":                                              {module: "x"},
		"module (\n\tx\n)\ngo 1.22":                                               {module: "x", version: "1.22"},
		"replace a => ../a\nreplace b v1.2.3 => ./sub/b\nreplace c => d v1.0.0\n": {replace: []string{"../a", "./sub/b"}},
		"replace (\n\ta v1 => ../a // near\n\tb => /abs/b\n\n\tc => .\n)\ngo 1.23\n": {
			replace: []string{"../a", "/abs/b", "."}, version: "1.23",
		},
		"replace a => \"../with space\"\n":                            {replace: []string{"../with space"}},
		"go 1.24\nuse ./a\nuse (\n\t./b\n\t../c // up\n)\n":           {version: "1.24", use: []string{"./a", "./b", "../c"}},
		"require (\n\tgo v1.0.0\n\tuse v1\n)\nexclude replace v1\n":   {},
		"replace a =>\nreplace =>\ngo\nuse\nmodule\n\"unfinished x\n": {},
	} {
		if diff := cmp.Diff(want, parseGoFile(text), cmp.AllowUnexported(goFile{})); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	sorted := []string{"", "1.9", "1.16", "1.20.14", "1.21rc2", "1.21.1", "1.26", "1.26.8", "2"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := compareVersions(a, b); got != cmpInt(i, j) {
				t.Errorf("%s and %s: %d", a, b, got)
			}
		}
	}
	for _, same := range [][2]string{{"1.21", "go1.21.0"}, {"1.21rc2", "1.21"}, {"1.26.8", "1.26.8-X:boringcrypto"}} {
		if compareVersions(same[0], same[1]) != 0 {
			t.Errorf("%v differ", same)
		}
	}
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func FuzzParseGoFile(f *testing.F) {
	f.Add("module x\nreplace (\n a => \"../b\" // c\n)\n")
	f.Add("use `./a`\n\"\\x")
	f.Fuzz(func(t *testing.T, text string) {
		got := parseGoFile(text)
		for _, to := range got.replace {
			if !isFolder(to) {
				t.Errorf("%q is no folder", to)
			}
		}
		if slices.Contains(got.use, "") && len(got.use) == 0 || compareVersions(got.version, got.version) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
