package rloader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Exit codes of rloader itself; a shell's for "can't execute".
const (
	exitBroken     = 125
	exitNotStarted = 127
)

func run() int {
	// The thread of this goroutine becomes the command, with what confine took
	// from it, or holds the process's first thread away from it (stay).
	runtime.LockOSThread()
	if len(os.Args) > 1 && os.Args[1] == Try {
		return try()
	}
	c := control{fd: ControlFD}
	unix.CloseOnExec(c.fd)
	order, files, err := c.order()
	if err == nil && order.Kind == KindAssign {
		err = errors.New("there is no instance to assign")
	}
	if err != nil {
		// The sandbox is gone, or takes silence for a command that runs.
		c.report(broken(err))
		return exitBroken
	}
	if order.Stay || order.Root == "" {
		return stay(c, order, files)
	}
	return become(c, order, files)
}

// become turns this process into the command.
func become(c control, order *Order, files map[string]int) int {
	listener, err := prepare(order, files)
	if err != nil {
		c.report(broken(err))
		return exitBroken
	}
	ready := Report{Kind: ReportReady}
	if listener >= 0 {
		ready.Files = []string{FileListener}
		c.report(ready, listener)
		unix.Close(listener)
	} else {
		c.report(ready)
	}
	if order.Kind == KindProbe {
		return probe(c, order)
	}
	err = replace(order)
	c.report(Report{Kind: ReportNotStarted, Why: err.Error()})
	return exitNotStarted
}

// prepare does all that comes before the command in the calling thread.
func prepare(order *Order, files map[string]int) (listener int, err error) {
	if err := useStreams(files); err != nil {
		return -1, err
	}
	preferAsVictim()
	if err := enterRoot(order); err != nil {
		return -1, err
	}
	listener, err = confineThread(order, files)
	if err != nil {
		return -1, err
	}
	// This thread isn't the one that the sandbox has tied to its own life.
	return listener, dieWith()
}

// confineThread takes the rights of the calling thread, moves it to its cgroup
// and installs the filter, if ordered.
func confineThread(order *Order, files map[string]int) (listener int, err error) {
	if err := joinTasks(files); err != nil {
		return -1, partError{PartMemory, err}
	}
	if err := confine(); err != nil {
		return -1, err
	}
	if err := becomeUser(order); err != nil {
		return -1, err
	}
	if !order.Filter {
		return -1, nil
	}
	listener, err = installFilter()
	if err != nil {
		return -1, partError{PartPorts, err}
	}
	return listener, nil
}

// partError names the part of the sandbox that could not be set up.
type partError struct {
	part string
	error
}

func (e partError) Unwrap() error { return e.error }

// broken reports an error of setting up.
func broken(err error) Report {
	r := Report{Kind: ReportBroken, Part: PartRoot, Why: err.Error()}
	var p partError
	if errors.As(err, &p) {
		r.Part = p.part
	}
	return r
}

// replace executes the command in place of this process. It returns only if
// that fails, with an error that names why in FC's terms.
func replace(order *Order) error {
	if err := changeDir(order.Dir); err != nil {
		return err
	}
	path, err := lookup(order)
	if err != nil {
		return err
	}
	closeStray()
	defaultSignals()
	return startError(path, unix.Exec(path, order.Args, order.Env))
}

func changeDir(dir string) error {
	if dir == "" {
		return nil
	}
	if err := unix.Chdir(dir); err != nil {
		return startError("working directory "+dir, err)
	}
	return nil
}

// lookup finds the command's file as a shell would, on the command's own PATH.
func lookup(order *Order) (string, error) {
	if len(order.Args) == 0 || order.Args[0] == "" {
		return "", errors.New("not found: the command is empty")
	}
	name := order.Args[0]
	if strings.Contains(name, "/") {
		return name, executable(name)
	}
	path := searchPath(order.Env)
	var refused error
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(order.Dir, name)
		if filepath.IsAbs(dir) {
			file = filepath.Join(dir, name)
		}
		switch err := executable(file); {
		case err == nil:
			return file, nil
		case errors.Is(err, unix.EACCES):
			refused = err
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", fmt.Errorf("not found: %s (PATH is %s): %w", name, path, unix.ENOENT)
}

// searchPath is the PATH in env; the last one counts, as for a shell.
func searchPath(env []string) string {
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, pair := range env {
		if value, ok := strings.CutPrefix(pair, "PATH="); ok {
			path = value
		}
	}
	return path
}

func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return startError(file, errno(err))
	case info.IsDir(), info.Mode()&0o111 == 0:
		return startError(file, unix.EACCES)
	}
	return nil
}

func errno(err error) error {
	var number unix.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// startError words an error of execve so that its beginning tells FC's
// CAFileNotFound and CAFilePermission apart from the rest.
func startError(path string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		interpreter, windows := shebang(path)
		if windows {
			return fmt.Errorf("not found: %s with a carriage return, the interpreter of %s, whose lines end as on Windows (CRLF); let them end in LF: %w",
				interpreter, path, err)
		}
		if interpreter != "" {
			return fmt.Errorf("not found: %s, the interpreter of %s: %w", interpreter, path, err)
		}
		return fmt.Errorf("not found: %s: %w", path, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("permission denied: %s: %w", path, err)
	}
	return fmt.Errorf("not executable: %s: %w", path, err)
}

// shebang is the interpreter that the script at path names, if it is a script,
// and whether the line ends in a carriage return, which the kernel takes for a
// part of it.
func shebang(path string) (interpreter string, windows bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.Read(head)
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	if !strings.HasPrefix(line, "#!") {
		return "", false
	}
	fields := strings.Fields(line[2:])
	if len(fields) == 0 {
		return "", false
	}
	return fields[0], strings.HasSuffix(line, "\r")
}
