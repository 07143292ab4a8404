package localcmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"s/pkg/cmd/cmdutil"
	"s/pkg/local"
	"s/pkg/runtime/image"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

func up(ctx context.Context, o *Options) error {
	if o.Detached || o.Foreground {
		return serve(ctx, o)
	}
	home, err := o.Home()
	if err != nil {
		return err
	}
	before, err := local.Find(ctx, home)
	if err != nil && !errors.Is(err, local.ErrNotRunning) {
		return err
	}
	if _, err := assumeRole(ctx, o.Roles, o.LookupEnv, o.AssumeRole); err != nil {
		return err // the daemon would say it to its log
	}
	info, err := Ensure(ctx, o)
	if err != nil {
		return err
	}
	if before == nil || before.PID != info.PID {
		o.IO.Errf("the local cloud is up: %s, pid %d", o.IO.Cyan(info.Endpoint), info.PID)
		o.tellIsolation(info)
		return nil
	}
	if o.PortGiven && o.Port != 0 && !hasPort(info.Endpoint, o.Port) {
		return cmdutil.WithHint(cmdutil.ExitFailed,
			fmt.Errorf("the local cloud runs already, at %s", info.Endpoint), "s local down")
	}
	if o.AssumeRole != "" {
		return cmdutil.WithHint(cmdutil.ExitFailed,
			fmt.Errorf("the local cloud runs already, at %s, and --assume-role counts when it starts", info.Endpoint), "s local down")
	}
	o.IO.Errf("the local cloud was up already: %s, pid %d", o.IO.Cyan(info.Endpoint), info.PID)
	return nil
}

func (o *Options) tellIsolation(info *local.Info) {
	i := info.Isolation
	o.IO.Errf("isolation of instances: %s, memory %s, ports %s, disk %s", i.Mode, i.Memory, i.Ports, i.Disk)
	if i.Why != "" {
		o.IO.Errf("  because: %s", i.Why)
	}
}

func hasPort(endpoint string, port int) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Port() == strconv.Itoa(port)
}

// serve is the daemon, or the same in the foreground.
func serve(ctx context.Context, o *Options) error {
	home, err := o.Home()
	if err != nil {
		return err
	}
	exe, err := o.Exe()
	if err != nil {
		return err
	}
	port, err := o.port()
	if err != nil {
		return err
	}
	o.leaveRoom()
	finder := toolchain.New(o.LookupEnv)
	finder.CacheDir = filepath.Join(home, "cache")
	shared, err := mountsFolder(o.LookupEnv, "")
	if err != nil {
		return err
	}
	idle, err := local.Idle(o.LookupEnv)
	if err != nil {
		return cmdutil.UsageError(err)
	}
	assume, err := assumeRole(ctx, o.Roles, o.LookupEnv, o.AssumeRole)
	if err != nil && !o.Detached {
		return err
	}
	if err != nil {
		o.IO.Errf("functions get no credentials of their roles: %v", err)
	}
	so := local.ServeOptions{AssumeRole: assume, SharedDir: shared, IdleTimeout: idle, Home: home, Exe: exe, Port: port, Version: o.Version, Log: o.IO.ErrOut, Toolchain: finder, Engines: image.Engines()}
	if o.Detached {
		so.Ready = o.IO.Out
		return local.Serve(ctx, so)
	}
	// An ordinary user's daemon needs a user namespace, which only a new process
	// gets; the starter of a detached one has seen to that.
	if attr, _ := sandbox.DaemonAttr(); attr != nil {
		return o.serveIn(ctx, attr, exe, port)
	}
	so.Started = func(info local.Info) {
		o.IO.Errf("the local cloud is up: %s, pid %d", o.IO.Cyan(info.Endpoint), info.PID)
		o.tellIsolation(&info)
		o.IO.Errf("Ctrl-C ends it")
	}
	return hint(local.Serve(ctx, so))
}

// leaveRoom keeps half of the cores free of the daemon, whose idle threads would
// look for work on those that the functions need. GOMAXPROCS overrules it.
func (o *Options) leaveRoom() {
	if _, set := o.LookupEnv("GOMAXPROCS"); !set {
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	}
}

// serveIn runs the same command in a process with attr.
func (o *Options) serveIn(ctx context.Context, attr *syscall.SysProcAttr, exe string, port int) error {
	cmd := exec.CommandContext(ctx, exe, "local", "up", "--foreground", "--port", strconv.Itoa(port))
	cmd.Env = o.daemonEnv()
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = o.IO.Out, o.IO.ErrOut, attr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return cmdutil.Quiet(exit.ExitCode()) // it has said why
	}
	return err
}

func down(ctx context.Context, o *Options) error {
	home, err := o.Home()
	if err != nil {
		return err
	}
	err = local.Stop(ctx, home)
	if errors.Is(err, local.ErrNotRunning) {
		o.IO.Errf("the local cloud is not running")
		return nil
	}
	if err != nil {
		return err
	}
	o.IO.Errf("the local cloud is down")
	return nil
}

// view is what status shows: everything but the secret.
type view struct {
	Running     bool              `json:"running"`
	Endpoint    string            `json:"endpoint"`
	AccountID   string            `json:"accountId"`
	Region      string            `json:"region"`
	AccessKeyID string            `json:"accessKeyId"`
	PID         int               `json:"pid"`
	DataDir     string            `json:"dataDir"`
	Isolation   sandbox.Isolation `json:"isolation"`
	Version     string            `json:"version"`
	Queue       counts            `json:"queue"`
}

// counts are those of asynchronous invocations; `s local queue` has the details.
type counts struct {
	Timers  int `json:"timers"`
	Waiting int `json:"waiting"`
	Running int `json:"running"`
	Dead    int `json:"dead"` // letters
}

func status(ctx context.Context, o *Options) error {
	home, err := o.Home()
	if err != nil {
		return err
	}
	info, err := local.Find(ctx, home)
	if errors.Is(err, local.ErrNotRunning) {
		return o.notRunning(err)
	}
	if err != nil {
		return err
	}
	queue, err := local.CountQueue(ctx, info)
	if err != nil {
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, view{
		Queue:   counts{Timers: len(queue.Timers), Waiting: queue.Waiting, Running: queue.Running, Dead: queue.Dead},
		Running: true, Endpoint: info.Endpoint, AccountID: info.AccountID,
		Region: info.Region, AccessKeyID: info.AccessKeyID, PID: info.PID, DataDir: info.DataDir, Isolation: info.Isolation, Version: info.Version,
	})
}

// notRunning says so: as data where data is asked for, and with exit code 1.
func (o *Options) notRunning(err error) error {
	if o.Settings.Output == cmdutil.OutputDefault {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s local up")
	}
	data := struct {
		Running bool `json:"running"`
	}{}
	if err := cmdutil.Print(o.IO.Out, o.Settings.Output, data); err != nil {
		return err
	}
	return cmdutil.Quiet(cmdutil.ExitFailed)
}

func env(ctx context.Context, o *Options) error {
	info, err := Ensure(ctx, o)
	if err != nil {
		return err
	}
	for _, v := range [][2]string{
		{"FC_ENDPOINT", info.Endpoint},
		{"FC_ACCOUNT_ID", info.AccountID},
		{"FC_REGION", info.Region},
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", info.AccessKeyID},
		{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", info.AccessKeySecret},
	} {
		if _, err := fmt.Fprintf(o.IO.Out, "export %s=%s\n", v[0], quote(v[1])); err != nil {
			return err
		}
	}
	return nil
}

// quote makes one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
