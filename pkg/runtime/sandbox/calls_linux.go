package sandbox

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// sockaddr is an address as a program gave it, of which only IP addresses
// matter here.
type sockaddr struct {
	family uint16
	addr   netip.Addr
	port   int
}

// maxSockaddr covers struct sockaddr_in6.
const maxSockaddr = 28

// readSockaddr copies the address out of the caller's memory, once.
func (f *filter) readSockaddr(n *notification) (sockaddr, error) {
	size := min(n.args[2], maxSockaddr)
	if size < 2 {
		return sockaddr{}, unix.EINVAL
	}
	var raw [maxSockaddr]byte
	local := []unix.Iovec{{Base: &raw[0], Len: size}}
	remote := []unix.RemoteIovec{{Base: uintptr(n.args[1]), Len: int(size)}}
	got, err := unix.ProcessVMReadv(int(n.pid), local, remote, 0)
	if err != nil {
		return sockaddr{}, err
	}
	if !f.valid(n) {
		return sockaddr{}, unix.ESRCH
	}
	return parseSockaddr(raw[:got]), nil
}

// parseSockaddr understands struct sockaddr_in and sockaddr_in6; of anything
// else, or shorter, it gives the family alone.
func parseSockaddr(raw []byte) sockaddr {
	s := sockaddr{family: binary.NativeEndian.Uint16(raw)}
	switch {
	case s.family == unix.AF_INET && len(raw) >= 8:
		s.port = int(binary.BigEndian.Uint16(raw[2:]))
		s.addr = netip.AddrFrom4([4]byte(raw[4:8]))
	case s.family == unix.AF_INET6 && len(raw) >= 24:
		s.port = int(binary.BigEndian.Uint16(raw[2:]))
		s.addr = netip.AddrFrom16([16]byte(raw[8:24])).Unmap()
	}
	return s
}

// local reports whether connecting to the address reaches this machine's
// loopback interface.
func (s sockaddr) local() bool {
	return s.addr.IsValid() && (s.addr.IsLoopback() || s.addr.IsUnspecified())
}

// socket is a duplicate of a caller's socket.
type socket struct {
	fd       int
	domain   int
	udp, tcp bool
}

func (s *socket) close() { unix.Close(s.fd) }

// duplicate gets hold of the socket in the call's first argument. A nil socket
// without error is none whose ports matter.
func (f *filter) duplicate(n *notification) (*socket, error) {
	pidfd, err := openThread(int(n.pid))
	if err != nil {
		return nil, err
	}
	defer unix.Close(pidfd)
	if !f.valid(n) {
		return nil, unix.ESRCH
	}
	fd, err := unix.PidfdGetfd(pidfd, int(int32(n.args[0])), 0)
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd}
	s.domain, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || s.domain != unix.AF_INET && s.domain != unix.AF_INET6 {
		s.close()
		return nil, nil
	}
	protocol, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	s.tcp = protocol == unix.IPPROTO_TCP || protocol == unix.IPPROTO_MPTCP
	s.udp = protocol == unix.IPPROTO_UDP || protocol == unix.IPPROTO_UDPLITE
	if !s.tcp && !s.udp {
		s.close()
		return nil, nil
	}
	return s, nil
}

// openThread opens a pidfd of the process of thread tid.
func openThread(tid int) (int, error) {
	const pidfdThread = unix.O_EXCL // PIDFD_THREAD, Linux 6.9
	fd, err := unix.PidfdOpen(tid, pidfdThread)
	if err != unix.EINVAL {
		return fd, err
	}
	status, err := os.ReadFile(procFile(tid, "status"))
	if err != nil {
		return -1, unix.ESRCH
	}
	_, rest, _ := strings.Cut(string(status), "\nTgid:")
	line, _, _ := strings.Cut(rest, "\n")
	tgid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return -1, unix.ESRCH
	}
	return unix.PidfdOpen(tgid, 0)
}

// bind turns binding any address into binding the instance's own.
func (f *filter) bind(n *notification) {
	s, err := f.duplicate(n)
	if err != nil {
		f.done(n, err)
		return
	}
	if s == nil {
		f.pass(n)
		return
	}
	defer s.close()
	address, err := f.readSockaddr(n)
	if err != nil {
		f.done(n, err)
		return
	}
	if !address.addr.IsValid() {
		f.done(n, unix.EINVAL)
		return
	}
	if s.udp && address.port == 0 {
		f.pass(n) // a client's, which hears only those it has asked
		return
	}
	f.done(n, f.bindOwn(s, address.port, !address.addr.Unmap().IsLoopback()))
}

// bindOwn binds the duplicate, and with it the caller's socket, to the own
// address; wide says that the caller named more than the loopback.
func (f *filter) bindOwn(s *socket, number int, wide bool) error {
	v6 := s.domain == unix.AF_INET6
	q := port{udp: s.udp, number: number}
	err := s.bind(f.ports.own, f.ports.real(number))
	if err == unix.EADDRINUSE && number != 0 && f.ports.otherFamily(q, v6) {
		err = s.bind(f.ports.twin, f.ports.real(number))
	}
	if err != nil {
		return err
	}
	if number == 0 {
		q.number = s.boundPort()
	}
	f.ports.note(q, v6, wide)
	return nil
}

// bind binds the socket to an IPv4 address, mapped into IPv6 if need be.
func (s *socket) bind(to netip.Addr, number int) error {
	if s.domain == unix.AF_INET {
		return unix.Bind(s.fd, &unix.SockaddrInet4{Addr: to.As4(), Port: number})
	}
	if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
		return err
	}
	return unix.Bind(s.fd, &unix.SockaddrInet6{Addr: to.As16(), Port: number})
}

// boundPort is the port that the socket has been bound to; 0 for none.
func (s *socket) boundPort() int {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return 0
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	return 0
}

// listen sees to sockets that were never bound, which the kernel would bind to
// a free port of every address.
func (f *filter) listen(n *notification) {
	s, err := f.duplicate(n)
	if err != nil {
		f.done(n, err)
		return
	}
	if s == nil {
		f.pass(n)
		return
	}
	defer s.close()
	if s.tcp && s.boundPort() == 0 {
		if err := f.bindOwn(s, 0, true); err != nil {
			f.done(n, err)
			return
		}
	}
	f.done(n, unix.Listen(s.fd, int(int32(n.args[1]))))
}

// connect turns connecting to localhost at a port that this instance has bound
// into connecting to the own address. Everything else is none of its business.
func (f *filter) connect(n *notification) {
	address, err := f.readSockaddr(n)
	if err != nil || !address.local() || f.ports.own == address.addr ||
		!f.ports.has(port{number: address.port}) && !f.ports.has(port{udp: true, number: address.port}) {
		f.pass(n)
		return
	}
	s, err := f.duplicate(n)
	if err != nil || s == nil {
		f.pass(n)
		return
	}
	q := port{udp: s.udp, number: address.port}
	if !f.ports.has(q) || !f.ports.inUse(q) {
		f.ports.forget(q) // closed since; perhaps the developer's own answers
		s.close()
		f.pass(n)
		return
	}
	// A blocking socket blocks here instead: not in the way of other calls.
	if !f.ports.connecting(s) {
		s.close()
		return
	}
	go func() {
		defer f.ports.connected(s)
		err := s.connect(f.ports.own, f.ports.real(address.port))
		f.later(func(f *filter) { f.done(n, err) })
	}()
}

// connect connects the duplicate to an IPv4 address.
func (s *socket) connect(to netip.Addr, number int) error {
	if s.domain == unix.AF_INET {
		return unix.Connect(s.fd, &unix.SockaddrInet4{Addr: to.As4(), Port: number})
	}
	return unix.Connect(s.fd, &unix.SockaddrInet6{Addr: to.As16(), Port: number})
}
