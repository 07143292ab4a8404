package version

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1.2.3", "v1.2.3-4-gabcdef-dirty", "dev", ""} {
		io, _, out, errOut := iostreams.Test()
		cmd := NewCmd(&cmdutil.Factory{IO: io, Version: version}, nil)
		cmd.SetArgs(nil)
		if err := cmd.ExecuteContext(context.Background()); err != nil {
			t.Fatal(err)
		}
		if want := "s " + version + ", " + runtime.GOOS + "-" + runtime.GOARCH + "\n"; out.String() != want {
			t.Errorf("%q, want %q", out, want)
		}
		if errOut.Len() > 0 {
			t.Errorf("stderr: %s", errOut)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	io, _, out, _ := iostreams.Test()
	var got *Options
	stop := errors.New("stop")
	cmd := NewCmd(&cmdutil.Factory{IO: io, Version: "v1"}, func(_ context.Context, opts *Options) error { got = opts; return stop })
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(nil)
	if err := cmd.ExecuteContext(context.Background()); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if got == nil || got.Version != "v1" || got.IO != io {
		t.Errorf("options %+v", got)
	}
	cmd.SetArgs([]string{"more"})
	if err := cmd.ExecuteContext(context.Background()); err == nil || errors.Is(err, stop) {
		t.Errorf("an argument gives %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("stdout: %s", out)
	}
}

// TestBrokenPipe: what can't be written is an error.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	io.Out = broken{}
	cmd := NewCmd(&cmdutil.Factory{IO: io, Version: "v1"}, nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(nil)
	if err := cmd.ExecuteContext(context.Background()); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
