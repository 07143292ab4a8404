package iostreams

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/spec/expr"
)

var verb = regexp.MustCompile(`%[-+# 0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:\[\d+\])?[a-zA-Z%]`)

func TestTranslationsTakeTheSameArguments(t *testing.T) {
	t.Parallel()
	var messages map[string]string
	if err := json.Unmarshal(catalogZH, &messages); err != nil {
		t.Fatal(err)
	}
	for format, translated := range messages {
		if diff := cmp.Diff(verb.FindAllString(format, -1), verb.FindAllString(translated, -1)); diff != "" {
			t.Errorf("%q: verbs (-English +Chinese):\n%s", format, diff)
		}
		if edges(format) != edges(translated) {
			t.Errorf("%q and %q don't begin and end alike: spaces and newlines are part of the layout", format, translated)
		}
		if translated == "" {
			t.Errorf("%q has an empty translation", format)
		}
	}
}

// edges is the white space around a message.
func edges(text string) [2]string {
	left := text[:len(text)-len(strings.TrimLeft(text, " \n\t"))]
	right := text[len(strings.TrimRight(text, " \n\t")):]
	return [2]string{left, right}
}

func TestEveryMessageIsTranslated(t *testing.T) {
	t.Parallel()
	formats := spokenFormats(t, filepath.Join("..", "cmd"))
	maps.Copy(formats, spokenFormats(t, filepath.Join("..", "deploy"))) // the plan
	maps.Copy(formats, spokenFormats(t, filepath.Join("..", "vault")))  // where secrets are kept
	maps.Copy(formats, spokenFormats(t, filepath.Join("..", "bundle"))) // what of the code is large
	maps.Copy(formats, spokenFormats(t, "."))
	for _, root := range []string{"build", "bundle", "cmd/build", "cmd/clean", "cmd/deploy", "cmd/root", "cmd/cmdutil", "cmd/instance", "cmd/invoke", "cmd/layer", "cmd/list", "cmd/logs", "cmd/publish", "cmd/remove", "cmd/scale", "cmd/session", "cmd/sync", "logs", "deploy", "invoke", "fcclient"} {
		maps.Copy(formats, saidFormats(t, filepath.Join("..", root))) // what a build is doing, and why it fails
	}
	for _, note := range peerNotes(t) {
		formats[note] = "pkg/cmd/root/peer.txt"
	}
	findings := findingFormats(t, filepath.Join("..", "spec"))
	for _, label := range []string{"error", "warning", "note", "hint"} { // of findings
		formats[label] = "pkg/diag/render.go"
	}
	if len(formats) < 20 {
		t.Fatalf("only %d messages found in the commands: is the walk still right?", len(formats))
	}
	catalogue := loadZH()
	for format, place := range formats {
		if _, ok := catalogue[format]; !ok && worded(format) {
			t.Errorf("%s: add %q to pkg/iostreams/catalog/zh.json", place, format)
		}
	}
	for format := range catalogue {
		if _, ok := formats[format]; !ok && findings[format] == "" {
			t.Errorf("no command says %q any more: remove it from pkg/iostreams/catalog/zh.json", format)
		}
	}
}

// peerNotes are the last columns of the table of the peer's commands and flags.
func peerNotes(t *testing.T) []string {
	t.Helper()
	table, err := os.ReadFile(filepath.Join("..", "cmd", "root", "peer.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for line := range strings.Lines(string(table)) {
		fields := strings.Split(line, "|")
		if note := strings.TrimSpace(fields[len(fields)-1]); len(fields) == 5 && note != "" && !strings.HasPrefix(line, "#") {
			notes = append(notes, note)
		}
	}
	return notes
}

// worded reports whether a format has words to translate beside its verbs.
func worded(format string) bool {
	return strings.ContainsFunc(verb.ReplaceAllString(format, ""), func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	})
}

// spokenFormats finds the literal formats of all calls of T and Errf in the Go
// files below root, with one place of each.
func spokenFormats(t *testing.T, root string) map[string]string {
	t.Helper()
	formats := map[string]string{}
	calls(t, root, func(call *ast.CallExpr, place string) {
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || len(call.Args) == 0 || method.Sel.Name != "T" && method.Sel.Name != "Errf" {
			return
		}
		if format, ok := literal(call.Args[0]); ok {
			formats[format] = place
		}
	})
	return formats
}

// saidFormats finds those of diag.Say and diag.Errorf, and the messages that are
// literals: reasons and help of errors.
func saidFormats(t *testing.T, root string) map[string]string {
	t.Helper()
	formats := map[string]string{}
	add := func(e ast.Expr, place string) {
		if format, ok := literal(e); ok && !isCommand(format) {
			formats[format] = place
		}
	}
	nodes(t, root, func(node ast.Node, place string) {
		switch node := node.(type) {
		case *ast.CallExpr:
			if (selects(node.Fun, "diag", "Say") || selects(node.Fun, "diag", "Errorf")) && len(node.Args) > 0 {
				add(node.Args[0], place)
			}
		case *ast.KeyValueExpr:
			if key, ok := node.Key.(*ast.Ident); ok && (key.Name == "Reason" || key.Name == "Help") {
				add(node.Value, place)
			}
		case *ast.ValueSpec:
			if selects(node.Type, "diag", "Message") && len(node.Values) > 0 {
				add(node.Values[0], place)
			}
		}
	})
	return formats
}

// selects reports whether an expression is a name of a package.
func selects(e ast.Expr, pkg, name string) bool {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != name {
		return false
	}
	of, ok := selector.X.(*ast.Ident)
	return ok && of.Name == pkg
}

// isCommand tells a command that the user can run as it is: it is the same in
// every language.
func isCommand(text string) bool {
	program, _, _ := strings.Cut(text, " ")
	programs := []string{"s", "pyenv", "nvm", "poetry", "pdm", "pipenv", "uv"}
	return slices.Contains(programs, program) && !strings.ContainsAny(text, ",;") && !strings.Contains(text, " on this machine")
}

// calls visits all calls in the Go files below root that aren't tests.
func calls(t *testing.T, root string, visit func(call *ast.CallExpr, place string)) {
	t.Helper()
	nodes(t, root, func(node ast.Node, place string) {
		if call, ok := node.(*ast.CallExpr); ok {
			visit(call, place)
		}
	})
}

// nodes visits all of the syntax of the Go files below root that aren't tests.
func nodes(t *testing.T, root string, visit func(node ast.Node, place string)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if node != nil {
				visit(node, files.Position(node.Pos()).String())
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// findingFormats finds the formats of findings, and the words for kinds of values
// that go into them. Not all of them have a translation.
func findingFormats(t *testing.T, root string) map[string]string {
	t.Helper()
	formats := map[string]string{}
	for kind := expr.Null; kind <= expr.Pending; kind++ {
		formats[kind.String()] = "pkg/spec/expr"
	}
	calls(t, root, func(call *ast.CallExpr, place string) {
		name, ok := call.Fun.(*ast.Ident)
		if !ok || name.Name != "problem" || len(call.Args) < 3 {
			return
		}
		if format, ok := literal(call.Args[2]); ok {
			formats[format] = place
		}
	})
	return formats
}

// literal gives the value of a string literal or of a sum of them.
func literal(expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		right, ok2 := literal(e.Y)
		return left + right, ok && ok2 && e.Op == token.ADD
	}
	return "", false
}
