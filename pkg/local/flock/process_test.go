package flock

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// envHold makes the test binary a process that holds a lock until it is killed.
const envHold = "FLOCK_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(envHold); path != "" {
		f, err := Try(path)
		if err != nil {
			os.Stdout.WriteString("refused\n")
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		bufio.NewReader(os.Stdin).ReadString('\n') // until the parent is gone
		f.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// holder starts a process that holds the lock and gives what it said.
func holder(t *testing.T, path string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envHold+"="+path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, said
}

// TestOtherProcess: a lock holds against another process, and is free once that
// one is killed, without a chance to give it back.
func TestOtherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	cmd, said := holder(t, path)
	if said != "held\n" {
		t.Fatalf("the process says %q", said)
	}
	if _, err := Try(path); !errors.Is(err, ErrLocked) {
		t.Fatalf("Try beside another process: %v", err)
	}
	if _, said := holder(t, path); said != "refused\n" {
		t.Errorf("a second process says %q", said)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	f, err := Wait(t.Context(), path)
	if err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	f.Close()
}

// TestManyWaiters: whoever waits gets the lock, one at a time.
func TestManyWaiters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	inside, total := 0, 0
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 8 {
		wg.Go(func() {
			f, err := Wait(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside++
			total++
			if inside != 1 {
				t.Errorf("%d have the lock", inside)
			}
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			f.Close()
		})
	}
	wg.Wait()
	if total != 8 {
		t.Errorf("%d had the lock", total)
	}
}

// TestContentStays: a lock file may hold something.
func TestContentStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := os.ReadFile(path); err != nil || string(data) != "kept" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
}
