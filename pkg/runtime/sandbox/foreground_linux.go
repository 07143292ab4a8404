package sandbox

import "syscall"

// Foreground makes a process started with DaemonAttr one that serves a command in
// a terminal: what is typed there reaches the command alone, and the process is
// asked to end when the thread that started it is gone.
func Foreground(attr *syscall.SysProcAttr) {
	attr.Setpgid = true
	attr.Pdeathsig = syscall.SIGTERM
}
