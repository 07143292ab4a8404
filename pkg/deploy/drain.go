package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// modeDrain is the mode in which a deployment ends the instances that there are
// before it says how many there shall be.
const modeDrain = "drain"

// drainReason is what the service is told, and tells those who call meanwhile.
const drainReason = "s deploy: the instances are being replaced"

// How often, and how long, a function is tried to be enabled again: nobody can call
// it before.
const (
	enableTries = 5
	enableTime  = 30 * time.Second
)

// DisabledError is a function that couldn't be enabled after its instances ended.
type DisabledError struct {
	Function string
	Err      error
}

// Error says that nobody can call it.
func (e *DisabledError) Error() string {
	return fmt.Sprintf("invocations of %s are still disabled, because it couldn't be enabled again: %v", e.Function, e.Err)
}

// Unwrap gives the cause.
func (e *DisabledError) Unwrap() error { return e.Err }

// drain lets nobody call the function, waits until look says that its instances are
// gone, and enables it again, whatever happens. What is asked for comes after that:
// so a run that breaks off in between is done again as a whole by the next.
func (a *applier) drain(ctx context.Context, change Change, look func() (Waiting, error)) (err error) {
	name := a.plan.desired.Function.FunctionName
	defer func() {
		if enabled := a.enable(context.WithoutCancel(ctx), name); enabled != nil {
			err = errors.Join(&DisabledError{name, enabled}, err)
		}
	}()
	// An answer that is lost may have disabled it, too.
	if err := a.remote.DisableInvocation(ctx, name, drainReason, false); err != nil {
		return err
	}
	left := func() (Waiting, error) {
		now, err := look()
		now.Target = 0
		return now, err
	}
	now, err := left()
	if err != nil {
		return err
	}
	return a.wait(ctx, change, now, left)
}

func (a *applier) enable(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, enableTime)
	defer cancel()
	pause := firstLook
	for try := 1; ; try++ {
		err := a.remote.EnableInvocation(ctx, name)
		if err == nil || try == enableTries {
			return err
		}
		if a.sleep(ctx, pause) != nil {
			return err
		}
		pause *= 2
	}
}

// sleep waits as the hooks say.
func (a *applier) sleep(ctx context.Context, d time.Duration) error {
	if a.hooks.Sleep != nil {
		return a.hooks.Sleep(ctx, d)
	}
	return sleepFor(ctx, d)
}
