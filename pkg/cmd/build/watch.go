package buildcmd

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"s/pkg/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/spec"
)

// watchEvery is how often the source is looked at. Looking costs what listing
// the code costs.
const watchEvery = 500 * time.Millisecond

// watch builds, and again whenever s.yaml or what is built from changes, until
// the context ends. A build that fails is told and waits for the next change.
func (o *Options) watch(ctx context.Context) error {
	for ctx.Err() == nil {
		// s.yaml is read once per build, not each time that the source is looked
		// at: what is to say of it is said once.
		own := *o
		project, failed := o.Project(ctx, "build")
		own.Project = func(context.Context, string) (*spec.Project, error) { return project, failed }
		// Before the build: what changes while it runs is built next.
		before := own.seen(ctx, project)
		if err := RunBuild(ctx, &own); err != nil && ctx.Err() == nil {
			cmdutil.ShowError(o.IO, err, nil)
		}
		if ctx.Err() == nil {
			o.IO.Errf("watching for changes, Ctrl-C ends it")
		}
		for ctx.Err() == nil && own.seen(ctx, project) == before {
			select {
			case <-ctx.Done():
			case <-time.After(cmp.Or(o.every, watchEvery)):
			}
		}
	}
	return ctx.Err()
}

// seen sums up s.yaml and the source as they are. What can't be read counts by
// its error: it changes once it can.
func (o *Options) seen(ctx context.Context, p *spec.Project) string {
	sum := sha256.New()
	for _, file := range o.files(p) {
		info, err := os.Stat(file)
		if err != nil {
			fmt.Fprintln(sum, file, "isn't there")
			continue
		}
		fmt.Fprintln(sum, file, info.Size(), info.ModTime())
	}
	if p == nil {
		return hex.EncodeToString(sum.Sum(nil))
	}
	resources, err := cmdutil.Resources(p, o.Resources)
	options, bad := o.options()
	if err := errors.Join(err, bad); err != nil {
		return err.Error()
	}
	for _, r := range resources {
		req := build.NewRequest(p, r)
		req.Options = options
		print, err := o.Builders.Fingerprint(ctx, req)
		fmt.Fprintf(sum, "%q %q %v\n", r.Name, print, err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// files are where s.yaml is, or may be.
func (o *Options) files(p *spec.Project) []string {
	switch {
	case p != nil && filepath.IsAbs(p.File):
		return []string{p.File}
	case p != nil:
		return []string{filepath.Join(p.Dir, p.File)}
	case o.Settings != nil && o.Settings.Template != "":
		return []string{o.Settings.Template}
	}
	return []string{"s.yaml", "s.yml"}
}
