package python

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/build/python/lists"
)

// list is what is to be installed.
type list struct {
	// file is what lists it, and over the lists that are there, too, and aren't
	// read.
	file string
	over []string
	// digest sums up all of it.
	digest string
	// local are packages named by a path relative to the source: pip may write
	// into them, so that it is given copies.
	local []string
	// indexes are URLs of package indexes.
	indexes []string
	batches []batch
}

// batch is one run of pip.
type batch struct {
	file string // of requirements, absolute; empty for text
	text string
	// complete is set if it lists all that is needed.
	complete bool
}

// readList reads what a source folder lists for a Python: a requirements.txt
// before all others, unless it lists nothing. It returns nil if there is nothing
// to install. Lists that can't be used are *build.HelpError.
func readList(source string, t target) (*list, error) {
	names, err := lists.Find(source)
	if err != nil {
		return nil, err
	}
	r, err := readRequirements(source)
	if err != nil {
		return nil, err
	}
	if r != nil && r.any {
		only := batch{file: filepath.Join(source, requirementsFile)}
		if r.editable {
			only = batch{text: r.flat.String()}
		}
		return &list{
			file: requirementsFile, over: names, digest: r.digest(), local: r.local, batches: []batch{only},
		}, nil
	}
	if len(names) == 0 {
		return nil, nil
	}
	l, err := lists.Read(source, names[0], t.environment())
	var bad *lists.Error
	if errors.As(err, &bad) {
		return nil, &build.HelpError{Err: err, Help: bad.Help}
	}
	if err != nil || len(l.Pins)+len(l.Requirements) == 0 {
		return nil, err
	}
	return newList(source, l, others(names))
}

// others are the lists that the first goes before. A pyproject.toml is none
// beside a lock file that is made from it.
func others(names []string) []string {
	first, rest := names[0], names[1:]
	return slices.DeleteFunc(slices.Clone(rest), func(name string) bool { return name == lists.PyProject && first != lists.PipfileJS })
}

// newList writes a list as pip reads it.
func newList(source string, l *lists.List, over []string) (*list, error) {
	out := &list{file: l.File, over: over, indexes: l.Indexes}
	var links strings.Builder
	for _, f := range l.Folders {
		fmt.Fprintf(&links, "--find-links %s\n", filepath.Join(source, filepath.FromSlash(f)))
	}
	head := links.String()
	hashed, plain := "", ""
	for _, p := range l.Pins {
		line := requirement(p)
		if p.Path != "" && !filepath.IsAbs(filepath.FromSlash(p.Path)) {
			out.local = append(out.local, p.Path)
		}
		if len(p.Hashes) > 0 && !strings.HasPrefix(p.URL, "git+") && !isFolder(source, p.Path) {
			hashed += line + " --hash=" + strings.Join(p.Hashes, " --hash=") + "\n"
		} else {
			plain += line + "\n"
		}
	}
	// With one hash pip asks for all, which commits and folders have none of.
	for _, text := range []string{hashed, plain} {
		if text != "" {
			out.batches = append(out.batches, batch{text: head + text, complete: true})
		}
	}
	if len(l.Requirements) > 0 {
		out.batches = append(out.batches, batch{text: head + strings.Join(l.Requirements, "\n") + "\n"})
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", out.indexes)
	for _, b := range out.batches {
		fmt.Fprintf(sum, "%d %v\n%s\n", len(b.text), b.complete, b.text)
	}
	for _, path := range out.local {
		if err := addPath(sum, filepath.FromSlash(path), source); err != nil {
			return nil, err
		}
	}
	out.digest = digestOf(sum)
	return out, nil
}

// requirement is the line for a package.
func requirement(p lists.Pin) string {
	switch {
	case p.URL != "":
		return p.Name + " @ " + p.URL
	case p.Path != "":
		if filepath.IsAbs(filepath.FromSlash(p.Path)) {
			return p.Path
		}
		return "./" + p.Path
	}
	return p.Name + "==" + p.Version
}

func isFolder(source, path string) bool {
	if path == "" {
		return false
	}
	path = filepath.FromSlash(path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(source, path)
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func digestOf(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }
