package sandbox

import (
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// lowOffset is added to ports below ip_unprivileged_port_start where this
// process may not bind them: on an address of its own, any port will do.
const lowOffset = 20000

// ports are the ports of one instance: what its programs bind, and where that
// really is.
type ports struct {
	own, twin netip.Addr
	low       bool // low ports can be bound as they are

	mu    sync.Mutex
	bound map[port]families
	// listeners are the filters of the instance: its own and those of
	// commands executed inside.
	listeners map[*os.File]struct{}
	// sockets are being connected for a program that waits.
	sockets map[*socket]struct{}
	stopped bool
	serving sync.WaitGroup
}

// port as the program names it.
type port struct {
	udp    bool
	number int
}

// families that a port was bound for, and whether an address was named that
// isn't one of the loopback.
type families struct{ v4, v6, wide bool }

func newPorts(own netip.Addr, low bool) *ports {
	return &ports{own: own, twin: own.Next(), low: low, bound: map[port]families{}, listeners: map[*os.File]struct{}{}, sockets: map[*socket]struct{}{}}
}

// real is the number of a port on the own address.
func (p *ports) real(number int) int {
	if number > 0 && number < 1024 && !p.low {
		return number + lowOffset
	}
	return number
}

// address is where the host reaches a port of the instance.
func (p *ports) address(number int) string {
	return netip.AddrPortFrom(p.own, uint16(p.real(number))).String()
}

// has reports whether the instance has bound the port.
func (p *ports) has(q port) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.bound[q]
	return ok
}

// note remembers that the port was bound, or not any more.
func (p *ports) note(q port, v6, wide bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.bound[q]
	f.v4, f.v6, f.wide = f.v4 || !v6, f.v6 || v6, f.wide || wide
	p.bound[q] = f
}

// loopbackOnly reports whether the port was bound, and never to more than the
// loopback.
func (p *ports) loopbackOnly(q port) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.bound[q]
	return ok && !f.wide
}

func (p *ports) forget(q port) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.bound, q)
}

// inUse reports whether a socket is bound to the port on the own address. A
// non-blocking connect wouldn't tell until it is too late to try another.
func (p *ports) inUse(q port) bool {
	kind := unix.SOCK_STREAM
	if q.udp {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	if !q.udp {
		// Connections that outlive their listener are no matter.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	return unix.Bind(fd, &unix.SockaddrInet4{Addr: p.own.As4(), Port: p.real(q.number)}) == unix.EADDRINUSE
}

// otherFamily reports whether the port was bound for the other family only: an
// own address is one for both, so the second bind needs the twin.
func (p *ports) otherFamily(q port, v6 bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.bound[q]
	return f != families{} && (v6 && !f.v6 || !v6 && !f.v4)
}

// serve answers a filter's questions until the last process under it has ended
// or stop is called.
func (p *ports) serve(listener *os.File) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		listener.Close()
		return
	}
	p.listeners[listener] = struct{}{}
	p.serving.Go(func() {
		answer(p, listener)
		p.mu.Lock()
		delete(p.listeners, listener)
		p.mu.Unlock()
		listener.Close()
	})
}

// stop ends all serving.
func (p *ports) stop() {
	p.mu.Lock()
	p.stopped = true
	listeners := slices.Collect(maps.Keys(p.listeners))
	for s := range p.sockets {
		_ = unix.Shutdown(s.fd, unix.SHUT_RDWR) // ends a connect
	}
	p.mu.Unlock()
	// To close one waits for the question that is being answered, which may need the
	// lock.
	for _, listener := range listeners {
		listener.Close()
	}
	p.serving.Wait()
}

// connecting notes a socket that stop has to see to; false if it is too late.
func (p *ports) connecting(s *socket) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	p.sockets[s] = struct{}{}
	p.serving.Add(1)
	return true
}

// connected closes a socket that connecting noted.
func (p *ports) connected(s *socket) {
	p.mu.Lock()
	delete(p.sockets, s)
	s.close()
	p.mu.Unlock()
	p.serving.Done()
}

// mayBindLow reports whether this process may bind ports below 1024: as the
// host's root, or where the limit was lifted.
func mayBindLow() bool {
	if os.Geteuid() == 0 && !inUserNamespace() {
		return true
	}
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil {
		return false
	}
	first, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return err == nil && first <= 1
}

// inUserNamespace reports whether this process's user IDs are not the host's.
func inUserNamespace() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(text))
	return len(fields) != 3 || fields[0] != "0" || fields[1] != "0" || fields[2] != "4294967295"
}
