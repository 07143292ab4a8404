package rloader

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"s/pkg/proc"
)

// keeper is an rloader that stays as the parent of the command: as PID 1 of a
// managed instance, as the root of the process tree where there are no
// namespaces, and as the link to a command in a running instance.
type keeper struct {
	control
	order *Order
	files map[string]int
	// started gets the command's PID, or 0 if there is none.
	started chan int
	ended   chan unix.WaitStatus
	gone    chan struct{} // closed when no child is left
}

// stay runs the command and returns its exit code in the way of a shell.
func stay(c control, order *Order, files map[string]int) int {
	k := &keeper{control: c, order: order, files: files, started: make(chan int), ended: make(chan unix.WaitStatus, 1), gone: make(chan struct{})}
	if err := k.setUp(); err != nil {
		c.report(broken(err))
		return exitBroken
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGTERM)
	if order.Kind == KindProbe {
		return k.probe()
	}
	go k.onThread()
	pid := <-k.started
	if pid == 0 {
		return exitNotStarted
	}
	orders := make(chan struct{})
	go k.listen(orders)
	for {
		select {
		case <-signals:
			_ = proc.Terminate(pid)
		case <-orders: // the sandbox is gone, or wants it so
			killDescendants(k.gone)
			return k.finish(<-k.ended)
		case status := <-k.ended:
			if order.Root == "" {
				killDescendants(k.gone)
			}
			return k.finish(status)
		}
	}
}

// finish reports the end of the command. In a PID namespace of rloader's own,
// what the command has left behind ends with rloader.
func (k *keeper) finish(status unix.WaitStatus) int {
	k.report(Report{Kind: ReportExit, Code: exitCode(status), Signal: exitSignal(status)})
	return shellCode(status)
}

// setUp does what concerns the whole process.
func (k *keeper) setUp() error {
	defaultIgnored()
	preferAsVictim()
	switch {
	case k.order.Kind == KindExec:
		return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	case k.order.Root != "":
		if err := useStreams(k.files); err != nil {
			return err
		}
		return enterRoot(k.order)
	}
	// Outside of a PID namespace the kernel doesn't end the command's children
	// with it; as their reaper this process never loses sight of them.
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// onThread starts the command from a thread that has given up its rights and
// joined the cgroup, and then reaps whatever ends. The thread must live on,
// because the command is ended with it, and must not be the process's first,
// because that one decides where rloader's own memory is charged.
func (k *keeper) onThread() {
	runtime.LockOSThread()
	if leader() {
		go k.onThread()
		select {}
	}
	pid, err := k.start()
	if err != nil {
		k.started <- 0
		return
	}
	k.started <- pid
	for {
		var status unix.WaitStatus
		switch got, err := unix.Wait4(-1, &status, 0, nil); {
		case err == unix.EINTR:
		case err != nil:
			close(k.gone)
			return
		case got == pid:
			k.ended <- status
		}
	}
}

// start reports for itself how it went.
func (k *keeper) start() (int, error) {
	listener, streams, err := k.enter()
	if err != nil {
		k.report(broken(err))
		return 0, err
	}
	ready := Report{Kind: ReportReady}
	var fds []int
	if listener >= 0 {
		ready.Files, fds = append(ready.Files, FileListener), append(fds, listener)
	}
	if streams.master >= 0 {
		ready.Files, fds = append(ready.Files, FileTerminal), append(fds, streams.master)
	}
	k.report(ready, fds...)
	for _, fd := range fds {
		unix.Close(fd)
	}
	pid, err := k.spawn(streams)
	if err != nil {
		k.report(Report{Kind: ReportNotStarted, Why: err.Error()})
	} else {
		k.report(Report{Kind: ReportStarted, PID: pid})
	}
	streams.close()
	return pid, err
}

// enter brings the calling thread to where the command will run.
func (k *keeper) enter() (listener int, streams streams, err error) {
	streams = ownStreams(k.files)
	if fd, ok := k.files[FileInstance]; ok {
		if err := joinInstance(fd); err != nil {
			return -1, streams, err
		}
	}
	if k.order.TTY {
		if streams, err = openTerminal(k.order.Rows, k.order.Cols); err != nil {
			return -1, streams, err
		}
	}
	listener, err = confineThread(k.order, k.files)
	return listener, streams, err
}

// joinInstance moves the calling thread into the mount and IPC namespaces of
// an instance, and its future children into its PID namespace.
func joinInstance(pidfd int) error {
	// A thread that shares its root and working directory with others is not
	// allowed to change its mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Setns(pidfd, unix.CLONE_NEWNS|unix.CLONE_NEWPID|unix.CLONE_NEWIPC); err != nil {
		return fmt.Errorf("enter the instance: %w", err)
	}
	return nil
}

// spawn forks the command.
func (k *keeper) spawn(s streams) (int, error) {
	if err := changeDir(k.order.Dir); err != nil {
		return 0, err
	}
	path, err := lookup(k.order)
	if err != nil {
		return 0, err
	}
	closeStray()
	attr := &syscall.ProcAttr{
		Dir: k.order.Dir, Env: k.order.Env,
		Files: []uintptr{uintptr(s.stdin), uintptr(s.stdout), uintptr(s.stderr)},
		Sys:   &syscall.SysProcAttr{},
	}
	if _, joined := k.files[FileInstance]; !joined {
		// syscall takes a parent in another PID namespace for dead.
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	if k.order.TTY {
		attr.Sys.Setsid, attr.Sys.Setctty = true, true
	}
	if fd, ok := k.files[FileCgroup]; ok {
		attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, fd
	}
	pid, err := syscall.ForkExec(path, k.order.Args, attr)
	if err != nil {
		return 0, startError(path, err)
	}
	return pid, nil
}

// listen assigns the function that a spare is to run, and closes orders when the
// sandbox asks to end everything, or is gone.
func (k *keeper) listen(orders chan<- struct{}) {
	for {
		body, fds, err := k.receive()
		if err == nil && string(body) != KillAll {
			k.assign(body, fds)
			for _, fd := range fds {
				unix.Close(fd)
			}
			continue
		}
		if err == nil || !errors.Is(err, unix.EAGAIN) {
			close(orders)
			return
		}
	}
}

func exitCode(s unix.WaitStatus) int {
	if s.Exited() {
		return s.ExitStatus()
	}
	return -1
}

func exitSignal(s unix.WaitStatus) int {
	if s.Signaled() {
		return int(s.Signal())
	}
	return 0
}

// shellCode is how a shell would give the status.
func shellCode(s unix.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}
