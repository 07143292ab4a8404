package sandbox

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// watchOOM calls kill when the limit is hit: where the kernel ends only one
// process (version 1), the rest of the instance, which waits for it or starts
// it anew, must not outlive it. stop ends the watching.
func (g *cgroup) watchOOM(kill func()) (stop func()) {
	nothing := func() {}
	if g.v2 {
		return nothing // memory.oom.group
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nothing
	}
	event := os.NewFile(uintptr(fd), "out of memory")
	control, err := os.Open(filepath.Join(g.dir, "memory.oom_control"))
	if err != nil {
		event.Close()
		return nothing
	}
	err = g.write("cgroup.event_control", fmt.Sprintf("%d %d", fd, control.Fd()))
	control.Close()
	if err != nil {
		event.Close()
		return nothing // finish finds out, when the instance ends by itself
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var count [8]byte
		// Removing the cgroup signals the event too, but not before stop.
		if _, err := event.Read(count[:]); err == nil {
			g.killed.Store(true)
			kill()
		}
	}()
	return func() {
		event.Close()
		<-done
	}
}
