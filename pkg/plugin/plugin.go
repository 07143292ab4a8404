// Package plugin finds and runs the plugins that s.yaml names: programs that get
// one JSON document on stdin and answer with one on stdout, and the JavaScript
// plugins of Serverless Devs, by way of node. It knows nothing of s.yaml and
// prints nothing but what plugins write to stderr.
package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"s/pkg/diag"
)

// Protocol is the version of the documents. It grows when a plugin of today
// would misunderstand one.
const Protocol = 1

// Request is the document that a plugin gets on stdin.
type Request struct {
	Protocol int            `json:"protocol"`
	Command  string         `json:"command"` // deploy, build, ...
	When     string         `json:"when"`    // pre, success, fail or complete
	Args     map[string]any `json:"args"`    // of the action
	Cwd      string         `json:"cwd"`     // absolute folder of s.yaml, where the plugin runs
	Project  Project        `json:"project"`
	// Resource and Props are absent for a global action. The props are resolved:
	// keys and passwords stand in them as they are.
	Resource *Resource      `json:"resource,omitempty"`
	Props    map[string]any `json:"props,omitempty"`
	// Output is what the command gave, Error why it failed; both after it only.
	Output any      `json:"output,omitempty"`
	Error  *Failure `json:"error,omitempty"`
}

// Project is the s.yaml that an action stands in.
type Project struct {
	Name    string `json:"name"`
	File    string `json:"file"` // absolute path
	Edition string `json:"edition"`
	Access  string `json:"access"` // alias of the credentials
}

// Resource is the one that an action belongs to.
type Resource struct {
	Name      string `json:"name"`
	Component string `json:"component"`
	Access    string `json:"access"`
}

// Failure is why the command failed.
type Failure struct {
	Message  string `json:"message"`
	ExitCode int    `json:"exitCode"` // that s will end with
}

// Answer is what a plugin gave. Without an answer both are nil.
type Answer struct {
	Props  map[string]any  // replace those of the resource
	Output json.RawMessage // replaces the output of the command if the action says so
}

// answerKeys are the keys that an answer may have.
func answerKeys() []string { return []string{"props", "output"} }

// AnswerError is an answer that can't be understood.
type AnswerError struct {
	What string // what is wrong
	Text string // how the answer begins; it may hold secrets
}

// Error tells what is wrong and shows how the answer begins.
func (e *AnswerError) Error() string {
	if e.Text == "" {
		return "what it wrote to stdout is no answer: " + e.What
	}
	return fmt.Sprintf("what it wrote to stdout is no answer: %s: %s", e.What, e.Text)
}

// shownAnswer is how much of a wrong answer is shown, in runes.
const shownAnswer = 60

// parseAnswer reads what a program wrote to stdout; redact takes secrets out of
// what is shown of it.
func parseAnswer(data []byte, when string, redact func(string) string) (Answer, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return Answer{}, nil
	}
	wrong := func(format string, args ...any) error {
		text := []rune(strings.Join(strings.Fields(redact(string(data))), " "))
		if len(text) > shownAnswer {
			text = append(text[:shownAnswer], '…')
		}
		return &AnswerError{What: fmt.Sprintf(format, args...), Text: string(text)}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	var doc map[string]json.RawMessage
	if err := decoder.Decode(&doc); err != nil {
		return Answer{}, wrong("it must be one JSON object (%s)", jsonProblem(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Answer{}, wrong("there is more after the JSON object")
	}
	for key := range doc {
		if !slices.Contains(answerKeys(), key) {
			what := fmt.Sprintf("it may have props and output, not %q", redact(key))
			if near := diag.DidYouMean(key, answerKeys()); near != "" {
				what += "; " + near
			}
			return Answer{}, wrong("%s", what)
		}
	}
	answer := Answer{Output: doc["output"]}
	if when == whenPre && answer.Output != nil {
		return Answer{}, wrong("there is no output to replace before the command")
	}
	raw := doc["props"]
	if raw == nil || string(raw) == "null" {
		return answer, nil
	}
	if when != whenPre {
		return Answer{}, wrong("props can be replaced only before the command, by a pre- action")
	}
	var err error
	if answer.Props, err = object(raw); err != nil {
		return Answer{}, wrong("props must be a JSON object")
	}
	return answer, nil
}

// whenPre is the one moment at which props can be replaced.
const whenPre = "pre"

// object reads a JSON object; numbers stay as they were written.
func object(raw []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var m map[string]any
	err := decoder.Decode(&m)
	return m, err
}

// jsonProblem says what is wrong, in words without Go's types.
func jsonProblem(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("%s at byte %d", syntax, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return "it is a JSON " + kind.Value
	}
	return err.Error()
}
