//go:build linux

package sandbox

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// programVariable names the program that the test binary is to be.
const programVariable = "SANDBOX_TEST_PROGRAM"

// programEnv makes the test binary that program. Built with the race detector it
// would wait for a second at its end, for goroutines that the programs haven't.
func programEnv(name string) []string {
	return []string{programVariable + "=" + name, "GORACE=atexit_sleep_ms=0"}
}

// programPath is where tests mount the test binary in an instance.
const programPath = "/code/program"

// programCopy is a copy of the test binary that every user can read.
var programCopy = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sandbox-program")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	syscall.ForkLock.RLock() // no other test's child inherits the file while it is open for writing
	defer syscall.ForkLock.RUnlock()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer from.Close()
	path := filepath.Join(dir, "program")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(to, from); err != nil {
		return "", err
	}
	return path, to.Close()
})

func removeProgramCopy() {
	if path, err := programCopy(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
}

// program is a Spec that runs one of the programs below, with a port.
func (h *house) program(name string, args ...string) Spec {
	h.t.Helper()
	path, err := programCopy()
	if err != nil {
		h.t.Fatal(err)
	}
	spec := h.spec("")
	spec.Args = append([]string{programPath}, args...)
	spec.Env = append(spec.Env, programEnv(name)...)
	spec.Mounts = []Mount{{Source: filepath.Dir(path), Target: filepath.Dir(programPath), ReadOnly: true}}
	spec.Port = 9000
	return spec
}

// runProgram is the main function of the programs.
func runProgram(name string, args []string) int {
	programs := map[string]func([]string) error{
		"serve": serve, "bind": bindEach, "dial": dial, "allocate": allocate, "listen unbound": listenUnbound, "bind often": bindOften, "connect often": connectOften,
		"echo udp": echoUDP, "talk to itself": talkToItself, "connect blocking": connectBlocking, "misuse": misuse,
		"bind at once": bindAtOnce, "bind for ever": bindForEver,
		"fork bomb": forkBomb,
	}
	run, ok := programs[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such program:", name)
		return 2
	}
	if err := run(args); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// serve listens on every address of args[1:] and answers every connection with
// args[0].
func serve(args []string) error {
	for _, address := range args[1:] {
		network, address, ok := strings.Cut(address, "/")
		if !ok {
			network, address = "tcp", network
		}
		l, err := net.Listen(network, address)
		if err != nil {
			return err
		}
		fmt.Println("listening", l.Addr())
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprint(c, args[0])
				c.Close()
			}
		}()
	}
	fmt.Println("serving")
	select {}
}

// forkBomb starts programs until it can't, or a good many are there.
func forkBomb(args []string) error {
	for range 400 {
		if exec.Command("/bin/sh", "-c", "sleep 600; : "+args[0]).Start() != nil {
			break
		}
	}
	fmt.Println("no more")
	select {}
}

// fetch connects and reads what serve answers.
func fetch(network, address string) (string, error) {
	c, err := net.DialTimeout(network, address, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	return string(text), err
}

// dial prints what each address answers.
func dial(args []string) error {
	for _, address := range args {
		text, err := fetch("tcp", address)
		fmt.Printf("%s: %q %v\n", address, text, err)
	}
	return nil
}

// bindEach binds "network/address" in turn, keeps all, and prints how it went.
func bindEach(args []string) error {
	for _, arg := range args {
		network, address, _ := strings.Cut(arg, "/")
		var bound net.Addr
		var err error
		if strings.HasPrefix(network, "udp") {
			var c net.PacketConn
			if c, err = net.ListenPacket(network, address); err == nil {
				bound = c.LocalAddr()
			}
		} else {
			var l net.Listener
			if l, err = net.Listen(network, address); err == nil {
				bound = l.Addr()
			}
		}
		fmt.Println(arg, "->", bound, err)
	}
	return nil
}

// listenUnbound listens on a socket that was never bound.
func listenUnbound([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Listen(fd, 1); err != nil {
		return err
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	inet := name.(*unix.SockaddrInet4)
	fmt.Println("listening", net.IP(inet.Addr[:]), inet.Port > 0)
	return nil
}

// allocate uses args[0] MB of memory, frees it all but args[1] MB, and waits.
func allocate(args []string) error {
	first, _ := strconv.Atoi(args[0])
	rest, _ := strconv.Atoi(args[1])
	m, err := syscall.Mmap(-1, 0, first<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	for i := 0; i < len(m); i += 4096 {
		m[i] = 1
	}
	fmt.Println("allocated")
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return err
	}
	if err := unix.Madvise(m[rest<<20:], unix.MADV_DONTNEED); err != nil {
		return err
	}
	fmt.Println("freed")
	time.Sleep(time.Hour) // where there is no cgo, select {} would be a deadlock
	return nil
}

// bindOften prints how long a bind and close takes, in nanoseconds.
func bindOften(args []string) error {
	count, _ := strconv.Atoi(args[0])
	start := time.Now()
	for range count {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
			return err
		}
		unix.Close(fd)
	}
	fmt.Println(time.Since(start).Nanoseconds() / int64(count))
	return nil
}

// connectOften prints how long connecting a UDP socket takes, in nanoseconds.
func connectOften(args []string) error {
	count, _ := strconv.Atoi(args[0])
	start := time.Now()
	for range count {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 53}); err != nil {
			return err
		}
		unix.Close(fd)
	}
	fmt.Println(time.Since(start).Nanoseconds() / int64(count))
	return nil
}

// Benchmarks of what the filter costs a program: each call is a question to the
// launcher. "plain" is the same without a filter.
func BenchmarkNotified(b *testing.B) {
	for _, name := range []string{"bind often", "connect often"} {
		for _, ports := range []string{PortsPrivate, PortsFixed} {
			b.Run(name+" "+ports, func(b *testing.B) { benchmarkProgram(b, name, ports) })
		}
	}
}
