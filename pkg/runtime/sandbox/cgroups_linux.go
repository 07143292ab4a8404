package sandbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"s/pkg/proc"
)

// cgroupPrefix begins the names of our cgroups: s-<pid>-<start>-<launcher>.<serial>.
// By the number and start of the launcher's process, those of a killed one are
// known as stale.
const cgroupPrefix = "s-"

// cgroups is where the cgroups of a launcher's instances are made.
type cgroups struct {
	base    string
	pids    string // where those of version 1 that count processes are made; may be empty
	version int
	owner   string
}

// findCgroups finds a place where this process may limit memory, and removes
// what a killed launcher has left. The place is noted in the state folder for
// the next one, which may be started from elsewhere.
func findCgroups(state string) (*cgroups, error) {
	note := filepath.Join(state, "cgroups")
	if before, err := os.ReadFile(note); err == nil {
		removeStale(string(before))
	}
	pid := os.Getpid()
	start, _ := proc.StartTime(pid)
	g := &cgroups{owner: fmt.Sprintf("%s%d-%d-%s.", cgroupPrefix, pid, start, rand.Text()[:8])}
	var err error
	if g.base, g.version, err = memoryBase(); err != nil {
		return nil, err
	}
	removeStale(g.base)
	if g.version == 1 {
		if g.pids = pidsBase(); g.pids != "" {
			removeStale(g.pids)
		}
	}
	if err := os.WriteFile(note, []byte(g.base), 0o600); err != nil {
		return nil, err
	}
	trial, err := g.make(0, 64, 64)
	if err != nil && g.pids != "" {
		g.pids = ""
		trial, err = g.make(0, 64, 64)
	}
	if err != nil {
		return nil, err
	}
	trial.remove()
	return g, nil
}

func (g *cgroups) v2() bool { return g.version == 2 }

func (g *cgroups) kind() string {
	if g.v2() {
		return MemoryCgroupV2
	}
	return MemoryCgroupV1
}

// make makes the cgroup of an instance.
func (g *cgroups) make(serial uint64, limitMB, maxProcesses int) (*cgroup, error) {
	name, pids := g.owner+strconv.FormatUint(serial, 10), ""
	if g.pids != "" {
		pids = filepath.Join(g.pids, name)
	}
	return newCgroup(filepath.Join(g.base, name), pids, g.v2(), limitMB, maxProcesses)
}

// pidsBase is the folder of version 1 in which to make cgroups that count
// processes; empty if there is none.
func pidsBase() string {
	mounts, err1 := os.ReadFile("/proc/self/mountinfo")
	member, err2 := os.ReadFile("/proc/self/cgroup")
	h, ok := findHierarchy(mounts, "cgroup", "pids")
	if err1 != nil || err2 != nil || !ok {
		return ""
	}
	return h.place(memberPath(member, "pids"))
}

// removeStale removes the cgroups in base whose launcher is gone.
func removeStale(base string) {
	found, _ := filepath.Glob(filepath.Join(base, cgroupPrefix+"*-*-*"))
	for _, dir := range found {
		fields := strings.Split(strings.TrimPrefix(filepath.Base(dir), cgroupPrefix), "-")
		pid, err1 := strconv.Atoi(fields[0])
		start, err2 := strconv.ParseUint(fields[1], 10, 64)
		if err1 != nil || err2 != nil {
			continue
		}
		if now, alive := proc.StartTime(pid); !alive || now != start {
			removeCgroup(dir)
		}
	}
}

// hierarchy is a mounted cgroup hierarchy (proc_pid_mountinfo(5)).
type hierarchy struct{ root, point string }

// memoryBase is the folder in which to make cgroups, and its version.
func memoryBase() (dir string, version int, err error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", 0, err
	}
	member, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", 0, err
	}
	if h, ok := findHierarchy(mounts, "cgroup", "memory"); ok {
		return h.place(memberPath(member, "memory")), 1, nil
	}
	h, ok := findHierarchy(mounts, "cgroup2", "")
	if !ok {
		return "", 0, errors.New("no cgroup file system is mounted")
	}
	own := h.place(memberPath(member, ""))
	if dir, ok := delegated(own, h.point); ok {
		return dir, 2, nil
	}
	return "", 0, fmt.Errorf("no cgroup at or above %s may be used to limit memory", own)
}

// delegated is the nearest cgroup, from own up to top, whose children can be
// limited and in which this process may make one.
func delegated(own, top string) (string, bool) {
	for dir := own; ; dir = filepath.Dir(dir) {
		control, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
		if err == nil && slices.Contains(strings.Fields(string(control)), "memory") {
			trial := filepath.Join(dir, cgroupPrefix+"trial-"+strconv.Itoa(os.Getpid()))
			if os.Mkdir(trial, 0o755) == nil {
				_ = os.Remove(trial)
				return dir, true
			}
		}
		if dir == top || len(dir) <= len(top) {
			return "", false
		}
	}
}

// place is the folder of the cgroup path in the hierarchy, as far as it can be
// seen from here.
func (h hierarchy) place(path string) string {
	rel, err := filepath.Rel(h.root, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return h.point
	}
	return filepath.Join(h.point, rel)
}

// findHierarchy finds the mount of a type, with an option if one is given.
func findHierarchy(mountinfo []byte, fstype, option string) (hierarchy, bool) {
	for line := range bytes.SplitSeq(mountinfo, []byte("\n")) {
		before, after, ok := strings.Cut(string(line), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 || right[0] != fstype {
			continue
		}
		if option == "" || slices.Contains(strings.Split(right[2], ","), option) {
			return hierarchy{root: left[3], point: left[4]}, true
		}
	}
	return hierarchy{}, false
}

// memberPath is the path of the process's cgroup with the given version 1
// controller; version 2 has none in this list (cgroups(7)).
func memberPath(member []byte, controller string) string {
	for line := range strings.SplitSeq(string(member), "\n") {
		fields := strings.SplitN(line, ":", 3)
		if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), controller) {
			return fields[2]
		}
	}
	return "/"
}
