//go:build !linux

package rawio

import "net"

// Conn gives nc itself.
func Conn(nc net.Conn) net.Conn { return nc }
