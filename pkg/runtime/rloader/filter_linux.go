package rloader

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in the kernel's struct seccomp_data (linux/seccomp.h), little endian.
const (
	dataNumber   = 0
	dataArch     = 4
	dataFirstArg = 16
)

// The numbers of i386's calls, for 32-bit programs on a 64-bit kernel
// (asm/unistd_32.h); socketcall's first argument says which call it is.
const (
	i386Socketcall = 102
	i386Bind       = 361
	i386Listen     = 363
	callBind       = 2
	callListen     = 4
)

// x32Bit marks calls of the x32 ABI of x86_64.
const x32Bit = 0x40000000

// CanFilter reports whether the filter is known for this processor.
func CanFilter() bool { return nativeArch() != 0 }

func nativeArch() uint32 {
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64
	}
	return 0
}

// portFilter asks the listener about bind, listen and connect and lets all else
// pass, except ways around it: io_uring has its own bind, and the 32-bit calls
// carry addresses that the listener doesn't read. Those are refused.
func portFilter() []unix.SockFilter {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	skipUnless := func(value uint32, skip int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jf: uint8(skip)}
	}
	result := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	on := func(value, action uint32) []unix.SockFilter {
		return []unix.SockFilter{skipUnless(value, 1), result(action)}
	}
	refuse := uint32(unix.SECCOMP_RET_ERRNO | unix.EACCES)
	missing := uint32(unix.SECCOMP_RET_ERRNO | unix.ENOSYS)

	foreign := on(i386Bind, refuse)
	foreign = append(foreign, on(i386Listen, refuse)...)
	foreign = append(foreign, skipUnless(i386Socketcall, 5), load(dataFirstArg))
	foreign = append(foreign, on(callBind, refuse)...)
	foreign = append(foreign, on(callListen, refuse)...)
	foreign = append([]unix.SockFilter{load(dataNumber)}, append(foreign, result(unix.SECCOMP_RET_ALLOW))...)
	if runtime.GOARCH != "amd64" {
		foreign = []unix.SockFilter{result(unix.SECCOMP_RET_ALLOW)}
	}

	// A jump reaches 255 instructions; the foreign part has about a dozen.
	program := []unix.SockFilter{load(dataArch), {Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nativeArch(), Jt: uint8(len(foreign))}}
	program = append(program, foreign...)
	program = append(program, load(dataNumber))
	if runtime.GOARCH == "amd64" {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: x32Bit, Jf: 1}, result(missing))
	}
	for _, call := range [...]uint32{unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN} {
		program = append(program, on(call, unix.SECCOMP_RET_USER_NOTIF)...)
	}
	program = append(program, on(unix.SYS_IO_URING_SETUP, missing)...)
	return append(program, result(unix.SECCOMP_RET_ALLOW))
}

// installFilter puts the calling thread, and all that it starts, under the
// port filter and returns the listener's descriptor. It needs no_new_privs.
func installFilter() (int, error) {
	program := portFilter()
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	// Without "killable", a signal (Go's preemption) would interrupt a call
	// that is being answered, and it would be asked again.
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno == unix.EINVAL { // before Linux 5.19
		fd, _, errno = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	}
	runtime.KeepAlive(program)
	if errno != 0 {
		return -1, fmt.Errorf("install the port filter: %w", errno)
	}
	return int(fd), nil
}
