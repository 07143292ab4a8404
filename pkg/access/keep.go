package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"s/pkg/vault"
)

// keptName is the file of our own in the home of s. access.yaml belongs to
// Serverless Devs and is only read.
const keptName = "credentials.yaml"

// keptHeader begins the file.
const keptHeader = "# Written by s config. The keys are readable for this user alone; change them with s config.\n"

var aliasName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// Kept is the credentials that s config keeps, in credentials.yaml of the home
// of s, with mode 0600; secrets of it may be in the keyring. The zero value is
// none.
type Kept struct {
	path    string
	vault   *vault.Vault
	foreign *accessFile
	doc     keptDoc
	lines   map[string]int // of aliases, in the file
}

type keptDoc struct {
	Default string              `yaml:"default,omitempty"`
	Access  map[string]keptKeys `yaml:"access,omitempty"`
}

// keptKeys has the field names of access.yaml, and more.
type keptKeys struct {
	AccountID       string `yaml:"AccountID,omitempty"`
	AccessKeyID     string `yaml:"AccessKeyID,omitempty"`
	AccessKeySecret string `yaml:"AccessKeySecret,omitempty"`
	SecurityToken   string `yaml:"SecurityToken,omitempty"`
	// Keyring names the item that has the secrets, a keptSecrets as JSON.
	Keyring string `yaml:"Keyring,omitempty"`
	// Process is a command line that prints credentials.
	Process string `yaml:"Process,omitempty"`
}

// keptSecrets is what the keyring has of an alias.
type keptSecrets struct {
	AccessKeySecret string
	SecurityToken   string `json:",omitempty"`
}

// Places where the secret of an alias may be.
const (
	InFile    = "file"
	InKeyring = "keyring"
	InProcess = "process"
	InForeign = "access.yaml"
)

// ReadKept reads what is kept below home, the home of s. An absent file is
// empty; the error names the file and the line and doesn't quote the file, which
// holds secrets. The keyring of v is asked when a secret is wanted; nil is none.
func ReadKept(home string, v *vault.Vault) (*Kept, error) {
	k := &Kept{path: filepath.Join(home, keptName), vault: v}
	data, err := vault.Read(k.path, v.Tell())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	return k, k.parse(home, data)
}

func (k *Kept) parse(home string, data []byte) error {
	var err error
	if k.foreign, err = readAccessFile(home); err != nil {
		return err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return vault.BadYAML(k.path, err, "the YAML that s config writes")
	}
	if root.IsZero() {
		return nil
	}
	if err := root.Decode(&k.doc); err != nil {
		return vault.BadYAML(k.path, err, "what s config writes")
	}
	k.lines = aliasLines(&root)
	for alias, keys := range k.doc.Access {
		if problem := keys.problem(); problem != "" {
			return fmt.Errorf("%s:%d: access %q %s", k.path, k.lines[alias], alias, problem)
		}
	}
	return nil
}

// problem says what is missing.
func (k keptKeys) problem() string {
	switch {
	case k.Process != "":
	case k.AccessKeyID == "":
		return "lacks AccessKeyID"
	case k.AccessKeySecret == "" && k.Keyring == "":
		return "lacks AccessKeySecret"
	}
	return ""
}

// aliasLines finds the lines of the aliases.
func aliasLines(root *yaml.Node) map[string]int {
	lines := map[string]int{}
	document := root.Content[0]
	for i := 0; i+1 < len(document.Content); i += 2 {
		if document.Content[i].Value != "access" {
			continue
		}
		aliases := document.Content[i+1].Content
		for j := 0; j+1 < len(aliases); j += 2 {
			lines[aliases[j].Value] = aliases[j].Line
		}
	}
	return lines
}

// UpdateKept reads what is kept, changes it and writes it. Writers of all
// processes take turns. Secrets that are new go into the keyring of v if there
// is one; those that are no longer kept leave it once the file is written.
func UpdateKept(ctx context.Context, home string, v *vault.Vault, change func(*Kept) error) error {
	k := &Kept{path: filepath.Join(home, keptName), vault: v}
	var before, after map[string]bool
	err := vault.Update(ctx, k.path, v.Tell(), func(old []byte) ([]byte, error) {
		if err := k.parse(home, old); err != nil {
			return nil, err
		}
		before = k.items()
		changed := maps.Clone(k.doc.Access)
		if err := change(k); err != nil {
			return nil, err
		}
		if err := k.seal(ctx, changed); err != nil {
			return nil, err
		}
		after = k.items()
		return k.encode(old)
	})
	stale := before
	if err != nil {
		stale, after = after, before
	}
	for _, item := range sortedKeys(stale) {
		if !after[item] {
			v.Forget(context.WithoutCancel(ctx), item)
		}
	}
	return err
}

// items lists what the keyring has.
func (k *Kept) items() map[string]bool {
	items := map[string]bool{}
	for _, keys := range k.doc.Access {
		if keys.Keyring != "" {
			items[keys.Keyring] = true
		}
	}
	return items
}

// seal puts the secrets of what is new into the keyring.
func (k *Kept) seal(ctx context.Context, old map[string]keptKeys) error {
	known := map[keptKeys]bool{}
	for _, keys := range old {
		known[keys] = true
	}
	for _, alias := range slices.Sorted(maps.Keys(k.doc.Access)) {
		keys := k.doc.Access[alias]
		if keys.AccessKeySecret == "" || known[keys] {
			continue
		}
		text, err := json.Marshal(keptSecrets{keys.AccessKeySecret, keys.SecurityToken})
		if err != nil {
			return err
		}
		value, err := k.vault.Seal(ctx, string(text))
		if err != nil {
			return err
		}
		if value.Keyring != "" {
			keys.AccessKeySecret, keys.SecurityToken, keys.Keyring = "", "", value.Keyring
			k.doc.Access[alias] = keys
		}
	}
	return nil
}

func (k *Kept) encode(old []byte) ([]byte, error) {
	if k.doc.Default == "" && len(k.doc.Access) == 0 {
		if old == nil {
			return nil, nil
		}
		return []byte(keptHeader), nil
	}
	body, err := yaml.Marshal(k.doc)
	return append([]byte(keptHeader), body...), err
}

// Add keeps credentials under their alias; force replaces those of the same
// alias. The very first alias becomes the default one. Errors are *ExistsError and
// those about the alias or the keys.
func (k *Kept) Add(c Credentials, force bool) error {
	if !c.complete() {
		return errors.New("AccessKeyID and AccessKeySecret are needed")
	}
	return k.put(c.Alias, keptKeys{
		AccountID: c.AccountID, AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken,
	}, force)
}

// AddProcess keeps the command line of a program that prints credentials as
// JSON, in place of keys. Errors are those of Add.
func (k *Kept) AddProcess(alias, accountID, command string, force bool) error {
	if _, err := splitCommand(command); err != nil {
		return err
	}
	return k.put(alias, keptKeys{AccountID: accountID, Process: command}, force)
}

func (k *Kept) put(alias string, keys keptKeys, force bool) error {
	if err := checkAlias(alias); err != nil {
		return err
	}
	if k.Has(alias) && !force {
		return &ExistsError{alias}
	}
	if k.doc.Access == nil {
		k.doc.Access = map[string]keptKeys{}
	}
	if len(k.Aliases()) == 0 {
		k.doc.Default = alias
	}
	k.doc.Access[alias] = keys
	return nil
}

func checkAlias(alias string) error {
	switch {
	case alias == LocalAlias:
		return fmt.Errorf("access %q is the local cloud: choose another name", alias)
	case !aliasName.MatchString(alias):
		return fmt.Errorf("access %q: a name has letters, digits, '_', '-' and '.', begins with a letter or '_' and has at most 64 characters", alias)
	}
	return nil
}

// Has reports whether there is such an alias, also one that Serverless Devs
// keeps.
func (k *Kept) Has(alias string) bool {
	if _, ok := k.doc.Access[alias]; ok {
		return true
	}
	return k.foreign != nil && k.foreign.aliases[alias] != nil
}

// Place is where the secret of an alias is: one of the In constants, or empty.
func (k *Kept) Place(alias string) string {
	keys, ok := k.doc.Access[alias]
	switch {
	case !ok && k.Has(alias):
		return InForeign
	case !ok:
		return ""
	case keys.Process != "":
		return InProcess
	case keys.Keyring != "":
		return InKeyring
	}
	return InFile
}

// where says where an alias is: the file, the line and, if it is elsewhere, the
// place of the secret.
func (k *Kept) where(alias string) string {
	switch place := k.Place(alias); place {
	case InForeign:
		return fmt.Sprintf("%s:%d", k.foreign.path, k.foreign.lines[alias])
	case InFile:
		return fmt.Sprintf("%s:%d", k.path, k.lines[alias])
	default:
		return fmt.Sprintf("%s:%d and the %s", k.path, k.lines[alias], place)
	}
}

// Get gives the credentials of an alias, also those that Serverless Devs keeps,
// without asking the keyring or a process: then the secret is empty.
func (k *Kept) Get(alias string) (Credentials, bool) {
	if keys, ok := k.doc.Access[alias]; ok {
		return Credentials{
			Alias: alias, AccountID: keys.AccountID, AccessKeyID: keys.AccessKeyID,
			AccessKeySecret: keys.AccessKeySecret, SecurityToken: keys.SecurityToken,
		}, true
	}
	if k.foreign == nil {
		return Credentials{}, false
	}
	c, err := k.foreign.credentials(alias)
	return c, err == nil && c.complete()
}

// Open gives the credentials of an alias with what the keyring has of them. The
// error is *NotFoundError if there is no such alias. The secret of a process
// stays empty: Resolve asks it.
func (k *Kept) Open(ctx context.Context, alias string) (Credentials, error) {
	keys, ok := k.doc.Access[alias]
	if !ok {
		if k.foreign != nil && k.foreign.aliases[alias] != nil {
			return k.foreign.credentials(alias)
		}
		return Credentials{}, &NotFoundError{Alias: alias, Looked: []string{k.path, "access.yaml"}}
	}
	c, _ := k.Get(alias)
	if keys.Keyring == "" {
		return c, nil
	}
	text, err := k.vault.Open(ctx, vault.Value{Keyring: keys.Keyring})
	if err != nil {
		return Credentials{}, &SealedError{alias, k.path, k.lines[alias], err}
	}
	var secrets keptSecrets
	if json.Unmarshal([]byte(text), &secrets) != nil || secrets.AccessKeySecret == "" {
		return Credentials{}, fmt.Errorf("%s:%d: what the keyring has of access %q isn't what s config put there", k.path, k.lines[alias], alias)
	}
	c.AccessKeySecret, c.SecurityToken = secrets.AccessKeySecret, secrets.SecurityToken
	return c, nil
}

// Delete forgets an alias. Errors are *NotFoundError and *ForeignError.
func (k *Kept) Delete(alias string) error {
	if err := k.own(alias); err != nil {
		return err
	}
	delete(k.doc.Access, alias)
	if k.doc.Default == alias {
		k.doc.Default = ""
	}
	return nil
}

// Rename gives an alias another name. Errors are those of Delete and Add.
func (k *Kept) Rename(from, to string) error {
	if err := k.own(from); err != nil {
		return err
	}
	if err := checkAlias(to); err != nil {
		return err
	}
	if k.Has(to) {
		return &ExistsError{to}
	}
	k.doc.Access[to] = k.doc.Access[from]
	delete(k.doc.Access, from)
	if k.doc.Default == from {
		k.doc.Default = to
	}
	return nil
}

// own reports why an alias can't be changed.
func (k *Kept) own(alias string) error {
	if _, ok := k.doc.Access[alias]; ok {
		return nil
	}
	if k.Has(alias) {
		return &ForeignError{alias, k.foreign.path}
	}
	return &NotFoundError{Alias: alias, Looked: []string{k.path}}
}

// Default is the alias that is taken where neither -a nor the s.yaml names one.
func (k *Kept) Default() string {
	switch {
	case k.doc.Default != "":
		return k.doc.Default
	case k.foreign != nil:
		return k.foreign.defaultAlias()
	}
	return DefaultAlias
}

// SetDefault chooses the default alias; *NotFoundError if there is no such.
func (k *Kept) SetDefault(alias string) error {
	if !k.Has(alias) {
		return &NotFoundError{Alias: alias, Looked: []string{k.path}}
	}
	k.doc.Default = alias
	return nil
}

// Aliases lists the aliases that Has knows, sorted.
func (k *Kept) Aliases() []string {
	names := map[string]bool{}
	for alias := range k.doc.Access {
		names[alias] = true
	}
	if k.foreign != nil {
		for alias := range k.foreign.aliases {
			names[alias] = true
		}
	}
	return sortedKeys(names)
}
