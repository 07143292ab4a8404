package sls

import (
	"fmt"
	"slices"
	"strings"

	"s/pkg/local/logfiles"
)

// matcher says whether a line, as its fields, is meant.
type matcher func(fields []field) bool

// wanted is a query that was read.
type wanted struct {
	match matcher
	// filter rules out lines that match would, before they are read.
	filter *logfiles.Filter
	// all is set if every line is meant.
	all bool
}

// field is one of a line.
type field struct{ name, value string }

// unservedError is the sign that begins what this search can't do and SLS's can.
type unservedError byte

// Error says what there is.
func (e unservedError) Error() string {
	what := "'" + string(rune(e)) + "'"
	if e == '|' {
		what = "SQL, after a '|',"
	}
	return what + " in a query is not served by the local cloud: it has words, field: value, and, or, not and brackets"
}

// parseQuery reads SLS's search syntax: words, "quoted text", field: value, *,
// and, or, not and brackets; words side by side must all be there. Words are
// compared whatever their case; one that ends in * is the beginning of a word. The
// error of what SLS has beyond that, SQL after a | among it, is an unservedError.
func parseQuery(text string) (wanted, error) {
	tokens, err := lex(text)
	if err != nil {
		return wanted{}, err
	}
	if len(tokens) == 0 {
		return everything(), nil
	}
	p := &parser{tokens: tokens}
	w, err := p.or()
	if err == nil && p.at < len(p.tokens) {
		err = fmt.Errorf("unexpected '%s'", p.tokens[p.at].text)
	}
	return w, err
}

func everything() wanted { return wanted{match: func([]field) bool { return true }, all: true} }

type token struct {
	text   string
	quoted bool
}

// is reports whether a token is a word of the syntax.
func (t token) is(word string) bool { return !t.quoted && strings.EqualFold(t.text, word) }

func lex(text string) ([]token, error) {
	var out []token
	for text != "" {
		switch c := text[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			text = text[1:]
		case strings.IndexByte("():", c) >= 0:
			out = append(out, token{text: text[:1]})
			text = text[1:]
		case c == '"':
			value, rest, err := unquote(text)
			if err != nil {
				return nil, err
			}
			out = append(out, token{value, true})
			text = rest
		case strings.IndexByte("|<>=[]#", c) >= 0:
			return nil, unservedError(c)
		default:
			end := strings.IndexAny(text, " \t\r\n():\"|<>=[]#")
			if end < 0 {
				end = len(text)
			}
			out = append(out, token{text: text[:end]})
			text = text[end:]
		}
	}
	return out, nil
}

// unquote reads the quoted text that begins text; \" and \\ stand for themselves.
func unquote(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == '"':
			return b.String(), text[i+1:], nil
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", fmt.Errorf("a quote isn't closed")
}

// maxDepth bounds brackets in brackets.
const maxDepth = 100

type parser struct {
	tokens []token
	at     int
	depth  int
}

func (p *parser) next(word string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at].is(word) {
		p.at++
		return true
	}
	return false
}

func (p *parser) or() (wanted, error) {
	w, err := p.and()
	for err == nil && p.next("or") {
		var other wanted
		first := w
		if other, err = p.and(); err == nil {
			w = wanted{
				match:  func(f []field) bool { return first.match(f) || other.match(f) },
				filter: logfiles.Any(first.filter, other.filter),
			}
		}
	}
	return w, err
}

func (p *parser) and() (wanted, error) {
	w, err := p.not()
	for err == nil && p.at < len(p.tokens) && !p.tokens[p.at].is("or") && !p.tokens[p.at].is(")") {
		p.next("and")
		var other wanted
		first := w
		if other, err = p.not(); err == nil {
			w = wanted{
				match:  func(f []field) bool { return first.match(f) && other.match(f) },
				filter: logfiles.All(first.filter, other.filter),
				all:    first.all && other.all,
			}
		}
	}
	return w, err
}

func (p *parser) not() (wanted, error) {
	inverted := false
	for p.next("not") {
		inverted = !inverted
	}
	w, err := p.term()
	if err != nil || !inverted {
		return w, err
	}
	return wanted{match: func(f []field) bool { return !w.match(f) }}, nil
}

func (p *parser) term() (wanted, error) {
	if p.next("(") {
		if p.depth++; p.depth > maxDepth {
			return wanted{}, fmt.Errorf("the brackets are too deep")
		}
		w, err := p.or()
		if err == nil && !p.next(")") {
			err = fmt.Errorf("a bracket isn't closed")
		}
		p.depth--
		return w, err
	}
	word, err := p.word()
	if err != nil {
		return wanted{}, err
	}
	if !p.next(":") {
		return anywhere(word), nil
	}
	value, err := p.word()
	if err != nil {
		return wanted{}, err
	}
	return inField(word.text, value), nil
}

func (p *parser) word() (token, error) {
	if p.at == len(p.tokens) {
		return token{}, fmt.Errorf("the query breaks off")
	}
	t := p.tokens[p.at]
	if t.is("(") || t.is(")") || t.is(":") || t.is("and") || t.is("or") {
		return token{}, fmt.Errorf("unexpected '%s'", t.text)
	}
	p.at++
	return t, nil
}

// anywhere finds a text in any field.
func anywhere(want token) wanted {
	if want.is("*") {
		return everything()
	}
	words := logfiles.Words(want.text)
	return wanted{filter: filterOf(words), match: func(fields []field) bool {
		return slices.ContainsFunc(fields, func(f field) bool { return !isExact(f.name) && hasWords(f.value, words) })
	}}
}

// inField finds a text in a field. Topic and source are compared as a whole.
func inField(name string, want token) wanted {
	words := logfiles.Words(want.text)
	w := wanted{match: func(fields []field) bool {
		for _, f := range fields {
			switch {
			case f.name != name:
			case want.is("*"), isExact(name) && f.value == want.text, !isExact(name) && hasWords(f.value, words):
				return true
			}
		}
		return false
	}}
	switch {
	case want.is("*"):
	case name == "__topic__":
		w.filter = logfiles.HasTopic(want.text)
	case !isExact(name):
		w.filter = filterOf(words)
	}
	return w
}

func filterOf(words []string) *logfiles.Filter {
	filters := make([]*logfiles.Filter, len(words))
	for i, word := range words {
		filters[i] = logfiles.HasText(word)
	}
	return logfiles.All(filters...)
}

func isExact(name string) bool { return name == "__topic__" || name == "__source__" }

// hasWords reports whether all words are in a text, wherever.
func hasWords(text string, words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !logfiles.HasWord(text, w) })
}
