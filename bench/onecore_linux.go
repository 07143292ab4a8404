package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"s/pkg/proc"
)

// onOneCore does something while the local cloud, its functions and the threads that
// call join have one processor between them: none is woken on another one then,
// which costs more than all else where interrupts between processors are dear, and
// is the kernel's choice otherwise. It reports whether that can be done here.
func (w *World) onOneCore(do func(join func() error) error) (done bool, err error) {
	daemon, err := w.daemon()
	if err != nil {
		return false, err
	}
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return false, err
	}
	for cpu := range len(all) * 64 {
		if all.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	pids := append(proc.Descendants(daemon), daemon)
	if err := bind(pids, &one); err != nil {
		return false, errors.Join(err, bind(pids, &all))
	}
	return true, errors.Join(do(func() error { return unix.SchedSetaffinity(0, &one) }), bind(pids, &all))
}

// bind gives all threads of processes these processors. Threads that begin
// meanwhile have those of the thread that began them, so it looks twice.
func bind(pids []int, to *unix.CPUSet) error {
	for range 2 {
		for _, pid := range pids {
			tasks, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
			if err != nil {
				continue // it has ended
			}
			for _, task := range tasks {
				tid, err := strconv.Atoi(task.Name())
				if err != nil {
					return err
				}
				if err := unix.SchedSetaffinity(tid, to); err != nil && !errors.Is(err, unix.ESRCH) {
					return os.NewSyscallError("sched_setaffinity", err)
				}
			}
		}
	}
	return nil
}
