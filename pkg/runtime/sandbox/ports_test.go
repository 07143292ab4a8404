//go:build linux

package sandbox

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// hostService answers on a loopback port of the host, as a developer's
// database would.
func hostService(t *testing.T, address, text string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("%s: %v", address, err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(text))
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// TestSamePortTwice is the heart of private ports: two instances that bind the
// same port of any address, each reachable at its own.
func TestSamePortTwice(t *testing.T) {
	each(t, func(h *house) {
		for _, bind := range []string{"tcp4/0.0.0.0:9000", "tcp/:9000", "tcp6/[::]:9000", "tcp/127.0.0.1:9000", "tcp6/[::1]:9000"} {
			first := h.launch(h.program("serve", "first", bind))
			second := h.launch(h.program("serve", "second", bind))
			first.waitFor("serving\n")
			second.waitFor("serving\n")
			for text, i := range map[string]*instance{"first": first, "second": second} {
				if got, err := fetch("tcp", i.Addr()); got != text || err != nil {
					h.t.Errorf("%s: %s answers %q, %v", bind, i.Addr(), got, err)
				}
				own, err := netip.ParseAddrPort(i.Addr())
				if err != nil || !own.Addr().IsLoopback() || own.Addr() == netip.MustParseAddr("127.0.0.1") || own.Port() != 9000 {
					h.t.Errorf("%s: the address is %s", bind, i.Addr())
				}
			}
			for _, i := range []*instance{first, second} {
				if err := i.Close(); err != nil {
					h.t.Error(err)
				}
			}
		}
	})
}

// TestNotReachableFromOutside tries every other address that the host has.
func TestNotReachableFromOutside(t *testing.T) {
	each(t, func(h *house) {
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			h.t.Fatal(err)
		}
		const port = "19717" // not one that the host itself may serve
		spec := h.program("serve", "inside", "tcp4/0.0.0.0:"+port, "tcp6/[::]:"+port)
		spec.Port = 19717
		i := h.launch(spec)
		i.waitFor("serving\n")
		if got, err := fetch("tcp", i.Addr()); got != "inside" || err != nil {
			h.t.Fatalf("%s answers %q, %v", i.Addr(), got, err)
		}
		for _, a := range addresses {
			ip := a.(*net.IPNet).IP
			if ip.IsLinkLocalUnicast() {
				continue
			}
			if got, err := fetch("tcp", net.JoinHostPort(ip.String(), port)); got == "inside" {
				h.t.Errorf("%s is reachable, %v", ip, err)
			}
		}
	})
}

func TestBindings(t *testing.T) {
	each(t, func(h *house) {
		i := h.launch(h.program("bind",
			"tcp4/0.0.0.0:9000",   // the port
			"tcp4/0.0.0.0:0",      // any port
			"tcp4/0.0.0.0:9000",   // taken by itself
			"udp4/0.0.0.0:9000",   // another protocol
			"tcp6/[::]:9000",      // the other family: the twin
			"tcp6/[::]:9000",      // and that is taken now too
			"tcp4/8.8.8.8:9001",   // an address of nobody's
			"udp4/127.0.0.1:0",    // a client
			"tcp4/127.0.0.1:9002", // loopback as asked
		))
		out, _ := i.end()
		own := netip.MustParseAddrPort(i.Addr()).Addr()
		lines := strings.Split(out, "\n")
		want := []string{
			"-> " + own.String() + ":9000 <nil>",
			"-> " + own.String() + ":",
			"address already in use",
			"-> " + own.String() + ":9000 <nil>",
			own.Next().String() + "]:9000 <nil>",
			"address already in use",
			"-> " + own.String() + ":9001 <nil>",
			"-> 127.0.0.1:",
			"-> " + own.String() + ":9002 <nil>",
		}
		// Go prints IPv4-mapped addresses as IPv4.
		want[4] = "-> " + own.Next().String() + ":9000 <nil>"
		for n, text := range want {
			if n >= len(lines) || !strings.Contains(lines[n], text) {
				h.t.Fatalf("line %d should contain %q in\n%s", n, text, out)
			}
		}
	})
}

func TestListenWithoutBind(t *testing.T) {
	each(t, func(h *house) {
		i := h.launch(h.program("listen unbound"))
		out, _ := i.end()
		own := netip.MustParseAddrPort(i.Addr()).Addr()
		if out != "listening "+own.String()+" true\n" {
			h.t.Errorf("%q, the own address is %s", out, own)
		}
	})
}

// TestReachesItselfAndTheHost dials from inside.
func TestReachesItselfAndTheHost(t *testing.T) {
	each(t, func(h *house) {
		host := hostService(h.t, "127.0.0.1:0", "the host")
		i := h.launch(h.program("serve", "itself", "0.0.0.0:9000"))
		i.waitFor("serving\n")
		var out bytes.Buffer
		code, err := i.Exec(context.Background(), ExecSpec{
			Args:   []string{programPath, "127.0.0.1:9000", "localhost:9000", "[::1]:9000", "0.0.0.0:9000", i.Addr(), "127.0.0.1:" + host, "localhost:" + host},
			Env:    programEnv("dial"),
			Stdout: &out,
		})
		if code != 0 || err != nil {
			h.t.Errorf("exit code %d, %v", code, err)
		}
		if got := strings.Count(out.String(), `"itself" <nil>`); got != 5 {
			h.t.Errorf("reached itself %d times of 5:\n%s", got, out.String())
		}
		if got := strings.Count(out.String(), `"the host" <nil>`); got != 2 {
			h.t.Errorf("reached the host %d times of 2:\n%s", got, out.String())
		}
	})
}

// TestHostServiceOfSamePort: the developer's own service at the port that the
// instance binds stays reachable, once the instance has closed its own.
func TestOwnPortClosedLeavesHost(t *testing.T) {
	each(t, func(h *house) {
		host := hostService(h.t, "127.0.0.1:0", "the host")
		i := h.launch(h.program("serve", "itself", "0.0.0.0:9000"))
		i.waitFor("serving\n")
		var out bytes.Buffer
		// A bind of the host's port, closed again when its program ends.
		for _, exec := range []struct{ name, arg string }{{"bind", "tcp4/0.0.0.0:" + host}, {"dial", "127.0.0.1:" + host}} {
			if _, err := i.Exec(context.Background(), ExecSpec{Args: []string{programPath, exec.arg}, Env: programEnv(exec.name), Stdout: &out}); err != nil {
				h.t.Error(err)
			}
		}
		if !strings.Contains(out.String(), ":"+host+" <nil>\n") || !strings.HasSuffix(out.String(), "\"the host\" <nil>\n") {
			h.t.Errorf("got %s", out.String())
		}
	})
}

func TestUnixSocketsAreLeftAlone(t *testing.T) {
	each(t, func(h *house) {
		spec := h.program("serve", "unix", "unix//tmp/socket")
		if !h.namespaces() {
			spec.Args[2] = "unix/" + spec.TmpDir + "/s"
		}
		i := h.launch(spec)
		i.waitFor("serving\n")
		name := "/socket"
		if !h.namespaces() {
			name = "/s"
		}
		if got, err := fetch("unix", spec.TmpDir+name); got != "unix" || err != nil {
			h.t.Errorf("answers %q, %v", got, err)
		}
	})
}

// TestLowPort binds port 80, which an ordinary user's own programs may not.
func TestLowPort(t *testing.T) {
	each(t, func(h *house) {
		spec := h.program("serve", "low", "0.0.0.0:80")
		spec.Port = 80
		i := h.launch(spec)
		i.waitFor("serving\n")
		if got, err := fetch("tcp", i.Addr()); got != "low" || err != nil {
			h.t.Errorf("%s answers %q, %v", i.Addr(), got, err)
		}
	})
}

func TestParseSockaddr(t *testing.T) {
	t.Parallel()
	v6 := append([]byte{10, 0, 0x23, 0x28, 0, 0, 0, 0}, netip.MustParseAddr("::1").AsSlice()...)
	mapped := netip.MustParseAddr("::ffff:127.0.0.1").As16()
	for name, test := range map[string]struct {
		raw   []byte
		want  string
		port  int
		local bool
	}{
		"IPv4":        {[]byte{2, 0, 0x23, 0x28, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, "127.0.0.1", 9000, true},
		"any":         {[]byte{2, 0, 0, 80, 0, 0, 0, 0}, "0.0.0.0", 80, true},
		"internet":    {[]byte{2, 0, 1, 0xbb, 8, 8, 8, 8}, "8.8.8.8", 443, false},
		"IPv6":        {append(v6, 0, 0, 0, 0), "::1", 9000, true},
		"mapped":      {append([]byte{10, 0, 0, 1, 0, 0, 0, 0}, mapped[:]...), "127.0.0.1", 1, true},
		"short":       {[]byte{2, 0, 0, 80, 127}, "invalid IP", 0, false},
		"short IPv6":  {v6[:20], "invalid IP", 0, false},
		"unix":        {[]byte{1, 0, '/', 'x'}, "invalid IP", 0, false},
		"family only": {[]byte{0, 0}, "invalid IP", 0, false},
	} {
		got := parseSockaddr(test.raw)
		if got.addr.String() != test.want || got.port != test.port || got.local() != test.local {
			t.Errorf("%s: got %+v local %t", name, got, got.local())
		}
	}
}

func TestPortBookkeeping(t *testing.T) {
	t.Parallel()
	p := newPorts(netip.MustParseAddr("127.64.1.2"), false)
	tcp, udp := port{number: 53}, port{udp: true, number: 53}
	if p.has(tcp) || p.otherFamily(tcp, true) {
		t.Error("a new instance has a port")
	}
	if p.loopbackOnly(tcp) {
		t.Error("a port that nobody has bound is bound to the loopback")
	}
	p.note(tcp, false, false)
	if !p.has(tcp) || p.has(udp) || !p.otherFamily(tcp, true) || p.otherFamily(tcp, false) {
		t.Errorf("after an IPv4 bind: %v", p.bound)
	}
	if !p.loopbackOnly(tcp) || p.loopbackOnly(udp) {
		t.Errorf("after a bind to the loopback: %v", p.bound)
	}
	p.note(tcp, true, true)
	if p.loopbackOnly(tcp) {
		t.Errorf("after a bind to all addresses: %v", p.bound)
	}
	if p.otherFamily(tcp, true) || p.otherFamily(tcp, false) {
		t.Errorf("after both binds: %v", p.bound)
	}
	p.forget(tcp)
	if p.has(tcp) {
		t.Error("a forgotten port is there")
	}
	if got := p.address(80); got != "127.64.1.2:20080" {
		t.Errorf("port 80 is at %s", got)
	}
	if got := p.address(9000); got != "127.64.1.2:9000" {
		t.Errorf("port 9000 is at %s", got)
	}
	p.low = true
	if got := p.address(80); got != "127.64.1.2:80" {
		t.Errorf("port 80 is at %s where it may be bound", got)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	a, b := newAddresses(), newAddresses()
	defer a.close()
	defer b.close()
	seen := map[netip.Addr]bool{}
	inside := netip.MustParsePrefix("127.64.0.0/10")
	for n := range 300 { // more than a block
		own, err := map[bool]*addresses{true: a, false: b}[n%2 == 0].take(9000)
		if err != nil {
			t.Fatal(err)
		}
		if seen[own] || seen[own.Next()] || !inside.Contains(own) {
			t.Fatalf("%s was given twice, or is no private one", own)
		}
		seen[own], seen[own.Next()] = true, true
	}
	for own := range seen {
		if own.As4()[3]%2 == 0 {
			a.give(own)
		}
	}
	if _, err := a.take(9000); err != nil {
		t.Error(err)
	}
}

// TestAddressInUse: another program listens on the next address.
func TestAddressInUse(t *testing.T) {
	t.Parallel()
	a := newAddresses()
	defer a.close()
	first, err := a.take(9000)
	if err != nil {
		t.Fatal(err)
	}
	taken := first.Next().Next()
	l, err := net.Listen("tcp4", netip.AddrPortFrom(taken, 9000).String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	second, err := a.take(9000)
	if err != nil || second == taken || second == first {
		t.Errorf("got %s, %v; %s is in use", second, err, taken)
	}
}

// TestBlocksAreFreed: what a launcher held can be claimed after its end.
func TestBlocksAreFreed(t *testing.T) {
	t.Parallel()
	a, b := newAddresses(), newAddresses()
	defer b.close()
	if ok, err := a.lock(firstBlock); !ok || err != nil {
		t.Skipf("the first block is held: %v", err)
	}
	if ok, _ := b.lock(firstBlock); ok {
		t.Error("two hold the same block")
	}
	a.close()
	deadline := time.Now().Add(patience)
	for {
		ok, err := b.lock(firstBlock)
		if ok {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the block is not free: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestInUserNamespaceAgreesWithKernel(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	if full := strings.Contains(string(text), "4294967295"); inUserNamespace() == full {
		t.Errorf("%q: in a user namespace: %t", text, inUserNamespace())
	}
}
