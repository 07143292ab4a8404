package logs

import (
	"regexp"
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
)

// Scope says which lines are meant. What is empty leaves nothing out.
type Scope struct {
	// Function is its name; one of FC 2.0 has its service before it: service$function.
	Function   string
	RequestID  string
	InstanceID string
	Qualifier  string // a version or an alias
	// Search is words that a line has, all of them, in whatever order; one word that
	// ends in * is the beginning of one.
	Search string
	// Query is a condition in SLS's search syntax; see CheckQuery.
	Query string
}

// Topics of lines (documentation of Function Compute, "Log fields"). A function of FC
// 2.0 has its service as topic.
const (
	topicLogs   = "FCLogs:"
	topicEvents = "FCInstanceEvents:/"
)

// topics are those that lines of the scope may have.
func (s *Scope) topics() []string {
	service, function := fc.SplitName(s.Function)
	switch {
	case service != "":
		return []string{service}
	case s.InstanceID != "":
		return []string{topicLogs + function, topicEvents + function}
	}
	return []string{topicLogs + function}
}

// query is the scope in SLS's search syntax. Values are looked for in all fields, since
// a logstore needs no index of a single one.
func (s *Scope) query() string {
	var topics []string
	for _, topic := range s.topics() {
		topics = append(topics, fieldTopic+": "+phrase(topic))
	}
	terms := []string{topics[0]}
	if len(topics) > 1 {
		terms[0] = "(" + strings.Join(topics, " or ") + ")"
	}
	if service, function := fc.SplitName(s.Function); service != "" {
		terms = append(terms, phrase(function))
	}
	if s.Query != "" {
		terms = append(terms, "("+s.Query+")")
	}
	if s.Search != "" {
		terms = append(terms, search(s.Search))
	}
	for _, value := range []string{s.Qualifier, s.InstanceID, s.RequestID} {
		if value != "" {
			terms = append(terms, phrase(value))
		}
	}
	return strings.Join(terms, " and ")
}

// has reports whether a line is one of the scope: a search for words also finds lines
// that merely speak of an id, and those of other functions.
func (s *Scope) has(l *Line) bool {
	service, function := fc.SplitName(s.Function)
	isTopic := l.topic == ""
	for _, topic := range s.topics() {
		isTopic = isTopic || l.topic == topic
	}
	switch {
	case !isTopic, service != "" && l.FunctionName != "" && l.FunctionName != function:
		return false
	case s.RequestID != "" && l.RequestID != s.RequestID && (l.RequestID != "" || !strings.Contains(l.Message, s.RequestID)):
		return false
	case s.InstanceID != "" && l.InstanceID != "" && l.InstanceID != s.InstanceID:
		return false
	case s.Qualifier != "" && l.Qualifier+l.VersionID != "" && l.Qualifier != s.Qualifier && l.VersionID != s.Qualifier:
		return false
	}
	return true
}

// phrase is a text in quotes, in which SLS takes nothing for syntax (documentation of
// its search syntax).
func phrase(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// beginning is the beginning of a word, with the * that says so.
var beginning = regexp.MustCompile(`^[A-Za-z0-9_]+\*$`)

// search is a condition for the words of a text. A * means something outside of
// quotes alone.
func search(text string) string {
	if beginning.MatchString(text) {
		return text
	}
	return phrase(text)
}

// Errors of CheckQuery.
var (
	ErrOpenQuote  = diag.Errorf("a quote isn't closed")
	ErrBrackets   = diag.Errorf("its brackets don't pair")
	ErrSQL        = diag.Errorf("what follows | is SQL, which gives no lines")
	ErrEmptyQuery = diag.Errorf("it has no condition")
)

// CheckQuery says what keeps a condition in SLS's search syntax from being one of
// several: then it would mean other lines than those of the function.
func CheckQuery(query string) error {
	depth, quoted := 0, false
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return ErrBrackets
			}
		case c == '|':
			return ErrSQL
		}
	}
	switch {
	case quoted:
		return ErrOpenQuote
	case depth != 0:
		return ErrBrackets
	case strings.TrimSpace(query) == "":
		return ErrEmptyQuery
	}
	return nil
}
