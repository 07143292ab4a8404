package instance

import (
	"context"
	"errors"
)

// Instance is a running instance.
type Instance struct {
	id   string
	done chan struct{}
}

// Start starts an instance and returns when it can take invocations. The error
// is an *fc.APIError if the function itself is why it can't: 412
// FunctionNotStarted or CAExited, with the last output of the program.
func Start(ctx context.Context, cfg Config) (*Instance, error) {
	return nil, errors.New("instances can't be started yet")
}

// ID names the instance, c-<hex8>-<hex8>-<hex12>.
func (i *Instance) ID() string { return i.id }

// Done is closed when the instance has ended.
func (i *Instance) Done() <-chan struct{} { return i.done }

// Invoke runs one invocation.
func (i *Instance) Invoke(ctx context.Context, inv *Invocation) (*Result, error) {
	return nil, ErrGone
}

// Stop ends the instance the gentle way: the preStop hook, SIGTERM, kill.
func (i *Instance) Stop(ctx context.Context) {}

// Kill ends the instance at once.
func (i *Instance) Kill() {}

// Info describes the instance.
func (i *Instance) Info() Info { return Info{ID: i.id} }
