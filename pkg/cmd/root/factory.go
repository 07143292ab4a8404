package root

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"s/pkg/access"
	"s/pkg/alicloud"
	"s/pkg/cmd/cmdutil"
	envcmd "s/pkg/cmd/env"
	"s/pkg/diag"
	"s/pkg/fcclient"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/secret"
	"s/pkg/spec"
	"s/pkg/vault"
)

// Environment variables that the composition root reads. The endpoints are the
// peer's name and the one that `s local env` prints.
const (
	envHome           = "S_HOME"
	envEndpoint       = "FC_ENDPOINT"
	envCustomEndpoint = "FC_CLIENT_CUSTOM_ENDPOINT"
	envOSSEndpoint    = "FC_CODE_TEMP_OSS_ENDPOINT"
	envConnectTimeout = "FC_CLIENT_CONNECT_TIMEOUT" // seconds
	envReadTimeout    = "FC_CLIENT_READ_TIMEOUT"    // seconds
)

// maxSeconds is the longest time that the environment may ask for: a day.
const maxSeconds = 86_400

// wiring fills a Factory; everything expensive stays lazy.
type wiring struct {
	io       *iostreams.IOStreams
	version  string
	settings *cmdutil.Settings

	vaultOnce sync.Once
	vault     *vault.Vault

	// now and seed are for timestamp() and uuid(): the same however often the file
	// is loaded, so that what was planned is what is applied.
	now  func() time.Time
	seed func() []byte
}

func newWiring(io *iostreams.IOStreams, version string) *wiring {
	return &wiring{
		io: io, version: version, settings: &cmdutil.Settings{},
		now:  sync.OnceValue(time.Now),
		seed: sync.OnceValue(func() []byte { return []byte(rand.Text() + rand.Text()) }),
	}
}

// newFactory wires what commands are given.
func newFactory(io *iostreams.IOStreams, version string) *cmdutil.Factory {
	return newWiring(io, version).factory()
}

func (w *wiring) factory() *cmdutil.Factory {
	return &cmdutil.Factory{
		IO:       w.io,
		Version:  w.version,
		Settings: w.settings,
		Project:  w.project,
		Reload:   w.reload,
		Load: func(ctx context.Context, command string) (*spec.Project, diag.Diagnostics) {
			return w.load(ctx, command, nil)
		},
		Target:  w.target,
		Local:   w.local,
		Home:    home,
		Vault:   w.openVault,
		Outside: w.outside,
		Roles:   w.roles,
		Identity: func(ctx context.Context, c access.Credentials) (string, error) {
			return access.Identity(ctx, access.Options{LookupEnv: os.LookupEnv, Debug: w.io.Debug()}, c)
		},
	}
}

// openVault gives the vault of this system, one for the whole run, so that it
// says only once that there is no keyring.
func (w *wiring) openVault() *vault.Vault {
	w.vaultOnce.Do(func() { w.vault = vault.New(os.LookupEnv, w.io.Errf) })
	return w.vault
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

func (w *wiring) load(ctx context.Context, command string, known cmdutil.Known) (*spec.Project, diag.Diagnostics) {
	opts := spec.Options{
		File:       w.settings.Template,
		Text:       w.settings.Text,
		LookupEnv:  os.LookupEnv,
		Command:    command,
		Env:        w.settings.Env,
		DefaultEnv: defaultEnvironment,
		SecretFor:  w.secret(ctx),
		Now:        w.now,
		Random:     bytes.NewReader(w.seed()),

		CredentialFor: w.credential(ctx),
	}
	if command == "preview" {
		asWritten(&opts)
	}
	if known != nil {
		opts.Output = func(name string) (map[string]any, bool) { return known(name, false) }
		opts.Info = func(name string) (map[string]any, bool) { return known(name, true) }
	}
	if opts.Text != "" {
		opts.File = "--props"
	}
	start := time.Now()
	project, found := spec.Load(ctx, opts)
	tellProject(w.io.Debug(), project, found, time.Since(start))
	return project, found
}

// asWritten leaves credentials and secrets as the expressions that they are:
// a preview needs no account and shows no key.
func asWritten(opts *spec.Options) {
	opts.CredentialFor = func(_, field string) (string, error) { return "${config('" + field + "')}", nil }
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

// secret gives what s secret keeps, for ${secret(X)}.
func (w *wiring) secret(ctx context.Context) func(string) (string, error) {
	return func(name string) (string, error) {
		dir, err := home()
		if err != nil {
			return "", err
		}
		return lookUpSecret(ctx, w.io.Debug(), name, secret.Store{Home: dir, Vault: w.openVault()}.Get)
	}
}

// credential gives single fields of the credentials for ${config(X)}: of -a, else
// of the alias that the file or its environment names. They are looked up when the
// first is asked for.
func (w *wiring) credential(ctx context.Context) func(alias, field string) (string, error) {
	var once sync.Once
	var c access.Credentials
	var err error
	return func(alias, field string) (string, error) {
		once.Do(func() { c, err = w.resolve(ctx, cmp.Or(w.settings.Access, alias)) })
		if err != nil {
			return "", err
		}
		if field == "AccountID" {
			if c, err = w.withAccount(ctx, c); err != nil {
				return "", err
			}
		}
		if value, ok := c.Field(field); ok {
			return value, nil
		}
		return "", fmt.Errorf("credentials have no field %q", field)
	}
}

func (w *wiring) project(ctx context.Context, command string) (*spec.Project, error) {
	return w.rendered(w.load(ctx, command, nil))
}

// reload is project once more; its warnings have been shown.
func (w *wiring) reload(ctx context.Context, command string, known cmdutil.Known) (*spec.Project, error) {
	project, diags := w.load(ctx, command, known)
	if diags.HasErrors() {
		return w.rendered(project, diags)
	}
	return project, nil
}

// rendered shows warnings; errors end the command.
func (w *wiring) rendered(project *spec.Project, diags diag.Diagnostics) (*spec.Project, error) {
	if err := diags.Err(); err != nil {
		return nil, cmdutil.WithCode(cmdutil.ExitSpec, err)
	}
	if len(diags) > 0 {
		if err := diag.Render(w.io.ErrOut, diags, cmdutil.RenderOptions(w.io)); err != nil {
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
	w.tellAlias(alias)
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
	return w.resolveWith(ctx, w.accessOptions(alias, dir))
}

func (w *wiring) resolveWith(ctx context.Context, o access.Options) (access.Credentials, error) {
	c, err := access.Resolve(ctx, o)
	if login := (*access.LoginError)(nil); errors.As(err, &login) {
		return c, cmdutil.WithHint(cmdutil.ExitCredentials, err, login.Command)
	}
	if errors.Is(err, access.ErrNotFound) {
		return c, cmdutil.WithHint(cmdutil.ExitCredentials, err, w.io.T("s config add stores a key; -a local needs no account"))
	}
	if sealed := (*access.SealedError)(nil); errors.As(err, &sealed) {
		return c, cmdutil.WithHint(cmdutil.ExitCredentials, err, cmdutil.SealedHint(sealed))
	}
	if err != nil {
		return c, cmdutil.WithCode(cmdutil.ExitCredentials, err)
	}
	return c, nil
}

// productFile has what the firmware of a Linux machine calls it.
const productFile = "/sys/class/dmi/id/product_name"

func (w *wiring) accessOptions(alias, home string) access.Options {
	user, _ := os.UserHomeDir()            // without one, the CLI's profile is skipped
	product, _ := os.ReadFile(productFile) // without one, this is no ECS instance
	return access.Options{
		Alias: alias, FromFlag: w.settings.Access != "", LookupEnv: os.LookupEnv, Environ: os.Environ,
		HomeDir: user, SHome: home, Vault: w.openVault(), Product: strings.TrimSpace(string(product)),
		Debug: w.io.Debug(),
	}
}

// aliases are what -a can be completed with.
func aliases(f *cmdutil.Factory) []string {
	home, err := f.Home()
	if err != nil {
		return nil
	}
	return access.Aliases(access.Options{LookupEnv: os.LookupEnv, SHome: home, Vault: f.Vault()}, os.Environ())
}

// withAccount finds the account of credentials that don't name it. FC's own
// endpoints have it in their names.
func (w *wiring) withAccount(ctx context.Context, c access.Credentials) (access.Credentials, error) {
	dir, err := home()
	if err != nil || c.AccountID != "" {
		return c, err
	}
	c.AccountID, err = access.Identity(ctx, w.accessOptions("", dir), c)
	if err != nil {
		return c, cmdutil.WithHint(cmdutil.ExitCredentials, fmt.Errorf("the account of %s isn't known: %w", c.Alias, err),
			w.io.T("set ALIBABA_CLOUD_ACCOUNT_ID, or keep the key with s config add"))
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
		return w.targetAt(localCredentials(info), info.Endpoint, true)
	}
	credentials, err := w.resolve(ctx, alias)
	if err != nil {
		return nil, err
	}
	endpoint := os.Getenv(envCustomEndpoint)
	if endpoint == "" {
		endpoint = os.Getenv(envEndpoint)
	}
	if endpoint == "" {
		// Not all of FC's hosts need the account: without STS, go on.
		if credentials, err = w.withAccount(ctx, credentials); err != nil && !access.IsOffline(err) {
			return nil, err
		}
	}
	return w.targetAt(credentials, endpoint, false)
}

// uploaded shows how far the upload of a resource's code is.
func (w *wiring) uploaded(name string) func(done, total int64) {
	var line *iostreams.Progress
	return func(done, total int64) {
		if line == nil {
			line = w.io.Progress(name)
		}
		if done < 0 || done == total {
			line.End(done == total, "")
			line = nil
			return
		}
		line.Say(w.io.T("uploading the code: %d of %d MB", done/1e6, total/1e6))
	}
}

// seconds reads a time from the environment; 0 isn't set.
func seconds(name string) (time.Duration, error) {
	text := os.Getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxSeconds {
		return 0, cmdutil.UsageError(fmt.Errorf("%s is %q: it takes whole seconds, from 1 to %d", name, text, maxSeconds))
	}
	return time.Duration(n) * time.Second, nil
}

func (w *wiring) targetAt(credentials access.Credentials, endpoint string, isLocal bool) (*cmdutil.Target, error) {
	connect, err := seconds(envConnectTimeout)
	if err != nil {
		return nil, err
	}
	answer, err := seconds(envReadTimeout)
	if err != nil {
		return nil, err
	}
	target := &cmdutil.Target{
		Credentials: credentials,
		Local:       isLocal,
		Endpoint:    endpoint,
		Client: func(r *spec.Resource) (*fcclient.Client, error) {
			return fcclient.New(fcclient.Config{
				Region: r.Region, Credentials: credentials, Endpoint: endpoint,
				V2: r.Service != nil, Version: w.version, Debug: w.io.Debug(),
				OSSEndpoint: os.Getenv(envOSSEndpoint), Uploaded: w.uploaded(r.Name),
				ConnectTimeout: connect, AnswerTimeout: answer,
			}), nil
		},
	}
	target.Auto = func(region string) *alicloud.Client {
		config := alicloud.Config{Region: region, AccountID: credentials.AccountID, Local: isLocal, Env: os.Getenv, Debug: w.io.Debug()}
		config.Keys.AccessKeyID, config.Keys.AccessKeySecret, config.Keys.SecurityToken = credentials.AccessKeyID, credentials.AccessKeySecret, credentials.SecurityToken
		if isLocal {
			config.Endpoint = endpoint
		}
		return alicloud.New(config)
	}
	w.tellTarget(target)
	return target, nil
}
