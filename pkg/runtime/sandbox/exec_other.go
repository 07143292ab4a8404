//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"

	"github.com/creack/pty"
)

const exitNotStarted = 127

// Exec runs a command with the instance's environment and paths, and returns
// its exit code. If it can't be executed, the code is 127 and the error a
// *StartError. If ctx ends, so does the command.
func (p *process) Exec(ctx context.Context, spec ExecSpec) (int, error) {
	select {
	case <-p.done:
		return 0, os.ErrProcessDone
	default:
	}
	dir := spec.Dir
	if dir == "" {
		dir = p.spec.Dir
	}
	cmd := p.command(spec.Args, mergeEnv(p.spec.Env, spec), dir)
	if spec.TTY {
		return execTerminal(ctx, cmd, spec)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = spec.Stdin, spec.Stdout, spec.Stderr
	cmd.WaitDelay = drainIdle
	if err := cmd.Start(); err != nil {
		return exitNotStarted, &StartError{Why: startFail(spec.Args, err)}
	}
	return finish(ctx, cmd)
}

// execTerminal runs the command on a pseudo terminal.
func execTerminal(ctx context.Context, cmd *exec.Cmd, spec ExecSpec) (int, error) {
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: spec.Rows, Cols: spec.Cols})
	if errors.Is(err, pty.ErrUnsupported) {
		return 0, err
	}
	if err != nil {
		return exitNotStarted, &StartError{Why: startFail(spec.Args, err)}
	}
	defer master.Close()
	ended := make(chan struct{})
	defer close(ended)
	if spec.Stdin != nil {
		go func() { _, _ = io.Copy(master, spec.Stdin) }()
	}
	if spec.Resize != nil {
		go func() {
			for {
				select {
				case <-ended:
					return
				case size, ok := <-spec.Resize:
					if !ok {
						return
					}
					_ = pty.Setsize(master, &pty.Winsize{Rows: size[0], Cols: size[1]})
				}
			}
		}()
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		if spec.Stdout != nil {
			_, _ = io.Copy(spec.Stdout, master)
		}
	}()
	code, err := finish(ctx, cmd)
	<-copied
	return code, err
}

// finish waits for the command, which it kills when ctx ends.
func finish(ctx context.Context, cmd *exec.Cmd) (int, error) {
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	_ = cmd.Wait()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	exit := exitOf(cmd.ProcessState)
	if exit.Signal != "" {
		return 128 + signalNumber(cmd.ProcessState), nil
	}
	return exit.Code, nil
}
