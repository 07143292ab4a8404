//go:build linux

package sandbox

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echoUDP answers every datagram at args[0] with args[1].
func echoUDP(args []string) error {
	c, err := net.ListenPacket("udp", args[0])
	if err != nil {
		return err
	}
	fmt.Println("serving", c.LocalAddr())
	buffer := make([]byte, 100)
	for {
		_, from, err := c.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if _, err := c.WriteTo([]byte(args[1]), from); err != nil {
			return err
		}
	}
}

// askUDP sends a datagram over a connected socket and reads the answer.
func askUDP(address string) (string, error) {
	c, err := net.Dial("udp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte("question")); err != nil {
		return "", err
	}
	buffer := make([]byte, 100)
	n, err := c.Read(buffer)
	return string(buffer[:n]), err
}

// talkToItself starts a UDP server and asks it, all in one program.
func talkToItself([]string) error {
	go func() { fmt.Println(echoUDP([]string{"0.0.0.0:5353", "myself"})) }()
	var got string
	var err error
	for range 200 {
		if got, err = askUDP("127.0.0.1:5353"); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("answer", got, err)
	return nil
}

// connectBlocking connects sockets that block, as most languages' do, to each
// address, after listening on port 9000 itself.
func connectBlocking(args []string) error {
	l, err := net.Listen("tcp", "0.0.0.0:9000")
	if err != nil {
		return err
	}
	defer l.Close()
	for _, arg := range args {
		address, err := netip.ParseAddrPort(arg)
		if err != nil {
			return err
		}
		family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: address.Addr().As16(), Port: int(address.Port())})
		if address.Addr().Is4() {
			family, to = unix.AF_INET, &unix.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}
		}
		fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		fmt.Println(arg, unix.Connect(fd, to))
		unix.Close(fd)
	}
	return nil
}

// misuse makes calls that fail, and prints how.
func misuse([]string) error {
	tcp, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	any4 := &unix.SockaddrInet4{Port: 9000}
	fmt.Println("bad descriptor:", unix.Bind(999, any4))
	fmt.Println("not a socket:", unix.Bind(0, any4))
	fmt.Println("listen on nothing:", unix.Listen(999, 1))
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(tcp), 1, 16)
	fmt.Println("bad pointer:", errno)
	_, _, errno = unix.Syscall(unix.SYS_BIND, uintptr(tcp), 1, 0)
	fmt.Println("no address:", errno)
	_, _, errno = unix.Syscall(unix.SYS_CONNECT, uintptr(tcp), 1, 16)
	fmt.Println("connect to a bad pointer:", errno)
	fmt.Println("another family:", unix.Bind(tcp, &unix.SockaddrUnix{Name: "/tmp/x"}))
	fmt.Println("bind:", unix.Bind(tcp, any4))
	fmt.Println("again:", unix.Bind(tcp, any4))
	return nil
}

// TestUDPPorts: datagrams find their way as connections do.
func TestUDPPorts(t *testing.T) {
	each(t, func(h *house) {
		first := h.launch(h.program("echo udp", "0.0.0.0:9000", "first"))
		second := h.launch(h.program("echo udp", ":9000", "second"))
		first.waitFor("serving")
		second.waitFor("serving")
		for text, i := range map[string]*instance{"first": first, "second": second} {
			if got, err := askUDP(i.Addr()); got != text || err != nil {
				h.t.Errorf("%s answers %q, %v", i.Addr(), got, err)
			}
		}
		out, _ := h.launch(h.program("talk to itself")).end()
		if !strings.Contains(out, "answer myself <nil>\n") {
			h.t.Errorf("to itself: %s", out)
		}
	})
}

func TestBlockingConnect(t *testing.T) {
	each(t, func(h *house) {
		host := hostService(h.t, "127.0.0.1:0", "host")
		free := "1" // nobody serves tcpmux
		out, _ := h.launch(h.program("connect blocking", "127.0.0.1:9000", "[::1]:9000", "0.0.0.0:9000", "127.0.0.1:"+host, "127.0.0.1:"+free)).end()
		want := "127.0.0.1:9000 <nil>\n[::1]:9000 <nil>\n0.0.0.0:9000 <nil>\n127.0.0.1:" + host + " <nil>\n127.0.0.1:" + free + " connection refused\n"
		if out != want {
			h.t.Errorf("got\n%swant\n%s", out, want)
		}
	})
}

// TestMisusedCalls: the answers to wrong calls are the kernel's.
func TestMisusedCalls(t *testing.T) {
	each(t, func(h *house) {
		out, _ := h.launch(h.program("misuse")).end()
		want := `bad descriptor: bad file descriptor
not a socket: socket operation on non-socket
listen on nothing: bad file descriptor
bad pointer: bad address
no address: invalid argument
connect to a bad pointer: bad address
another family: invalid argument
bind: <nil>
again: invalid argument
`
		if out != want {
			h.t.Errorf("got\n%swant\n%s", out, want)
		}
	})
}

// TestManyBindsAtOnce: a program with many threads asks many questions.
func TestManyBindsAtOnce(t *testing.T) {
	each(t, func(h *house) {
		var args []string
		for port := 20000; port < 20200; port++ {
			args = append(args, fmt.Sprintf("tcp4/0.0.0.0:%d", port))
		}
		out, _ := h.launch(h.program("bind at once", args...)).end()
		if out != "200 bound\n" {
			h.t.Errorf("got %s", out)
		}
	})
}

func bindAtOnce(args []string) error {
	errs := make(chan error, len(args))
	for _, arg := range args {
		go func() {
			network, address, _ := strings.Cut(arg, "/")
			_, err := net.Listen(network, address)
			errs <- err
		}()
	}
	bound := 0
	for range args {
		if err := <-errs; err != nil {
			fmt.Println(err)
		} else {
			bound++
		}
	}
	fmt.Println(bound, "bound")
	return nil
}

// TestKilledWhileAsking: instances are killed in the middle of their questions.
func TestKilledWhileAsking(t *testing.T) {
	each(t, func(h *house) {
		for range 10 {
			i := h.launch(h.program("bind for ever"))
			i.waitFor("binding")
			i.Kill()
			if _, exit := i.end(); exit.Signal != "killed" {
				h.t.Errorf("exit %+v", exit)
			}
		}
	})
}

func bindForEver([]string) error {
	fmt.Println("binding")
	for range 4 {
		go func() {
			for {
				if l, err := net.Listen("tcp4", "0.0.0.0:0"); err == nil {
					if c, err := net.Dial("tcp", "127.0.0.1:"+strings.TrimPrefix(l.Addr().String(), "0.0.0.0:")); err == nil {
						c.Close()
					}
					l.Close()
				}
			}
		}()
	}
	time.Sleep(2 * patience)
	return nil
}

// TestServerPrograms of the machine, if it has any, work unchanged.
func TestServerPrograms(t *testing.T) {
	each(t, func(h *house) {
		const python = "/usr/bin/python3"
		if _, err := os.Stat(python); err != nil {
			h.t.Skip("no system Python: the programs above are Go's")
		}
		spec := h.spec("")
		spec.Args = []string{python, "-u", "-c", `
import http.server, threading, urllib.request
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"from python")
    def log_message(self, *a): pass
s = http.server.ThreadingHTTPServer(("", 9000), H)
threading.Thread(target=s.serve_forever, daemon=True).start()
print("itself:", urllib.request.urlopen("http://localhost:9000/").read().decode())
threading.Event().wait()
`}
		spec.Port = 9000
		i := h.launch(spec)
		i.waitFor("itself: from python")
	})
}
