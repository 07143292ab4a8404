package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"s/pkg/runtime/rawio"
)

// cgroup is the memory cgroup of one instance, of either version.
type cgroup struct {
	dir  string
	pids string // the version 1 cgroup that counts processes; may be empty
	v2   bool
	// join is "tasks" of version 1, which a thread writes itself into, or the
	// folder of version 2, in which a process is born.
	join          *os.File
	joinPids      *os.File // of pids
	now, top, ram *os.File // current use, its peak, memory.stat

	mu       sync.Mutex
	cache    int64 // bytes of file cache at cacheAt
	cacheAt  time.Time
	peak     int64
	last     int64 // current use at finish
	finished bool
	killed   atomic.Bool // the kernel reported that the limit was hit
}

// names of the files that both versions have in their own way.
type cgroupNames struct{ now, top, stat, cache, shared, limit, events, oomKill string }

func names(v2 bool) cgroupNames {
	if v2 {
		return cgroupNames{"memory.current", "memory.peak", "memory.stat", "file", "shmem", "memory.max", "memory.events", "oom_kill"}
	}
	return cgroupNames{"memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.stat", "total_cache", "total_shmem", "memory.limit_in_bytes", "memory.oom_control", "oom_kill"}
}

// newCgroup makes dir a cgroup with limits, pids another of version 1 if it is
// not empty; 0 is none.
func newCgroup(dir, pids string, v2 bool, limitMB, maxProcesses int) (*cgroup, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a cgroup: %w", err)
	}
	g := &cgroup{dir: dir, pids: pids, v2: v2}
	err := g.setUp(limitMB)
	if err == nil && maxProcesses > 0 {
		err = g.limitProcesses(maxProcesses)
	}
	if err != nil {
		g.remove()
		return nil, err
	}
	return g, nil
}

func (g *cgroup) setUp(limitMB int) error {
	n := names(g.v2)
	if limitMB > 0 {
		if err := g.limitTo(limitMB); err != nil {
			return err
		}
	}
	for _, open := range []struct {
		file *(*os.File)
		name string
		flag int
	}{{&g.now, n.now, os.O_RDONLY}, {&g.ram, n.stat, os.O_RDONLY}, {&g.join, g.joinName(), g.joinFlag()}} {
		f, err := os.OpenFile(filepath.Join(g.dir, open.name), open.flag, 0)
		if err != nil {
			return err
		}
		*open.file = f
	}
	top, err := os.OpenFile(filepath.Join(g.dir, n.top), os.O_RDWR, 0)
	if err != nil { // version 2 before Linux 6.12 can't reset, before 5.19 has none
		top, _ = os.Open(filepath.Join(g.dir, n.top))
	}
	g.top = top
	return nil
}

// limitTo sets or changes the limit.
func (g *cgroup) limitTo(limitMB int) error {
	limit := strconv.FormatInt(int64(limitMB)<<20, 10)
	// Swap would hide that the limit is hit. Kernels without swap accounting don't
	// have these files. The bound of both together must never be the smaller one,
	// so it is written first when it grows, and last when it shrinks.
	const both = "memory.memsw.limit_in_bytes"
	if !g.v2 {
		_ = g.write(both, limit)
	}
	if err := g.write(names(g.v2).limit, limit); err != nil {
		return fmt.Errorf("limit memory: %w", err)
	}
	if g.v2 {
		_ = g.write("memory.swap.max", "0")
		_ = g.write("memory.oom.group", "1")
	} else {
		_ = g.write(both, limit)
		_ = g.write("memory.swappiness", "0")
	}
	return nil
}

// limitProcesses bounds processes and threads, where the kernel's controller for
// that is at hand.
func (g *cgroup) limitProcesses(limit int) error {
	text := []byte(strconv.Itoa(limit))
	if g.v2 {
		if err := g.write("pids.max", string(text)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("limit processes: %w", err)
		}
		return nil
	}
	if g.pids == "" {
		return nil
	}
	if err := os.Mkdir(g.pids, 0o755); err != nil {
		return fmt.Errorf("make a cgroup: %w", err)
	}
	if err := os.WriteFile(filepath.Join(g.pids, "pids.max"), text, 0); err != nil {
		return fmt.Errorf("limit processes: %w", err)
	}
	var err error
	g.joinPids, err = os.OpenFile(filepath.Join(g.pids, "tasks"), os.O_WRONLY, 0)
	return err
}

func (g *cgroup) joinName() string {
	if g.v2 {
		return ""
	}
	return "tasks"
}

func (g *cgroup) joinFlag() int {
	if g.v2 {
		return os.O_RDONLY | unix.O_DIRECTORY
	}
	return os.O_WRONLY
}

func (g *cgroup) write(name, value string) error {
	f, err := os.OpenFile(filepath.Join(g.dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// cacheAge is how old a reading of the file cache may be: memory.stat is the
// slow one to read, and an invocation asks twice.
const cacheAge = 50 * time.Millisecond

// memory is the use without file cache, which is the machine's more than the
// function's and would count its code only if nobody had read it before.
func (g *cgroup) memory() (current, peak int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.finished {
		return g.last, g.peak
	}
	g.read()
	return g.last, g.peak
}

func (g *cgroup) read() {
	now, ok := readNumber(g.now)
	if !ok {
		return
	}
	if t := time.Now(); t.Sub(g.cacheAt) > cacheAge {
		g.cache, g.cacheAt = fileCache(g.ram, names(g.v2)), t
	}
	g.last = max(now-g.cache, 0)
	top, ok := readNumber(g.top)
	if !ok {
		top = now
	}
	g.peak = max(g.peak, g.last, top-g.cache)
}

// resetPeak makes the peak start from the present use.
func (g *cgroup) resetPeak() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.finished {
		return
	}
	g.peak = 0
	if g.top != nil {
		_, _ = rawio.WriteAt(g.top, []byte("0"), 0)
	}
}

// finish takes the last reading when all processes have ended: the current use
// is nothing then.
func (g *cgroup) finish() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read()
	g.last, g.finished = 0, true
	g.count()
}

// count asks the kernel whether it has ended a process for want of memory.
func (g *cgroup) count() {
	n := names(g.v2)
	events, err := os.ReadFile(filepath.Join(g.dir, n.events))
	if err == nil && statValue(events, n.oomKill) > 0 {
		g.killed.Store(true)
	}
}

// oom reports whether the kernel has ended a process for want of memory.
func (g *cgroup) oom() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.finished {
		g.count()
	}
	return g.killed.Load()
}

// remove deletes the cgroup. The kernel lets go of a process shortly after it
// has been reaped.
func (g *cgroup) remove() {
	for _, f := range []*os.File{g.join, g.joinPids, g.now, g.top, g.ram} {
		if f != nil {
			f.Close()
		}
	}
	removeCgroup(g.dir)
	if g.pids != "" {
		removeCgroup(g.pids)
	}
}

// removeCgroup kills what may be left in the cgroup at dir and removes it.
func removeCgroup(dir string) {
	for pause := time.Millisecond; pause < 2*time.Second; pause *= 2 {
		err := unix.Rmdir(dir)
		if err == nil || err == unix.ENOENT {
			return
		}
		procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for field := range bytes.FieldsSeq(procs) {
			if pid, err := strconv.Atoi(string(field)); err == nil && pid > 1 {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
		time.Sleep(pause)
	}
}

// readNumber reads the number that the file shows now.
func readNumber(f *os.File) (int64, bool) {
	if f == nil {
		return 0, false
	}
	var buffer [32]byte
	n, _ := rawio.ReadAt(f, buffer[:], 0)
	value, err := strconv.ParseInt(string(bytes.TrimSpace(buffer[:n])), 10, 64)
	return value, err == nil
}

// fileCache is what of the memory is the machine's cache of files. Files that
// are nothing but memory (/dev/shm, tmpfs) are counted as cache too, but are
// the function's own.
func fileCache(stat *os.File, n cgroupNames) int64 {
	var buffer [8 << 10]byte
	length, _ := stat.ReadAt(buffer[:], 0)
	return statValue(buffer[:length], n.cache) - statValue(buffer[:length], n.shared)
}

// statValue finds the number after key in "key number" lines.
func statValue(text []byte, key string) int64 {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		name, value, _ := bytes.Cut(line, []byte(" "))
		if string(name) == key {
			number, _ := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			return number
		}
	}
	return 0
}
