package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"s/pkg/proc"
)

// usage measures and limits the memory of an instance.
type usage interface {
	// memory gives the bytes in use now and the peak.
	memory() (current, peak int64)
	// resetPeak starts the peak anew.
	resetPeak()
	// limitTo changes the limit.
	limitTo(memoryMB int) error
	// watchOOM calls kill when the limit is passed, until stop is called.
	watchOOM(kill func()) (stop func())
	// finish takes the last reading when all processes have ended.
	finish()
	// oom reports whether the limit ended the instance.
	oom() bool
	// remove gives back what the measuring needed.
	remove()
}

// sampleEvery is how often memory is looked at where no cgroup limits it.
const sampleEvery = 100 * time.Millisecond

// sampled is the usage where there is no cgroup: the processes' own figures,
// and an end to the instance that is found above its limit.
type sampled struct {
	p      *process
	limit  atomic.Int64
	killed atomic.Bool

	mu       sync.Mutex
	peak     int64
	finished bool
}

func newSampled(p *process) *sampled {
	s := &sampled{p: p}
	_ = s.limitTo(p.spec.MemoryMB) // never fails
	return s
}

func (s *sampled) limitTo(memoryMB int) error {
	s.limit.Store(int64(memoryMB) << 20)
	return nil
}

func (s *sampled) memory() (current, peak int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finished {
		return 0, s.peak
	}
	var top int64
	for _, pid := range s.p.pids() {
		current += proportional(pid)
		top = max(top, highWater(pid))
	}
	// A process's own high-water mark has no gaps between samples.
	s.peak = max(s.peak, current, top)
	return current, s.peak
}

func (s *sampled) resetPeak() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = 0
	const resetHighWater = "5" // proc_pid_clear_refs(5)
	for _, pid := range s.p.pids() {
		_ = os.WriteFile(procFile(pid, "clear_refs"), []byte(resetHighWater), 0)
	}
}

func (s *sampled) watchOOM(kill func()) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	ticker := time.NewTicker(sampleEvery)
	go func() {
		defer close(done)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
			if s.limit.Load() > 0 && s.above() {
				s.killed.Store(true)
				kill()
				return
			}
			if limit := s.p.spec.MaxProcesses; limit > 0 && len(s.p.pids()) > limit {
				kill()
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// above reports whether the instance is over its limit. The resident sizes,
// which count shared pages several times, are quick to read and mostly enough.
func (s *sampled) above() bool {
	var resident int64
	for _, pid := range s.p.pids() {
		resident += residentSize(pid)
	}
	if resident <= s.limit.Load() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.p.pids()) == 1 {
			s.peak = max(s.peak, resident)
		}
		return false
	}
	current, _ := s.memory()
	return current > s.limit.Load()
}

// finish knows an instance that ended before anybody looked by what the kernel
// says of its largest process.
func (s *sampled) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
	if s.peak == 0 {
		s.peak = s.p.wait.most
	}
}

func (s *sampled) oom() bool { return s.killed.Load() }

func (s *sampled) remove() {}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// proportional is the process's memory with shared pages divided among those
// who share them; the resident size where the kernel doesn't tell.
func proportional(pid int) int64 {
	text, err := os.ReadFile(procFile(pid, "smaps_rollup"))
	if err != nil {
		return residentSize(pid)
	}
	return kilobytes(text, "Pss:")
}

// highWater is the peak resident size of the process.
func highWater(pid int) int64 {
	text, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return 0
	}
	return kilobytes(text, "VmHWM:")
}

func residentSize(pid int) int64 {
	text, err := os.ReadFile(procFile(pid, "statm"))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// kilobytes finds "key  123 kB" and gives bytes.
func kilobytes(text []byte, key string) int64 {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		value, ok := bytes.CutPrefix(line, []byte(key))
		if !ok {
			continue
		}
		number, _ := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(value, []byte("kB")))), 10, 64)
		return number << 10
	}
	return 0
}

// below are the processes below rloader or the first process, and those of
// commands executed inside.
func (p *process) below() []int {
	pids := proc.Descendants(p.pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.execs {
		pids = append(pids, proc.Descendants(s.pid)...)
	}
	return pids
}

// Freeze stops all processes.
func (p *process) Freeze() error {
	if g, ok := p.usage.(*cgroup); ok && g.v2 {
		return g.write("cgroup.freeze", "1")
	}
	// Until a round finds nobody new: a process may fork while it is listed.
	stopped := map[int]bool{}
	for found := true; found; {
		found = false
		for _, pid := range p.pids() {
			if !stopped[pid] && unix.Kill(pid, unix.SIGSTOP) == nil {
				stopped[pid], found = true, true
			}
		}
	}
	return p.alive()
}

// Thaw continues them. Without their memory they have to end.
func (p *process) Thaw() error {
	was, err := p.pageIn()
	if err != nil {
		p.kill()
		return err
	}
	if g, ok := p.usage.(*cgroup); ok && g.v2 && !was {
		return g.write("cgroup.freeze", "0")
	}
	for _, pid := range p.pids() {
		_ = unix.Kill(pid, unix.SIGCONT)
	}
	return p.alive()
}

func (p *process) alive() error {
	select {
	case <-p.done:
		return os.ErrProcessDone
	default:
		return nil
	}
}
