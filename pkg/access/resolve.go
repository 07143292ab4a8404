package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// DefaultAlias is the alias used when nothing names one and none is marked as
// the default.
const DefaultAlias = "default"

// ProfileAlias names the current profile of the Alibaba Cloud CLI.
const ProfileAlias = "${aliyun-cli}"

// envKeySuffix ends the names of environment variables that hold a whole set of
// credentials as JSON.
const envKeySuffix = "_serverless_devs_key"

// Options says whose credentials are wanted and where they may be.
type Options struct {
	// Alias is the alias of -a or of s.yaml; empty is the default one.
	Alias string
	// FromFlag is set if Alias comes from -a: then it wins over keys in the
	// environment.
	FromFlag bool
	// LookupEnv reads the environment; nil is an empty one.
	LookupEnv func(string) (string, bool)
	// HomeDir is the user's home folder, for ~/.aliyun; empty skips it.
	HomeDir string
	// SHome is the folder of s, ~/.s, where access.yaml is; empty skips it.
	SHome string
	// Now tells the time, for credentials that expire; nil is time.Now.
	Now func() time.Time
}

func (o Options) env(name string) string {
	if o.LookupEnv == nil {
		return ""
	}
	value, _ := o.LookupEnv(name)
	return value
}

// Resolve finds credentials. With an alias of -a that alias comes first, and
// alone unless it is DefaultAlias: in a variable <alias> whose name ends in
// _serverless_devs_key, then in what s config keeps, then in access.yaml. Else
// the order is: AccountID, AccessKeyID and AccessKeySecret (and SecurityToken) in
// the environment; the alias as above;
// ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET (and _SECURITY_TOKEN, and
// ALIBABA_CLOUD_ACCOUNT_ID or FC_ACCOUNT_ID); the current profile of the Alibaba Cloud CLI.
// The error wraps ErrNotFound if there are none, and says what is wrong with a
// file that can't be read otherwise. LocalAlias is for the caller to handle.
func Resolve(ctx context.Context, opts Options) (Credentials, error) {
	if err := ctx.Err(); err != nil {
		return Credentials{}, err
	}
	sources := []source{fromEnvironment, fromAlias, fromAlibabaEnvironment, fromProfile}
	switch {
	case opts.Alias == ProfileAlias:
		sources = []source{fromProfile}
	case opts.FromFlag && opts.Alias == DefaultAlias:
		sources = []source{fromAlias, fromEnvironment, fromAlibabaEnvironment, fromProfile}
	case opts.FromFlag && opts.Alias != "":
		sources = []source{fromAlias}
	}
	missing := &NotFoundError{Alias: opts.Alias}
	for _, find := range sources {
		c, looked, err := find(opts)
		if err != nil {
			return Credentials{}, err
		}
		if c.complete() {
			return c, nil
		}
		missing.Looked = append(missing.Looked, looked...)
	}
	return Credentials{}, missing
}

// source is one place to look at. It gives incomplete credentials and the names
// of the places if there are none.
type source func(Options) (c Credentials, looked []string, err error)

func fromEnvironment(o Options) (Credentials, []string, error) {
	c := Credentials{
		Alias: EnvironmentAlias, AccountID: o.env("AccountID"), AccessKeyID: o.env("AccessKeyID"),
		AccessKeySecret: o.env("AccessKeySecret"), SecurityToken: o.env("SecurityToken"),
	}
	if c.AccountID == "" {
		c = Credentials{}
	}
	return c, []string{"the environment (AccountID, AccessKeyID, AccessKeySecret)"}, nil
}

func fromAlibabaEnvironment(o Options) (Credentials, []string, error) {
	account := o.env("ALIBABA_CLOUD_ACCOUNT_ID")
	if account == "" {
		account = o.env("FC_ACCOUNT_ID") // what s local env prints
	}
	return Credentials{
		Alias: EnvironmentAlias, AccountID: account, AccessKeyID: o.env("ALIBABA_CLOUD_ACCESS_KEY_ID"),
		AccessKeySecret: o.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET"), SecurityToken: o.env("ALIBABA_CLOUD_SECURITY_TOKEN"),
	}, []string{"the environment (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET)"}, nil
}

// fromAlias looks for an alias in the environment and in access.yaml.
func fromAlias(o Options) (Credentials, []string, error) {
	alias := o.Alias
	var looked []string
	if strings.HasSuffix(alias, envKeySuffix) {
		looked = append(looked, "the environment ("+alias+")")
		if text := o.env(alias); text != "" {
			c, err := parseEnvKey(alias, text)
			return c, looked, err
		}
	}
	kept, err := keptOf(o.SHome)
	if err != nil {
		return Credentials{}, nil, err
	}
	if alias == "" {
		alias = kept.Default()
	}
	if keys, ok := kept.doc.Access[alias]; ok {
		c, _ := kept.Get(alias)
		if keys.AccessKeyID == "" || keys.AccessKeySecret == "" {
			return Credentials{}, nil, fmt.Errorf("access %q in %s lacks AccessKeyID or AccessKeySecret", alias, kept.path)
		}
		return c, looked, nil
	}
	file := kept.foreign
	place := "access.yaml"
	if file.path != "" {
		place = file.path
	}
	looked = append(looked, fmt.Sprintf("%s (%s)", place, alias))
	c, err := file.credentials(alias)
	return c, looked, err
}

// keptOf is ReadKept, empty without a home.
func keptOf(home string) (*Kept, error) {
	if home == "" {
		return &Kept{foreign: &accessFile{}}, nil
	}
	return ReadKept(home)
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

// accessFile is access.yaml: aliases and their encrypted fields.
type accessFile struct {
	path    string
	order   []string
	aliases map[string]map[string]string
}

// readAccessFile reads access.yaml or access.yml; an absent one is empty.
func readAccessFile(home string) (*accessFile, error) {
	file := &accessFile{aliases: map[string]map[string]string{}}
	if home == "" {
		return file, nil
	}
	for _, name := range []string{"access.yaml", "access.yml"} {
		path := filepath.Join(home, name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
		file.path = path
		return file, file.parse(data)
	}
	return file, nil
}

func (f *accessFile) parse(data []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		// The parser's own words may quote what it couldn't read.
		return fmt.Errorf("%s isn't valid YAML", f.path)
	}
	if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return fmt.Errorf("%s isn't a map of aliases", f.path)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		alias, body := root.Content[i].Value, root.Content[i+1]
		if body.Kind != yaml.MappingNode {
			continue
		}
		fields := map[string]string{}
		for j := 0; j+1 < len(body.Content); j += 2 {
			if v := body.Content[j+1]; v.Kind == yaml.ScalarNode {
				fields[body.Content[j].Value] = v.Value
			}
		}
		f.order = append(f.order, alias)
		f.aliases[alias] = fields
	}
	return nil
}

// defaultAlias is the one marked as such, or DefaultAlias.
func (f *accessFile) defaultAlias() string {
	for _, alias := range f.order {
		if marked := f.aliases[alias]["__default"]; marked != "" && marked != "false" {
			return alias
		}
	}
	return DefaultAlias
}

func (f *accessFile) credentials(alias string) (Credentials, error) {
	fields, ok := f.aliases[alias]
	if !ok {
		return Credentials{}, nil
	}
	c := Credentials{
		Alias: alias, AccountID: reveal(fields["AccountID"]), AccessKeyID: reveal(fields["AccessKeyID"]),
		AccessKeySecret: reveal(fields["AccessKeySecret"]), SecurityToken: reveal(fields["SecurityToken"]),
	}
	if !c.complete() {
		return Credentials{}, fmt.Errorf("access %q in %s lacks AccessKeyID or AccessKeySecret", alias, f.path)
	}
	return c, nil
}

// Aliases lists the aliases one can name, sorted: LocalAlias, those of
// access.yaml, and those of environ, a list of NAME=value, that hold
// credentials. What can't be read is left out.
func Aliases(opts Options, environ []string) []string {
	names := []string{LocalAlias}
	if kept, err := keptOf(opts.SHome); err == nil {
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
