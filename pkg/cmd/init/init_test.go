package initcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/scaffold"
)

// script answers questions in order and notes them; an answer "^C" interrupts,
// an empty one takes the default.
type script struct {
	t       *testing.T
	answers []string
	asked   []string
}

func (s *script) next(question string) string {
	s.asked = append(s.asked, question)
	if len(s.answers) == 0 {
		s.t.Errorf("unexpected question %q", question)
		return "^C"
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return answer
}

func (s *script) Input(message, _, def string, validate func(string) error) (string, error) {
	for {
		answer := s.next(message)
		if answer == "^C" {
			return "", iostreams.ErrInterrupted
		}
		if answer == "" {
			answer = def
		}
		err := validate(answer)
		if err == nil {
			return answer, nil
		}
		s.asked = append(s.asked, "! "+err.Error())
	}
}

func (s *script) Select(message, _ string, options []string, def int) (int, error) {
	answer := s.next(message)
	switch answer {
	case "^C":
		return 0, iostreams.ErrInterrupted
	case "":
		return def, nil
	}
	at := slices.IndexFunc(options, func(o string) bool { return strings.HasPrefix(o, answer) })
	if at < 0 {
		s.t.Errorf("%s: no option %q in %v", message, answer, options)
	}
	return at, nil
}

func (s *script) Confirm(message string, def bool) (bool, error) {
	switch answer := s.next(message); answer {
	case "^C":
		return false, iostreams.ErrInterrupted
	case "":
		return def, nil
	default:
		return answer == "y", nil
	}
}

func (s *script) Password(message string) (string, error) { return s.next(message), nil }

// result is what one run of the command did.
type result struct {
	out, errOut string
	asked       []string
	err         error
}

// execute runs init with args; a nil script means no terminal.
func execute(t *testing.T, answers []string, tty bool, lang, output string, args ...string) result {
	t.Helper()
	io, _, out, errOut := iostreams.Test()
	io.SetLang(lang)
	prompter := &script{t: t, answers: answers}
	io.SetTTY(tty, false, tty)
	io.SetPrompter(prompter)
	f := &cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{Output: output}}
	cmd := NewCmd(f, nil)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(t.Context())
	if len(prompter.answers) > 0 {
		t.Errorf("not asked for: %v", prompter.answers)
	}
	return result{out.String(), errOut.String(), prompter.asked, err}
}

// project is what the tests look at in an s.yaml of edition 1.0.0.
type project struct {
	Access string
	Vars   struct {
		Region  string
		Service struct{ Name string }
	}
	Services map[string]struct {
		Props struct{ Function struct{ Name string } }
	}
}

func readProject(t *testing.T, dir string) project {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var p project
	if err := yaml.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

const custom = "fc-custom-python37-event"

func TestQuestions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		answers []string
		args    []string
		asked   []string
		want    []string // region, service, function, access
	}{
		{
			"the template is named",
			[]string{"us-west-1", "svc", "fn", ""},
			[]string{custom},
			[]string{"Region", "Service name", "Function name", "Access"},
			[]string{"us-west-1", "svc", "fn", "local"},
		},
		{
			"defaults",
			[]string{"", "", "", ""},
			[]string{custom},
			[]string{"Region", "Service name", "Function name", "Access"},
			[]string{"cn-hangzhou", "hello-world-service", custom, "local"},
		},
		{
			"the menu",
			[]string{"python", "custom", custom, "", "", "", "prod"},
			nil,
			[]string{"Language", "Kind of function", "Template", "Region", "Service name", "Function name", "Access"},
			[]string{"cn-hangzhou", "hello-world-service", custom, "prod"},
		},
		{
			"some are given",
			[]string{"svc", ""},
			[]string{custom, "--parameters", `{"region":"us-east-1","functionName":"fn"}`},
			[]string{"Service name", "Access"},
			[]string{"us-east-1", "svc", "fn", "local"},
		},
		{
			"all are given", nil,
			[]string{custom, "--parameters", `{"region":"us-east-1","functionName":"fn","serviceName":"svc","access":"prod"}`},
			nil,
			[]string{"us-east-1", "svc", "fn", "prod"},
		},
		{"-y", nil, []string{custom, "-y"}, nil, []string{"cn-hangzhou", "hello-world-service", custom, "local"}},
		{
			"a refused answer is asked again",
			[]string{"", "two words", "svc", "", ""},
			[]string{custom},
			[]string{"Region", "Service name", `! parameter "serviceName" can't be "two words": ` +
				`Letters, digits, "_" and "-", beginning with a letter or "_", at most 128`, "Service name", "Function name", "Access"},
			[]string{"cn-hangzhou", "svc", custom, "local"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "GeekBang")
			got := execute(t, c.answers, true, "en", "", append(c.args, "-d", dir)...)
			if got.err != nil {
				t.Fatal(got.err)
			}
			if diff := cmp.Diff(c.asked, got.asked); diff != "" {
				t.Errorf("questions (-want +got):\n%s", diff)
			}
			p := readProject(t, dir)
			values := []string{p.Vars.Region, p.Vars.Service.Name, p.Services["helloworld"].Props.Function.Name, p.Access}
			if diff := cmp.Diff(c.want, values); diff != "" {
				t.Errorf("s.yaml (-want +got):\n%s", diff)
			}
			if got.out != dir+"\n" {
				t.Errorf("stdout is %q, want the folder", got.out)
			}
			for _, part := range []string{"server.py", "s deploy", "cd " + dir} {
				if !strings.Contains(got.errOut, part) {
					t.Errorf("stderr doesn't say %q:\n%s", part, got.errOut)
				}
			}
		})
	}
}

func TestWithoutTerminalNothingIsAsked(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made")
	got := execute(t, nil, false, "en", "", custom, "-d", dir)
	if got.err != nil || len(got.asked) > 0 {
		t.Errorf("got %v, asked %v", got.err, got.asked)
	}
	if p := readProject(t, dir); p.Access != "local" {
		t.Errorf("access is %q", p.Access)
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		tty   bool
		args  []string
		wants []string // in the error or its hint
	}{
		{"no template, no terminal", false, nil, []string{custom, "start-fc-event-python", "start-fc-http-python"}},
		{"no template, -y", true, []string{"-y"}, []string{"no template given"}},
		{"unknown template", true, []string{"fc-custom-pyton37-event"}, []string{`unknown template "fc-custom-pyton37-event"`, "nearest are " + custom, "s init " + custom}},
		{"unlike any template", true, []string{"ruby"}, []string{`unknown template "ruby"`, "s init --list"}},
		{"two templates", true, []string{"a", "b"}, []string{"one template, not 2"}},
		{"unknown parameter", true, []string{custom, "--parameters", `{"regoin":"x"}`}, []string{`unknown parameter "regoin": did you mean region?`}},
		{
			"all bad ones at once", false,
			[]string{custom, "--parameters", `{"region":"mars","serviceName":"1 2","access":5}`},
			[]string{`"region" can't be "mars": choose one of cn-hangzhou`, `"serviceName" can't be "1 2"`, `"access" must be a string, not 5`},
		},
		{"a near region", false, []string{custom, "--parameters", `{"region":"cn-hangzhu"}`}, []string{"did you mean cn-hangzhou?"}},
		{"empty required value", false, []string{custom, "--parameters", `{"access":""}`}, []string{`parameter "access" is required`}},
		{"no JSON", false, []string{custom, "--parameters", `{region}`}, []string{"--parameters must be a JSON object"}},
		{"a JSON list", false, []string{custom, "--parameters", `[1]`}, []string{"--parameters must be a JSON object"}},
		{"JSON null", false, []string{custom, "--parameters", `null`}, []string{"--parameters must be a JSON object"}},
		{"two JSON objects", false, []string{custom, "--parameters", `{}{}`}, []string{"--parameters must be a JSON object"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "made")
			got := execute(t, nil, c.tty, "en", "", append(c.args, "-d", dir)...)
			var known *cmdutil.Error
			if !errors.As(got.err, &known) || known.Code != cmdutil.ExitUsage {
				t.Fatalf("got %v, want a usage error", got.err)
			}
			for _, want := range c.wants {
				if !strings.Contains(known.Error()+"\n"+known.Hint, want) {
					t.Errorf("%q isn't in %q, hint %q", want, known.Error(), known.Hint)
				}
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something was made: %v", err)
			}
		})
	}
}

func TestMissingParameterIsNamed(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	template := scaffold.Template{Name: "demo", Parameters: []scaffold.Parameter{
		{Name: "bucket", Type: scaffold.TypeString, Required: true},
		{Name: "logs", Type: scaffold.TypeBoolean},
	}}
	_, err := (&Options{IO: io}).values(&template)
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Code != cmdutil.ExitUsage || !strings.Contains(err.Error(), `parameter "bucket" is required`) {
		t.Errorf("got %v", err)
	}
	values, err := (&Options{IO: io, Parameters: `{"bucket":"b"}`}).values(&template)
	if diff := cmp.Diff(map[string]any{"bucket": "b", "logs": false}, values); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestBooleanIsAskedYesOrNo(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	io.SetPrompter(&script{t: t, answers: []string{"y", ""}})
	for _, want := range []bool{true, false} {
		got, err := askOne(io, &scaffold.Parameter{Name: "logs", Type: scaffold.TypeBoolean})
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

func TestInterruptLeavesNothing(t *testing.T) {
	t.Parallel()
	full := []string{"python", "custom", custom, "", "", "", ""}
	for at := range full {
		parent := t.TempDir()
		answers := append(slices.Clone(full[:at]), "^C")
		got := execute(t, answers, true, "en", "", "-d", filepath.Join(parent, "made"))
		if !errors.Is(got.err, iostreams.ErrInterrupted) {
			t.Errorf("at question %d: got %v", at, got.err)
		}
		if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 || got.out != "" {
			t.Errorf("at question %d: %v, %v, stdout %q", at, entries, err, got.out)
		}
	}
}

func TestCanceledContextIsAnInterrupt(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	io, _, _, _ := iostreams.Test()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, &Options{IO: io, Template: custom, Yes: true, Dir: filepath.Join(parent, "made")})
	if !errors.Is(err, iostreams.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestTargetFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := execute(t, nil, true, "en", "", custom, "-d", dir)
	if got.err == nil || !strings.Contains(got.err.Error(), "isn't empty") || len(got.asked) > 0 {
		t.Errorf("got %v, asked %v: the folder is to be looked at before anything is asked", got.err, got.asked)
	}
	got = execute(t, nil, true, "en", "", custom, "-d", mine, "-y")
	if got.err == nil || !strings.Contains(got.err.Error(), "is a file") {
		t.Errorf("got %v", got.err)
	}
	got = execute(t, nil, true, "en", "", custom, "-d", dir, "-y", "--force")
	if got.err != nil {
		t.Fatal(got.err)
	}
	if data, err := os.ReadFile(mine); err != nil || string(data) != "x" {
		t.Errorf("the user's file: %q, %v", data, err)
	}
}

// Not parallel: the working directory is that of the process.
func TestFolderIsNamedAfterTheTemplate(t *testing.T) {
	t.Chdir(t.TempDir())
	got := execute(t, nil, false, "en", "", "start-fc-http-python")
	if got.err != nil || got.out != "start-fc-http-python\n" {
		t.Fatalf("got %q, %v", got.out, got.err)
	}
	if _, err := os.Stat(filepath.Join("start-fc-http-python", "code", "index.py")); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir("here", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir("here")
	got = execute(t, nil, false, "en", "", "start-fc-http-python", "-d", ".")
	if got.err != nil || got.out != ".\n" || strings.Contains(got.errOut, "cd ") {
		t.Errorf("in the working directory: %q, %q, %v", got.out, got.errOut, got.err)
	}
	if _, err := os.Stat("s.yaml"); err != nil {
		t.Error(err)
	}
}

func TestOutputFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []string{cmdutil.OutputJSON, cmdutil.OutputRaw, cmdutil.OutputYAML} {
		dir := filepath.Join(t.TempDir(), "made")
		got := execute(t, nil, false, "en", format, custom, "-d", dir)
		if got.err != nil {
			t.Fatal(got.err)
		}
		var m made
		decode := json.Unmarshal
		if format == cmdutil.OutputYAML {
			decode = func(data []byte, v any) error { return yaml.Unmarshal(data, v) }
		}
		if err := decode([]byte(got.out), &m); err != nil || m.Dir != dir || m.Template != custom || len(m.Files) != 6 {
			t.Errorf("%s: %+v, %v from %q", format, m, err, got.out)
		}
		if format == cmdutil.OutputRaw && strings.Count(got.out, "\n") != 1 {
			t.Errorf("raw takes several lines: %q", got.out)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	for lang, title := range map[string]string{"en": "Python HTTP function", "zh": "Python HTTP 函数"} {
		got := execute(t, nil, false, lang, "", "--list")
		if got.err != nil || !strings.Contains(got.out, "start-fc-http-python") || !strings.Contains(got.out, title) {
			t.Errorf("%s: %q, %v", lang, got.out, got.err)
		}
		for line := range strings.SplitSeq(got.out, "\n") {
			if runewidth.StringWidth(line) > 80 {
				t.Errorf("%s: wider than 80 columns: %q", lang, line)
			}
		}
	}
	got := execute(t, nil, false, "en", cmdutil.OutputJSON, "--list")
	var entries []entry
	if err := json.Unmarshal([]byte(got.out), &entries); err != nil || len(entries) < 3 || entries[0].Kind != "custom" {
		t.Errorf("%+v, %v", entries, err)
	}
}

func TestNextStepsQuoteTheFolder(t *testing.T) {
	t.Parallel()
	got := nextSteps(scaffold.Template{Kind: scaffold.KindHTTP}, "my folder's")
	if diff := cmp.Diff([]string{`cd 'my folder'\''s'`, "s deploy"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	root := &cobra.Command{Use: "s"}
	root.AddCommand(NewCmd(&cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{}}, nil))
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs([]string{cobra.ShellCompRequestCmd, "init", "fc-"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), custom+"\t") || strings.Contains(out.String(), "start-fc") {
		t.Errorf("got %q", out.String())
	}
}

func TestRunFGetsTheOptions(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	var got *Options
	cmd := NewCmd(&cmdutil.Factory{IO: io}, func(_ context.Context, opts *Options) error { got = opts; return nil })
	cmd.SetArgs([]string{custom, "-d", "x", "-y", "--force"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.Template != custom || got.Dir != "x" || !got.Yes || !got.Force || got.List {
		t.Errorf("got %+v", got)
	}
}

func TestChineseMessages(t *testing.T) {
	t.Parallel()
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"fc-custom-pyton37-event"}, "没有名为 \"fc-custom-pyton37-event\" 的模板，最接近的是 " + custom},
		{[]string{custom, "--parameters", `{"regoin":"x"}`}, "未知参数 \"regoin\""},
		{[]string{custom, "--parameters", `{"serviceName":"a b"}`}, "由字母、数字"},
		{nil, "未指定模板"},
	}
	for _, c := range cases {
		got := execute(t, nil, false, "zh", "", append(c.args, "-d", filepath.Join(t.TempDir(), "made"))...)
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.args, got.err, c.want)
		}
	}
	dir := filepath.Join(t.TempDir(), "made")
	got := execute(t, []string{"", "", "", ""}, true, "zh", "", custom, "-d", dir)
	if diff := cmp.Diff([]string{"地域", "服务名称", "函数名称", "密钥别名"}, got.asked); diff != "" || got.err != nil {
		t.Errorf("%v, questions:\n%s", got.err, diff)
	}
	if !strings.Contains(got.errOut, "下一步") {
		t.Errorf("stderr: %s", got.errOut)
	}
}
