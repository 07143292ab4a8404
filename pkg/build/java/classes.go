package java

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// TooNewError is a class that the function's runtime can't load.
type TooNewError struct {
	Class   string // the file, relative to the project
	Java    int    // that it was compiled for
	Runtime string
	Runs    int // the version of the runtime
}

// Error names the class and the versions.
func (e *TooNewError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *TooNewError) Wording() error {
	return diag.Errorf("%s is compiled for Java %d, and %s runs Java %d", e.Class, e.Java, e.Runtime, e.Runs)
}

// runsOn makes sure that the project's own classes are for the runtime's Java. A
// custom runtime's may be any.
func (p *project) runsOn(rt fc.Runtime, work string) error {
	runs, err := strconv.Atoi(rt.Version)
	if err != nil {
		return nil //nolint:nilerr // a custom runtime names no version
	}
	dir := filepath.Join(work, p.rel(p.dir), p.output(), "classes")
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "versions" && filepath.Base(filepath.Dir(path)) == "META-INF" {
			return fs.SkipDir // for newer ones
		}
		if d.IsDir() || filepath.Ext(path) != ".class" || d.Name() == "module-info.class" {
			return nil
		}
		java, err := classVersion(path)
		if err != nil || java <= runs {
			return err
		}
		return &TooNewError{Class: shorten(dir, path), Java: java, Runtime: rt.Name, Runs: runs}
	})
	var newer *TooNewError
	if errors.As(err, &newer) {
		help := diag.Say("set maven.compiler.release to %d in the properties of pom.xml", runs)
		if p.tool == gradle {
			help = diag.Say("set options.release = %d for the JavaCompile tasks in the build file", runs)
		}
		return &build.HelpError{Err: newer, Help: help}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // made in another place
	}
	return err
}

// classVersion reads the Java version that a class file is for: its major
// version less 44 (JVM specification, 4.1). It is 0 for a file that is no class.
func classVersion(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, 8)
	if _, err := io.ReadFull(f, head); err != nil {
		return 0, nil //nolint:nilerr // too short for a class
	}
	if binary.BigEndian.Uint32(head) != 0xcafebabe {
		return 0, nil
	}
	return int(binary.BigEndian.Uint16(head[6:])) - 44, nil
}
