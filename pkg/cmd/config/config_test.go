package configcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/vault"
	"s/pkg/vault/vaulttest"
)

// world is a home of s and the streams of one command after the other.
type world struct {
	t           *testing.T
	home        string
	in          string // of the next command
	answers     map[string]string
	asked       []string
	promptErr   error
	account     string // what STS says; empty is no answer from it
	refusal     error  // of STS
	ring        *vaulttest.Keyring
	out, errOut *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, home: filepath.Join(t.TempDir(), "home")}
}

// Input gives the answer that the test has for a question.
func (w *world) Input(message, _, _ string, validate func(string) error) (string, error) {
	w.asked = append(w.asked, message)
	if w.promptErr != nil {
		return "", w.promptErr
	}
	if validate != nil && validate(w.answers[message]) != nil {
		return "", errors.New("refused")
	}
	return w.answers[message], nil
}

// Password is Input without an echo.
func (w *world) Password(message string) (string, error) {
	return w.Input(message+" without echo", "", "", nil)
}

// Select is never asked.
func (w *world) Select(string, string, []string, int) (int, error) {
	return 0, errors.New("nothing to select")
}

// Confirm is never asked.
func (w *world) Confirm(string, bool) (bool, error) { return false, errors.New("nothing to confirm") }

func (w *world) vault() *vault.Vault {
	v := &vault.Vault{}
	if w.ring != nil {
		v.Ring = w.ring
	}
	return v
}

func (w *world) identityErr() error {
	if w.refusal == nil && w.account == "" {
		return errors.New("no answer from STS")
	}
	return w.refusal
}

// do runs a command line, with a terminal if the test has answers.
func (w *world) do(args ...string) error {
	w.t.Helper()
	io, in, out, errOut := iostreams.Test()
	w.out, w.errOut = out, errOut
	in.WriteString(w.in)
	w.in = ""
	if w.answers != nil || w.promptErr != nil {
		io.SetPrompter(w)
		io.SetTTY(true, true, true)
	}
	f := &cmdutil.Factory{
		IO: io, Settings: &cmdutil.Settings{Output: cmdutil.OutputDefault},
		Home:     func() (string, error) { return w.home, nil },
		Vault:    w.vault,
		Identity: func(context.Context, access.Credentials) (string, error) { return w.account, w.identityErr() },
	}
	cmd := NewCmd(f, nil)
	cmdutil.BindFlags(cmd.PersistentFlags())
	cmd.PersistentPreRunE = nil
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ParseFlags(nil); err != nil {
		w.t.Fatal(err)
	}
	for i, arg := range args {
		if arg == "-a" {
			f.Settings.Access = args[i+1]
		}
		if arg == "-o" {
			f.Settings.Output = args[i+1]
		}
	}
	err := cmd.ExecuteContext(context.Background())
	for _, secret := range []string{"topsecret", "hushhush"} {
		if strings.Contains(out.String()+errOut.String(), secret) || err != nil && strings.Contains(err.Error(), secret) {
			w.t.Errorf("%v shows %s:\n%s%s%v", args, secret, out, errOut, err)
		}
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

// fails checks the exit code and the error.
func (w *world) fails(code int, says string, args ...string) *cmdutil.Error {
	w.t.Helper()
	err := w.do(args...)
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Code != code || !strings.Contains(err.Error(), says) {
		w.t.Errorf("%v: %v, want exit code %d and %q", args, err, code, says)
		return &cmdutil.Error{}
	}
	return known
}

func (w *world) addProd() {
	w.t.Helper()
	w.in = "topsecret\n"
	w.must("add", "-a", "prod", "--AccountID", "42", "--AccessKeyID", "LTAI5tabcdefgh", "--AccessKeySecret", "-")
}

func TestAddFromStdin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addProd()
	if got := w.errOut.String(); got != "the key isn't checked: no answer from STS\nkept: prod (account 42, key LTA***fgh)\n" {
		t.Errorf("%q", got)
	}
	if w.out.Len() > 0 {
		t.Errorf("stdout: %q", w.out)
	}
	kept, err := access.ReadKept(w.home, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := kept.Get("prod"); !ok || c.AccessKeySecret != "topsecret" || c.AccountID != "42" {
		t.Errorf("%v %t", c, ok)
	}
}

func TestAddAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers = map[string]string{"AccountID": " 7 ", "AccessKeyID": " id ", "AccessKeySecret without echo": "topsecret "}
	w.must("add")
	if diff := cmp.Diff([]string{"AccessKeyID", "AccessKeySecret without echo", "AccountID"}, w.asked); diff != "" {
		t.Error(diff)
	}
	kept, err := access.ReadKept(w.home, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := kept.Get("default")
	if c.AccountID != "7" || c.AccessKeyID != "id" || c.AccessKeySecret != "topsecret" {
		t.Error("the answers aren't what is kept")
	}
	// Only what isn't given is asked for, and nothing that is there is lost.
	w.asked = nil
	w.must("add", "-a", "two", "--AccessKeyID", "other", "--AccountID", "8")
	if diff := cmp.Diff([]string{"AccessKeySecret without echo"}, w.asked); diff != "" {
		t.Error(diff)
	}
	w.asked = nil
	w.fails(cmdutil.ExitFailed, "already", "add")
	if len(w.asked) > 0 {
		t.Errorf("asked in vain: %v", w.asked)
	}
}

func TestInterruptedAddKeepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.promptErr = iostreams.ErrInterrupted
	if err := w.do("add"); !errors.Is(err, iostreams.ErrInterrupted) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(w.home); err == nil {
		t.Error("something was written")
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fails(cmdutil.ExitUsage, "no terminal", "add")
	w.fails(cmdutil.ExitUsage, "no terminal", "add", "--AccessKeyID", "i")
	w.in = "\n"
	w.fails(cmdutil.ExitUsage, "no terminal", "add", "--AccessKeyID", "i", "--AccessKeySecret", "-")
	if err := w.do("add", "-a", "local", "--AccessKeyID", "i", "--AccessKeySecret", "topsecret"); err == nil || !strings.Contains(err.Error(), "local cloud") {
		t.Errorf("%v", err)
	}
	w.addProd()
	known := w.fails(cmdutil.ExitFailed, `"prod" already`, "add", "-a", "prod", "--AccessKeyID", "i", "--AccessKeySecret", "hushhush")
	if known.Hint != "s config add -a prod --force" {
		t.Errorf("hint %q", known.Hint)
	}
	w.must("add", "-a", "prod", "--AccessKeyID", "i", "--AccessKeySecret", "hushhush", "--force")
	if got := w.must("get", "-a", "prod"); !strings.Contains(got, "***") {
		t.Errorf("%s", got)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if w.must("list"); w.errOut.String() != "no credentials are kept\n" || w.out.Len() > 0 {
		t.Errorf("%q %q", w.out, w.errOut)
	}
	if got := w.must("list", "-o", "json"); strings.TrimSpace(got) != "[]" {
		t.Errorf("no credentials as data: %s", got)
	}
	w.addProd()
	w.must("add", "-a", "sts", "--AccessKeyID", "STS.abcdefghij", "--AccessKeySecret", "hushhush", "--SecurityToken", "token-of-some-length")
	var list []view
	if err := json.Unmarshal([]byte(w.must("list", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	want := []view{
		{Alias: "prod", Default: true, Kept: access.InFile, AccountID: "42", AccessKeyID: "LTA***fgh", AccessKeySecret: "top***ret"},
		{Alias: "sts", Kept: access.InFile, AccessKeyID: "STS***hij", AccessKeySecret: "***", SecurityToken: "tok***gth"},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	var one view
	if err := json.Unmarshal([]byte(w.must("get", "-a", "sts", "-o", "json")), &one); err != nil || one != want[1] {
		t.Errorf("%+v, %v", one, err)
	}
	known := w.fails(cmdutil.ExitCredentials, `"none"`, "get", "-a", "none")
	if known.Hint != "s config list" {
		t.Errorf("hint %q", known.Hint)
	}
}

func TestDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.must("default"); got != "default: default\n" {
		t.Errorf("%q", got)
	}
	w.addProd()
	w.must("add", "-a", "two", "--AccessKeyID", "i", "--AccessKeySecret", "hushhush")
	w.must("default", "-a", "two")
	if got := w.must("default", "-o", "raw"); got != `{"default":"two"}`+"\n" {
		t.Errorf("%q", got)
	}
	if got := w.must("get"); !strings.Contains(got, "two") {
		t.Errorf("get without a name is not the default one: %s", got)
	}
	w.fails(cmdutil.ExitCredentials, `"none"`, "default", "-a", "none")
}

func TestRenameAndDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addProd()
	w.must("rename", "--source", "prod", "--target", "live")
	if w.errOut.String() != "prod is called live now\n" {
		t.Errorf("%q", w.errOut)
	}
	w.fails(cmdutil.ExitCredentials, `"prod"`, "rename", "--source", "prod", "--target", "x")
	w.fails(cmdutil.ExitUsage, "name it with -a", "delete")
	w.fails(cmdutil.ExitCredentials, `"prod"`, "delete", "-a", "prod")
	w.must("delete", "-a", "live")
	if got := w.must("list", "-o", "raw"); got != "[]\n" {
		t.Errorf("left: %s", got)
	}
	for _, args := range [][]string{{"rename"}, {"rename", "--source", "a"}, {"add", "extra"}, {"sideways"}} {
		if err := w.do(args...); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

// TestForeign: the aliases of Serverless Devs are shown, and never changed.
func TestForeign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := os.MkdirAll(w.home, 0o700); err != nil {
		t.Fatal(err)
	}
	theirs := "theirs:\n  AccountID: '5'\n  AccessKeyID: plain-key-id\n  AccessKeySecret: topsecret\n"
	if err := os.WriteFile(filepath.Join(w.home, "access.yaml"), []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.must("get", "-a", "theirs"); !strings.Contains(got, "pla***-id") {
		t.Errorf("%s", got)
	}
	known := w.fails(cmdutil.ExitFailed, "only read", "delete", "-a", "theirs")
	if !strings.Contains(known.Hint, "--force") {
		t.Errorf("hint %q", known.Hint)
	}
	if text, err := os.ReadFile(filepath.Join(w.home, "access.yaml")); err != nil || string(text) != theirs {
		t.Errorf("%s %v", text, err)
	}
}

func TestBrokenFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := os.MkdirAll(w.home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.home, "credentials.yaml"), []byte("topsecret: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	w.fails(cmdutil.ExitCredentials, "credentials.yaml", "list")
}

func TestNoHome(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	none := errors.New("no home")
	err := Run(t.Context(), &Options{IO: io, Action: "list", Home: func() (string, error) { return "", none }})
	if !errors.Is(err, none) {
		t.Errorf("%v", err)
	}
}
