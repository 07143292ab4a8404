// Package schema is the command that prints a JSON schema of s.yaml.
package schema

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for.
type Options struct {
	IO   *iostreams.IOStreams
	Lang string // of the descriptions: en or zh
}

// NewCmd makes the schema command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO}
	cmd := &cobra.Command{
		Use:   "schema",
		Short: f.IO.T("Print a JSON schema of s.yaml for editors"),
		Long: f.IO.T("Schema prints a JSON schema (draft-07) of s.yaml, of both editions, with a description of every key.\n" +
			"Editors complete, explain and check s.yaml with it."),
		Example: "s schema > s.schema.json\ns schema --lang zh",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Lang == "" {
				opts.Lang = spec.LangEnglish
				if f.IO.Lang() == spec.LangChinese {
					opts.Lang = spec.LangChinese
				}
			}
			if opts.Lang != spec.LangEnglish && opts.Lang != spec.LangChinese {
				return cmdutil.UsageError(errors.New(f.IO.T("--lang is en or zh, not %q", opts.Lang)))
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(opts)
		},
	}
	cmd.Flags().StringVar(&opts.Lang, "lang", "", f.IO.T("language of the descriptions: en or zh (default: that of s)"))
	return cmd
}

func run(opts *Options) error {
	enc := json.NewEncoder(opts.IO.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(spec.Schema(opts.Lang))
}
