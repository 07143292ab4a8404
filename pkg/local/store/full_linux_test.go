package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// tinyDisk mounts a file system of its own, which only root can.
func tinyDisk(t *testing.T, kilobytes int) string {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kilobytes))
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("mounting a small file system needs root")
	}
	must(t, err)
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return string(b)
}

func TestFullDiskForCode(t *testing.T) {
	s := open(t, tinyDisk(t, 1024))
	deploy(t, s, "small", archive(t, entry{"a", "1", 0o644}))
	before := codeFiles(t, s)
	_, _, err := s.PutCode(archive(t, entry{"big", random(2 << 20), 0o644}))
	wantError[*DiskFullError](t, err)
	if after := codeFiles(t, s); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("left over: %v", after)
	}
	must(t, s.CreateFunction(function("another"))) // the store goes on
}

func TestFullDiskForUnpacking(t *testing.T) {
	s := open(t, tinyDisk(t, 1024))
	code := deploy(t, s, "f", archive(t, entry{"big", string(make([]byte, 4<<20)), 0o644}))
	before := codeFiles(t, s)
	_, _, err := s.OpenCode(code.SHA256)
	wantError[*DiskFullError](t, err)
	if after := codeFiles(t, s); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("left over: %v", after)
	}
}

func TestFullDiskForTheDatabase(t *testing.T) {
	dir := tinyDisk(t, 512)
	s := open(t, dir)
	ballast := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 100<<10), 0o600))
	var stored int
	var err error
	for ; err == nil && stored < 1000; stored++ {
		f := function(fmt.Sprintf("f%d", stored))
		f.Function.Description = random(8 << 10)
		err = s.CreateFunction(f)
	}
	wantError[*DiskFullError](t, err)
	stored--
	if n := len(s.Functions("r")); n != stored {
		t.Fatalf("%d functions in memory, %d acknowledged", n, stored)
	}
	must(t, os.Remove(ballast), s.DeleteFunction("r", "f0", accept)) // the user freed some space
	if n := len(reopen(t, s).Functions("r")); n != stored-1 {
		t.Errorf("%d functions after reopening, want %d", n, stored-1)
	}
}
