package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]version{
		"3.10.13":                      {3, 10, 13},
		"3.10":                         {3, 10, -1},
		"3":                            {3, -1, -1},
		"3.13.0rc1":                    {3, 13, 0},
		"3.14t":                        {3, 14, -1},
		"3.12.1-linux-x86_64-gnu":      {3, 12, 1},
		"3.9.18+20240107":              {3, 9, 18},
		"2.7.18":                       {2, 7, 18},
		"":                             {},
		"x3.10":                        {},
		"miniconda3-4.7.12":            {},
		"99999999999999999999.1":       {},
		"3.99999999999999999999999999": {},
	} {
		got, ok := parseVersion(text)
		if ok != (want != version{}) || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	t.Parallel()
	sorted := []version{{2, 7, 18}, {3, -1, -1}, {3, 6, 15}, {3, 10, -1}, {3, 10, 2}, {3, 10, 13}, {3, 13, 0}, {4, 0, 0}}
	shuffled := []version{sorted[5], sorted[0], sorted[7], sorted[2], sorted[1], sorted[6], sorted[3], sorted[4]}
	slices.SortFunc(shuffled, version.compare)
	if !slices.Equal(sorted, shuffled) {
		t.Errorf("got %v", shuffled)
	}
	wanted := version{3, 10, -1}
	for v, want := range map[version]bool{
		{3, 10, 13}: true, {3, 11, 0}: true, {3, 9, 18}: false, {2, 17, 0}: false, {4, 10, 0}: false,
	} {
		if v.standsIn(wanted) != want {
			t.Errorf("%v for 3.10: %v", v, !want)
		}
	}
}

func TestVersionOfName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"/x/python3.10": "3.10", "/x/python3.10.exe": "3.10", "/x/python3.13t": "3.13", "/x/python2.7": "2.7",
		"/x/python3": "", "/x/python": "", "/x/pypy3.10": "", "/x/python-3.10": "",
	} {
		v, ok := versionOfName(name)
		if ok != (want != "") || ok && v.minorString() != want {
			t.Errorf("%s: %v, %v, want %q", name, v, ok, want)
		}
	}
}

func TestNamesLookedFor(t *testing.T) {
	t.Parallel()
	names := pythonNames(version{3, 28, -1})
	want := []string{"python3.28", "python3.29", "python3.30", "python3", "python"}
	if filepath.Ext(names[0]) != ".exe" && !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	names = pythonNames(version{2, 7, -1})
	if want := []string{"python2.7", "python2", "python"}; filepath.Ext(names[0]) != ".exe" && !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

// TestWhatItMaySay feeds answers to the question that interpreters are asked.
func TestWhatItMaySay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		ok   bool
	}{
		"right":              {"echo 3.10.4; echo /x; echo /x/bin/python3.10", true},
		"carriage returns":   {`printf '3.10.4\r\n/x\r\n/x/bin/python3.10\r\n'`, true},
		"nothing":            {"true", false},
		"too little":         {"echo 3.10.4", false},
		"too much":           {"echo a; echo 3.10.4; echo /x; echo /y", false},
		"no patch level":     {"echo 3.10; echo /x; echo /y", false},
		"not a version":      {"echo Python; echo /x; echo /y", false},
		"an error":           {"echo 3.10.4; echo /x; echo /y; exit 1", false},
		"a signal":           {"kill -9 $$", false},
		"another version":    {"echo 3.6.1; echo /x; echo /y", false},
		"an executable lost": {"echo 3.10.4; echo /x; echo relative/python", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.env["PATH"] = w.path("bin")
			path := w.script("bin/python3.10", tc.body)
			i, err := w.finder().FindPython(context.Background(), "3.10")
			if tc.ok != (err == nil) {
				t.Fatalf("%+v, %v", i, err)
			}
			if tc.ok && i.Path != path {
				t.Errorf("got %+v, want %s: nothing else is there", i, path)
			}
			var nf *NotFoundError
			if !tc.ok && !errors.As(err, &nf) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWrapperScript finds the installation behind a script on PATH.
func TestWrapperScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	real := w.python("opt/python/bin/python3.10", "3.10.4")
	w.script("bin/python3", "exec "+real+` "$@"`)
	w.env["PATH"] = w.path("bin")
	f := w.finder()
	f.CacheDir = w.path("cache")
	got := find(t, f, "3.10")
	if got.Path != real || got.Prefix != w.path("opt/python") {
		t.Errorf("got %+v, want %s", got, real)
	}
	// The next finder knows both, and notices that the installation went.
	f = w.finder()
	f.CacheDir = w.path("cache")
	find(t, f, "3.10")
	if n := w.starts(); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
	if err := os.Remove(real); err != nil {
		t.Fatal(err)
	}
	f = w.finder()
	f.CacheDir = w.path("cache")
	if i, err := f.FindPython(context.Background(), "3.10"); err == nil {
		t.Errorf("found %+v behind the wrapper, and it is gone", i)
	}
}

func TestFolderThatLies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["HOME"] = w.root
	w.python(".pyenv/versions/3.10.1/bin/python3.10", "3.12.0")
	want := w.python("sys/bin/python3", "3.10.9")
	if got := find(t, w.finder(), "3.10"); got.Path != want || !got.Exact {
		t.Errorf("got %+v, want %s", got, want)
	}
}

func TestOrderOfPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["HOME"], w.env["PATH"] = w.root, w.path("a")+":"+w.path("b")
	places := []string{
		w.python("a/python3.10", "3.10.1"), w.python("b/python3.10", "3.10.2"),
		w.python(".pyenv/versions/3.10.3/bin/python3.10", "3.10.3"), w.python(".asdf/installs/python/3.10.4/bin/python3.10", "3.10.4"),
		w.python("sys/bin/python3.10", "3.10.5"), w.python("opt/python310/bin/python3.10", "3.10.6"),
	}
	for _, want := range places {
		got := find(t, w.finder(), "3.10")
		if got.Path != want {
			t.Errorf("got %s, want %s", got.Path, want)
		}
		if err := os.Remove(want); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPlacesAreNamedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = strings.Repeat(w.path("bin")+":", 3) + w.path("sys/bin")
	w.env["HOME"], w.env["PYENV_ROOT"] = w.root, w.path(".pyenv")
	_, err := w.finder().FindPython(context.Background(), "3.10")
	var nf *NotFoundError
	if !errors.As(err, &nf) {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, place := range nf.Looked {
		if seen[place]++; seen[place] == 2 {
			t.Errorf("%s is named twice", place)
		}
	}
	for _, place := range []string{w.path("bin"), w.path("sys/bin"), w.path(".pyenv/versions/*/bin")} {
		if seen[place] == 0 {
			t.Errorf("%s isn't named in %v", place, nf.Looked)
		}
	}
}

func TestNoEnvironment(t *testing.T) {
	t.Parallel()
	f := &Finder{System: []string{}}
	_, err := f.FindPython(context.Background(), "3.10")
	if err == nil || err.Error() != "no python 3.10 or newer on this machine" {
		t.Errorf("got %v", err)
	}
}

func TestManyAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.9", "3.9.1")
	w.python("bin/python3.10", "3.10.4")
	f := w.finder()
	f.CacheDir = w.path("cache")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			version := []string{"3.9", "3.10"}[i%2]
			got, err := f.FindPython(context.Background(), version)
			if err != nil || got.Minor() != version {
				t.Errorf("%s: %+v, %v", version, got, err)
			}
		})
	}
	wg.Wait()
	if n := w.starts(); n != 2 {
		t.Errorf("%d starts, want one of each", n)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.10", "3.10.4")
	if err := os.WriteFile(w.path("file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := w.finder()
	f.CacheDir = w.path("file/cache")
	find(t, f, "3.10") // the cache is a convenience
}

func TestCacheOnDiskIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	path := w.python("bin/python3.10", "3.10.4")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	good := fact{ModTime: info.ModTime().UnixNano(), Size: info.Size(), Version: "3.10.77", Prefix: w.root, Executable: path}
	for name, change := range map[string]func(*fact){
		"kept":                func(*fact) {},
		"relative executable": func(f *fact) { f.Executable = "python" },
		"no version":          func(f *fact) { f.Version = "" },
		"executable gone":     func(f *fact) { f.Executable = w.path("gone") },
		"another size":        func(f *fact) { f.Size++ },
		"another time":        func(f *fact) { f.ModTime++ },
	} {
		stored := good
		change(&stored)
		data, err := json.Marshal(map[string]fact{path: stored})
		if err != nil {
			t.Fatal(err)
		}
		f := w.finder()
		f.CacheDir = w.path("cache " + name)
		if err := errors.Join(os.MkdirAll(f.CacheDir, 0o700), os.WriteFile(filepath.Join(f.CacheDir, cacheFile), data, 0o600)); err != nil {
			t.Fatal(err)
		}
		want := "3.10.4"
		if name == "kept" {
			want = "3.10.77"
		}
		if got := find(t, f, "3.10"); got.Version != want {
			t.Errorf("%s: %+v, want %s", name, got, want)
		}
	}
}

func TestOnlyTheCacheFileIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.10", "3.10.4")
	f := w.finder()
	f.CacheDir = w.path("deep/cache")
	find(t, f, "3.10")
	entries, err := os.ReadDir(f.CacheDir)
	if err != nil || len(entries) != 1 || entries[0].Name() != cacheFile {
		t.Errorf("%v, %v", entries, err)
	}
	stored := map[string]fact{}
	data, err := os.ReadFile(filepath.Join(f.CacheDir, cacheFile))
	if err := errors.Join(err, json.Unmarshal(data, &stored)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{w.path("bin/python3.10")}, keys(stored)); diff != "" {
		t.Error(diff)
	}
}

func keys(m map[string]fact) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestErrorsSayLittleIfThereIsLittle(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"no python 3.10 or newer on this machine":                                      &NotFoundError{Language: Python, Wanted: "3.10"},
		"no python 3.10 or newer on this machine; found only 3.6.1":                    &NotFoundError{Language: Python, Wanted: "3.10", Found: []string{"3.6.1"}},
		"no python 3.10 or newer on this machine; unusable: /p (exit 1); looked in /x": &NotFoundError{Language: Python, Wanted: "3.10", Broken: []string{"/p (exit 1)"}, Looked: []string{"/x"}},
		`no way known to find an interpreter for "cobol"`:                              &UnknownLanguageError{Language: "cobol"},
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if got := (Interpreter{Version: "odd"}).Minor(); got != "odd" {
		t.Errorf("got %q", got)
	}
}
