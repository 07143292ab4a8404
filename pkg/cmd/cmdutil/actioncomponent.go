package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"s/pkg/spec"
)

// component runs another command of the resource's component: one of ours.
func (a Actions) component(ctx context.Context, s *Subject, line string) error {
	words, err := splitWords(line)
	line = s.Project.Redact(line) // from here on it is only shown
	if err != nil {
		return fmt.Errorf("component action %q: %w", line, err)
	}
	if len(words) < 2 {
		return WithHint(ExitSpec, fmt.Errorf("component action %q names no command", line), "write a component and its command, such as fc3 build")
	}
	component, command := spec.ComponentName(words[0]), words[1]
	switch {
	case component != "fc" && component != "fc3":
		return WithHint(ExitSpec, fmt.Errorf("component action %q: component %s is not one that s has", line, s.Project.Redact(words[0])),
			"s has fc and fc3; run: takes any other program")
	case command == a.Command:
		return WithHint(ExitSpec, fmt.Errorf("component action %q would run %s inside of %s", line, a.Command, a.Command),
			"take the action away, or make it one of another command")
	}
	a.IO.Errf("> %s", line)
	if command == "build" && a.Build != nil {
		return a.Build(ctx, s, words[2:])
	}
	if a.Nested == nil || s.Resource == nil {
		return fmt.Errorf("component action %q can't run here", line)
	}
	err = a.Nested(ctx, a.IO, s.Project, s.Resource.Name, words[1:])
	var known *Error
	if errors.As(err, &known) && known.Quiet {
		// The user has seen why, but not that it was this action.
		return WithCode(known.Code, fmt.Errorf("%q ended with exit code %d", line, known.Code))
	}
	return err
}

// splitWords splits a line into words as a shell does: at spaces, less those in
// quotes or after a backslash. Nothing is expanded.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun, escaped := false, false
	var quote rune
	for _, c := range line {
		switch {
		case escaped:
			// In double quotes a backslash is one, unless it is needed.
			if quote == '"' && !strings.ContainsRune("\"\\$`\n", c) {
				word.WriteRune('\\')
			}
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, begun = true, true
		case c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case strings.ContainsRune(" \t\r\n", c):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	switch {
	case quote != 0:
		return nil, fmt.Errorf("the quote %c is never closed", quote)
	case escaped:
		return nil, errors.New("it ends with a backslash")
	case begun:
		words = append(words, word.String())
	}
	return words, nil
}
