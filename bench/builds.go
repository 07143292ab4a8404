package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// rebuildShare is what building again what didn't change may take of the
	// first build.
	rebuildShare = 5.0 // percent
	rebuildTurns = 3
)

// application is a function with packages that others wrote.
type application struct {
	name string
	// props are those of the function, beside name and region.
	props []string
	files map[string]string
	// prepare makes what files can't: lists of versions. It may take packages
	// from the caches of this machine. errSkip is that of a tool that isn't here.
	prepare func(ctx context.Context, w *World) error
	env     []string
	// makes is a file that the artifact must have.
	makes string
}

// errSkip is an application that can't be built here.
var errSkip = errors.New("skipped")

func skip(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errSkip, fmt.Sprintf(format, args...))
}

// measureBuilds builds each application with empty caches, then again.
func measureBuilds(ctx context.Context, w *World) ([]Figure, error) {
	var figures []Figure
	for _, app := range applications() {
		if err := ctx.Err(); err != nil {
			return figures, err
		}
		own, err := w.alone(app)
		if err != nil {
			return figures, err
		}
		first, again, err := own.twice(ctx, app)
		for _, end := range own.closers {
			end()
		}
		if errors.Is(err, errSkip) {
			figures = append(figures, note(app.name, "%v", err))
			continue
		}
		if err != nil {
			return figures, fmt.Errorf("%s: %w", app.name, err)
		}
		figures = append(figures,
			note(app.name, "%.2f s, again %.0f ms", first.Seconds(), ms(again)),
			atMost("  again / first", 100*again.Seconds()/first.Seconds(), rebuildShare, " %"))
	}
	return figures, nil
}

// alone is a world for one application, whose tools have kept nothing yet.
func (w *World) alone(app application) (*World, error) {
	root, err := os.MkdirTemp(w.root, "build-")
	if err != nil {
		return nil, err
	}
	own := &World{Dir: filepath.Join(root, "project"), root: root, binary: w.binary}
	home := filepath.Join(root, "user")
	if err := errors.Join(os.MkdirAll(own.Dir, 0o755), os.MkdirAll(home, 0o755), settings(home)); err != nil {
		return nil, err
	}
	dropped := []string{"HOME", "S_HOME", "XDG_CACHE_HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "GOFLAGS", "PIP_CACHE_DIR", "COMPOSER_HOME", "COMPOSER_CACHE_DIR", "GRADLE_USER_HOME"}
	own.env = slices.DeleteFunc(slices.Clone(w.env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(dropped, name)
	})
	own.env = append(own.env, "HOME="+home, "S_HOME="+own.home())
	own.env = append(own.env, app.env...)
	var yaml strings.Builder
	yaml.WriteString("edition: 3.0.0\nname: bench\naccess: local\nresources:\n  app:\n    component: fc3\n    props:\n      region: cn-hangzhou\n      functionName: app\n")
	for _, prop := range app.props {
		yaml.WriteString("      " + prop + "\n")
	}
	if err := own.Write(map[string]string{"s.yaml": yaml.String()}); err != nil {
		return nil, err
	}
	return own, own.Write(app.files)
}

// settings gives a home the settings of the user's tools, which say where their
// packages come from, and the interpreters that are in the user's own, but
// nothing that the tools have kept.
func settings(home string) error {
	user, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	for _, name := range []string{
		".npmrc", ".config/pip", ".config/go", ".config/pnpm", ".m2/settings.xml", ".gradle/init.gradle", ".gradle/gradle.properties", ".gitconfig", ".netrc",
		".pyenv", ".nvm", ".local/share/fnm", ".volta", ".asdf", ".sdkman", ".jdks",
	} {
		from, to := filepath.Join(user, name), filepath.Join(home, name)
		if _, err := os.Stat(from); err != nil {
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Symlink(from, to)); err != nil {
			return err
		}
	}
	return nil
}

// twice gives how long the first build takes, and one of the same again.
func (w *World) twice(ctx context.Context, app application) (first, again time.Duration, err error) {
	if app.prepare != nil {
		if err := app.prepare(ctx, w); err != nil {
			return 0, 0, err
		}
	}
	use, err := w.S(ctx, "build")
	if err != nil {
		return 0, 0, err
	}
	if _, err := os.Stat(filepath.Join(w.Dir, ".s", "build", "artifacts", app.makes)); err != nil {
		return 0, 0, err
	}
	var walls []time.Duration
	err = repeat(ctx, rebuildTurns, func() error {
		use, err := w.S(ctx, "build")
		walls = append(walls, use.Wall)
		return err
	})
	return use.Wall, median(walls), err
}

// tool runs a program of this machine in a folder of the project, with the user's
// own home.
func (w *World) tool(ctx context.Context, dir string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = filepath.Join(w.Dir, dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out), nil
}
