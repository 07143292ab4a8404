package main

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is one parsed Go file.
type File struct {
	Path  string // relative to the scanned folder, with slashes
	Lines int    // all of them
	Code  int    // those that aren't blank and not only comment
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
	TestLines int // of code in _test.go files and in packages for tests
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
	code, err := codeLines(path)
	if err != nil {
		return err
	}
	if strings.HasSuffix(rel, "_test.go") {
		t.TestLines += code
		return nil
	}
	if ast.IsGenerated(parsed) {
		return nil
	}
	if isForTests(parsed) {
		t.TestLines += code
		code = 0
	}
	lines := t.Fset.File(parsed.Pos()).LineCount()
	dir := filepath.ToSlash(filepath.Dir(rel))
	pkg := byDir[dir]
	if pkg == nil {
		pkg = &Package{Dir: dir}
		byDir[dir] = pkg
		t.Packages = append(t.Packages, pkg)
	}
	pkg.Files = append(pkg.Files, &File{Path: rel, Lines: lines, Code: code, AST: parsed})
	return nil
}

// isForTests tells that a file is of a package that only tests can use, such as
// a suite that every implementation of an interface must pass: by its name, as
// net/http/httptest has it, and because it imports testing.
func isForTests(file *ast.File) bool {
	if !strings.HasSuffix(file.Name.Name, "test") {
		return false
	}
	for _, imported := range file.Imports {
		if imported.Path.Value == `"testing"` {
			return true
		}
	}
	return false
}

// codeLines counts the lines of a Go file that hold a token: comments and blank
// lines are no code, so that what is well explained isn't held to be larger.
func codeLines(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var s scanner.Scanner
	file := token.NewFileSet().AddFile(path, -1, len(data))
	s.Init(file, data, nil, 0)
	seen := map[int]bool{}
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return len(seen), nil
		}
		if tok == token.SEMICOLON && text == "\n" {
			continue
		}
		first := file.Line(pos)
		for i := range strings.Count(text, "\n") + 1 {
			seen[first+i] = true
		}
	}
}
