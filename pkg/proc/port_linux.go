package proc

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// PortHolder finds the process that listens at a TCP port of this machine, on
// any address. It isn't found (ok is false) if nobody listens, or if the
// process is another user's, whose descriptors this one may not see.
func PortHolder(port int) (pid int, name string, ok bool) {
	wanted := map[string]bool{}
	for _, table := range [...]string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, inode := range listeners(table, port) {
			wanted[fmt.Sprintf("socket:[%s]", inode)] = true
		}
	}
	if len(wanted) == 0 {
		return 0, "", false
	}
	for _, pid := range all() {
		if holds(pid, wanted) {
			return pid, Name(pid), true
		}
	}
	return 0, "", false
}

// listeners are the inodes of the sockets of a table that listen at port
// (proc_pid_net(5): local address in hexadecimal, 0A is LISTEN).
func listeners(table string, port int) (inodes []string) {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], suffix) {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}

// holds reports whether one of the process's descriptors is wanted.
func holds(pid int, wanted map[string]bool) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(dir, entry.Name())); err == nil && wanted[target] {
			return true
		}
	}
	return false
}

// Name is the process's short name, as ps shows it; empty if it has ended.
func Name(pid int) string {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
