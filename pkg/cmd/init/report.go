package initcmd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/scaffold"
)

// made is what -o json and the others print about a new project.
type made struct {
	Template string   `json:"template" yaml:"template"`
	Dir      string   `json:"dir" yaml:"dir"`
	Files    []string `json:"files" yaml:"files"`
}

// report tells people on stderr and programs on stdout what was made.
func (opts *Options) report(template scaffold.Template, dir string, files []string) error {
	io := opts.IO
	dir = filepath.Clean(dir)
	io.Errf("Made %s from the template %s:", io.Bold(dir), template.Name)
	for _, name := range files {
		io.Errf("  %s", filepath.Join(dir, filepath.FromSlash(name)))
	}
	io.Errf("Next: %s", io.Cyan(strings.Join(nextSteps(template, dir), " && ")))
	if opts.output() != cmdutil.OutputDefault {
		return encode(io, opts.output(), made{Template: template.Name, Dir: dir, Files: files})
	}
	_, err := fmt.Fprintln(io.Out, dir)
	return err
}

// nextSteps are the commands that take the new project on.
func nextSteps(template scaffold.Template, dir string) []string {
	var steps []string
	if dir != "." {
		if strings.ContainsAny(dir, " \t'\"$&;()") {
			dir = "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
		}
		steps = append(steps, "cd "+dir)
	}
	if template.Kind == scaffold.KindCustom {
		steps = append(steps, "s build")
	}
	steps = append(steps, "s deploy")
	if template.Kind != scaffold.KindHTTP { // deploy shows the url of that one
		steps = append(steps, `s invoke -e '{"key":"value"}'`)
	}
	return steps
}

// entry is one line of --list.
type entry struct {
	Name        string `json:"name" yaml:"name"`
	Language    string `json:"language" yaml:"language"`
	Kind        string `json:"kind" yaml:"kind"`
	Title       string `json:"title" yaml:"title"`
	Description string `json:"description" yaml:"description"`
}

// list prints the templates.
func list(opts *Options) error {
	templates, err := scaffold.List()
	if err != nil {
		return err
	}
	lang := opts.IO.Lang()
	entries := make([]entry, 0, len(templates))
	width := 0
	for _, t := range templates {
		entries = append(entries, entry{t.Name, t.Language, string(t.Kind), t.Title.In(lang), t.Description.In(lang)})
		width = max(width, len(t.Name))
	}
	if opts.output() != cmdutil.OutputDefault {
		return encode(opts.IO, opts.output(), entries)
	}
	for _, e := range entries {
		if _, err := fmt.Fprintf(opts.IO.Out, "%-*s  %-6s  %-6s  %s\n", width, e.Name, e.Language, e.Kind, e.Title); err != nil {
			return err
		}
	}
	return nil
}

// output is the format that -o asks for.
func (opts *Options) output() string {
	if opts.Settings == nil || opts.Settings.Output == "" {
		return cmdutil.OutputDefault
	}
	return opts.Settings.Output
}

// encode writes v to stdout in the given format.
func encode(io *iostreams.IOStreams, format string, v any) error {
	if format == cmdutil.OutputYAML {
		encoder := yaml.NewEncoder(io.Out)
		encoder.SetIndent(2)
		if err := encoder.Encode(v); err != nil {
			return err
		}
		return encoder.Close()
	}
	encoder := json.NewEncoder(io.Out)
	encoder.SetEscapeHTML(false)
	if format == cmdutil.OutputJSON {
		encoder.SetIndent("", "  ")
	}
	return encoder.Encode(v)
}
