package rawio

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// ReadAt reads once at an offset of a file that answers at once, as those of
// cgroups do, and gives what came. The error at its end is io.EOF.
func ReadAt(f *os.File, p []byte, offset int64) (int, error) {
	n, err := callAt(syscall.SYS_PREAD64, f, p, offset)
	if err == nil && n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// WriteAt writes once at an offset of such a file.
func WriteAt(f *os.File, p []byte, offset int64) (int, error) {
	return callAt(syscall.SYS_PWRITE64, f, p, offset)
}

// callAt makes a call at an offset, again if a signal came in between.
func callAt(number uintptr, f *os.File, p []byte, offset int64) (n int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		for {
			var r uintptr
			r, _, errno = syscall.RawSyscall6(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(offset), 0, 0) //nolint:gosec // a buffer for the call
			if n = int(r); errno != syscall.EINTR {
				return
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case errno != 0:
		return 0, &os.PathError{Op: "access", Path: f.Name(), Err: errno}
	}
	return n, nil
}
