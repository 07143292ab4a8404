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
const DefaultTimeout = 10 * time.Second

// oldestPython3 is what the runtime named "python3" of Function Compute runs.
const oldestPython3 = "3.6"

// Finder looks for interpreters and remembers what it found. Its fields are
// set before the first use; it may be used by several goroutines.
type Finder struct {
	// LookupEnv reads PATH, PYENV_ROOT, ASDF_DATA_DIR, MISE_DATA_DIR and
	// XDG_DATA_HOME. Nil is an empty environment.
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
	found  map[string]Interpreter // by wanted version; exact ones only
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
	case Python:
		return f.FindPython(ctx, version)
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
	f.mu.Lock()
	defer f.mu.Unlock()
	name := wanted.minorString()
	if i, ok := f.found[name]; ok && f.stillThere(i) {
		return i, nil
	}
	f.load()
	s := &search{finder: f, wanted: wanted}
	i, err := s.run(ctx)
	if f.dirty {
		f.dirty = false
		f.save()
	}
	if err != nil {
		return Interpreter{}, err
	}
	i.Wanted, i.Language = name, Python
	if i.Exact {
		if f.found == nil {
			f.found = map[string]Interpreter{}
		}
		f.found[name] = i
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
	wanted version
	broken []string
	seen   []version // what was there and doesn't do, or might
}

func (s *search) run(ctx context.Context) (Interpreter, error) {
	cands, looked := s.finder.pythons(s.wanted)
	var exact, unknown, newer []candidate
	for _, c := range cands {
		switch {
		case !c.known:
			unknown = append(unknown, c)
		case c.version.sameMinor(s.wanted):
			exact = append(exact, c)
		case c.version.standsIn(s.wanted):
			newer = append(newer, c)
		default:
			s.seen = append(s.seen, c.version)
		}
	}
	if i, ok, err := s.first(ctx, exact, s.wanted.sameMinor); ok || err != nil {
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
		if fa.version.sameMinor(s.wanted) {
			return s.interpreter(fa), nil
		}
		c.version, c.known = fa.version, true
		if fa.version.standsIn(s.wanted) {
			newer = append(newer, c)
		} else {
			s.seen = append(s.seen, fa.version)
		}
	}
	slices.SortStableFunc(newer, func(a, b candidate) int { return a.version.minor - b.version.minor })
	if i, ok, err := s.first(ctx, newer, s.fits); ok || err != nil {
		return i, err
	}
	return Interpreter{}, &NotFoundError{
		Language: Python, Wanted: s.wanted.minorString(),
		Looked: looked, Found: s.versions(), Broken: s.broken,
	}
}

func (s *search) fits(v version) bool { return v.standsIn(s.wanted) }

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
	fa, err := s.finder.probe(ctx, c.path)
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
		Exact:   fa.version.sameMinor(s.wanted),
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
