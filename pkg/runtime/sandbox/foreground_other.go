//go:build !linux

package sandbox

import "syscall"

// Foreground has nothing to do here: DaemonAttr gives no attributes.
func Foreground(*syscall.SysProcAttr) {}
