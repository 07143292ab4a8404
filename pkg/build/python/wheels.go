package python

import (
	"bytes"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// NoWheelError is packages that come only as source, or ready for others than
// the function's Python and platform, and that this machine can't make for them.
type NoWheelError struct {
	Packages []string
	Python   string // of the function
	Platform build.Platform
}

// Error names the packages and what they are needed for.
func (e *NoWheelError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *NoWheelError) Wording() error {
	return diag.Errorf("no wheel for Python %s on %s: %s, and a build of the source here wouldn't run there",
		e.Python, e.Platform, strings.Join(e.Packages, ", "))
}

// noWheel is the error for packages, with what can be done.
func (p *pip) noWheel(packages []string) error {
	slices.Sort(packages)
	help := diag.Say("s build --use-docker")
	if p.host == p.job.Target() {
		help = diag.Say("s build --use-docker, or install Python %s here: pyenv install %s", p.target.python, p.target.python)
	}
	return &build.HelpError{Err: diag.Errorf("build %s: %w", p.job.Name, &NoWheelError{
		Packages: slices.Compact(packages), Python: p.target.python, Platform: p.job.Target(),
	}), Help: help}
}

// checkWheels reads the tags of all installed packages: pip takes what it made
// itself as it is.
func (p *pip) checkWheels(packages string) error {
	if !p.cross {
		return nil
	}
	notes, err := filepath.Glob(filepath.Join(packages, "*.dist-info", "WHEEL"))
	if err != nil {
		return err
	}
	var bad []string
	for _, note := range notes {
		data, err := os.ReadFile(note)
		if err != nil {
			return err
		}
		if !p.runs(wheelTags(string(data))) {
			dist := strings.TrimSuffix(filepath.Base(filepath.Dir(note)), ".dist-info")
			bad = append(bad, strings.Replace(dist, "-", " ", 1))
		}
	}
	if len(bad) > 0 {
		return p.noWheel(bad)
	}
	return nil
}

// wheelTags are those that the note in a wheel names.
func wheelTags(note string) []string {
	var tags []string
	for line := range strings.SplitSeq(note, "\n") {
		if tag, ok := strings.CutPrefix(line, "Tag:"); ok {
			tags = append(tags, expandTag(strings.TrimSpace(tag))...)
		}
	}
	return tags
}

// expandTag gives the single tags of a compressed one: py2.py3-none-any.
func expandTag(tag string) []string {
	parts := strings.Split(tag, "-")
	if len(parts) != 3 {
		return nil
	}
	var tags []string
	for python := range strings.SplitSeq(parts[0], ".") {
		for abi := range strings.SplitSeq(parts[1], ".") {
			for platform := range strings.SplitSeq(parts[2], ".") {
				tags = append(tags, python+"-"+abi+"-"+platform)
			}
		}
	}
	return tags
}

// runs reports whether one of the tags is for the target. What was compiled
// here, with no word of a C library, runs there if this machine is such a one.
func (p *pip) runs(tags []string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool {
		if here, ok := strings.CutSuffix(tag, "-linux_"+p.target.machine()); ok && p.host == p.job.Target() {
			tag = here + "-any"
		}
		return p.target.loads(tag)
	})
}

// foreign gives the names of those wheel files that don't run on the target.
func (p *pip) foreign(files []string) []string {
	var names []string
	for _, file := range files {
		parts := strings.Split(strings.TrimSuffix(file, ".whl"), "-")
		if len(parts) < 5 {
			continue
		}
		if !p.runs(expandTag(strings.Join(parts[len(parts)-3:], "-"))) {
			names = append(names, parts[0]+" "+parts[1])
		}
	}
	return names
}

var (
	// madePattern is a wheel that pip made, now or before: of the latter it
	// takes those for the Python that it runs in.
	madePattern = regexp.MustCompile(`^\s*(?:Created wheel for \S+: filename=|Using cached )(\S+\.whl)`)
	// failedPattern is how pip names what it couldn't build: at once at the
	// end, or the one whose metadata couldn't be made.
	failedPattern  = regexp.MustCompile(`^(?:ERROR: )?Failed to build ([A-Za-z0-9._' -]+?)(?: when .*)?$`)
	currentPattern = regexp.MustCompile(`^\s*(?:Collecting ([A-Za-z0-9._-]+)|Processing (\S+))`)
)

// noMetadata is what pip says of a package that doesn't even tell what it needs,
// without naming it.
const noMetadata = "error: metadata-generation-failed"

// maxLine bounds a line of pip's output that is looked at, in bytes.
const maxLine = 64 << 10

// wheelLog passes the output of pip on and notes what it made of sources.
type wheelLog struct {
	to     io.Writer
	part   []byte
	made   []string // file names
	failed []string // packages

	current string // the package that is looked at
}

// Write never fails for the sake of the log.
func (w *wheelLog) Write(p []byte) (int, error) {
	if w.to != nil {
		_, _ = w.to.Write(p)
	}
	w.part = append(w.part, p...)
	for {
		line, rest, found := bytes.Cut(w.part, []byte("\n"))
		if !found {
			if len(w.part) > maxLine {
				w.part = w.part[:0]
			}
			return len(p), nil
		}
		w.line(strings.TrimRight(string(line), "\r "))
		w.part = append(w.part[:0], rest...)
	}
}

func (w *wheelLog) line(text string) {
	if m := currentPattern.FindStringSubmatch(text); m != nil {
		if w.current = m[1]; w.current == "" {
			w.current = path.Base(filepath.ToSlash(m[2]))
		}
	}
	if text == noMetadata && w.current != "" {
		w.failed = append(w.failed, w.current)
	}
	if m := madePattern.FindStringSubmatch(text); m != nil {
		w.made = append(w.made, m[1])
	}
	if m := failedPattern.FindStringSubmatch(text); m != nil {
		w.failed = append(w.failed, strings.Fields(strings.ReplaceAll(m[1], "'", ""))...)
	}
}
