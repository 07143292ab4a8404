package invoke

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Failure is the error document of a managed runtime.
type Failure struct {
	Type    string
	Message string
	Stack   []string // lines, as the language prints them
}

// ReadFailure reads the error document of a function; false if the body isn't
// one.
func ReadFailure(body []byte) (Failure, bool) {
	var document struct {
		ErrorMessage *string         `json:"errorMessage"`
		ErrorType    string          `json:"errorType"`
		StackTrace   json.RawMessage `json:"stackTrace"`
	}
	if json.Unmarshal(body, &document) != nil || document.ErrorMessage == nil {
		return Failure{}, false
	}
	return Failure{Type: document.ErrorType, Message: *document.ErrorMessage, Stack: stack(document.StackTrace)}, true
}

// stack turns the shapes that the runtimes send into lines: lists of lists
// (Python: file, line, function, code), lists of strings (Node.js, Java), lists
// of objects (Go) and one object (PHP).
func stack(raw json.RawMessage) []string {
	var frames []json.RawMessage
	if json.Unmarshal(raw, &frames) != nil {
		return phpStack(raw)
	}
	var lines []string
	for _, frame := range frames {
		var text string
		var words []string
		var object struct {
			Path  string `json:"path"`
			Line  int    `json:"line"`
			Label string `json:"label"`
		}
		switch {
		case json.Unmarshal(frame, &text) == nil:
			lines = append(lines, strings.TrimRight(text, "\n"))
		case json.Unmarshal(frame, &words) == nil:
			lines = append(lines, pythonFrame(words)...)
		case json.Unmarshal(frame, &object) == nil:
			lines = append(lines, fmt.Sprintf("  %s:%d %s", object.Path, object.Line, object.Label))
		}
	}
	return lines
}

// pythonFrame joins file, line and function, and puts the code below, as a
// Python traceback has it.
func pythonFrame(words []string) []string {
	const place = 3
	if len(words) <= place {
		return []string{"  " + strings.Join(words, ", ")}
	}
	lines := []string{"  " + strings.Join(words[:place], ", ")}
	for _, code := range words[place:] {
		lines = append(lines, "    "+strings.TrimSpace(code))
	}
	return lines
}

func phpStack(raw json.RawMessage) []string {
	var object struct {
		File        string `json:"file"`
		Line        int    `json:"line"`
		TraceString string `json:"traceString"`
	}
	if json.Unmarshal(raw, &object) != nil || object.File == "" {
		return nil
	}
	lines := []string{fmt.Sprintf("  %s:%d", object.File, object.Line)}
	if object.TraceString != "" {
		lines = append(lines, strings.Split(strings.TrimRight(object.TraceString, "\n"), "\n")...)
	}
	return lines
}

// Text is the failure as the language would print it.
func (f Failure) Text() string {
	var b strings.Builder
	if len(f.Stack) > 0 && strings.HasPrefix(strings.TrimSpace(f.Stack[0]), "File \"") {
		b.WriteString("Traceback (most recent call last):\n")
	}
	last := f.Message
	if f.Type != "" && f.Message != "" {
		last = f.Type + ": " + f.Message
	} else if f.Message == "" {
		last = f.Type
	}
	if b.Len() == 0 && len(f.Stack) > 0 {
		return strings.TrimSuffix(last+"\n"+f.frames(), "\n")
	}
	for _, line := range f.Stack {
		b.WriteString(line + "\n")
	}
	b.WriteString(last)
	return b.String()
}

// frames is the stack without type and message, which that of Node.js begins with
// (FC 2.0 puts the kind of the error before its type).
func (f Failure) frames() string {
	text := strings.Join(f.Stack, "\n")
	head := strings.TrimPrefix(f.Type, "FunctionUnhandledError: ")
	if f.Message != "" {
		head += ": " + f.Message
	}
	if rest, found := strings.CutPrefix(text, head); found && (rest == "" || rest[0] == '\n') {
		return strings.TrimPrefix(rest, "\n")
	}
	return text
}
