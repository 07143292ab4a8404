package rloader

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// program writes an executable file, or one with the given mode.
func program(t *testing.T, path string, mode os.FileMode, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first, second := filepath.Join(root, "first"), filepath.Join(root, "second")
	program(t, filepath.Join(first, "refused"), 0o644, "")
	program(t, filepath.Join(second, "tool"), 0o755, "")
	program(t, filepath.Join(first, "both"), 0o644, "")
	program(t, filepath.Join(second, "both"), 0o755, "")
	program(t, filepath.Join(root, "relative", "here"), 0o755, "")
	if err := os.MkdirAll(filepath.Join(first, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=/nowhere", "PATH=" + first + ":/no/such:" + second + ":relative"}
	for _, test := range []struct{ name, want, wrong string }{
		{"tool", filepath.Join(second, "tool"), ""}, // a folder of that name comes first
		{"both", filepath.Join(second, "both"), ""}, // as does a file that may not be executed
		{"refused", "", "permission denied: "},
		{"absent", "", "not found: absent (PATH is "},
		{filepath.Join(second, "tool"), filepath.Join(second, "tool"), ""},
		{filepath.Join(first, "refused"), filepath.Join(first, "refused"), "permission denied: "},
		{"/no/such/tool", "/no/such/tool", "not found: /no/such/tool"},
		{second, second, "permission denied: "},
		{"", "", "not found: the command is empty"},
		{"here", filepath.Join(root, "here"), "not found"},
	} {
		got, err := lookup(&Order{Args: []string{test.name}, Env: env, Dir: root})
		if test.wrong == "" && (err != nil || got != test.want) {
			t.Errorf("%q: %q, %v; want %q", test.name, got, err, test.want)
		}
		if test.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), test.wrong)) {
			t.Errorf("%q: %v; want %q", test.name, err, test.wrong)
		}
	}
	if _, err := lookup(&Order{}); err == nil {
		t.Error("a command without arguments was found")
	}
}

func TestSearchPath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  []string
		want string
	}{
		{nil, "/usr/local/bin:/usr/bin:/bin"},
		{[]string{"A=B", "XPATH=/x"}, "/usr/local/bin:/usr/bin:/bin"},
		{[]string{"PATH=/a"}, "/a"},
		{[]string{"PATH=/a", "PATH=/b"}, "/b"},
		{[]string{"PATH="}, ""},
	} {
		if got := searchPath(test.env); got != test.want {
			t.Errorf("%q: %q, want %q", test.env, got, test.want)
		}
	}
}

func TestStartError(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	program(t, script, 0o755, "#! /no/such/shell -e\ntext")
	windows := filepath.Join(t.TempDir(), "windows")
	program(t, windows, 0o755, "#!/bin/sh\r\necho\r\n")
	for _, test := range []struct {
		path string
		err  error
		want string
	}{
		{"/x", unix.ENOENT, "not found: /x: no such file or directory"},
		{"/x/y", unix.ENOTDIR, "not found: /x/y: not a directory"},
		{script, unix.ENOENT, "not found: /no/such/shell, the interpreter of " + script + ": no such file or directory"},
		{windows, unix.ENOENT, "not found: /bin/sh with a carriage return, the interpreter of " + windows +
			", whose lines end as on Windows (CRLF); let them end in LF: no such file or directory"},
		{"/x", unix.EACCES, "permission denied: /x: permission denied"},
		{"/x", unix.ENOEXEC, "not executable: /x: exec format error"},
		{"/x", unix.E2BIG, "not executable: /x: argument list too long"},
	} {
		got := startError(test.path, test.err)
		if got.Error() != test.want || !errors.Is(got, test.err) {
			t.Errorf("%s %v: %q, want %q", test.path, test.err, got, test.want)
		}
	}
}

func TestShebang(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	for text, want := range map[string]string{
		"#!/bin/sh\n":                        "/bin/sh",
		"#!/usr/bin/env python3\nprint()":    "/usr/bin/env",
		"#!  /bin/sh -e":                     "/bin/sh",
		"#!\n":                               "",
		"#":                                  "",
		"":                                   "",
		"\x7fELF":                            "",
		"#!" + strings.Repeat("x", 300):      strings.Repeat("x", 254),
		" #!/bin/sh\n":                       "",
		"#!/with\r\n":                        "/with",
		"#!/bin/sh\n#!/bin/other\necho text": "/bin/sh",
	} {
		program(t, path, 0o644, text)
		if got, windows := shebang(path); got != want || windows != strings.Contains(text, "\r\n") {
			t.Errorf("%q: %q, %t, want %q", text, got, windows, want)
		}
	}
	if got, _ := shebang(path + "-absent"); got != "" {
		t.Errorf("no file: %q", got)
	}
}

func TestBrokenNamesThePart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		part string
	}{
		{errors.New("x"), PartRoot},
		{partError{PartMemory, errors.New("x")}, PartMemory},
		{partError{PartPorts, unix.EINVAL}, PartPorts},
	} {
		if got := broken(test.err); got.Kind != ReportBroken || got.Part != test.part || got.Why != test.err.Error() {
			t.Errorf("%v: %+v", test.err, got)
		}
	}
	if !errors.Is(partError{PartPorts, unix.EINVAL}, unix.EINVAL) {
		t.Error("the cause is lost")
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status              unix.WaitStatus
		code, signal, shell int
	}{
		{0, 0, 0, 0},
		{7 << 8, 7, 0, 7},
		{255 << 8, 255, 0, 255},
		{9, -1, 9, 137},
		{15, -1, 15, 143},
		{11 | 0x80, -1, 11, 139}, // with a core dump
	} {
		if exitCode(test.status) != test.code || exitSignal(test.status) != test.signal || shellCode(test.status) != test.shell {
			t.Errorf("%#x: %d %d %d", test.status, exitCode(test.status), exitSignal(test.status), shellCode(test.status))
		}
	}
}
