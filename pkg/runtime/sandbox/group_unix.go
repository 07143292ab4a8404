//go:build !linux && !windows

package sandbox

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"s/pkg/runtime/rloader"
)

// guard ends the process groups that are left when this program ends, however
// it does: a watching rloader sees its standard input end.
type guard struct {
	mu      sync.Mutex
	watcher *exec.Cmd
	lines   io.WriteCloser
}

func newGuard(exe string) (*guard, error) {
	cmd := &exec.Cmd{Path: exe, Args: []string{rloader.Path, rloader.Watch}, Env: []string{"GOMAXPROCS=1"}, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	lines, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &guard{watcher: cmd, lines: lines}, cmd.Start()
}

// start starts the command as a group of its own.
func (g *guard) start(cmd *exec.Cmd, _ int) (group, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	g.tell(cmd.Process.Pid, true)
	return group(cmd.Process.Pid), nil
}

func (g *guard) ended(group group) { g.tell(int(group), false) }

func (g *guard) tell(id int, begins bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = io.WriteString(g.lines, rloader.WatchLine(id, begins))
}

func (g *guard) close() error {
	g.lines.Close()
	return g.watcher.Wait()
}

// group is the number of a process group.
type group int

func (g group) signal(sig syscall.Signal) error { return syscall.Kill(-int(g), sig) }

func (g group) kill() { _ = g.signal(syscall.SIGKILL) }

// memory is the sum of the resident sizes, as ps tells it.
func (g group) memory() int64 {
	out, err := exec.Command("ps", "-axo", "pgid=,rss=").Output()
	if err != nil {
		return 0
	}
	var sum int64
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[0] != strconv.Itoa(int(g)) {
			continue
		}
		kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
		sum += kilobytes << 10
	}
	return sum
}

// Terminate sends SIGTERM to the program.
func (p *process) Terminate() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// Freeze stops all processes.
func (p *process) Freeze() error { return p.group.signal(syscall.SIGSTOP) }

// Thaw continues them.
func (p *process) Thaw() error { return p.group.signal(syscall.SIGCONT) }

func exitOf(state *os.ProcessState) Exit {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return Exit{Code: -1, Signal: status.Signal().String()}
	}
	return Exit{Code: state.ExitCode()}
}

func signalNumber(state *os.ProcessState) int {
	status, _ := state.Sys().(syscall.WaitStatus)
	return int(status.Signal())
}
