// Package s2tos3cmd is the command that converts an s.yaml of edition 1.0.0 to
// edition 3.0.0.
package s2tos3cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"s/pkg/atomicfile"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/verify"
	"s/pkg/iostreams"
	"s/pkg/s2tos3"
	"s/pkg/spec"
)

// defaultTarget is the peer's, too.
const defaultTarget = "s3.yaml"

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	// LookupEnv reads the environment, for what only its values decide.
	LookupEnv func(string) (string, bool)

	Source string // empty takes -t, or s.yaml in this folder
	Target string // empty is s3.yaml beside the source
	Force  bool   // replace the target
}

// NewCmd makes the s2tos3 command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, LookupEnv: os.LookupEnv}
	cmd := &cobra.Command{
		Use:   "s2tos3",
		Short: f.IO.T("Convert an s.yaml of edition 1.0.0 to edition 3.0.0"),
		Long: f.IO.T("S2tos3 writes an s.yaml of edition 3.0.0 (component fc3) that describes the same functions as one of\n" +
			"edition 1.0.0 (component fc). Comments, order, anchors and expressions stay. What edition 3.0.0 has no\n" +
			"place for is shown; if it needs a decision of yours, nothing is written."),
		Example: "s s2tos3\ns s2tos3 --source old.yaml --target new.yaml\ns plan -t s3.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.Source, "source", "", f.IO.T("the file of edition 1.0.0 (default: s.yaml in this folder)"))
	flags.StringVar(&opts.Target, "target", "", f.IO.T("the file to write, in the same folder (default: s3.yaml)"))
	flags.BoolVarP(&opts.Force, "force", "f", false, f.IO.T("replace the file if it is there"))
	return cmd
}

// Run converts.
func Run(ctx context.Context, opts *Options) error {
	source := opts.Source
	if source == "" {
		source = opts.Settings.Template
	}
	dir := filepath.Dir(source) // "." without a source
	target := opts.Target
	if target == "" {
		target = filepath.Join(dir, defaultTarget)
	}
	if !s2tos3.SameFolder(filepath.Join(dir, "s.yaml"), target) {
		return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(opts.IO.T("%s is in another folder than the source, where its paths would lead elsewhere", target)),
			"s s2tos3 --target "+filepath.Join(dir, filepath.Base(target)))
	}
	if _, err := os.Lstat(target); err == nil && !opts.Force {
		return exists(opts, target)
	}
	data, found := s2tos3.Convert(ctx, spec.Options{File: source, LookupEnv: opts.LookupEnv}, target)
	if err := ctx.Err(); err != nil {
		return err
	}
	readFile := func(name string) ([]byte, error) { return os.ReadFile(name) }
	if err := verify.Render(opts.IO, readFile, found); err != nil {
		return err
	}
	if data == nil {
		opts.IO.Errf("nothing was written")
		return cmdutil.Quiet(cmdutil.ExitSpec)
	}
	if err := atomicfile.Write(target, data, atomicfile.Options{Mode: 0o644, New: !opts.Force}); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return exists(opts, target)
		}
		return fmt.Errorf("%s: %w", target, err)
	}
	if len(found) > 0 {
		opts.IO.Errf("")
	}
	opts.IO.Errf("written: %s; look at it, then run `s plan -t %s`", target, target)
	return nil
}

// exists is the error of a target that is there.
func exists(opts *Options, target string) error {
	return cmdutil.WithHint(cmdutil.ExitFailed, errors.New(opts.IO.T("%s is there already", target)), "s s2tos3 --force")
}
