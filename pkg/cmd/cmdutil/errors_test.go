package cmdutil

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/iostreams"
)

func findings(file string) diag.Diagnostics {
	at := diag.Pos{Line: 2, Column: 1}
	return diag.Diagnostics{{
		Severity: diag.Error, Code: "FC-SPEC-001", Summary: "wrong", Hint: "right",
		Range: diag.Range{File: file, Start: at, End: diag.Pos{Line: 2, Column: 5}},
	}}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, ExitOK},
		{errors.New("x"), ExitFailed},
		{UsageError(errors.New("x")), ExitUsage},
		{fmt.Errorf("more: %w", WithHint(ExitCredentials, errors.New("x"), "y")), ExitCredentials},
		{fmt.Errorf("more: %w", findings("s.yaml")), ExitSpec},
		{fmt.Errorf("more: %w", &fc.APIError{Code: fc.CodeAccessDenied}), ExitCloud},
		{WithCode(ExitFailed, &fc.APIError{Code: fc.CodeAccessDenied}), ExitFailed}, // what is said counts
		{Quiet(ExitFunction), ExitFunction},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	plain, again, cloud, function := errors.New("a"), errors.New("b"), &fc.APIError{}, Quiet(ExitFunction)
	for _, c := range []struct {
		errs []error
		want error
	}{
		{nil, nil},
		{[]error{nil, nil}, nil},
		{[]error{nil, plain, again}, plain},
		{[]error{plain, cloud, again}, cloud},
		{[]error{cloud, nil, function, plain}, function},
	} {
		if got := Worst(c.errs...); got != c.want {
			t.Errorf("%v: %v, want %v", c.errs, got, c.want)
		}
	}
}

func TestWrapped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "one": "one", "one two": "one two", "one two three": "one two\nthree", "averylongword x": "averylongword\nx",
		"a b\nc d e f g h": "a b\nc d e f\ng h", "错误 错误 错误": "错误\n错误\n错误", "a  b": "a  b",
	} {
		if got := wrapped(text, 7); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestShowError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, []byte("a: 1\nhush: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	redact := func(text string) string { return strings.ReplaceAll(text, "hush", "***") }
	for _, c := range []struct {
		err    error
		redact func(string) string
		lang   string
		want   string
	}{
		{errors.New("no hush"), nil, "en", "error: no hush\n"},
		{errors.New("no hush"), redact, "en", "error: no ***\n"},
		{WithHint(ExitFailed, errors.New("hush\nmore"), "s x hush"), redact, "en", "error: ***\nmore\nhint: s x ***\n"},
		{WithHint(ExitFailed, errors.New("x"), "a\nb"), nil, "en", "error: x\nhint: a\n      b\n"},
		{fmt.Errorf("so: %w", WithHint(ExitFailed, errors.New("x"), "s y")), redact, "en", "error: so: x\nhint: s y\n"},
		{WithHint(ExitFailed, errors.New("x"), "s y"), nil, "zh", "错误：x\n提示：s y\n"},
		{WithCode(ExitSpec, findings(file)), nil, "en", "error[FC-SPEC-001]: wrong\n  --> " + file + ":2:1\n    2 | hush: 2\n      | ^~~~\nhint: right\n"},
	} {
		io, _, out, errOut := iostreams.Test()
		io.SetLang(c.lang)
		ShowError(io, c.err, c.redact)
		got := errOut.String()
		if c.lang == "zh" {
			got, c.want = flat(got), flat(c.want)
		}
		if got != c.want || out.Len() > 0 {
			t.Errorf("%v:\n%s\nwant\n%s", c.err, got, c.want)
		}
	}
}

// flat makes Chinese and ASCII punctuation the same, without blanks.
func flat(text string) string {
	return strings.NewReplacer("：", ":", " ", "").Replace(text)
}

// TestHintsFitTheTerminal: on a terminal, a long hint is broken between words.
func TestHintsFitTheTerminal(t *testing.T) {
	t.Parallel()
	hint := "the temporary keys of access production have expired: get new ones, or choose another access with -a"
	for _, terminal := range []bool{true, false} {
		io, _, _, errOut := iostreams.Test()
		io.SetTTY(false, false, terminal)
		ShowError(io, WithHint(ExitCloud, errors.New("x"), hint+"\nthen run it again"), nil)
		lines := strings.Split(strings.TrimSuffix(errOut.String(), "\n"), "\n")
		want := 3
		if terminal {
			want = 4
		}
		if len(lines) != want {
			t.Errorf("terminal %v: %q", terminal, lines)
		}
		for _, line := range lines {
			if terminal && len(line) >= iostreams.DefaultWidth {
				t.Errorf("%d columns: %s", len(line), line)
			}
		}
	}
}
