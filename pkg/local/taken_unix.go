//go:build unix

package local

import (
	"errors"
	"syscall"
)

// isTaken reports whether binding failed because another program has the port.
func isTaken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
