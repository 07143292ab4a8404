package localcmd

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/runtime/sandbox"
)

// foreground runs functions in this process. Where an ordinary user's process
// must be in a user namespace to confine them, the same command runs in a new one
// instead; stdin tells that it reads the standard input.
func foreground(ctx context.Context, streams *iostreams.IOStreams, exe func() (string, error), stdin bool, run func(context.Context) error) error {
	attr, err := sandbox.DaemonAttr()
	if attr == nil {
		if err != nil {
			streams.Debug().Linef("local", "%v", err)
		}
		return run(ctx)
	}
	program, err := exe()
	if err != nil {
		return err
	}
	sandbox.Foreground(attr)
	// The process is asked to end when this thread does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return again(ctx, streams, program, attr, stdin)
}

// again runs this command in a process with attr, and ends as it does.
func again(ctx context.Context, streams *iostreams.IOStreams, program string, attr *syscall.SysProcAttr, stdin bool) error {
	cmd := exec.CommandContext(ctx, program, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = streams.Out, streams.ErrOut, attr
	if stdin {
		cmd.Stdin = struct{ io.Reader }{streams.In} // through a pipe: it isn't the terminal's foreground
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return cmdutil.Quiet(exit.ExitCode()) // it has said why
	}
	if ctx.Err() != nil && exit == nil {
		return nil // it ended well when it was asked to
	}
	return err
}
