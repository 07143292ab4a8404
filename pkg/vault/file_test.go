package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"s/pkg/local/flock"
)

// The test binary is also the writers of TestWritersTakeTurns and
// TestKilledWriter.
const envWriter = "VAULT_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(envWriter); path != "" {
		os.Exit(write(path, os.Getenv("VAULT_TEST_LINES")))
	}
	os.Exit(m.Run())
}

// write adds lines to a file, forever without a number.
func write(path, lines string) int {
	n, err := strconv.Atoi(lines)
	for i := 0; err != nil || i < n; i++ {
		updated := Update(context.Background(), path, nil, func(old []byte) ([]byte, error) {
			if err != nil && len(old) > 1<<20 {
				old = nil
			}
			return append(slices.Clone(old), strings.Repeat("x", 4095)+"\n"...), nil
		})
		if updated != nil {
			fmt.Fprintln(os.Stderr, updated)
			return 1
		}
	}
	return 0
}

func writer(t *testing.T, path, lines string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envWriter+"="+path, "VAULT_TEST_LINES="+lines)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestWritersTakeTurns: processes that write at once lose nothing.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	const writers, each = 4, 8
	var started []*exec.Cmd
	for range writers {
		started = append(started, writer(t, path, strconv.Itoa(each)))
	}
	for _, cmd := range started {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Count(string(data), "\n") != writers*each {
		t.Errorf("%d lines, %v", strings.Count(string(data), "\n"), err)
	}
}

// TestKilledWriter: wherever it is killed, the file is whole, the next writer
// isn't kept waiting, and nothing is left.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for range 20 {
		before, _ := os.Stat(path)
		cmd := writer(t, path, "forever")
		for deadline := time.Now().Add(20 * time.Second); ; {
			now, err := os.Stat(path)
			if err == nil && (before == nil || !os.SameFile(before, now)) {
				break // it is at work
			}
			if time.Now().After(deadline) {
				t.Fatal("the writer wrote nothing")
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 || len(data)%4096 != 0 {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
	}
	if err := Update(t.Context(), path, nil, func([]byte) ([]byte, error) { return []byte("mine"), nil }); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestUpdateWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	lock, err := flock.Try(filepath.Join(filepath.Dir(path), ".file.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := Update(ctx, path, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestUpdate: what is unchanged or refused isn't written, a link stays one.
func TestUpdate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "file")
	set := func(text string) error {
		return Update(t.Context(), path, nil, func([]byte) ([]byte, error) { return []byte(text), nil })
	}
	if err := set("one"); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	refusal := errors.New("refused")
	if err := Update(t.Context(), path, nil, func([]byte) ([]byte, error) { return []byte("two"), refusal }); !errors.Is(err, refusal) {
		t.Errorf("%v", err)
	}
	if err := set("one"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was written anew: %v", err)
	}
	if runtime.GOOS == "windows" {
		return // links need a privilege
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Update(t.Context(), link, nil, func(old []byte) ([]byte, error) { return append(old, "!"...), nil }); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "one!" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link is gone")
	}
}

// TestReadMendsModes: whatever others could do, they can't any more.
func TestReadMendsModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are Unix's")
	}
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o640, 0o604, 0o644, 0o666, 0o777, 0o620} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var said []string
		data, err := Read(path, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
		if err != nil || string(data) != "text" {
			t.Errorf("%v: %q, %v", mode, data, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode()&0o077 != 0 {
			t.Errorf("%v became %v, %v", mode, info.Mode(), err)
		}
		open := mode&0o077 != 0
		if (len(said) == 1) != open || open && !strings.Contains(said[0], fmt.Sprintf("%s could be read by others (mode %04o)", path, mode)) {
			t.Errorf("%v: said %q", mode, said)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := Read(dir, nil); err == nil {
		t.Error("a folder was read")
	}
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(big, nil); err == nil || !strings.Contains(err.Error(), "larger than 4 MB") {
		t.Errorf("%v", err)
	}
	exposed := &ExposedError{"/x/file", 0o644, fs.ErrPermission}
	if !errors.Is(exposed, fs.ErrPermission) || !strings.Contains(exposed.Error(), "/x/file holds secrets and others can read it (mode 0644)") {
		t.Errorf("%v", exposed)
	}
}
