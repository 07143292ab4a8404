package build

import (
	"errors"
	"strings"
	"testing"

	"s/pkg/bundle"
	"s/pkg/diag"
	"s/pkg/toolchain"
)

// TestErrorsAreTranslatable: each type of error gives its words as formats, down
// to what it wraps.
func TestErrorsAreTranslatable(t *testing.T) {
	t.Parallel()
	missing := &toolchain.NotFoundError{
		Language: "Python", Wanted: "3.10", Found: []string{"3.8"}, Broken: []string{"python3.11 (exit status 1)"}, Looked: []string{"/usr/bin", "PATH"},
	}
	exit := errors.New("exit status 1")
	foreignFiles := &ArchError{Platform: "linux/amd64", Files: []ForeignFile{{"a", "a PE file"}, {"b", "x"}, {"c", "y"}, {"d", "z"}}}
	for _, tc := range []struct {
		err  error
		want string // with every format in brackets
	}{
		{NotFound(missing), "[[[[no Python 3.10 or newer on this machine]; found only 3.8]; unusable: python3.11 (exit status 1)]; looked in /usr/bin, PATH]"},
		{NotFound(&toolchain.NotFoundError{Language: "Node.js"}), "[no Node.js on this machine]"},
		{NotFound(exit), "exit status 1"},
		{&BuildError{Name: "a", Tool: "pip", Err: exit, Tail: []string{"ERROR: no such thing", "more"}}, "[[build a: pip: exit status 1]: no such thing]"},
		{&BuildError{Name: "a", Tool: "pip", Err: exit, Said: "why"}, "[[build a: pip: exit status 1]: why]"},
		{&HelpError{Err: diag.Errorf("no %s", "name"), Help: "x"}, "[no name]"},
		{&UnknownResourceError{Name: "x", Have: []string{"a", "b"}}, `[no resource "x" in s.yaml, which has a, b]`},
		{&UnknownRuntimeError{"x"}, `[unknown runtime "x"]`},
		{foreignFiles, "[a is [a PE file]; [b is x; [c is y; [1 more; [the function runs on linux/amd64]]]]]"},
		{diag.Errorf("source of %s: %w", "a", &bundle.FileError{Path: "p", Reason: "is encrypted"}), "[source of a: [p: [is encrypted]]]"},
	} {
		got := diag.In(tc.err, func(format string) string {
			if !strings.Contains(format, "%") && !strings.HasPrefix(format, "a ") && !strings.HasPrefix(format, "is ") {
				return format // an argument of several words
			}
			return "[" + format + "]"
		})
		if got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
		if plain := strings.NewReplacer("[", "", "]", "").Replace(tc.want); tc.err.Error() != plain {
			t.Errorf("in English %s\nwant %s", tc.err, plain)
		}
	}
	var as *toolchain.NotFoundError
	if err := NotFound(missing); !errors.As(err, &as) || as != missing {
		t.Errorf("%v isn't the error that it was", err)
	}
}
