package rloader

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// pair is both ends of a control socket.
func pair(t *testing.T) (sandbox, loader control) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return control{fds[0]}, control{fds[1]}
}

func send(t *testing.T, c control, order any, fds ...int) {
	t.Helper()
	body, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := unix.Sendmsg(c.fd, body, rights, nil, 0); err != nil {
		t.Fatal(err)
	}
}

func TestOrderWithFiles(t *testing.T) {
	t.Parallel()
	sandbox, loader := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// Long, because the first read only asks for the size.
	long := strings.Repeat("x", 60_000)
	send(t, sandbox, Order{Kind: KindRun, Args: []string{long}, Files: []string{FileStdout}}, int(w.Fd()))
	w.Close()
	order, files, err := loader.order()
	if err != nil {
		t.Fatal(err)
	}
	if order.Kind != KindRun || order.Args[0] != long {
		t.Errorf("got kind %q, an argument of %d bytes", order.Kind, len(order.Args[0]))
	}
	out := os.NewFile(uintptr(files[FileStdout]), "stdout")
	if flags, err := unix.FcntlInt(out.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("the descriptor would leak: flags %#x, %v", flags, err)
	}
	if _, err := out.WriteString("through"); err != nil {
		t.Error(err)
	}
	out.Close()
	if text, err := io.ReadAll(r); string(text) != "through" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestBadOrders(t *testing.T) {
	t.Parallel()
	sandbox, loader := pair(t)
	send(t, sandbox, Order{Files: []string{FileStdout, FileStderr}})
	if _, _, err := loader.order(); err == nil || !strings.Contains(err.Error(), "2 descriptors, got 0") {
		t.Errorf("missing descriptors: %v", err)
	}
	send(t, sandbox, "not an order")
	if _, _, err := loader.order(); err == nil || !strings.Contains(err.Error(), "order: ") {
		t.Errorf("no order: %v", err)
	}
	if err := unix.Shutdown(sandbox.fd, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if _, _, err := loader.order(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if _, _, err := (control{-1}).order(); err == nil {
		t.Error("an order out of nothing")
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	sandbox, loader := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	loader.report(Report{Kind: ReportReady, Files: []string{FileListener}}, int(w.Fd()))
	loader.report(Report{Kind: ReportExit, Code: -1, Signal: 9})
	w.Close()
	body, fds, err := sandbox.receive()
	if err != nil || len(fds) != 1 || !bytes.Contains(body, []byte(`"listener"`)) {
		t.Fatalf("%s, %v, %v", body, fds, err)
	}
	unix.Close(fds[0])
	if text, err := io.ReadAll(r); len(text) != 0 || err != nil {
		t.Errorf("the descriptor is another: %q, %v", text, err)
	}
	body, fds, err = sandbox.receive()
	if want := `{"kind":"exit","code":-1,"signal":9}`; string(body) != want || len(fds) != 0 || err != nil {
		t.Errorf("%s, %v, %v; want %s", body, fds, err, want)
	}
	if err := unix.Shutdown(sandbox.fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	loader.report(Report{Kind: ReportExit}) // nobody listens: no signal, no panic
}

func TestUseStreams(t *testing.T) {
	t.Parallel()
	s := ownStreams(map[string]int{FileStdin: 10, FileStderr: 12})
	if s.stdin != 10 || s.stdout != 1 || s.stderr != 12 || s.master != -1 {
		t.Errorf("got %+v", s)
	}
}

func TestOpenTerminal(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/ptmx"); err != nil {
		t.Skip("no /dev/ptmx")
	}
	s, err := openTerminal(30, 90)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(s.master)
	size, err := unix.IoctlGetWinsize(s.master, unix.TIOCGWINSZ)
	if err != nil || size.Row != 30 || size.Col != 90 {
		t.Errorf("the size is %+v, %v", size, err)
	}
	if _, err := unix.Write(s.stdout, []byte("hi\n")); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 10)
	if n, err := unix.Read(s.master, buffer); string(buffer[:max(n, 0)]) != "hi\r\n" || err != nil {
		t.Errorf("read %q, %v", buffer[:max(n, 0)], err)
	}
	s.close()
	if n, err := unix.Read(s.master, buffer); err != unix.EIO {
		t.Errorf("after the end: %d, %v", n, err)
	}
	none := streams{slave: -1}
	none.close() // must not close anything
}
