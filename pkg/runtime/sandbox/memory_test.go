//go:build linux

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMemoryLimit lets a program ask for more than it may have.
func TestMemoryLimit(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.program("allocate", "512", "0")
			spec.MemoryMB, spec.Init = 96, init
			i := h.launch(spec)
			out, exit := i.end()
			if !exit.OOM || exit.Code != -1 || exit.Signal != "killed" {
				h.t.Errorf("init %t: exit %+v, printed %q", init, exit, out)
			}
		}
	})
}

// TestMemoryLimitEndsAll: one process of several passes the limit, and the
// others would wait for ever.
func TestMemoryLimitEndsAll(t *testing.T) {
	each(t, func(h *house) {
		marker := newMarker()
		spec := h.program("allocate")
		spec.Args = []string{"/bin/sh", "-c", programPath + ` 512 0 & while :; do wait; sleep 1; done; : ` + marker}
		spec.MemoryMB = 96
		if _, exit := h.launch(spec).end(); !exit.OOM {
			h.t.Errorf("exit %+v", exit)
		}
		waitDead(h.t, marker)
	})
}

func TestNoOOMWithoutOne(t *testing.T) {
	each(t, func(h *house) {
		for _, script := range []string{"exit 1", "sleep 1000"} {
			i := h.launch(h.spec(script))
			if script != "exit 1" {
				i.Kill()
			}
			if _, exit := i.end(); exit.OOM {
				h.t.Errorf("%q: exit %+v", script, exit)
			}
		}
	})
}

// TestMemoryFigures compares what is told with what the program did.
func TestMemoryFigures(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			// The program goes on at the end of its input.
			spec := h.program("allocate")
			spec.Args = []string{"/bin/sh", "-c", "while ! [ -e /tmp/go ]; do sleep 0.02; done | " + programPath + " 64 8"}
			spec.Init = init
			i := h.launch(spec)
			i.waitFor("allocated")
			current, peak := i.Memory()
			if !between(current, 60, 110) || peak < current {
				h.t.Errorf("init %t: %d MB in use, peak %d MB; 64 are", init, current>>20, peak>>20)
			}
			if err := os.WriteFile(filepath.Join(spec.TmpDir, "go"), nil, 0o644); err != nil {
				h.t.Fatal(err)
			}
			i.waitFor("freed")
			current, peak = i.Memory()
			if !between(current, 6, 50) || !between(peak, 60, 110) {
				h.t.Errorf("init %t: %d MB in use, peak %d MB after most of 64 were freed", init, current>>20, peak>>20)
			}
			i.ResetPeak()
			time.Sleep(2 * cacheAge)
			if _, peak = i.Memory(); !between(peak, 6, 50) {
				h.t.Errorf("init %t: the peak is %d MB after its reset", init, peak>>20)
			}
			i.Kill()
			if current, peak := i.Memory(); current != 0 || !between(peak, 6, 50) {
				h.t.Errorf("init %t: %d MB in use, peak %d MB after the end", init, current>>20, peak>>20)
			}
		}
	})
}

func between(bytes int64, low, high int64) bool { return bytes >= low<<20 && bytes <= high<<20 }

// TestRloaderIsNotCharged: a managed instance that does nothing uses next to
// nothing, although a Go program looks after it.
func TestRloaderIsNotCharged(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.spec("echo up; exec sleep 1000")
			spec.Init = init
			i := h.launch(spec)
			i.waitFor("up")
			i.ResetPeak()
			if current, peak := i.Memory(); current <= 0 || current > 6<<20 || peak > 6<<20 {
				h.t.Errorf("init %t: sleep uses %d kB, peak %d kB", init, current>>10, peak>>10)
			}
		}
	})
}

func TestStatValue(t *testing.T) {
	t.Parallel()
	text := []byte("cache 10\nrss 20\ntotal_cache 30\ntotal_shmem 7\nlast 40")
	for key, want := range map[string]int64{"cache": 10, "total_cache": 30, "last": 40, "absent": 0, "tot": 0} {
		if got := statValue(text, key); got != want {
			t.Errorf("%s is %d, want %d", key, got, want)
		}
	}
	if got := kilobytes([]byte("Rss: 5 kB\nPss:      123 kB\nPss_Anon: 7 kB\n"), "Pss:"); got != 123<<10 {
		t.Errorf("Pss is %d", got)
	}
	if got := kilobytes(nil, "Pss:"); got != 0 {
		t.Errorf("nothing is %d", got)
	}
}

// fakeCgroup2 is a folder with the files that version 2 has, which this test
// plays the kernel of.
func fakeCgroup2(t *testing.T, files map[string]string) *cgroup {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"memory.max": "max", "memory.swap.max": "max", "memory.oom.group": "0", "cgroup.freeze": "0"} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	return &cgroup{dir: dir, v2: true}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCgroup2Files checks the names and formats of version 2, whose memory
// controller few machines have beside version 1's.
func TestCgroup2Files(t *testing.T) {
	t.Parallel()
	g := fakeCgroup2(t, map[string]string{
		"memory.current": "10485760\n", "memory.peak": "20971520\n",
		"memory.stat":   "anon 1\nfile 2097152\nshmem 1048576\n",
		"memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\noom_group_kill 0\n",
	})
	if err := g.setUp(64); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"memory.max": "67108864", "memory.swap.max": "0", "memory.oom.group": "1"} {
		if got := readFile(t, filepath.Join(g.dir, name)); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if current, peak := g.memory(); current != 9<<20 || peak != 19<<20 {
		t.Errorf("memory is %d, %d", current, peak)
	}
	g.resetPeak()
	if got := readFile(t, filepath.Join(g.dir, "memory.peak")); got[0] != '0' {
		t.Errorf("the peak was reset by %q", got)
	}
	if err := g.write("cgroup.freeze", "1"); err != nil || readFile(t, filepath.Join(g.dir, "cgroup.freeze")) != "1" {
		t.Errorf("not frozen: %v", err)
	}
	if g.oom() {
		t.Error("out of memory though nothing was killed")
	}
	if err := g.write("memory.events", "oom 1\noom_kill 1\noom_group_kill 1\n"); err != nil || !g.oom() {
		t.Errorf("not out of memory, though one was killed: %v", err)
	}
	g.finish()
	if current, _ := g.memory(); current != 0 || !g.oom() {
		t.Errorf("after the end: %d bytes, out of memory %t", current, g.oom())
	}
	g.watchOOM(func() { t.Error("version 2 ends the group itself") })()
}

// TestCgroup2WithoutPeak is Linux before 5.19.
func TestCgroup2WithoutPeak(t *testing.T) {
	t.Parallel()
	g := fakeCgroup2(t, map[string]string{"memory.current": "8388608\n", "memory.stat": "file 0\nshmem 0\n", "memory.events": "oom_kill 0\n"})
	if err := g.setUp(0); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, filepath.Join(g.dir, "memory.max")); got != "max" {
		t.Errorf("the limit is %q, there should be none", got)
	}
	g.memory()
	writeFile(t, filepath.Join(g.dir, "memory.current"), "4194304\n")
	if current, peak := g.memory(); current != 4<<20 || peak != 8<<20 {
		t.Errorf("memory is %d, %d", current, peak)
	}
	g.resetPeak()
	if _, peak := g.memory(); peak != 4<<20 {
		t.Errorf("the peak is %d after its reset", peak)
	}
	g.finish()
	if g.oom() {
		t.Error("out of memory without an event")
	}
}

func TestFindHierarchy(t *testing.T) {
	t.Parallel()
	mounts := []byte(`24 1 0:22 / /proc rw,relatime - proc proc rw
30 25 0:26 /docker/abc /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory
31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
broken line
`)
	for _, test := range []struct {
		fstype, option string
		want           hierarchy
		ok             bool
	}{
		{"cgroup", "memory", hierarchy{"/docker/abc", "/sys/fs/cgroup/memory"}, true},
		{"cgroup", "cpuacct", hierarchy{"/", "/sys/fs/cgroup/cpu"}, true},
		{"cgroup", "freezer", hierarchy{}, false},
		{"cgroup2", "", hierarchy{"/", "/sys/fs/cgroup/unified"}, true},
	} {
		got, ok := findHierarchy(mounts, test.fstype, test.option)
		if got != test.want || ok != test.ok {
			t.Errorf("%s %s: %+v %t", test.fstype, test.option, got, ok)
		}
	}
	h := hierarchy{"/docker/abc", "/sys/fs/cgroup/memory"}
	for path, want := range map[string]string{
		"/docker/abc":   "/sys/fs/cgroup/memory",
		"/docker/abc/d": "/sys/fs/cgroup/memory/d",
		"/elsewhere":    "/sys/fs/cgroup/memory", // of another cgroup namespace
	} {
		if got := h.place(path); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
}

func TestMemberPath(t *testing.T) {
	t.Parallel()
	member := []byte("9:name=systemd:/user.slice\n4:memory:/user/a:b\n3:cpu,cpuacct:/c\n0::/unified/me\n")
	for controller, want := range map[string]string{"memory": "/user/a:b", "cpuacct": "/c", "": "/unified/me", "pids": "/"} {
		if got := memberPath(member, controller); got != want {
			t.Errorf("%q: %s, want %s", controller, got, want)
		}
	}
}

// TestDelegated finds the nearest ancestor that limits its children.
func TestDelegated(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	own := filepath.Join(top, "user.slice", "app.slice", "shell.scope")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, control := range map[string]string{"": "cpu memory", "user.slice": "cpu memory pids", "user.slice/app.slice": "pids", "user.slice/app.slice/shell.scope": ""} {
		writeFile(t, filepath.Join(top, dir, "cgroup.subtree_control"), control+"\n")
	}
	if dir, ok := delegated(own, top); !ok || dir != filepath.Join(top, "user.slice") {
		t.Errorf("found %q %t", dir, ok)
	}
	for _, dir := range []string{"", "user.slice"} {
		writeFile(t, filepath.Join(top, dir, "cgroup.subtree_control"), "cpu\n")
	}
	if dir, ok := delegated(own, top); ok {
		t.Errorf("found %q where nothing is delegated", dir)
	}
}

// TestStaleCgroups: what a killed launcher left is removed, what a living one
// uses is not.
func TestStaleCgroups(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	own, err := findCgroups(t.TempDir())
	mine := cgroupPrefix + "1-0-x.1"
	if err == nil {
		mine = own.owner + "1"
	}
	dirs := []string{"s-999999999-1-abc.1", fmt.Sprintf("s-%d-1-abc.2", os.Getpid()), mine, "s-x-y-z", "other"}
	for _, dir := range dirs {
		if err := os.Mkdir(filepath.Join(base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	removeStale(base)
	entries, err := os.ReadDir(base)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	want := []string{mine, "s-x-y-z", "other"}
	if own == nil {
		want = want[1:]
	}
	slices.Sort(left)
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}
