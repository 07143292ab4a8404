package scaffold

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Options change how Render writes.
type Options struct {
	// Force renders into a folder that isn't empty: files of the template
	// replace those of the same name, all others stay.
	Force bool
}

// file is one rendered file.
type file struct {
	name string // relative, with slashes
	mode fs.FileMode
	data []byte
}

// Render makes the project of t in the folder dir and gives the files it has
// written, relative to dir, with slashes, in alphabetical order. values are
// completed with the parameters' defaults.
//
// It is all or nothing: after an error (*NotEmptyError, ParameterErrors, an
// I/O error or ctx's) dir is as it was before.
func Render(ctx context.Context, t Template, values map[string]any, dir string, opts Options) ([]string, error) {
	complete, err := t.Complete(values)
	if err != nil {
		return nil, err
	}
	files, err := t.files(complete)
	if err != nil {
		return nil, fmt.Errorf("render template %s: %w", t.Name, err)
	}
	if err := place(ctx, files, dir, opts.Force); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, f.name)
	}
	return names, nil
}

// files renders all files of the template in memory.
func (t *Template) files(values map[string]any) ([]file, error) {
	var files []file
	err := fs.WalkDir(t.src, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(t.src, name)
		if err != nil {
			return err
		}
		if !t.isVerbatim(name, data) {
			if data, err = expand(name, data, values); err != nil {
				return err
			}
		}
		mode := fs.FileMode(0o644)
		if slices.Contains(t.Executable, name) {
			mode = 0o755
		}
		files = append(files, file{name: strings.TrimSuffix(name, tmplSuffix), mode: mode, data: data})
		return nil
	})
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, err
}

// tmplSuffix ends the names of files that mustn't be called in this tree what
// they are in a project: go.mod, which would keep its folder from being embedded,
// and Go sources, which would be part of this program.
const tmplSuffix = ".tmpl"

func (t *Template) isVerbatim(name string, data []byte) bool {
	for _, pattern := range t.Verbatim {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			return true
		}
	}
	return !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0
}

// expand executes one file as a Go template. A name that isn't a parameter is
// an error, not an empty text.
func expand(name string, text []byte, values map[string]any) ([]byte, error) {
	tmpl, err := template.New(name).
		Option("missingkey=error").
		Funcs(template.FuncMap{"yaml": scalar, "raw": func(v any) any { return v }}).
		Parse(string(text))
	if err != nil {
		return nil, err
	}
	if ext := path.Ext(name); (ext == ".yaml" || ext == ".yml") && tmpl.Tree != nil {
		escape(tmpl.Tree, tmpl.Tree.Root)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, values); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// scalar writes v as a YAML scalar on one line, quoted where it must be.
func scalar(v any) (string, error) {
	node := yaml.Node{}
	if err := node.Encode(v); err != nil {
		return "", err
	}
	if text, ok := v.(string); ok && strings.ContainsAny(text, "\n\r\u0085\u2028\u2029") {
		node.Style = yaml.DoubleQuotedStyle
	}
	out, err := yaml.Marshal(&node)
	return strings.TrimSuffix(string(out), "\n"), err
}

// escape sends every value that is printed below node through the function
// yaml, unless its pipeline ends in yaml or raw already: so {{ .name }} in a
// YAML file is one scalar whatever the name is.
func escape(tree *parse.Tree, node parse.Node) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			escape(tree, child)
		}
	case *parse.ActionNode:
		if len(n.Pipe.Decl) == 0 && !endsEscaped(n.Pipe) {
			n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{
				NodeType: parse.NodeCommand, Pos: n.Pos,
				Args: []parse.Node{parse.NewIdentifier("yaml").SetTree(tree).SetPos(n.Pos)},
			})
		}
	case *parse.IfNode:
		escapeBranches(tree, &n.BranchNode)
	case *parse.RangeNode:
		escapeBranches(tree, &n.BranchNode)
	case *parse.WithNode:
		escapeBranches(tree, &n.BranchNode)
	}
}

func escapeBranches(tree *parse.Tree, n *parse.BranchNode) {
	escape(tree, n.List)
	escape(tree, n.ElseList)
}

func endsEscaped(pipe *parse.PipeNode) bool {
	last := pipe.Cmds[len(pipe.Cmds)-1]
	id, ok := last.Args[0].(*parse.IdentifierNode)
	return ok && (id.Ident == "yaml" || id.Ident == "raw")
}
