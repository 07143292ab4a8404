package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// Size is how long something is.
type Size struct {
	Lines int
	Where string
}

// Measures is what was counted.
type Measures struct {
	Functions    []Size
	Files        []Size
	Packages     int
	CodeLines    int
	TestLines    int
	Exported     int      // exported names
	Undocumented []string // those without a comment
	NoPackageDoc []string // packages without "Package x ..."
	Inits        []string // init functions
	Variables    []string // package variables that may change
	Prints       []string // fmt.Print*
	Exits        []string // os.Exit and log.Fatal*
}

// Measure counts.
func (t *Tree) Measure() *Measures {
	m := &Measures{Packages: len(t.Packages), TestLines: t.TestLines}
	for _, pkg := range t.Packages {
		documented := false
		for _, file := range pkg.Files {
			m.CodeLines += file.Code
			m.Files = append(m.Files, Size{file.Lines, file.Path})
			documented = documented || hasPackageDoc(file.AST)
			m.declarations(t.Fset, file)
			m.calls(t.Fset, file)
		}
		if !documented {
			m.NoPackageDoc = append(m.NoPackageDoc, pkg.Dir)
		}
		m.variables(t.Fset, pkg)
	}
	return m
}

func hasPackageDoc(file *ast.File) bool {
	text := file.Doc.Text()
	return strings.HasPrefix(text, "Package "+file.Name.Name) ||
		file.Name.Name == "main" && strings.HasPrefix(text, "Command ")
}

func place(fset *token.FileSet, file *File, pos token.Pos, what string) string {
	return fmt.Sprintf("%s:%d %s", file.Path, fset.Position(pos).Line, what)
}

// declarations counts functions, inits and documentation.
func (m *Measures) declarations(fset *token.FileSet, file *File) {
	for _, decl := range file.AST.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			lines := fset.Position(d.End()).Line - fset.Position(d.Pos()).Line + 1
			m.Functions = append(m.Functions, Size{lines, place(fset, file, d.Pos(), d.Name.Name)})
			if d.Recv == nil && d.Name.Name == "init" {
				m.Inits = append(m.Inits, place(fset, file, d.Pos(), "init"))
			}
			if d.Name.IsExported() && exportedReceiver(d) {
				m.document(d.Doc != nil, place(fset, file, d.Pos(), d.Name.Name))
			}
		case *ast.GenDecl:
			m.genDecl(fset, file, d)
		}
	}
}

// document counts one exported name. Names of package main are not seen by
// anyone, but they are read: they count too.
func (m *Measures) document(has bool, where string) {
	m.Exported++
	if !has {
		m.Undocumented = append(m.Undocumented, where)
	}
}

// genDecl counts the documentation of types, constants and variables. The
// comment of a group speaks for its members.
func (m *Measures) genDecl(fset *token.FileSet, file *File, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				m.document(s.Doc != nil || d.Doc != nil && !d.Lparen.IsValid(), place(fset, file, s.Pos(), s.Name.Name))
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() {
					m.document(s.Doc != nil || s.Comment != nil || d.Doc != nil, place(fset, file, s.Pos(), name.Name))
				}
			}
		}
	}
}

// exportedReceiver reports whether a function, or the type of a method, is
// exported.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	expr := d.Recv.List[0].Type
	for {
		switch t := expr.(type) {
		case *ast.StarExpr:
			expr = t.X
		case *ast.IndexExpr:
			expr = t.X
		case *ast.IndexListExpr:
			expr = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return true
		}
	}
}

// calls finds output and exits that bypass what a function was given.
func (m *Measures) calls(fset *token.FileSet, file *File) {
	imports := importNames(file.AST)
	ast.Inspect(file.AST, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		name := selector.Sel.Name
		where := place(fset, file, selector.Pos(), pkg.Name+"."+name)
		switch path := imports[pkg.Name]; {
		case path == "fmt" && strings.HasPrefix(name, "Print"):
			m.Prints = append(m.Prints, where)
		case path == "os" && name == "Exit", path == "log" && strings.HasPrefix(name, "Fatal"):
			m.Exits = append(m.Exits, where)
		}
		return true
	})
}

// importNames maps the names that a file uses for packages to their paths.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}
