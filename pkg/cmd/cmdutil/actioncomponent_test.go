package cmdutil

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/iostreams"
	"s/pkg/spec"
)

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want []string
		err  string
	}{
		{line: ""},
		{line: " \t "},
		{line: "fc3 invoke", want: []string{"fc3", "invoke"}},
		{line: "  fc3   invoke\t-e x\n", want: []string{"fc3", "invoke", "-e", "x"}},
		{line: `-e '{"a": "b c"}'`, want: []string{"-e", `{"a": "b c"}`}},
		{line: `-e "{\"a\": \"b\"}"`, want: []string{"-e", `{"a": "b"}`}},
		{line: `a\ b c`, want: []string{"a b", "c"}},
		{line: `'a\b' "a\b" a\b`, want: []string{`a\b`, `a\b`, "ab"}},
		{line: `x"y z"'w v'`, want: []string{"xy zw v"}},
		{line: `"" '' a`, want: []string{"", "", "a"}},
		{line: `"$HOME" $(x) *`, want: []string{"$HOME", "$(x)", "*"}},
		{line: `中文 "一 二"`, want: []string{"中文", "一 二"}},
		{line: `it's`, err: "the quote ' is never closed"},
		{line: `"a`, err: `the quote " is never closed`},
		{line: `a\`, err: "it ends with a backslash"},
	} {
		got, err := splitWords(tt.line)
		if (tt.err == "") != (err == nil) || err != nil && err.Error() != tt.err {
			t.Errorf("%q: error %v, want %s", tt.line, err, tt.err)
		}
		if d := cmp.Diff(tt.want, got); err == nil && d != "" {
			t.Errorf("%q: %s", tt.line, d)
		}
	}
}

func FuzzSplitWords(f *testing.F) {
	for _, seed := range []string{"fc3 build -d", `a "b\"c" 'd'`, `\`, "'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := splitWords(line)
		if err != nil {
			return
		}
		// Each in quotes, they are the same words again.
		var quoted []string
		for _, word := range words {
			quoted = append(quoted, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
		}
		again, err := splitWords(strings.Join(quoted, " "))
		if err != nil || strings.ToValidUTF8(strings.Join(words, "|"), "?") != strings.ToValidUTF8(strings.Join(again, "|"), "?") || len(words) != len(again) {
			t.Errorf("%q: %q, again %q, %v", line, words, again, err)
		}
	})
}

func component(line string) spec.Action {
	return spec.Action{When: WhenPre, Command: "deploy", Component: line}
}

func TestComponentActions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, ran, err string
		code           int
	}{
		{line: "fc build --use-docker", ran: "build: --use-docker"},
		{line: "fc3@0.1.22 build", ran: "build:"},
		{line: "devsapp/fc3 invoke -e 'a b'", ran: "nested app hello: invoke|-e|a b"},
		{line: "fc3 instance list", ran: "nested app hello: instance|list"},
		{line: "fc3 deploy", err: `component action "fc3 deploy" would run deploy inside of deploy`, code: ExitSpec},
		{line: "fc3", err: `component action "fc3" names no command`, code: ExitSpec},
		{line: "website build", err: `component action "website build": component website is not one that s has`, code: ExitSpec},
		{line: "fc3 invoke 'x", err: "the quote ' is never closed", code: ExitFailed},
		{line: "fc3 info", ran: "nested app hello: info", err: `"fc3 info" ended with exit code 6`, code: ExitFunction},
		{line: "fc3 remove", ran: "nested app hello: remove", err: "no terminal", code: ExitUsage},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			io, _, _, errOut := iostreams.Test()
			ran := ""
			a := Actions{IO: io, Command: "deploy", Build: func(_ context.Context, s *Subject, flags []string) error {
				ran = strings.TrimSpace("build: " + strings.Join(flags, "|"))
				return nil
			}}
			a.Nested = func(_ context.Context, _ *iostreams.IOStreams, p *spec.Project, resource string, words []string) error {
				ran = "nested " + p.Name + " " + resource + ": " + strings.Join(words, "|")
				switch words[0] {
				case "info":
					return Quiet(ExitFunction)
				case "remove":
					return UsageError(errors.New("no terminal"))
				}
				return nil
			}
			s := about(component(tt.line))
			s.Project.Name = "app"
			err := a.Before(t.Context(), s)
			if (tt.err == "") != (err == nil) || err != nil && !strings.HasSuffix(err.Error(), tt.err) {
				t.Fatalf("error %v\nwant %s", err, tt.err)
			}
			if err != nil && exitCode(err) != tt.code {
				t.Errorf("exit code %d, want %d", exitCode(err), tt.code)
			}
			var known *Error
			if errors.As(err, &known) && known.Quiet && !strings.Contains(err.Error(), "ended") {
				t.Error("the failure of an action is told to nobody")
			}
			if ran != tt.ran || ran != "" && errOut.String() != "> "+tt.line+"\n" {
				t.Errorf("ran %q, want %q; stderr %q", ran, tt.ran, errOut)
			}
		})
	}
}

func TestComponentActionThatCannotRun(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	a := Actions{IO: io, Command: "deploy"}
	if err := a.Before(t.Context(), about(component("fc3 build"))); err == nil || !strings.Contains(err.Error(), "can't run here") {
		t.Errorf("error %v", err)
	}
}
