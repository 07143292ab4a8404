package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// frozen are constructors whose result nobody changes: errors, compiled
// regexps, tables and lazily computed values.
var frozen = []string{
	"errors.New", "fmt.Errorf", "diag.Errorf",
	"regexp.MustCompile",
	"crc64.MakeTable", "crc32.MakeTable", "strings.NewReplacer",
	"template.Must",
	"sync.OnceValue", "sync.OnceValues",
	"netip.MustParseAddr", "netip.MustParsePrefix",
}

// linked are the variables that the linker sets.
var linked = []string{"cmd/s.version"}

// variables finds package variables that are none of: an error, an embedded
// file, a compiled regexp, a table that nothing in the package assigns to.
func (m *Measures) variables(fset *token.FileSet, pkg *Package) {
	changed := assigned(pkg)
	for _, file := range pkg.Files {
		for _, decl := range file.AST.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				s := spec.(*ast.ValueSpec)
				for i, name := range s.Names {
					if name.Name == "_" || embedded(d, s) || slices.Contains(linked, pkg.Dir+"."+name.Name) {
						continue
					}
					if i >= len(s.Values) || !constant(s.Values[i]) || changed[name.Name] {
						m.Variables = append(m.Variables, place(fset, file, name.Pos(), name.Name))
					}
				}
			}
		}
	}
}

// embedded reports whether a variable is filled by go:embed.
func embedded(d *ast.GenDecl, s *ast.ValueSpec) bool {
	for _, group := range []*ast.CommentGroup{d.Doc, s.Doc} {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// constant reports whether an initial value is one that is meant to stay.
func constant(value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CompositeLit:
		if selector, ok := v.Type.(*ast.SelectorExpr); ok {
			// sync.Pool, sync.Mutex, http.Client: state, not a table.
			x, _ := selector.X.(*ast.Ident)
			return x != nil && x.Name != "sync" && x.Name != "atomic" && x.Name != "http"
		}
		return true
	case *ast.CallExpr:
		return slices.Contains(frozen, callee(v.Fun))
	case *ast.UnaryExpr:
		literal, ok := v.X.(*ast.CompositeLit)
		return ok && v.Op == token.AND && constant(literal)
	}
	return false
}

func callee(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	case *ast.IndexExpr:
		return callee(f.X)
	}
	return ""
}

// assigned gives the names that some function of the package assigns to, as a
// whole or in an element, unless it declares the name itself.
func assigned(pkg *Package) map[string]bool {
	names := map[string]bool{}
	for _, file := range pkg.Files {
		for _, decl := range file.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			own := declared(fn)
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				for _, target := range targets(n) {
					if name := base(target); name != "" && !own[name] {
						names[name] = true
					}
				}
				return true
			})
		}
	}
	return names
}

// targets gives what a statement writes to.
func targets(n ast.Node) []ast.Expr {
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return s.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{s.X}
	case *ast.CallExpr:
		if name, ok := s.Fun.(*ast.Ident); ok && (name.Name == "delete" || name.Name == "clear") {
			return s.Args[:1]
		}
	}
	return nil
}

// base gives the variable that an expression reaches into: x of x[i].f.
func base(expr ast.Expr) string {
	for {
		switch e := expr.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.IndexExpr:
			expr = e.X
		case *ast.SelectorExpr:
			expr = e.X
		case *ast.StarExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		default:
			return ""
		}
	}
}

// declared gives the names that a function declares: its receiver, parameters,
// results and variables.
func declared(fn *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.Field:
			for _, name := range d.Names {
				names[name.Name] = true
			}
		case *ast.AssignStmt:
			if d.Tok == token.DEFINE {
				for _, target := range d.Lhs {
					names[base(target)] = true
				}
			}
		case *ast.RangeStmt:
			if d.Tok == token.DEFINE {
				for _, target := range []ast.Expr{d.Key, d.Value} {
					if target != nil {
						names[base(target)] = true
					}
				}
			}
		case *ast.ValueSpec:
			for _, name := range d.Names {
				names[name.Name] = true
			}
		}
		return true
	})
	return names
}
