package sandbox

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// Private addresses come from 127.64.0.0/10, in blocks of 256 addresses, each
// block held by one launcher of the machine, and in pairs: the second is for a
// program that opens its port for IPv4 and IPv6 separately.
const (
	firstBlock = 127<<16 | 64<<8 // 127.64.0, without the last byte
	blocks     = 64 << 8
)

// addresses hands out private loopback addresses.
type addresses struct {
	mu    sync.Mutex
	free  []netip.Addr
	locks []int
}

func newAddresses() *addresses { return &addresses{} }

// take gives an address on which nothing listens at port.
func (a *addresses) take(port int) (netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range 4 * 128 {
		if len(a.free) == 0 {
			if err := a.claim(); err != nil {
				return netip.Addr{}, err
			}
		}
		// Oldest first: a connection of the last holder may linger.
		own := a.free[0]
		a.free = a.free[1:]
		if unused(own, port) {
			return own, nil
		}
	}
	return netip.Addr{}, errors.New("every address tried is in use")
}

// give returns an address.
func (a *addresses) give(own netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free = append(a.free, own)
}

// claim reserves a block. A name of the abstract socket namespace is the lock:
// it belongs to the same network namespace as the addresses, and the kernel
// frees it however the launcher ends.
func (a *addresses) claim() error {
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	start := binary.LittleEndian.Uint32(random[:])
	for i := range uint32(blocks) {
		block := firstBlock + (start+i)%blocks
		ok, err := a.lock(block)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		for last := uint32(2); last < 256; last += 2 { // not .0
			var raw [4]byte
			binary.BigEndian.PutUint32(raw[:], block<<8|last)
			a.free = append(a.free, netip.AddrFrom4(raw))
		}
		return nil
	}
	return errors.New("no block of loopback addresses is free")
}

func (a *addresses) lock(block uint32) (bool, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	name := fmt.Sprintf("@s/instances/%d.%d.%d", block>>16, block>>8&0xff, block&0xff)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		unix.Close(fd)
		if err == unix.EADDRINUSE {
			return false, nil
		}
		return false, fmt.Errorf("lock a block of loopback addresses: %w", err)
	}
	a.locks = append(a.locks, fd)
	return true, nil
}

// close gives up the blocks.
func (a *addresses) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, fd := range a.locks {
		unix.Close(fd)
	}
	a.locks, a.free = nil, nil
}

// unused reports whether port can be bound on own: some other program may
// listen there.
func unused(own netip.Addr, port int) bool {
	l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(own, uint16(port))))
	if err != nil {
		return errors.Is(err, unix.EACCES) // a low port is served on another
	}
	l.Close()
	return true
}
