package pageout

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	pageSize = 4096
	// minArea is the least memory, in bytes, for which an area is worth a call.
	minArea = 32 << 10
	// stopWait is how long a process may take to stand still: a thread may wait
	// for a disk, or for a processor.
	stopWait = 2 * time.Second
)

// area is a mapping whose memory can be taken.
type area struct {
	start, end uint64
	anonymous  int64 // bytes
}

// parseSmaps finds in /proc/<pid>/smaps (proc_pid_smaps(5)) the mappings that are
// private, may be read and written, hold enough memory of their own, and are
// nothing special.
func parseSmaps(smaps io.Reader) ([]area, error) {
	var areas []area
	var now area
	private := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		line := lines.Bytes()
		fields := strings.Fields(string(line))
		switch {
		case len(fields) == 0:
		case !strings.HasSuffix(fields[0], ":"): // the head of a mapping
			from, to, _ := strings.Cut(fields[0], "-")
			start, err1 := strconv.ParseUint(from, 16, 64)
			end, err2 := strconv.ParseUint(to, 16, 64)
			if err1 != nil || err2 != nil || len(fields) < 2 || end < start {
				return nil, fmt.Errorf("%w: a mapping is %q", ErrUnsupported, line)
			}
			if bytes.Contains(line, []byte(" /[aio]")) {
				return nil, fmt.Errorf("%w: the kernel may write to it (aio)", ErrUnsupported)
			}
			now, private = area{start: start, end: end}, strings.HasPrefix(fields[1], "rw") && strings.HasSuffix(fields[1], "p")
		case fields[0] == "Anonymous:" && len(fields) > 1:
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%w: %q", ErrUnsupported, line)
			}
			now.anonymous = kilobytes << 10
		case fields[0] == "VmFlags:": // the last line of a mapping
			if private && now.anonymous >= minArea && !special(fields[1:]) {
				areas = append(areas, now)
			}
		}
	}
	return areas, lines.Err()
}

// special reports whether a mapping is locked, of huge pages or a device's, looked
// after by somebody (userfaultfd), or sealed.
func special(flags []string) bool {
	for _, flag := range flags {
		switch flag {
		case "lo", "lf", "ht", "io", "pf", "mm", "um", "uw", "ui", "sl":
			return true
		}
	}
	return false
}

// Bits of an entry of /proc/<pid>/pagemap (Documentation/admin-guide/mm/pagemap).
const (
	pageFile    = 1 << 61 // or shared
	pageSwapped = 1 << 62
	pagePresent = 1 << 63
)

// An entry has entrySize bytes; entriesAtOnce bytes of them are read at once.
const (
	entrySize     = 8
	entriesAtOnce = 16 << 10
)

// finder finds pages by the entries of a pagemap.
type finder struct {
	pagemap *os.File
	entries []byte
}

// find gives the pages of an area that hold memory of its own, in runs.
func (f *finder) find(a area, found func(run piece) error) error {
	var total int64
	for start := a.start; start < a.end; {
		end := min(a.end, start+entriesAtOnce/entrySize*pageSize)
		entries := f.entries[:(end-start)/pageSize*entrySize]
		if _, err := f.pagemap.ReadAt(entries, int64(start/pageSize*entrySize)); err != nil {
			return err
		}
		for start < end {
			run := piece{addr: start}
			for start < end && own(entries) {
				start, entries, run.length = start+pageSize, entries[entrySize:], run.length+pageSize
			}
			if total += int64(run.length); run.length > 0 {
				if err := found(run); err != nil {
					return err
				}
				continue
			}
			start, entries = start+pageSize, entries[entrySize:]
		}
	}
	if total < a.anonymous {
		return fmt.Errorf("%w: its pages can't be told", ErrUnsupported)
	}
	return nil
}

// own reports whether the first entry is of a page that is the process's own.
func own(entries []byte) bool {
	entry := binary.LittleEndian.Uint64(entries)
	return entry&(pagePresent|pageSwapped) != 0 && entry&pageFile == 0
}

// entangled is the error of a process whose memory the kernel may write to, or
// hand out, while it stands still.
func entangled(pid int) error {
	dir := file(pid, "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	for _, entry := range entries {
		switch target, _ := os.Readlink(filepath.Join(dir, entry.Name())); target {
		case "anon_inode:[io_uring]", "anon_inode:[userfaultfd]":
			return fmt.Errorf("%w: process %d uses %s", ErrUnsupported, pid, target)
		}
	}
	return nil
}

// awaitStop waits until all threads of a process stand still, or reports that it
// has ended.
func awaitStop(ctx context.Context, pid int) (ended bool, err error) {
	deadline := time.Now().Add(stopWait)
	for pause := 100 * time.Microsecond; ; pause *= 2 {
		threads, stopped, gone := states(pid)
		if gone {
			return true, nil
		}
		if threads == stopped {
			return false, nil
		}
		if time.Now().After(deadline) {
			return false, fmt.Errorf("%w: process %d doesn't stand still", ErrUnsupported, pid)
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// states counts the threads of a process, and those that stand still.
func states(pid int) (threads, stopped int, gone bool) {
	tasks, err := os.ReadDir(file(pid, "task"))
	if err != nil {
		return 0, 0, true
	}
	for _, task := range tasks {
		switch stateOf(filepath.Join(file(pid, "task"), task.Name())) {
		case 'Z', 'X', 0: // ended
		case 'T':
			threads++
			stopped++
		default:
			threads++
		}
	}
	return threads, stopped, threads == 0
}

// stateOf is the state of a thread (proc_pid_stat(5)); 0 if it has ended.
func stateOf(dir string) byte {
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0
	}
	at := bytes.LastIndexByte(text, ')')
	if at < 0 || at+2 >= len(text) {
		return 0
	}
	return text[at+2]
}
