package access

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// keptName is the file of our own in the home of s. access.yaml belongs to
// Serverless Devs and is only read.
const keptName = "credentials.yaml"

// keptHeader begins the file.
const keptHeader = "# Written by s config. The keys are readable for this user alone; change them with s config.\n"

var aliasName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// ExistsError says that there is an alias of that name already.
type ExistsError struct{ Alias string }

// Error names the alias.
func (e *ExistsError) Error() string { return fmt.Sprintf("there is an access %q already", e.Alias) }

// ForeignError says that an alias is in the file of Serverless Devs, which is
// never written to.
type ForeignError struct{ Alias, Path string }

// Error names the file.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("access %q is in %s, which belongs to Serverless Devs and is only read", e.Alias, e.Path)
}

// Kept is the credentials that s config keeps, in credentials.yaml of the home
// of s, with mode 0600. The zero value is none.
type Kept struct {
	path    string
	foreign *accessFile
	doc     keptDoc
}

type keptDoc struct {
	Default string              `yaml:"default,omitempty"`
	Access  map[string]keptKeys `yaml:"access,omitempty"`
}

// keptKeys has the field names of access.yaml.
type keptKeys struct {
	AccountID       string `yaml:"AccountID,omitempty"`
	AccessKeyID     string `yaml:"AccessKeyID"`
	AccessKeySecret string `yaml:"AccessKeySecret"`
	SecurityToken   string `yaml:"SecurityToken,omitempty"`
}

// ReadKept reads what is kept below home, the home of s. An absent file is
// empty; the error doesn't quote the file, which holds secrets.
func ReadKept(home string) (*Kept, error) {
	k := &Kept{path: filepath.Join(home, keptName)}
	var err error
	if k.foreign, err = readAccessFile(home); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	if yaml.Unmarshal(data, &k.doc) != nil {
		return nil, fmt.Errorf("%s isn't the YAML that s config writes", k.path)
	}
	return k, nil
}

// Add keeps credentials under their alias; force replaces those of the same
// alias. The very first alias becomes the default one. Errors are *ExistsError and
// those about the alias or the keys.
func (k *Kept) Add(c Credentials, force bool) error {
	if err := checkAlias(c.Alias); err != nil {
		return err
	}
	if !c.complete() {
		return errors.New("AccessKeyID and AccessKeySecret are needed")
	}
	if _, ok := k.Get(c.Alias); ok && !force {
		return &ExistsError{c.Alias}
	}
	if k.doc.Access == nil {
		k.doc.Access = map[string]keptKeys{}
	}
	if len(k.Aliases()) == 0 {
		k.doc.Default = c.Alias
	}
	k.doc.Access[c.Alias] = keptKeys{c.AccountID, c.AccessKeyID, c.AccessKeySecret, c.SecurityToken}
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

// Get gives the credentials of an alias, also those that Serverless Devs keeps.
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
	if _, ok := k.Get(to); ok {
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
	if _, ok := k.Get(alias); ok {
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
	if _, ok := k.Get(alias); !ok {
		return &NotFoundError{Alias: alias, Looked: []string{k.path}}
	}
	k.doc.Default = alias
	return nil
}

// Aliases lists the aliases that Get knows, sorted.
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

// Save writes the file, whole or not at all, readable for this user alone.
func (k *Kept) Save() error {
	body, err := yaml.Marshal(k.doc)
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("{}")) {
		body = nil
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(k.path), "."+keptName+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	_, err = temp.Write(append([]byte(keptHeader), body...))
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), k.path)
	}
	if err != nil {
		return fmt.Errorf("credentials: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
