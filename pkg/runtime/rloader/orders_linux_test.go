package rloader

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestWrongOrders: each is refused before anything is started or mounted, and
// told to the sandbox, which takes a socket that closes silently for a command
// that runs.
func TestWrongOrders(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fd := int(null.Fd())
	names := func(n int) (list []string) {
		for i := range n {
			list = append(list, string(rune('a'+i)))
		}
		return list
	}
	fds := func(n int) (list []int) {
		for range n {
			list = append(list, fd)
		}
		return list
	}
	for name, test := range map[string]struct {
		order any
		fds   []int
		why   string
	}{
		"not JSON":             {json.RawMessage(`"a"`), nil, "order: json: cannot unmarshal string"},
		"a list":               {[]int{1}, nil, "order: json: cannot unmarshal array"},
		"a number as command":  {json.RawMessage(`{"kind":"run","args":7}`), nil, "order: json: "},
		"a negative size":      {json.RawMessage(`{"kind":"run","rows":-1}`), nil, "order: json: "},
		"no kind":              {Order{Args: []string{"/bin/true"}}, nil, `order of unknown kind ""`},
		"unknown kind":         {Order{Kind: "Run", Args: []string{"/bin/true"}}, nil, `order of unknown kind "Run"`},
		"nothing to assign":    {Order{Kind: KindAssign}, nil, "there is no instance to assign"},
		"a descriptor missing": {Order{Kind: KindRun, Files: names(2)}, fds(1), "order names 2 descriptors, got 1"},
		"a descriptor more":    {Order{Kind: KindRun, Files: names(1)}, fds(2), "order names 1 descriptors, got 2"},
		"unnamed descriptors":  {Order{Kind: KindRun}, fds(1), "order names 0 descriptors, got 1"},
		"too many":             {Order{Kind: KindRun, Files: names(MaxFiles + 2)}, fds(MaxFiles + 2), "descriptors"},
		"a name twice":         {Order{Kind: KindRun, Files: []string{FileStdout, FileStdout}}, fds(2), `order names "stdout" twice`},
	} {
		l := begin(t, nil)
		send(t, l.control, test.order, test.fds...)
		if r, _ := l.want(ReportBroken); !strings.Contains(r.Why, test.why) {
			t.Errorf("%s: %+v, want %q", name, r, test.why)
		}
		if code := l.code(); code != exitBroken {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
}

// TestNoOrder: a sandbox that is gone, or was never there.
func TestNoOrder(t *testing.T) {
	t.Parallel()
	gone := begin(t, nil)
	gone.hangUp()
	if code := gone.code(); code != exitBroken {
		t.Errorf("sandbox gone: exit code %d", code)
	}
	finished := begin(t, nil)
	_ = unix.Shutdown(finished.fd, unix.SHUT_WR)
	if code := finished.code(); code != exitBroken {
		t.Errorf("sandbox says nothing: exit code %d", code)
	}
	for name, file := range map[string]string{"no socket": "", "a file": os.DevNull} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Args, cmd.Env = []string{Path}, []string{endAtOnce}
		if file != "" {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			cmd.ExtraFiles = []*os.File{f}
		}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != exitBroken || len(out) > 0 {
			t.Errorf("%s: %v, %q", name, err, out)
		}
	}
}

func TestMainTriesMounts(t *testing.T) {
	t.Parallel()
	needNamespaces(t) // where it may
	cmd := exec.Command("/proc/self/exe", Try)
	cmd.Args[0], cmd.Env = Path, []string{endAtOnce}
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true}}
	}
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != exitBroken {
		t.Errorf("an ordinary user without namespaces: %v", err)
	}
}

func TestJoinTasks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tasks")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	order := script("exit 3")
	order.Files = []string{FileTasks}
	l := start(t, order, int(file.Fd()))
	l.want(ReportReady)
	l.want(ReportStarted)
	l.want(ReportExit)
	// "0" is the thread that writes, to the kernel.
	if text, err := os.ReadFile(path); string(text) != "0" {
		t.Errorf("it wrote %q, %v", text, err)
	}

	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	l = start(t, order, int(readOnly.Fd()))
	if r, _ := l.want(ReportBroken); r.Part != PartMemory || !strings.HasPrefix(r.Why, "join the memory cgroup: ") {
		t.Errorf("%+v", r)
	}
	if code := l.code(); code != exitNotStarted {
		t.Errorf("exit code %d", code)
	}
}

// answerOne waits for one question of the filter and answers it.
func answerOne(t *testing.T, listener int, errno int32, flags uint32) (call int32) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(patience.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if n != 1 || err != nil || fds[0].Revents&unix.POLLIN == 0 {
			t.Fatalf("no question: %d, %v, %#x", n, err, fds[0].Revents)
		}
		break
	}
	// struct seccomp_notif and seccomp_notif_resp (linux/seccomp.h)
	var asked struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&asked))); e != 0 {
		t.Fatal(e)
	}
	answer := struct {
		id    uint64
		val   int64
		errno int32
		flags uint32
	}{id: asked.id, errno: errno, flags: flags}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&answer))); e != 0 {
		t.Fatal(e)
	}
	return asked.nr
}

// eachWay runs a test with an rloader that stays and one that becomes.
func eachWay(t *testing.T, test func(t *testing.T, shape func(Order) Order)) {
	t.Run("staying", func(t *testing.T) {
		t.Parallel()
		test(t, func(o Order) Order { return o })
	})
	t.Run("becoming", func(t *testing.T) {
		t.Parallel()
		needNamespaces(t)
		test(t, func(o Order) Order { return rooted(t, o) })
	})
	t.Run("staying as PID 1", func(t *testing.T) {
		t.Parallel()
		needNamespaces(t)
		test(t, func(o Order) Order {
			o.Stay = true
			return rooted(t, o)
		})
	})
}

func TestProbe(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, shape func(Order) Order) {
		l := start(t, shape(Order{Kind: KindProbe}))
		l.want(ReportReady)
		l.want(ReportExit)
		if code := l.code(); code != 0 {
			t.Errorf("without a filter: exit code %d", code)
		}
		if !CanFilter() {
			return
		}
		// A sandbox that only lets calls through, one that refuses them, and
		// one that lets go of the listener.
		for why, answer := range map[string]func(listener int){
			"was not redirected": func(fd int) { answerOne(t, fd, 0, unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE) },
			"permission denied":  func(fd int) { answerOne(t, fd, -int32(unix.EACCES), 0) },
			"not implemented":    func(fd int) { unix.Close(fd) },
		} {
			l := start(t, shape(Order{Kind: KindProbe, Filter: true}))
			_, files := l.want(ReportReady)
			listener, err := unix.FcntlInt(uintptr(files[FileListener]), unix.F_DUPFD_CLOEXEC, 10)
			if err != nil {
				t.Fatal(err)
			}
			l.release(files[FileListener])
			answer(listener)
			if r, _ := l.want(ReportBroken); r.Part != PartPorts || !strings.Contains(r.Why, why) {
				t.Errorf("%+v, want %s", r, why)
			}
			if code := l.code(); code != exitBroken {
				t.Errorf("%s: exit code %d", why, code)
			}
			if why != "not implemented" {
				unix.Close(listener)
			}
		}
	})
}

// TestFilterAsks: the command, and what it starts, is asked about.
func TestFilterAsks(t *testing.T) {
	t.Parallel()
	if !CanFilter() {
		t.Skip("no filter for this processor")
	}
	eachWay(t, func(t *testing.T, shape func(Order) Order) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		order := script(`"$1"; exit $?`, "/t/self")
		order.Filter, order.Env = true, append([]string{roleVariable + "=bind", endAtOnce}, shellEnv...)
		if order = shape(order); order.Root == "" {
			order.Args[len(order.Args)-1] = self
		}
		order.Mounts = []Mount{{Source: self, Target: "/t/self"}}
		l := start(t, order)
		_, files := l.want(ReportReady)
		if call := answerOne(t, files[FileListener], -int32(unix.ENETDOWN), 0); call != unix.SYS_BIND {
			t.Errorf("it was asked about call %d", call)
		}
		if code := l.code(); code != 1 || l.out.String() != "bind under the port filter: network is down" {
			t.Errorf("exit code %d, it printed %q", code, l.out.String())
		}
	})
}

func TestFilterRefusesWaysAround(t *testing.T) {
	t.Parallel()
	if !CanFilter() {
		t.Skip("no filter for this processor")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := start(t, Order{Kind: KindRun, Args: []string{self}, Env: []string{roleVariable + "=io_uring", endAtOnce}, Filter: true})
	l.want(ReportReady)
	l.want(ReportStarted)
	if r, _ := l.want(ReportExit); r.Code != int(unix.ENOSYS) {
		t.Errorf("io_uring_setup: %+v, want code %d", r, unix.ENOSYS)
	}
}

// TestExecJoinsTheInstance: a second rloader runs a command where the first
// has its own. What that leaves behind belongs to the instance and ends with it.
func TestExecJoinsTheInstance(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	if os.Geteuid() != 0 {
		t.Skip("the test is outside of the user namespace, unlike the daemon; the sandbox's tests are inside")
	}
	in, _ := pipe(t)
	order := rooted(t, script("echo mine >/tmp/mark; read line"))
	order.Files = []string{FileStdin}
	instance := start(t, order, int(in.Fd()))
	instance.want(ReportReady)
	if _, _, err := instance.next(); err != io.EOF {
		t.Fatal(err)
	}
	pidfd, err := unix.PidfdOpen(instance.cmd.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	mark := marker(t)
	inside := script(`until [ -s /tmp/mark ]; do sleep 0.01; done; cat /tmp/mark; readlink /proc/1/ns/pid /proc/self/ns/pid | uniq | wc -l
		(setsid sh -c 'while :; do sleep 1; done' "$1" >/dev/null 2>&1 &); exit 6`, mark)
	inside.Kind, inside.Files = KindExec, []string{FileInstance}
	l := start(t, inside, pidfd)
	l.want(ReportReady)
	l.want(ReportStarted)
	if r, _ := l.want(ReportExit); r.Code != 6 {
		t.Errorf("%+v", r)
	}
	if l.code(); l.out.String() != "mine\n1\n" {
		t.Errorf("it printed %q", l.out.String())
	}
	if left := marked(mark); left != 1 {
		t.Errorf("%d are left in the instance", left)
	}
	instance.stop()
	eventually(t, "all end with the instance", func() bool { return marked(mark) == 0 })
}

func TestExecOfNoInstance(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	order := script("true")
	order.Kind, order.Files = KindExec, []string{FileInstance}
	l := start(t, order, int(null.Fd()))
	if r, _ := l.want(ReportBroken); r.Part != PartRoot || !strings.HasPrefix(r.Why, "enter the instance: ") && !strings.HasPrefix(r.Why, "unshare: ") {
		t.Errorf("%+v", r)
	}
	if code := l.code(); code != exitNotStarted {
		t.Errorf("exit code %d", code)
	}
}
