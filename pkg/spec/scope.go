package spec

import (
	"fmt"
	"strings"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// aliyunCLI in ${} names the profile of the Alibaba Cloud CLI, see
// access.Resolve.
const aliyunCLI = "aliyun-cli"

// First names of paths.
const (
	rootVars       = "vars"
	rootCwd        = "cwd"
	rootThis       = "this"
	rootThat       = "that" // an old word for this
	rootResources  = "resources"
	rootComponents = "components"
	rootCredential = "credential"
	// What begins with these is left as it is, for others to fill in.
	rootSelf   = "self"
	rootShared = "shared"
)

// Parts of a resource that exist only in the cloud.
const (
	partOutput = "output"
	partInfo   = "info"
)

// scope says what names and functions mean in the resource of that name; owner
// is empty outside of resources.
func (r *resolver) scope(owner string) *expr.Scope {
	if r.roots == nil || r.rootsOf != len(r.names) {
		r.rootsOf = len(r.names)
		r.roots = []string{rootVars, rootThis, rootCwd, rootCredential, rootResources, rootComponents}
		if r.edition == Edition1 {
			r.roots = append(r.roots[:4:4], r.names...)
		}
	}
	return &expr.Scope{
		Path:    func(p *expr.Path) (*expr.Value, error) { return r.path(p, owner) },
		Known:   r.known,
		Roots:   r.roots,
		Funcs:   r.funcs,
		Derived: r.derived,
		Budget:  &r.budget,
	}
}

// keyScope is the scope of the keys of actions, where regex() has a meaning.
func (r *resolver) keyScope() *expr.Scope {
	s := r.scope("")
	s.Funcs = r.functions()
	s.Funcs["regex"] = expr.Func{Min: 1, Max: 1, Usage: "regex('deploy|build')", Eval: r.matchCommand}
	return s
}

// known gives an error for a first name that means nothing.
func (r *resolver) known(p *expr.Path) *expr.Error {
	switch name := p.Segments[0].Name; name {
	case rootVars, rootCwd, rootThis, rootThat, rootResources, rootComponents, rootCredential, rootSelf, rootShared:
		return nil
	case aliyunCLI:
		if len(p.Segments) == 1 {
			return nil
		}
	default:
		if r.edition == Edition1 && r.entries[name] != nil {
			return nil
		}
	}
	return r.unknownRoot(p.Segments[0])
}

// path resolves a dotted name that is known.
func (r *resolver) path(p *expr.Path, owner string) (*expr.Value, error) {
	root := p.Segments[0]
	switch root.Name {
	case rootVars:
		if r.vars == nil {
			return nil, &expr.Error{Kind: expr.UnknownName, Span: root.Span, Message: "this file has no vars", Missing: true}
		}
		return r.walk(r.vars, "", p, 1)
	case rootCwd:
		return r.walkValue(expr.NewString(r.folder()), nil, p, 1)
	case aliyunCLI, rootSelf, rootShared:
		// ${aliyun-cli} as access is no expression but the name of an alias.
		return expr.NewString("${" + p.String() + "}"), nil
	case rootThis, rootThat:
		if owner == "" {
			return nil, &expr.Error{
				Kind: expr.UnknownName, Span: root.Span,
				Message: fmt.Sprintf("%q means a resource, but this value belongs to none", root.Name),
			}
		}
		if owner == ownerEnvironment {
			return r.walk(r.environment.node, owner, p, 1)
		}
		return r.resourcePath(owner, p, 1)
	case rootResources:
		return r.namedResource(p, "props.region")
	case rootComponents:
		return r.namedResource(p, partOutput)
	case rootCredential:
		return r.credentialPath(p)
	}
	return r.resourcePath(root.Name, p, 1)
}

func (r *resolver) unknownRoot(root expr.Segment) *expr.Error {
	e := &expr.Error{Kind: expr.UnknownName, Span: root.Span, Message: fmt.Sprintf("unknown name %q", root.Name), Hint: diag.DidYouMean(root.Name, r.roots)}
	if fn, ok := r.funcs[root.Name]; ok {
		e.Hint = "write ${" + fn.Usage + "}"
		return e
	}
	if n := r.vars.get(root.Name); n != nil && len(diag.Nearest(root.Name, r.roots)) == 0 {
		e.Hint = fmt.Sprintf("did you mean %q?", expr.JoinKey(rootVars, root.Name))
		e.Detail = fmt.Sprintf("vars.%s is defined at %s", root.Name, r.definition(n))
	}
	if root.Name == strings.ToUpper(root.Name) {
		e.Hint = fmt.Sprintf("write ${env('%s')} for an environment variable, or $${%s} to keep the text as it is", root.Name, root.Name)
	}
	return e
}

// namedResource resolves resources.NAME.what, or components.NAME.output.
func (r *resolver) namedResource(p *expr.Path, example string) (*expr.Value, error) {
	root := p.Segments[0].Name
	if len(p.Segments) < 2 {
		return nil, &expr.Error{
			Kind:    expr.UnknownName,
			Message: fmt.Sprintf("%s alone is no value; name one, such as ${%s.NAME.%s}", root, root, example),
		}
	}
	seg := p.Segments[1]
	if r.entries[seg.Name] == nil {
		e := &expr.Error{
			Kind: expr.UnknownName, Span: seg.Span, Message: fmt.Sprintf("there is no resource %q", seg.Name),
			Hint: diag.DidYouMean(seg.Name, r.names),
		}
		if e.Hint == "" && len(r.names) > 0 {
			e.Detail = fmt.Sprintf("the first resource is defined at %s", r.definition(r.entries[r.names[0]]))
		}
		return nil, e
	}
	if root == rootResources {
		return r.resourcePath(seg.Name, p, 2)
	}
	// components.X.output is an older name of resources.X.info.
	if len(p.Segments) > 2 && p.Segments[2].Name == partOutput {
		return r.deployed(seg.Name, partInfo, p, 3)
	}
	return nil, r.noPart(p, 2, []string{partOutput}, r.entries[seg.Name])
}

// resourcePath resolves what follows the name of a resource.
func (r *resolver) resourcePath(name string, p *expr.Path, from int) (*expr.Value, error) {
	entry := r.entries[name]
	parts := []string{"name", "props", "access", "component", "vars", partOutput, partInfo}
	if len(p.Segments) <= from {
		return nil, r.noPart(p, from, parts, entry)
	}
	switch seg := p.Segments[from]; seg.Name {
	case "name":
		return r.walkValue(expr.NewString(name), nil, p, from+1)
	case "props", "vars", "component":
		n := entry.get(seg.Name)
		if n == nil {
			return nil, r.missing(p, from, entry.keys(), entry)
		}
		return r.walk(n, name, p, from+1)
	case "access":
		if n := entry.get("access"); n != nil {
			return r.walk(n, name, p, from+1)
		}
		return r.walk(r.root.get("access"), "", p, from+1)
	case partOutput, partInfo:
		return r.deployed(name, seg.Name, p, from+1)
	}
	return nil, r.noPart(p, from, parts, entry)
}

// noPart is the error of a path that ends too early, or goes on with a word that
// isn't one of parts. It is no missing value: ?? doesn't help.
func (r *resolver) noPart(p *expr.Path, from int, parts []string, n *node) error {
	if len(p.Segments) > from {
		e := r.missing(p, from, parts, n)
		e.Missing = false
		return e
	}
	example := parts[0]
	if len(parts) > 1 {
		example = "props.region"
	}
	return &expr.Error{
		Kind:    expr.UnknownName,
		Message: fmt.Sprintf("%s alone is no value; name one, such as %s.%s", p, p, example),
		Hint:    "known here: " + strings.Join(parts, ", "),
	}
}
