package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dotnet makes an installation with these runtimes.
func (w *world) dotnet(home string, versions ...string) string {
	w.t.Helper()
	w.script(home+"/dotnet", "exit 1") // nothing is to be started
	for _, v := range versions {
		if err := os.MkdirAll(filepath.Join(w.path(home), "shared", "Microsoft.NETCore.App", v), 0o755); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.path(home)
}

func TestFindDotnet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["HOME"], w.env["DOTNET_ROOT"], w.env["PATH"] = w.root, w.path("chosen"), w.path("bin")
	eight := w.dotnet("chosen", "8.0.1", "8.0.11", "not-a-version")
	three := w.dotnet(".dotnet", "2.1.30", "3.1.23", "6.0.36")
	w.dotnet("usr/lib/dotnet", "9.0.0")
	if err := os.MkdirAll(w.path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(w.path("usr/lib/dotnet"), "dotnet"), filepath.Join(w.path("bin"), "dotnet")); err != nil {
		t.Fatal(err)
	}
	finder := func() *Finder {
		f := New(func(k string) (string, bool) { v, ok := w.env[k]; return v, ok })
		f.System = []string{w.path("system")}
		return f
	}
	for _, tc := range []struct {
		wanted, home, version string
		exact                 bool
	}{
		{"3.1", three, "3.1.23", true},
		{"", three, "3.1.23", true},
		{"2.1", three, "3.1.23", false},
		{"5.0", three, "6.0.36", false},
		{"7.0", eight, "8.0.11", false},
		{"8.0", eight, "8.0.11", true},
		{"9.0", w.path("usr/lib/dotnet"), "9.0.0", true},
	} {
		got, err := finder().Find(t.Context(), Dotnet, tc.wanted)
		if err != nil || got.Prefix != tc.home || got.Version != tc.version || got.Exact != tc.exact || got.Path != filepath.Join(tc.home, "dotnet") || got.Language != Dotnet {
			t.Errorf("%q: %+v, %v", tc.wanted, got, err)
		}
	}
	_, err := finder().FindDotnet(t.Context(), "10.0")
	var nf *NotFoundError
	if !errors.As(err, &nf) || !slices.Contains(nf.Found, "2.1.30") || !slices.Contains(nf.Looked, w.path("system")) || !strings.HasPrefix(err.Error(), "no dotnet 10.0 or newer on this machine; found only ") {
		t.Errorf("got %v", err)
	}
	if _, err := finder().FindDotnet(t.Context(), "x"); err == nil || err.Error() != `not a version of .NET: "x"` {
		t.Errorf("got %v", err)
	}
}
