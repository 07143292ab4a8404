package root

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/runtime/rloader"
)

// Main runs s with the process's own arguments, streams and environment, and
// gives the exit code. A process that the local cloud started as the init of an
// instance is rloader instead.
func Main(version string) int {
	if rloader.Is(os.Args) {
		return rloader.Main()
	}
	io := iostreams.System(os.Getenv)
	f := newFactory(io, version)
	ctx, stop := interruptible(context.Background())
	defer stop()
	code := report(io, run(ctx, f, os.Args[1:]), ctx.Err() != nil)
	io.Debug().Linef("s", "exit code %d", code)
	return code
}

// interruptible gives a context that the first SIGINT or SIGTERM cancels; the
// second ends the process at once.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		signal.Stop(signals) // the default action takes the next one
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

// report shows err to the user and gives its exit code.
func report(io *iostreams.IOStreams, err error, interrupted bool) int {
	if err == nil {
		return cmdutil.ExitOK
	}
	if interrupted || errors.Is(err, iostreams.ErrInterrupted) {
		io.Errf("interrupted")
		return cmdutil.ExitInterrupted
	}
	var known *cmdutil.Error
	errors.As(err, &known)
	if known != nil && known.Quiet {
		return known.Code
	}
	cmdutil.ShowError(io, err, nil)
	return cmdutil.CodeOf(err)
}
