package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// jdk makes a JDK of that version; an empty one has no file that tells it. Its
// java counts its starts and answers like one of that version said.
func (w *world) jdk(home, version, said string) string {
	w.t.Helper()
	w.script(home+"/bin/java", fmt.Sprintf("echo x >>%q\necho 'openjdk version \"%s\" 2024-01-16' >&2", w.path("started"), said))
	w.script(home+"/bin/javac", "exit 1")
	if version != "" {
		if err := os.WriteFile(filepath.Join(w.path(home), "release"), []byte("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\""+version+"\"\nJAVA_VERSION_DATE=\"2024\"\n"), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.path(home)
}

func (w *world) javaFinder() *Finder {
	f := New(func(k string) (string, bool) { v, ok := w.env[k]; return v, ok })
	f.System = []string{w.path("jvm/*")}
	return f
}

func findJDK(t *testing.T, f *Finder, version string) Interpreter {
	t.Helper()
	i, err := f.FindJDK(t.Context(), version)
	if err != nil {
		t.Fatalf("%s: %v", version, err)
	}
	return i
}

func TestFindJDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["HOME"], w.env["JAVA_HOME"], w.env["PATH"] = w.root, w.path("chosen"), w.path("bin")
	seventeen := w.jdk("jvm/17", "17.0.15", "")
	eight := w.jdk(".sdkman/candidates/java/8-tem", "1.8.0_402", "")
	w.jdk("jvm/22", "22", "")
	twentyOne := w.jdk("jvm/21", "21.0.1", "")
	for _, tc := range []struct {
		wanted, home, version string
		exact                 bool
	}{
		{"17", seventeen, "17.0.15", true},
		{"8", eight, "8.0.402", true},
		{"1.8", eight, "8.0.402", true},
		{"11", seventeen, "17.0.15", false},
		{"18", twentyOne, "21.0.1", false},
		{"22", w.path("jvm/22"), "22", true},
		{"", eight, "8.0.402", true},
	} {
		got := findJDK(t, w.javaFinder(), tc.wanted)
		if got.Prefix != tc.home || got.Version != tc.version || got.Exact != tc.exact || got.Wanted != tc.wanted ||
			got.Path != filepath.Join(tc.home, "bin", "java") || got.Language != Java {
			t.Errorf("%q: %+v", tc.wanted, got)
		}
	}
	_, err := w.javaFinder().FindJDK(t.Context(), "23")
	var nf *NotFoundError
	if !errors.As(err, &nf) || !slices.Equal(nf.Found, []string{"8.0.402", "17.0.15", "21.0.1", "22"}) || !strings.HasPrefix(err.Error(), "no java 23 or newer on this machine; found only 8.0.402, ") {
		t.Errorf("got %v", err)
	}
	for _, place := range []string{w.path("chosen"), w.path("bin"), w.path("jvm/*"), w.path(".jenv/versions/*")} {
		if !slices.Contains(nf.Looked, place) {
			t.Errorf("%s isn't named in %v", place, nf.Looked)
		}
	}
	if w.starts() != 0 {
		t.Error("a java was started although the file release tells its version")
	}
	if _, err := w.javaFinder().FindJDK(t.Context(), "x"); err == nil || err.Error() != `not a java version: "x"` {
		t.Errorf("got %v", err)
	}
}

// TestChosenJDK takes what the user chose if nothing else is asked for.
func TestChosenJDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.jdk("jvm/17", "17.0.15", "")
	onPath := w.jdk("path/jdk", "21.0.1", "")
	home := w.jdk("chosen", "11.0.2", "")
	if err := os.MkdirAll(w.path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(onPath, "bin/javac"), w.path("bin/javac")); err != nil {
		t.Fatal(err)
	}
	w.env["PATH"] = "relative:" + w.path("bin")
	if got := findJDK(t, w.javaFinder(), ""); got.Prefix != onPath {
		t.Errorf("on PATH: %+v", got)
	}
	w.env["JAVA_HOME"] = home
	if got := findJDK(t, w.javaFinder(), ""); got.Prefix != home {
		t.Errorf("JAVA_HOME: %+v", got)
	}
	for name, root := range map[string]string{"SDKMAN_DIR": "candidates/java/x", "JENV_ROOT": "versions/x", "ASDF_DATA_DIR": "installs/java/x", "MISE_DATA_DIR": "installs/java/x"} {
		w.env[name] = w.path(name)
		jdk := w.jdk(name+"/"+root, "9.0."+fmt.Sprint(len(name)), "")
		if got := findJDK(t, w.javaFinder(), "9"); got.Prefix != jdk {
			t.Errorf("%s: %+v", name, got)
		}
		delete(w.env, name)
	}
}

// TestWhatIsNoJDK leaves out runtimes without a compiler, stubs and folders of
// scripts.
func TestWhatIsNoJDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.script("jvm/jre/bin/java", "exit 1")
	w.script("shims/javac", "exit 1")
	broken := w.jdk("jvm/broken", "", "")
	w.script("jvm/broken/bin/java", "echo no libjvm.so >&2; exit 1")
	w.jdk("jvm/silent", "", "")
	w.script("jvm/silent/bin/java", "echo hello")
	w.env["PATH"] = w.path("shims")
	_, err := w.javaFinder().FindJDK(t.Context(), "17")
	var nf *NotFoundError
	if !errors.As(err, &nf) || len(nf.Broken) != 2 || nf.Broken[0] != broken+" (exit status 1: no libjvm.so)" || !strings.Contains(nf.Broken[1], `unexpected answer "hello\n"`) {
		t.Errorf("%+v", nf)
	}
	if isJava("/usr", nil) {
		t.Error("/usr is taken for a JDK")
	}
}

// TestJDKThatIsAsked has no file that tells its version.
func TestJDKThatIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	home := w.jdk("jvm/8", "", "1.8.0_265")
	if got := findJDK(t, w.javaFinder(), "8"); got.Prefix != home || got.Version != "8.0.265" || w.starts() != 1 {
		t.Errorf("%+v", got)
	}
	w.script("jvm/8/bin/java", "sleep 100")
	f := w.javaFinder()
	f.Timeout = 50 * time.Millisecond
	var nf *NotFoundError
	if _, err := f.FindJDK(t.Context(), "8"); !errors.As(err, &nf) || nf.Broken[0] != home+" (no answer within 50ms)" {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.javaFinder().FindJDK(ctx, "8"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestRealJDK finds those of this machine.
func TestRealJDK(t *testing.T) {
	t.Parallel()
	got, err := New(os.LookupEnv).FindJDK(t.Context(), "")
	if err != nil {
		t.Skip(err)
	}
	if _, ok := parseJava(got.Version); !ok || !got.Exact || !isJava(got.Prefix, []string{"javac"}) {
		t.Errorf("%+v", got)
	}
}

// TestFindJava takes a runtime that has no compiler, too.
func TestFindJava(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jdk := w.jdk("jvm/jdk17", "17.0.15", "")
	jre := w.jdk("jvm/jre11", "11.0.2", "")
	old := w.jdk("opt/8/jre", "", "1.8.0_402")
	for _, home := range []string{jre, old} {
		if err := os.Remove(filepath.Join(home, "bin/javac")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(w.path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(old, "bin/java"), w.path("bin/java")); err != nil {
		t.Fatal(err)
	}
	w.env["PATH"] = w.path("bin")
	for version, want := range map[string]string{"17": jdk, "11": jre, "8": old, "": old} {
		got, err := w.javaFinder().Find(t.Context(), Java, version)
		if err != nil || got.Prefix != want || got.Path != filepath.Join(want, "bin/java") || !got.Exact {
			t.Errorf("%q: %+v, %v; want %s", version, got, err, want)
		}
	}
	if got := findJDK(t, w.javaFinder(), "11"); got.Prefix != jdk || got.Exact {
		t.Errorf("a runtime is taken for a JDK: %+v", got)
	}
}
