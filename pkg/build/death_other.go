//go:build unix && !linux

package build

import "syscall"

// dieWithParent does nothing: this system doesn't have it.
func dieWithParent(_ *syscall.SysProcAttr) {}
