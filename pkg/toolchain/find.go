package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"s/pkg/debug"
)

// DefaultTimeout is how long an interpreter may take to say its version.
const DefaultTimeout = 30 * time.Second

// oldestPython3 is what the runtime named "python3" of Function Compute runs.
const oldestPython3 = "3.6"

// Finder looks for interpreters and remembers what it found. Its fields are
// set before the first use; it may be used by several goroutines.
type Finder struct {
	// LookupEnv reads PATH and the variables of version managers: PYENV_ROOT,
	// NVM_DIR, ASDF_DATA_DIR, XDG_DATA_HOME, ... Nil is an empty environment.
	LookupEnv func(string) (string, bool)
	// Home is the user's home folder; empty skips what lies below it.
	Home string
	// System are the folders and patterns searched last; nil is those usual on
	// this operating system.
	System []string
	// CacheDir keeps what interpreters said about themselves, so that they need
	// not be started again; empty keeps it in memory only.
	CacheDir string
	// Debug gives the log that is told of programs that are started; nil, or one
	// that gives nil, tells nobody. It is a function because a Finder may be made
	// before it is known whether there is a log.
	Debug func() *debug.Log
	// Timeout bounds one start of an interpreter; 0 is DefaultTimeout.
	Timeout time.Duration

	mu     sync.Mutex
	loaded bool
	dirty  bool                   // facts were learnt since the cache was written
	facts  map[string]fact        // by path
	found  map[string]Interpreter // by language and wanted version; exact ones only
}

// New makes a Finder that searches the places that the environment names.
func New(lookupEnv func(string) (string, bool)) *Finder {
	f := &Finder{LookupEnv: lookupEnv}
	f.Home = f.env("HOME")
	if f.Home == "" && runtime.GOOS == "windows" {
		f.Home = f.env("USERPROFILE")
	}
	return f
}

func (f *Finder) env(key string) string {
	if f.LookupEnv == nil {
		return ""
	}
	v, _ := f.LookupEnv(key)
	return v
}

// Log is the log that Debug gives, nil if it is off.
func (f *Finder) Log() *debug.Log {
	if f.Debug == nil {
		return nil
	}
	return f.Debug()
}

// Find looks for an interpreter of the language. It returns a *NotFoundError if
// none fits and an *UnknownLanguageError for a language it can't look for.
func (f *Finder) Find(ctx context.Context, language, version string) (Interpreter, error) {
	switch language {
	case Java:
		return f.FindJava(ctx, version)
	case Python:
		return f.FindPython(ctx, version)
	case Node:
		return f.FindNode(ctx, version)
	case PHP:
		return f.FindPHP(ctx, version)
	case Dotnet:
		return f.FindDotnet(ctx, version)
	default:
		return Interpreter{}, &UnknownLanguageError{Language: language}
	}
}

// FindPython looks for a Python of that version (3.10; a patch level is
// ignored): the exact minor version first, else the nearest newer one of the
// same major version, with Exact false. The versions "" and "3" mean 3.6, as
// the runtime python3 does. A virtual environment resolves to the installation
// it was made from. It returns a *NotFoundError if none fits, or the context's
// error.
func (f *Finder) FindPython(ctx context.Context, version string) (Interpreter, error) {
	if version == "" || version == "3" {
		version = oldestPython3
	}
	wanted, ok := parseVersion(version)
	if !ok || wanted.minor < 0 {
		return Interpreter{}, fmt.Errorf("not a python version: %q", version)
	}
	return f.find(ctx, pythonKind(), wanted)
}

// find looks for an interpreter of a kind, first among those found before.
func (f *Finder) find(ctx context.Context, k kind, wanted version) (Interpreter, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := k.label(wanted)
	key := k.language + " " + name
	if i, ok := f.found[key]; ok && f.stillThere(i) {
		return i, nil
	}
	f.load()
	s := &search{finder: f, kind: k, wanted: wanted}
	i, err := s.run(ctx)
	if f.dirty {
		f.dirty = false
		f.save()
	}
	if err != nil {
		return Interpreter{}, err
	}
	i.Wanted, i.Language = name, k.language
	if i.Exact {
		if f.found == nil {
			f.found = map[string]Interpreter{}
		}
		f.found[key] = i
	}
	return i, nil
}

// stillThere reports whether an interpreter found earlier is the same file yet.
func (f *Finder) stillThere(i Interpreter) bool {
	fa, ok := f.facts[i.Path]
	return ok && fa.current(i.Path)
}

// search is one run through the places. It starts as few interpreters as it
// can: those whose name tells the right version, then those whose name tells
// nothing, then the newer ones, nearest first.
type search struct {
	finder *Finder
	kind   kind
	wanted version
	broken []string
	seen   []version // what was there and doesn't do, or might
}

func (s *search) run(ctx context.Context) (Interpreter, error) {
	cands, looked := s.finder.candidates(s.kind, s.wanted)
	var exact, unknown, newer []candidate
	for _, c := range cands {
		switch {
		case !c.known || s.wanted.major < 0:
			unknown = append(unknown, c)
		case s.exact(c.version):
			exact = append(exact, c)
		case s.fits(c.version):
			newer = append(newer, c)
		default:
			s.seen = append(s.seen, c.version)
		}
	}
	if i, ok, err := s.first(ctx, exact, s.exact); ok || err != nil {
		return i, err
	}
	for _, c := range unknown {
		fa, ok, err := s.ask(ctx, c)
		if err != nil {
			return Interpreter{}, err
		}
		if !ok {
			continue
		}
		if s.exact(fa.version) {
			return s.interpreter(fa), nil
		}
		c.version, c.known = fa.version, true
		if s.fits(fa.version) {
			newer = append(newer, c)
		} else {
			s.seen = append(s.seen, fa.version)
		}
	}
	slices.SortStableFunc(newer, func(a, b candidate) int { return s.kind.compare(a.version, b.version) })
	if i, ok, err := s.first(ctx, newer, s.fits); ok || err != nil {
		return i, err
	}
	return Interpreter{}, &NotFoundError{
		Language: s.kind.language, Wanted: s.kind.label(s.wanted),
		Looked: looked, Found: s.versions(), Broken: s.broken,
	}
}

func (s *search) exact(v version) bool { return s.kind.exact(v, s.wanted) }

func (s *search) fits(v version) bool { return s.kind.standsIn(v, s.wanted) }

// first gives the first of the candidates that runs and fits.
func (s *search) first(ctx context.Context, cands []candidate, fits func(version) bool) (Interpreter, bool, error) {
	for _, c := range cands {
		fa, ok, err := s.ask(ctx, c)
		if err != nil {
			return Interpreter{}, false, err
		}
		if ok && fits(fa.version) {
			return s.interpreter(fa), true, nil
		}
	}
	return Interpreter{}, false, nil
}

// ask gets the facts about a candidate; ok is false if it doesn't run.
func (s *search) ask(ctx context.Context, c candidate) (fact, bool, error) {
	fa, err := s.finder.probe(ctx, s.kind, c.path)
	if ctx.Err() != nil {
		return fact{}, false, ctx.Err()
	}
	if err != nil {
		s.broken = append(s.broken, fmt.Sprintf("%s (%v)", c.path, err))
		return fact{}, false, nil
	}
	return fa, true, nil
}

func (s *search) interpreter(fa fact) Interpreter {
	return Interpreter{
		Version: fa.Version,
		Path:    fa.Executable,
		Prefix:  filepath.Clean(fa.Prefix),
		Exact:   s.exact(fa.version),
	}
}

// versions lists what was seen, oldest first, each once.
func (s *search) versions() []string {
	slices.SortFunc(s.seen, version.compare)
	var out []string
	for _, v := range s.seen {
		text := v.minorString()
		if v.patch >= 0 {
			text = fmt.Sprintf("%s.%d", text, v.patch)
		}
		out = append(out, text)
	}
	return slices.Compact(out)
}
