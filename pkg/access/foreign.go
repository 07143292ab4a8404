package access

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"s/pkg/vault"
)

// accessFile is access.yaml: aliases and their encrypted fields.
type accessFile struct {
	path    string
	order   []string
	aliases map[string]map[string]field
	lines   map[string]int
}

// field is one value of an alias and its line.
type field struct {
	text string
	line int
}

// readAccessFile reads access.yaml or access.yml; an absent one is empty.
func readAccessFile(home string) (*accessFile, error) {
	file := &accessFile{aliases: map[string]map[string]field{}, lines: map[string]int{}}
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
		return vault.BadYAML(f.path, err, "valid YAML")
	}
	if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return fmt.Errorf("%s:%d: this isn't a map of aliases", f.path, root.Line)
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		alias, body := root.Content[i].Value, root.Content[i+1]
		fields := map[string]field{}
		for j := 0; j+1 < len(body.Content) && body.Kind == yaml.MappingNode; j += 2 {
			if v := body.Content[j+1]; v.Kind == yaml.ScalarNode {
				fields[body.Content[j].Value] = field{v.Value, v.Line}
			}
		}
		f.order = append(f.order, alias)
		f.aliases[alias] = fields
		f.lines[alias] = root.Content[i].Line
	}
	return nil
}

// defaultAlias is the one marked as such, or DefaultAlias.
func (f *accessFile) defaultAlias() string {
	for _, alias := range f.order {
		if marked := f.aliases[alias]["__default"].text; marked != "" && marked != "false" {
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
	c := Credentials{Alias: alias}
	for name, to := range map[string]*string{
		"AccountID": &c.AccountID, "AccessKeyID": &c.AccessKeyID, "AccessKeySecret": &c.AccessKeySecret, "SecurityToken": &c.SecurityToken,
	} {
		text, err := vault.Reveal(fields[name].text, vault.PeerPassphrase)
		if err != nil {
			return Credentials{}, fmt.Errorf("%s:%d: %s of access %q is %w", f.path, fields[name].line, name, alias, err)
		}
		*to = text
	}
	if !c.complete() {
		return Credentials{}, fmt.Errorf("%s:%d: access %q lacks AccessKeyID or AccessKeySecret", f.path, f.lines[alias], alias)
	}
	return c, nil
}
