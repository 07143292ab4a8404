package golang

import (
	"bytes"
	"errors"
	gobuild "go/build"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// defaultProgram is what a custom runtime without a command starts (fc
// documentation of custom runtimes).
const defaultProgram = "bootstrap"

// program is where in the artifact the function's program is, relative with
// slashes; false if it isn't a file of the code.
func program(req build.Request) (string, bool) {
	rt, _ := fc.LookupRuntime(req.Runtime)
	if !rt.Custom {
		name, _, _ := strings.Cut(req.Handler, ".")
		return clean(name)
	}
	if len(req.Command) == 0 {
		return defaultProgram, true
	}
	first := req.Command[0]
	if path.IsAbs(first) {
		rest, ok := strings.CutPrefix(first, build.CodeDir+"/")
		if !ok {
			return "", false
		}
		first = rest
	} else if !strings.Contains(first, "/") && ofSystem(first) {
		return "", false
	}
	return clean(first)
}

// clean makes a path of the code of what names one.
func clean(name string) (string, bool) {
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	return name, name != "." && name != ".." && !strings.HasPrefix(name, "../") && !path.IsAbs(name)
}

// ofSystem tells the programs on the PATH of the images of custom runtimes that
// start code of other languages, or scripts.
func ofSystem(name string) bool {
	for _, prefix := range []string{"python", "php", "ruby", "perl", "java"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "sh", "bash", "dash", "env", "exec", "nohup", "go", "node", "npm", "npx", "yarn", "pnpm", "bun", "deno", "dotnet", "mvn",
		"gunicorn", "uvicorn", "hypercorn", "flask", "streamlit":
		return true
	}
	return false
}

// kind is what a file is, by its first bytes.
type kind int

const (
	noFile       kind = iota
	otherProgram      // a program of another system
	linuxProgram      // a program of Linux
	anyFile           // a script, or whatever else the user put there
)

// kindOf looks at a file.
func kindOf(file string) kind {
	f, err := os.Open(file)
	if err != nil {
		return noFile
	}
	defer f.Close()
	head := make([]byte, 4)
	if _, err := io.ReadFull(f, head); err != nil {
		return anyFile
	}
	switch {
	case bytes.Equal(head, []byte("\x7fELF")):
		return linuxProgram
	case bytes.HasPrefix(head, []byte("MZ")), slices.ContainsFunc(machO(), func(magic string) bool { return string(head) == magic }):
		return otherProgram
	}
	return anyFile
}

// machO are the first bytes of programs of macOS (mach-o/loader.h, fat.h).
func machO() []string {
	return []string{"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"}
}

// target is what to compile.
type target struct {
	pkg string // absolute folder of the main package
	out string // the program's place in the artifact
}

// find chooses the main package: the code's folder, cmd/<name> in it or in the
// module; for code that has no Go files of its own, the module's folder. It
// gives nil if the code isn't Go's, or is the user's own build of it.
func (m *module) find(req build.Request, out string) (*target, error) {
	name := path.Base(out)
	places := []string{req.SourceDir, filepath.Join(req.SourceDir, "cmd", name)}
	if m.dir != req.SourceDir {
		places = append(places, filepath.Join(m.dir, "cmd", name))
	}
	ours := hasGo(req.SourceDir) || m.dir == req.SourceDir
	if !ours {
		rt, _ := fc.LookupRuntime(req.Runtime)
		if !rt.Custom || !req.Folder() {
			places = append(places, m.dir)
		}
	}
	there := kindOf(filepath.Join(req.SourceDir, filepath.FromSlash(out)))
	if there == anyFile {
		return nil, nil // a script: how it starts a program is its affair
	}
	if there == linuxProgram && !ours {
		if made, err := build.MadeFrom(req.SourceDir, m.dir, func(path string) bool { return skip(path) || req.NotSource(m.dir, path) }); made || err != nil {
			return nil, err
		}
	}
	for _, dir := range places {
		if isMain(dir) {
			return &target{pkg: dir, out: out}, nil
		}
	}
	return nil, m.noMain(req, name, places, ours, there)
}

// noMain tells that there is nothing to compile, unless something else makes
// the function run.
func (m *module) noMain(req build.Request, name string, places []string, ours bool, there kind) error {
	rt, _ := fc.LookupRuntime(req.Runtime)
	if there == linuxProgram || rt.Custom && !ours {
		return nil
	}
	mains, err := m.mains()
	if err != nil {
		return err
	}
	e := &NoMainError{Name: name, Mains: mains}
	for _, dir := range places {
		e.Looked = append(e.Looked, shorten(req.ProjectDir, dir))
	}
	help := diag.Say("set code to the folder of the main package, or give the handler the name of one in cmd")
	if rt.Custom {
		help = diag.Say("set code to the folder of the main package, or give the command's program the name of one in cmd")
	}
	return &build.HelpError{Err: e, Help: help}
}

// NoMainError is a function whose main package isn't where it is looked for.
type NoMainError struct {
	Name   string   // of the program
	Looked []string // folders
	Mains  []string // folders with a main package, relative to the module
}

// maxMains is how many main packages an error names.
const maxMains = 20

// Error names the places and the main packages that there are.
func (e *NoMainError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *NoMainError) Wording() error {
	looked := strings.Join(e.Looked, " or ")
	if len(e.Mains) == 0 {
		return diag.Errorf("no Go main package for the program %s in %s; the module has none", e.Name, looked)
	}
	return diag.Errorf("no Go main package for the program %s in %s; the module's are in %s", e.Name, looked, strings.Join(e.Mains[:min(len(e.Mains), maxMains)], ", "))
}

// mains lists the folders with main packages, relative to the module.
func (m *module) mains() ([]string, error) {
	var out []string
	err := filepath.WalkDir(m.dir, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != m.dir {
			_, err := os.Stat(filepath.Join(dir, modFile))
			if err == nil || !hasPackages(d.Name()) {
				return fs.SkipDir
			}
		}
		if isMain(dir) {
			out = append(out, shorten(m.dir, dir))
		}
		return nil
	})
	return out, err
}

// hasPackages reports whether the go command looks for packages in a folder of
// that name.
func hasPackages(name string) bool {
	return name != "vendor" && name != "testdata" && name != "node_modules" && name[0] != '.' && name[0] != '_'
}

// isMain reports whether a folder has a program for Linux.
func isMain(dir string) bool {
	ctx := gobuild.Default
	ctx.GOOS, ctx.CgoEnabled = "linux", false
	p, err := ctx.ImportDir(dir, 0)
	var several *gobuild.MultiplePackageError
	if errors.As(err, &several) {
		return slices.Contains(several.Packages, "main") // the compiler says what is wrong
	}
	return p != nil && p.Name == "main" && len(p.GoFiles) > 0
}

// hasGo reports whether Go files are in a folder.
func hasGo(dir string) bool {
	files, err := filepath.Glob(filepath.Join(globEscape(dir), "*.go"))
	return err == nil && len(files) > 0
}

// globEscape makes a pattern that matches a path alone.
func globEscape(path string) string {
	if filepath.Separator == '\\' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// shorten shows a path relative to a folder if it is in it, with slashes.
func shorten(dir, p string) string {
	if inside(dir, p) {
		if rel, err := filepath.Rel(dir, p); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	return p
}
