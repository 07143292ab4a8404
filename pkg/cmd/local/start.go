package localcmd

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	buildcmd "s/pkg/cmd/build"
	"s/pkg/cmd/cmdutil"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/deploy"
	"s/pkg/dev"
	"s/pkg/local"
	"s/pkg/runtime/debugger"
	"s/pkg/spec"
)

// DefaultDevPort is the first port of `s local start`, if it is free.
const DefaultDevPort = 7080

// StartOptions is what `s local start` was asked for.
type StartOptions struct {
	*tree
	Resources []string
	Port      int
	PortGiven bool
}

// newStartCmd makes `s local start`. runF replaces the run, for tests.
func newStartCmd(f *cmdutil.Factory, runF func(context.Context, *StartOptions) error) *cobra.Command {
	o := &StartOptions{tree: newTree(f)}
	cmd := &cobra.Command{
		Use:   "start [resource...]",
		Short: "Serve functions and HTTP triggers straight from the working tree",
		Long: "Start serves the functions of s.yaml as they are in the working tree, on this machine alone: every\n" +
			"HTTP trigger at a port of its own, and the invoke API. It prints a table of URLs on stdout and what\n" +
			"the functions print on stderr. When a file is saved the new code answers; requests under way end on\n" +
			"the old one. Ctrl-C ends it, and every instance.",
		Example: "s local start\ns local start web --port 8000\ns local start --debug-port 5678",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Resources = args
			o.PortGiven = cmd.Flags().Changed("port")
			if err := o.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return foreground(cmd.Context(), f.IO, o.exe, false, o.run)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Port, "port", DefaultDevPort, "first port to listen on, of the invoke API; HTTP triggers have the next ones; 0 is any free ones")
	o.bindDebug(flags)
	return cmd
}

func (o *StartOptions) check() error {
	if o.Port < 0 || o.Port > 65535 {
		return cmdutil.UsageError(errors.New("--port must be between 0 and 65535"))
	}
	return o.tree.check()
}

// run serves until the context ends, which is a success.
func (o *StartOptions) run(ctx context.Context) (err error) {
	out := newPrinter(o)
	server, err := o.listen(ctx, out)
	if err != nil {
		return hint(err)
	}
	defer func() {
		if ctx.Err() != nil {
			o.f.IO.Errf("ending the instances …")
		}
		err = errors.Join(err, server.Close())
	}()
	out.server = server
	artifacts := buildcmd.Artifacts(o.f, nil)
	session := &dev.Session{
		Load: o.load, File: o.f.Settings.Template, Builders: artifacts.Builders, Server: server, Tell: out,
		Preparer: deploy.Preparer{Artifacts: deploycmd.Artifacts(o.f, nil)},
	}
	if o.DebugPort > 0 {
		session.Debug = func(ctx context.Context, r *spec.Resource, n int) (*debugger.Options, error) {
			options, err := o.debug(ctx, r, n, false)
			var unsupported *debugger.UnsupportedError
			if errors.As(err, &unsupported) {
				o.f.IO.Errf("%s: %v: no debugger can attach", r.Name, err)
				return nil, nil
			}
			return options, err
		}
	}
	err = session.Start(ctx)
	if err == nil {
		o.f.IO.Errf("watching for changes, Ctrl-C ends it")
		err = session.Watch(ctx)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// listen starts the server; the default port is given up if it is taken.
func (o *StartOptions) listen(ctx context.Context, out *printer) (*local.Dev, error) {
	options := local.DevOptions{Port: o.Port, Spares: true, Line: out.line, Answered: out.answered}
	server, err := o.start(ctx, options)
	var taken *local.PortTakenError
	if errors.As(err, &taken) && !o.PortGiven {
		o.f.IO.Errf("%v: taking free ports", err)
		options.Port = 0
		server, err = o.start(ctx, options)
	}
	return server, err
}

// load reads s.yaml. Values that only a deployment gives come from where the
// project is deployed.
func (o *StartOptions) load(ctx context.Context) (*spec.Project, []*spec.Resource, error) {
	project, err := o.f.Project(ctx, "local")
	if err != nil {
		return nil, nil, err
	}
	resources, err := cmdutil.Resources(project, o.Resources)
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(resources, (*spec.Resource).Pending) {
		return project, resources, nil
	}
	project, resources, err = cmdutil.SettleAll(ctx, "local", project, resources, cmdutil.SettleOptions{
		Reload: o.f.Reload, Flags: cmdutil.AccessFlags(o.f.Settings),
		Remote: func(r *spec.Resource) (deploy.Reader, error) {
			target, err := o.f.Target(ctx, project)
			if err != nil {
				return nil, err
			}
			return target.Client(r)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	for _, r := range resources {
		if err := cmdutil.Unsettled(r, cmdutil.FirstOpen(r), cmdutil.AccessFlags(o.f.Settings)...); err != nil {
			return nil, nil, err
		}
	}
	return project, resources, nil
}

// Serving prints the table of URLs, if it isn't the one that was printed.
func (p *printer) Serving(project *spec.Project, resources []*spec.Resource) {
	var names []string
	for _, r := range resources {
		names = append(names, r.Name)
	}
	p.widen(names)
	routes := p.server.Routes(names)
	if reflect.DeepEqual(routes, p.routes) {
		return
	}
	p.routes = routes
	p.mu.Lock()
	defer p.mu.Unlock()
	if format := p.o.f.Settings.Output; format != cmdutil.OutputDefault {
		_ = cmdutil.Print(p.io.Out, format, routes) // stdout is gone: there is nobody to tell
	} else {
		fmt.Fprint(p.io.Out, p.table(routes))
	}
	for _, r := range routes {
		if r.Unchecked {
			p.io.Errf("%s: on Function Compute callers must sign; here they needn't", r.Function)
		}
	}
	for _, r := range resources {
		p.quiet(r)
	}
	for n, r := range resources {
		if p.server.Debugged(r.Name) {
			p.o.tellDebug(project, r, &debugger.Options{Port: p.o.DebugPort + n}, dev.CodeRoot(r, p.server.Info().Isolation))
		}
	}
}

// Reloaded tells that new code answers.
func (p *printer) Reloaded(resource string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.io.Errf("%s: reloaded", p.io.Bold(resource))
}

// Failed tells why something isn't served anew.
func (p *printer) Failed(resource string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if resource != "" && !strings.Contains(err.Error(), resource) {
		err = fmt.Errorf("%s: %w", resource, err)
	}
	cmdutil.ShowError(p.io, err, nil)
	if len(p.routes) > 0 {
		p.io.Errf("what was served before still is")
	}
}
