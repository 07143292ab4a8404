//go:build !linux

package rawio

import (
	"net"
	"runtime"
)

// Conn gives nc itself.
func Conn(nc net.Conn) net.Conn { return nc }

func wrap(nc net.Conn, _ *Attention) net.Conn { return nc }

func yield() { runtime.Gosched() }
