package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Files of a case that aren't part of the project in it.
const (
	recorded = "peer.json"
	argsFile = "args" // further arguments of preview
)

// testCase is a folder of cases.
type testCase struct {
	name, dir string
	args      []string
}

// result is what a program made of a case.
type result struct {
	// Error is what it said if it gave no tree.
	Error string `json:"error,omitempty"`
	Tree  any    `json:"tree,omitempty"`
}

func readCases(dir string) ([]*testCase, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var cases []*testCase
	for _, e := range entries {
		c := &testCase{name: e.Name(), dir: filepath.Join(dir, e.Name())}
		args, err := os.ReadFile(filepath.Join(c.dir, argsFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		c.args = strings.Fields(string(args))
		cases = append(cases, c)
	}
	return cases, nil
}

// peerResult runs the peer, or reads what it gave when it was recorded.
func (c *testCase) peerResult(ctx context.Context, o options) (result, error) {
	path := filepath.Join(c.dir, recorded)
	if o.peer == "" {
		var r result
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		return r, err
	}
	r, err := c.run(ctx, program{path: o.peer, silent: true})
	if err != nil || !o.record {
		return r, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return r, err
	}
	return r, os.WriteFile(path, b.Bytes(), 0o644)
}

// program is one of the two, with what must be said to it.
type program struct {
	path   string
	silent bool // takes --silent
}

// run has a program preview a copy of the case, in an environment that is the
// same for both.
func (c *testCase) run(ctx context.Context, p program) (result, error) {
	temp, err := os.MkdirTemp("", "differential-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(temp)
	if temp, err = filepath.EvalSymlinks(temp); err != nil {
		return result{}, err
	}
	dir, home := filepath.Join(temp, "project"), filepath.Join(temp, "home")
	if err := c.copyTo(dir); err != nil {
		return result{}, err
	}
	if err := os.Mkdir(home, 0o755); err != nil {
		return result{}, err
	}
	args := append([]string{"preview", "-t", "s.yaml", "-o", "json"}, c.args...)
	if p.silent {
		args = append(args, "--silent")
	}
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "S_HOME=" + filepath.Join(home, ".s"), "LANG=C",
		"DIFF_REGION=cn-beijing", "DIFF_EMPTY=", "DIFF_NUMBER=45", "DIFF_TRUE=true", "DIFF_FILE=./staging.txt",
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return result{}, err
	}
	return read(stdout.String(), stderr.String(), dir, exit != nil)
}

func (c *testCase) copyTo(dir string) error {
	if err := os.CopyFS(dir, os.DirFS(c.dir)); err != nil {
		return err
	}
	for _, name := range []string{recorded, argsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

var (
	colours = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	// noise is what the peer says around its answer: the date, the folder of its
	// log, its version.
	noise = regexp.MustCompile(`(?m)^(\[\d{4}-.*|A complete log of this run.*|Env: .*|Logs: .*|Feedback: .*|\s*)\n`)
)

// read finds the tree in what a program printed. Places of this machine are
// called DIR.
func read(stdout, stderr, dir string, failed bool) (result, error) {
	if i := strings.Index("\n"+stdout, "\n{"); i >= 0 && !failed {
		data, err := json.Marshal(strings.ReplaceAll(dir, `\`, `/`))
		if err != nil {
			return result{}, err
		}
		text := strings.ReplaceAll(stdout[i:], strings.Trim(string(data), `"`), "DIR")
		var r result
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&r.Tree); err != nil {
			return result{}, fmt.Errorf("%w in %s", err, stdout)
		}
		return r, nil
	}
	text := colours.ReplaceAllString(stdout+"\n"+stderr, "") + "\n"
	text = strings.TrimSpace(noise.ReplaceAllString(text, ""))
	if text == "" {
		text = "no word"
	}
	return result{Error: strings.ReplaceAll(text, dir, "DIR")}, nil
}
