package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Terminate asks a process to end, by SIGTERM. The error is ESRCH if it has ended.
//
// Its first thread gets the signal, unless it blocks it. A signal to the process is
// for any of its threads, and while the first one isn't yet back from being stopped
// (SIGCONT), the kernel wakes another. But CPython calls handlers in its first
// thread alone, whose wait in the kernel goes on then.
func Terminate(pid int) error {
	if firstTakes(pid, unix.SIGTERM) {
		return unix.Tgkill(pid, pid, unix.SIGTERM)
	}
	return unix.Kill(pid, unix.SIGTERM)
}

// firstTakes reports whether the first thread of a process lives and doesn't block
// a signal (proc_pid_status(5)).
func firstTakes(pid int, sig unix.Signal) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":\t"))
		switch string(name) {
		case "State":
			if len(value) == 0 || value[0] == 'Z' || value[0] == 'X' {
				return false
			}
		case "SigBlk":
			blocked, err := strconv.ParseUint(string(value), 16, 64)
			return err == nil && blocked>>(sig-1)&1 == 0
		}
	}
	return false
}
