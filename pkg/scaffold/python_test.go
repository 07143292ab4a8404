package scaffold

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/toolchain"
)

// python finds an interpreter that the templates must run on.
func python(t *testing.T, version string) string {
	t.Helper()
	found, err := toolchain.New(os.LookupEnv).FindPython(t.Context(), version)
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) {
		t.Skipf("no Python here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found.Path
}

// renderDefault renders a template with its defaults and gives the folder.
func renderDefault(t *testing.T, name string) string {
	t.Helper()
	template, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "made")
	if _, err := Render(t.Context(), template, nil, dir, Options{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// call runs the handler of code/index.py with events and gives its answers.
func call(t *testing.T, dir string, events ...string) []any {
	t.Helper()
	input, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), python(t, "3.10"), filepath.Join("testdata", "call.py"), filepath.Join(dir, "code"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var answers []any
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(events) {
		t.Fatalf("%v from %q", err, out)
	}
	return answers
}

func TestEventTemplateAnswers(t *testing.T) {
	t.Parallel()
	got := call(t, renderDefault(t, "start-fc-event-python"), `{"name":"s"}`, ``, `[1]`, `nope`)
	want := []any{
		map[string]any{"message": "hello s", "event": map[string]any{"name": "s"}},
		map[string]any{"message": "hello world", "event": nil},
		map[string]any{"message": "hello world", "event": []any{1.0}},
		map[string]any{"raised": "JSONDecodeError"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestHTTPTemplateAnswers(t *testing.T) {
	t.Parallel()
	const request = `{"version":"v1","rawPath":"/a%20b","body":"5L2g5aW9","isBase64Encoded":true,"headers":{},` +
		`"queryParameters":{"q":"1"},"requestContext":{"http":{"method":"POST","path":"/a b"}}}`
	got := call(t, renderDefault(t, "start-fc-http-python"), request, `{"key":"value"}`, `nope`, `[1]`, ``)
	for i, status := range []float64{200, 400, 400, 400, 400} {
		answer, ok := got[i].(map[string]any)
		if !ok || answer["statusCode"] != status {
			t.Errorf("event %d: got %v, want status %v", i, got[i], status)
			continue
		}
		var body map[string]any
		text, _ := answer["body"].(string)
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Errorf("event %d: body %q: %v", i, text, err)
		}
		if i > 0 {
			continue
		}
		want := map[string]any{"message": "hello world", "method": "POST", "path": "/a b", "query": map[string]any{"q": "1"}, "body": "你好"}
		if diff := cmp.Diff(want, body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
}

// The custom template runs on the Python 3.7 of its name, and on newer ones.
func TestPythonOfTemplatesIsSyntacticallyRight(t *testing.T) {
	t.Parallel()
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	interpreter := python(t, "3.7")
	checked := 0
	for _, template := range all {
		files, err := filepath.Glob(filepath.Join(renderDefault(t, template.Name), "code", "*.py"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			const check = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())"
			if out, err := exec.CommandContext(t.Context(), interpreter, "-c", check, file).CombinedOutput(); err != nil {
				t.Errorf("%s %s: %v\n%s", template.Name, filepath.Base(file), err, out)
			}
			checked++
		}
	}
	if checked < 4 {
		t.Errorf("only %d files checked", checked)
	}
}
