//go:build linux || solaris || illumos || aix

package iostreams

import "golang.org/x/sys/unix"

const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)
