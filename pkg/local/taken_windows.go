package local

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isTaken reports whether binding failed because another program has the port.
func isTaken(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }
