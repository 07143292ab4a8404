package java

import (
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"s/pkg/build"
)

// The tools, as messages show them.
const (
	maven  = "Maven"
	gradle = "Gradle"
)

// Names of the files that describe projects.
const pomFile = "pom.xml"

func gradleFiles() []string {
	return []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"}
}

// project is what makes a function's code.
type project struct {
	tool string // Maven or Gradle
	dir  string // absolute folder of the build file nearest to the code
	run  string // absolute folder that the tool is run in, dir or above
	root string // absolute folder that has all of the project
	// wrapper is the absolute path of the script that brings the tool; empty if
	// there is none.
	wrapper string
}

// findProject finds the nearest build file, from the code up to the folder that
// has the code and s.yaml. It gives nil if there is none.
func findProject(req build.Request) *project {
	limit := req.ProjectDir
	for !inside(limit, req.SourceDir) {
		limit = filepath.Dir(limit)
	}
	for dir := req.SourceDir; ; dir = filepath.Dir(dir) {
		pom, other := has(dir, pomFile), has(dir, gradleFiles()...)
		if pom && other {
			first, _, _ := strings.Cut(shorten(dir, req.SourceDir), "/")
			pom = first != "build"
		}
		switch {
		case pom:
			return mavenProject(dir)
		case other:
			return gradleProject(dir)
		}
		if dir == limit || filepath.Dir(dir) == dir {
			return nil
		}
	}
}

// has reports whether a folder has a file of one of the names.
func has(dir string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	})
}

// gradleProject is the build that a folder is part of: Gradle looks for the
// settings in the folders above, too.
func gradleProject(dir string) *project {
	p := &project{tool: gradle, dir: dir, run: dir, root: dir}
	for at := dir; ; at = filepath.Dir(at) {
		if has(at, "settings.gradle", "settings.gradle.kts") {
			p.run, p.root = at, at
			break
		}
		if filepath.Dir(at) == at {
			break
		}
	}
	if has(p.run, p.wrapperName()) {
		p.wrapper = filepath.Join(p.run, p.wrapperName())
	}
	return p
}

// wrapperName is the file name of the tool's wrapper script.
func (p *project) wrapperName() string {
	switch {
	case p.tool == maven && runtime.GOOS == "windows":
		return "mvnw.cmd"
	case p.tool == maven:
		return "mvnw"
	case runtime.GOOS == "windows":
		return "gradlew.bat"
	}
	return "gradlew"
}

// output is the name of the folders that the tool puts its results into.
func (p *project) output() string {
	if p.tool == maven {
		return "target"
	}
	return "build"
}

// rel is a path below the root, relative to it.
func (p *project) rel(path string) string {
	rel, err := filepath.Rel(p.root, path)
	if err != nil {
		return path // another drive: never below the root
	}
	return rel
}

// makes reports whether the project is what makes the code: the code is its
// folder, or one of its results. What else is there is made by something else;
// of what isn't there, a custom runtime's must look like a result.
func (p *project) makes(code string, custom bool) bool {
	if code == p.dir || slices.Contains(strings.Split(shorten(p.dir, code), "/"), p.output()) {
		return true
	}
	if _, err := os.Stat(code); err == nil {
		return false
	}
	return !custom || isArchive(code) && !strings.EqualFold(filepath.Ext(code), ".zip")
}

// isOutput tells by its path, relative to the root with slashes, what a former
// build made.
func (p *project) isOutput(rel string) bool { return isOutput(p.root, rel) }

// isOutputOf is isOutput for paths relative to another folder.
func (p *project) isOutputOf(dir string) func(string) bool {
	return func(rel string) bool { return isOutput(dir, rel) }
}

// isOutput reports whether a path names a folder of results: one of that name
// beside a build file, so that a package of that name is none.
func isOutput(dir, rel string) bool {
	parent := filepath.Join(dir, filepath.FromSlash(path.Dir(rel)))
	switch path.Base(rel) {
	case "target":
		return has(parent, pomFile)
	case "build", ".gradle", ".kotlin":
		return has(parent, gradleFiles()...)
	}
	return false
}

// inside reports whether a path is dir or below it. Nothing is outside of a
// file system's root.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return filepath.Dir(dir) == dir || err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// shorten shows a path relative to a folder if it is in it, with slashes.
func shorten(dir, path string) string {
	if inside(dir, path) {
		if rel, err := filepath.Rel(dir, path); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	return path
}
