//go:build unix

package toolchain

import (
	"os/exec"
	"syscall"
)

// group gives cmd a process group of its own, which is killed as a whole when
// the context ends: wrappers, such as pyenv's shims, start the interpreter as
// their child.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
