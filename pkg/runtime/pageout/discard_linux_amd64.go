package pageout

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A process's memory can be taken away by nobody but itself. So one of its
// threads is made to call madvise(2), as a debugger calls functions in a program:
// its registers are put aside meanwhile. No other thread moves, and no signal is
// delivered.

// Requests of ptrace(2) that package unix has no functions for.
const (
	ptraceGetSigmask = 0x420a
	ptraceSetSigmask = 0x420b
	codeSegment64    = 0x33 // CS of 64-bit programs
)

// maxStops is how often a thread may stop between two stops at calls.
const maxStops = 16

// syscallStop is how a thread stops at a call with PTRACE_O_TRACESYSGOOD.
const syscallStop = unix.SIGTRAP | 0x80

// discard takes the areas away.
func (p *part) discard() error {
	if len(p.chunks) == 0 {
		return nil
	}
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	t, err := p.seize()
	if err != nil {
		return err
	}
	for _, a := range p.areas {
		p.begun = true
		if err = t.call(unix.SYS_MADVISE, a.start, a.end-a.start, unix.MADV_DONTNEED); err != nil {
			break
		}
	}
	return errors.Join(err, t.leave())
}

// tracee is a thread that calls the kernel for us.
type tracee struct {
	tid   int
	entry uint64 // the address of a syscall instruction
	regs  unix.PtraceRegs
	mask  uint64
}

// seize takes hold of a thread that stands still.
func (p *part) seize() (*tracee, error) {
	tasks, err := os.ReadDir(file(p.pid, "task"))
	if err != nil {
		return nil, err
	}
	refused := fmt.Errorf("%w: no thread of process %d stands still", ErrUnsupported, p.pid)
	for _, task := range tasks {
		if stateOf(filepath.Join(file(p.pid, "task"), task.Name())) != 'T' {
			continue
		}
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			return nil, err
		}
		t := &tracee{tid: tid}
		if err := unix.PtraceSeize(tid); err != nil {
			return nil, fmt.Errorf("%w: trace process %d: %w", ErrUnsupported, p.pid, err)
		}
		if refused = t.prepare(p.mem); refused == nil {
			return t, nil
		}
		_ = unix.PtraceDetach(tid)
	}
	return nil, refused
}

// prepare notes how the thread is and keeps signals away from it.
func (t *tracee) prepare(mem *os.File) error {
	if _, err := t.wait(); err != nil {
		return err
	}
	if err := unix.PtraceGetRegs(t.tid, &t.regs); err != nil {
		return err
	}
	if t.regs.Cs != codeSegment64 {
		return fmt.Errorf("%w: a 32-bit program", ErrUnsupported)
	}
	// A thread that waits in the kernel, as all do that have nothing to do, has
	// the instruction before the next one.
	var code [2]byte
	t.entry = t.regs.Rip - uint64(len(code))
	if _, err := mem.ReadAt(code[:], int64(t.entry)); err != nil || code != [2]byte{0x0f, 0x05} {
		return fmt.Errorf("%w: thread %d is at work", ErrUnsupported, t.tid)
	}
	if err := unix.PtraceSetOptions(t.tid, unix.PTRACE_O_TRACESYSGOOD); err != nil {
		return err
	}
	if err := t.sigmask(ptraceGetSigmask, &t.mask); err != nil {
		return err
	}
	all := ^uint64(0)
	return t.sigmask(ptraceSetSigmask, &all)
}

// leave puts the thread back to where it was.
func (t *tracee) leave() error {
	return errors.Join(
		unix.PtraceSetRegs(t.tid, &t.regs),
		t.sigmask(ptraceSetSigmask, &t.mask),
		unix.PtraceDetach(t.tid))
}

// call makes the thread call the kernel.
func (t *tracee) call(number, a, b, c uint64) error {
	regs := t.regs
	regs.Rip, regs.Rax, regs.Rdi, regs.Rsi, regs.Rdx = t.entry, number, a, b, c
	regs.Orig_rax = ^uint64(0) // not in a call that would begin again
	if err := unix.PtraceSetRegs(t.tid, &regs); err != nil {
		return err
	}
	for range 2 { // at the beginning of the call and at its end
		if err := t.toStop(); err != nil {
			return err
		}
	}
	if err := unix.PtraceGetRegs(t.tid, &regs); err != nil {
		return err
	}
	if result := int64(regs.Rax); result < 0 {
		return fmt.Errorf("call %d in thread %d: %w", number, t.tid, unix.Errno(-result))
	}
	return nil
}

// toStop lets the thread go on to its next stop at a call.
func (t *tracee) toStop() error {
	for range maxStops {
		// A further SIGSTOP, which can't be blocked, is dropped: the process has
		// stopped.
		if err := unix.PtraceSyscall(t.tid, 0); err != nil {
			return err
		}
		switch sig, err := t.wait(); {
		case err != nil:
			return err
		case sig == syscallStop:
			return nil
		case sig != unix.SIGSTOP:
			return fmt.Errorf("thread %d stopped with signal %d", t.tid, sig)
		}
	}
	return fmt.Errorf("thread %d stops again and again", t.tid)
}

// wait waits for the thread's next stop.
func (t *tracee) wait() (unix.Signal, error) {
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(t.tid, &status, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case !status.Stopped():
			return 0, fmt.Errorf("thread %d has ended", t.tid)
		default:
			return status.StopSignal(), nil
		}
	}
}

// sigmask reads or writes the thread's mask of blocked signals.
func (t *tracee) sigmask(request uintptr, mask *uint64) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, request, uintptr(t.tid), unsafe.Sizeof(*mask), uintptr(unsafe.Pointer(mask)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
