package instance

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"s/pkg/fc"
	"s/pkg/runtime/bootstrap"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/sandbox"
)

// Places inside an instance (FC's own layout).
const (
	runtimeDir = "/var/fc/runtime"
	langDir    = "/var/fc/lang"
	codeDir    = "/code"
	layerDir   = "/opt"
)

// layout is everything about the start of an instance that depends on the kind
// of its runtime.
type layout struct {
	spec sandbox.Spec
	lang language
	env  map[string]string // of the language; the function's own come over it
	boot bootstrap.Bootstrap
	// function is how many of spec.Mounts, the first ones, are the function's own.
	function int

	warnings []string // for the log of the instance
}

func (l *layout) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// lay prepares the start: what is mounted where, and the environment.
func lay(ctx context.Context, cfg *Config, rt fc.Runtime) (*layout, error) {
	var boot bootstrap.Bootstrap
	var err error
	if !rt.Custom {
		if boot, err = bootstrap.For(rt.Language, rt.Version); err != nil {
			return nil, err
		}
	}
	if rt.Container {
		return contain(cfg)
	}
	lang, err := findLanguage(ctx, cfg, rt, boot.Language)
	if err != nil {
		return nil, err
	}
	mounts := []sandbox.Mount{{Source: cfg.CodeDir, Target: codeDir, ReadOnly: true}}
	if cfg.LayerDir != "" {
		mounts = append(mounts, sandbox.Mount{Source: cfg.LayerDir, Target: layerDir, ReadOnly: true})
	}
	l := &layout{boot: boot, lang: lang}
	l.spec = sandbox.Spec{
		Dir: codeDir, MemoryMB: cfg.Function.MemorySize,
		DiskMB: cmp.Or(cfg.Function.DiskSize, fc.DefaultDiskMB), MaxProcesses: fc.MaxProcesses,
		Mounts: mounts,
	}
	if lang.warning != "" {
		l.warn("%s", lang.warning)
	}
	if err := l.share(cfg); err != nil {
		return nil, err
	}
	l.function = len(l.spec.Mounts)
	l.spec.Mounts = append(l.spec.Mounts, lang.mounts...)
	if rt.Custom {
		l.custom(cfg)
		return l, nil
	}
	return l, l.managed(cfg, boot)
}

// place gives the instance its name and a /tmp of its own, a container a folder
// for what it writes.
func place(spec *sandbox.Spec, workDir, id string) error {
	if spec.Image != nil {
		spec.ID, spec.Image.Scratch = id, filepath.Join(workDir, id)
		return os.MkdirAll(spec.Image.Scratch, 0o755)
	}
	tmp := filepath.Join(workDir, id, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	spec.ID, spec.TmpDir = id, tmp
	return os.Chmod(tmp, 0o777|os.ModeSticky)
}

// managed starts the bootstrap of the language under rloader.
func (l *layout) managed(cfg *Config, boot bootstrap.Bootstrap) error {
	start := bootstrap.Start{
		Program: l.lang.program, Version: l.lang.version, Dir: path.Join(runtimeDir, boot.Dir), Code: codeDir, Layers: layerDir,
		Handler: cfg.Function.Handler, MemoryMB: cfg.Function.MemorySize, CPU: cfg.Function.CPU,
	}
	if boot.Check != nil {
		if err := boot.Check(cfg.CodeDir, start); err != nil {
			return err
		}
	}
	l.spec.Init = true
	l.spec.Args = boot.Command(start)
	if boot.Wrapped {
		wrapper := strings.Fields(cfg.Function.EnvironmentVariables["BOOTSTRAP_WRAPPER"])
		l.spec.Args = append(wrapper, l.spec.Args...)
	}
	if boot.Env != nil {
		l.env = boot.Env(start)
	}
	if boot.Files == nil {
		return nil
	}
	dir, err := boot.Install(filepath.Join(cfg.WorkDir, "bootstrap"))
	l.spec.Mounts = append(l.spec.Mounts, sandbox.Mount{Source: dir, Target: start.Dir, ReadOnly: true})
	return err
}

// custom starts the user's own command, which is to listen on a port.
func (l *layout) custom(cfg *Config) {
	l.spec.Args = startCommand(cfg)
	l.spec.Port = listenPort(cfg)
}

// debug changes the start so that a debugger can attach, and gives the
// environment for that. The port of a managed runtime's debugger is then what of
// the instance can be reached.
func (l *layout) debug(cfg *Config, rt fc.Runtime, env map[string]string) (map[string]string, error) {
	o := cfg.Debug
	if o == nil {
		return env, nil
	}
	kind := rt.Language
	if rt.Custom {
		kind = debugger.LanguageOf(l.spec.Args)
	} else {
		l.spec.Port = o.Port
	}
	launch, err := o.Apply(kind, debugger.Launch{Args: l.spec.Args, Env: env, Mounts: l.spec.Mounts})
	l.spec.Args, l.spec.Mounts = launch.Args, launch.Mounts
	l.spec.MemoryMB += debugger.ExtraMemoryMB
	return launch.Env, err
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
