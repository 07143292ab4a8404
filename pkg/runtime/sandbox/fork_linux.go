package sandbox

import (
	"runtime"
	"syscall"
)

// forker starts processes from one thread that lives as long as it does. The
// kernel ties "die with your parent" to the thread that forked, and Go retires
// threads as it likes.
type forker struct {
	jobs chan func()
}

func newForker() *forker {
	f := &forker{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the loop
		for job := range f.jobs {
			job()
		}
	}()
	return f
}

// fork starts argv0. The caller must not use f after close.
func (f *forker) fork(argv0 string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	done := make(chan struct{})
	f.jobs <- func() {
		pid, err = syscall.ForkExec(argv0, argv, attr)
		close(done)
	}
	<-done
	return pid, err
}

// close ends the thread, and with it every process that it started and that is
// tied to it.
func (f *forker) close() { close(f.jobs) }
