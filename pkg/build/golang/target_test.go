package golang

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/toolchain"
)

const (
	mainFile = "package main\n\nfunc main() {}\n"
	libFile  = "package lib\n"
	elfFile  = "\x7fELF of Linux"
	macFile  = "\xcf\xfa\xed\xfe of macOS"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		runtime, handler string
		command          []string
		want             string // empty: none of the code's
	}{
		{"go1", "main", nil, "main"},
		{"go1", "app.handler", nil, "app"},
		{"go1", "bin/app", nil, "bin/app"},
		{"go1", "", nil, ""},
		{"go1", "../app", nil, ""},
		{"custom", "index.handler", nil, "bootstrap"},
		{"custom.debian12", "", []string{"./main"}, "main"},
		{"custom", "", []string{"main", "-v"}, "main"},
		{"custom", "", []string{"/code/bin/api"}, "bin/api"},
		{"custom", "", []string{"./bin//api"}, "bin/api"},
		{"custom", "", []string{"./python3"}, "python3"},
		{"custom", "", []string{"python3.10", "app.py"}, ""},
		{"custom", "", []string{"bash", "start.sh"}, ""},
		{"custom", "", []string{"java", "-jar", "x.jar"}, ""},
		{"custom", "", []string{"node", "index.js"}, ""},
		{"custom", "", []string{"/bin/sh", "-c", "./main"}, ""},
		{"custom", "", []string{"/code/../bin/sh"}, ""},
		{"custom", "", []string{"/code/"}, ""},
	} {
		got, ok := program(build.Request{Runtime: tc.runtime, Handler: tc.handler, Command: tc.command})
		if ok != (tc.want != "") || ok && got != tc.want {
			t.Errorf("%s %q %q: %q, %v, want %q", tc.runtime, tc.handler, tc.command, got, ok, tc.want)
		}
	}
}

// place is a folder with s.yaml and modules. The code is in code, unless a test
// says otherwise.
type place struct {
	root string
	req  build.Request
	b    *Builder
}

func newPlace(t *testing.T, files map[string]string, runtime, code string, words ...string) *place {
	t.Helper()
	p := &place{root: buildtest.TempDir(t)}
	buildtest.Plant(t, p.root, files)
	old := buildtest.Old()
	for name := range files {
		if err := os.Chtimes(filepath.Join(p.root, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	p.req = build.Request{
		Name: "hello", Runtime: runtime, ProjectDir: filepath.Join(p.root, "project"), SourceDir: filepath.Join(p.root, "project", code),
	}
	if runtime == "go1" {
		p.req.Handler = strings.Join(words, "")
	} else {
		p.req.Command = words
	}
	p.b = &Builder{Finder: &toolchain.Finder{}}
	return p
}

// TestWhatIsCompiled gives the main package and program for a tree of files.
func TestWhatIsCompiled(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	module := func(more ...string) files {
		out := files{"project/go.mod": "module x\n"}
		for i := 0; i < len(more); i += 2 {
			out["project/"+more[i]] = more[i+1]
		}
		return out
	}
	for name, tc := range map[string]struct {
		files         files
		runtime, code string
		words         []string
		want          string // package > program; empty: not compiled
	}{
		"the code's folder":              {module("main.go", mainFile), "go1", ".", []string{"main"}, "project > main"},
		"below the module":               {module("fn/main.go", mainFile), "go1", "fn", []string{"main"}, "project/fn > main"},
		"by its name":                    {module("cmd/api/main.go", mainFile, "cmd/job/main.go", mainFile), "go1", ".", []string{"job"}, "project/cmd/job > job"},
		"the module's, by its name":      {module("cmd/api/main.go", mainFile, "web/page.html", ""), "go1", "web", []string{"api"}, "project/cmd/api > api"},
		"the code's own first":           {module("main.go", mainFile, "cmd/main/main.go", mainFile), "go1", ".", []string{"main"}, "project > main"},
		"code not there yet":             {module("main.go", mainFile), "go1", "target", []string{"main"}, "project > main"},
		"not there, custom":              {module("main.go", mainFile), "custom", "target", []string{"./main"}, "project > main"},
		"a folder of its own":            {module("main.go", mainFile, "target/x", ""), "go1", "target", []string{"main"}, "project > main"},
		"no command":                     {module("main.go", mainFile), "custom.debian12", ".", nil, "project > bootstrap"},
		"command with a folder":          {module("cmd/api/main.go", mainFile), "custom", ".", []string{"/code/bin/api"}, "project/cmd/api > bin/api"},
		"old program is replaced":        {module("main.go", mainFile, "main", elfFile), "custom", ".", []string{"./main"}, "project > main"},
		"program of a Mac":               {module("main.go", mainFile, "target/main", macFile), "go1", "target", []string{"main"}, "project > main"},
		"module above s.yaml":            {files{"go.mod": "module x", "project/main.go": mainFile}, "custom", ".", []string{"./x"}, "project > x"},
		"files for other systems":        {module("main.go", mainFile, "main_windows.go", "package other\n", "gen.go", "//go:build ignore\n\npackage gen\n"), "go1", ".", []string{"main"}, "project > main"},
		"packages that don't agree":      {module("main.go", mainFile, "lib.go", libFile), "go1", ".", []string{"main"}, "project > main"},
		"no module":                      {files{"project/main.go": mainFile}, "go1", ".", []string{"main"}, ""},
		"another runtime":                {module("main.go", mainFile), "python3.10", ".", nil, ""},
		"an image":                       {module("main.go", mainFile), "custom-container", ".", nil, ""},
		"an archive":                     {module("main.go", mainFile, "code.zip", "x"), "go1", "code.zip", []string{"main"}, ""},
		"started by a script":            {module("main.go", mainFile, "bootstrap", "#!/bin/sh\n./main\n"), "custom", ".", nil, ""},
		"started by an empty script":     {module("main.go", mainFile, "bootstrap", ""), "custom", ".", nil, ""},
		"another language":               {module("main.go", mainFile, "app.py", ""), "custom", ".", []string{"python3", "app.py"}, ""},
		"another language in its folder": {module("main.go", mainFile, "web/app.js", ""), "custom", "web", []string{"./server"}, ""},
		"another language, module above": {files{"go.mod": "module x", "cmd/server/main.go": mainFile, "project/x": ""}, "custom", ".", []string{"./server"}, ""},
		"built by the user":              {module("main.go", mainFile, "target/main", elfFile), "go1", "target", []string{"main"}, ""},
		"built by hand, main elsewhere":  {module("server/main.go", mainFile, "main", elfFile), "custom", ".", []string{"./main"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, tc.files, tc.runtime, tc.code, tc.words...)
			_, got, err := p.b.find(&p.req)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			if got != nil {
				text = shorten(p.root, got.pkg) + " > " + got.out
			}
			if text != tc.want {
				t.Errorf("got %q, want %q", text, tc.want)
			}
		})
	}
}

func TestUsersBuildThatIsOld(t *testing.T) {
	t.Parallel()
	p := newPlace(t, map[string]string{"project/go.mod": "module x", "project/target/main": elfFile, "project/main.go": mainFile}, "go1", "target", "main")
	_, got, err := p.b.find(&p.req)
	if got != nil || err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	touch(t, filepath.Join(p.root, "project/main.go"))
	if _, got, err = p.b.find(&p.req); got == nil || err != nil {
		t.Errorf("not compiled: %v", err)
	}
}

func TestNoMainPackage(t *testing.T) {
	t.Parallel()
	many := map[string]string{
		"project/go.mod": "module x", "project/lib.go": libFile, "project/cmd/api/main.go": mainFile, "project/tools/gen/main.go": mainFile,
		"project/vendor/v/main.go": mainFile, "project/testdata/main.go": mainFile, "project/_x/main.go": mainFile,
		"project/other/go.mod": "module y", "project/other/main.go": mainFile, "project/fn/lib.go": libFile,
	}
	for name, tc := range map[string]struct {
		files         map[string]string
		runtime, code string
		words         []string
		want, help    string
	}{
		"several": {
			many, "go1", ".",
			[]string{"main"},
			"no Go main package for the program main in . or cmd/main; the module's are in cmd/api, tools/gen",
			"set code to the folder of the main package, or give the handler the name of one in cmd",
		},
		"below the module": {
			many, "go1", "fn",
			[]string{"main"},
			"no Go main package for the program main in fn or fn/cmd/main or cmd/main; the module's are in cmd/api, tools/gen",
			"set code to the folder of the main package, or give the handler the name of one in cmd",
		},
		"custom": {
			map[string]string{"project/go.mod": "module x", "project/lib.go": libFile},
			"custom", ".",
			[]string{"./srv"},
			"no Go main package for the program srv in . or cmd/srv; the module has none",
			"set code to the folder of the main package, or give the command's program the name of one in cmd",
		},
	} {
		p := newPlace(t, tc.files, tc.runtime, tc.code, tc.words...)
		_, err := p.b.Plan(p.req)
		var help *build.HelpError
		var none *NoMainError
		if !errors.As(err, &help) || !errors.As(err, &none) || help.Help.String() != tc.help || err.Error() != tc.want {
			t.Errorf("%s: %v\n%+v", name, err, help)
		}
	}
	if _, err := (&Builder{}).Plan(build.Request{Runtime: "go2"}); err == nil || err.Error() != `unknown runtime "go2"` {
		t.Errorf("got %v", err)
	}
}

// TestWhatBelongsToTheBuild tells which folders are copied.
func TestWhatBelongsToTheBuild(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	for name, tc := range map[string]struct {
		files   files
		goWork  string
		code    string
		root    string
		only    []string
		outside int
		version string
	}{
		"one module":    {files{"project/go.mod": "module x\ngo 1.24\n", "project/main.go": mainFile}, "", ".", "project", nil, 0, "1.24"},
		"folder of it":  {files{"project/go.mod": "module x\n", "project/a/main.go": mainFile}, "", "a", "project", nil, 0, ""},
		"inner replace": {files{"project/go.mod": "module x\nreplace y => ./y\n", "project/main.go": mainFile}, "", ".", "project", nil, 0, ""},
		"outer replace": {
			files{"project/go.mod": "module x\nreplace y => ../lib/y\n", "project/main.go": mainFile},
			"", ".", ".",
			[]string{"lib/y", "project"},
			0, "",
		},
		"absolute replace": {files{"project/go.mod": "module x\nreplace y => /nowhere/y\n", "project/main.go": mainFile}, "", ".", "project", nil, 1, ""},
		"workspace": {
			files{
				"go.work": "go 1.25\nuse ./project\nuse ./lib\nreplace z => ./z\n", "project/go.mod": "module x\ngo 1.24\n", "project/main.go": mainFile,
				"lib/go.mod": "module y\ngo 1.26.1\nreplace w => ../w\n",
			},
			"", ".", ".",
			[]string{"go.work", "go.work.sum", "lib", "project", "vendor", "w", "z"},
			0, "1.26.1",
		},
		"workspace with a member that isn't there": {
			files{"go.work": "go 1.25\nuse ./project\nuse ./gone\n", "project/go.mod": "module x\ngo 1.24\n", "project/main.go": mainFile},
			"", ".", ".",
			[]string{"go.work", "go.work.sum", "project", "vendor"},
			0, "1.25",
		},
		"workspace switched off": {
			files{"go.work": "go 1.25\nuse ./project\n", "project/go.mod": "module x\n", "project/main.go": mainFile}, "off", ".", "project", nil, 0, "",
		},
		"workspace of the module": {
			files{"project/go.work": "go 1.25\nuse .\n", "project/go.mod": "module x\n", "project/main.go": mainFile}, "", ".", "project", nil, 0, "1.25",
		},
		"workspace by its path": {
			files{"ws/go.work": "go 1.25\nuse ../project\n", "project/go.mod": "module x\n", "project/main.go": mainFile},
			"ROOT/ws/go.work", ".", ".",
			[]string{"project", "ws/go.work", "ws/go.work.sum", "ws/vendor"},
			0, "1.25",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, tc.files, "go1", tc.code, "main")
			if tc.goWork != "" {
				p.b.Environ = []string{"GOWORK=" + strings.Replace(tc.goWork, "ROOT", p.root, 1)}
			}
			m, target, err := p.b.find(&p.req)
			if err != nil || target == nil {
				t.Fatal(target, err)
			}
			if diff := cmp.Diff(tc.only, m.only); diff != "" || shorten(p.root, m.root) != tc.root {
				t.Errorf("root %s, only %s", m.root, diff)
			}
			for path, want := range map[string]bool{"project": true, "project/main.go": true, "unrelated": tc.only == nil, "projects": tc.only == nil} {
				if m.counts(path) != want {
					t.Errorf("%s counts: %v", path, !want)
				}
			}
			if len(m.outside) != tc.outside || m.version != tc.version {
				t.Errorf("outside %v, version %s", m.outside, m.version)
			}
		})
	}
	p := newPlace(t, files{"project/go.mod": "module x", "project/main.go": mainFile}, "go1", ".", "main")
	p.b.Environ = []string{"GOWORK=relative/go.work"}
	if _, err := p.b.Plan(p.req); err == nil || err.Error() != `GOWORK is "relative/go.work", which is not an absolute path` {
		t.Errorf("got %v", err)
	}
}

// TestSettingsCount changes one setting after the other: each makes another
// program.
func TestSettingsCount(t *testing.T) {
	t.Parallel()
	outside := buildtest.TempDir(t)
	p := newPlace(t, map[string]string{"project/go.mod": "module x\nreplace y => " + outside + "\n", "project/main.go": mainFile}, "go1", ".", "main")
	home := filepath.Join(p.root, "home")
	seen := map[string]string{}
	step := func(what string) {
		t.Helper()
		plan, err := p.b.Plan(p.req)
		if err != nil || plan == nil {
			t.Fatal(what, plan, err)
		}
		if other, ok := seen[plan.Inputs]; ok {
			t.Errorf("%s is taken for %s", what, other)
		}
		seen[plan.Inputs] = what
	}
	step("nothing set")
	p.b.Environ = []string{"GOFLAGS=-tags=a"}
	step("flags")
	p.b.Environ = append(p.b.Environ, "GOFLAGS=-tags=b")
	step("flags again")
	p.b.Environ = []string{"GOENV=" + filepath.Join(home, "env")}
	buildtest.Plant(t, home, map[string]string{"env": "GOPROXY=x\nGOFLAGS=-tags=c\r\n"})
	step("flags in the file")
	p.b.Environ = []string{"GOENV=" + filepath.Join(home, "env"), "GOFLAGS=-tags=d"}
	step("over those in the file")
	p.req.Platform = "linux/arm64"
	step("another processor")
	p.req.Handler = "other"
	step("another name")
	buildtest.Plant(t, outside, map[string]string{"y.go": "package y\n"})
	step("a module outside")
	p.b.Environ = []string{"GOENV=off"}
	if file := p.b.envFile(); file != "" {
		t.Errorf("GOENV=off reads %s", file)
	}
}
