package instance

import (
	"context"
	"path"
	"path/filepath"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// language is the interpreter of an instance as the inside sees it.
type language struct {
	program string // /var/fc/lang/python3.10/bin/python3; empty without
	version string // as it says itself
	bin     string // its folder
	lib     string // a folder with the interpreter's shared library, if needed
	mounts  []sandbox.Mount
	warning string // that another version stands in
}

func (l language) libraries(rest string) string {
	if l.lib == "" {
		return rest
	}
	return rest + ":" + l.lib
}

// findLanguage finds the interpreter of a managed runtime's language, which is
// empty if it needs none. A custom runtime gets the Python of its image, and does
// without if there is none: its program may be of any language.
func findLanguage(ctx context.Context, cfg *Config, rt fc.Runtime, name string) (language, error) {
	wanted := rt.Version
	if rt.Custom && rt.Interpreter != "" {
		name, wanted = toolchain.Python, rt.Interpreter
	}
	if name == "" {
		return language{}, nil
	}
	finder := cfg.Toolchain
	if finder == nil {
		finder = toolchain.New(nil)
	}
	found, err := finder.Find(ctx, name, wanted)
	if err != nil {
		if rt.Custom && ctx.Err() == nil {
			return language{}, nil
		}
		return language{}, err
	}
	target := rt.Name
	if rt.Custom {
		target = name + found.Minor()
	}
	return mountLanguage(found, path.Join(langDir, target)), nil
}

// mountLanguage shows an installation at target.
func mountLanguage(found toolchain.Interpreter, target string) language {
	l := language{
		version: found.Version, bin: path.Join(target, "bin"),
		mounts: []sandbox.Mount{{Source: found.Prefix, Target: target, ReadOnly: true}},
	}
	usual := usualName(found.Language)
	l.program = path.Join(l.bin, usual)
	if real, err := filepath.EvalSymlinks(filepath.Join(found.Prefix, "bin", usual)); err != nil || real != found.Path {
		// The installation's program of that name is another one, or isn't there.
		if rel, err := filepath.Rel(found.Prefix, found.Path); err == nil && filepath.IsLocal(rel) {
			l.program = path.Join(target, filepath.ToSlash(rel))
			l.bin = path.Dir(l.program)
		}
	}
	// An interpreter built as a shared library looks for it where it was
	// installed, which the instance may not see.
	if libs, err := filepath.Glob(filepath.Join(found.Prefix, "lib", "libpython*.so*")); err == nil && len(libs) > 0 && found.Prefix != "/usr" {
		l.lib = path.Join(target, "lib")
	}
	if found.Language == toolchain.PHP && found.Prefix != "/usr" {
		// Where its settings and extensions are is compiled into PHP.
		l.mounts = append(l.mounts, sandbox.Mount{Source: found.Prefix, Target: found.Prefix, ReadOnly: true})
	}
	if !found.Exact {
		l.warning = found.Language + " " + found.Wanted + " isn't on this machine: " + found.Version + " stands in"
	}
	return l
}

// usualName is what a language's interpreter is called in its bin folder.
func usualName(language string) string {
	switch language {
	case toolchain.Python:
		return "python3"
	case toolchain.Node:
		return "node"
	}
	return language
}
