//go:build unix

package local

import (
	"os/exec"
	"syscall"
)

// detach makes a process independent of this one's session and terminal.
func detach(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true
}
