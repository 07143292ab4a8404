package bundle

import (
	"os"
	"path"
	"strings"

	"s/pkg/diag"
)

// envPattern is the rule of the default ones for files with variables, and
// envFolders what is left of it where they are wanted: folders of that name are
// virtual environments of Python.
const (
	envPattern = "\n.env*\n"
	envFolders = "\n**/.env*/\n"
)

// IsEnvFile reports whether a name is that of a file with variables, which is left
// out by default: .env, .env.production.
func IsEnvFile(name string) bool { return strings.HasPrefix(strings.ToLower(name), ".env") }

// IgnoreFile is the name of the files that say what isn't code.
const IgnoreFile = ".fcignore"

// defaultIgnore is left out unless a rule of the user's says otherwise. Of .s,
// only what s writes for itself: .s/python, .s/root hold a function's
// dependencies in an artifact of edition 1.0.0.
const defaultIgnore = `
.git
.svn
.DS_Store
__pycache__
.env*
**/.s/build
**/.s/cache
**/.s/juicefs
**/.s/layers
**/.s/logs
**/.s/nas
**/.s/oss
**/.s/polarfs
**/.s/tmp
**/.s/*.json
`

// PatternError is a rule of an ignore file that can't be understood.
type PatternError struct {
	File    string
	Line    int
	Pattern string
	Reason  diag.Message
}

// Error gives file, line, rule and reason.
func (e *PatternError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *PatternError) Wording() error {
	return diag.Errorf("%s:%d: rule %q: %s", e.File, e.Line, e.Pattern, e.Reason)
}

// rule is one line of an ignore file.
type rule struct {
	text    string
	negate  bool
	dirOnly bool
	globs   []glob // one per alternative of its braces
}

// ruleSet is the rules that hold in a folder: its own after those from above.
// A nil set is empty.
type ruleSet struct {
	parent *ruleSet
	dir    string // relative to the root
	base   int    // index of the first own rule among all
	rules  []rule
}

// verdict is what the rules say about a path: whether it is left out and the
// index of the rule that decided, -1 if none did.
type verdict struct {
	index   int
	ignored bool
}

func (s *ruleSet) len() int {
	if s == nil {
		return 0
	}
	return s.base + len(s.rules)
}

func defaultRules(envFiles bool) *ruleSet {
	text := defaultIgnore
	if envFiles {
		text = strings.Replace(text, envPattern, envFolders, 1)
	}
	s, err := parseRules("default rules", text, "", nil)
	if err != nil {
		return nil // never: the rules are a constant of this file
	}
	return s
}

// readRules reads the ignore file of the folder dir (relative to the root).
func readRules(file, dir string, parent *ruleSet) (*ruleSet, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &FileError{Path: path.Join(dir, IgnoreFile), Reason: "cannot be read", Err: err}
	}
	return parseRules(path.Join(dir, IgnoreFile), string(data), dir, parent)
}

// parseRules reads rules, one per line: gitignore's, matched without regard to
// case, with braces, and `./x` for `/x`.
func parseRules(file, text, dir string, parent *ruleSet) (*ruleSet, error) {
	s := &ruleSet{parent: parent, dir: dir, base: parent.len()}
	text = strings.TrimPrefix(text, "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := parseRule(line)
		if err != nil {
			return nil, &PatternError{File: file, Line: i + 1, Pattern: line, Reason: diag.MessageOf(err)}
		}
		if len(r.globs) > 0 {
			s.rules = append(s.rules, r)
		}
	}
	if len(s.rules) == 0 {
		return parent, nil
	}
	return s, nil
}

func parseRule(line string) (rule, error) {
	r := rule{text: line}
	if rest, ok := strings.CutPrefix(line, "./"); ok {
		line = "/" + rest
	} else if rest, ok := strings.CutPrefix(line, "!./"); ok {
		line = "!/" + rest
	}
	for strings.HasPrefix(line, "!") {
		r.negate = !r.negate
		line = line[1:]
	}
	if strings.HasPrefix(line, "./") {
		return r, nil // names no path, behind more than one "!"
	}
	if strings.HasSuffix(line, "/") {
		r.dirOnly = true
		line = strings.TrimRight(line, "/")
	}
	alternatives, err := expandBraces(line)
	if err != nil {
		return r, err
	}
	for _, a := range alternatives {
		g, err := compileGlob(a)
		if err != nil {
			return r, err
		}
		g.anchored = g.anchored || r.dirOnly
		if len(g.segments) > 0 {
			r.globs = append(r.globs, g)
		}
	}
	return r, nil
}

// decide says whether the path is left out, going by the rules for itself: the
// last one that matches wins. A folder that is left out isn't entered, so that
// nothing in it is asked about. A folder that a rule with ! could match
// something in is taken, as the walker of npm does, which the peer uses; what is
// in it goes by the rules for itself, then.
func (s *ruleSet) decide(rel string, isDir bool) verdict {
	name := path.Base(rel)
	for set := s; set != nil; set = set.parent {
		local := set.local(rel)
		for i := len(set.rules) - 1; i >= 0; i-- {
			if r := &set.rules[i]; r.match(local, name, isDir) {
				return verdict{index: set.base + i, ignored: !r.negate}
			}
		}
	}
	return verdict{index: -1}
}

// local is the path as the set's rules see it.
func (s *ruleSet) local(rel string) string {
	if s.dir == "" {
		return rel
	}
	return strings.TrimPrefix(rel[len(s.dir):], "/")
}

// defaultName is how a thing that a default rule left out is reported.
func (s *ruleSet) defaultName(index int, rel string) string {
	for set := s; set != nil; set = set.parent {
		if index >= set.base {
			if set.rules[index-set.base].globs[0].anchored {
				return rel
			}
			break
		}
	}
	return path.Base(rel)
}

func (r *rule) match(local, name string, isDir bool) bool {
	for i := range r.globs {
		g := &r.globs[i]
		rel := name
		if g.anchored {
			rel = local
		}
		full, below := g.match(rel)
		if isDir && (g.takesAll(rel) || r.negate && g.anchored && below) || full && (isDir || !r.dirOnly) {
			return true
		}
	}
	return false
}
