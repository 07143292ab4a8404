package bundle

import (
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

	"s/pkg/diag"
)

// Entry is one file, symbolic link or empty folder of a tree.
type Entry struct {
	Path    string      // relative, with slashes
	Mode    fs.FileMode // type and permissions
	Size    int64       // bytes; of the target's text for a link
	ModTime time.Time
	Target  string // of a symbolic link, as it stands

	id fileID
}

// fileID tells a file from another of its name: what the system keeps of it
// and no program can set. Its fields are 0 where there is no such thing.
type fileID struct {
	inode  uint64
	change int64 // time of the last change of contents or attributes, ns
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
	// EnvFiles lists files .env*, whatever else is left out by default.
	EnvFiles bool
	// NoIgnoreFiles reads no .fcignore.
	NoIgnoreFiles bool
	// NoOdd leaves out what FC can't hold, instead of refusing it.
	NoOdd bool
	// AnyLink keeps symbolic links wherever they lead: for the folder of an image.
	AnyLink bool
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
	l, err := newLister(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	out := &Listing{Root: l.root}
	err = l.walk(func(e Entry) error {
		out.Entries = append(out.Entries, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.LeftOut = l.left()
	return out, nil
}

// lister walks a tree. It holds one folder of each depth at a time, however
// large the tree is.
type lister struct {
	ctx      context.Context
	root     string   // absolute, symbolic links resolved
	skip     []string // absolute
	own      string   // absolute: what begins with it belongs to the archive
	anyFile  bool     // no .fcignore is read
	noOdd    bool     // what FC can't hold is left out
	anyLink  bool     // links may lead out
	leave    func(path string) bool
	rules    *ruleSet
	defaults int // how many of the first rules are the default ones
	visit    func(Entry) error
	leftOut  map[string]bool
}

func newLister(ctx context.Context, dir string, opts ListOptions) (*lister, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	l := &lister{ctx: ctx, root: root, anyFile: opts.NoIgnoreFiles, noOdd: opts.NoOdd, anyLink: opts.AnyLink, leave: opts.Leave, leftOut: map[string]bool{}}
	if opts.Skip != "" {
		skip, err := resolve(opts.Skip)
		if err != nil {
			return nil, err
		}
		l.skip = []string{skip}
	}
	if !opts.NoDefaultIgnore {
		l.rules = defaultRules(opts.EnvFiles)
		l.defaults = len(l.rules.rules)
	}
	return l, nil
}

// spare keeps the archive at out from being packed itself, with its index and
// what becomes of them.
func (l *lister) spare(out string) error {
	full, err := resolve(out)
	if err != nil {
		return err
	}
	l.skip = append(l.skip, full, full+indexSuffix)
	l.own = filepath.Join(filepath.Dir(full), tempPrefix(full))
	return nil
}

// resolve gives the absolute path of what need not exist, as the walk sees it.
func resolve(name string) (string, error) {
	full, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if parent, err := filepath.EvalSymlinks(filepath.Dir(full)); err == nil {
		full = filepath.Join(parent, filepath.Base(full))
	}
	return full, nil
}

// skipped reports whether a path isn't packed, whatever the rules say.
func (l *lister) skipped(rel string) bool {
	if l.leave != nil && l.leave(rel) {
		return true
	}
	if len(l.skip) == 0 {
		return false
	}
	full := filepath.Join(l.root, filepath.FromSlash(rel))
	return slices.Contains(l.skip, full) || l.own != "" && strings.HasPrefix(full, l.own)
}

// walk visits the entries of the tree, ordered bytewise by path.
func (l *lister) walk(visit func(Entry) error) error {
	l.visit = visit
	return l.folder("", l.rules)
}

// left gives what the default rules left out, ordered.
func (l *lister) left() []string {
	var out []string
	for name := range l.leftOut {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// folder visits one folder, given the rules from above.
func (l *lister) folder(rel string, rules *ruleSet) error {
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
	slices.SortFunc(children, byPath)
	for _, c := range children {
		if err := l.child(rel, c, rules); err != nil {
			return err
		}
	}
	if len(children) > 0 || rel == "" {
		return nil
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return &FileError{Path: rel, Reason: changed, Err: err}
	}
	return l.visit(Entry{Path: rel, Mode: info.Mode(), ModTime: info.ModTime(), id: identity(info)})
}

// byPath orders the children of a folder so that all that is visited is ordered
// by its path: what is in the folder a comes as "a/…", after "a.b".
func byPath(a, b fs.DirEntry) int {
	x, y := a.Name(), b.Name()
	n := min(len(x), len(y))
	if c := strings.Compare(x[:n], y[:n]); c != 0 {
		return c
	}
	return int(after(a, n)) - int(after(b, n))
}

// after is the character that follows the first n of an entry's name in paths.
func after(e fs.DirEntry, n int) byte {
	switch {
	case n < len(e.Name()):
		return e.Name()[n]
	case e.IsDir():
		return '/'
	}
	return 0
}

func (l *lister) child(parent string, c fs.DirEntry, rules *ruleSet) error {
	rel := path.Join(parent, c.Name())
	if l.skipped(rel) {
		return nil
	}
	if v := rules.decide(rel, c.IsDir()); v.ignored {
		if v.index < l.defaults {
			l.leftOut[rules.defaultName(v.index, rel)] = true
		}
		return nil
	}
	if c.IsDir() {
		return l.folder(rel, rules)
	}
	info, err := c.Info()
	if err != nil {
		return &FileError{Path: rel, Reason: changed, Err: err}
	}
	e := Entry{Path: rel, Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime(), id: identity(info)}
	switch {
	case info.Mode().IsRegular():
	case info.Mode()&fs.ModeSymlink != 0:
		e.Target, err = l.link(rel)
		e.Size = int64(len(e.Target))
	default:
		err = l.odd(rel, kind(info.Mode()), nil)
	}
	if odd := (*FileError)(nil); l.noOdd && errors.As(err, &odd) && odd.Rule != "" {
		return nil
	}
	if err != nil {
		return err
	}
	return l.visit(e)
}

// odd is the error of what FC can't hold. It is left out alone, or with the
// virtual environment of Python that it is in.
func (l *lister) odd(rel string, reason diag.Message, err error) error {
	e := &FileError{Path: rel, Reason: reason, Err: err, Rule: "/" + rel}
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.Join(l.root, filepath.FromSlash(dir), "pyvenv.cfg")); err == nil {
			e.Rule = "/" + dir
		}
	}
	return e
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
	if l.anyLink {
		return slashed, nil
	}
	outside := func() error {
		return l.odd(rel, diag.Say("is a symbolic link that leads out of the folder, to %s", target), nil)
	}
	if filepath.IsAbs(target) || path.IsAbs(slashed) || !within(path.Join(path.Dir(rel), slashed)) {
		return "", outside()
	}
	real, err := filepath.EvalSymlinks(full)
	if errors.Is(err, fs.ErrNotExist) {
		return slashed, nil // leads nowhere yet, but inside
	}
	if err != nil {
		return "", l.odd(rel, diag.Say("is a symbolic link that can't be followed"), err)
	}
	inside, err := filepath.Rel(l.root, real)
	if err != nil || !within(filepath.ToSlash(inside)) {
		return "", outside()
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

func kind(m fs.FileMode) diag.Message {
	switch {
	case m&fs.ModeSocket != 0:
		return diag.Say("is a socket, which code can't hold")
	case m&fs.ModeNamedPipe != 0:
		return diag.Say("is a pipe, which code can't hold")
	case m&fs.ModeDevice != 0:
		return diag.Say("is a device, which code can't hold")
	default:
		return diag.Say("is a special file, which code can't hold")
	}
}

// packed is the mode that an entry gets in the archive: type and permissions.
// What starts a custom runtime must be executable; on Windows nothing tells
// what is.
func (e Entry) packed() fs.FileMode {
	if e.Mode&fs.ModeSymlink != 0 {
		return fs.ModeSymlink | 0o777 // they mean nothing, and differ between systems
	}
	p := e.Mode.Perm()
	if e.Path == "bootstrap" && e.Mode.IsRegular() || runtime.GOOS == "windows" {
		p |= 0o111
	}
	return e.Mode.Type() | p
}
