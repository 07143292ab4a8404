package rloader

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is the kernel's struct of amd64 and arm64; its zero value asks for
// the default action.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// lastSignal is the highest signal number.
const lastSignal = 64

// defaultSignals gives signals that are ignored (nohup, a shell's background
// job) their default action again: what is ignored survives execve. Go's own
// handlers are no matter, execve removes them.
func defaultSignals() {
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil)
	var action sigaction
	for sig := uintptr(1); sig <= lastSignal; sig++ {
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(action.mask), 0, 0)
	}
}

// defaultIgnored does the same for the signals that a process inherits as
// ignored, and leaves the handlers of a process that goes on.
func defaultIgnored() {
	const ignored = 1
	var reset sigaction
	for sig := uintptr(1); sig <= lastSignal; sig++ {
		var old sigaction
		_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&old)), unsafe.Sizeof(old.mask), 0, 0)
		if e == 0 && old.handler == ignored {
			_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&reset)), 0, unsafe.Sizeof(old.mask), 0, 0)
		}
	}
}
