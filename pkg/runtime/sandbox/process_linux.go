package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"s/pkg/runtime/rloader"
)

// killGrace is how long an rloader outside of a PID namespace may take to end
// its processes before it is killed itself.
const killGrace = 5 * time.Second

// process is an instance on Linux.
type process struct {
	l     *launcher
	spec  Spec
	stays bool // rloader is its first process
	*session
	ports *ports // nil: fixed
	addr  string
	image string // a file that is to be /tmp; rloader removes it
	usage usage

	mu        sync.Mutex
	startFail string
	exit      Exit
	grace     *time.Timer // until rloader is killed without mercy
	ended     bool
	execs     map[*session]chan struct{} // closed when the command has ended

	paged paged

	assigned chan string // how an order to assign went; empty is well
	done     chan struct{}
}

// prepare reserves what an instance needs before it starts: an address and a
// cgroup.
func (l *launcher) prepare(ctx context.Context, spec Spec) (*process, error) {
	p := &process{l: l, spec: spec, assigned: make(chan string, 1), done: make(chan struct{}), execs: map[*session]chan struct{}{}}
	p.stays = spec.Init || !l.namespaces()
	if spec.Port > 0 {
		p.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(spec.Port))
	}
	if spec.Port > 0 && l.isolation.Ports == PortsPrivate {
		own, err := l.addresses.take(spec.Port)
		if err != nil {
			return nil, fmt.Errorf("find a loopback address: %w", err)
		}
		p.ports = newPorts(own, l.lowPorts)
		p.addr = p.ports.address(spec.Port)
	}
	if l.disks != nil && spec.DiskMB > 0 {
		var err error
		if p.image, err = l.disks.make(ctx, l.serial.Add(1), spec.DiskMB); err != nil {
			p.release()
			return nil, fmt.Errorf("make a disk for /tmp: %w", err)
		}
	}
	if l.groups == nil {
		p.usage = newSampled(p)
		return p, nil
	}
	group, err := l.groups.make(l.serial.Add(1), spec.MemoryMB, spec.MaxProcesses)
	if err != nil {
		p.release()
		return nil, err
	}
	p.usage = group
	return p, nil
}

// open starts the instance's rloader.
func (p *process) open(order rloader.Order, given files) error {
	h := how{namespaces: p.l.namespaces(), tied: p.l.namespaces()}
	if group, ok := p.usage.(*cgroup); ok {
		if !group.v2 {
			given.add(rloader.FileTasks, group.join)
			if group.joinPids != nil {
				given.add(rloader.FilePids, group.joinPids)
			}
		} else if p.stays {
			given.add(rloader.FileCgroup, group.join)
		} else {
			h.cgroup = group.join
		}
	}
	var err error
	p.session, err = p.l.open(order, given, h)
	return err
}

// next reads a report and takes what comes with it.
func (p *process) next(ctx context.Context) (rloader.Report, error) {
	r, got, err := p.report(ctx)
	for name, file := range got {
		if name == rloader.FileListener && p.ports != nil {
			p.ports.serve(file)
		} else {
			file.Close()
		}
	}
	return r, err
}

// settle waits until the program has been executed, or could not be.
func (p *process) settle(ctx context.Context) error {
	for {
		r, err := p.next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			if p.stays {
				return errors.New("rloader ended early")
			}
			p.usage.resetPeak() // rloader's own
			return nil
		case err != nil:
			return err
		case r.Kind == rloader.ReportBroken && r.Part == rloader.PartLayers:
			return &LayersError{Why: r.Why}
		case r.Kind == rloader.ReportBroken:
			return errors.New(r.Why)
		case r.Kind == rloader.ReportNotStarted:
			p.startFail = r.Why
			return nil
		case r.Kind == rloader.ReportStarted:
			return nil
		}
	}
}

// watch waits for the end of the instance.
func (p *process) watch() {
	stopOOM := p.usage.watchOOM(p.kill)
	exit := Exit{}
	if p.stays {
		exit = p.lastReport()
	}
	status := p.wait.wait()
	if !p.stays || exit.Code == noReport {
		exit = exitOf(status)
	}
	p.endExecs()
	stopOOM()
	p.usage.finish()
	exit.OOM = p.usage.oom()
	p.mu.Lock()
	if p.grace != nil {
		p.grace.Stop()
	}
	exit.StartFail = p.startFail
	p.exit = exit
	p.mu.Unlock()
	p.release()
	p.l.mu.Lock()
	delete(p.l.processes, p)
	p.l.mu.Unlock()
	close(p.done)
}

// noReport marks an Exit that rloader didn't live to report.
const noReport = -2

// lastReport is how rloader says that the program ended.
func (p *process) lastReport() Exit {
	for {
		r, err := p.next(context.Background())
		if err != nil {
			return Exit{Code: noReport}
		}
		if r.Kind == rloader.ReportAssigned || r.Kind == rloader.ReportBroken {
			select {
			case p.assigned <- r.Why:
			default: // nobody asked
			}
		}
		if r.Kind == rloader.ReportExit {
			exit := Exit{Code: r.Code}
			if r.Signal != 0 {
				exit.Signal = unix.Signal(r.Signal).String()
			}
			return exit
		}
	}
}

func exitOf(status unix.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Code: -1, Signal: status.Signal().String()}
	}
	return Exit{Code: status.ExitStatus()}
}

// release gives back what prepare and open took.
func (p *process) release() {
	if p.session != nil {
		p.session.close()
	}
	if p.ports != nil {
		p.ports.stop()
		p.l.addresses.give(p.ports.own)
	}
	if p.usage != nil {
		p.usage.remove()
	}
	p.forgetPages()
	if p.image != "" {
		_ = os.Remove(p.image) // mostly gone since it was mounted
	}
}

// discard ends an instance that never came to be one.
func (p *process) discard() {
	if p.session != nil {
		p.end()
		p.wait.wait()
	}
	p.release()
}

// PID of the first process on the host.
func (p *process) PID() int { return p.pid }

// LoopbackOnly is that of Binder.
func (p *process) LoopbackOnly(number int) bool {
	return p.ports != nil && p.ports.loopbackOnly(port{number: number})
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

// Terminate sends SIGTERM; rloader passes it on.
func (p *process) Terminate() error { return p.wait.terminate() }

// kill ends the instance's first process, and so all of it.
func (p *process) kill() { p.end() }

// end makes everything end, without waiting for it.
func (p *process) end() {
	if p.l.namespaces() {
		p.session.kill()
		return
	}
	_ = p.wait.signal(unix.SIGCONT) // it may be frozen
	if p.killAll() != nil {
		p.session.kill()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.grace == nil && !p.ended {
		p.grace = time.AfterFunc(killGrace, p.session.kill)
	}
}

// Kill ends everything and waits for it.
func (p *process) Kill() {
	p.end()
	<-p.done
}

// Close kills; all else goes with the last process.
func (p *process) Close() error {
	p.Kill()
	return nil
}

// Memory gives the bytes in use, and at most in use since ResetPeak.
func (p *process) Memory() (current, peak int64) { return p.usage.memory() }

// ResetPeak starts the peak anew.
func (p *process) ResetPeak() { p.usage.resetPeak() }

// OutOfMemory reports whether the limit ends the instance, or has.
func (p *process) OutOfMemory() bool { return p.usage.oom() }

// pids are the instance's processes on the host, without a staying rloader.
func (p *process) pids() []int {
	var pids []int
	if !p.stays {
		pids = append(pids, p.pid)
	}
	return append(pids, p.below()...)
}
