package secretcmd

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/vault"
)

// world is a home of s and the streams of one command after the other.
type world struct {
	t           *testing.T
	home, in    string
	answer      string // to the question for a value; empty is no terminal
	asked       []string
	out, errOut *bytes.Buffer
}

// Password gives the test's answer.
func (w *world) Password(message string) (string, error) {
	w.asked = append(w.asked, message)
	return w.answer, nil
}

// Input is never asked: it would show the value.
func (w *world) Input(string, string, string, func(string) error) (string, error) {
	return "", errors.New("asked with an echo")
}

// Select is never asked.
func (w *world) Select(string, string, []string, int) (int, error) { return 0, errors.New("selects") }

// Confirm is never asked.
func (w *world) Confirm(string, bool) (bool, error) { return false, errors.New("confirms") }

func (w *world) do(args ...string) error {
	w.t.Helper()
	io, in, out, errOut := iostreams.Test()
	w.out, w.errOut = out, errOut
	in.WriteString(w.in)
	if w.answer != "" {
		io.SetPrompter(w)
		io.SetTTY(true, true, true)
	}
	f := &cmdutil.Factory{
		IO: io, Settings: &cmdutil.Settings{Output: cmdutil.OutputDefault},
		Home: func() (string, error) { return w.home, nil }, Vault: func() *vault.Vault { return nil },
	}
	cmd := NewCmd(f, nil)
	cmdutil.BindFlags(cmd.PersistentFlags())
	for i, arg := range args {
		if arg == "-o" {
			f.Settings.Output = args[i+1]
		}
	}
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(context.Background())
	shown := out.String() + errOut.String()
	if err != nil {
		shown += err.Error()
	}
	if strings.Contains(shown, "topsecret") != (strings.Contains(strings.Join(args, " "), "--show") && err == nil) {
		w.t.Errorf("%v shows %q", args, shown)
	}
	return err
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	if err := w.do(args...); err != nil {
		w.t.Fatalf("%v: %v", args, err)
	}
	return w.out.String()
}

func (w *world) fails(code int, says, hint string, args ...string) {
	w.t.Helper()
	err := w.do(args...)
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Code != code || !strings.Contains(err.Error(), says) || known.Hint != hint {
		w.t.Errorf("%v: %v, %+v", args, err, known)
	}
}

func TestLife(t *testing.T) {
	t.Parallel()
	w := &world{t: t, home: t.TempDir()}
	if got := w.must("list"); got != "" || w.errOut.String() != "no secrets are kept\n" {
		t.Errorf("%q %q", got, w.errOut)
	}
	w.in = "topsecret-value\r\n"
	w.must("add", "a")
	if w.errOut.String() != "kept: a\n" {
		t.Errorf("%q", w.errOut)
	}
	if got := w.must("get", "a", "--show"); got != "topsecret-value\n" {
		t.Errorf("%q", got)
	}
	if got := w.must("get", "--key", "a", "-o", "raw"); got != `{"name":"a","value":"top***lue"}`+"\n" {
		t.Errorf("%q", got)
	}
	if got := w.must("get", "a", "--show", "-o", "raw"); got != `{"name":"a","value":"topsecret-value"}`+"\n" {
		t.Errorf("%q", got)
	}
	if got := w.must("get", "-o", "raw"); got != `[{"name":"a","kept":"file"}]`+"\n" {
		t.Errorf("%q", got)
	}
	w.fails(cmdutil.ExitFailed, `"a" already`, "s secret add a --force", "add", "a")
	w.must("delete", "a")
	w.fails(cmdutil.ExitFailed, `no secret "a"`, "s secret list", "delete", "a")
	w.fails(cmdutil.ExitFailed, `no secret "a"`, "s secret list", "get", "a")
}

// TestAddAsks: on a terminal without an echo; a value on the command line is
// taken, and where it is now is said.
func TestAddAsks(t *testing.T) {
	t.Parallel()
	w := &world{t: t, home: t.TempDir(), answer: "topsecret asked for"}
	w.must("add", "a")
	if len(w.asked) != 1 || w.asked[0] != "a" {
		t.Errorf("asked %q", w.asked)
	}
	w.in = "topsecret in"
	w.must("add", "b", "--value", "-")
	w.must("add", "c", "--value", "hush hush hush")
	if !strings.Contains(w.errOut.String(), "history") || len(w.asked) != 1 {
		t.Errorf("%q, asked %q", w.errOut, w.asked)
	}
	for name, want := range map[string]string{"a": "topsecret asked for\n", "b": "topsecret in\n"} {
		if got := w.must("get", name, "--show"); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	w := &world{t: t, home: t.TempDir()}
	w.fails(cmdutil.ExitUsage, "which one", "", "add")
	w.fails(cmdutil.ExitUsage, "which one", "", "delete")
	w.fails(cmdutil.ExitUsage, "two names", "", "get", "a", "--key", "b")
	if err := w.do("add", "a"); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("%v", err)
	}
	if err := w.do("list", "a"); err == nil {
		t.Error("list takes a name")
	}
}

// TestArguments: what the flags make of Options.
func TestArguments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want Options
	}{
		{[]string{"add", "a", "--value", "-", "-f"}, Options{Action: "add", Name: "a", Value: "-", Force: true}},
		{[]string{"get", "--key", "a", "--show"}, Options{Action: "get", Name: "a", Show: true}},
		{[]string{"delete", "a", "--key", "a"}, Options{Action: "delete", Name: "a"}},
		{[]string{"list"}, Options{Action: "list"}},
	} {
		var got Options
		io, _, _, _ := iostreams.Test()
		cmd := NewCmd(&cmdutil.Factory{IO: io}, func(_ context.Context, o *Options) error { got = *o; return nil })
		cmd.SetArgs(tt.args)
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		if got.Action != tt.want.Action || got.Name != tt.want.Name || got.Value != tt.want.Value || got.Force != tt.want.Force || got.Show != tt.want.Show {
			t.Errorf("%v: %+v", tt.args, got)
		}
	}
}
