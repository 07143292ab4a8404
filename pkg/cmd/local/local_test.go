package localcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/local/store"
	"s/pkg/runtime/rloader"
)

// envHome makes the test binary `s` with that home; envVersion is its version.
const (
	envHome    = "LOCALCMD_TEST_HOME"
	envVersion = "LOCALCMD_TEST_VERSION"
)

func TestMain(m *testing.M) {
	if rloader.Is(os.Args) {
		os.Exit(rloader.Main())
	}
	if home := os.Getenv(envHome); home != "" {
		os.Exit(beS(home))
	}
	os.Exit(m.Run())
}

// factory is what a command is given, over these streams.
func factory(io *iostreams.IOStreams, home, version string) *cmdutil.Factory {
	return &cmdutil.Factory{
		IO: io, Version: version, Settings: &cmdutil.Settings{Output: cmdutil.OutputDefault},
		Home: func() (string, error) { return home, nil },
	}
}

// beS is a program with the local command alone, and -o.
func beS(home string) int {
	io := iostreams.System(os.Getenv)
	f := factory(io, home, os.Getenv(envVersion))
	root := &cobra.Command{
		Use: "s", SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return f.Settings.Read(cmd.Flags()) },
	}
	cmdutil.BindFlags(root.PersistentFlags())
	root.AddCommand(NewCmd(f, nil))
	ctx := context.Background()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var known *cmdutil.Error
	if !errors.As(err, &known) {
		known = &cmdutil.Error{Err: err, Code: cmdutil.ExitFailed}
	}
	if !known.Quiet {
		fmt.Fprintln(os.Stderr, known.Error())
		fmt.Fprintln(os.Stderr, known.Hint)
	}
	return known.Code
}

// world is a home with its own s.
type world struct {
	t    *testing.T
	home string
	env  []string
}

func newWorld(t *testing.T, env ...string) *world {
	t.Helper()
	w := &world{t: t, home: t.TempDir()}
	w.env = append(append(os.Environ(), envHome+"="+w.home, envVersion+"=1", "LANG=C", "LC_ALL=", "S_LOCAL_PORT=0"), env...)
	t.Cleanup(func() {
		if err := local.Stop(context.Background(), w.home); err != nil && !errors.Is(err, local.ErrNotRunning) {
			t.Error(err)
		}
	})
	return w
}

// s runs a command line and wants an exit code.
func (w *world) s(code int, args ...string) (stdout, stderr string) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), os.Args[0], args...)
	cmd.Env = w.env
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		w.t.Fatalf("s %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, &out, &errOut)
	}
	return out.String(), errOut.String()
}

func (w *world) wants(text string, parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			w.t.Errorf("%q lacks %q", text, p)
		}
	}
}

func (w *world) status() view {
	w.t.Helper()
	out, _ := w.s(0, "local", "status", "-o", "json")
	var v view
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		w.t.Fatal(err)
	}
	return v
}

func TestUpStatusEnvDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, errOut := w.s(1, "local", "status")
	if out != "" {
		t.Errorf("stdout %q", out)
	}
	w.wants(errOut, "not running", "s local up")
	if out, _ := w.s(1, "local", "status", "-o", "json"); out != "{\n  \"running\": false\n}\n" {
		t.Errorf("stdout %q", out)
	}

	out, errOut = w.s(0, "local", "up")
	if out != "" {
		t.Errorf("stdout %q", out)
	}
	w.wants(errOut, "is up: http://127.0.0.1:", "isolation of instances: ")
	first := w.status()
	if !first.Running || first.PID == 0 || len(first.AccountID) != 16 || first.DataDir != local.DataDir(w.home) ||
		first.Isolation.Mode == "" || first.Isolation.Ports == "" || first.Version != "1" || first.Region != "cn-hangzhou" {
		t.Errorf("status %+v", first)
	}
	out, _ = w.s(0, "local", "status", "-o", "json")
	if strings.Contains(strings.ToLower(out), "secret") {
		t.Errorf("status shows a secret: %s", out)
	}
	out, _ = w.s(0, "local", "status")
	w.wants(out, "endpoint:", first.Endpoint, "isolation:", "mode:", "queue:", "dead:")

	_, errOut = w.s(0, "local", "up")
	w.wants(errOut, "was up already: "+first.Endpoint)
	if again := w.status(); again != first {
		t.Errorf("the second is %+v", again)
	}
	_, errOut = w.s(1, "local", "up", "--port", "1")
	w.wants(errOut, "runs already", "s local down")

	out, _ = w.s(0, "local", "env")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i, want := range []string{
		"FC_ENDPOINT='" + first.Endpoint + "'", "FC_ACCOUNT_ID='" + first.AccountID + "'", "FC_REGION='cn-hangzhou'",
		"ALIBABA_CLOUD_ACCESS_KEY_ID='" + first.AccessKeyID + "'", "ALIBABA_CLOUD_ACCESS_KEY_SECRET='",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], "export "+want) {
			t.Errorf("env: %q, want line %d to begin with %q", lines, i, want)
		}
	}

	_, errOut = w.s(0, "local", "down")
	w.wants(errOut, "is down")
	_, errOut = w.s(0, "local", "down")
	w.wants(errOut, "not running")
	w.s(1, "local", "status")
}

func TestANewVersionReplacesTheOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.s(0, "local", "up")
	first := w.status()
	w.env = append(w.env, envVersion+"=2")
	_, errOut := w.s(0, "local", "up")
	w.wants(errOut, "the local cloud of s 1 was replaced by one of this s, 2")
	if second := w.status(); second.PID == first.PID || second.Version != "2" {
		t.Errorf("second %+v", second)
	}
}

func TestPortOfAnotherProgram(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	w := newWorld(t, "S_LOCAL_PORT="+port)
	_, errOut := w.s(1, "local", "up")
	w.wants(errOut, "127.0.0.1:"+port+" is taken by", "s local up --port 0")
	_, errOut = w.s(1, "local", "up", "--foreground")
	w.wants(errOut, "127.0.0.1:"+port+" is taken by")
	w.s(1, "local", "status")
	w.env = append(w.env, "S_LOCAL_PORT=http")
	_, errOut = w.s(2, "local", "up")
	w.wants(errOut, `S_LOCAL_PORT is "http"`)
	_, errOut = w.s(2, "local", "up", "--port", "70000")
	w.wants(errOut, "between 0 and 65535")
}

func TestForegroundServesUntilItIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "local", "up", "--foreground")
	cmd.Env = w.env
	errOut, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said []byte
	for buffer := make([]byte, 512); !bytes.Contains(said, []byte("Ctrl-C")); {
		n, err := errOut.Read(buffer)
		if said = append(said, buffer[:n]...); err != nil {
			t.Fatalf("%v after %s", err, said)
		}
	}
	w.wants(string(said), "is up: "+w.status().Endpoint)
	w.s(0, "local", "down")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args string
		want Options
		err  string
	}{
		{"up", Options{Action: "up", Port: local.DefaultPort}, ""},
		{"up --port 0", Options{Action: "up", PortGiven: true}, ""},
		{"up --foreground --port 8080", Options{Action: "up", Port: 8080, PortGiven: true, Foreground: true}, ""},
		{"down", Options{Action: "down", Port: local.DefaultPort}, ""},
		{"status", Options{Action: "status", Port: local.DefaultPort}, ""},
		{"env", Options{Action: "env", Port: local.DefaultPort}, ""},
		{"up now", Options{}, "unknown command"},
		{"up --foreground --detached", Options{}, "none of the others can be"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			io, _, _, _ := iostreams.Test()
			var got *Options
			cmd := NewCmd(factory(io, t.TempDir(), "1"), func(_ context.Context, o *Options) error { got = o; return nil })
			cmd.SetArgs(strings.Fields(tt.args))
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.Execute()
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("err = %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil || got == nil {
				t.Fatal(err)
			}
			if got.Action != tt.want.Action || got.Port != tt.want.Port || got.PortGiven != tt.want.PortGiven || got.Foreground != tt.want.Foreground || got.Detached {
				t.Errorf("options %+v", got)
			}
		})
	}
}

func TestHints(t *testing.T) {
	for want, err := range map[string]error{
		"s local up --port 0": fmt.Errorf("start: %w", &local.PortTakenError{Addr: "127.0.0.1:1"}),
		"s local down":        &store.LockedError{Path: "x"},
		"":                    errors.New("other"),
	} {
		var known *cmdutil.Error
		got := ""
		if errors.As(hint(err), &known) {
			got = known.Hint
		}
		if got != want {
			t.Errorf("%v: hint %q, want %q", err, got, want)
		}
	}
	if hint(nil) != nil {
		t.Error("nil got a hint")
	}
}

func TestQuote(t *testing.T) {
	word := `it's a "test" $HOME`
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh on this machine")
	}
	out, err := exec.CommandContext(t.Context(), sh, "-c", "printf %s "+quote(word)).Output()
	if err != nil || string(out) != word {
		t.Errorf("%q, %v", out, err)
	}
}

func TestHomeThatCannotBeHad(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	f := factory(io, "", "1")
	f.Home = func() (string, error) { return "", errors.New("no home") }
	for _, args := range []string{"up", "up --foreground", "down", "status", "env"} {
		cmd := NewCmd(f, nil)
		cmd.SetArgs(strings.Fields(args))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "no home") {
			t.Errorf("%s: %v", args, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.Home = func() (string, error) { return file, nil }
	cmd := NewCmd(f, nil)
	cmd.SetArgs([]string{"up"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "data directory of the local cloud") {
		t.Errorf("a file as home: %v", err)
	}
}
