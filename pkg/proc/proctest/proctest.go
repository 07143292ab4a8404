// Package proctest helps tests that start programs and take ports, so that tests
// at the same time, in this process and in others, don't meet.
package proctest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// Program writes an executable file that can be started at once. No child that
// another test starts meanwhile inherits the open file, which would make the start
// fail with "text file busy".
func Program(t testing.TB, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(text), 0o755)
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = os.Chmod(path, 0o755) // whatever the umask, and if it was there
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Port numbers from firstPort up to, not including, endOfPorts are below those that
// Linux, Windows and macOS give to who wants any port.
const (
	firstPort  = 10_000
	endOfPorts = 32_000
)

// Port gives a port of the loopback that, with the next one, nobody has. It is not
// among those that the system gives to who wants any, and until the test ends Port
// gives it to no other test on this machine (on Linux): so it is still free when the
// test comes to use it.
func Port(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := firstPort + 2*rand.IntN((endOfPorts-firstPort)/2)
		if free(port) && free(port+1) && claim(t, port) {
			return port
		}
	}
	t.Fatal("no two free ports")
	return 0
}

func free(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// claim takes a name for a port that only one process can have: a socket that is in
// no folder (unix(7), "abstract").
func claim(t testing.TB, port int) bool {
	t.Helper()
	if runtime.GOOS != "linux" {
		return true
	}
	name, err := net.Listen("unix", fmt.Sprintf("@s-test-port-%d", port))
	if err != nil {
		return false
	}
	t.Cleanup(func() { _ = name.Close() })
	return true
}
