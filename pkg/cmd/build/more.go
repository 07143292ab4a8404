package buildcmd

import (
	"context"
	"errors"
	"os"

	"s/pkg/build"
	"s/pkg/bundle"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec"
)

// more does what was asked for beside the build.
func (o *Options) more(ctx context.Context, p *spec.Project, r *spec.Resource, result build.Result) error {
	if o.PublishLayer {
		if err := o.layer(ctx, p, r, result); err != nil {
			return err
		}
	}
	if o.Report {
		return o.report(ctx, r, result)
	}
	return nil
}

// layer writes the dependencies as a folder and an archive, and publishes them
// where the resource goes.
func (o *Options) layer(ctx context.Context, p *spec.Project, r *spec.Resource, result build.Result) error {
	dir := build.LayerDir(p, r)
	err := build.ErrNoDependencies
	if result.Artifact != nil {
		err = build.Layer(ctx, result.Artifact, dir)
	}
	if errors.Is(err, build.ErrNoDependencies) {
		o.IO.Errf("%s: no dependencies for a layer", r.Name)
		return nil
	}
	if err != nil {
		return diag.Errorf("layer of %s: %w", r.Name, err)
	}
	packed, err := bundle.Pack(ctx, dir, bundle.Options{Out: dir + ".zip", NoDefaultIgnore: true})
	if err != nil {
		return cmdutil.WithCode(cmdutil.ExitFailed, diag.Errorf("layer of %s: %w", r.Name, err))
	}
	o.IO.Errf("%s: layer %s, %s", r.Name, cmdutil.Shorten(p.Dir, packed.Path), bundle.Megabytes(packed.Size))
	return o.publish(ctx, p, r, packed)
}

// publish makes a version of the resource's layer. Without credentials, the archive
// is all there is.
func (o *Options) publish(ctx context.Context, p *spec.Project, r *spec.Resource, packed *bundle.Bundle) error {
	if o.Target == nil {
		return nil
	}
	target, err := o.Target(ctx, p)
	if cmdutil.CodeOf(err) == cmdutil.ExitCredentials {
		o.IO.Errf("%s: the layer isn't published: there are no credentials", r.Name)
		return nil
	}
	if err != nil {
		return err
	}
	client, err := target.Client(r)
	if err != nil {
		return err
	}
	v, same, err := deploy.PublishLayer(ctx, client, fc.LayerInput{
		LayerName: build.LayerName(r), CompatibleRuntime: []string{r.Function.Runtime},
	}, packed)
	if err != nil {
		return cmdutil.CloudError(diag.Errorf("layer of %s: %w", r.Name, err), target)
	}
	if same {
		o.IO.Errf("%s: layer %s is published already, for layers: in s.yaml", r.Name, v.LayerVersionARN)
	} else {
		o.IO.Errf("%s: published layer %s, for layers: in s.yaml", r.Name, v.LayerVersionARN)
	}
	return nil
}

// report shows what of the code is large, as it would be packed.
func (o *Options) report(ctx context.Context, r *spec.Resource, result build.Result) error {
	dir := r.Code.Path
	if a := result.Artifact; a != nil {
		dir = a.Dir
		if a.Archive != "" {
			dir = a.Archive
		}
	}
	if dir == "" || r.Function.CustomContainerConfig != nil {
		o.IO.Errf("%s: no code on this machine to report on", r.Name)
		return nil
	}
	read := func() (*bundle.Report, error) { return bundle.ReportFolder(ctx, dir, bundle.Options{}) }
	if isArchive(dir) {
		read = func() (*bundle.Report, error) { return bundle.ReportArchive(dir) }
	}
	report, err := read()
	if err != nil {
		return cmdutil.WithCode(cmdutil.ExitFailed, diag.Errorf("report on %s: %w", r.Name, err))
	}
	return report.Write(o.IO.ErrOut, o.IO)
}

// isArchive reports whether a path is a file, not a folder.
func isArchive(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
