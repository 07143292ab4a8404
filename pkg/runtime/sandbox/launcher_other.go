//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// launcher starts instances as process groups, with the host's file system and
// ports.
type launcher struct {
	guard *guard

	mu        sync.Mutex
	closed    bool
	processes map[*process]struct{}
}

func newLauncher(o Options) (Launcher, error) {
	exe := o.SelfExe
	if exe == "" {
		var err error
		if exe, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	guard, err := newGuard(exe)
	if err != nil {
		return nil, fmt.Errorf("start the watch over instances: %w", err)
	}
	return &launcher{guard: guard, processes: map[*process]struct{}{}}, nil
}

// Isolation says what confines the launcher's instances.
func (l *launcher) Isolation() Isolation {
	return Isolation{Mode: ModeProcess, Memory: MemorySampled, Ports: PortsFixed, Disk: DiskUnlimited, Why: "namespaces are a feature of Linux"}
}

// Launch starts an instance.
func (l *launcher) Launch(ctx context.Context, spec Spec) (Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if spec.Image != nil {
		return nil, ErrNoImages
	}
	p := &process{l: l, spec: spec, done: make(chan struct{})}
	if spec.Port > 0 {
		p.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(spec.Port))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	p.cmd = p.command(spec.Args, spec.Env, spec.Dir)
	if spec.Stdout != nil {
		p.cmd.Stdout = spec.Stdout
	}
	if spec.Stderr != nil {
		p.cmd.Stderr = spec.Stderr
	}
	group, err := l.guard.start(p.cmd, spec.MemoryMB)
	if err != nil {
		p.exit = Exit{Code: -1, StartFail: startFail(spec.Args, err)}
		close(p.done)
		return p, nil
	}
	p.group = group
	l.processes[p] = struct{}{}
	go p.watch()
	return p, nil
}

// Close kills all instances.
func (l *launcher) Close() error {
	l.mu.Lock()
	l.closed = true
	var left []*process
	for p := range l.processes {
		left = append(left, p)
	}
	l.mu.Unlock()
	for _, p := range left {
		p.Kill()
	}
	return l.guard.close()
}

// startFail words an error as rloader does on Linux.
func startFail(args []string, err error) string {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	kind := StartNotProgram
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		kind = StartNotFound
	case errors.Is(err, os.ErrPermission):
		kind = StartPermission
	}
	return fmt.Sprintf("%s: %s: %v", kind, name, err)
}

// process is an instance: a process group.
type process struct {
	l     *launcher
	spec  Spec
	cmd   *exec.Cmd
	group group
	addr  string
	done  chan struct{}

	mu   sync.Mutex
	exit Exit
	peak int64
	oom  bool
}

// command is a command of the instance, with the host's paths.
func (p *process) command(args, env []string, dir string) *exec.Cmd {
	paths := newPathMap(p.spec)
	mapped := paths.all(args)
	if len(mapped) == 0 {
		mapped = []string{""}
	}
	cmd := &exec.Cmd{Path: mapped[0], Args: mapped, Env: paths.env(Spec{Env: env, TmpDir: p.spec.TmpDir}), Dir: paths.one(dir)}
	if filepath.Base(mapped[0]) != mapped[0] {
		return cmd
	}
	for _, pair := range cmd.Env {
		if len(pair) < 5 || pair[:5] != "PATH=" {
			continue
		}
		for _, folder := range filepath.SplitList(pair[5:]) {
			if found, err := exec.LookPath(filepath.Join(folder, mapped[0])); err == nil {
				cmd.Path = found
				return cmd
			}
		}
	}
	cmd.Err = fmt.Errorf("%w: %s", exec.ErrNotFound, mapped[0])
	return cmd
}

// OutOfMemory reports whether the limit ends the program, or has.
func (p *process) OutOfMemory() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.oom
}

// watch waits for the end, looking at the memory meanwhile.
func (p *process) watch() {
	quit := make(chan struct{})
	go p.sample(quit)
	_ = p.cmd.Wait()
	close(quit)
	p.group.kill() // what the program left behind
	p.l.guard.ended(p.group)
	p.mu.Lock()
	p.exit = exitOf(p.cmd.ProcessState)
	p.exit.OOM = p.oom
	p.mu.Unlock()
	p.l.mu.Lock()
	delete(p.l.processes, p)
	p.l.mu.Unlock()
	close(p.done)
}

// sampleEvery is how often memory is looked at; it takes a process to do so.
const sampleEvery = time.Second

func (p *process) sample(quit <-chan struct{}) {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return
		case <-ticker.C:
		}
		if current, _ := p.Memory(); p.spec.MemoryMB > 0 && current > int64(p.spec.MemoryMB)<<20 {
			p.mu.Lock()
			p.oom = true
			p.mu.Unlock()
			p.group.kill()
			return
		}
	}
}

// PID of the program.
func (p *process) PID() int {
	if p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Addr is where the program's port is reached.
func (p *process) Addr() string { return p.addr }

// Done is closed when all is dead.
func (p *process) Done() <-chan struct{} { return p.done }

// Exit tells how the program ended.
func (p *process) Exit() Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Kill ends everything and waits for it.
func (p *process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	p.group.kill()
	<-p.done
}

// Close kills; nothing else is held.
func (p *process) Close() error {
	p.Kill()
	return nil
}

// Memory gives the bytes in use, and the most that was seen since ResetPeak.
func (p *process) Memory() (current, peak int64) {
	current = p.group.memory()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peak = max(p.peak, current)
	return current, p.peak
}

// ResetPeak starts the peak anew.
func (p *process) ResetPeak() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peak = 0
}
