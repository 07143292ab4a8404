//go:build !linux

package sandbox

import "syscall"

// DaemonAttr is how to start the process that will use NewLauncher: plainly,
// there are no namespaces on this system.
func DaemonAttr() (*syscall.SysProcAttr, error) { return nil, nil }
