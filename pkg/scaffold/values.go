package scaffold

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"s/pkg/diag"
)

// Reason says what is wrong with a value.
type Reason int

// The reasons.
const (
	Unknown Reason = iota // no parameter has this name
	Missing               // required, not given, and without a default
	NotType               // not of the parameter's type
	NotEnum               // none of the allowed values
	NoMatch               // the pattern isn't matched
)

// Problem is what is wrong with the value of one parameter.
type Problem struct {
	Parameter string
	Reason    Reason
	Value     any
	Type      Type     // wanted, for NotType
	Enum      []string // allowed, for NotEnum
	Pattern   string   // for NoMatch
	Rule      Text     // the parameter's description, for NoMatch; may be empty
	// Nearest are similar names (Unknown) or values (NotEnum), best first.
	Nearest []string
}

// Error says which parameter has which problem.
func (p *Problem) Error() string {
	switch p.Reason {
	case Unknown:
		return fmt.Sprintf("unknown parameter %q", p.Parameter)
	case Missing:
		return fmt.Sprintf("parameter %q is required", p.Parameter)
	case NotType:
		return fmt.Sprintf("parameter %q must be a %s, not %s", p.Parameter, typeName(p.Type), p.Shown())
	case NotEnum:
		return fmt.Sprintf("parameter %q must be one of %s, not %s", p.Parameter, strings.Join(p.Enum, ", "), p.Shown())
	default:
		return fmt.Sprintf("parameter %q must match %s, not %s", p.Parameter, p.Pattern, p.Shown())
	}
}

// Shown is the value as JSON, as the user may have written it.
func (p *Problem) Shown() string {
	encoded, err := json.Marshal(p.Value)
	if err != nil {
		return fmt.Sprint(p.Value)
	}
	return string(encoded)
}

// typeName is the word for what a value must be: an enum's is a string.
func typeName(t Type) string {
	if t == TypeBoolean {
		return "boolean"
	}
	return "string"
}

// ParameterErrors are all problems with the values for a template, in the
// order of its parameters, unknown names last.
type ParameterErrors []*Problem

// Error gives the problems, a line each.
func (ps ParameterErrors) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}

// Check says what is wrong with value, nil if nothing is.
func (p *Parameter) Check(value any) *Problem {
	if p.Type == TypeBoolean {
		if _, ok := value.(bool); !ok {
			return &Problem{Parameter: p.Name, Reason: NotType, Value: value, Type: p.Type}
		}
		return nil
	}
	text, ok := value.(string)
	switch {
	case !ok:
		return &Problem{Parameter: p.Name, Reason: NotType, Value: value, Type: p.Type}
	case text == "" && p.Required:
		return &Problem{Parameter: p.Name, Reason: Missing, Value: value}
	case text == "":
		return nil
	case p.Type == TypeEnum && !slices.Contains(p.Enum, text):
		return &Problem{Parameter: p.Name, Reason: NotEnum, Value: value, Enum: p.Enum, Nearest: diag.Nearest(text, p.Enum)}
	case p.pattern != nil && !p.pattern.MatchString(text):
		return &Problem{Parameter: p.Name, Reason: NoMatch, Value: value, Pattern: p.Pattern, Rule: p.Description}
	}
	return nil
}

// Complete gives values with the defaults of what they leave out, or
// ParameterErrors with all that is wrong. values isn't changed. An optional
// parameter without a default becomes the empty string, or false.
func (t *Template) Complete(values map[string]any) (map[string]any, error) {
	complete := make(map[string]any, len(t.Parameters))
	var problems ParameterErrors
	for i := range t.Parameters {
		p := &t.Parameters[i]
		value, given := values[p.Name]
		if !given {
			value = p.fallback()
		}
		if value == nil {
			problems = append(problems, &Problem{Parameter: p.Name, Reason: Missing})
			continue
		}
		if problem := p.Check(value); problem != nil {
			problems = append(problems, problem)
		}
		complete[p.Name] = value
	}
	problems = append(problems, t.unknown(values)...)
	if len(problems) > 0 {
		return nil, problems
	}
	return complete, nil
}

// Validate says what is wrong with values as far as they are given, as
// ParameterErrors: what is missing may still be asked for.
func (t *Template) Validate(values map[string]any) error {
	var problems ParameterErrors
	for i := range t.Parameters {
		p := &t.Parameters[i]
		if value, given := values[p.Name]; given {
			if problem := p.Check(value); problem != nil {
				problems = append(problems, problem)
			}
		}
	}
	problems = append(problems, t.unknown(values)...)
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// fallback is the value of a parameter that isn't given; nil means it must be.
func (p *Parameter) fallback() any {
	switch {
	case p.Default != nil:
		return p.Default
	case p.Required:
		return nil
	case p.Type == TypeBoolean:
		return false
	}
	return ""
}

// unknown gives a problem for every value that no parameter asks for.
func (t *Template) unknown(values map[string]any) ParameterErrors {
	names := make([]string, 0, len(t.Parameters))
	for _, p := range t.Parameters {
		names = append(names, p.Name)
	}
	var problems ParameterErrors
	for name, value := range values {
		if !slices.Contains(names, name) {
			problems = append(problems, &Problem{Parameter: name, Reason: Unknown, Value: value, Nearest: diag.Nearest(name, names)})
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Parameter < problems[j].Parameter })
	return problems
}
