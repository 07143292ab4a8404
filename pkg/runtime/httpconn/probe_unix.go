//go:build unix

package httpconn

import (
	"net"
	"syscall"

	"s/pkg/runtime/rawio"
)

// prober tells whether a kept connection is still good.
type prober struct{ raw syscall.RawConn }

func newProber(nc net.Conn) prober {
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return prober{raw}
		}
	}
	return prober{}
}

// alive reports whether the server has neither closed the connection nor sent
// anything unasked.
func (p prober) alive() bool {
	if p.raw == nil {
		return true
	}
	quiet := false
	err := p.raw.Read(func(fd uintptr) bool {
		quiet = rawio.Quiet(int(fd))
		return true
	})
	return err == nil && quiet
}
