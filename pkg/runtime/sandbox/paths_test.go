package sandbox

import (
	"slices"
	"testing"
)

func TestPathMap(t *testing.T) {
	t.Parallel()
	m := newPathMap(Spec{
		TmpDir: "/state/tmp1",
		Mounts: []Mount{
			{Source: "/home/me/project", Target: "/code"},
			{Source: "/home/me/data/", Target: "/code/data/"},
			{Source: "/opt/python3.10", Target: "/var/fc/lang/python3.10"},
			{Source: "/state/boot", Target: "/var/fc/runtime/python3"},
		},
	})
	for in, want := range map[string]string{
		"/code":                          "/home/me/project",
		"/code/":                         "/home/me/project/",
		"/code/main.py":                  "/home/me/project/main.py",
		"/codex/main.py":                 "/codex/main.py",
		"/x/code":                        "/x/code",
		"code":                           "code",
		"":                               "",
		"/code/data/file":                "/home/me/data/file",
		"/code/database":                 "/home/me/project/database",
		"PATH=/code/bin:/usr/bin:/code":  "PATH=/home/me/project/bin:/usr/bin:/home/me/project",
		"--config=/code/gunicorn.py":     "--config=/home/me/project/gunicorn.py",
		"http://host/code/x":             "http://host/code/x",
		"file:/code":                     "file:/home/me/project",
		"cd /code && ls>/tmp/out;":       "cd /home/me/project && ls>/state/tmp1/out;",
		"/tmp":                           "/state/tmp1",
		"/tmpfile":                       "/tmpfile",
		"/var/fc/lang/python3.10/bin/py": "/opt/python3.10/bin/py",
		"/var/fc/lang/python3.1":         "/var/fc/lang/python3.1",
		`["/code","/tmp"]`:               `["/home/me/project","/state/tmp1"]`,
		"/code-old":                      "/code-old",
		"../code":                        "../code",
		"$HOME/code":                     "$HOME/code",
		"${X}/code":                      "${X}/code",
	} {
		if got := m.one(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestPathMapIsNotAppliedTwice: a source may look like a target.
func TestPathMapIsNotAppliedTwice(t *testing.T) {
	t.Parallel()
	m := newPathMap(Spec{TmpDir: "/tmp/state/tmp", Mounts: []Mount{{Source: "/tmp/work/code", Target: "/code"}}})
	if got := m.one("/code:/tmp"); got != "/tmp/work/code:/tmp/state/tmp" {
		t.Errorf("got %q", got)
	}
}

func TestPathMapEnvironment(t *testing.T) {
	t.Parallel()
	spec := Spec{TmpDir: "/state/t", Env: []string{"HOME=/tmp", "X=/code/y"}, Mounts: []Mount{{Source: "/src", Target: "/code"}}}
	m := newPathMap(spec)
	if got, want := m.env(spec), []string{"HOME=/state/t", "X=/src/y", "TMPDIR=/state/t"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	spec.Env = []string{"TMPDIR=/elsewhere"}
	if got, want := m.env(spec), []string{"TMPDIR=/elsewhere"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := m.all([]string{"python", "/code/a", "b"}), []string{"python", "/src/a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if spec.Mounts[0].Target != "/code" {
		t.Error("the spec was changed")
	}
}

func TestStartErrorSaysWhy(t *testing.T) {
	t.Parallel()
	if got := (&StartError{Why: StartNotFound + ": x"}).Error(); got != "not found: x" {
		t.Errorf("got %q", got)
	}
}
