package cmdutil

import (
	"errors"
	"fmt"
	"testing"

	"s/pkg/bundle"
	"s/pkg/iostreams"
)

func TestHelpWithFile(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	for want, err := range map[string]error{
		"leave it out of the code by a line in .fcignore: /a/b": fmt.Errorf("pack: %w", &bundle.FileError{Path: "a/b/c", Reason: "is a pipe", Rule: "/a/b"}),
		"": &bundle.FileError{Path: "a", Reason: "cannot be read"},
	} {
		got := HelpWithFile(io, err)
		var helped *Error
		if errors.As(got, &helped) != (want != "") || want != "" && helped.Hint != want || !errors.Is(got, err) {
			t.Errorf("%v: %+v", err, helped)
		}
	}
}
