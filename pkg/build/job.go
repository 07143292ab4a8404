package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"s/pkg/diag"
)

// Job is one part of an artifact to make.
type Job struct {
	Request
	Plan  *Plan
	Tools []Tool
	// Out is the empty folder to fill.
	Out string
	// Work is a copy of Plan.Root for a builder that compiles; the copy may be
	// written to. Empty for others.
	Work string
	// Scratch is an empty folder for whatever else the tools write.
	Scratch string
}

// Command is a program to run.
type Command struct {
	Argv []string
	// Shown is Argv for the log, if it has parts that say nothing to a reader.
	Shown []string
	// What names it in errors: pip install.
	What string
	// Does tells a person what it does; empty names the program.
	Does diag.Message
	Dir  string
	// Env is the whole environment.
	Env []string
}

// Temp is a folder for temporary files of tools; it is made if it isn't there.
func (j *Job) Temp() (string, error) {
	dir := filepath.Join(j.Scratch, "tmp")
	return dir, os.MkdirAll(dir, 0o755)
}

// Environ is the environment for a tool: environ without the variables that
// drop names (in upper case), with temporary files in the job's own folder, and
// with what the user asks for.
func (j *Job) Environ(environ []string, drop func(name string) bool) []string {
	temp := filepath.Join(j.Scratch, "tmp")
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		switch name = strings.ToUpper(name); name {
		case "TMPDIR", "TEMP", "TMP":
			return true
		case "MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MAKE_TERMOUT", "MAKE_TERMERR":
			return true // of a make that s itself was started by
		default:
			return drop != nil && drop(name)
		}
	})
	out = append(out, "TMPDIR="+temp, "TEMP="+temp, "TMP="+temp)
	for _, name := range sortedKeys(j.Env) {
		out = append(out, name+"="+j.Env[name])
	}
	return out
}

// Run runs a program; what it prints goes to the log. Its error is a
// *BuildError, or the context's; where the tool named files of the copy that it
// worked on, the error names those of the source.
func (j *Job) Run(ctx context.Context, c Command) error {
	tail, err := j.start(ctx, c)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if j.Work != "" {
		for i := range tail {
			tail[i] = strings.ReplaceAll(tail[i], j.Work+string(filepath.Separator), j.Plan.Root+string(filepath.Separator))
		}
	}
	return &BuildError{Name: j.Name, Tool: c.What, Tail: tail, Err: err}
}

// start runs a program with all it starts itself, and returns the last lines of
// its output.
func (j *Job) start(ctx context.Context, c Command) ([]string, error) {
	if j.Container != nil {
		c = j.Container.wrap(j, c)
	}
	log := j.Log
	if log == nil {
		log = io.Discard
	}
	shown := c.Shown
	if shown == nil {
		shown = c.Argv
	}
	fmt.Fprintf(log, "$ %s\n", strings.Join(shown, " "))
	if _, err := j.Temp(); err != nil {
		return nil, err
	}
	tail := &tailWriter{to: log}
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.Stdout, cmd.Stderr = tail, tail
	// Whatever a tool left running must not hold us up.
	cmd.WaitDelay = 3 * time.Second
	group(cmd)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if c.Does == "" {
		c.Does = diag.Say("running %s", c.What)
	}
	j.doing(c.Does)
	ended := j.Request.Tool(shown)
	err := cmd.Run()
	end(cmd)
	ended(err)
	return tail.lines(), err
}

// tailLines is how many lines of a failed tool's output are kept.
const tailLines = 20

// maxLine bounds the length of a line kept, in bytes.
const maxLine = 2000

// tailWriter passes output on and keeps its last lines.
type tailWriter struct {
	to   io.Writer
	kept []string
	part []byte // the line that hasn't ended
}

// Write never fails for the sake of the log: the tool goes on without.
func (w *tailWriter) Write(p []byte) (int, error) {
	_, _ = w.to.Write(p)
	for _, c := range p {
		switch {
		case c == '\n':
			w.flush()
		case len(w.part) < maxLine:
			w.part = append(w.part, c)
		}
	}
	return len(p), nil
}

func (w *tailWriter) flush() {
	line := plain(string(w.part))
	w.part = w.part[:0]
	if line == "" {
		return
	}
	if w.kept = append(w.kept, line); len(w.kept) > tailLines {
		w.kept = w.kept[1:]
	}
}

// escapePattern is what moves a terminal's cursor, colours its text, names its
// window or makes links (ECMA-48: control sequences and strings, of xterm).
var escapePattern = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[ -/]*[0-~])`)

// plain is a line of a tool's as it would stand on a terminal in the end, without
// colours: of what is written over itself, as progress is, the last.
func plain(line string) string {
	line = strings.TrimRight(escapePattern.ReplaceAllString(line, ""), "\r ")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	return strings.Map(func(c rune) rune {
		if c != '\t' && unicode.IsControl(c) {
			return -1
		}
		return c
	}, line)
}

func (w *tailWriter) lines() []string {
	w.flush()
	return w.kept
}
