package nodejs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// installer runs a package manager in a copy of a project.
type installer struct {
	job     *build.Job
	p       *project
	node    build.Tool
	tool    build.Tool
	environ []string
	// foreign is set if the packages are for another platform than this one.
	foreign bool
	target  target
	// root is the copy of the project's root; develops installs packages for
	// development, too.
	root     string
	develops bool
}

// install installs what the project lists.
func (i *installer) install(ctx context.Context) (err error) {
	args, env := i.command()
	restore, err := i.settings()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	args = append(args, i.job.Args...)
	return i.run(ctx, i.tool.Name+" "+args[0], diag.Say("installing dependencies (%s)", i.tool.Name), i.root, args, env)
}

// script runs a script of the package in a folder.
func (i *installer) script(ctx context.Context, dir, name string) error {
	args, env := []string{"run", name}, []string(nil)
	switch {
	case i.tool.Name == pnpm:
		// What was installed is what there is.
		args = append(append([]string{"--config.verify-deps-before-run=false"}, i.byCorepack()...), args...)
	case i.p.manager.berry:
		env = []string{berryLinker}
	}
	what := i.tool.Name + " run " + name
	return i.run(ctx, what, diag.Say("running %s", what), dir, args, env)
}

func (i *installer) run(ctx context.Context, what string, does diag.Message, dir string, args, env []string) error {
	start := starts(i.node, i.tool)
	base := append(cleaned(i.environ, i.node), asked()...)
	return i.runTool(ctx, build.Command{
		Argv: append(start, args...), Shown: append([]string{i.tool.Name}, args...),
		What: what, Does: does, Dir: dir, Env: i.job.Environ(append(base, env...), nil),
	})
}

// command gives the arguments and variables of an installation.
func (i *installer) command() (args, env []string) {
	switch {
	case i.tool.Name == pnpm:
		args, env = i.pnpm()
	case i.p.manager.berry:
		args, env = i.berry()
	case i.tool.Name == yarn:
		args, env = i.yarn()
	default:
		args = i.npm()
	}
	if i.foreign {
		// What prebuild-install, node-pre-gyp and node-gyp go by.
		env = append(env, "npm_config_platform="+i.target.system, "npm_config_arch="+i.target.cpu,
			"npm_config_target_platform="+i.target.system, "npm_config_target_arch="+i.target.cpu)
	}
	return args, env
}

func (i *installer) npm() []string {
	args := []string{"install"}
	if i.p.manager.lock != "" {
		args[0] = "ci"
	}
	args = append(args, "--no-progress", "--logs-max=0")
	if i.develops {
		args = append(args, "--include=dev")
	} else {
		args = append(args, "--omit=dev")
	}
	if i.foreign {
		args = append(args, i.flags()...)
	}
	return args
}

// flags choose the platform, for npm 10 and pnpm 10.14.
func (i *installer) flags() []string {
	return []string{"--os=" + i.target.system, "--cpu=" + i.target.cpu, "--libc=" + i.target.libc}
}

func (i *installer) pnpm() (args, env []string) {
	args = append([]string{"install", "--reporter=append-only", "--config.confirm-modules-purge=false"}, i.byCorepack()...)
	if i.p.manager.lock == "" {
		args = append(args, "--no-frozen-lockfile")
	} else {
		args = append(args, "--frozen-lockfile")
	}
	if !i.develops {
		args = append(args, "--prod")
	}
	if !i.p.workspace && !exists(filepath.Join(i.root, pnpmWorkspace)) {
		args = append(args, "--ignore-workspace")
	}
	if i.foreign && atLeast(i.tool.Version, 10, 14) {
		args = append(args, i.flags()...)
	}
	return args, []string{"CI=1"}
}

// byCorepack tells a pnpm that corepack has chosen not to choose again: pnpm 12
// wants its own version in the lock file then, and doesn't write it there
// (pnpm/pnpm issue 14124).
func (i *installer) byCorepack() []string {
	if strings.Contains(filepath.ToSlash(i.tool.Path), "/corepack/") {
		return []string{"--config.pm-on-fail=ignore"}
	}
	return nil
}

func (i *installer) yarn() (args, env []string) {
	args = []string{"install", "--non-interactive", "--no-progress", "--production=" + strconv.FormatBool(!i.develops)}
	if i.p.manager.lock != "" {
		args = append(args, "--frozen-lockfile")
	}
	if i.foreign {
		args = append(args, "--ignore-platform")
	}
	return args, []string{"CI=1"}
}

// berryLinker has yarn make a folder of packages that Node.js itself can read.
const berryLinker = "YARN_NODE_LINKER=node-modules"

// berry is yarn 2 and newer. It installs all: what isn't needed to run the code
// is left behind.
func (i *installer) berry() (args, env []string) {
	args = []string{"install"}
	if i.p.manager.lock != "" {
		args = append(args, "--immutable")
	} else {
		args = append(args, "--no-immutable")
	}
	return args, []string{
		"CI=1", berryLinker, "YARN_NM_MODE=classic", "YARN_ENABLE_PROGRESS_BARS=false",
		"YARN_ENABLE_INLINE_BUILDS=true", "YARN_ENABLE_GLOBAL_CACHE=" + variableOr(i.environ, "YARN_ENABLE_GLOBAL_CACHE", "true"),
	}
}

func variableOr(environ []string, name, otherwise string) string {
	if v := variable(environ, name); v != "" {
		return v
	}
	return otherwise
}

// settings writes those that no argument can give into the copy. restore undoes
// it.
func (i *installer) settings() (restore func() error, err error) {
	restore = func() error { return nil }
	if i.p.manager.berry && i.p.manager.lock == "" {
		// It marks the root of a project.
		if err := os.WriteFile(filepath.Join(i.root, "yarn.lock"), nil, 0o644); err != nil {
			return restore, err
		}
	}
	if !i.foreign {
		return restore, nil
	}
	switch {
	case i.p.manager.berry:
		return edit(filepath.Join(i.root, ".yarnrc.yml"), i.berrySettings)
	case i.tool.Name == pnpm && !atLeast(i.tool.Version, 10, 14):
		return edit(filepath.Join(i.root, manifestFile), i.pnpmSettings)
	}
	return restore, nil
}

// edit changes a file of the copy.
func edit(path string, change func([]byte) ([]byte, error)) (restore func() error, err error) {
	restore = func() error { return nil }
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return restore, err
	}
	after, err := change(before)
	if err != nil {
		return restore, diag.Errorf("%s: %w", filepath.Base(path), err)
	}
	gone := before == nil
	restore = func() error {
		if gone {
			return os.Remove(path)
		}
		return os.WriteFile(path, before, 0o644)
	}
	return restore, os.WriteFile(path, after, 0o644)
}

func (i *installer) berrySettings(before []byte) ([]byte, error) {
	if bytes.Contains(before, []byte("supportedArchitectures:")) {
		return before, nil
	}
	return fmt.Appendf(before, "\nsupportedArchitectures:\n  os: [%s]\n  cpu: [%s]\n  libc: [%s]\n", i.target.system, i.target.cpu, i.target.libc), nil
}

func (i *installer) pnpmSettings(before []byte) ([]byte, error) {
	all := map[string]any{}
	if len(before) > 0 {
		if err := json.Unmarshal(before, &all); err != nil {
			return nil, err
		}
	}
	own, _ := all[pnpm].(map[string]any)
	if own == nil {
		own = map[string]any{}
	}
	own["supportedArchitectures"] = map[string][]string{"os": {i.target.system}, "cpu": {i.target.cpu}, "libc": {i.target.libc}}
	all[pnpm] = own
	return json.Marshal(all)
}

// atLeast compares the first two numbers of a version.
func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	have, err := strconv.Atoi(parts[0])
	if err != nil || have != major || len(parts) < 2 {
		return err == nil && have > major
	}
	second, err := strconv.Atoi(parts[1])
	return err == nil && second >= minor
}
