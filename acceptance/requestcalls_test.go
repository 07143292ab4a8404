package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// firstMark begins what is asked for first, all at the same time; thenMark what
// comes after it.
const (
	firstMark = "  at once "
	thenMark  = "  then    "
)

// summary lists calls in an order that doesn't depend on which of those that are
// made at the same time was the first. Reads that wait for instances aren't in it.
func summary(calls []*call) []string {
	var first, then []string
	seen := map[string]bool{}
	wrote := false
	for _, c := range calls {
		line := c.method + " " + c.path
		if len(c.query) > 0 {
			line += "?" + c.query.Encode()
		}
		switch again := seen[line] || wrote; {
		case c.read() && again && waits(c):
		case c.read() && !again:
			first = append(first, firstMark+line)
		default:
			then = append(then, thenMark+line+fields(c.body))
		}
		seen[line] = true
		wrote = wrote || !c.read()
	}
	slices.Sort(first)
	slices.Sort(then)
	return append(first, then...)
}

// fields names what a body has.
func fields(body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return ""
	}
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return " (no object)"
	}
	return " {" + strings.Join(slices.Sorted(maps.Keys(object)), " ") + "}"
}

// writeCalls and readCalls are the two ways of testdata/requests/NAME/calls.txt.
func writeCalls(steps []requestStep, calls map[string][]string) string {
	var text strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&text, "%s: s %s: %d\n%s\n", s.name, strings.Join(s.args, " "), len(calls[s.name]), strings.Join(calls[s.name], "\n"))
	}
	return text.String()
}

func readCalls(t *testing.T, path string) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatalf("%v: write it with -update", err)
	}
	calls := map[string][]string{}
	name := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "  ") {
			calls[name] = append(calls[name], line)
			continue
		}
		name, _, _ = strings.Cut(line, ":")
	}
	return calls
}
