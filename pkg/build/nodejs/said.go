package nodejs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"s/pkg/build"
)

// npmErrors keeps the first lines that npm marks as errors: for some it goes on
// with a page on how it is used, which would be all that is left at the end.
type npmErrors struct {
	part  []byte
	lines []string
	done  bool
}

// mostErrors is how many lines are kept.
const mostErrors = 12

// Write never fails.
func (w *npmErrors) Write(p []byte) (int, error) {
	for rest := p; ; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if w.part = append(w.part, line...); !ended {
			return len(p), nil
		}
		w.line(strings.TrimRight(string(w.part), "\r "))
		w.part, rest = w.part[:0], after
	}
}

func (w *npmErrors) line(line string) {
	said, ok := strings.CutPrefix(line, "npm error")
	if !ok {
		said, ok = strings.CutPrefix(line, "npm ERR!")
	}
	said = strings.TrimSpace(said)
	if said == "Clean install a project" || said == "Usage:" || len(w.lines) >= mostErrors {
		w.done = true
	}
	if ok && said != "" && !w.done {
		w.lines = append(w.lines, line)
	}
}

// reason is the first line that says what is wrong, where there are some for
// programs before it.
func (w *npmErrors) reason() string {
	for _, line := range w.lines {
		said := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(line, "npm error"), "npm ERR!"))
		word, _, _ := strings.Cut(said, " ")
		if !slices.Contains([]string{"code", "errno", "syscall", "path", "dest"}, word) {
			return said
		}
	}
	return ""
}

// runTool runs a package manager so that an error has its own first words.
func (i *installer) runTool(ctx context.Context, c build.Command) error {
	first := &npmErrors{}
	job := *i.job
	job.Log = first
	if i.job.Log != nil {
		job.Log = io.MultiWriter(i.job.Log, first)
	}
	err := job.Run(ctx, c)
	var failed *build.BuildError
	if !errors.As(err, &failed) {
		return err
	}
	if len(first.lines) > 0 && !slices.Contains(failed.Tail, first.lines[0]) {
		failed.Tail = first.lines
	}
	failed.Said = first.reason()
	for _, line := range failed.Tail {
		if said, ok := strings.CutPrefix(strings.TrimSpace(line), "ERR_PNPM_"); ok {
			_, failed.Said, _ = strings.Cut(said, "  ")
			break
		}
	}
	return err
}
