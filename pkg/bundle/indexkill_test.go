package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestManyAtOnce packs one tree to one place from several sides while it
// changes: each gets a whole archive or a clear error, and the last one is right.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": noise(50_000), "b": strings.Repeat("text ", 5000), "c": "1"}), filepath.Join(t.TempDir(), "code.zip")
	var wg sync.WaitGroup
	for side := range 4 {
		wg.Go(func() {
			for i := range 15 {
				if side == 0 {
					if err := os.WriteFile(filepath.Join(dir, "c"), []byte(fmt.Sprint(i)), 0o600); err != nil {
						t.Error(err)
					}
				}
				_, err := Pack(context.Background(), dir, Options{Out: out, Index: true, now: later})
				var fe *FileError
				if err != nil && (!errors.As(err, &fe) || fe.Path != "c") {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	indexed(t, dir, out)
	if !bytes.Equal(read(t, out), plain(t, dir)) {
		t.Error("wrong bytes")
	}
}

// TestKilledWhilePacking kills a process that packs, again and again.
func TestKilledWhilePacking(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("S_TEST_PACK_DIR"); dir != "" { // the process to kill
		for i := 0; ; i++ {
			if err := os.WriteFile(filepath.Join(dir, "c"), []byte(fmt.Sprint(i)), 0o600); err != nil {
				t.Fatal(err)
			}
			packed(t, dir, Options{Out: os.Getenv("S_TEST_PACK_OUT"), Index: true, now: later})
			if i == 0 {
				fmt.Println("packing")
			}
		}
	}
	dir, out := plant(t, map[string]string{"a": noise(300_000), "b": strings.Repeat("text ", 50_000), "c": "1"}), filepath.Join(t.TempDir(), "code.zip")
	for range 8 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhilePacking$")
		cmd.Env = append(os.Environ(), "S_TEST_PACK_DIR="+dir, "S_TEST_PACK_OUT="+out)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := stdout.Read(make([]byte, 8)); err != nil {
			t.Errorf("it never packed: %v", err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		unpack(t, out) // whole
		indexed(t, dir, out)
		if !bytes.Equal(read(t, out), plain(t, dir)) {
			t.Error("wrong bytes")
		}
	}
}

func TestWhatKilledProcessesLeftIsSwept(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": "1"}), filepath.Join(t.TempDir(), "code.zip")
	for name, age := range map[string]time.Duration{".code.zip.tmp-1": 2 * abandoned, ".code.zip.tmp-2": 0, ".other.zip.tmp-1": 2 * abandoned} {
		path := filepath.Join(filepath.Dir(out), name)
		when := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	packed(t, dir, Options{Out: out, Index: true})
	entries, err := os.ReadDir(filepath.Dir(out))
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string{".code.zip.tmp-2", ".other.zip.tmp-1", "code.zip", "code.zip.index"}, left); diff != "" {
		t.Error(diff)
	}
}
