package pageout

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// helper in the environment makes the test binary a program with memory.
const helper = "S_PAGEOUT_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		remember()
		return
	}
	os.Exit(m.Run())
}

// remember holds memory of several kinds, has threads in several kinds of calls,
// and says for every line that it reads whether all is as it was.
func remember() {
	const size = 6 << 20
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		panic(err)
	}
	random := rand.NewChaCha8([32]byte{1})
	for at := 0; at < size; at += 3 * pageSize { // noise, text, nothing
		_, _ = random.Read(memory[at : at+pageSize])
		copy(memory[min(at+pageSize, size-pageSize):], strings.Repeat("text ", 500))
	}
	want := sha256.Sum256(memory)
	heap := make([]string, 40000)
	for i := range heap {
		heap[i] = fmt.Sprint("entry ", i)
	}
	if os.Getenv(helper) == "locked" {
		if err := unix.Mlock(memory); err != nil {
			panic(err)
		}
	}
	usr1 := make(chan os.Signal, 8)
	signal.Notify(usr1, unix.SIGUSR1)
	ticks := make(chan int, 1)
	go func() {
		for n := 0; ; n++ {
			time.Sleep(time.Millisecond)
			select {
			case ticks <- n:
			default:
			}
		}
	}()
	go func() {
		for {
			_ = unix.Nanosleep(&unix.Timespec{Sec: 100}, nil) // interrupted, it would begin again
		}
	}()
	lines := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	for lines.Scan() {
		ok := sha256.Sum256(memory) == want && heap[39999] == "entry 39999"
		<-ticks
		<-ticks
		fmt.Println(lines.Text(), ok, len(usr1))
	}
}

// program is a running helper.
type program struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func begin(t *testing.T, kind string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command("/proc/self/exe")}
	p.cmd.Env = append(os.Environ(), helper+"="+kind)
	p.cmd.Stderr = os.Stderr
	in, err1 := p.cmd.StdinPipe()
	out, err2 := p.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	p.in, p.out = in, bufio.NewReader(out)
	if line := p.line(); line != "ready" {
		t.Fatalf("%q", line)
	}
	return p
}

func (p *program) line() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (p *program) ask(line string) string {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		p.t.Fatal(err)
	}
	return p.line()
}

func (p *program) signal(sig unix.Signal) {
	p.t.Helper()
	if err := unix.Kill(p.cmd.Process.Pid, sig); err != nil {
		p.t.Fatal(err)
	}
}

// take takes the program's memory; a test ends where this machine doesn't allow
// it.
func (p *program) take(limit int64) (*Memory, error) {
	p.t.Helper()
	p.signal(unix.SIGSTOP)
	m, err := Take(p.t.Context(), []int{p.cmd.Process.Pid}, limit)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		p.t.Skip(err)
	}
	return m, err
}

// anonymous is the program's private memory in bytes.
func (p *program) anonymous() int64 {
	p.t.Helper()
	text, err := os.ReadFile(file(p.cmd.Process.Pid, "smaps_rollup"))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "Anonymous: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	p.t.Fatalf("%s", text)
	return 0
}

func TestTakeAndReturn(t *testing.T) {
	t.Parallel()
	p := begin(t, "plain")
	for round := range 5 {
		before := p.anonymous()
		if round == 3 {
			p.signal(unix.SIGSTOP) // a second one waits behind the first
		}
		m, err := p.take(1 << 30)
		if err != nil {
			t.Fatal(err)
		}
		taken, kept := m.Taken()
		if left := p.anonymous(); left > before/8 || taken < 4<<20 || kept >= taken {
			t.Errorf("%d bytes were there, %d are left; %d taken, %d kept", before, left, taken, kept)
		}
		p.signal(unix.SIGUSR1) // comes once it goes on
		time.Sleep(time.Duration(round) * time.Millisecond)
		if _, stopped, _ := states(p.cmd.Process.Pid); stopped == 0 {
			t.Error("it goes on without its memory")
		}
		if err := m.Return(); err != nil {
			t.Fatal(err)
		}
		p.signal(unix.SIGCONT)
		// Its runtime hands signals on when it comes to it.
		want := fmt.Sprintf("check true %d", round+1)
		answer := p.ask("check")
		for end := time.Now().Add(10 * time.Second); answer == fmt.Sprintf("check true %d", round) && time.Now().Before(end); answer = p.ask("check") {
			time.Sleep(time.Millisecond)
		}
		if answer != want {
			t.Fatalf("%q, want %q", answer, want)
		}
		if taken, kept := m.Taken(); taken != 0 || kept != 0 {
			t.Errorf("%d bytes kept in %d after they were given back", taken, kept)
		}
	}
}

// TestNotTaken: what isn't taken is untouched.
func TestNotTaken(t *testing.T) {
	t.Parallel()
	p := begin(t, "plain")
	if _, err := p.take(1 << 20); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Take(ctx, []int{p.cmd.Process.Pid}, 1<<30); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if p.anonymous() < 4<<20 {
		t.Error("its memory is gone")
	}
	p.signal(unix.SIGCONT)
	if answer := p.ask("check"); answer != "check true 0" {
		t.Error(answer)
	}
	// It goes on: nothing can be taken.
	if _, err := Take(t.Context(), []int{p.cmd.Process.Pid}, 1<<30); !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	}
	if answer := p.ask("check"); answer != "check true 0" {
		t.Error(answer)
	}
}

// TestLockedStays: memory that may not leave the machine's memory.
func TestLockedStays(t *testing.T) {
	t.Parallel()
	p := begin(t, "locked")
	m, err := p.take(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	if p.anonymous() < 4<<20 {
		t.Error("locked memory was taken")
	}
	if err := m.Return(); err != nil {
		t.Error(err)
	}
	p.signal(unix.SIGCONT)
	if answer := p.ask("check"); answer != "check true 0" {
		t.Error(answer)
	}
}

// TestEnded: processes may end at any time, and their numbers be others'.
func TestEnded(t *testing.T) {
	t.Parallel()
	p, other := begin(t, "plain"), begin(t, "plain")
	p.signal(unix.SIGSTOP)
	other.signal(unix.SIGSTOP)
	pids := []int{p.cmd.Process.Pid, other.cmd.Process.Pid}
	m, err := Take(t.Context(), pids, 1<<30)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.signal(unix.SIGKILL)
	_ = p.cmd.Wait()
	if err := m.Return(); err != nil {
		t.Error(err)
	}
	other.signal(unix.SIGCONT)
	if answer := other.ask("check"); answer != "check true 0" {
		t.Error(answer)
	}
	m, err = Take(t.Context(), pids[:1], 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if taken, _ := m.Taken(); taken != 0 {
		t.Errorf("%d bytes of a process that is no more", taken)
	}
	m.Drop()
}

func TestParseSmaps(t *testing.T) {
	t.Parallel()
	mapping := func(head, anonymous, flags string) string {
		return head + "\nSize: 128 kB\nAnonymous:  " + anonymous + " kB\nTHPeligible:    0\nVmFlags: " + flags + "\n"
	}
	const head = "7f00-ff00 rw-p 00000000 00:00 0 "
	for name, test := range map[string]struct {
		text string
		want int
		bad  bool
	}{
		"memory":      {mapping(head, "32", "rd wr mr mw me ac"), 1, false},
		"heap":        {mapping(head+"[heap]", "4000", "rd wr mr mw me ac"), 1, false},
		"little":      {mapping(head, "28", "rd wr mr mw me ac"), 0, false},
		"read only":   {mapping(strings.Replace(head, "rw-", "r--", 1), "32", "rd mr mw me ac"), 0, false},
		"shared":      {mapping(strings.Replace(head, "p ", "s ", 1), "32", "rd wr sh mr mw me"), 0, false},
		"locked":      {mapping(head, "32", "rd wr mr mw me lo ac"), 0, false},
		"of a device": {mapping(head, "32", "rd wr mr mw me io pf"), 0, false},
		"watched":     {mapping(head, "32", "rd wr mr mw me um"), 0, false},
		"two":         {mapping(head, "32", "rd wr") + mapping(head, "32", "rd wr"), 2, false},
		"of the aio":  {mapping(head+" /[aio] (deleted)", "32", "rd wr"), 0, true},
		"no address":  {mapping("x-y rw-p", "32", "rd wr"), 0, true},
		"turned":      {mapping("ff00-7f00 rw-p", "32", "rd wr"), 0, true},
		"no number":   {mapping(head, "many", "rd wr"), 0, true},
	} {
		areas, err := parseSmaps(strings.NewReader(test.text))
		if len(areas) != test.want || errors.Is(err, ErrUnsupported) != test.bad {
			t.Errorf("%s: %v, %v", name, areas, err)
		}
		if test.want > 0 && !slices.Contains(areas, area{0x7f00, 0xff00, areas[0].anonymous}) {
			t.Errorf("%s: %v", name, areas)
		}
	}
}

func FuzzParseSmaps(f *testing.F) {
	f.Add([]byte("7f00-ff00 rw-p 00000000 00:00 0\nAnonymous: 32 kB\nVmFlags: rd wr\n"))
	f.Add([]byte("-\nAnonymous:\nVmFlags:"))
	f.Fuzz(func(t *testing.T, text []byte) {
		areas, err := parseSmaps(bytes.NewReader(text))
		for _, a := range areas {
			if err != nil || a.end < a.start || a.anonymous < minArea {
				t.Errorf("%+v, %v", a, err)
			}
		}
	})
}
