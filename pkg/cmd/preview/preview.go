// Package preview is the command that shows s.yaml with everything in it
// resolved.
package preview

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	// Project loads s.yaml; errors in it are shown and end the command.
	Project func(ctx context.Context, command string) (*spec.Project, error)

	Resources []string // names; none is the whole file
	Explain   bool     // say where each value comes from
}

// NewCmd makes the preview command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Project: f.Project}
	cmd := &cobra.Command{
		Use:   "preview [resource...]",
		Short: "Show s.yaml with everything in it resolved",
		Long: "Preview prints what s.yaml means: files that it extends, templates, the environment and all expressions\n" +
			"are resolved. Secrets, keys and what only a deployment can tell stay as the ${...} that they were written as.",
		Example: "s preview\ns preview hello other --explain\ns preview --env staging -o json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Explain, "explain", false, "say beside each value where it comes from: file, line and expression")
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	project, err := opts.Project(ctx, "preview")
	if err != nil {
		return err
	}
	var comment func(spec.Value) string
	if opts.Explain {
		comment = func(v spec.Value) string { return explain(project, v) }
	}
	document := project.YAML(comment)
	if len(opts.Resources) > 0 {
		if _, err := cmdutil.Resources(project, opts.Resources); err != nil {
			return err
		}
		document = only(document, opts.Resources)
	}
	format := opts.Settings.Output
	if format == "" || format == cmdutil.OutputDefault || format == cmdutil.OutputTable && !opts.Explain || opts.Explain && format == cmdutil.OutputYAML {
		encoder := yaml.NewEncoder(opts.IO.Out)
		encoder.SetIndent(2)
		if err := encoder.Encode(document); err != nil {
			return err
		}
		return encoder.Close()
	}
	if opts.Explain {
		return cmdutil.Print(opts.IO.Out, format, explanations(project, opts.Resources))
	}
	return cmdutil.Print(opts.IO.Out, format, ordered{document})
}

// only leaves out all resources but the named ones.
func only(document *yaml.Node, names []string) *yaml.Node {
	for i := 0; i+1 < len(document.Content); i += 2 {
		if key := document.Content[i].Value; key != "resources" && key != "services" {
			continue
		}
		resources := document.Content[i+1]
		var kept []*yaml.Node
		for k := 0; k+1 < len(resources.Content); k += 2 {
			if slices.Contains(names, resources.Content[k].Value) {
				kept = append(kept, resources.Content[k], resources.Content[k+1])
			}
		}
		resources.Content = kept
	}
	return document
}

// place names a place by its file as the user would.
func place(project *spec.Project, rng diag.Range) string {
	file := rng.File
	if abs, err := filepath.Abs(file); err == nil {
		file = cmdutil.Shorten(project.Dir, abs)
	}
	return fmt.Sprintf("%s:%d:%d", file, rng.Start.Line, rng.Start.Column)
}

// explain says in one line where a value comes from.
func explain(project *spec.Project, v spec.Value) string {
	if v.Range.Start.Line == 0 {
		return ""
	}
	text := place(project, v.Range)
	if v.Expression != "" {
		text += "  " + strings.Join(strings.Fields(v.Expression), " ")
	}
	if v.Origin.Start.Line > 0 {
		text += "  <- " + place(project, v.Origin)
	}
	return "# " + text
}

// explanation is explain as data.
type explanation struct {
	Path       string `json:"path"`
	Value      any    `json:"value"`
	Place      string `json:"place"`
	Expression string `json:"expression,omitempty"`
	Origin     string `json:"origin,omitempty"`
	Secret     bool   `json:"secret,omitempty"`
	Pending    bool   `json:"pending,omitempty"`
}

func explanations(project *spec.Project, names []string) []explanation {
	list := []explanation{}
	for v := range project.Values() {
		kind, rest, _ := strings.Cut(v.Path, ".")
		if len(names) > 0 && (kind == "resources" || kind == "services") && !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(rest, name+".") }) {
			continue
		}
		e := explanation{Path: v.Path, Value: v.Value, Place: place(project, v.Range), Expression: v.Expression, Secret: v.Secret, Pending: v.Pending}
		if v.Origin.Start.Line > 0 {
			e.Origin = place(project, v.Origin)
		}
		list = append(list, e)
	}
	return list
}
