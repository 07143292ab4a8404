package cmdutil

import (
	"s/pkg/diag"
	"s/pkg/iostreams"
)

// Confirm asks whether something is to be done, unless yes says so already. A no
// is a quiet error, and so it is an error if there is nobody to ask: again is the
// command line that asks nothing.
func Confirm(io *iostreams.IOStreams, question string, yes bool, again string) error {
	if yes {
		return nil
	}
	if !io.CanPrompt() {
		return WithHint(ExitUsage, diag.Errorf("this needs a yes and there is no terminal to ask on"), again)
	}
	agreed, err := io.Prompter().Confirm(question, false)
	if err != nil {
		return err
	}
	if !agreed {
		io.Errf("nothing was changed")
		return Quiet(ExitFailed)
	}
	return nil
}
