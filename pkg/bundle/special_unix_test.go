//go:build linux || darwin

package bundle

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipesAreRefused must not wait for somebody to write to the pipe, whether
// it is there when the tree is listed or takes a file's place later.
func TestPipesAreRefused(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"a": "1"})
	pipe := filepath.Join(dir, "d")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	_, err := Pack(context.Background(), dir, Options{Out: filepath.Join(t.TempDir(), "code.zip")})
	if err == nil || err.Error() != "d: is a pipe, which code can't hold" {
		t.Errorf("got %v", err)
	}
	if got := list(t, dir, ListOptions{NoOdd: true}).Entries; len(got) != 1 {
		t.Errorf("listed %+v", got)
	}
	if err := errors.Join(os.Remove(pipe), os.WriteFile(pipe, []byte("2"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l := listed{list(t, dir, ListOptions{}), func(e Entry) {
		if e.Path != "d" {
			return
		}
		if err := errors.Join(os.Remove(pipe), syscall.Mkfifo(pipe, 0o600)); err != nil {
			t.Error(err)
		}
	}}
	var fe *FileError
	if _, err := pack(context.Background(), l, Options{}.withDefaults()); !errors.As(err, &fe) || fe.Path != "d" {
		t.Errorf("a pipe in a file's place: %v", err)
	}
}

func TestKindsOfFiles(t *testing.T) {
	t.Parallel()
	for mode, want := range map[fs.FileMode]string{
		fs.ModeSocket: "a socket", fs.ModeNamedPipe: "a pipe", fs.ModeDevice: "a device", fs.ModeDevice | fs.ModeCharDevice: "a device", fs.ModeIrregular: "a special file",
	} {
		if got := kind(mode).String(); got != "is "+want+", which code can't hold" {
			t.Errorf("%v is %s, want %s", mode, got, want)
		}
	}
}
