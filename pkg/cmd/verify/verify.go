// Package verify is the command that checks s.yaml and shows all that is wrong
// with it.
package verify

import (
	"context"
	"errors"
	"os"
	"slices"
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

	Resources []string // names; none is the whole file
}

// NewCmd makes the verify command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Load: f.Load, ReadFile: os.ReadFile}
	return &cobra.Command{
		Use:   "verify [resource...]",
		Short: "Check s.yaml",
		Long: "Verify checks s.yaml without touching anything and shows every problem with its place: syntax, unknown\n" +
			"keys, wrong types, missing fields, values out of range, expressions. It needs no credentials unless the\n" +
			"file asks for one with ${config('...')}.",
		Example: "s verify\ns verify hello other\ns verify -t other.yaml -o json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
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
	if len(opts.Resources) > 0 && project != nil {
		chosen, err := cmdutil.Resources(project, opts.Resources)
		if err != nil {
			return err
		}
		found = about(found, chosen, project)
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

// about keeps the findings in the chosen resources, and those in no resource at
// all.
func about(found diag.Diagnostics, chosen []*spec.Resource, project *spec.Project) diag.Diagnostics {
	var others []*spec.Resource
	for _, r := range project.Resources {
		if !slices.Contains(chosen, r) {
			others = append(others, r)
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(others, func(r *spec.Resource) bool {
			return r.Block.Start.Line <= d.Range.Start.Line && d.Range.Start.Line <= r.Block.End.Line
		})
	})
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

		Translate: func(format string) string { return io.T(format) },
	})
}
