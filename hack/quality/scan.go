package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// File is one parsed Go file.
type File struct {
	Path  string // relative to the scanned folder, with slashes
	Lines int
	AST   *ast.File
}

// Package is the Go files of one folder.
type Package struct {
	Dir   string // relative, with slashes
	Files []*File
}

// Tree is what is measured: the shipped code and the tests beside it.
type Tree struct {
	Fset      *token.FileSet
	Packages  []*Package
	TestLines int // of _test.go files
}

// skipped folders hold no shipped code. Names that the go tool ignores
// (testdata, _x, .x) are skipped too.
func skipped(rel string) bool {
	base := filepath.Base(rel)
	return rel == "hack" || rel == "bench" || rel == "bin" || rel == "dist" ||
		base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// Scan parses the Go files below dir.
func Scan(dir string) (*Tree, error) {
	tree := &Tree{Fset: token.NewFileSet()}
	byDir := map[string]*Package{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if rel != "." && skipped(rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		return tree.add(byDir, path, filepath.ToSlash(rel))
	})
	return tree, err
}

func (t *Tree) add(byDir map[string]*Package, path, rel string) error {
	parsed, err := parser.ParseFile(t.Fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	lines := t.Fset.File(parsed.Pos()).LineCount()
	if strings.HasSuffix(rel, "_test.go") {
		t.TestLines += lines
		return nil
	}
	if ast.IsGenerated(parsed) {
		return nil
	}
	dir := filepath.ToSlash(filepath.Dir(rel))
	pkg := byDir[dir]
	if pkg == nil {
		pkg = &Package{Dir: dir}
		byDir[dir] = pkg
		t.Packages = append(t.Packages, pkg)
	}
	pkg.Files = append(pkg.Files, &File{Path: rel, Lines: lines, AST: parsed})
	return nil
}
