// Package synccmd is the command that brings what is deployed back into files: an
// s.yaml and the code.
package synccmd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/atomicfile"
	"s/pkg/bundle"
	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/export"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/local/store"
	"s/pkg/spec"
)

// DefaultDir is where the files go unless --target-dir says otherwise.
const DefaultDir = "sync-clone"

// maxArchive bounds the archive of code, in bytes; FC takes 500 MB.
const maxArchive = 1 << 30

// Options is what the command was asked for, and what it works with.
type Options struct {
	*cmdutil.Factory

	Resources []string // names; none is all
	Dir       string
	Qualifier string // version or alias; empty is LATEST
	Yes       bool   // what is there may be replaced
}

// NewCmd makes the sync command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "sync [resource...]",
		Short: "Bring what is deployed back into an s.yaml and its code",
		Long: "Sync writes, for each function, <region>_<function>.yaml and beside it the folder <region>_<function> with the\n" +
			"code, so that `s deploy` with it would change nothing. Variables are in it as they are: it is for you alone.\n" +
			"What is there already is replaced only after a yes.",
		Example: "s sync\ns sync hello --target-dir ../clone --qualifier prod",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	cmdutil.BindFunction(flags, f.Settings)
	flags.StringVar(&opts.Dir, "target-dir", DefaultDir, "the folder to write into")
	flags.StringVar(&opts.Qualifier, "qualifier", "", "version or alias (default LATEST)")
	flags.BoolVarP(&opts.Yes, "assume-yes", "y", false, "replace what is there without a question")
	return cmd
}

// Written is what the command prints of a resource: absolute paths.
type Written struct {
	YAML string `json:"ymlPath"`
	Code string `json:"codePath,omitempty"` // not of a container
}

// Run writes the files of all resources.
func Run(ctx context.Context, opts *Options) error {
	found, err := cmdutil.FindAll(ctx, opts.Factory, opts.Resources, "sync")
	if err != nil {
		return err
	}
	var results []cmdutil.Named
	for _, r := range found.Resources {
		written, err := opts.one(ctx, found.Project, found.Target, r)
		if err != nil {
			return cmdutil.CloudError(err, found.Target)
		}
		results = append(results, cmdutil.Named{Name: r.Name, Value: written})
	}
	return cmdutil.PrintNamed(opts.IO.Out, opts.Settings.Output, found.Project, len(found.Resources), results)
}

// one writes the files of a resource.
func (o *Options) one(ctx context.Context, project *spec.Project, target *cmdutil.Target, r *spec.Resource) (*Written, error) {
	client, err := target.Client(&spec.Resource{Region: r.Region}) // FC 3.0 shows FC 2.0's functions, too
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	state, err := read(ctx, client, r.Function.FunctionName, o.Qualifier)
	if err != nil {
		return nil, err
	}
	name := fileName(r.Region, r.Function.FunctionName)
	state.Project, state.Access, state.Resource, state.Region = project.Name, project.Access, r.Name, r.Region
	out := &Written{YAML: filepath.Join(dir, name+".yaml")}
	if state.Function.CustomContainerConfig == nil {
		out.Code, state.Code = filepath.Join(dir, name), "./"+name
	}
	text, notes, err := export.YAML(state)
	if err != nil {
		return nil, err
	}
	if err := o.mayReplace(out, r.Name); err != nil {
		return nil, err
	}
	if out.Code != "" {
		if err := download(ctx, client, state.Function.FunctionName, o.Qualifier, out.Code); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := atomicfile.Write(out.YAML, text, atomicfile.Options{Mode: 0o600}); err != nil {
		return nil, err
	}
	for _, note := range notes {
		o.IO.Errf("%s: %s", r.Name, note)
	}
	return out, nil
}

// fileName is what the files of a function are called; a $ would need quotes in
// shells.
func fileName(region, function string) string {
	return region + "_" + strings.ReplaceAll(function, fc.ServiceSeparator, "-")
}

// mayReplace asks before files of an earlier run, which may have been worked on,
// are replaced.
func (o *Options) mayReplace(out *Written, resource string) error {
	for _, path := range []string{out.YAML, out.Code} {
		if path == "" {
			continue
		}
		_, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		}
		return cmdutil.Confirm(o.IO, o.IO.T("%s is there already. Replace it?", path), o.Yes, "s sync "+resource+" -y")
	}
	return nil
}

// read gets the function and all that is around it, at the same time.
func read(ctx context.Context, client *fcclient.Client, name, qualifier string) (export.State, error) {
	s := export.State{}
	f, err := client.GetFunction(ctx, name, qualifier)
	if err != nil {
		return s, err
	}
	s.Function = *f
	s.Function.FunctionName = name
	steps := []func() error{
		func() (err error) { s.Triggers, err = client.ListTriggers(ctx, name); return err },
		func() (err error) { s.VPCs, err = client.ListVPCBindings(ctx, name); return err },
		func() (err error) { s.Domains, err = client.ListCustomDomains(ctx, ""); return err },
		func() (err error) {
			s.Async, err = found(client.GetAsyncInvokeConfig(ctx, name, qualifier))
			return err
		},
		func() (err error) { s.Concurrency, err = found(client.GetConcurrencyConfig(ctx, name)); return err },
		func() (err error) {
			s.Provision, err = found(client.GetProvisionConfig(ctx, name, qualifier))
			return err
		},
		func() (err error) { s.Scaling, err = found(client.GetScalingConfig(ctx, name, qualifier)); return err },
	}
	errs := make([]error, len(steps))
	cmdutil.Parallel(len(steps), len(steps), func(i int) { errs[i] = steps[i]() })
	for _, err := range errs {
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// found turns "not there" into nil.
func found[T any](v *T, err error) (*T, error) {
	if fc.IsNotFound(err) {
		return nil, nil
	}
	return v, err
}

// download puts the code of a function into the folder dir, in the place of what is
// there once all of it has come and is what the service says that it is.
func download(ctx context.Context, client *fcclient.Client, name, qualifier, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".sync-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	archive, err := fetch(ctx, client, name, qualifier, temp)
	for try := 1; try < fetchTries && broke(err) && ctx.Err() == nil; try++ {
		archive, err = fetch(ctx, client, name, qualifier, temp)
	}
	if broke(err) {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "run it again; what was there before is as it was")
	}
	if err != nil {
		return err
	}
	fresh := filepath.Join(temp, "fresh")
	if err := store.Unpack(archive, fresh); err != nil {
		return diag.Errorf("the code of %s can't be unpacked: %w", name, err)
	}
	if err := os.Rename(dir, filepath.Join(temp, "old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(fresh, dir)
}

// fetchTries is how often code is asked for whose download breaks off.
const fetchTries = 3

// damagedError is code that isn't what the service says.
type damagedError struct{ name, sum, want string }

// Error has both checksums.
func (e *damagedError) Error() string { return e.Wording().Error() }

// Wording is the error in words that can be told in another language.
func (e *damagedError) Wording() error {
	return diag.Errorf("the code of %s came damaged: its checksum is %s, the service says %s", e.name, e.sum, e.want)
}

// broke reports whether a download failed in a way that it may not fail in again.
func broke(err error) bool {
	var download *bundle.FetchError
	var damaged *damagedError
	return errors.As(err, &download) || errors.As(err, &damaged)
}

// fetch downloads the code of a function into a folder and gives the archive.
func fetch(ctx context.Context, client *fcclient.Client, name, qualifier, dir string) (string, error) {
	location, err := client.GetFunctionCode(ctx, name, qualifier)
	if err != nil {
		return "", err
	}
	archive, err := bundle.Fetch(ctx, location.URL, bundle.FetchOptions{Dir: dir, Name: "code", Limit: maxArchive})
	if err != nil {
		return "", err
	}
	_, sum, err := bundle.Checksum(archive)
	if err == nil && location.Checksum != "" && sum != location.Checksum {
		err = &damagedError{name, sum, location.Checksum}
	}
	return archive, err
}
