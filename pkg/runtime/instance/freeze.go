package instance

import (
	"context"
	"sync"
	"sync/atomic"

	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

// freezer is whether an instance's processes are stopped.
type freezer struct {
	mu     sync.Mutex  // held while they are stopped or continued
	frozen atomic.Bool // set before Freeze looks whether there is work
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
		return true
	}
	i.thawLocked()
	return false
}

// thaw continues the processes, if they are stopped.
func (i *Instance) thaw() {
	if !i.freezer.frozen.Load() {
		return
	}
	i.freezer.mu.Lock()
	defer i.freezer.mu.Unlock()
	if i.freezer.frozen.Load() {
		i.thawLocked()
	}
}

func (i *Instance) thawLocked() {
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
