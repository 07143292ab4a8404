package sandbox

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"s/pkg/runtime/pageout"
)

// paged is the memory that was taken from a frozen instance.
type paged struct {
	mu     sync.Mutex
	taken  *pageout.Memory // nil: the processes have theirs
	loader *pageout.Memory // of a staying rloader
}

// PageOut takes the memory of a frozen instance.
func (p *process) PageOut(ctx context.Context, limit int64) error {
	select {
	case p.l.paging <- struct{}{}:
		defer func() { <-p.l.paging }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p.paged.mu.Lock()
	defer p.paged.mu.Unlock()
	if p.paged.taken != nil {
		return nil
	}
	pids := p.pids()
	g, ok := p.usage.(*cgroup)
	frozen := ok && g.v2
	if frozen { // who is frozen can't be traced; the signal keeps them from going on
		signalAll(pids, unix.SIGSTOP)
		if err := g.write("cgroup.freeze", "0"); err != nil {
			signalAll(pids, unix.SIGCONT)
			return err
		}
	}
	m, err := pageout.Take(ctx, pids, limit)
	switch {
	case errors.Is(err, pageout.ErrLost):
		p.kill()
	case err != nil && frozen:
		err = errors.Join(err, g.write("cgroup.freeze", "1"))
		signalAll(pids, unix.SIGCONT)
	case err == nil:
		p.paged.taken = m
		p.pageOutLoader(ctx, limit)
	}
	return err
}

// pageOutLoader does the same for the rloader that stays, where nothing needs it
// while its instance is frozen: without a PID namespace it must see to the end of
// its processes. It has to be stopped for that.
func (p *process) pageOutLoader(ctx context.Context, limit int64) {
	if !p.stays || !p.l.namespaces() || p.paged.loader != nil {
		return
	}
	pid := []int{p.pid}
	signalAll(pid, unix.SIGSTOP)
	m, err := pageout.Take(ctx, pid, limit)
	switch {
	case errors.Is(err, pageout.ErrLost):
		p.kill()
	case err != nil:
		signalAll(pid, unix.SIGCONT)
	default:
		p.paged.loader = m
	}
}

// pageIn gives the memory back, if it was taken. The processes, which stand still
// by a signal then, go on with the next one. Nobody waits for rloader.
func (p *process) pageIn() (was bool, err error) {
	p.paged.mu.Lock()
	defer p.paged.mu.Unlock()
	if p.paged.taken == nil {
		return false, nil
	}
	err = p.paged.taken.Return()
	p.paged.taken = nil
	if err == nil && p.paged.loader != nil {
		go p.pageInLoader()
	}
	return true, err
}

func (p *process) pageInLoader() {
	p.paged.mu.Lock()
	defer p.paged.mu.Unlock()
	if p.paged.loader == nil {
		return
	}
	err := p.paged.loader.Return()
	p.paged.loader = nil
	if err != nil {
		p.kill()
		return
	}
	_ = p.wait.signal(unix.SIGCONT) // fails only if it has ended
}

// forgetPages lets go of the memory of an instance that has ended.
func (p *process) forgetPages() {
	p.paged.mu.Lock()
	defer p.paged.mu.Unlock()
	for _, m := range []*pageout.Memory{p.paged.taken, p.paged.loader} {
		if m != nil {
			m.Drop()
		}
	}
	p.paged.taken, p.paged.loader = nil, nil
}

func signalAll(pids []int, sig unix.Signal) {
	for _, pid := range pids {
		_ = unix.Kill(pid, sig)
	}
}
