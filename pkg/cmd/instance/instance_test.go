package instancecmd

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// fakeRemote has instances and plays a command.
type fakeRemote struct {
	instances []fcclient.Instance
	err       error
	play      func(ctx context.Context, in fcclient.ExecInput) (int, error)
	got       fcclient.ExecInput
	asked     []string
}

func (f *fakeRemote) ListInstances(_ context.Context, function, qualifier string) ([]fcclient.Instance, error) {
	f.asked = append(f.asked, function+" "+qualifier)
	return f.instances, f.err
}

func (f *fakeRemote) Exec(ctx context.Context, in fcclient.ExecInput) (int, error) {
	f.got = in
	if f.play == nil {
		return 0, nil
	}
	return f.play(ctx, in)
}

func command(w *cmdtest.World, remote *fakeRemote) *cobra.Command {
	return NewCmd(w.Factory, func(ctx context.Context, opts *Options) error {
		opts.Remote = remote
		if opts.Command != "" || opts.TTY {
			return Exec(ctx, opts)
		}
		return List(ctx, opts)
	})
}

func running() *fakeRemote {
	return &fakeRemote{instances: []fcclient.Instance{
		{InstanceID: "c-0", Status: "Destroyed"}, {InstanceID: "c-1", Status: "Running", VersionID: "0", CreatedTimeMS: 5},
	}}
}

func known(err error) *cmdutil.Error {
	var e *cmdutil.Error
	if errors.As(err, &e) {
		return e
	}
	return &cmdutil.Error{}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition1)
	remote := running()
	if err := w.Run(command(w, remote), "list", "-o", "json", "--qualifier", "prod"); err != nil {
		t.Fatal(err)
	}
	var got struct{ Instances []fcclient.Instance }
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(remote.instances, got.Instances); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"svc$hello prod"}, remote.asked); d != "" {
		t.Error(d)
	}
	if err := w.Run(command(w, remote), "list"); err != nil || !strings.Contains(w.Stdout(), "instanceId:  c-1\n") {
		t.Errorf("%v, %s", err, w.Stdout())
	}
}

// TestListForPeople: times are times there, and numbers in data.
func TestListForPeople(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(command(w, running()), "list", "-o", "table"); err != nil || !strings.Contains(w.Stdout(), "1970-01-01T00:00:00Z") {
		t.Errorf("%v\n%s", err, w.Stdout())
	}
	if err := w.Run(command(w, running()), "list", "-o", "raw"); err != nil || !strings.Contains(w.Stdout(), `"createdTimeMs":5`) {
		t.Errorf("%v\n%s", err, w.Stdout())
	}
}

func TestListOfNone(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(command(w, &fakeRemote{}), "list"); err != nil || w.Stdout() != "" {
		t.Errorf("%v, %q", err, w.Stdout())
	}
	w.WantStderr("no instance of hello is running")
	if err := w.Run(command(w, &fakeRemote{}), "list", "-o", "raw"); err != nil || w.Stdout() != `{"instances":[]}`+"\n" {
		t.Errorf("%v, %q", err, w.Stdout())
	}
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	refused := &fakeRemote{err: &fc.APIError{Status: 403, Code: fc.CodeAccessDenied}}
	if err := w.Run(command(w, refused), "list"); known(err).Code != cmdutil.ExitCloud {
		t.Errorf("err = %v", err)
	}
	w.Add("other")
	if err := w.Run(command(w, refused), "list"); known(err).Code != cmdutil.ExitUsage {
		t.Errorf("several resources: %v", err)
	}
	w.TargetErr = cmdutil.WithCode(cmdutil.ExitCredentials, errors.New("none"))
	if err := w.Run(command(w, refused), "list", "hello"); known(err).Code != cmdutil.ExitCredentials {
		t.Errorf("no credentials: %v", err)
	}
}

func TestThroughTheRealClient(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Server.Instances = []map[string]any{{"instanceId": "c-9", "status": "Running"}}
	if err := w.Run(NewCmd(w.Factory, nil), "list"); known(err).Hint != "s deploy" {
		t.Errorf("not deployed: %v", err)
	}
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateFunction(context.Background(), w.Resource().Function, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "list"); err != nil || !strings.Contains(w.Stdout(), "c-9") {
		t.Errorf("%v, %s", err, w.Stdout())
	}
}

func TestExec(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	remote := running()
	remote.play = func(_ context.Context, in fcclient.ExecInput) (int, error) {
		io.WriteString(in.Stdout, "out")
		io.WriteString(in.Stderr, "err")
		return 7, nil
	}
	err := w.Run(command(w, remote), "exec", "--cmd", "ps -ef")
	if e := known(err); e.Code != 7 || !e.Quiet || w.Stdout() != "out" || w.Stderr() != "err" {
		t.Errorf("err %v, stdout %q, stderr %q", err, w.Stdout(), w.Stderr())
	}
	got := remote.got
	if got.InstanceID != "c-1" || got.Function != "hello" || got.TTY || got.Stdin != nil || got.Resize != nil {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff([]string{"sh", "-c", "cd /code 2>/dev/null || :\nps -ef"}, got.Command); d != "" {
		t.Error(d)
	}
	remote.play = nil
	if err = w.Run(command(w, remote), "exec", "--cmd", "cat", "--stdin", "--instance-id", "c-5", "--shell", "bash", "--workdir", "/it's"); err != nil {
		t.Fatal(err)
	}
	if remote.got.InstanceID != "c-5" || remote.got.Stdin == nil || len(remote.asked) != 1 {
		t.Errorf("%+v, asked %v", remote.got, remote.asked)
	}
	if d := cmp.Diff([]string{"bash", "-c", "cd '/it'\\''s' || exit 1\ncat"}, remote.got.Command); d != "" {
		t.Error(d)
	}
	if err = w.Run(command(w, remote), "exec", "--cmd", "pwd", "--no-workdir", "--qualifier", "prod"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"sh", "-c", "pwd"}, remote.got.Command); d != "" || remote.got.Qualifier != "prod" || remote.asked[1] != "hello prod" {
		t.Errorf("%s, qualifier %q, asked %q", d, remote.got.Qualifier, remote.asked)
	}
}

func TestExecErrors(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(command(w, &fakeRemote{}), "exec", "--cmd", "x"); known(err).Hint != "s invoke hello" {
		t.Errorf("none runs: %v", err)
	}
	gone := &fakeRemote{err: &fc.APIError{Status: 404, Code: fc.CodeFunctionNotFound}}
	if err := w.Run(command(w, gone), "exec", "--cmd", "x"); known(err).Hint != "s deploy hello" || known(err).Code != cmdutil.ExitCloud {
		t.Errorf("not deployed: %v", err)
	}
	refused := &fakeRemote{err: &fc.APIError{Status: 403, Code: fc.CodeAccessDenied}}
	if err := w.Run(command(w, refused), "exec", "--cmd", "x"); known(err).Code != cmdutil.ExitCloud {
		t.Errorf("refused: %v", err)
	}
	remote := running()
	remote.play = func(context.Context, fcclient.ExecInput) (int, error) { return 0, &fc.APIError{Status: 403, Code: "X"} }
	if err := w.Run(command(w, remote), "exec", "--cmd", "x"); known(err).Code != cmdutil.ExitCloud {
		t.Errorf("exec refused: %v", err)
	}
	if err := w.Run(command(w, remote), "exec", "--cmd", "x", "--workdir", "/", "--no-workdir"); known(err).Code != cmdutil.ExitUsage {
		t.Errorf("both: %v", err)
	}
	if err := w.Run(command(w, remote), "exec"); known(err).Code != cmdutil.ExitUsage {
		t.Errorf("no command: %v", err)
	}
	if err := w.Run(command(w, remote), "exec", "-it"); known(err).Code != cmdutil.ExitUsage || !errors.Is(err, errNoTerminal) {
		t.Errorf("no terminal: %v", err)
	}
	if err := w.Run(command(w, remote), "exec", "-i", "x"); err == nil || !strings.Contains(err.Error(), "-it") {
		t.Errorf("-i alone: %v", err)
	}
	w.TTY(true)
	if err := w.Run(command(w, remote), "exec", "-it"); !errors.Is(err, errNoTerminal) {
		t.Errorf("a terminal that is none: %v", err)
	}
}

// onTerminal gives the world a pseudo terminal as stdin; keys are typed into
// the master.
func onTerminal(t *testing.T, w *cmdtest.World) *os.File {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal on this system: %v", err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	if err := pty.Setsize(master, &pty.Winsize{Cols: 120, Rows: 40}); err != nil {
		t.Fatal(err)
	}
	w.TTY(true)
	w.IO.In = slave
	return master
}

func TestInteractive(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	master := onTerminal(t, w)
	remote := running()
	remote.play = func(ctx context.Context, in fcclient.ExecInput) (int, error) {
		if size := <-in.Resize; size != (fcclient.TermSize{Width: 120, Height: 40}) {
			t.Errorf("size %+v", size)
		}
		master.WriteString("\x03ls\r")
		keys := make([]byte, 4)
		if _, err := io.ReadFull(in.Stdin, keys); err != nil || string(keys) != "\x03ls\r" {
			t.Errorf("keys %q, %v", keys, err)
		}
		return 3, nil
	}
	if err := w.Run(command(w, remote), "exec", "-it"); known(err).Code != 3 {
		t.Errorf("err = %v", err)
	}
	if got := remote.got; !got.TTY || got.Command[0] != "sh" || !strings.Contains(got.Command[2], "exec bash") {
		t.Errorf("%+v", got)
	}
	w.WantStderr("ctrl-] leaves")
	// The terminal is itself again: it turns a carriage return into a newline.
	master.WriteString("x\r")
	line := make([]byte, 2)
	if _, err := io.ReadFull(w.IO.In, line); err != nil || string(line) != "x\n" {
		t.Errorf("the terminal is still raw: %q, %v", line, err)
	}
}

func TestLeavingTheShell(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	master := onTerminal(t, w)
	remote := running()
	remote.play = func(ctx context.Context, in fcclient.ExecInput) (int, error) {
		master.WriteString("a\x1db")
		data, err := io.ReadAll(in.Stdin)
		if string(data) != "a" || err != nil {
			t.Errorf("keys %q, %v", data, err)
		}
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if err := w.Run(command(w, remote), "exec", "--tty", "--shell", "zsh"); err != nil {
		t.Errorf("err = %v", err)
	}
	if got := remote.got.Command; got[0] != "zsh" || !strings.HasSuffix(got[2], "exec zsh") {
		t.Errorf("command %q", got)
	}
}

func TestInterruptIsNoLeaving(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	onTerminal(t, w)
	remote := running()
	ctx, cancel := context.WithCancel(context.Background())
	remote.play = func(ctx context.Context, _ fcclient.ExecInput) (int, error) {
		cancel()
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if err := w.RunContext(ctx, command(w, remote), "exec", "-it"); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestTemplateFlagStaysGlobal(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	remote := running()
	if err := w.Run(command(w, remote), "exec", "-t", "other.yaml", "--cmd", "x"); err != nil || w.Factory.Settings.Template != "other.yaml" {
		t.Errorf("%v, template %q", err, w.Factory.Settings.Template)
	}
	if err := w.Run(NewCmd(w.Factory, nil)); err != nil || !strings.Contains(w.Stdout(), "exec") {
		t.Errorf("help: %v, %s", err, w.Stdout())
	}
}
