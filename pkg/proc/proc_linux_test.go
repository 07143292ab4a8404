package proc

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// family is a shell with a child and a grandchild, all of which wait.
func family(t *testing.T) (root int, others []int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `sh -c 'echo $$; sleep 1000 & echo $!; wait' & echo $!; wait`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 3 {
		if !lines.Scan() {
			t.Fatal("the shell printed too little")
		}
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(others, pid) {
			others = append(others, pid)
		}
	}
	t.Cleanup(func() {
		for _, pid := range append(others, cmd.Process.Pid) {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
		_ = cmd.Wait()
	})
	return cmd.Process.Pid, others
}

func TestDescendants(t *testing.T) {
	t.Parallel()
	root, want := family(t)
	slices.Sort(want)
	for name, list := range map[string]func(int) []int{"Descendants": Descendants, "byScan": byScan} {
		got := list(root)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s(%d) = %v, want %v", name, root, got, want)
		}
	}
}

func TestDescendantsParentsFirst(t *testing.T) {
	t.Parallel()
	root, _ := family(t)
	seen := map[int]bool{root: true}
	for _, pid := range Descendants(root) {
		s, ok := readStat(pid)
		if !ok || !seen[s.parent] {
			t.Errorf("%d comes before its parent %d", pid, s.parent)
		}
		seen[pid] = true
	}
	if len(seen) != 3 {
		t.Errorf("found %v", seen)
	}
}

func TestDescendantsOfNobody(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if got := Descendants(cmd.Process.Pid); len(got) != 0 {
		t.Errorf("an ended process has descendants %v", got)
	}
}

func TestDescendantsLeavesZombiesOut(t *testing.T) {
	t.Parallel()
	// The inner shell's child ends and is not waited for: exec keeps the
	// parent, which knows nothing of it.
	cmd := exec.Command("/bin/sh", "-c", `true & exec sleep 1000`)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	deadline := time.Now().Add(20 * time.Second)
	for len(Descendants(cmd.Process.Pid)) > 0 || len(byScan(cmd.Process.Pid)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("the zombie is listed: %v %v", Descendants(cmd.Process.Pid), byScan(cmd.Process.Pid))
		}
		time.Sleep(time.Millisecond)
	}
}

func TestStartTime(t *testing.T) {
	t.Parallel()
	mine, ok := StartTime(os.Getpid())
	if !ok || mine == 0 {
		t.Fatalf("own start time: %d %t", mine, ok)
	}
	again, _ := StartTime(os.Getpid())
	if again != mine {
		t.Errorf("it changed from %d to %d", mine, again)
	}
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, ok := StartTime(cmd.Process.Pid); ok {
		t.Error("an ended process has a start time")
	}
}

// TestReadStatName gives a process a name that imitates the fields after it.
func TestReadStatName(t *testing.T) {
	t.Parallel()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), ") Z 1 (")
	if err := os.Symlink(sleep, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	s, ok := readStat(cmd.Process.Pid)
	if !ok || s.parent != os.Getpid() || s.state == 'Z' {
		t.Errorf("got %+v %t", s, ok)
	}
	if name := Name(cmd.Process.Pid); name != ") Z 1 (" && !strings.Contains(name, "sleep") {
		t.Errorf("name %q", name)
	}
}

func TestPortHolder(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("%s: %v", address, err) // no IPv6
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		pid, name, ok := PortHolder(port)
		if !ok || pid != os.Getpid() || name != Name(os.Getpid()) || name == "" {
			t.Errorf("holder of %s is %d %q %t", l.Addr(), pid, name, ok)
		}
		l.Close()
		if pid, name, ok := PortHolder(port); ok && pid == os.Getpid() {
			t.Errorf("closed port is held by %d %q", pid, name)
		}
	}
}

// TestPortHolderIgnoresClients connects from a port, which is not listening.
func TestPortHolderIgnoresClients(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if pid, name, ok := PortHolder(c.LocalAddr().(*net.TCPAddr).Port); ok {
		t.Errorf("a client's port is held by %d %q", pid, name)
	}
}

func TestListenersReadsTable(t *testing.T) {
	t.Parallel()
	table := filepath.Join(t.TempDir(), "tcp")
	text := `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:2328 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 00000000:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
   3: short
`
	if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := listeners(table, 9000); !slices.Equal(got, []string{"4711"}) {
		t.Errorf("listeners at 9000: %v", got)
	}
	if got := listeners(table, 1); len(got) != 0 {
		t.Errorf("listeners at 1: %v", got)
	}
	if got := listeners(table+"6", 9000); got != nil {
		t.Errorf("no table: %v", got)
	}
}

func TestNameOfNobody(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if name := Name(cmd.Process.Pid); name == "" {
		t.Error("a running process has no name")
	}
	if _, err := io.WriteString(in, fmt.Sprintln("end")); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if name := Name(cmd.Process.Pid); name != "" {
		t.Errorf("an ended process is called %q", name)
	}
}
