package root

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	envcmd "s/pkg/cmd/env"
	"s/pkg/diag"
	"s/pkg/fcclient"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/spec"
)

// Environment variables that the composition root reads. The endpoints are the
// peer's name and the one that `s local env` prints.
const (
	envHome           = "S_HOME"
	envEndpoint       = "FC_ENDPOINT"
	envCustomEndpoint = "FC_CLIENT_CUSTOM_ENDPOINT"
)

// wiring fills a Factory; everything expensive stays lazy.
type wiring struct {
	io       *iostreams.IOStreams
	version  string
	settings *cmdutil.Settings
}

// newFactory wires what commands are given.
func newFactory(io *iostreams.IOStreams, version string) *cmdutil.Factory {
	w := &wiring{io: io, version: version, settings: &cmdutil.Settings{}}
	return &cmdutil.Factory{
		IO:       io,
		Version:  version,
		Settings: w.settings,
		Project:  w.project,
		Load:     w.load,
		Target:   w.target,
		Local:    w.local,
		Home:     home,
	}
}

// home is S_HOME, else ~/.s.
func home() (string, error) {
	if dir := os.Getenv(envHome); dir != "" {
		return filepath.Abs(dir)
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder for the files of s (set %s): %w", envHome, err)
	}
	return filepath.Join(user, ".s"), nil
}

func (w *wiring) load(ctx context.Context, command string) (*spec.Project, diag.Diagnostics) {
	opts := spec.Options{
		File:       w.settings.Template,
		LookupEnv:  os.LookupEnv,
		Command:    command,
		Env:        w.settings.Env,
		DefaultEnv: defaultEnvironment,
		Credential: w.credential(ctx),
	}
	if command == "preview" {
		asWritten(&opts)
	}
	return spec.Load(ctx, opts)
}

// asWritten leaves credentials and secrets as the expressions that they are:
// a preview needs no account and shows no key.
func asWritten(opts *spec.Options) {
	opts.Credential = func(field string) (string, error) { return "${config('" + field + "')}", nil }
	opts.SecretFor = func(name string) (string, error) { return "${secret('" + name + "')}", nil }
}

// defaultEnvironment is what s env default chose for a project.
func defaultEnvironment(project, file string) string {
	dir, err := home()
	if err != nil {
		return ""
	}
	return envcmd.Default(dir, project, file)
}

// credential gives single fields of the credentials for ${config(X)}. They are
// looked up when the first is asked for.
func (w *wiring) credential(ctx context.Context) func(string) (string, error) {
	resolve := sync.OnceValues(func() (access.Credentials, error) {
		return w.resolve(ctx, w.settings.Access)
	})
	return func(field string) (string, error) {
		c, err := resolve()
		if err != nil {
			return "", err
		}
		switch field {
		case "AccountID":
			return c.AccountID, nil
		case "AccessKeyID":
			return c.AccessKeyID, nil
		case "AccessKeySecret":
			return c.AccessKeySecret, nil
		case "SecurityToken":
			return c.SecurityToken, nil
		}
		return "", fmt.Errorf("credentials have no field %q", field)
	}
}

func (w *wiring) project(ctx context.Context, command string) (*spec.Project, error) {
	project, diags := w.load(ctx, command)
	if err := diags.Err(); err != nil {
		return nil, cmdutil.WithCode(cmdutil.ExitSpec, err)
	}
	if len(diags) > 0 {
		if err := diag.Render(w.io.ErrOut, diags, renderOptions(w.io)); err != nil {
			return nil, err
		}
	}
	return project, nil
}

// alias is what -a says, else the s.yaml.
func (w *wiring) alias(project *spec.Project) string {
	if w.settings.Access != "" || project == nil {
		return w.settings.Access
	}
	return project.Access
}

// resolve finds credentials of the alias; those of the local cloud come from
// the local cloud.
func (w *wiring) resolve(ctx context.Context, alias string) (access.Credentials, error) {
	if alias == access.LocalAlias {
		info, err := w.local(ctx)
		if err != nil {
			return access.Credentials{}, err
		}
		return localCredentials(info), nil
	}
	dir, err := home()
	if err != nil {
		return access.Credentials{}, err
	}
	user, _ := os.UserHomeDir() // without one, the CLI's profile is skipped
	c, err := access.Resolve(ctx, access.Options{
		Alias: alias, FromFlag: w.settings.Access != "", LookupEnv: os.LookupEnv, HomeDir: user, SHome: dir,
	})
	if errors.Is(err, access.ErrNotFound) {
		return c, cmdutil.WithHint(cmdutil.ExitCredentials, err, w.io.T("s config add stores a key; -a local needs no account"))
	}
	if err != nil {
		return c, cmdutil.WithCode(cmdutil.ExitCredentials, err)
	}
	return c, nil
}

func localCredentials(info *local.Info) access.Credentials {
	return access.Credentials{
		Alias: access.LocalAlias, AccountID: info.AccountID,
		AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret,
	}
}

func (w *wiring) target(ctx context.Context, project *spec.Project) (*cmdutil.Target, error) {
	alias := w.alias(project)
	if alias == access.LocalAlias {
		info, err := w.local(ctx)
		if err != nil {
			return nil, err
		}
		return w.targetAt(localCredentials(info), info.Endpoint, true), nil
	}
	credentials, err := w.resolve(ctx, alias)
	if err != nil {
		return nil, err
	}
	endpoint := os.Getenv(envCustomEndpoint)
	if endpoint == "" {
		endpoint = os.Getenv(envEndpoint)
	}
	return w.targetAt(credentials, endpoint, false), nil
}

func (w *wiring) targetAt(credentials access.Credentials, endpoint string, isLocal bool) *cmdutil.Target {
	return &cmdutil.Target{
		Credentials: credentials,
		Local:       isLocal,
		Endpoint:    endpoint,
		Client: func(r *spec.Resource) (*fcclient.Client, error) {
			return fcclient.New(fcclient.Config{
				Region: r.Region, Credentials: credentials, Endpoint: endpoint,
				V2: r.Service != nil, Version: w.version,
			}), nil
		},
	}
}

// renderOptions paints diagnostics as the terminal can.
func renderOptions(io *iostreams.IOStreams) diag.RenderOptions {
	return diag.RenderOptions{
		Source: os.ReadFile, Error: io.Red, Warning: io.Yellow, Place: io.Cyan, Strong: io.Bold,
		Label: func(word string) string { return io.T(word) },
	}
}
