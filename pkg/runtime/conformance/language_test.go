package conformance

import (
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/image"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// language is a column of the table: the handlers of one language, and what the
// contract leaves to it.
type language struct {
	name string // heading of the column
	// runtimes are those to run, the first also without confinement. Those whose
	// interpreter isn't on this machine are left out.
	runtimes []string
	// short are those of them that run when no table is written: the first and
	// those at the ends.
	short []string
	// handler writes a handler's name as the language does; handlers has those
	// that don't follow.
	handler  func(name string) string
	handlers map[string]string
	// code gives the folder with the handlers; nil is testdata/<name>.
	code func(s *subject) string
	// layer gives the folder of a layer with a library; nil is
	// testdata/layers/<name>.
	layer func(s *subject) string
	env   map[string]string
	// spares is set if instances can be made of processes started before.
	spares bool
	// words are how the language says something.
	words map[string]string
	// lacks are fields of the context that the language hasn't.
	lacks []string
	// replaced are handlers after whose error the process ends, since it can't go on.
	replaced []string
	// logLine is what its logger writes: level and message are replaced.
	logLine func(id, level, message string) string
	// cannot are clauses that can't apply, each with the reason.
	cannot map[string]string
	// image gives the image of a container, which has the handlers; it runs only
	// where instances are confined.
	image func(s *subject) *image.Image
	// change changes the function under test; may be nil.
	change func(*fc.Function)
}

func (l *language) adjust(fn *fc.Function) {
	if l.change != nil {
		l.change(fn)
	}
}

func (l *language) folder(s *subject) string {
	s.Helper()
	if l.code != nil {
		return l.code(s)
	}
	dir, err := filepath.Abs(filepath.Join("testdata", l.name))
	s.ok(err)
	return dir
}

// languages are the columns, each in a file of its own.
func languages() []*language {
	return []*language{python3(), nodejs(), python2(), java(), php(), dotnet(), golang(), custom(), container()}
}

// here reports whether this machine has what a runtime needs: its interpreter, or
// for an image namespaces.
func here(t *testing.T, name string) bool {
	t.Helper()
	if runtime.GOOS == "windows" {
		return false
	}
	rt, ok := fc.LookupRuntime(name)
	if !ok {
		t.Fatalf("there is no runtime %s", name)
	}
	if rt.Container {
		return launcher(&subject{T: t}, "").Isolation().Mode != sandbox.ModeProcess
	}
	if rt.Custom || rt.Language == "go" {
		return true
	}
	found, err := tools().Find(t.Context(), rt.Language, rt.Version)
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return found.Exact || rt.Language == toolchain.Java || rt.Language == toolchain.PHP
}

func TestConformance(t *testing.T) {
	all := clauses()
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			for id, reason := range l.cannot {
				outcomes.cannot(l.name, id, reason)
				if !slices.ContainsFunc(all, func(c clause) bool { return c.id == id }) {
					t.Errorf("there is no clause %s", id)
				}
			}
			first := true
			for _, name := range l.runtimes {
				if *table == "" && !slices.Contains(l.short, name) || !here(t, name) {
					continue
				}
				hold(t, l, name, "", all, first)
				if first && l.image == nil {
					hold(t, l, name, "process", all, false)
				}
				if first && l.spares {
					hold(t, l, name, spareMode, all, false)
				}
				first = false
			}
		})
	}
}

// spareMode is confinement, in processes that were started without a function.
const spareMode = "spare"

// hold holds a runtime to all clauses, the slow ones only the first time.
func hold(t *testing.T, l *language, name, mode string, all []clause, first bool) {
	title := name
	switch mode {
	case "":
	case spareMode:
		title += " of a spare"
	default:
		title += " in mode " + mode
	}
	t.Run(title, func(t *testing.T) {
		t.Parallel()
		for _, c := range all {
			if _, ok := l.cannot[c.id]; ok || mode == "process" && c.confined || c.slow && !first {
				continue
			}
			t.Run(c.id, func(t *testing.T) {
				t.Cleanup(func() { outcomes.ran(l.name, c.id, !t.Failed(), t.Skipped()) })
				s := &subject{T: t, lang: l, runtime: name, mode: mode}
				if mode == spareMode {
					s.mode, s.spares = "", instance.NewSpares(instance.SparesOptions{Pause: time.Hour})
					t.Cleanup(s.spares.Close)
				}
				c.run(s)
				if s.i != nil {
					s.i.Kill()
				}
			})
		}
	})
}
