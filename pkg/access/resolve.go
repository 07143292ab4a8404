package access

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"s/pkg/debug"
	"s/pkg/vault"
)

// DefaultAlias is the alias used when nothing names one and none is marked as
// the default.
const DefaultAlias = "default"

// Aliases that name a source instead of kept keys.
const (
	ProfileAlias     = "${aliyun-cli}"   // the current profile of the Alibaba Cloud CLI
	OIDCAlias        = "${oidc}"         // a role taken with an OIDC token
	ECSAlias         = "${ecs-ram-role}" // the RAM role of this ECS instance
	profilePrefix    = "${aliyun-cli:"   // and a profile's name, and }
	cicdAliasName    = "serverless_devs_access_cicd_alias_name"
	envKeySuffix     = "_serverless_devs_key" // of variables that hold a whole set of credentials as JSON
	placeEnvironment = "the environment "
)

// IsSource reports whether an alias names a source instead of kept keys:
// ${aliyun-cli}, ${aliyun-cli:PROFILE}, ${oidc} or ${ecs-ram-role}.
func IsSource(alias string) bool {
	profile, ok := strings.CutPrefix(alias, profilePrefix)
	return alias == ProfileAlias || alias == OIDCAlias || alias == ECSAlias ||
		ok && len(profile) > 1 && strings.IndexByte(profile, '}') == len(profile)-1
}

// Options says whose credentials are wanted and where they may be.
type Options struct {
	// Alias is the alias of -a or of s.yaml; empty is the default one.
	Alias string
	// FromFlag is set if Alias comes from -a: then it wins over keys in the
	// environment.
	FromFlag bool
	// LookupEnv reads the environment; nil is an empty one.
	LookupEnv func(string) (string, bool)
	// Environ lists the environment as NAME=value. It is looked through for the
	// marks of CI systems; nil has none.
	Environ func() []string
	// HomeDir is the user's home folder, for ~/.aliyun; empty skips it.
	HomeDir string
	// SHome is the folder of s, ~/.s, where access.yaml is; empty skips it.
	SHome string
	// Vault has the secrets that aren't in the file; nil is none.
	Vault *vault.Vault
	// Now tells the time, for credentials that expire; nil is time.Now.
	Now func() time.Time
	// HTTP sends what goes to STS and to services of this machine; nil is a
	// client that goes through the proxy of the environment to the first and
	// past it to the others.
	HTTP *http.Client
	// Timeout bounds one question to a service; 0 is 5 s for STS and 1 s for
	// services of this machine.
	Timeout time.Duration
	// Product is what this machine's firmware calls it; ECSProduct has a
	// metadata service worth asking without being told to.
	Product string
	// Debug is told where was looked and what was asked; nil is nobody.
	Debug *debug.Log

	stsRegion string // of a profile
}

// ECSProduct is the product name of ECS instances (cloud-init's data source for
// Alibaba Cloud looks for it, too).
const ECSProduct = "Alibaba Cloud ECS"

func (o Options) env(names ...string) string {
	if o.LookupEnv == nil {
		return ""
	}
	for _, name := range names {
		if value, _ := o.LookupEnv(name); value != "" {
			return value
		}
	}
	return ""
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// Resolve finds credentials. With an alias of -a that alias comes first, and
// alone unless it is DefaultAlias: in a variable <alias> whose name ends in
// _serverless_devs_key, then in what s config keeps, then in access.yaml. Else
// the order is: AccountID, AccessKeyID and AccessKeySecret (and SecurityToken) in
// the environment, all three; the alias as above; ALIBABA_CLOUD_ACCESS_KEY_ID and
// _SECRET (and _SECURITY_TOKEN, and ALIBABA_CLOUD_ACCOUNT_ID or FC_ACCOUNT_ID),
// or the same names that begin with ALIBABACLOUD_, or AccessKeyID and AccessKeySecret alone; a role
// taken with an OIDC token (ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE);
// the profile of the Alibaba Cloud CLI; ALIBABA_CLOUD_CREDENTIALS_URI; the RAM
// role of the ECS instance, if this is one or ALIBABA_CLOUD_ECS_METADATA says so.
// A service is asked only when nothing before it has credentials.
//
// The error wraps ErrNotFound if there are none; it is a *ProviderError if a
// service or a program that was asked gave none, and says what is wrong with a file
// that can't be read otherwise. LocalAlias is for the caller to handle.
func Resolve(ctx context.Context, opts Options) (Credentials, error) {
	if err := ctx.Err(); err != nil {
		return Credentials{}, err
	}
	if !opts.FromFlag {
		if alias := opts.cicdAlias(); alias != "" {
			opts.Debug.Linef("access", "alias %s (%s, in a CI system)", alias, cicdAliasName)
			opts.Alias = alias
		}
	}
	missing := &NotFoundError{Alias: opts.Alias}
	for _, find := range opts.sources() {
		c, looked, err := find(ctx, opts)
		opts.Debug.Hide(c.AccessKeySecret, c.SecurityToken)
		if err != nil {
			return Credentials{}, err
		}
		if c.complete() {
			opts.tell(c, looked)
			return c, nil
		}
		for _, place := range looked {
			opts.Debug.Linef("access", "nothing in %s", place)
		}
		missing.Looked = append(missing.Looked, looked...)
	}
	return Credentials{}, missing
}

// tell tells where credentials were found, and nothing of their values.
func (o Options) tell(c Credentials, looked []string) {
	if !o.Debug.On() {
		return
	}
	kind := "a key without a token"
	if c.SecurityToken != "" {
		kind = "a key with a token"
	}
	account := "not known yet"
	if c.AccountID != "" {
		account = c.AccountID
	}
	place := ""
	if len(looked) > 0 {
		place = " in " + looked[len(looked)-1]
	}
	o.Debug.Linef("access", "taken: %s%s: %s, account %s", c.Alias, place, kind, account)
}

// source is one place to look at. It gives incomplete credentials and the names
// of the places if there are none.
type source func(context.Context, Options) (c Credentials, looked []string, err error)

// sources are the places to look at, in their order.
func (o Options) sources() []source {
	fallbacks := []source{fromAlibabaEnvironment, fromPairInEnvironment, fromOIDC, fromProfile, fromURI, fromECS}
	switch {
	case o.Alias == ProfileAlias || strings.HasPrefix(o.Alias, profilePrefix):
		return []source{fromProfile}
	case o.Alias == OIDCAlias:
		return []source{fromOIDC}
	case o.Alias == ECSAlias:
		return []source{fromECS}
	case o.FromFlag && o.Alias == DefaultAlias:
		return append([]source{fromAlias, fromEnvironment}, fallbacks...)
	case o.FromFlag && o.Alias != "":
		return []source{fromAlias}
	}
	return append([]source{fromEnvironment, fromAlias}, fallbacks...)
}

// cicdAlias is the alias that a CI system chooses, empty outside of one. The
// marks are those that Serverless Devs looks for.
func (o Options) cicdAlias() string {
	alias := o.env(cicdAliasName)
	if alias == "" || o.Environ == nil {
		return ""
	}
	for _, pair := range o.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if name == "BUILD_IMAGE_ENV" && value == "fc-backend" {
			return alias
		}
		for _, prefix := range []string{"SERVERLESS_CD", "SERVERLESS_DEVS_CICD", "CLOUDSHELL", "PIPELINE", "GITHUB", "GITLAB", "JENKINS"} {
			if strings.HasPrefix(name, prefix) {
				return alias
			}
		}
	}
	return ""
}

func (o Options) environmentKeys() Credentials {
	return Credentials{
		Alias: EnvironmentAlias, AccountID: o.env("AccountID"), AccessKeyID: o.env("AccessKeyID"),
		AccessKeySecret: o.env("AccessKeySecret"), SecurityToken: o.env("SecurityToken"),
	}
}

func fromEnvironment(_ context.Context, o Options) (Credentials, []string, error) {
	c := o.environmentKeys()
	if c.AccountID == "" {
		c = Credentials{}
	}
	return c, []string{placeEnvironment + "(AccountID, AccessKeyID, AccessKeySecret)"}, nil
}

// fromPairInEnvironment takes the names of fromEnvironment without an account,
// which Serverless Devs ignores: behind the aliases, where they change nothing for
// projects that work.
func fromPairInEnvironment(_ context.Context, o Options) (Credentials, []string, error) {
	return o.environmentKeys(), nil, nil
}

func fromAlibabaEnvironment(_ context.Context, o Options) (Credentials, []string, error) {
	looked := []string{placeEnvironment + "(ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET)"}
	for _, prefix := range []string{"ALIBABA_CLOUD_", "ALIBABACLOUD_"} {
		c := Credentials{
			Alias:       EnvironmentAlias,
			AccountID:   o.env(prefix+"ACCOUNT_ID", "ALIBABA_CLOUD_ACCOUNT_ID", "FC_ACCOUNT_ID"), // the last is what s local env prints
			AccessKeyID: o.env(prefix + "ACCESS_KEY_ID"), AccessKeySecret: o.env(prefix + "ACCESS_KEY_SECRET"),
			SecurityToken: o.env(prefix + "SECURITY_TOKEN"),
		}
		if c.complete() {
			return c, looked, nil
		}
	}
	return Credentials{}, looked, nil
}

// fromAlias looks for an alias in the environment, in what is kept and in
// access.yaml.
func fromAlias(ctx context.Context, o Options) (Credentials, []string, error) {
	alias := o.Alias
	var looked []string
	if strings.HasSuffix(alias, envKeySuffix) {
		looked = append(looked, placeEnvironment+"("+alias+")")
		if text := o.env(alias); text != "" {
			c, err := parseEnvKey(alias, text)
			return c, looked, err
		}
	}
	kept, err := keptOf(o)
	if err != nil {
		return Credentials{}, nil, err
	}
	if alias == "" {
		alias = kept.Default()
	}
	if keys, ok := kept.doc.Access[alias]; ok && keys.Process != "" {
		c, err := o.process(ctx, keys.Process, fmt.Sprintf("%s:%d", kept.path, kept.lines[alias]))
		c.Alias = alias
		if keys.AccountID != "" {
			c.AccountID = keys.AccountID
		}
		return c, looked, err
	}
	if kept.Has(alias) {
		c, err := kept.Open(ctx, alias)
		return c, append(looked, kept.where(alias)), err
	}
	place := "access.yaml"
	if kept.foreign.path != "" {
		place = kept.foreign.path
	}
	return Credentials{}, append(looked, fmt.Sprintf("%s (%s)", place, alias)), nil
}

// keptOf is ReadKept, empty without a home.
func keptOf(o Options) (*Kept, error) {
	if o.SHome == "" {
		return &Kept{foreign: &accessFile{}}, nil
	}
	return ReadKept(o.SHome, o.Vault)
}

func sortedKeys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// parseEnvKey reads a whole set of credentials. The error doesn't quote the
// text: it holds secrets.
func parseEnvKey(alias, text string) (Credentials, error) {
	var v struct{ AccountID, AccessKeyID, AccessKeySecret, SecurityToken string }
	if json.Unmarshal([]byte(text), &v) != nil {
		return Credentials{}, fmt.Errorf("the environment variable %s isn't JSON with AccountID, AccessKeyID and AccessKeySecret", alias)
	}
	c := Credentials{Alias: alias, AccountID: v.AccountID, AccessKeyID: v.AccessKeyID, AccessKeySecret: v.AccessKeySecret, SecurityToken: v.SecurityToken}
	if !c.complete() {
		return Credentials{}, fmt.Errorf("the environment variable %s lacks AccessKeyID or AccessKeySecret", alias)
	}
	return c, nil
}

// Aliases lists the aliases one can name, sorted: LocalAlias, those of
// access.yaml, and those of environ, a list of NAME=value, that hold
// credentials. What can't be read is left out.
func Aliases(opts Options, environ []string) []string {
	names := []string{LocalAlias}
	if kept, err := keptOf(opts); err == nil {
		names = append(names, kept.Aliases()...)
	}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" && strings.HasSuffix(name, envKeySuffix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
