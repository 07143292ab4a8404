package lists

import (
	"slices"
	"strings"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// node is a package of a lock file that lists who needs whom.
type node struct {
	Pin
	edges []edge
	// extras are the names of the optional dependencies of each extra.
	extras map[string][]string
	// skip is set for one that is only there for its dependencies.
	skip bool
	// fits is set if it is for the Python of the function.
	fits bool
}

// edge is the need of one package for another.
type edge struct {
	name   string
	extras []string // of the other
	marker string
	// optional ones count only for an extra that names them.
	optional bool
	// matches tells which of several packages of that name is meant; nil is all.
	matches func(*node) (bool, error)
}

// graph is a lock file that lists who needs whom.
type graph struct {
	file  string
	env   pep508.Environment
	nodes map[string][]*node // by normal name
}

func (g *graph) add(n *node) {
	if g.nodes == nil {
		g.nodes = map[string][]*node{}
	}
	name := pep508.NormalName(n.Name)
	g.nodes[name] = append(g.nodes[name], n)
}

// visit is a package to look at for one of its extras, or none.
type visit struct {
	node  *node
	extra string
}

// walk gives all packages that the edges lead to.
func (g *graph) walk(roots []edge) ([]Pin, error) {
	seen := map[visit]bool{}
	chosen := map[*node]bool{}
	var pins []Pin
	todo, err := g.follow(roots, "", "")
	for err == nil && len(todo) > 0 {
		v := todo[0]
		todo = todo[1:]
		if seen[v] {
			continue
		}
		seen[v] = true
		if !chosen[v.node] {
			chosen[v.node] = true
			if !v.node.skip {
				pins = append(pins, v.node.Pin)
			}
		}
		var edges []edge
		for _, e := range v.node.edges {
			if !e.optional || v.extra != "" && slices.Contains(v.node.extras[v.extra], pep508.NormalName(e.name)) {
				edges = append(edges, e)
			}
		}
		var next []visit
		next, err = g.follow(edges, v.extra, v.node.Name)
		todo = append(todo, next...)
	}
	return pins, err
}

// follow gives what edges from a package lead to, if they hold.
func (g *graph) follow(edges []edge, extra, from string) ([]visit, error) {
	env := g.env.With("extra", extra)
	var out []visit
	for _, e := range edges {
		holds, err := env.Evaluate(e.marker)
		if err != nil {
			return nil, &Error{File: g.file, Where: from, Reason: diag.MessageOf(err), Help: remake(g.file)}
		}
		if !holds {
			continue
		}
		n, err := g.choose(e)
		if err != nil {
			return nil, err
		}
		out = append(out, visit{node: n})
		for _, x := range e.extras {
			out = append(out, visit{n, pep508.NormalName(x)})
		}
	}
	return out, nil
}

// choose finds the package that an edge means.
func (g *graph) choose(e edge) (*node, error) {
	all := g.nodes[pep508.NormalName(e.name)]
	var found []*node
	for _, n := range all {
		ok := true
		if e.matches != nil {
			var err error
			if ok, err = e.matches(n); err != nil {
				return nil, &Error{File: g.file, Where: e.name, Reason: diag.MessageOf(err), Help: remake(g.file)}
			}
		}
		if ok {
			found = append(found, n)
		}
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(n *node) bool { return !n.fits })
	}
	if len(found) == 1 {
		return found[0], nil
	}
	reason := diag.Say("no package of that name is in the list: the list is older than what it is made from")
	if len(all) > 0 {
		var have []string
		for _, n := range all {
			have = append(have, n.what())
		}
		reason = diag.Say("it isn't clear which of %s is meant for Python %s", strings.Join(have, ", "), g.env["python_version"])
	}
	return nil, &Error{File: g.file, Where: e.name, Reason: reason, Help: remake(g.file)}
}
