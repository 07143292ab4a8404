package templates

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
	"testing"
)

// tree reads all files of fsys, but the Go files of this package.
func tree(t *testing.T, fsys fs.FS) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "templates.go" || name == "templates_test.go" {
			return err
		}
		files[name], err = fs.ReadFile(fsys, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Embedding skips files without a word (a folder that isn't listed, one with a
// go.mod in it): what is on disk must all be in the program.
func TestEverythingIsEmbedded(t *testing.T) {
	t.Parallel()
	disk, embedded := tree(t, os.DirFS(".")), tree(t, FS)
	if len(disk) == 0 {
		t.Fatal("no templates on disk")
	}
	for name, data := range disk {
		got, ok := embedded[name]
		switch {
		case !ok:
			t.Errorf("%s isn't embedded", name)
		case !bytes.Equal(got, data):
			t.Errorf("%s differs from the embedded one", name)
		}
	}
	for name := range embedded {
		if _, ok := disk[name]; !ok {
			t.Errorf("%s is embedded but not on disk", name)
		}
	}
}

func TestTemplatesThatMustBeThere(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	wanted := []string{"fc-custom-python37-event", "start-fc-custom-container"}
	for _, language := range []string{"python", "nodejs", "nodejs-esm", "typescript", "java", "go", "php"} {
		wanted = append(wanted, "start-fc-event-"+language, "start-fc-http-"+language)
	}
	for _, server := range []string{"flask", "fastapi", "express", "springboot", "go", "websocket"} {
		wanted = append(wanted, "start-fc-custom-"+server)
	}
	for _, want := range wanted {
		if !slices.Contains(names, want) {
			t.Errorf("no template %s in %v", want, names)
		}
	}
}
