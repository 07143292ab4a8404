package java

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// collect takes what the code names from the copy that the tool worked on.
func (p *project) collect(ctx context.Context, job *build.Job) error {
	rt, _ := fc.LookupRuntime(job.Runtime)
	if err := p.runsOn(rt, job.Work); err != nil {
		return err
	}
	code := filepath.Join(job.Work, p.rel(job.SourceDir))
	if p.dir == job.SourceDir && !rt.Custom {
		jar, err := p.onlyJar(job)
		if err != nil {
			return err
		}
		code = jar
	}
	info, err := os.Stat(code)
	if errors.Is(err, fs.ErrNotExist) {
		made, err := p.made(job.Work, job.ProjectDir)
		if err != nil {
			return err
		}
		return &build.HelpError{
			Err:  &NotMadeError{Tool: p.tool, Code: diag.Say("%s", shorten(job.ProjectDir, job.SourceDir)), Made: made},
			Help: "set code to what the build makes",
		}
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		// The copy is on the file system that the result is on.
		return os.Rename(code, filepath.Join(job.Out, filepath.Base(code)))
	}
	// What Gradle keeps for itself is no part of the project.
	if err := os.RemoveAll(filepath.Join(code, ".gradle")); err != nil {
		return err
	}
	return build.CopyCode(ctx, code, job.Out, job.NoDefaultIgnore)
}

// NotMadeError is code that the build didn't make.
type NotMadeError struct {
	Tool string
	Code diag.Message // what s.yaml names
	Made []string     // jars and wars that were made
}

// Error names what was made instead.
func (e *NotMadeError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *NotMadeError) Wording() error {
	if len(e.Made) == 0 {
		return diag.Errorf("%s didn't make %s; it made no jar", e.Tool, e.Code)
	}
	return diag.Errorf("%s didn't make %s; it made %s", e.Tool, e.Code, strings.Join(e.Made, ", "))
}

// SeveralJarsError is a project that makes more than one jar, so that it must be
// said which is the code, or none.
type SeveralJarsError struct {
	Tool string
	Made []string
}

// Error names them.
func (e *SeveralJarsError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *SeveralJarsError) Wording() error {
	if len(e.Made) == 0 {
		return diag.Errorf("%s made no jar", e.Tool)
	}
	return diag.Errorf("%s made more than one jar that may be the code: %s", e.Tool, strings.Join(e.Made, ", "))
}

// onlyJar finds the one jar that may be the code of a function whose code is
// the project's folder.
func (p *project) onlyJar(job *build.Job) (string, error) {
	dir := filepath.Join(p.rel(p.dir), p.output())
	if p.tool == gradle {
		dir = filepath.Join(dir, "libs")
	}
	files, err := os.ReadDir(filepath.Join(job.Work, dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var found []string
	for _, f := range files {
		if f.Type().IsRegular() && isCode(f.Name()) {
			found = append(found, filepath.Join(dir, f.Name()))
		}
	}
	if len(found) == 1 {
		return filepath.Join(job.Work, found[0]), nil
	}
	e := &SeveralJarsError{Tool: p.tool}
	for _, rel := range found {
		e.Made = append(e.Made, shorten(job.ProjectDir, filepath.Join(p.root, rel)))
	}
	if len(found) > 0 {
		return "", &build.HelpError{Err: e, Help: "set code to one of them"}
	}
	made, err := p.made(job.Work, job.ProjectDir)
	if err != nil {
		return "", err
	}
	if len(made) == 0 {
		return "", e
	}
	return "", &build.HelpError{
		Err:  &NotMadeError{Tool: p.tool, Code: diag.Say("a jar in %s", shorten(job.ProjectDir, filepath.Join(p.root, dir))), Made: made},
		Help: "set code to one of them",
	}
}

// isCode tells a jar or war that may run from those that plugins put beside it.
func isCode(name string) bool {
	base, jar := strings.CutSuffix(name, ".jar")
	if !jar {
		return strings.HasSuffix(name, ".war")
	}
	if strings.HasPrefix(name, "original-") {
		return false // what the shade plugin made another of
	}
	return !slices.ContainsFunc([]string{"-sources", "-javadoc", "-tests", "-test-sources", "-plain"}, func(suffix string) bool {
		return strings.HasSuffix(base, suffix)
	})
}

// made lists the jars and wars in the folders of results, as the user finds
// them in his own project.
func (p *project) made(work, projectDir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(work, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(work, path)
		parts := strings.Split(filepath.ToSlash(rel), "/")
		if err == nil && slices.Contains(parts, p.output()) && isArchive(path) {
			out = append(out, shorten(projectDir, filepath.Join(p.root, rel)))
		}
		return err
	})
	return out, err
}
