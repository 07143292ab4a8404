package bundle

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Entry is one file, symbolic link or empty folder of a tree.
type Entry struct {
	Path    string      // relative, with slashes
	Mode    fs.FileMode // type and permissions
	Size    int64       // bytes; of the target's text for a link
	ModTime time.Time
	Target  string // of a symbolic link, as it stands

	info fs.FileInfo
}

// Listing is what of a folder counts as code.
type Listing struct {
	Root    string  // absolute, symbolic links resolved
	Entries []Entry // ordered bytewise by path
	LeftOut []string
}

// ListOptions says what to list.
type ListOptions struct {
	// NoDefaultIgnore lists what is left out by default, too.
	NoDefaultIgnore bool
	// NoIgnoreFiles reads no .fcignore.
	NoIgnoreFiles bool
	// Skip is a file or folder to leave out, if it is in the tree.
	Skip string
	// Leave tells what else isn't looked at, by its path relative to the root
	// with slashes; a folder with all it has. Nil leaves nothing.
	Leave func(path string) bool
}

// List reads the tree below dir, without what the rules of .fcignore and the
// default rules leave out. Folders are listed if they are empty. It returns a
// *FileError for what FC can't hold: sockets, pipes, devices, and symbolic
// links that lead out of the tree.
func List(ctx context.Context, dir string, opts ListOptions) (*Listing, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	l := &lister{ctx: ctx, root: root, anyFile: opts.NoIgnoreFiles, leave: opts.Leave, leftOut: map[string]bool{}}
	if opts.Skip != "" {
		if l.skip, err = filepath.Abs(opts.Skip); err != nil {
			return nil, err
		}
		if parent, err := filepath.EvalSymlinks(filepath.Dir(l.skip)); err == nil {
			l.skip = filepath.Join(parent, filepath.Base(l.skip))
		}
	}
	var rules *ruleSet
	if !opts.NoDefaultIgnore {
		rules = defaultRules()
		l.defaults = len(rules.rules)
	}
	if err := l.folder("", rules, verdict{index: -1}); err != nil {
		return nil, err
	}
	slices.SortFunc(l.entries, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	out := &Listing{Root: root, Entries: l.entries}
	for name := range l.leftOut {
		out.LeftOut = append(out.LeftOut, name)
	}
	slices.Sort(out.LeftOut)
	return out, nil
}

type lister struct {
	ctx      context.Context
	root     string
	skip     string
	anyFile  bool // no .fcignore is read
	leave    func(path string) bool
	defaults int // how many of the first rules are the default ones
	entries  []Entry
	leftOut  map[string]bool
}

// folder lists one folder, given the rules from above and what they say about
// the folder itself.
func (l *lister) folder(rel string, rules *ruleSet, v verdict) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	dir := filepath.Join(l.root, filepath.FromSlash(rel))
	children, err := os.ReadDir(dir)
	if err != nil {
		return &FileError{Path: display(rel), Reason: "cannot be read", Err: err}
	}
	for _, c := range children {
		if c.Name() == IgnoreFile && !c.IsDir() && !l.anyFile {
			if rules, err = readRules(filepath.Join(dir, IgnoreFile), rel, rules); err != nil {
				return err
			}
		}
	}
	for _, c := range children {
		if err := l.child(rel, c, rules, v); err != nil {
			return err
		}
	}
	if len(children) == 0 && rel != "" && !v.ignored {
		info, err := os.Lstat(dir)
		if err != nil {
			return &FileError{Path: rel, Reason: changed, Err: err}
		}
		l.entries = append(l.entries, Entry{Path: rel, Mode: info.Mode(), ModTime: info.ModTime(), info: info})
	}
	return nil
}

func (l *lister) child(parent string, c fs.DirEntry, rules *ruleSet, above verdict) error {
	rel := path.Join(parent, c.Name())
	if l.skip != "" && filepath.Join(l.root, filepath.FromSlash(rel)) == l.skip || l.leave != nil && l.leave(rel) {
		return nil
	}
	v := rules.decide(rel, c.IsDir(), above)
	if v.ignored && !above.ignored && v.index < l.defaults {
		l.leftOut[rules.defaultName(v.index, rel)] = true
	}
	if c.IsDir() {
		if v.ignored && !rules.mayReinclude(rel, v) {
			return nil
		}
		return l.folder(rel, rules, v)
	}
	if v.ignored {
		return nil
	}
	info, err := c.Info()
	if err != nil {
		return &FileError{Path: rel, Reason: changed, Err: err}
	}
	e := Entry{Path: rel, Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime(), info: info}
	switch {
	case info.Mode().IsRegular():
	case info.Mode()&fs.ModeSymlink != 0:
		if e.Target, err = l.link(rel); err != nil {
			return err
		}
		e.Size = int64(len(e.Target))
	default:
		return &FileError{Path: rel, Reason: "is " + kind(info.Mode()) + ", which code can't hold"}
	}
	l.entries = append(l.entries, e)
	return nil
}

// link reads a symbolic link and makes sure that it stays in the tree, by its
// text and, if it leads somewhere, by where it leads.
func (l *lister) link(rel string) (string, error) {
	full := filepath.Join(l.root, filepath.FromSlash(rel))
	target, err := os.Readlink(full)
	if err != nil {
		return "", &FileError{Path: rel, Reason: changed, Err: err}
	}
	slashed := filepath.ToSlash(target)
	outside := &FileError{Path: rel, Reason: "is a symbolic link that leads out of the folder, to " + target}
	if filepath.IsAbs(target) || path.IsAbs(slashed) || !within(path.Join(path.Dir(rel), slashed)) {
		return "", outside
	}
	real, err := filepath.EvalSymlinks(full)
	if errors.Is(err, fs.ErrNotExist) {
		return slashed, nil // leads nowhere yet, but inside
	}
	if err != nil {
		return "", &FileError{Path: rel, Reason: "is a symbolic link that can't be followed", Err: err}
	}
	inside, err := filepath.Rel(l.root, real)
	if err != nil || !within(filepath.ToSlash(inside)) {
		return "", outside
	}
	return slashed, nil
}

// within reports whether a cleaned relative path stays below its start.
func within(rel string) bool { return rel != ".." && !strings.HasPrefix(rel, "../") }

// display is a path for messages.
func display(rel string) string {
	if rel == "" {
		return "."
	}
	return rel
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	default:
		return "a special file"
	}
}

// permissions are those an entry gets in the archive. What starts a custom
// runtime must be executable; on Windows nothing tells what is.
func (e Entry) permissions() fs.FileMode {
	if e.Mode&fs.ModeSymlink != 0 {
		return 0o777 // they mean nothing, and differ between systems
	}
	p := e.Mode.Perm()
	if e.Path == "bootstrap" && e.Mode.IsRegular() || runtime.GOOS == "windows" {
		p |= 0o111
	}
	return p
}

// largest gives the five largest files, largest first.
func largest(entries []Entry) []SizedFile {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int { return cmp.Compare(b.Size, a.Size) })
	var out []SizedFile
	for _, e := range sorted[:min(5, len(sorted))] {
		out = append(out, SizedFile{Path: e.Path, Size: e.Size})
	}
	return out
}
