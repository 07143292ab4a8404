package spec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
)

// MaxFileSize is the largest s.yaml that is read, in bytes.
const MaxFileSize = 10 << 20

// fileNames are looked for when no file is named, in this order.
func fileNames() []string { return []string{"s.yaml", "s.YAML", "s.YML", "s.yml"} }

// findFile gives the path of the s.yaml to read, in terms of what the caller
// gave.
func findFile(opts Options) (string, *diag.Diagnostic) {
	if opts.File != "" {
		return opts.File, nil
	}
	for _, name := range fileNames() {
		path := filepath.Join(opts.Dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	where := opts.Dir
	if where == "" {
		where = "this folder"
	}
	d := problem(CodeRead, diag.Range{File: filepath.Join(opts.Dir, "s.yaml")}, "no s.yaml in %s", where)
	d.Detail = "looked for " + strings.Join(fileNames(), ", ")
	return "", &d
}

// HasFile reports whether a folder, empty for that of the process, has an s.yaml.
func HasFile(dir string) bool {
	_, problem := findFile(Options{Dir: dir})
	return problem == nil
}

// readFile reads a text file of at most MaxFileSize.
func readFile(ctx context.Context, path string) ([]byte, *diag.Diagnostic) {
	if err := ctx.Err(); err != nil {
		d := problem(CodeRead, diag.Range{File: path}, "reading was interrupted")
		return nil, &d
	}
	return readText(path)
}

// readText reads a file in UTF-8 of at most MaxFileSize.
func readText(path string) ([]byte, *diag.Diagnostic) {
	fail := func(format string, args ...any) ([]byte, *diag.Diagnostic) {
		d := problem(CodeRead, diag.Range{File: path}, format, args...)
		return nil, &d
	}
	data, err := readLimited(path, MaxFileSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail("the file doesn't exist")
	case errors.Is(err, fs.ErrPermission):
		return fail("the file may not be read by you")
	case errors.Is(err, errFolder):
		return fail("this is a folder, not a file")
	case errors.Is(err, errSize):
		return fail("the file is larger than %d MB", MaxFileSize>>20)
	case err != nil:
		return fail("the file can't be read: %v", err)
	}
	if !isText(data) {
		return fail("the file isn't text in UTF-8")
	}
	return data, nil
}

// isText tells that data is UTF-8 and nothing that only programs read.
func isText(data []byte) bool { return bytes.IndexByte(data, 0) < 0 && utf8.Valid(data) }

var (
	errFolder = errors.New("is a folder, not a file")
	errSize   = errors.New("is too large")
)

// readLimited reads a regular file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errFolder
	}
	if info.Size() > limit {
		return nil, errSize
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, errSize
	}
	return data, err
}

// parseYAML gives the root node of the one document in data.
func parseYAML(file string, data []byte, lines []string) (*yaml.Node, *diag.Diagnostic) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || (err == nil && isEmpty(&doc)) {
		d := problem(CodeShape, diag.Range{File: file}, "the file is empty")
		return nil, &d
	}
	if err == nil {
		if err = dec.Decode(&more); errors.Is(err, io.EOF) {
			return doc.Content[0], nil
		}
		if err == nil {
			d := problem(CodeShape, wholeLine(file, lines, more.Line), "the file holds more than one document")
			d.Hint = "keep one document; remove the --- line"
			return nil, &d
		}
	}
	return nil, syntaxProblem(file, lines, err)
}

func isEmpty(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || (doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].ShortTag() == "!!null")
}

// templateHint is for a file that still has its placeholders.
const templateHint = "{{ }} belongs to templates; s init fills it in"

var yamlErrorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlAnchor is the one error that the parser gives without any line.
var yamlAnchor = regexp.MustCompile(`^unknown anchor '(.+)' referenced$`)

// findText is the range of the first place of a text.
func findText(file string, lines []string, text string) diag.Range {
	for i, line := range lines {
		if before, _, ok := strings.Cut(line, text); ok {
			from := diag.Pos{Line: i + 1, Column: utf8.RuneCountInString(before) + 1}
			return diag.Range{File: file, Start: from, End: diag.Pos{Line: i + 1, Column: from.Column + utf8.RuneCountInString(text)}}
		}
	}
	return diag.Range{File: file}
}

// syntaxProblem places an error of the YAML parser, which tells its line in
// its text only.
func syntaxProblem(file string, lines []string, err error) *diag.Diagnostic {
	rng, message := diag.Range{File: file}, err.Error()
	if m := yamlErrorLine.FindStringSubmatch(message); m != nil {
		message = m[2]
		n, _ := strconv.Atoi(m[1])
		rng = wholeLine(file, lines, min(problemLine(lines, n, message), len(lines)))
	}
	if m := yamlAnchor.FindStringSubmatch(message); m != nil {
		rng = findText(file, lines, "*"+m[1])
	}
	d := problem(CodeSyntax, rng, "not valid YAML: %s", message)
	line := ""
	if rng.Start.Line > 0 && rng.Start.Line <= len(lines) {
		line = lines[rng.Start.Line-1]
	}
	switch indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; {
	case strings.Contains(indent, "\t"):
		d.Hint = "indent with spaces; YAML allows no tabs there"
	case strings.Contains(line, "{{"):
		d.Hint = templateHint
	case strings.Contains(line, "${") && strings.ContainsAny(line, "[{"):
		d.Hint = "inside [ ] and { } an expression must be in quotes: \"${...}\""
	}
	return &d
}

// Limits of the search for the line of a syntax error.
const (
	maxSearchLines = 500
	maxSearchLine  = 2000
)

// problemLine gives the line, from 1, of an error that the YAML parser places
// at line n. Of its two halves the scanner counts from 1 and the parser proper
// from 0, and leaves 0 out; its messages tell which it was. For a block it names
// the line where the block starts: the line at fault is the first one with which
// the text gives this very error.
func problemLine(lines []string, n int, message string) int {
	inParser := strings.HasPrefix(message, "did not find expected") && !strings.Contains(message, "character")
	if n == 0 || inParser {
		n++
	}
	if message != "did not find expected key" && message != "did not find expected '-' indicator" {
		return n
	}
	for k := n; k <= len(lines) && k-n < maxSearchLines && k < maxSearchLine; k++ {
		var doc yaml.Node
		err := yaml.Unmarshal([]byte(strings.Join(lines[:k], "\n")+"\n"), &doc)
		if err != nil && strings.HasSuffix(err.Error(), message) {
			return k
		}
	}
	return n
}

// wholeLine is the range of a line's text without its indentation.
func wholeLine(file string, lines []string, n int) diag.Range {
	if n < 1 || n > len(lines) {
		return diag.Range{File: file}
	}
	line := lines[n-1]
	text := strings.TrimLeft(line, " \t")
	from := utf8.RuneCountInString(line[:len(line)-len(text)]) + 1
	to := from + max(1, utf8.RuneCountInString(strings.TrimRight(text, " \t")))
	return diag.Range{File: file, Start: diag.Pos{Line: n, Column: from}, End: diag.Pos{Line: n, Column: to}}
}

// problem makes a diagnostic of severity Error.
func problem(code string, rng diag.Range, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Error, Code: code, Range: rng, Summary: fmt.Sprintf(format, args...), Message: diag.Say(format, args...)}
}
