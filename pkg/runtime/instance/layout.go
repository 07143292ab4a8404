package instance

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"s/pkg/fc"
	"s/pkg/runtime/bootstrap"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// Places inside an instance (FC's own layout).
const (
	runtimeDir = "/var/fc/runtime"
	langDir    = "/var/fc/lang"
)

// language is the interpreter of an instance as the inside sees it.
type language struct {
	program string // /var/fc/lang/python3.10/bin/python3; empty without
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

// findLanguage finds the interpreter. A custom runtime does without if there is
// none: its program may be of any language.
func findLanguage(ctx context.Context, cfg *Config, rt fc.Runtime) (language, error) {
	wanted := rt.Version
	if rt.Custom {
		wanted = rt.Interpreter
		if wanted == "" {
			return language{}, nil
		}
	}
	finder := cfg.Toolchain
	if finder == nil {
		finder = toolchain.New(nil)
	}
	found, err := finder.FindPython(ctx, wanted)
	if err != nil {
		if rt.Custom && ctx.Err() == nil {
			return language{}, nil
		}
		return language{}, err
	}
	name := rt.Name
	if rt.Custom {
		name = toolchain.Python + found.Minor()
	}
	return mountLanguage(found, path.Join(langDir, name)), nil
}

// mountLanguage shows an installation at target.
func mountLanguage(found toolchain.Interpreter, target string) language {
	l := language{
		bin:    path.Join(target, "bin"),
		mounts: []sandbox.Mount{{Source: found.Prefix, Target: target, ReadOnly: true}},
	}
	l.program = path.Join(l.bin, "python3")
	if real, err := filepath.EvalSymlinks(filepath.Join(found.Prefix, "bin", "python3")); err != nil || real != found.Path {
		// The installation's python3 is another one, or isn't there.
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
	if !found.Exact {
		l.warning = "python " + found.Wanted + " isn't on this machine: " + found.Version + " stands in"
	}
	return l
}

// layout is everything about the start of an instance that depends on the kind
// of its runtime.
type layout struct {
	spec sandbox.Spec
	lang language
}

// lay prepares the start: what is mounted where, and the environment.
func lay(ctx context.Context, cfg *Config, rt fc.Runtime, id string) (*layout, error) {
	lang, err := findLanguage(ctx, cfg, rt)
	if err != nil {
		return nil, err
	}
	tmp := filepath.Join(cfg.WorkDir, id, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(tmp, 0o777|os.ModeSticky); err != nil {
		return nil, err
	}
	spec := sandbox.Spec{
		ID: id, Dir: "/code", TmpDir: tmp, MemoryMB: cfg.Function.MemorySize,
		Mounts: append([]sandbox.Mount{{Source: cfg.CodeDir, Target: "/code", ReadOnly: true}}, lang.mounts...),
	}
	if cfg.LayerDir != "" {
		spec.Mounts = append(spec.Mounts, sandbox.Mount{Source: cfg.LayerDir, Target: "/opt", ReadOnly: true})
	}
	l := &layout{spec: spec, lang: lang}
	if rt.Custom {
		l.custom(cfg)
		return l, nil
	}
	return l, l.managed(cfg, rt)
}

// managed starts the bootstrap of the language under rloader.
func (l *layout) managed(cfg *Config, rt fc.Runtime) error {
	boot, err := bootstrap.For(rt.Language, rt.Version)
	if err != nil {
		return err
	}
	dir, err := boot.Install(filepath.Join(cfg.WorkDir, "bootstrap"))
	if err != nil {
		return err
	}
	target := path.Join(runtimeDir, boot.Dir)
	l.spec.Init = true
	l.spec.Mounts = append(l.spec.Mounts, sandbox.Mount{Source: dir, Target: target, ReadOnly: true})
	l.spec.Args = []string{l.lang.program, "-W", "ignore", path.Join(target, boot.File)}
	return nil
}

// custom starts the user's own command, which is to listen on a port.
func (l *layout) custom(cfg *Config) {
	l.spec.Args = startCommand(cfg)
	l.spec.Port = listenPort(cfg)
}

// startCommand is the command of a custom runtime.
func startCommand(cfg *Config) []string {
	var args []string
	if c := cfg.Function.CustomRuntimeConfig; c != nil {
		args = append(append(args, c.Command...), c.Args...)
	}
	if len(args) == 0 {
		args = []string{"/code/bootstrap"}
	}
	return args
}

func listenPort(cfg *Config) int {
	if c := cfg.Function.CustomRuntimeConfig; c != nil && c.Port != 0 {
		return c.Port
	}
	return fc.DefaultPort
}

// hostPaths gives back the paths that the function should see, where the
// sandbox could only map them: in messages of the interpreter above all. It is
// nil where instances have their own root.
func hostPaths(cfg *Config, mounts []sandbox.Mount) *strings.Replacer {
	if cfg.Launcher.Isolation().Mode != sandbox.ModeProcess {
		return nil
	}
	var list []string
	for _, m := range mounts {
		if strings.HasPrefix(m.Target, langDir) {
			continue // a prefix such as /usr would be replaced everywhere
		}
		if len(m.Source) > 1 {
			list = append(list, m.Source, m.Target)
		}
	}
	return strings.NewReplacer(list...)
}
