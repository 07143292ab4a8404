package image

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for text, want := range map[string]bool{
		"         0      65534          1\n": true, "0 0 4294967295\n": false, "0 1000 1\n1 100000 65536\n": false, "": false,
	} {
		file := filepath.Join(dir, "uid_map")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := alone(file); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	if alone(filepath.Join(dir, "none")) {
		t.Error("alone where no file says so")
	}
}
