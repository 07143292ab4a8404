package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"s/pkg/runtime/rloader"
)

// exitNotStarted is a shell's exit code for a command that it can't find.
const exitNotStarted = 127

// Exec runs a command inside, and returns its exit code; 128 and the signal's
// number if a signal ended it. If the command can't be executed, the code is
// 127 and the error a *StartError. If ctx ends, so does the command.
func (p *process) Exec(ctx context.Context, spec ExecSpec) (int, error) {
	streams, given, err := openExecStreams(spec)
	if err != nil {
		return 0, err
	}
	defer streams.close()
	s, ended, err := p.openExec(spec, given)
	streams.started()
	if err != nil {
		return 0, err
	}
	code, err := p.follow(ctx, s, streams)
	if err != nil {
		if s.killAll() != nil {
			s.kill()
		}
	}
	s.wait.wait()
	close(ended)
	p.mu.Lock()
	delete(p.execs, s)
	p.mu.Unlock()
	s.close()
	streams.drain()
	return code, err
}

// openExec starts the rloader that takes the command into the instance.
func (p *process) openExec(spec ExecSpec, given files) (*session, chan struct{}, error) {
	order := rloader.Order{
		Kind: rloader.KindExec, Stay: true, Args: spec.Args, Env: mergeEnv(p.spec.Env, spec), Dir: spec.Dir,
		Filter: p.ports != nil, TTY: spec.TTY, Rows: spec.Rows, Cols: spec.Cols, User: p.spec.user(),
	}
	if order.Dir == "" {
		order.Dir = p.spec.Dir
	}
	var h how
	switch g, ok := p.usage.(*cgroup); {
	case ok && g.v2 && p.spec.Image != nil:
		h.cgroup = g.join // which the image's user may not join
	case ok:
		given.add(map[bool]string{true: rloader.FileCgroup, false: rloader.FileTasks}[g.v2], g.join)
	}
	// Under the lock, so that an instance that ends finds this command or this
	// finds that the instance has ended.
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, nil, os.ErrProcessDone
	}
	if p.l.namespaces() {
		instance, err := p.wait.open()
		if err != nil {
			return nil, nil, fmt.Errorf("open the instance: %w", err)
		}
		defer instance.Close()
		given.add(rloader.FileInstance, instance)
	} else {
		paths := newPathMap(p.spec)
		order.Args, order.Env, order.Dir = paths.all(order.Args), paths.env(Spec{Env: order.Env, TmpDir: p.spec.TmpDir}), paths.one(order.Dir)
	}
	s, err := p.l.open(order, given, h)
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan struct{})
	p.execs[s] = ended
	return s, ended, nil
}

// follow handles rloader's reports until the command's end.
func (p *process) follow(ctx context.Context, s *session, streams *execStreams) (int, error) {
	for {
		r, got, err := s.report(ctx)
		for name, file := range got {
			switch {
			case name == rloader.FileListener && p.ports != nil:
				p.ports.serve(file)
			case name == rloader.FileTerminal:
				streams.attach(file)
			default:
				file.Close()
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return 0, fmt.Errorf("the command was lost: %w", os.ErrProcessDone)
		case err != nil:
			return 0, err
		case r.Kind == rloader.ReportBroken:
			return 0, errors.New(r.Why)
		case r.Kind == rloader.ReportNotStarted:
			return exitNotStarted, &StartError{Why: r.Why}
		case r.Kind == rloader.ReportExit && r.Signal != 0:
			return 128 + r.Signal, nil
		case r.Kind == rloader.ReportExit:
			return r.Code, nil
		}
	}
}

// endExecs ends the commands that still run when the instance has ended, and
// waits for them.
func (p *process) endExecs() {
	p.mu.Lock()
	p.ended = true
	left := make([]chan struct{}, 0, len(p.execs))
	for s, ended := range p.execs {
		if s.killAll() != nil {
			s.kill()
		}
		left = append(left, ended)
	}
	p.mu.Unlock()
	for _, ended := range left {
		<-ended
	}
}

// open gives another descriptor of the child, which can be passed on.
func (w *waiter) open() (*os.File, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reaped {
		return nil, os.ErrProcessDone
	}
	fd, err := unix.PidfdOpen(w.pid, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}
