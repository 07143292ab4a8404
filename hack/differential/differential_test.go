package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/proc/proctest"
)

// ours is the s under test.
var ours string

func TestMain(m *testing.M) { os.Exit(runMain(m)) }

// runMain builds s without the race detector, which would make each of its
// many starts slow.
func runMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "differential-s-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	ours = filepath.Join(dir, "s")
	if runtime.GOOS == "windows" {
		ours += ".exe"
	}
	build := exec.Command("go", "build", "-o", ours, "s/cmd/s")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "no s to test: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// TestRecorded holds our preview of every case against what the peer gave, and
// the differences against docs/compatibility.md.
func TestRecorded(t *testing.T) {
	cases, err := readCases("cases")
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 60 {
		t.Errorf("only %d cases", len(cases))
	}
	list, err := readKnown(filepath.Join("..", "..", "docs", "compatibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range list.unused(cases) {
		t.Error(wrong)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			peer, err := c.peerResult(t.Context(), options{})
			if err != nil {
				t.Fatal(err)
			}
			if (peer.Tree == nil) == (peer.Error == "") {
				t.Error("peer.json holds neither a tree nor an error, or both")
			}
			got, err := c.run(t.Context(), program{path: ours})
			if err != nil {
				t.Fatal(err)
			}
			if got.Tree == nil && !strings.Contains(got.Error, "FC-SPEC-") {
				t.Errorf("an error without a finding: %s", got.Error)
			}
			for _, wrong := range list.judge(c.name, differences(peer, got)) {
				t.Error(wrong)
			}
		})
	}
}

func tree(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDifferences(t *testing.T) {
	for _, tt := range []struct {
		peer, ours string
		want       []string
	}{
		{`{"a": {"b": 1}}`, `{"a": {"b": 1}}`, nil},
		{`{"a": 1, "b": [1, {"c": 2}]}`, `{"b": [1, {"c": 2}], "a": 1.0}`, nil},
		{`{"a": {"b": 1}}`, `{"a": {"b": "1"}}`, []string{"a.b"}},
		{`{"a": {}}`, `{}`, []string{"a"}},
		{`{}`, `{"a": null}`, []string{"a"}},
		{`{"l": [1, 2]}`, `{"l": [1]}`, []string{"l"}},
		{`{"l": [{"x": 1}, 2]}`, `{"l": [{"x": 2}, 3]}`, []string{"l.0.x", "l.1"}},
		{`{"a": 1}`, `[1]`, []string{""}},
	} {
		var got []string
		for _, d := range differences(result{Tree: tree(t, tt.peer)}, result{Tree: tree(t, tt.ours)}) {
			got = append(got, d.path)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s and %s:\n%s", tt.peer, tt.ours, d)
		}
	}
	ok, bad := result{Tree: tree(t, `{}`)}, result{Error: "no"}
	if len(differences(bad, bad)) != 0 || differences(ok, bad)[0].path != failure || differences(bad, ok)[0].path != failure {
		t.Error("failures aren't compared as they should")
	}
}

func TestKnown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known.md")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("# Title\n\n| case | path | reason |\n|---|---|---|\n| `a` | `x.y` | because |\r\n| `a` | `(error)` | so |\n| `gone` | `x` | so |\n| `no reason` | `x` |\n")
	list, err := readKnown(file)
	if err != nil || list["a"]["x.y"] != "because" || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	wrong := list.judge("a", []difference{{path: "x.y"}, {path: "z", peer: "1", ours: "2"}})
	if d := cmp.Diff([]string{"not listed: a: z: peer 1, s 2", "listed, but gone: a: (error)"}, wrong); d != "" {
		t.Error(d)
	}
	if got := list.unused([]*testCase{{name: "a"}}); len(got) != 1 || !strings.Contains(got[0], "gone") {
		t.Errorf("got %v", got)
	}
	write("| `a` | `x` | because |\n| `a` | `x` | again |\n")
	if _, err := readKnown(file); err == nil {
		t.Error("a row that stands twice was taken")
	}
	if _, err := readKnown(file + ".no"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRead(t *testing.T) {
	r, err := read("[2026-01-01 00:00:00][WARN] noise\n{\n  \"a\": \"/tmp/x/f\"\n}\n", "", "/tmp/x", false)
	if err != nil || r.Error != "" || r.Tree.(map[string]any)["a"] != "DIR/f" {
		t.Errorf("%+v %v", r, err)
	}
	r, err = read("", "\x1b[31mError Message:\x1b[0m\n/tmp/x/s.yaml is wrong\nA complete log of this run can be found in: /home\n \nEnv:   x\n", "/tmp/x", true)
	if err != nil || r.Tree != nil || r.Error != "Error Message:\nDIR/s.yaml is wrong" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err = read("\n", "", "/tmp/x", false); err != nil || r.Error == "" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err = read("{ not JSON", "", "/tmp/x", false); err == nil {
		t.Error("half a tree was taken")
	}
}

// TestAgainstAProgram runs the whole with our own program as the peer: nothing
// differs from itself, so that every row of the list is gone.
func TestAgainstAProgram(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "cases", "one"), os.DirFS(filepath.Join("cases", "minimal"))); err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(dir, "known.md")
	list := func(text string) {
		if err := os.WriteFile(known, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-s", ours, "-dir", dir, "-known", known}
	var out bytes.Buffer
	list("")
	if err := run(context.Background(), args, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	list("| `one` | `name` | because |\n")
	if err := run(context.Background(), args, &out); err == nil || !strings.Contains(err.Error(), "listed, but gone: one: name") {
		t.Errorf("got %v", err)
	}
	// A peer that fails is recorded, and differs.
	peer := filepath.Join(dir, "peer")
	proctest.Program(t, peer, "#!/bin/sh\necho 'Error Message:' >&2\necho 'no such case' >&2\nexit 1\n")
	if err := run(context.Background(), append(args, "-peer", peer, "-record", "one"), &out); err == nil || !strings.Contains(err.Error(), "not listed: one: (error)") {
		t.Errorf("got %v\n%s", err, out.String())
	}
	data, err := os.ReadFile(filepath.Join(dir, "cases", "one", recorded))
	if err != nil || !bytes.Contains(data, []byte(`"error"`)) {
		t.Errorf("%s %v", data, err)
	}
}
