package verify

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
	"go.yaml.in/yaml/v3"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

const good = `edition: 3.0.0
name: app
resources:
  one:
    component: fc3
    props: {region: cn-hangzhou, functionName: one, runtime: custom, code: ./}
  two:
    component: fc3
    props: {region: cn-hangzhou, functionName: two, runtime: custom, code: ./}
`

// harness runs the command on a file with that text.
type harness struct {
	out, errOut *bytes.Buffer
	err         error
	file        string
}

func verify(t *testing.T, text string, settings cmdutil.Settings, args ...string) harness {
	t.Helper()
	file := filepath.Join(t.TempDir(), "s.yaml")
	if text != "" {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	io, _, out, errOut := iostreams.Test()
	f := &cmdutil.Factory{
		IO: io, Settings: &settings,
		Load: func(ctx context.Context, command string) (*spec.Project, diag.Diagnostics) {
			return spec.Load(ctx, spec.Options{File: file, Command: command})
		},
	}
	cmd := NewCmd(f, nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(errOut)
	cmd.SetErr(errOut)
	return harness{out, errOut, cmd.ExecuteContext(context.Background()), file}
}

func code(err error) int {
	var known *cmdutil.Error
	switch {
	case err == nil:
		return cmdutil.ExitOK
	case errors.As(err, &known):
		return known.Code
	}
	return cmdutil.ExitFailed
}

func TestVerify(t *testing.T) {
	bad := strings.Replace(good, "functionName: two", "functionname: two", 1)
	warn := strings.Replace(good, "cn-hangzhou", "cn-hangzou", 1)
	for _, tt := range []struct {
		name, text string
		args       []string
		code       int
		errOut     string
	}{
		{"good", good, nil, cmdutil.ExitOK, "s.yaml is valid\n"},
		{"one resource", good, []string{"two"}, cmdutil.ExitOK, "s.yaml is valid\n"},
		{"all by name", good, []string{"two", "one", "two"}, cmdutil.ExitOK, "s.yaml is valid\n"},
		{"error elsewhere", bad, []string{"one"}, cmdutil.ExitOK, "s.yaml is valid\n"},
		{"error", bad, nil, cmdutil.ExitSpec, `error[FC-SPEC-014]: missing "functionName" in function props
  --> s.yaml:9:5
    9 |     props: {region: cn-hangzhou, functionname: two, runtime: custom, code: ./}
      |     ^~~~~

error[FC-SPEC-012]: unknown key "functionname" in function props
  --> s.yaml:9:34
    9 |     props: {region: cn-hangzhou, functionname: two, runtime: custom, code: ./}
      |                                  ^~~~~~~~~~~~
hint: did you mean "functionName"?

errors: 2, warnings: 0
`},
		{"warning", warn, nil, cmdutil.ExitOK, `warning[FC-SPEC-018]: region "cn-hangzou" is not known to this version of s
  --> s.yaml:6:21
    6 |     props: {region: cn-hangzou, functionName: one, runtime: custom, code: ./}
      |                     ^~~~~~~~~~
hint: did you mean "cn-hangzhou"?

s.yaml is valid; warnings: 1
`},
		{"no file", "", nil, cmdutil.ExitSpec, "error[FC-SPEC-001]: the file doesn't exist\n  --> s.yaml\n\nerrors: 1, warnings: 0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := verify(t, tt.text, cmdutil.Settings{Output: cmdutil.OutputDefault}, tt.args...)
			if got := code(h.err); got != tt.code {
				t.Errorf("exit code %d: %v", got, h.err)
			}
			if d := cmp.Diff(tt.errOut, strings.ReplaceAll(h.errOut.String(), h.file, "s.yaml")); d != "" {
				t.Error(d)
			}
			if h.out.Len() > 0 {
				t.Errorf("stdout: %s", h.out)
			}
			var known *cmdutil.Error
			if errors.As(h.err, &known) && !known.Quiet {
				t.Errorf("the error would be shown twice: %v", h.err)
			}
		})
	}
}

func TestVerifyUnknownResource(t *testing.T) {
	h := verify(t, good, cmdutil.Settings{}, "tow")
	var known *cmdutil.Error
	if !errors.As(h.err, &known) || known.Code != cmdutil.ExitUsage || !strings.Contains(h.err.Error(), `has no resource "tow"`) ||
		known.Hint != `did you mean "two"?` {
		t.Errorf("got %v", h.err)
	}
	h = verify(t, good, cmdutil.Settings{}, "tow", "one", "nobody", "tow")
	if !errors.As(h.err, &known) || !strings.HasSuffix(h.err.Error(), `has none of the resources "tow", "nobody"`) || known.Hint != `did you mean two for "tow"?` {
		t.Errorf("got %v, hint %q", h.err, known.Hint)
	}
}

// TestFindingsInChinese: the sentences of the most frequent findings are translated
// for people, and for programs they aren't.
func TestFindingsInChinese(t *testing.T) {
	bad := strings.Replace(good, "functionName: two, runtime: custom", "functionname: two, runtime: pyton3, timeout: x", 1)
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	_, found := spec.Load(context.Background(), spec.Options{File: file})
	io, _, _, errOut := iostreams.Test()
	io.SetLang("zh")
	if err := Render(io, nil, found); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`未知的键 "functionname"，`, `缺少 "functionName"，`, `"runtime" 不能是 "pyton3"`, `"timeout" 应为 整数，而不是 字符串`} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("no %s in\n%s", want, errOut)
		}
	}
	if !strings.Contains(found.Error(), `unknown key "functionname"`) {
		t.Errorf("as data: %s", found.Error())
	}
}

func TestVerifyData(t *testing.T) {
	bad := strings.Replace(good, "functionName: two", "functionname: two", 1)
	var want diag.Report
	for _, format := range []string{cmdutil.OutputJSON, cmdutil.OutputRaw, cmdutil.OutputYAML} {
		h := verify(t, bad, cmdutil.Settings{Output: format})
		if code(h.err) != cmdutil.ExitSpec || h.errOut.Len() > 0 {
			t.Errorf("%s: %v, stderr %q", format, h.err, h.errOut)
		}
		if format == cmdutil.OutputYAML {
			var doc map[string]any
			if err := yaml.Unmarshal(h.out.Bytes(), &doc); err != nil || doc["errors"] != 2 {
				t.Errorf("yaml: %v, %v", err, doc)
			}
			continue
		}
		var got diag.Report
		if err := json.Unmarshal(h.out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v in %s", format, err, h.out)
		}
		for i := range got.Diagnostics {
			got.Diagnostics[i].Range.File = "s.yaml"
		}
		if want.Errors > 0 && cmp.Diff(want, got) != "" {
			t.Errorf("formats differ: %s", cmp.Diff(want, got))
		}
		want = got
	}
	if want.Errors != 2 || len(want.Diagnostics) != 2 || want.Diagnostics[1].Range.Start != (diag.Pos{Line: 9, Column: 34}) {
		t.Errorf("got %+v", want)
	}
	if h := verify(t, good, cmdutil.Settings{Output: cmdutil.OutputRaw}); h.err != nil ||
		strings.TrimSpace(h.out.String()) != `{"diagnostics":[],"errors":0,"warnings":0}` {
		t.Errorf("good: %v %s", h.err, h.out)
	}
}

func TestNewCmdPassesOptions(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	var got *Options
	cmd := NewCmd(&cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{}}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"hello"})
	if err := cmd.Execute(); err != nil || got == nil || len(got.Resources) != 1 || got.Resources[0] != "hello" || got.IO != io || got.ReadFile == nil {
		t.Errorf("%v %+v", err, got)
	}
}

func TestRenderInColour(t *testing.T) {
	io, _, _, errOut := iostreams.Test()
	io.SetColorEnabled(true)
	ds := diag.Diagnostics{{Code: "X", Summary: "sum"}, {Severity: diag.Warning, Summary: "warn"}}
	if err := Render(io, nil, ds); err != nil {
		t.Fatal(err)
	}
	if text := errOut.String(); !strings.Contains(text, "\x1b[31m") || !strings.Contains(text, "\x1b[33m") || strings.Contains(text, "\x1b[31mwarning") {
		t.Errorf("got %q", text)
	}
}
