package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// Descendants are the processes below pid, parents before children, zombies
// left out. A process that has just been started may be missing.
func Descendants(pid int) []int {
	found, ok := byChildren(pid, nil)
	if !ok {
		return byScan(pid)
	}
	return found
}

// byChildren follows the kernel's lists of children (CONFIG_PROC_CHILDREN);
// ok is false if it doesn't keep any.
func byChildren(pid int, found []int) (all []int, ok bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "task")
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return found, true // it has ended
	}
	ok = true
	for _, task := range tasks {
		list, err := os.ReadFile(filepath.Join(dir, task.Name(), "children"))
		if err != nil {
			// The thread has ended, unless no process has such a file.
			if _, err := os.Stat("/proc/thread-self/children"); err != nil {
				return found, false
			}
			continue
		}
		for field := range bytes.FieldsSeq(list) {
			child, err := strconv.Atoi(string(field))
			if err != nil {
				continue
			}
			if s, known := readStat(child); known && s.state != 'Z' {
				found = append(found, child)
			}
			if found, ok = byChildren(child, found); !ok {
				return found, false
			}
		}
	}
	return found, ok
}

// byScan looks at every process of the machine.
func byScan(pid int) []int {
	children := map[int][]int{}
	zombie := map[int]bool{}
	for _, p := range all() {
		if s, ok := readStat(p); ok {
			children[s.parent] = append(children[s.parent], p)
			zombie[p] = s.state == 'Z'
		}
	}
	var found []int
	for queue := children[pid]; len(queue) > 0; queue = queue[1:] {
		if !zombie[queue[0]] {
			found = append(found, queue[0])
		}
		queue = append(queue, children[queue[0]]...)
	}
	return found
}

// all processes of the machine that can be seen.
func all() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat is what is wanted of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	state  byte
	parent int
	start  uint64 // clock ticks since boot
}

func readStat(pid int) (stat, bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, false
	}
	// The second field, the name in brackets, may contain anything.
	_, rest, ok := bytes.Cut(text[bytes.LastIndexByte(text, ')')+1:], []byte(" "))
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 20 {
		return stat{}, false
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	start, _ := strconv.ParseUint(string(fields[19]), 10, 64)
	return stat{state: fields[0][0], parent: parent, start: start}, true
}

// StartTime identifies the process together with its number, which the kernel
// uses again: clock ticks from boot to its start; false if it doesn't exist.
func StartTime(pid int) (uint64, bool) {
	s, ok := readStat(pid)
	if !ok || s.state == 'Z' {
		return 0, false
	}
	return s.start, true
}
