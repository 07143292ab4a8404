package local

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"s/pkg/debug"
	"s/pkg/local/flock"
	"s/pkg/runtime/sandbox"
)

// maxLog is the size in bytes from which the daemon's log is begun anew.
const maxLog = 4 << 20

// PortVariable is the environment variable of the port.
const PortVariable = "S_LOCAL_PORT"

// MountsVariable is the environment variable of the folder that keeps what stands
// in for NAS file systems and OSS buckets.
const MountsVariable = "S_LOCAL_MOUNTS"

// AssumeRoleVariable is the environment variable of the access alias with whose keys
// the roles of functions are taken.
const AssumeRoleVariable = "S_LOCAL_ASSUME_ROLE"

// IdleVariable is the environment variable of how long an instance may be idle.
const IdleVariable = "S_LOCAL_IDLE"

// Idle is how long an instance of the local cloud that nobody uses is kept: what
// S_LOCAL_IDLE says, or 0 for the default.
func Idle(lookupEnv func(string) (string, bool)) (time.Duration, error) {
	text, set := lookupEnv(IdleVariable)
	if !set || text == "" {
		return 0, nil
	}
	idle, err := time.ParseDuration(text)
	if err != nil || idle <= 0 {
		return 0, fmt.Errorf("%s is %q, which is no time: write it as 90s or 10m", IdleVariable, text)
	}
	return idle, nil
}

// Port is the port of the local cloud: DefaultPort, or what S_LOCAL_PORT says.
func Port(lookupEnv func(string) (string, bool)) (int, error) {
	text, set := lookupEnv(PortVariable)
	if !set || text == "" {
		return DefaultPort, nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return 0, fmt.Errorf("%s is %q, which is no port", PortVariable, text)
	}
	return port, nil
}

// EnsureOptions says whose local cloud to find, and how to start it.
type EnsureOptions struct {
	Home string // of s
	Exe  string // the program to start: s itself
	Port int    // of a daemon that is started; 0 is any free one
	// KeepPort has a daemon that replaces another one listen where that did: URLs
	// that were shown stay good. Set it where nobody asked for Port.
	KeepPort bool
	Version  string // of s
	// Args make Exe call Serve; nil is what `s` takes. The port follows them.
	Args []string
	// Env is the environment of the daemon; nil is that of this process.
	Env []string
	// Restarted, if set, is told that a daemon of another version, or of another
	// build of it, was replaced.
	Restarted func(version string)
	// Debug is told what was found and started; nil is nobody.
	Debug *debug.Log
}

// Ensure gives the running local cloud, starting it if there is none. Several
// processes at once start one. A daemon of another version of s is replaced.
func Ensure(ctx context.Context, o EnsureOptions) (*Info, error) {
	if info := o.current(ctx); info != nil {
		o.Debug.Linef("local", "found: pid %d, version %s, %s", info.PID, info.Version, info.Endpoint)
		return info, nil
	}
	dir := DataDir(o.Home)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory of the local cloud: %w", err)
	}
	lock, err := flock.Wait(ctx, filepath.Join(dir, startName))
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if info := o.current(ctx); info != nil {
		o.Debug.Linef("local", "another process started it: pid %d, %s", info.PID, info.Endpoint)
		return info, nil
	}
	if old, err := Find(ctx, o.Home); err == nil {
		o.Debug.Linef("local", "another version or build runs and is stopped: pid %d, version %s", old.PID, old.Version)
		if err := Stop(ctx, o.Home); err != nil && !errors.Is(err, ErrNotRunning) {
			return nil, err
		}
		if port := portOf(old.Endpoint); o.KeepPort && port > 0 {
			o.Port = port
		}
		if o.Restarted != nil {
			o.Restarted(old.Version)
		}
	}
	if err := o.spawn(ctx, dir); err != nil {
		return nil, err
	}
	info, err := Find(ctx, o.Home)
	if err == nil {
		o.Debug.Linef("local", "started: pid %d, %s, isolation %s, its log is in %s", info.PID, info.Endpoint, info.Isolation.Mode, filepath.Join(dir, logName))
	}
	return info, err
}

// portOf is the port in an endpoint; 0 if it names none.
func portOf(endpoint string) int {
	u, err := url.Parse(endpoint)
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(u.Port()) // an empty one is none
	return port
}

// current gives the running daemon if it is of this version and build.
func (o *EnsureOptions) current(ctx context.Context) *Info {
	info, err := Find(ctx, o.Home)
	if err != nil || info.Version != o.Version {
		return nil
	}
	if r := readRecord(DataDir(o.Home)); r == nil || r.Build != buildOf(o.Exe) {
		return nil
	}
	return info
}

// spawn starts the daemon, apart from this process's terminal, and waits until
// it says that it serves.
func (o *EnsureOptions) spawn(ctx context.Context, dir string) error {
	logFile, logStart, err := openLog(filepath.Join(dir, logName))
	if err != nil {
		return err
	}
	defer logFile.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := o.command(dir)
	cmd.Stdout, cmd.Stderr = write, logFile
	o.Debug.Linef("local", "starting: %s", debug.CommandLine(cmd.Args))
	err = cmd.Start()
	write.Close()
	if err != nil {
		return fmt.Errorf("starting the local cloud: %w", err)
	}
	line, err := firstLine(ctx, read)
	if err != nil {
		cmd.Process.Kill()
	}
	if err == nil && line.Error == "" {
		return cmd.Process.Release()
	}
	_ = cmd.Wait() // what it said, or its log, tells more than its status
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if line.Error != "" {
		return line.err()
	}
	return fmt.Errorf("the local cloud ended while it started:\n%s", logTail(logFile.Name(), logStart))
}

func (o *EnsureOptions) command(dir string) *exec.Cmd {
	args := o.Args
	if args == nil {
		args = []string{"local", "up", "--detached", "--port"}
	}
	cmd := exec.Command(o.Exe, //nolint:noctx // the daemon outlives the command that starts it
		append(slices.Clip(args), strconv.Itoa(o.Port))...)
	cmd.Dir = dir
	cmd.Env = o.Env
	cmd.SysProcAttr, _ = sandbox.DaemonAttr() // without namespaces its launcher says why
	detach(cmd)
	return cmd
}

// firstLine reads what the daemon says of its start.
func firstLine(ctx context.Context, read *os.File) (ready, error) {
	type outcome struct {
		line ready
		err  error
	}
	got := make(chan outcome, 1)
	go func() {
		text, err := bufio.NewReader(read).ReadBytes('\n')
		var line ready
		if err == nil {
			err = json.Unmarshal(text, &line)
		}
		got <- outcome{line, err}
	}()
	select {
	case o := <-got:
		return o.line, o.err
	case <-ctx.Done():
		return ready{}, ctx.Err()
	}
}

// openLog opens the daemon's log for more, and tells where that begins.
func openLog(path string) (*os.File, int64, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// logTail gives the end of what was logged from an offset on.
func logTail(path string, from int64) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, from, maxLog))
	if err != nil {
		return err.Error()
	}
	const most = 2000
	text = bytes.TrimSpace(text)
	if len(text) > most {
		text = text[len(text)-most:]
	}
	return strings.ToValidUTF8(string(text), "?")
}
