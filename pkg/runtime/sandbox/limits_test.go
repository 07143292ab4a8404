//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiskIsFull: /tmp takes as much as it may, and what was written before
// stays.
func TestDiskIsFull(t *testing.T) {
	each(t, func(h *house) {
		if h.l.Isolation().Disk != DiskImage {
			h.t.Skip("/tmp is not bounded: ", h.l.Isolation().Why)
		}
		before := loops(h.t)
		spec := h.spec(`cd /tmp; echo kept > kept; dd if=/dev/zero of=large bs=1M count=64 2>&1; cat kept; stat -c %a /tmp; rm large; dd if=/dev/zero of=small bs=1M count=8 2>&1 && echo "room again"`)
		spec.DiskMB, spec.MemoryMB = 32, 256
		out, exit := h.launch(spec).end()
		if exit.Code != 0 || !strings.Contains(out, "No space left on device") || !strings.Contains(out, "kept\n1777\n") || !strings.Contains(out, "room again") {
			h.t.Errorf("%+v\n%s", exit, out)
		}
		left, err := filepath.Glob(filepath.Join(h.l.(*launcher).disks.dir, "[0-9]*"))
		if err != nil || len(left) > 0 {
			h.t.Errorf("%v, %v", left, err)
		}
		eventually(h.t, "no loop device is left", func() bool { return len(loops(h.t)) <= len(before) }, func() string { return strings.Join(loops(h.t), " ") })
	})
}

// loops are the files of this test's launchers that are block devices.
func loops(t *testing.T) []string {
	t.Helper()
	var mine []string
	backing, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, path := range backing {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), strings.Split(t.Name(), "/")[0]) {
			mine = append(mine, string(text))
		}
	}
	return mine
}

// TestForkBomb: an instance can't have more processes than it may, and nothing
// is left of them.
func TestForkBomb(t *testing.T) {
	each(t, func(h *house) {
		marker := newMarker()
		spec := h.program("fork bomb", marker)
		spec.MaxProcesses = 100
		i := h.launch(spec)
		if _, ok := i.Process.(*process).usage.(*cgroup); ok {
			i.waitFor("no more")
			if n := len(i.Process.(*process).pids()); n > 101 {
				h.t.Errorf("%d processes", n)
			}
			i.Kill()
		}
		i.end() // without a cgroup it is ended
		waitDead(h.t, marker)
	})
}
