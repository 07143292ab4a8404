package envcmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v3"

	"s/pkg/atomicfile"
	"s/pkg/spec"
)

// envFile is an env.yaml that is changed with its comments kept.
type envFile struct {
	path string
	doc  yaml.Node
}

// openFile reads an env.yaml; one that isn't there is empty.
func openFile(path string) (*envFile, error) {
	f := &envFile{path: path}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(data, &f.doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// root is the map of the file, made if there is none.
func (f *envFile) root() *yaml.Node {
	if f.doc.Kind == 0 || len(f.doc.Content) == 0 || f.doc.Content[0].Kind != yaml.MappingNode {
		f.doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map"}}}
	}
	return f.doc.Content[0]
}

func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func put(n *yaml.Node, key string, value any) error {
	node := &yaml.Node{}
	if err := node.Encode(value); err != nil {
		return err
	}
	if old := child(n, key); old != nil {
		*old = *node
		return nil
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, node)
	return nil
}

// list is the list of environments, made if there is none.
func (f *envFile) list() (*yaml.Node, error) {
	root := f.root()
	if n := child(root, "environments"); n == nil || n.Kind != yaml.SequenceNode {
		if err := put(root, "environments", []any{}); err != nil {
			return nil, err
		}
		child(root, "environments").Style = 0
	}
	return child(root, "environments"), nil
}

// append adds an environment, with overlays if there are any.
func (f *envFile) append(e spec.Environment, overlays any, infraRegion string) error {
	list, err := f.list()
	if err != nil {
		return err
	}
	n := &yaml.Node{}
	if err := n.Encode(e); err != nil {
		return err
	}
	if overlays != nil {
		if err := put(n, "overlays", overlays); err != nil {
			return err
		}
	}
	if infraRegion != "" {
		if err := put(n, "infraStack", map[string]string{"region": infraRegion}); err != nil {
			return err
		}
	}
	list.Content = append(list.Content, n)
	return nil
}

// find gives the node of an environment, or nil.
func (f *envFile) find(name string) *yaml.Node {
	list := child(f.root(), "environments")
	if list == nil {
		return nil
	}
	for _, n := range list.Content {
		if named := child(n, "name"); named != nil && named.Value == name {
			return n
		}
	}
	return nil
}

// remove takes an environment out.
func (f *envFile) remove(name string) {
	list := child(f.root(), "environments")
	for i, n := range list.Content {
		if named := child(n, "name"); named != nil && named.Value == name {
			list.Content = append(list.Content[:i], list.Content[i+1:]...)
			return
		}
	}
}

// save writes the file whole or not at all.
func (f *envFile) save() error {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&f.doc); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	return atomicfile.Write(f.path, b.Bytes(), atomicfile.Options{Mode: 0o644, KeepMode: true, Follow: true})
}
