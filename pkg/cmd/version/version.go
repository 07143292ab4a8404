// Package version is the command that says which s this is.
package version

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

// Options is what the command was asked for.
type Options struct {
	IO      *iostreams.IOStreams
	Version string
}

// NewCmd makes the version command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Version: f.Version}
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of s, or manage those of a function",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(opts)
		},
	}
}

// Print prints the version, as s -v does.
func Print(f *cmdutil.Factory) error { return run(&Options{IO: f.IO, Version: f.Version}) }

func run(opts *Options) error {
	_, err := fmt.Fprintf(opts.IO.Out, "s %s, %s-%s\n", opts.Version, runtime.GOOS, runtime.GOARCH)
	return err
}
