//go:build unix

package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// world is where a plugin of a test runs.
type world struct {
	*testing.T
	dir    string
	stderr bytes.Buffer
	runner Runner
}

func newWorld(t *testing.T, list map[string]string) *world {
	t.Helper()
	w := &world{T: t, dir: files(t, list)}
	w.runner = Runner{Env: os.Environ(), Stderr: &w.stderr, Redact: hush, LookPath: exec.LookPath}
	return w
}

// run finds and runs a plugin with a request.
func (w *world) run(ctx context.Context, name string, request Request) (Answer, error) {
	w.Helper()
	p, err := Finder{Dir: w.dir, LookPath: exec.LookPath}.Find(name)
	if err != nil {
		w.Fatal(err)
	}
	request.Cwd = w.dir
	return w.runner.Run(ctx, p, request)
}

func TestRunShell(t *testing.T) {
	t.Parallel()
	request := Request{Command: "deploy", When: "pre", Args: map[string]any{"a": 1}, Props: map[string]any{"key": "hush"}}
	for _, tt := range []struct {
		name, script, stderr, err string
		code                      int
		props                     bool
	}{
		{name: "silent", script: "exit 0"},
		{name: "answer", script: `echo '{"props":{"x":1}}'`, props: true},
		{name: "stderr", script: "echo working >&2", stderr: "working\n"},
		{name: "secret on stderr", script: "cat >&2", stderr: `"props":{"key":"***"}`},
		{name: "no newline", script: "printf half >&2", stderr: "half\n"},
		{name: "exit code", script: "echo why >&2; exit 3", stderr: "why\n", err: "exit status 3", code: 3},
		{name: "an answer and an exit code", script: `echo '{"props":{}}'; exit 4`, err: "exit status 4", code: 4},
		{name: "no JSON", script: "echo all good", err: "what it wrote to stdout is no answer: it must be one JSON object"},
		{name: "secret in no JSON", script: "cat; echo x", err: "there is more after"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\n" + tt.script + "\n"})
			answer, err := w.run(t.Context(), "./p", request)
			if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v\nwant %s", err, tt.err)
			}
			var exit *exec.ExitError
			if errors.As(err, &exit); tt.code != 0 && (exit == nil || exit.ExitCode() != tt.code) {
				t.Errorf("exit code of %v, want %d", err, tt.code)
			}
			if (answer.Props != nil) != tt.props || !strings.Contains(w.stderr.String(), tt.stderr) {
				t.Errorf("props %v, stderr %q", answer.Props, w.stderr.String())
			}
			if strings.Contains(w.stderr.String(), "hush") || err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("a secret is shown: %q, %v", w.stderr.String(), err)
			}
		})
	}
}

// The document is what docs/plugins.md says.
func TestDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\npwd -P >where\ncat >doc\n"})
	request := Request{
		Command: "deploy", When: "fail", Args: map[string]any{},
		Project:  Project{Name: "app", File: "/p/s.yaml", Edition: "3.0.0", Access: "local"},
		Resource: &Resource{Name: "hello", Component: "fc3", Access: "local"},
		Props:    map[string]any{"timeout": 3}, Error: &Failure{Message: "broken", ExitCode: 5},
	}
	if _, err := w.run(t.Context(), "./p", request); err != nil {
		t.Fatal(err)
	}
	want := `{"protocol":1,"command":"deploy","when":"fail","args":{},"cwd":` + strconv.Quote(w.dir) +
		`,"project":{"name":"app","file":"/p/s.yaml","edition":"3.0.0","access":"local"},` +
		`"resource":{"name":"hello","component":"fc3","access":"local"},"props":{"timeout":3},"error":{"message":"broken","exitCode":5}}`
	if got := w.file("doc"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := strings.TrimSpace(w.file("where")); got != w.dir {
		t.Errorf("it ran in %s, not in %s", got, w.dir)
	}
}

func (w *world) file(name string) string {
	w.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}

// A program need not read what it is given, however much that is.
func TestUnreadDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\nexit 0\n"})
	if _, err := w.run(t.Context(), "./p", Request{Props: map[string]any{"x": strings.Repeat("x", 1<<20)}}); err != nil {
		t.Error(err)
	}
}

func TestTooLargeAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\nhead -c 17000000 /dev/zero\n"})
	if _, err := w.run(t.Context(), "./p", Request{}); err == nil || !strings.Contains(err.Error(), "more than 16 MiB") {
		t.Errorf("error %v", err)
	}
}

func TestLongLineOfStderr(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\nhead -c 200000 /dev/zero | tr '\\0' x >&2\n"})
	if _, err := w.run(t.Context(), "./p", Request{}); err != nil || w.stderr.Len() != 200001 {
		t.Errorf("error %v, %d bytes", err, w.stderr.Len())
	}
}

func TestProgramThatCannotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/no/such/interpreter\n"})
	if _, err := w.run(t.Context(), "./p", Request{}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}

// gone waits until no process of that number is there.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(time.Millisecond) {
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && bytes.Contains(stat, []byte(") Z ")) {
			return // nobody is there to wait for it
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

func pid(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What a plugin leaves behind with its output neither holds s up nor stays.
func TestWhatIsLeftBehindEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\nsleep 600 &\necho $! >child\necho '{\"output\":1}'\n"})
	answer, err := w.run(t.Context(), "./p", Request{When: "success"})
	if err != nil || string(answer.Output) != "1" {
		t.Errorf("answer %s, error %v", answer.Output, err)
	}
	gone(t, pid(t, w.file("child")))
}

// An interruption ends the plugin and what it started, whether they listen or
// not.
func TestInterruption(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"willing": "sleep 600 & echo $! >child; touch ready; wait",
		"deaf":    "trap '' TERM INT; sh -c 'trap \"\" TERM INT; while :; do sleep 600; done' & echo $! >child; touch ready; while :; do sleep 600; done",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\necho $$ >own\n" + script + "\n"})
			w.runner.Grace = 50 * time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := w.run(ctx, "./p", Request{})
				done <- err
			}()
			for {
				if _, err := os.Stat(filepath.Join(w.dir, "ready")); err == nil {
					break
				}
				select {
				case err := <-done:
					t.Fatalf("it ended by itself: %v", err)
				case <-time.After(time.Millisecond):
				}
			}
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			gone(t, pid(t, w.file("own")))
			gone(t, pid(t, w.file("child")))
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\nexec sleep 600\n"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.run(ctx, "./p", Request{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// A request that is no JSON is an error of ours, not a crash.
func TestRequestThatIsNoJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p+x": "#!/bin/sh\n"})
	var kind *json.UnsupportedTypeError
	if _, err := w.run(t.Context(), "./p", Request{Output: func() {}}); !errors.As(err, &kind) {
		t.Errorf("error %v", err)
	}
}

// The examples of the guide do what it says.
func TestExamplesOfTheGuide(t *testing.T) {
	t.Parallel()
	for _, guide := range []string{"plugins.md", "plugins.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", guide))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			language, needs, when, want string
		}{
			{"sh", "jq", "pre", `{"environmentVariables":{"STAGE":"beta"},"timeout":3}`},
			{"python", "python3", "success", `{"function": "hello"}`},
		} {
			t.Run(guide+" "+tt.language, func(t *testing.T) {
				t.Parallel()
				if _, err := exec.LookPath(tt.needs); err != nil {
					t.Skip(tt.needs + " is not on PATH")
				}
				_, example, _ := strings.Cut(string(text), "```"+tt.language+"\n")
				example, _, _ = strings.Cut(example, "```")
				w := newWorld(t, map[string]string{"p+x": example})
				answer, err := w.run(t.Context(), "./p", Request{
					When: tt.when, Args: map[string]any{"stage": "beta"}, Props: map[string]any{"timeout": 3},
					Resource: &Resource{Name: "hello"}, Output: map[string]any{"functionName": "hello"},
				})
				if err != nil {
					t.Fatalf("%v: %s", err, &w.stderr)
				}
				got := string(answer.Output)
				if tt.when == "pre" {
					props, err := json.Marshal(answer.Props)
					if err != nil {
						t.Fatal(err)
					}
					got = string(props)
				}
				if got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		}
	}
}
