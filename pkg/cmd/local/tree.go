package localcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	deploycmd "s/pkg/cmd/deploy"
	invokecmd "s/pkg/cmd/invoke"
	"s/pkg/deploy"
	"s/pkg/dev"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/image"
	"s/pkg/spec"
	"s/pkg/toolchain"
)

// tree is what invoke and start of the working tree have in common.
type tree struct {
	f         *cmdutil.Factory
	exe       func() (string, error)
	lookupEnv func(string) (string, bool)

	Mounts    string // folder for NAS and OSS mounts
	DebugPort int
	Editor    string // the configuration to print is for
	Mode      string // of the peer's invoke

	called     []string // the resources that invoke calls; none is all
	AssumeRole string   // the access alias with whose keys functions' roles are taken
}

// debuggedTimeout is how long a call may take that somebody steps through, in
// seconds.
const debuggedTimeout = 24 * 3600

func newTree(f *cmdutil.Factory) *tree {
	return &tree{f: f, exe: os.Executable, lookupEnv: os.LookupEnv}
}

// bindDebug defines the flags of debugging.
func (t *tree) bindDebug(flags *pflag.FlagSet) {
	flags.StringVar(&t.Mounts, "mounts", "", "folder that keeps what stands in for NAS and OSS mounts (default .s beside s.yaml, or "+local.MountsVariable+")")
	bindAssumeRole(flags, &t.AssumeRole)
	flags.IntVarP(&t.DebugPort, "debug-port", "d", 0, "let a debugger attach at this port (of several functions: the first)")
	flags.StringVarP(&t.Editor, "config", "c", "vscode", "editor whose configuration is printed: vscode, intellij")
}

func (t *tree) check() error {
	switch {
	case t.DebugPort < 0 || t.DebugPort > 65535:
		return cmdutil.UsageError(errors.New("--debug-port must be between 1 and 65535"))
	case !slices.Contains([]string{"vscode", "intellij", "pycharm", "idea"}, t.Editor):
		return cmdutil.UsageError(fmt.Errorf("unknown editor %q: choose vscode or intellij", t.Editor))
	case t.Mode == "api" || t.Mode == "server":
		return cmdutil.WithHint(cmdutil.ExitUsage, fmt.Errorf("--mode %s is s local start", t.Mode), "s local start")
	case t.Mode != "" && t.Mode != "normal":
		return cmdutil.UsageError(fmt.Errorf("unknown mode %q", t.Mode))
	}
	return nil
}

// newInvokeCmd makes `s local invoke`. runF replaces the run, for tests.
func newInvokeCmd(f *cmdutil.Factory, runF func(context.Context, *invokecmd.Options) error) *cobra.Command {
	t := newTree(f)
	cmd := invokecmd.NewTreeCmd(f, t.runner, func(ctx context.Context, o *invokecmd.Options, run func(context.Context) error) error {
		if err := t.check(); err != nil {
			return err
		}
		t.called = o.Resources
		if t.DebugPort > 0 && o.Timeout == 0 {
			o.Timeout = debuggedTimeout
		}
		if runF != nil {
			return runF(ctx, o)
		}
		return foreground(ctx, f.IO, t.exe, o.EventStdin || o.EventFile == "-", run)
	})
	cmd.Use = "invoke [resource...]"
	cmd.Short = "Call functions straight from the working tree"
	cmd.Long = "Invoke runs functions as they are in the working tree, without deploying them, and shows log and\n" +
		"result like s invoke. Code that needs a build is built. Each call has an instance of its own."
	cmd.Example = "s local invoke -e '{\"key\":\"value\"}'\ns local invoke --event-template oss --set bucket=photos\ns local invoke api --debug-port 5678"
	t.bindDebug(cmd.Flags())
	cmd.Flags().StringVarP(&t.Mode, "mode", "m", "", "normal; Serverless Devs has others, which are s local start")
	cmd.Flags().Lookup("mode").Hidden = true
	return cmd
}

// runner runs a resource of the working tree for one call.
func (t *tree) runner(ctx context.Context, streams *iostreams.IOStreams, project *spec.Project, r *spec.Resource) (invoke.Target, func(), error) {
	own := *t.f
	own.IO = streams
	var debug *debugger.Options
	var err error
	if t.DebugPort > 0 {
		if debug, err = t.debug(ctx, r, t.place(project, r), true); err != nil {
			return nil, nil, err
		}
	}
	function, err := dev.Function(ctx, deploy.Preparer{Artifacts: deploycmd.Artifacts(&own, nil)}, project, r, debug)
	if err != nil {
		return nil, nil, err
	}
	server, err := t.start(ctx, local.DevOptions{Signed: true})
	if err != nil {
		return nil, nil, err
	}
	if err := server.Set(ctx, []local.DevFunction{function}); err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	if debug != nil {
		t.tellDebug(project, r, debug, dev.CodeRoot(r, server.Info().Isolation))
	}
	info := server.Info()
	streams.Debug().Hide(info.AccessKeySecret)
	client := fcclient.New(fcclient.Config{
		Region: r.Region, Endpoint: info.Endpoint, V2: r.Service != nil, Version: t.f.Version, Debug: streams.Debug(),
		Credentials: access.Credentials{
			Alias: access.LocalAlias, AccountID: info.AccountID, AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret,
		},
	})
	return client, func() {
		client.Close()
		if err := server.Close(); err != nil {
			streams.Debug().Linef("local", "%v", err)
		}
	}, nil
}

// start starts a server of the working tree.
func (t *tree) start(ctx context.Context, o local.DevOptions) (*local.Dev, error) {
	home, err := t.f.Home()
	if err != nil {
		return nil, err
	}
	o.Home, o.Toolchain, o.Engines = home, t.finder(home), image.Engines()
	if o.SharedDir, err = mountsFolder(t.lookupEnv, t.Mounts); err != nil {
		return nil, err
	}
	if o.AssumeRole, err = assumeRole(ctx, t.f.Roles, t.lookupEnv, t.AssumeRole); err != nil {
		return nil, err
	}
	return local.StartDev(ctx, o)
}

// mountsFolder is where NAS and OSS mounts are kept, of the flag or the
// environment; empty is where they are without.
func mountsFolder(lookupEnv func(string) (string, bool), flag string) (string, error) {
	dir := flag
	if dir == "" {
		dir, _ = lookupEnv(local.MountsVariable)
	}
	if dir == "" {
		return "", nil
	}
	return filepath.Abs(dir)
}

// bindAssumeRole defines the flag of functions' roles.
func bindAssumeRole(flags *pflag.FlagSet, alias *string) {
	flags.StringVar(alias, "assume-role", "", "access alias: functions that have a role get temporary credentials of it, taken with these keys (default also from "+
		local.AssumeRoleVariable+")")
}

// assumeRole gives what takes functions' roles, of the flag or the environment; nil
// is nothing.
func assumeRole(ctx context.Context, roles func(context.Context, string) (local.AssumeRole, error),
	lookupEnv func(string) (string, bool), flag string,
) (local.AssumeRole, error) {
	alias := flag
	if alias == "" {
		alias, _ = lookupEnv(local.AssumeRoleVariable)
	}
	if alias == "" {
		return nil, nil
	}
	return roles(ctx, alias)
}

// place is which of the functions that are called a resource is, from 0 on.
func (t *tree) place(project *spec.Project, r *spec.Resource) int {
	n := 0
	for _, other := range project.Resources {
		switch {
		case other.Name == r.Name:
			return n
		case len(t.called) == 0 || slices.Contains(t.called, other.Name):
			n++
		}
	}
	return 0 // nobody else's
}

func (t *tree) finder(home string) *toolchain.Finder {
	finder := toolchain.New(t.lookupEnv)
	finder.CacheDir, finder.Debug = filepath.Join(home, "cache"), t.f.IO.Debug
	return finder
}

// debug says how the n-th resource is debugged.
func (t *tree) debug(ctx context.Context, r *spec.Resource, n int, wait bool) (*debugger.Options, error) {
	home, err := t.f.Home()
	if err != nil {
		return nil, err
	}
	tools := dev.Tools{
		Finder: t.finder(home), CacheDir: filepath.Join(home, "cache"), Environ: os.Environ(),
		Installing: func(what string) { t.f.IO.Errf("installing %s …", what) },
	}
	o, err := tools.Options(ctx, r, t.DebugPort+n, wait)
	var unsupported *debugger.UnsupportedError
	if errors.As(err, &unsupported) {
		return nil, cmdutil.WithCode(cmdutil.ExitFailed, err)
	}
	return o, err
}

// tellDebug shows how to attach; remote is where the debugger sees the code.
func (t *tree) tellDebug(project *spec.Project, r *spec.Resource, o *debugger.Options, remote string) {
	root, err := filepath.Rel(project.Dir, r.Code.Path)
	if err != nil {
		root = r.Code.Path
	}
	streams := t.f.IO
	streams.Errf("%s: a debugger can attach at %s", r.Name, streams.Cyan(o.String()))
	if t.Editor != "vscode" {
		streams.Errf("  remote debugging: host 127.0.0.1, port %d, %s is %s", o.Port, filepath.ToSlash(root), remote)
		return
	}
	doc := map[string]any{"version": "0.2.0", "configurations": []any{
		o.Attach(dev.LanguageOf(r), r.Name, filepath.ToSlash(root), remote),
	}}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err == nil {
		fmt.Fprintln(streams.ErrOut, "  .vscode/launch.json:")
		fmt.Fprintln(streams.ErrOut, string(text))
	}
}
