// Package cleancmd is the command that removes what can be made again: the
// artifacts, logs and packed code of a project, or the build cache of all.
package cleancmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Home     func() (string, error)

	Cache bool // the cache of all projects, instead of this one's folders
	Logs  bool // of this project's folders the logs only
	All   bool // this project's folders and the cache of all projects
	Yes   bool
}

// NewCmd makes the clean command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Home: f.Home}
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove what was built and can be made again",
		Long: "Clean removes the artifacts, logs and packed code that builds and deployments left in .s beside\n" +
			"s.yaml; without a terminal it needs -y. With --cache it removes what builds of all projects keep\n" +
			"for the next time, except what is in use. What is deployed stays: s remove takes that away.",
		Example: "s clean -y\ns clean --cache",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Logs && (opts.Cache || opts.All) || opts.Cache && opts.All {
				return cmdutil.UsageError(diag.Errorf("choose one of --logs, --cache and --all"))
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Cache, "cache", false, "remove the build cache of all projects instead")
	cmd.Flags().BoolVar(&opts.Logs, "logs", false, "remove the logs of builds only")
	cmd.Flags().BoolVar(&opts.All, "all", false, "remove the build cache of all projects, too")
	cmd.Flags().BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	return cmd
}

// Run removes.
func Run(ctx context.Context, opts *Options) error {
	if opts.Cache {
		view, err := opts.cache(ctx)
		return opts.print(view, err)
	}
	view, err := opts.project(ctx)
	if err != nil || !opts.All {
		return opts.print(view, err)
	}
	cache, err := opts.cache(ctx)
	return opts.print(struct {
		*projectView
		Cache *cacheView `json:"cache"`
	}{view, cache}, err)
}

// cacheView is what became of the cache, as -o json shows it.
type cacheView struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
	InUse   int   `json:"inUse"` // entries that stay
}

func (o *Options) cache(ctx context.Context) (*cacheView, error) {
	home, err := o.Home()
	if err != nil {
		return nil, err
	}
	view := &cacheView{}
	view.Entries, view.Bytes, view.InUse, err = build.NewCache(build.CacheFolder(home)).Clean(ctx)
	if err != nil {
		return nil, err
	}
	if view.Entries == 0 {
		o.IO.Errf("nothing to remove from the build cache")
	} else {
		o.IO.Errf("removed %s from the build cache", iostreams.Size(view.Bytes))
	}
	if view.InUse > 0 {
		o.IO.Errf("kept, as builds are using them: %d entries", view.InUse)
	}
	return view, nil
}

// projectView is what was removed of a project, as -o json shows it.
type projectView struct {
	Removed []build.Leftover `json:"removed"`
	Bytes   int64            `json:"bytes"`
}

// project removes the folders of the project in the working directory, or of
// the s.yaml of -t; it needn't be a right one.
func (o *Options) project(ctx context.Context) (*projectView, error) {
	dir, err := filepath.Abs(filepath.Dir(o.Settings.Template))
	if err != nil {
		return nil, err
	}
	found, err := build.Leftovers(dir)
	if err != nil {
		return nil, err
	}
	if o.Logs {
		found = slices.DeleteFunc(found, func(l build.Leftover) bool { return l.Path != build.LogsFolder })
	}
	view := &projectView{Removed: []build.Leftover{}}
	if len(found) == 0 {
		o.IO.Errf("nothing to remove in %s", dir)
		return view, nil
	}
	view.Removed = found
	var names []string
	for _, l := range found {
		names = append(names, l.Path+" ("+iostreams.Size(l.Bytes)+")")
		view.Bytes += l.Bytes
	}
	what := strings.Join(names, ", ")
	if err := o.confirm(dir, what); err != nil {
		return nil, err
	}
	home, err := o.Home()
	if err != nil {
		return nil, err
	}
	release, err := build.NewCache(build.CacheFolder(home)).Alone(ctx, dir, func() { o.IO.Errf("waiting for a build of this project to end …") })
	if err != nil {
		return nil, err
	}
	defer release()
	if err := build.RemoveLeftovers(ctx, dir, found); err != nil {
		return nil, err
	}
	o.IO.Errf("removed %s", what)
	return view, nil
}

func (o *Options) confirm(dir, what string) error {
	if o.Yes {
		return nil
	}
	if !o.IO.CanPrompt() {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("removing needs a yes and there is no terminal to ask on"), "s clean -y")
	}
	yes, err := o.IO.Prompter().Confirm(o.IO.T("Remove %s in %s?", what, dir), false)
	if err != nil {
		return err
	}
	if !yes {
		o.IO.Errf("nothing was removed")
		return cmdutil.Quiet(cmdutil.ExitFailed)
	}
	return nil
}

// print shows the result as data if that was asked for.
func (o *Options) print(view any, err error) error {
	if err != nil {
		return err
	}
	if o.Settings.Output == "" || o.Settings.Output == cmdutil.OutputDefault {
		return nil
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, view)
}
