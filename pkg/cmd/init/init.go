// Package initcmd is the command that makes a project from a template. It asks
// for what isn't given; package scaffold does the rest.
package initcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/scaffold"
)

// Options is what the command was asked for.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings

	Template   string // name; empty lets the user choose
	Dir        string // target folder; empty is the template's name
	Parameters string // JSON object of values; empty gives none
	Yes        bool   // take the defaults, ask nothing
	Force      bool   // write into a folder that isn't empty
	List       bool   // list the templates instead
}

// NewCmd makes the init command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings}
	cmd := &cobra.Command{
		Use:   "init [template]",
		Short: "Make a project from a template",
		Long: "Makes a project from a template. Without a template, choose one from a menu; what the\n" +
			"template wants to know is asked, unless --parameters gives it, -y takes the defaults, or\n" +
			"there is no terminal. The folder of the project is printed on stdout.",
		Example: "  s init\n" +
			"  s init fc-custom-python37-event -d GeekBang\n" +
			"  s init start-fc-http-python -y --parameters '{\"functionName\":\"hello\"}'\n" +
			"  s init --list",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cmdutil.UsageError(fmt.Errorf("init takes one template, not %d", len(args)))
			}
			return nil
		},
		ValidArgsFunction: completeTemplate(f.IO),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Template = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&opts.Dir, "dir", "d", "", "folder of the project (default: the name of the template)")
	flags.StringVar(&opts.Parameters, "parameters", "", "values for the template's parameters, a JSON object")
	flags.BoolVarP(&opts.Yes, "assume-yes", "y", false, "ask nothing: take the defaults")
	flags.BoolVar(&opts.Force, "force", false, "write into a folder that isn't empty; other files in it stay")
	flags.BoolVar(&opts.List, "list", false, "list the templates")
	return cmd
}

// completeTemplate completes the first argument with the templates' names.
func completeTemplate(io *iostreams.IOStreams) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		templates, err := scaffold.List()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for _, t := range templates {
			if strings.HasPrefix(t.Name, typed) {
				names = append(names, cobra.CompletionWithDesc(t.Name, t.Title.In(io.Lang())))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// run makes the project: which template, where, with which values.
func run(ctx context.Context, opts *Options) error {
	if opts.List {
		return list(opts)
	}
	opts.IO.StopPromptsOn(ctx.Done())
	template, err := opts.choose()
	if err != nil {
		return err
	}
	dir := opts.Dir
	if dir == "" {
		dir = template.Name
	}
	if err := scaffold.CheckTarget(dir, opts.Force); err != nil {
		return explainTarget(opts.IO, dir, err)
	}
	values, err := opts.values(&template)
	if err != nil {
		return err
	}
	files, err := scaffold.Render(ctx, template, values, dir, scaffold.Options{Force: opts.Force})
	if err != nil {
		return explainRender(opts.IO, dir, err)
	}
	return opts.report(template, dir, files)
}

// values gives what was given, completed by the user's answers or the defaults.
func (opts *Options) values(template *scaffold.Template) (map[string]any, error) {
	values, err := parseParameters(opts.IO, opts.Parameters)
	if err != nil {
		return nil, err
	}
	if err := template.Validate(values); err != nil {
		return nil, explainValues(opts.IO, template, err)
	}
	if opts.asks() {
		if err := ask(opts.IO, template, values); err != nil {
			return nil, err
		}
	}
	if values, err = template.Complete(values); err != nil {
		return nil, explainValues(opts.IO, template, err)
	}
	return values, nil
}

// asks reports whether the user is asked for what isn't given.
func (opts *Options) asks() bool { return !opts.Yes && opts.IO.CanPrompt() }

// explainTarget says what to do about a target folder that can't be used.
func explainTarget(io *iostreams.IOStreams, dir string, err error) error {
	var notEmpty *scaffold.NotEmptyError
	if errors.As(err, &notEmpty) {
		return cmdutil.WithHint(cmdutil.ExitUsage,
			errors.New(io.T("folder %s isn't empty: nothing was written", notEmpty.Dir)),
			io.T("choose another folder with -d, or add --force: files of the template replace those of the same name"))
	}
	if info, statErr := os.Stat(dir); statErr == nil && !info.IsDir() {
		return cmdutil.WithHint(cmdutil.ExitUsage,
			errors.New(io.T("%s is a file, not a folder", dir)), io.T("choose another folder with -d"))
	}
	return err
}

// explainRender says why nothing was written.
func explainRender(io *iostreams.IOStreams, dir string, err error) error {
	if errors.Is(err, context.Canceled) {
		return iostreams.ErrInterrupted
	}
	return explainTarget(io, filepath.Clean(dir), err)
}
