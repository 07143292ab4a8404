//go:build unix

package plugin

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a program and what it starts into a process group of their own,
// all of which is asked to end when its context does.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// endGroup ends what a program left behind in its group; mostly there is nothing.
func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
