package proctest

import (
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// Tests at the same time get ports of their own, which can be taken.
func TestPort(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	given := map[int]bool{}
	for range 50 {
		wg.Go(func() {
			port := Port(t)
			mu.Lock()
			defer mu.Unlock()
			if runtime.GOOS == "linux" && (given[port] || given[port+1]) {
				t.Errorf("%d was given twice", port)
			}
			given[port], given[port+1] = true, true
		})
	}
	wg.Wait()
	port := Port(t)
	for _, p := range []int{port, port + 1} {
		if p < firstPort || p >= endOfPorts {
			t.Errorf("port %d", p)
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
	}
	if free(port) || runtime.GOOS == "linux" && claim(t, port) {
		t.Error("what is taken is free")
	}
}

// A port is another test's once the test has ended.
func TestPortIsGivenBack(t *testing.T) {
	t.Parallel()
	port := 0
	t.Run("first", func(t *testing.T) { port = Port(t) })
	if !claim(t, port) {
		t.Error("it is still claimed")
	}
}

// Programs start while others are being written and started.
func TestProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a script needs Unix")
	}
	dir := t.TempDir()
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 20 {
				path := filepath.Join(dir, strconv.Itoa(n))
				Program(t, path, "#!/bin/sh\necho "+strconv.Itoa(n)+"\n")
				if out, err := exec.Command(path).Output(); err != nil || string(out) != strconv.Itoa(n)+"\n" {
					t.Errorf("%q, %v", out, err)
				}
			}
		})
	}
	wg.Wait()
}
