package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"s/pkg/proc"
	"s/pkg/runtime/rloader"
)

// loaderEnv keeps rloader small; the command gets an environment of its own.
// (GORACE is for test binaries alone, which would sleep a second at their end.)
var loaderEnv = [...]string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=32MiB", "GOTRACEBACK=none", "GORACE=atexit_sleep_ms=0"}

// maxReport bounds a report, of which an error text is the longest part.
const maxReport = 16 << 10

// files are descriptors with the names that rloader knows them by.
type files []struct {
	name string
	file *os.File
}

func (f *files) add(name string, file *os.File) {
	*f = append(*f, struct {
		name string
		file *os.File
	}{name, file})
}

// session is a started rloader: its process and the socket to it.
type session struct {
	pid  int
	wait *waiter
	conn *net.UnixConn
}

// how an rloader is forked.
type how struct {
	namespaces bool     // its own mount, PID and IPC namespaces
	tied       bool     // the kernel kills it with this process
	cgroup     *os.File // version 2 cgroup to be born in
}

// open starts an rloader and gives it its order.
func (l *launcher) open(order rloader.Order, given files, h how) (*session, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "rloader")
	defer theirs.Close()
	ours := os.NewFile(uintptr(pair[0]), "rloader control")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return nil, fmt.Errorf("use the socket pair: %w", err)
	}
	s := &session{conn: conn.(*net.UnixConn)}
	if err := s.fork(l, theirs, h); err != nil {
		s.conn.Close()
		return nil, err
	}
	if err := s.send(order, given); err != nil {
		s.kill()
		s.wait.wait()
		s.close()
		return nil, fmt.Errorf("give rloader its order: %w", err)
	}
	return s, nil
}

func (s *session) fork(l *launcher, control *os.File, h how) error {
	pidfd := -1
	sys := &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd}
	if h.namespaces {
		sys.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	}
	if h.tied {
		sys.Pdeathsig = syscall.SIGKILL
	}
	if h.cgroup != nil {
		sys.UseCgroupFD, sys.CgroupFD = true, int(h.cgroup.Fd())
	}
	null := l.null.Fd()
	attr := &syscall.ProcAttr{Env: loaderEnv[:], Files: []uintptr{null, null, null, control.Fd()}, Sys: sys, Dir: "/"}
	pid, err := l.forker.fork(l.exe, []string{rloader.Path}, attr)
	if err != nil {
		return fmt.Errorf("start rloader: %w", err)
	}
	s.pid = pid
	s.wait = newWaiter(pid, pidfd)
	return nil
}

func (s *session) send(order rloader.Order, given files) error {
	fds := make([]int, 0, len(given))
	for _, f := range given {
		order.Files = append(order.Files, f.name)
		fd := int(f.file.Fd())
		switch f.name {
		case rloader.FileStdin, rloader.FileStdout, rloader.FileStderr:
			_ = unix.SetNonblock(fd, false) // a program expects blocking streams
		}
		fds = append(fds, fd)
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	_, _, err = s.conn.WriteMsgUnix(body, rights, nil)
	return err
}

// report waits for the next report. io.EOF: rloader has closed the socket, by
// becoming the command or by ending.
func (s *session) report(ctx context.Context) (rloader.Report, map[string]*os.File, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	body, oob := make([]byte, maxReport), make([]byte, unix.CmsgSpace(4*4))
	n, oobn, _, _, err := s.conn.ReadMsgUnix(body, oob)
	if errors.Is(err, unix.ECONNRESET) {
		// rloader ended with a message unread. That is told once, and before
		// what it has reported.
		n, oobn, _, _, err = s.conn.ReadMsgUnix(body, oob)
	}
	if ctx.Err() != nil {
		return rloader.Report{}, nil, ctx.Err()
	}
	if err != nil {
		return rloader.Report{}, nil, err
	}
	if n == 0 {
		return rloader.Report{}, nil, io.EOF
	}
	var r rloader.Report
	if err := json.Unmarshal(body[:n], &r); err != nil {
		return r, nil, fmt.Errorf("report of rloader: %w", err)
	}
	got, err := receivedFiles(oob[:oobn], r.Files)
	return r, got, err
}

// receivedFiles takes the descriptors out of a control message.
func receivedFiles(oob []byte, names []string) (map[string]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	got := map[string]*os.File{}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return got, err
		}
		for j, fd := range fds {
			unix.CloseOnExec(fd)
			_ = unix.SetNonblock(fd, true)
			name := "unknown"
			if j < len(names) {
				name = names[j]
			}
			got[name] = os.NewFile(uintptr(fd), name)
		}
	}
	return got, nil
}

// killAll asks a staying rloader to end everything it has started.
func (s *session) killAll() error {
	_, err := s.conn.Write([]byte(rloader.KillAll))
	return err
}

// kill ends rloader, or the command that it became.
func (s *session) kill() { _ = s.wait.signal(unix.SIGKILL) }

func (s *session) close() { s.conn.Close() }

// waiter waits for the end of a child without keeping a thread busy.
type waiter struct {
	pid   int
	pidfd *os.File // nil before Linux 5.2

	mu     sync.Mutex // guards reaping against signals to a number used again
	reaped bool
	status unix.WaitStatus
	most   int64 // bytes that the largest process of the tree had in memory
}

func newWaiter(pid, pidfd int) *waiter {
	w := &waiter{pid: pid}
	if pidfd >= 0 {
		_ = unix.SetNonblock(pidfd, true)
		w.pidfd = os.NewFile(uintptr(pidfd), "pidfd")
	}
	return w
}

// wait returns the child's status when it has ended; to be called once.
func (w *waiter) wait() unix.WaitStatus {
	if w.pidfd == nil {
		return w.waitBlocking()
	}
	raw, err := w.pidfd.SyscallConn()
	if err == nil {
		err = raw.Read(func(uintptr) bool { return w.reap(unix.WNOHANG) })
	}
	if err != nil {
		return w.waitBlocking()
	}
	w.pidfd.Close()
	return w.status
}

func (w *waiter) waitBlocking() unix.WaitStatus {
	var info unix.Siginfo
	for unix.Waitid(unix.P_PID, w.pid, &info, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		continue
	}
	w.reap(0)
	return w.status
}

func (w *waiter) reap(options int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		var used unix.Rusage
		pid, err := unix.Wait4(w.pid, &w.status, options, &used)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil, pid == w.pid:
			w.reaped, w.most = true, used.Maxrss<<10
		}
		return w.reaped
	}
}

// signal sends a signal to the child; os.ErrProcessDone if it has ended.
func (w *waiter) signal(sig unix.Signal) error {
	return w.living(func() error { return unix.Kill(w.pid, sig) })
}

// terminate asks the child to end; os.ErrProcessDone if it has.
func (w *waiter) terminate() error {
	return w.living(func() error { return proc.Terminate(w.pid) })
}

// living does something with a child whose number is still its own.
func (w *waiter) living(do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reaped {
		return os.ErrProcessDone
	}
	return do()
}
