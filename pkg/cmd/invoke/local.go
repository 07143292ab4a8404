package invokecmd

import (
	"context"
	"errors"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/deploy"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// withoutTarget tells that an error of finding the target is one after which the
// local cloud takes its place.
func (o *Options) withoutTarget(err error) bool {
	var known *cmdutil.Error
	return errors.As(err, &known) && known.Code == cmdutil.ExitCredentials && !o.RemoteOnly
}

// tellWhy tells of credentials that are there and don't help, a login that has
// ended, say, and what to run. That there are none needs no more words.
func (o *Options) tellWhy(err error) {
	var login *access.LoginError
	var sealed *access.SealedError
	var provider *access.ProviderError
	switch {
	case errors.As(err, &login):
		o.IO.Errf("%v: %s", err, login.Command)
	case errors.As(err, &sealed), errors.As(err, &provider):
		o.IO.Errf("%v", err)
	}
}

// settle says where values come from that only a deployment gives: the target or,
// if isLocal is set or there are no credentials, the local cloud.
func (o *Options) settle(ctx context.Context, project *spec.Project, isLocal bool) cmdutil.SettleOptions {
	s := cmdutil.SettleOptions{Reload: o.Reload, Flags: cmdutil.AccessFlags(o.Settings)}
	if isLocal {
		s.Flags = []string{"-a", access.LocalAlias}
	}
	s.Remote = func(r *spec.Resource) (deploy.Reader, error) {
		var target *cmdutil.Target
		if !isLocal {
			var err error
			if target, err = o.Target(ctx, project); err != nil && !o.withoutTarget(err) {
				return nil, err
			}
		}
		return o.Reader(ctx, target, r)
	}
	return s
}

// reader looks resources up at a target, or in the local cloud that the factory
// starts.
func reader(f *cmdutil.Factory) func(context.Context, *cmdutil.Target, *spec.Resource) (deploy.Reader, error) {
	return func(ctx context.Context, target *cmdutil.Target, r *spec.Resource) (deploy.Reader, error) {
		if target != nil {
			return target.Client(r)
		}
		return cmdutil.LocalClient(ctx, f, r.Region, r.Service != nil)
	}
}

// localFallback runs functions in the local cloud that the factory starts.
func localFallback(f *cmdutil.Factory) func(context.Context, *iostreams.IOStreams, *spec.Project, *spec.Resource) (invoke.Target, func(), error) {
	return func(ctx context.Context, io *iostreams.IOStreams, project *spec.Project, r *spec.Resource) (invoke.Target, func(), error) {
		own := *f
		own.IO = io
		local := invoke.Local{
			Artifacts: deploycmd.Artifacts(&own, nil),
			Client: func(ctx context.Context, region string, v2 bool) (*fcclient.Client, error) {
				return cmdutil.LocalClient(ctx, f, region, v2)
			},
			Tell: func(p *deploy.Prepared) { cmdutil.TellCode(io, project, r, p) },
		}
		client, err := local.Ensure(ctx, project, r)
		if err != nil {
			return nil, nil, err
		}
		return client, client.Close, nil
	}
}
