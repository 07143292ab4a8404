package expr

import "strings"

// String gives the template as one would write it: parsing it again gives the
// same template but for the places in it.
func (t *Template) String() string {
	var b strings.Builder
	for _, part := range t.Parts {
		if part.Expr == nil {
			b.WriteString(strings.ReplaceAll(part.Text, "${", "$${"))
			continue
		}
		b.WriteString("${" + Print(part.Expr) + "}")
	}
	return b.String()
}

// Print gives an expression as one would write it between the braces.
func Print(n Node) string {
	var b strings.Builder
	write(&b, n)
	return b.String()
}

func write(b *strings.Builder, n Node) {
	switch n := n.(type) {
	case *Literal:
		if n.Quoted {
			b.WriteString(quote(n.Value.Text))
			return
		}
		b.WriteString(n.Value.Text)
	case *Path:
		writeSegments(b, n.Segments, true)
	case *Call:
		b.WriteString(n.Name + "(")
		for i, a := range n.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			write(b, a)
		}
		b.WriteString(")")
	case *Member:
		write(b, n.Of)
		writeSegments(b, n.Segments, false)
	case *Default:
		for i, c := range n.Choices {
			if i > 0 {
				b.WriteString(" ?? ")
			}
			write(b, c)
		}
	}
}

// writeSegments writes steps; the first one of a path has no dot.
func writeSegments(b *strings.Builder, segments []Segment, first bool) {
	for _, s := range segments {
		switch {
		case s.Is == ByIndex:
			b.WriteString("[" + s.Name + "]")
		case !isName(s.Name):
			b.WriteString("[" + quote(s.Name) + "]")
		case first:
			b.WriteString(s.Name)
		default:
			b.WriteString("." + s.Name)
		}
		first = false
	}
}

// isName reports whether a key can be written behind a dot.
func isName(s string) bool {
	for _, r := range s {
		if !isNameRune(r) {
			return false
		}
	}
	return s != ""
}

// quote undoes lexer.quoted.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// String gives the path as one would write it.
func (p *Path) String() string { return p.Upto(len(p.Segments)) }

// Upto gives the first n segments as one would write them.
func (p *Path) Upto(n int) string {
	var b strings.Builder
	writeSegments(&b, p.Segments[:n], true)
	return b.String()
}

// JoinKey gives the path of a key of the map that path names.
func JoinKey(path, key string) string {
	var b strings.Builder
	b.WriteString(path)
	writeSegments(&b, []Segment{{Name: key}}, path == "")
	return b.String()
}
