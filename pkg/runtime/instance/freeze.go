package instance

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

// maxPaged is up to how much memory, in bytes, is taken from a frozen instance. To
// give so much back takes a tenth of a second, for which the next invocation waits.
const maxPaged = 64 << 20

// freezer is whether an instance's processes are stopped.
type freezer struct {
	mu     sync.Mutex  // held while they are stopped or continued
	frozen atomic.Bool // set before Freeze looks whether there is work
	later  *time.Timer // takes their memory; nil before the first time

	giveUp atomic.Pointer[context.CancelFunc] // ends the taking that goes on
}

// idle reports whether nothing is done in the instance and it can take work.
func (i *Instance) idle() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return !i.gone && i.inFlight == 0 && i.held == 0
}

// Freeze runs the preFreeze hook (FC 2.0) and stops all processes of an idle
// instance; the next invocation continues them. It reports whether they are
// stopped: not if work came meanwhile.
func (i *Instance) Freeze(ctx context.Context) bool {
	if !i.idle() {
		return false
	}
	if lc := i.cfg.Function.InstanceLifecycleConfig; lc != nil {
		i.lastHook(ctx, rapi.PreFreeze, "preFreeze", lc.PreFreeze)
	}
	i.freezer.mu.Lock()
	defer i.freezer.mu.Unlock()
	// Whoever brings work books it first and looks at frozen then; here it is the
	// other way round, so that one of the two sees the other.
	i.freezer.frozen.Store(true)
	if i.idle() && i.proc.Freeze() == nil {
		i.pageOutLater()
		return true
	}
	i.thawLocked()
	return false
}

// pageOutLater has the memory taken if the instance stays frozen.
func (i *Instance) pageOutLater() {
	after := cmp.Or(i.cfg.PageOutAfter, DefaultPageOutAfter)
	if _, ok := i.proc.(sandbox.Pager); !ok || after < 0 || i.cfg.Debug != nil {
		return
	}
	if i.freezer.later == nil {
		i.freezer.later = time.AfterFunc(after, func() { _ = i.pageOut() }) // then it stays as it is
		return
	}
	i.freezer.later.Reset(after)
}

// pageOut takes the memory of an instance that is frozen.
func (i *Instance) pageOut() error {
	i.freezer.mu.Lock()
	defer i.freezer.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// As in Freeze: whoever brings work has booked it before it looks for giveUp.
	i.freezer.giveUp.Store(&cancel)
	defer i.freezer.giveUp.Store(nil)
	if !i.freezer.frozen.Load() || !i.idle() {
		return context.Canceled
	}
	// What shared memory becomes several copies, which must fit, too.
	limit := int64(maxPaged)
	if mb := i.cfg.Function.MemorySize; mb > 0 {
		limit = min(limit, int64(mb)<<20/2)
	}
	return i.proc.(sandbox.Pager).PageOut(ctx, limit)
}

// thaw continues the processes, if they are stopped.
func (i *Instance) thaw() {
	if !i.freezer.frozen.Load() {
		return
	}
	if giveUp := i.freezer.giveUp.Load(); giveUp != nil {
		(*giveUp)()
	}
	i.freezer.mu.Lock()
	defer i.freezer.mu.Unlock()
	if i.freezer.frozen.Load() {
		i.thawLocked()
	}
}

func (i *Instance) thawLocked() {
	if i.freezer.later != nil {
		i.freezer.later.Stop()
	}
	_ = i.proc.Thaw() // fails only if they have ended
	i.freezer.frozen.Store(false)
}

// hold keeps the instance from being frozen until release is called.
func (i *Instance) hold() (release func()) {
	i.mu.Lock()
	i.held++
	i.mu.Unlock()
	i.thaw()
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.held--
	}
}

// awake is the instance's process for those who run commands in it.
type awake struct {
	sandbox.Process
	i *Instance
}

// Exec runs a command; the instance isn't frozen meanwhile.
func (a awake) Exec(ctx context.Context, spec sandbox.ExecSpec) (int, error) {
	release := a.i.hold()
	defer release()
	return a.Process.Exec(ctx, spec)
}
