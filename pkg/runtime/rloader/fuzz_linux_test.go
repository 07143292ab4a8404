package rloader

import (
	"encoding/json"
	"io"
	"maps"
	"math/bits"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// FuzzOrder: whatever comes over the socket is an order that can be carried
// out, with a descriptor for each name, or an error; no descriptor of an order
// gets the name of another.
func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"kind":"run","args":["/bin/true"],"env":[],"files":["stdout"]}`), uint8(1))
	f.Add([]byte(`{"kind":"probe","filter":true}`), uint8(0))
	f.Add([]byte(`{"kind":"exec","files":["instance","stdin","stdin"]}`), uint8(3))
	f.Add([]byte(`{"kind":"exec","rows":65536}`), uint8(0))
	f.Add([]byte(`null`), uint8(0))
	f.Add([]byte(KillAll), uint8(9))
	f.Fuzz(func(t *testing.T, body []byte, count uint8) {
		if len(body) == 0 || len(body) > 64<<10 {
			t.Skip("the end of a socket, or no message at all")
		}
		sandbox, loader := pair(t)
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		var rights []byte
		if count %= MaxFiles + 1; count > 0 {
			rights = unix.UnixRights(slices.Repeat([]int{int(null.Fd())}, int(count))...)
		}
		if err := unix.Sendmsg(sandbox.fd, body, rights, nil, 0); err != nil {
			t.Fatal(err)
		}
		before := lowestFree(t)
		order, files, err := loader.order()
		if err != nil {
			if after := lowestFree(t); after != before {
				t.Errorf("after %v, the lowest free descriptor is %d, was %d", err, after, before)
			}
			if order != nil || files != nil {
				t.Errorf("an order besides the error %v", err)
			}
			return
		}
		for _, fd := range files {
			defer unix.Close(fd)
		}
		if names := slices.Sorted(maps.Keys(files)); len(files) != int(count) || !slices.Equal(names, slices.Sorted(slices.Values(order.Files))) {
			t.Errorf("%d descriptors came for %q, which are named %q", count, order.Files, names)
		}
		if !slices.Contains([]string{KindRun, KindExec, KindProbe}, order.Kind) {
			t.Errorf("an order of kind %q", order.Kind)
		}
	})
}

// lowestFree is the lowest descriptor that is free, which a leak changes.
func lowestFree(t *testing.T) int {
	t.Helper()
	fd, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	return fd
}

// TestAnyOrderSurvivesTheWire, with any text that is UTF-8: JSON knows no other.
func TestAnyOrderSurvivesTheWire(t *testing.T) {
	t.Parallel()
	sandbox, loader := pair(t)
	survives := func(args, env []string, dir string, mounts []Mount, rows, cols uint16, stay, tty bool) bool {
		order := Order{Kind: KindRun, Args: args, Env: env, Dir: dir, Mounts: mounts, Rows: rows, Cols: cols, Stay: stay, TTY: tty}
		if text, err := json.Marshal(order); err != nil || len(text) > 100<<10 || strings.Contains(string(text), `\ufffd`) {
			return err == nil
		}
		send(t, sandbox, order)
		got, files, err := loader.order()
		if len(mounts) == 0 { // none are sent as none
			order.Mounts = nil
		}
		return err == nil && len(files) == 0 && reflect.DeepEqual(*got, order)
	}
	if err := quick.Check(survives, &quick.Config{MaxCount: 50}); err != nil {
		t.Error(err)
	}
}

// FuzzWatch: what is killed are the groups that began and haven't ended, each
// once, and never a number that means everybody.
func FuzzWatch(f *testing.F) {
	f.Add(WatchLine(10, true) + WatchLine(11, true) + WatchLine(10, false))
	f.Add("+1\n+0\n+-5\n+99999999999999999999\n")
	f.Add("+ 7\n++7\n+7\r\n-7")
	f.Fuzz(func(t *testing.T, lines string) {
		var killed []int
		watch(strings.NewReader(lines), func(group int) { killed = append(killed, group) })
		for i, group := range killed {
			if group <= 1 || slices.Contains(killed[:i], group) {
				t.Errorf("killed %v", killed)
			}
			if !strings.Contains(lines, strconv.Itoa(group)[1:]) {
				t.Errorf("killed %d, which nobody named", group)
			}
		}
		killed = nil
		begun := WatchLine(4242, true) + "\n" + WatchLine(4243, true) + WatchLine(4243, false)
		watch(strings.NewReader(begun), func(group int) { killed = append(killed, group) })
		if !slices.Equal(killed, []int{4242}) {
			t.Errorf("of one that began and one that ended, %v are killed", killed)
		}
	})
}

// FuzzInside: a path of the instance leads to a place inside, or nowhere.
func FuzzInside(f *testing.F) {
	for _, seed := range []string{"/code", "../../etc", "/", "", "a//b/../c", "/proc/self/root/x", "\x00", strings.Repeat("x/", 500)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		path, err := inside(target)
		if err != nil {
			if path != "" {
				t.Errorf("%q: %q, %v", target, path, err)
			}
			return
		}
		if strings.HasPrefix(path, "/") || slices.Contains(strings.Split(path, "/"), "..") || path == "." || path == "" {
			t.Errorf("%q leads to %q", target, path)
		}
	})
}

// FuzzShebang: an interpreter is a word of the script's first line.
func FuzzShebang(f *testing.F) {
	f.Add([]byte("#!/bin/sh -e\n"))
	f.Add([]byte("#!\t \n/bin/sh"))
	path := f.TempDir() + "/script"
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, _ := shebang(path)
		line, _, _ := strings.Cut(string(text), "\n")
		if got != "" && (!strings.HasPrefix(line, "#!") || !strings.Contains(line, got) || utf8.ValidString(line) && strings.ContainsAny(got, " \t\n")) {
			t.Errorf("%q: %q", text, got)
		}
	})
}

// TestKeptCapabilities: none by which a function's root could leave its
// instance or touch the machine.
func TestKeptCapabilities(t *testing.T) {
	t.Parallel()
	for name, capability := range map[string]int{
		"SYS_ADMIN": unix.CAP_SYS_ADMIN, "SYS_PTRACE": unix.CAP_SYS_PTRACE, "SYS_MODULE": unix.CAP_SYS_MODULE, "MKNOD": unix.CAP_MKNOD,
		"SYS_CHROOT": unix.CAP_SYS_CHROOT, "NET_ADMIN": unix.CAP_NET_ADMIN, "NET_RAW": unix.CAP_NET_RAW, "SYS_RAWIO": unix.CAP_SYS_RAWIO,
		"DAC_READ_SEARCH": unix.CAP_DAC_READ_SEARCH, "SYS_BOOT": unix.CAP_SYS_BOOT, "SYS_TIME": unix.CAP_SYS_TIME, "BPF": unix.CAP_BPF,
		"LINUX_IMMUTABLE": unix.CAP_LINUX_IMMUTABLE, "PERFMON": unix.CAP_PERFMON, "MAC_ADMIN": unix.CAP_MAC_ADMIN, "SYSLOG": unix.CAP_SYSLOG,
	} {
		if uint64(keptCapabilities)>>capability&1 != 0 {
			t.Errorf("CAP_%s is kept", name)
		}
	}
	if count := bits.OnesCount64(uint64(keptCapabilities)); count != 10 {
		t.Errorf("%d are kept", count)
	}
}

// TestInstanceHasTheKeptCapabilities, in every set, however it is started.
func TestInstanceHasTheKeptCapabilities(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, shape func(Order) Order) {
		order := shape(script("cat /proc/self/status"))
		got := fields(carryOut(t, order))
		want := uint64(keptCapabilities)
		if order.Root == "" && os.Geteuid() != 0 {
			want = 0
		}
		for _, name := range []string{"CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"} {
			have, err := strconv.ParseUint(got[name], 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			if name == "CapBnd" && want == 0 {
				continue // an ordinary user's process gains nothing by it
			}
			if have&^want != 0 || name == "CapEff" && have != want&have {
				t.Errorf("%s is %#x, want within %#x", name, have, want)
			}
		}
	})
}

// TestReportsToNobody: a report that can't be delivered stops nothing.
func TestReportsToNobody(t *testing.T) {
	t.Parallel()
	_, loader := pair(t)
	loader.report(Report{Kind: ReportReady}, -1) // not a descriptor
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	control{int(null.Fd())}.report(Report{Kind: ReportExit})
	control{-1}.report(Report{Kind: ReportExit})
	if _, _, err := (control{int(null.Fd())}).receive(); err != unix.ENOTSOCK || err == io.EOF {
		t.Errorf("from what isn't a socket: %v", err)
	}
}
