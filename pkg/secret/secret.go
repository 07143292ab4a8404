// Package secret keeps the values that ${secret('NAME')} stands for: in the
// keyring of the system where one answers, else in secrets.kept.yaml of the home of
// s, which this user alone can read. It also reads the secrets.yaml of Serverless
// Devs, which is never written to.
package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/vault"
)

// Files below the home of s: our own, and the one of Serverless Devs.
const (
	ownName  = "secrets.kept.yaml"
	peerName = "secrets.yaml"
)

const ownHeader = "# Written by s secret. The values are readable for this user alone; change them with s secret.\n"

// MaxValue is the longest value that is kept, in bytes.
const MaxValue = 64 << 10

// Places where a value may be.
const (
	InFile    = "file"
	InKeyring = "keyring"
	InPeer    = peerName
)

var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// NotFoundError says that there is no secret of that name.
type NotFoundError struct {
	Name   string
	Looked []string
}

// Error names the secret and the files.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no secret %q: looked at %s", e.Name, strings.Join(e.Looked, ", "))
}

// ExistsError says that there is a secret of that name already.
type ExistsError struct{ Name string }

// Error names the secret.
func (e *ExistsError) Error() string { return fmt.Sprintf("there is a secret %q already", e.Name) }

// PeerError says that a secret is in the file of Serverless Devs.
type PeerError struct{ Name, Path string }

// Error names the file.
func (e *PeerError) Error() string {
	return fmt.Sprintf("secret %q is in %s, which belongs to Serverless Devs and is only read", e.Name, e.Path)
}

// Store is the secrets of one home of s.
type Store struct {
	// Home is the home of s, ~/.s.
	Home string
	// Vault has the keyring; nil is none.
	Vault *vault.Vault
	// Addresses are the hardware addresses of this machine, which Serverless Devs
	// encrypts with; nil takes those that the system tells.
	Addresses []string
}

// Item is a secret without its value.
type Item struct {
	Name  string `json:"name"`
	Place string `json:"kept"` // one of the In constants
}

type document struct {
	Secrets map[string]vault.Value `yaml:"secrets,omitempty"`
}

func (s Store) own() string { return filepath.Join(s.Home, ownName) }

func (s Store) parse(data []byte) (document, error) {
	var doc document
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return doc, vault.BadYAML(s.own(), err, "the YAML that s secret writes")
	}
	if root.IsZero() {
		return doc, nil
	}
	if err := root.Decode(&doc); err != nil {
		return doc, vault.BadYAML(s.own(), err, "what s secret writes")
	}
	return doc, nil
}

func (s Store) read() (document, error) {
	data, err := vault.Read(s.own(), s.Vault.Tell())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return document{}, fmt.Errorf("secrets: %w", err)
	}
	return s.parse(data)
}

// List gives the names, sorted, with the place of each.
func (s Store) List() ([]Item, error) {
	doc, err := s.read()
	if err != nil {
		return nil, err
	}
	peer, err := s.peer()
	if err != nil {
		return nil, err
	}
	places := map[string]string{}
	for name := range peer {
		places[name] = InPeer
	}
	for name, value := range doc.Secrets {
		places[name] = InFile
		if value.Keyring != "" {
			places[name] = InKeyring
		}
	}
	list := make([]Item, 0, len(places))
	for _, name := range slices.Sorted(maps.Keys(places)) {
		list = append(list, Item{name, places[name]})
	}
	return list, nil
}

// Get gives the value of a secret. The error is *NotFoundError if there is no
// such, and names the file and the line if it can't be read.
func (s Store) Get(ctx context.Context, name string) (string, error) {
	doc, err := s.read()
	if err != nil {
		return "", err
	}
	if value, ok := doc.Secrets[name]; ok {
		text, err := s.Vault.Open(ctx, value)
		if err != nil {
			return "", fmt.Errorf("secret %q can't be read: %w", name, err)
		}
		return text, nil
	}
	peer, err := s.peer()
	if err != nil {
		return "", err
	}
	node, ok := peer[name]
	path := filepath.Join(s.Home, peerName)
	if !ok {
		return "", &NotFoundError{name, []string{s.own(), path}}
	}
	text, err := vault.Reveal(node.Value, s.passphrases()...)
	if err != nil {
		return "", fmt.Errorf("%s:%d: secret %q was encrypted on another machine: %w", path, node.Line, name, err)
	}
	return text, nil
}

// Has reports whether there is a secret of that name.
func (s Store) Has(name string) (bool, error) {
	list, err := s.List()
	return slices.ContainsFunc(list, func(i Item) bool { return i.Name == name }), err
}

// Add keeps a value; force replaces one of the same name. Errors are
// *ExistsError and those about the name or the value.
func (s Store) Add(ctx context.Context, name, text string, force bool) error {
	switch {
	case !validName.MatchString(name):
		return fmt.Errorf("secret %q: a name has letters, digits, '_', '-' and '.', begins with a letter or '_' and has at most 128 characters", name)
	case text == "":
		return fmt.Errorf("secret %q: the value is empty", name)
	case len(text) > MaxValue:
		return fmt.Errorf("secret %q: the value has more than %d kB", name, MaxValue>>10)
	}
	return s.update(ctx, func(doc *document) error {
		_, own := doc.Secrets[name]
		peer, err := s.peer()
		if err != nil {
			return err
		}
		if _, theirs := peer[name]; (own || theirs) && !force {
			return &ExistsError{name}
		}
		value, err := s.Vault.Seal(ctx, text)
		if err != nil {
			return err
		}
		if doc.Secrets == nil {
			doc.Secrets = map[string]vault.Value{}
		}
		doc.Secrets[name] = value
		return nil
	})
}

// Delete forgets a secret. Errors are *NotFoundError and *PeerError.
func (s Store) Delete(ctx context.Context, name string) error {
	return s.update(ctx, func(doc *document) error {
		if _, ok := doc.Secrets[name]; ok {
			delete(doc.Secrets, name)
			return nil
		}
		peer, err := s.peer()
		if err != nil {
			return err
		}
		if _, ok := peer[name]; ok {
			return &PeerError{name, filepath.Join(s.Home, peerName)}
		}
		return &NotFoundError{name, []string{s.own()}}
	})
}

// update changes the file; what it no longer has leaves the keyring afterwards.
func (s Store) update(ctx context.Context, change func(*document) error) error {
	var before, after map[string]vault.Value
	err := vault.Update(ctx, s.own(), s.Vault.Tell(), func(old []byte) ([]byte, error) {
		doc, err := s.parse(old)
		if err != nil {
			return nil, err
		}
		before = maps.Clone(doc.Secrets)
		if err := change(&doc); err != nil {
			return nil, err
		}
		after = doc.Secrets
		if len(after) == 0 {
			return []byte(ownHeader), nil
		}
		body, err := yaml.Marshal(doc)
		return append([]byte(ownHeader), body...), err
	})
	stale, kept := before, after
	if err != nil {
		stale, kept = after, before
	}
	for name, value := range stale {
		if kept[name].Keyring != value.Keyring {
			s.Vault.Forget(context.WithoutCancel(ctx), value.Keyring)
		}
	}
	return err
}

// peer reads the file of Serverless Devs: names and encrypted values.
func (s Store) peer() (map[string]*yaml.Node, error) {
	path := filepath.Join(s.Home, peerName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, vault.BadYAML(path, err, "valid YAML")
	}
	if len(root.Content) == 0 || root.Content[0].ShortTag() == "!!null" {
		return nil, nil
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: this isn't a map of secrets", path, top.Line)
	}
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		if v := top.Content[i+1]; v.Kind == yaml.ScalarNode {
			values[top.Content[i].Value] = v
			continue
		}
		return nil, fmt.Errorf("%s:%d: the value of %q isn't a text", path, top.Content[i].Line, top.Content[i].Value)
	}
	return values, nil
}

// passphrases are those that Serverless Devs may have encrypted with: the
// hardware address of the machine's first interface, whichever that was, the one
// that Node shows for loopback, and a constant where there was none.
func (s Store) passphrases() []string {
	list := slices.Clone(s.Addresses)
	if s.Addresses == nil {
		interfaces, _ := net.Interfaces() // without, only the constants are tried
		for _, i := range interfaces {
			if address := i.HardwareAddr.String(); address != "" {
				list = append(list, address)
			}
		}
	}
	return append(list, "00:00:00:00:00:00", "key123")
}
