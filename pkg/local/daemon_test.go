package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// ensureOptions start the test binary as the daemon.
func ensureOptions(t *testing.T, home, version string) EnsureOptions {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Stop(context.Background(), home); err != nil && !errors.Is(err, ErrNotRunning) {
			t.Error(err)
		}
	})
	return EnsureOptions{Home: home, Exe: exe, Version: version, Args: []string{daemonArg, home, version}}
}

func ensure(t *testing.T, o EnsureOptions) *Info {
	t.Helper()
	info, err := Ensure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// kill ends a daemon, which is a child of this process, and waits until it is
// gone.
func kill(t *testing.T, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err == nil {
		_, err = process.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSeveralEnsuresStartOneDaemon(t *testing.T) {
	home := t.TempDir()
	o := ensureOptions(t, home, "1")
	if _, err := Find(t.Context(), home); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("before: %v", err)
	}
	var wg sync.WaitGroup
	pids := make([]int, 4)
	for i := range pids {
		wg.Go(func() {
			info, err := Ensure(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			pids[i] = info.PID
		})
	}
	wg.Wait()
	for _, pid := range pids {
		if pid != pids[0] || pid == os.Getpid() {
			t.Fatalf("daemons %v", pids)
		}
	}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is open to others: %v", path, info.Mode())
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := Stop(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	if err := Stop(t.Context(), home); !errors.Is(err, ErrNotRunning) {
		t.Errorf("second Stop: %v", err)
	}
	if _, err := Find(t.Context(), home); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after: %v", err)
	}
}

func TestKilledDaemonLosesNothing(t *testing.T) {
	home := t.TempDir()
	o := ensureOptions(t, home, "1")
	info := ensure(t, o)
	k := clientOf(t, *info)
	var acknowledged []string
	for i := range 10 {
		name := fmt.Sprintf("f%d", i)
		k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, name, "python3.10", "index.py", name))
		acknowledged = append(acknowledged, name)
	}
	kill(t, info.PID)
	if _, err := Find(t.Context(), home); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("after kill -9: %v", err)
	}
	again := ensure(t, o)
	if again.PID == info.PID || again.AccessKeySecret != info.AccessKeySecret || again.AccountID != info.AccountID {
		t.Errorf("before %+v, after %+v", info, again)
	}
	for _, name := range acknowledged {
		clientOf(t, *again).do(200, "GET", "/2023-03-30/functions/"+name, "")
	}
}

func TestDaemonOfAnotherVersionIsReplaced(t *testing.T) {
	home := t.TempDir()
	first := ensure(t, ensureOptions(t, home, "1"))
	o := ensureOptions(t, home, "2")
	var told string
	o.Restarted = func(version string) { told = version }
	second := ensure(t, o)
	if second.PID == first.PID || second.Version != "2" || told != "1" {
		t.Errorf("first %+v, second %+v, told %q", first, second, told)
	}
	told = ""
	if third := ensure(t, o); third.PID != second.PID || told != "" {
		t.Errorf("the third is %+v", third)
	}
}

// TestReplacementKeepsThePort: the URLs that were shown lead to the new daemon,
// unless its port was asked for.
func TestReplacementKeepsThePort(t *testing.T) {
	home := t.TempDir()
	first := ensure(t, ensureOptions(t, home, "1"))
	o := ensureOptions(t, home, "2")
	o.Port, o.KeepPort = DefaultPort, true
	if second := ensure(t, o); second.Endpoint != first.Endpoint || second.PID == first.PID {
		t.Errorf("first %+v, second %+v", first, second)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o = ensureOptions(t, home, "3")
	o.Port = portOf("http://" + taken.Addr().String())
	var port *PortTakenError
	if _, err := Ensure(t.Context(), o); !errors.As(err, &port) || port.Addr != taken.Addr().String() {
		t.Errorf("a port that was asked for: %v", err)
	}
	for endpoint, want := range map[string]int{"http://127.0.0.1:9": 9, "http://127.0.0.1": 0, "": 0, "http://[": 0} {
		if got := portOf(endpoint); got != want {
			t.Errorf("%q: %d, want %d", endpoint, got, want)
		}
	}
}

func TestStartsThatFail(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o := ensureOptions(t, t.TempDir(), "1")
	_, text, _ := net.SplitHostPort(taken.Addr().String())
	if o.Port, err = strconv.Atoi(text); err != nil {
		t.Fatal(err)
	}
	var port *PortTakenError
	if _, err := Ensure(t.Context(), o); !errors.As(err, &port) || port.Addr != taken.Addr().String() {
		t.Errorf("port taken: %v", err)
	}
	o = ensureOptions(t, t.TempDir(), "1")
	o.Args = []string{daemonArg, o.Home, "1", "no-port"} // it says so on stderr and ends
	if _, err := Ensure(t.Context(), o); err == nil || !strings.Contains(err.Error(), "ended while it started") || !strings.Contains(err.Error(), "no-port") {
		t.Errorf("bad start: %v", err)
	}
	o.Exe = filepath.Join(t.TempDir(), "none")
	if _, err := Ensure(t.Context(), o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
}

func TestEnsureIsCanceled(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("there is no sleep on this machine to stand in for a daemon that never serves")
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := ensureOptions(t, t.TempDir(), "1")
	o.Exe, o.Args, o.Port = sleep, []string{}, 100_000
	done := make(chan error)
	go func() { _, err := Ensure(ctx, o); done <- err }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestDaemonFileOfSomeoneElse(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(DataDir(home), 0o700); err != nil {
		t.Fatal(err)
	}
	other := startCloud(t, options(t.TempDir())) // answers on the port, with other keys
	info := other.Info()
	info.AccessKeySecret = "stale"
	for name, content := range map[string]any{"stale": record{info, ""}, "empty": struct{}{}} {
		if err := writePrivate(filepath.Join(DataDir(home), infoName), content); err != nil {
			t.Fatal(err)
		}
		if _, err := Find(t.Context(), home); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdle(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "90s": 90 * time.Second, "1h": time.Hour, "0s": -1, "-1s": -1, "5": -1, "soon": -1} {
		got, err := Idle(func(string) (string, bool) { return text, text != "" })
		if want < 0 && (err == nil || !strings.Contains(err.Error(), IdleVariable)) || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestPort(t *testing.T) {
	for text, want := range map[string]int{"": DefaultPort, "0": 0, "8080": 8080, "x": -1, "-1": -1, "65536": -1} {
		got, err := Port(func(string) (string, bool) { return text, text != "" })
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
}
