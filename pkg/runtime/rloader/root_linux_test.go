package rloader

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// linesInside carries a shell script out in a root of its own and gives the lines
// that it printed.
func linesInside(t *testing.T, text string, change func(*Order)) []string {
	t.Helper()
	needNamespaces(t)
	order := rooted(t, script(text))
	if change != nil {
		change(&order)
	}
	out := carryOut(t, order)
	if left, err := os.ReadDir(order.Root); len(left) > 0 || err != nil {
		t.Errorf("on the host, the mount point has %v, %v", left, err)
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestRootHasTheLayout(t *testing.T) {
	t.Parallel()
	expect(t, linesInside(t, `cd /; stat -c '%a %F %n' tmp var/tmp dev/shm root home mnt opt srv code var/fc/lang var/fc/runtime/rloader run/lock
		for l in dev/fd dev/stdin dev/stdout dev/stderr dev/ptmx var/run; do echo "$l $(readlink $l)"; done
		ls -A home root mnt opt code srv var/fc/lang | grep -v : | sort -u; umask; pwd; echo $$`, nil),
		"1777 directory tmp", "1777 directory var/tmp", "1777 directory dev/shm", "700 directory root", "755 directory home",
		"755 directory mnt", "755 directory opt", "755 directory srv", "755 directory code", "755 directory var/fc/lang",
		"755 regular file var/fc/runtime/rloader", "755 directory run/lock",
		"dev/fd /proc/self/fd", "dev/stdin /proc/self/fd/0", "dev/stdout /proc/self/fd/1", "dev/stderr /proc/self/fd/2",
		"dev/ptmx pts/ptmx", "var/run /run", "", "0022", "/", "1")
}

func TestRootHasDevices(t *testing.T) {
	t.Parallel()
	got := linesInside(t, `ls /dev | sort | tr '\n' ' '; echo; head -c 4 /dev/zero | od -An -tx1; echo gone >/dev/null
		head -c 16 /dev/urandom | wc -c; echo full 2>/dev/null >/dev/full || echo full; echo text | cat /dev/fd/0
		echo shared >/dev/shm/x && cat /dev/shm/x; ls /dev/pts | tr '\n' ' '; echo; mknod /tmp/mine b 8 0 2>/dev/null || echo refused`, nil)
	expect(t, got, "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero ",
		" 00 00 00 00", "16", "full", "text", "shared", "ptmx ", "refused")
}

// TestRootMounts: nothing that happens to the host's mounts later, or to the
// instance's, reaches the other; system folders are read-only with what is
// mounted in them.
func TestRootMounts(t *testing.T) {
	t.Parallel()
	lines := linesInside(t, `cat /proc/self/mountinfo`, func(o *Order) { o.GuardProc = true })
	options := map[string]string{}
	for _, line := range lines {
		// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue (proc_pid_mountinfo(5))
		before, _, ok := strings.Cut(line, " - ")
		words := strings.Fields(before)
		if !ok || len(words) < 6 {
			t.Fatalf("mount %q", line)
		}
		if len(words) > 6 {
			t.Errorf("%s hears of other namespaces: %v", words[4], words[6:])
		}
		options[words[4]] = "," + words[5] + ","
	}
	if _, err := os.Stat("/proc/sysrq-trigger"); err != nil {
		options["/proc/sysrq-trigger"] = ",ro," // the kernel has none
	}
	for path, want := range map[string]string{
		"/": "rw nosuid nodev", "/usr": "ro nosuid", "/etc": "ro nosuid", "/sys": "ro nosuid", "/proc": "rw nosuid nodev noexec",
		"/proc/sys": "ro", "/proc/sysrq-trigger": "ro", "/dev/shm": "rw nosuid nodev noexec", "/dev/pts": "rw nosuid noexec",
		"/dev/null": "rw", Path: "ro",
	} {
		for word := range strings.FieldsSeq(want) {
			if !strings.Contains(options[path], ","+word+",") {
				t.Errorf("%s is mounted %q, not %s", path, options[path], word)
			}
		}
	}
	for path, have := range options {
		for _, folder := range []string{"/usr/", "/etc/", "/sys/"} {
			if strings.HasPrefix(path, folder) && !strings.Contains(have, ",ro,") {
				t.Errorf("%s is mounted %q", path, have)
			}
		}
	}
	for _, line := range linesInside(t, `grep -c ' /proc/' /proc/self/mountinfo || :`, nil) {
		if line != "0" {
			t.Errorf("unguarded, there are %s mounts in /proc", line)
		}
	}
}

// TestMountsOfAnOrder: whatever their sequence, what is mounted deeper is seen.
func TestMountsOfAnOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program(t, filepath.Join(dir, "code", "index.py"), 0o644, "code\n")
	program(t, filepath.Join(dir, "code", "lib", "hidden"), 0o644, "")
	program(t, filepath.Join(dir, "lib", "deep"), 0o644, "lib\n")
	program(t, filepath.Join(dir, "file"), 0o644, "file\n")
	program(t, filepath.Join(dir, "tmp", "kept"), 0o644, "kept\n")
	got := linesInside(t, `cat /code/index.py; ls /code/lib; cat /a/b/c/file relative; cat /clean/x; cat /tmp/kept
		touch /code/new 2>/dev/null || echo read-only; echo w >/writable/new; echo t >/tmp/new; stat -c %F /a/b/c/file`, func(o *Order) {
		o.TmpDir = filepath.Join(dir, "tmp")
		o.Mounts = []Mount{
			{Source: filepath.Join(dir, "lib"), Target: "/code/lib", ReadOnly: true},
			{Source: filepath.Join(dir, "file"), Target: "/a/b/c/file"},
			{Source: filepath.Join(dir, "code"), Target: "/code", ReadOnly: true},
			{Source: filepath.Join(dir, "tmp"), Target: "/writable"},
			{Source: filepath.Join(dir, "file"), Target: "relative"},
			{Source: filepath.Join(dir, "file"), Target: "//clean/./y/../x"},
		}
	})
	expect(t, got, "code", "deep", "file", "file", "file", "kept", "read-only", "regular file")
	for name, want := range map[string]string{"tmp/new": "t\n", "tmp/kept": "kept\n"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != want {
			t.Errorf("%s has %q, %v", name, text, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "tmp", "new")); err != nil || string(text) != "t\n" {
		t.Errorf("the last write is %q, %v", text, err)
	}
}

// TestMountsStayInside: a target is a path of the instance, whatever symbolic
// links lie on it or how often it goes up; the host's folders of the same name
// are not touched.
func TestMountsStayInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	host := filepath.Join(dir, "host")
	program(t, filepath.Join(dir, "data", "text"), 0o644, "data\n")
	program(t, filepath.Join(host, "own"), 0o644, "own\n")
	code := filepath.Join(dir, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		t.Fatal(err)
	}
	up := strings.Repeat("../", 40)
	for name, target := range map[string]string{
		"absolute": host, "up": up[:len(up)-1] + host, "home": "/home/app", "twice": "home", "chain": "up/further", "here": ".", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(code, name)); err != nil {
			t.Fatal(err)
		}
	}
	data := func(target string) func(o *Order) {
		return func(o *Order) {
			o.Mounts = []Mount{{Source: code, Target: "/code"}, {Source: filepath.Join(dir, "data"), Target: target}}
		}
	}
	for target, seen := range map[string]string{
		"/code/absolute":       host,
		"/code/absolute/new":   host + "/new",
		"/code/up/new/er":      host + "/new/er",
		"/code/home":           "/home/app",
		"/code/twice/sub":      "/home/app/sub",
		"/code/chain/y":        host + "/further/y",
		"/code/here/here/home": "/home/app",
		up + "data":            "/data",
		"/../../over":          "/over",
	} {
		expect(t, linesInside(t, "cat "+seen+"/text", data(target)), "data")
	}
	if entries, err := os.ReadDir(host); len(entries) != 1 || err != nil {
		t.Errorf("the host's folder has become %v, %v", entries, err)
	}
	order := rooted(t, script("true"))
	data("/code/loop/x")(&order)
	l := start(t, order)
	if r, _ := l.want(ReportBroken); !strings.Contains(r.Why, "/code/loop/x: too many levels of symbolic links") {
		t.Errorf("a loop: %+v", r)
	}
}

func TestBrokenRoots(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	dir := t.TempDir()
	program(t, filepath.Join(dir, "file"), 0o644, "")
	file := filepath.Join(dir, "file")
	for name, test := range map[string]struct {
		change func(*Order)
		why    string
	}{
		"no place":          {func(o *Order) { o.Root = dir + "/absent" }, "mount a root on " + dir + "/absent: no such file"},
		"a file as place":   {func(o *Order) { o.Root = file }, "mount a root on " + file + ": "},
		"no tmp":            {func(o *Order) { o.TmpDir = dir + "/absent" }, "mount " + dir + "/absent on /tmp: no such file"},
		"no code":           {mounts(Mount{dir + "/absent", "/code", true}), "mount " + dir + "/absent on /code: no such file"},
		"a file on a dir":   {mounts(Mount{file, "/code", true}), "/code"},
		"a dir on a file":   {mounts(Mount{file, "/x", true}, Mount{dir, "/x", true}), "/x: not a directory"},
		"below a file":      {mounts(Mount{file, "/x", true}, Mount{dir, "/x/y", true}), "/x/y: not a directory"},
		"in a system place": {mounts(Mount{dir, "/usr/new", true}), "make /usr/new: read-only file system"},
		"in a guarded one":  {mounts(Mount{dir, "/proc/new", true}), "make /proc/new: "},
		"the root itself":   {mounts(Mount{dir, "/", true}), "mount " + dir + " on /: "},
		"no target":         {mounts(Mount{dir, "", true}), "mount " + dir + " on /: "},
	} {
		for _, stay := range []bool{false, true} {
			order := rooted(t, script("echo started"))
			order.Stay = stay
			test.change(&order)
			l := start(t, order)
			if r, _, err := l.next(); err != nil || r.Kind != ReportBroken || r.Part != PartRoot || !strings.Contains(r.Why, test.why) {
				t.Errorf("%s: %+v, want %q", name, r, test.why)
			}
			if code := l.code(); code != exitBroken || l.out.Len() > 0 {
				t.Errorf("%s: exit code %d, output %q", name, code, l.out.String())
			}
		}
	}
}

func mounts(list ...Mount) func(*Order) {
	return func(o *Order) { o.Mounts = list }
}

// TestRebuiltBinary: rloader's own file may be gone, or another by now.
func TestRebuiltBinary(t *testing.T) {
	t.Parallel()
	for self, want := range map[string]string{"": "0", "/no/such/binary": "0", "/bin/sh": "read"} {
		got := linesInside(t, `wc -c <`+Path, func(o *Order) { o.Self = self })
		if want == "0" && got[0] != "0" || want != "0" && got[0] == "0" {
			t.Errorf("%q: %v bytes", self, got)
		}
	}
}

// TestFirstErrorStopsTheBuilder: what comes after it does nothing, and doesn't
// hide it.
func TestFirstErrorStopsTheBuilder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := &builder{}
	b.dir(filepath.Join(dir, "a/b/c"), 0o700)
	b.dir(filepath.Join(dir, "a/b/c"), 0o755) // is there: nothing to do
	b.file(filepath.Join(dir, "f/g"), 0o600)
	b.shared(filepath.Join(dir, "s"))
	b.link("target", filepath.Join(dir, "l"))
	if b.err != nil {
		t.Fatal(b.err)
	}
	for name, want := range map[string]os.FileMode{"a/b/c": os.ModeDir | 0o700, "f/g": 0o600, "s": os.ModeDir | os.ModeSticky | 0o777, "l": os.ModeSymlink | 0o777} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	b.link("other", filepath.Join(dir, "l"))
	if b.err == nil || !errors.Is(b.err, unix.EEXIST) || b.err.Error() != "link "+filepath.Join(dir, "l")+": file exists" {
		t.Errorf("a link over a link: %v", b.err)
	}
	first := b.err
	b.dir(filepath.Join(dir, "later"), 0o755)
	b.file(filepath.Join(dir, "later"), 0o644)
	b.shared(filepath.Join(dir, "later"))
	b.link("x", filepath.Join(dir, "later"))
	b.bind(dir, filepath.Join(dir, "later"), 0)
	b.bindOn(dir, filepath.Join(dir, "s"), 0)
	b.proc(true)
	b.fail("do", "more", io.EOF)
	if _, err := os.Lstat(filepath.Join(dir, "later")); b.err != first || err == nil {
		t.Errorf("it went on: %v, %v", b.err, err)
	}
	for path, want := range map[string]error{filepath.Join(dir, "l"): unix.ELOOP, filepath.Join(dir, "f/g/h"): unix.ENOTDIR, dir: nil} {
		if b := (&builder{}); path != dir {
			if b.file(path, 0o644); !errors.Is(b.err, want) {
				t.Errorf("file %s: %v, want %v", path, b.err, want)
			}
		}
	}
}

// TestStrayFiles: links to what is shown anyway, or to nothing, need nothing.
func TestStrayFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program(t, filepath.Join(dir, "plain"), 0o644, "")
	for name, target := range map[string]string{"dangling": "/no/such", "system": "/etc/passwd", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"plain", "dangling", "system", "loop", "absent"} {
		b := &builder{}
		if b.stray(filepath.Join(dir, name)); b.err != nil {
			t.Errorf("%s: %v", name, b.err)
		}
	}
}
