package root

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
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
	show(io, err, known)
	return exitCode(err, known)
}

func show(io *iostreams.IOStreams, err error, known *cmdutil.Error) {
	var diags diag.Diagnostics
	if errors.As(err, &diags) {
		_ = diag.Render(io.ErrOut, diags, renderOptions(io)) // nowhere left to complain
	} else {
		fmt.Fprintln(io.ErrOut, io.Red(io.T("error:"))+" "+err.Error())
	}
	if known != nil && known.Hint != "" {
		fmt.Fprintln(io.ErrOut, io.Cyan(io.T("hint:"))+" "+known.Hint)
	}
}

func exitCode(err error, known *cmdutil.Error) int {
	var diags diag.Diagnostics
	var api *fc.APIError
	switch {
	case known != nil:
		return known.Code
	case errors.As(err, &diags):
		return cmdutil.ExitSpec
	case errors.As(err, &api):
		return cmdutil.ExitCloud
	}
	return cmdutil.ExitFailed
}
