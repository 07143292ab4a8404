package pep508

import (
	"regexp"
	"strings"

	"s/pkg/diag"
)

// Environment gives the values of markers: python_version, sys_platform, ...
type Environment map[string]string

// With is the environment with one value more.
func (e Environment) With(name, value string) Environment {
	out := Environment{name: value}
	for k, v := range e {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// maxMarker bounds the length of a marker in bytes, and so the depth of its
// parentheses.
const maxMarker = 64 << 10

// Evaluate tells whether a marker holds; an empty one does. It returns an error
// for what isn't a marker. Names that the environment doesn't have are empty, as
// "extra" is where no extra is asked for.
func (e Environment) Evaluate(marker string) (bool, error) {
	if strings.TrimSpace(marker) == "" {
		return true, nil
	}
	if len(marker) > maxMarker {
		return false, diag.Errorf("marker of %d bytes", len(marker))
	}
	words, err := scan(marker)
	if err != nil {
		return false, err
	}
	p := &parser{env: e, words: words, marker: marker}
	holds, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = p.fail()
	}
	return holds, err
}

// wordPattern is one word of a marker; the first group is a quoted text without
// its quotes, so is the second.
var wordPattern = regexp.MustCompile(`^\s*(?:"([^"]*)"|'([^']*)'|(===|==|~=|!=|<=|>=|<|>|\(|\)|[A-Za-z_][A-Za-z0-9_.]*))`)

type word struct {
	text   string
	quoted bool
}

func scan(marker string) ([]word, error) {
	var words []word
	rest := marker
	for strings.TrimSpace(rest) != "" {
		m := wordPattern.FindStringSubmatchIndex(rest)
		if m == nil {
			return nil, diag.Errorf("not a marker: %.200q", marker)
		}
		for group := 1; group <= 3; group++ {
			if from, to := m[2*group], m[2*group+1]; from >= 0 {
				words = append(words, word{rest[from:to], group < 3})
			}
		}
		rest = rest[m[1]:]
	}
	return words, nil
}

// parser evaluates while it reads.
type parser struct {
	env    Environment
	words  []word
	marker string
	depth  int
}

func (p *parser) fail() error { return diag.Errorf("not a marker: %.200q", p.marker) }

// is takes the next word if it is that one.
func (p *parser) is(text string) bool {
	if len(p.words) > 0 && !p.words[0].quoted && p.words[0].text == text {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *parser) or() (bool, error) {
	holds, err := p.and()
	for err == nil && p.is("or") {
		var next bool
		next, err = p.and()
		holds = holds || next
	}
	return holds, err
}

func (p *parser) and() (bool, error) {
	holds, err := p.one()
	for err == nil && p.is("and") {
		var next bool
		next, err = p.one()
		holds = holds && next
	}
	return holds, err
}

// maxDepth bounds nested parentheses.
const maxDepth = 100

func (p *parser) one() (bool, error) {
	if p.is("(") {
		if p.depth++; p.depth > maxDepth {
			return false, p.fail()
		}
		holds, err := p.or()
		if err == nil && !p.is(")") {
			err = p.fail()
		}
		p.depth--
		return holds, err
	}
	left, err := p.value()
	if err != nil {
		return false, err
	}
	op, err := p.operator()
	if err != nil {
		return false, err
	}
	right, err := p.value()
	if err != nil {
		return false, err
	}
	return p.compare(left, op, right)
}

// value is a quoted text or a name, which must be known.
func (p *parser) value() (word, error) {
	if len(p.words) == 0 {
		return word{}, p.fail()
	}
	w := p.words[0]
	p.words = p.words[1:]
	if !w.quoted && !known(markerName(w.text)) {
		return word{}, p.fail()
	}
	return w, nil
}

// markerName gives today's name of those of PEP 345.
func markerName(name string) string {
	switch name {
	case "os.name", "sys.platform", "platform.version", "platform.machine":
		return strings.ReplaceAll(name, ".", "_")
	case "platform.python_implementation", "python_implementation":
		return "platform_python_implementation"
	}
	return name
}

func known(name string) bool {
	switch name {
	case "os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release",
		"platform_system", "platform_version", "python_version", "python_full_version", "implementation_name",
		"implementation_version", "extra", "extras", "dependency_groups":
		return true
	}
	return false
}

func (p *parser) operator() (string, error) {
	if p.is("not") {
		if p.is("in") {
			return "not in", nil
		}
		return "", p.fail()
	}
	for _, op := range append(operators(), "in") {
		if p.is(op) {
			return op, nil
		}
	}
	return "", p.fail()
}

// compare orders as versions what are versions, and else as texts.
func (p *parser) compare(left word, op string, right word) (bool, error) {
	a, b := p.text(left), p.text(right)
	switch op {
	case "in":
		return strings.Contains(b, a), nil
	case "not in":
		return !strings.Contains(b, a), nil
	}
	if versioned(left) || versioned(right) {
		if v, err := ParseVersion(a); err == nil {
			if holds, err := v.holds(op, b); err == nil {
				return holds, nil
			}
		}
	}
	switch op {
	case "==", "===":
		return a == b, nil
	case "!=":
		return a != b, nil
	case "<":
		return a < b, nil
	case "<=":
		return a <= b, nil
	case ">":
		return a > b, nil
	case ">=":
		return a >= b, nil
	}
	return false, p.fail()
}

// versioned tells the names whose values are versions. The release of the
// kernel is none.
func versioned(w word) bool {
	if w.quoted {
		return false
	}
	switch w.text {
	case "python_version", "python_full_version", "implementation_version":
		return true
	}
	return false
}

func (p *parser) text(w word) string {
	if w.quoted {
		return w.text
	}
	return p.env[markerName(w.text)]
}
