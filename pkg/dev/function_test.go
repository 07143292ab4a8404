package dev

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"s/pkg/build"
	"s/pkg/fc"
	"s/pkg/spec"
)

func customConfig(command ...string) *fc.CustomRuntimeConfig {
	return &fc.CustomRuntimeConfig{Command: command}
}

// What is seen of an archive is its file; of a folder, what counts as code and
// the folders that have it.
func TestSee(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"code/index.py", "code/lib/x/y.py", "code/node_modules/m/index.js", "code/.git/HEAD", "code.zip"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("1"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "code", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := &spec.Project{Dir: dir, File: "s.yaml", Edition: spec.Edition3}
	at := func(name string) look {
		return see(t.Context(), build.Builders{planner{}}, p, &spec.Resource{Name: "r", Code: spec.CodeSource{Path: filepath.Join(dir, name)}})
	}
	folder := at("code")
	var names []string
	for _, f := range folder.folders {
		rel, err := filepath.Rel(root, f)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.ToSlash(rel))
	}
	want := []string{"code", "code/empty", "code/lib", "code/lib/x", "code/node_modules", "code/node_modules/m"}
	if !slices.Equal(names, want) || folder.err != nil || folder.print == "" {
		t.Errorf("%v, %+v", names, folder)
	}
	if !folder.same(at("code")) {
		t.Error("it isn't the same as it was")
	}
	archive, gone := at("code.zip"), at("none")
	if archive.print == "" || !slices.Equal(archive.folders, []string{dir}) || archive.err != nil {
		t.Errorf("%+v", archive)
	}
	if gone.err == nil || gone.same(archive) || archive.same(gone) || !gone.same(at("none")) || !slices.Equal(gone.folders, []string{dir}) {
		t.Errorf("%+v", gone)
	}
	if got := sourceFolders(filepath.Join(dir, "code")); len(got) != 4 { // without node_modules and .git
		t.Errorf("%v", got)
	}
}

// A layout that is being written is no image until its index names one; what
// counts is what the index says, not when it was written.
func TestSeeLayout(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "img")
	at := func() look { return image("oci:" + dir) }
	if l := at(); l.err == nil || !slices.Equal(l.folders, []string{filepath.Dir(dir)}) {
		t.Errorf("without a folder: %+v", l)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if l := at(); l.err == nil || !slices.Contains(l.folders, dir) || !slices.Contains(l.folders, filepath.Dir(dir)) {
		t.Errorf("without an index: %+v", l)
	}
	write := func(text string) look {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at()
	}
	for _, text := range []string{``, `{"manifests":[`, `{"manifests":[]}`} {
		if l := write(text); l.err == nil || !slices.Equal(l.folders, []string{dir}) {
			t.Errorf("%q: %+v", text, l)
		}
	}
	first := write(`{"manifests":[{"digest":"sha256:1"}]}`)
	if first.err != nil || !first.same(write(`{"manifests":[{"digest":"sha256:1"}]}`)) {
		t.Errorf("%+v", first)
	}
	if second := write(`{"manifests":[{"digest":"sha256:2"}]}`); second.err != nil || second.same(first) {
		t.Errorf("%+v", second)
	}
}
