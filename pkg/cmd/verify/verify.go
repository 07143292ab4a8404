// Package verify is the command that checks s.yaml and shows all that is wrong
// with it.
package verify

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Load     func(ctx context.Context, command string) (*spec.Project, diag.Diagnostics)
	// ReadFile reads the source lines that are shown.
	ReadFile func(name string) ([]byte, error)

	Resource string // empty is the whole file
}

// NewCmd makes the verify command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Load: f.Load, ReadFile: os.ReadFile}
	return &cobra.Command{
		Use:   "verify [resource]",
		Short: "Check s.yaml",
		Long: "Verify checks s.yaml without touching anything and shows every problem with its place: syntax, unknown\n" +
			"keys, wrong types, missing fields, values out of range, expressions. It needs no credentials unless the\n" +
			"file asks for one with ${config('...')}.",
		Example: "s verify\ns verify hello\ns verify -t other.yaml -o json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Resource = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
}

func run(ctx context.Context, opts *Options) error {
	project, found := opts.Load(ctx, "verify")
	if err := ctx.Err(); err != nil {
		return err
	}
	if opts.Resource != "" && project != nil {
		r := project.Find(opts.Resource)
		if r == nil {
			return noResource(opts, project)
		}
		found = about(found, r, project)
	}
	file := ""
	if project != nil {
		file = project.File
	}
	if err := show(opts, file, found); err != nil {
		return err
	}
	if found.HasErrors() {
		return cmdutil.Quiet(cmdutil.ExitSpec)
	}
	if project == nil {
		return cmdutil.WithCode(cmdutil.ExitSpec, errors.New("no project was loaded"))
	}
	return nil
}

// noResource is the error of a name that isn't in the file.
func noResource(opts *Options, project *spec.Project) error {
	var names []string
	for _, r := range project.Resources {
		names = append(names, r.Name)
	}
	err := errors.New(opts.IO.T("%s has no resource %q", project.File, opts.Resource))
	return cmdutil.WithHint(cmdutil.ExitUsage, err, diag.DidYouMean(opts.Resource, names))
}

// about keeps the findings in a resource, and those in no resource at all.
func about(found diag.Diagnostics, resource *spec.Resource, project *spec.Project) diag.Diagnostics {
	var kept diag.Diagnostics
	for _, d := range found {
		elsewhere := false
		for _, r := range project.Resources {
			if r != resource && r.Block.Start.Line <= d.Range.Start.Line && d.Range.Start.Line <= r.Block.End.Line {
				elsewhere = true
			}
		}
		if !elsewhere {
			kept = append(kept, d)
		}
	}
	return kept
}

// show writes the findings: data on stdout if -o asks for it, else for a person
// on stderr.
func show(opts *Options, file string, found diag.Diagnostics) error {
	report := diag.NewReport(found)
	if format := opts.Settings.Output; format != "" && format != cmdutil.OutputDefault {
		return cmdutil.Print(opts.IO.Out, format, report)
	}
	if err := Render(opts.IO, opts.ReadFile, found); err != nil {
		return err
	}
	if len(found) > 0 {
		opts.IO.Errf("")
	}
	switch {
	case report.Errors > 0:
		opts.IO.Errf("errors: %d, warnings: %d", report.Errors, report.Warnings)
	case report.Warnings > 0:
		opts.IO.Errf("%s is valid; warnings: %d", file, report.Warnings)
	default:
		opts.IO.Errf("%s is valid", file)
	}
	return nil
}

// Render shows findings on stderr with the lines they are about. readFile gives
// the lines; nil shows places only.
func Render(io *iostreams.IOStreams, readFile func(string) ([]byte, error), found diag.Diagnostics) error {
	return diag.Render(io.ErrOut, found, diag.RenderOptions{
		Source:  readFile,
		Error:   func(s string) string { return io.Bold(io.Red(s)) },
		Warning: func(s string) string { return io.Bold(io.Yellow(s)) },
		Place:   io.Cyan,
		Strong:  io.Bold,
		Label:   func(word string) string { return strings.TrimSpace(io.T(word)) },
	})
}
