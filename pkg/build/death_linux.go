package build

import "syscall"

// dieWithParent ends the tool if s is killed. The kernel means the thread that
// starts it: the caller keeps that one.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
