// Package root is the command tree and the composition root: the only package
// that imports every command, fills the Factory and turns an error into an exit
// code.
package root

import (
	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
)

// commands lists every verb; each lives in its own package pkg/cmd/<verb>.
func commands(f *cmdutil.Factory) []*cobra.Command {
	return []*cobra.Command{}
}
