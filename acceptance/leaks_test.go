package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// settle is how long what must happen may take: programs to say something, and
// processes to disappear once they were ended. It bounds a failing test on a machine
// with much to do; a passing one doesn't wait.
const settle = 2 * time.Minute

// status is what `s local status -o json` says.
type status struct {
	Endpoint  string `json:"endpoint"`
	AccountID string `json:"accountId"`
	PID       int    `json:"pid"`
	DataDir   string `json:"dataDir"`
	Isolation struct {
		Mode  string `json:"mode"`
		Ports string `json:"ports"`
	} `json:"isolation"`
}

// localStatus asks for the state of the local cloud; nil if none runs.
func localStatus(vars map[string]string) *status {
	out, err := s(vars, "local", "status", "-o", "json").Output()
	if err != nil {
		return nil
	}
	var got status
	if json.Unmarshal(out, &got) != nil || got.PID == 0 {
		return nil
	}
	return &got
}

// s makes a command that runs s in a test's environment.
func s(vars map[string]string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(binDir, "s"), args...)
	cmd.Env = environ(vars)
	cmd.Dir = vars["HOME"]
	return cmd
}

// endWorld stops the local cloud of a test and reports what it left behind:
// processes, an open port, temporary files. What is left is ended.
func endWorld(work string, vars map[string]string) error {
	before := localStatus(vars)
	var problems []error
	if before != nil {
		ctx, cancel := context.WithTimeout(context.Background(), settle)
		defer cancel()
		down := exec.CommandContext(ctx, filepath.Join(binDir, "s"), "local", "down")
		down.Env = environ(vars)
		if out, err := down.CombinedOutput(); err != nil {
			problems = append(problems, fmt.Errorf("s local down: %w\n%s", err, out))
		}
	}
	if err := awaitNone(work); err != nil {
		problems = append(problems, err)
		killAll(work)
	}
	// Where processes are seen, none is left that could; another test may have the
	// port by now.
	if before != nil && runtime.GOOS != "linux" && answers(before.Endpoint) {
		problems = append(problems, fmt.Errorf("%s still answers after s local down", before.Endpoint))
	}
	if left := leftIn(vars["TMPDIR"]); len(left) > 0 {
		problems = append(problems, fmt.Errorf("temporary files left: %s", strings.Join(left, ", ")))
	}
	return errors.Join(problems...)
}

// answers reports whether something listens at a URL's address.
func answers(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	conn, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// leftIn lists a folder of temporary files. Python keeps none there; npm and
// others may, in folders of their own.
func leftIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	return left
}

// process is one process of a test.
type process struct {
	pid  int
	line string
}

// processes finds those that belong to the test whose files are below work, by
// their command line, environment, working folder and mounts; instances in
// namespaces of their own are seen by the last.
func processes(work string) []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil // not Linux: nothing to look at
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := filepath.Join("/proc", entry.Name())
		if state(dir) == "Z" || !mentions(dir, work) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		found = append(found, process{pid, strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))})
	}
	return found
}

// state gives a process's state letter; Z is dead but not yet waited for.
func state(dir string) string {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return "Z"
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}

// mentions looks for work as a folder: script-init isn't script-init-full.
func mentions(dir, work string) bool {
	work += string(filepath.Separator)
	for _, name := range []string{"cmdline", "environ", "mountinfo"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && strings.Contains(string(data), work) {
			return true
		}
	}
	cwd, err := os.Readlink(filepath.Join(dir, "cwd"))
	return err == nil && strings.HasPrefix(cwd+string(filepath.Separator), work)
}

// awaitNone waits until no process of the test is left.
func awaitNone(work string) error {
	for deadline := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		left := processes(work)
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes left: %v", left)
		}
	}
}

func killAll(work string) {
	for _, p := range processes(work) {
		if victim, err := os.FindProcess(p.pid); err == nil {
			_ = victim.Kill()
		}
	}
}
