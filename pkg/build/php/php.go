// Package php installs the dependencies of PHP code with Composer.
package php

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// builderVersion changes when the same lists would come out different.
const builderVersion = "1"

// Files of a project, and the folder that Composer installs into.
const (
	manifestFile = "composer.json"
	lockFile     = "composer.lock"
	vendorDir    = "vendor"
)

// Builder installs what a composer.json requires.
type Builder struct {
	// Environ is the environment of Composer, as os.Environ gives it.
	Environ []string
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "php" }

// manifest is what of a composer.json decides what is to do.
type manifest struct {
	Require  map[string]string `json:"require"`
	Autoload map[string]any    `json:"autoload"`
	Scripts  map[string]any    `json:"scripts"`
	Config   struct {
		VendorDir     string `json:"vendor-dir"`
		Optimize      bool   `json:"optimize-autoloader"`
		Authoritative bool   `json:"classmap-authoritative"`
	} `json:"config"`
}

// Plan finds something to install, or classes to load, for PHP and custom
// runtimes.
func (b *Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known || rt.Container || rt.Language != "php" && !rt.Custom || !req.Folder() {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(req.SourceDir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, diag.Errorf("%s of %s: %w", manifestFile, req.Name, err)
	}
	if !m.installs() {
		return nil, nil
	}
	lock, err := os.ReadFile(filepath.Join(req.SourceDir, lockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	into := filepath.ToSlash(filepath.Clean(cmp.Or(m.Config.VendorDir, vendorDir)))
	if !filepath.IsLocal(into) || into == "." {
		return nil, diag.Errorf("%s of %s: vendor-dir %q leads out of the code", manifestFile, req.Name, m.Config.VendorDir)
	}
	return &build.Plan{
		Inputs: b.inputs(req, text, lock),
		// Composer lists classes and runs scripts of the code: it works on a copy.
		Compiles: true, Skip: func(path string) bool { return within(path, into) }, Into: into,
		Keep: func(path string) bool { return !within(path, into) },
		Env:  build.Env{Path: []string{build.CodeDir + "/" + into + "/bin"}},
	}, nil
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// installs reports whether Composer has anything to do: requirements other than
// PHP itself and its extensions, or classes to load.
func (m *manifest) installs() bool {
	for name := range m.Require {
		if strings.Contains(name, "/") {
			return true
		}
	}
	return len(m.Autoload) > 0
}

func (b *Builder) inputs(req build.Request, manifest, lock []byte) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%d\n%s\n%d\n%s\n", builderVersion, req.Runtime, len(manifest), manifest, len(lock), lock)
	for _, kv := range b.Environ {
		if name, _, _ := strings.Cut(kv, "="); name == "COMPOSER_ROOT_VERSION" || name == "COMPOSER_MIRROR_PATH_REPOS" {
			fmt.Fprintf(sum, "%q\n", kv)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Tools finds Composer and PHP.
func (*Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	composer, err := exec.LookPath("composer")
	if err != nil {
		return nil, &build.HelpError{
			Err:  diag.Errorf("the code has a %s, and there is no composer on the PATH", manifestFile),
			Help: "https://getcomposer.org/download, or s build --use-docker",
		}
	}
	php, err := exec.LookPath("php")
	if err != nil {
		return nil, &build.HelpError{Err: diag.Errorf("composer needs php, which isn't on the PATH"), Help: "s build --use-docker"}
	}
	cmd := exec.CommandContext(ctx, php, "-r", "echo PHP_VERSION;")
	ended := req.Tool(cmd.Args)
	out, err := cmd.Output()
	ended(err)
	if err != nil {
		return nil, diag.Errorf("%s: %w", php, err)
	}
	return []build.Tool{
		{Name: "Composer", Path: composer, Exact: true},
		{Name: "PHP", Version: strings.TrimSpace(string(out)), Path: php, Exact: true},
	}, nil
}

// ContainerTools names the image's Composer.
func (*Builder) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: "Composer", Path: "composer"}}
}

// Make installs into the copy of the code. Packages are chosen for the PHP of
// the function's runtime, whatever runs Composer.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	args := []string{
		job.Tools[0].Path, "install", "--no-dev", "--no-interaction", "--no-progress", "--prefer-dist",
		"--ignore-platform-req=ext-*", // those of this machine say nothing
	}
	rt, _ := fc.LookupRuntime(job.Runtime)
	_, err := os.Stat(filepath.Join(job.Work, lockFile))
	switch {
	case err == nil: // the versions are chosen
		args = append(args, "--ignore-platform-req=php")
	case rt.Language == "php":
		if err := platform(job.Work, rt.Version); err != nil {
			return err
		}
	}
	err = job.Run(ctx, build.Command{
		Argv: append(args, job.Args...), What: "composer install", Does: diag.Say("installing dependencies (%s)", "composer"), Dir: job.Work, Env: b.environ(job),
	})
	if failed := (*build.BuildError)(nil); errors.As(err, &failed) {
		failed.Said = said(failed.Tail)
	}
	if err != nil {
		return err
	}
	made := filepath.Join(job.Work, filepath.FromSlash(job.Plan.Into))
	if _, err := os.Stat(made); errors.Is(err, fs.ErrNotExist) {
		return nil // scripts can do anything
	}
	return build.Move(made, job.Out)
}

// environ is the user's environment without what would lead Composer elsewhere.
// It may run as root: the copy is ours, and the scripts are the user's own.
func (b *Builder) environ(job *build.Job) []string {
	drop := []string{"COMPOSER", "COMPOSER_VENDOR_DIR", "COMPOSER_BIN_DIR", "COMPOSER_NO_DEV"}
	return append(job.Environ(b.Environ, func(name string) bool { return slices.Contains(drop, name) }), "COMPOSER_ALLOW_SUPERUSER=1")
}

// platform makes Composer choose packages for a version of PHP, unless the
// project says which.
func platform(dir, version string) error {
	path := filepath.Join(dir, manifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	config := object(m, "config")
	wanted := object(config, "platform")
	if _, set := wanted["php"]; set {
		return nil
	}
	wanted["php"] = version + ".0"
	text, err = json.MarshalIndent(m, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// object gives the object of a name, made if it isn't there. Composer writes an
// empty one as an empty list.
func object(in map[string]any, name string) map[string]any {
	if o, ok := in[name].(map[string]any); ok {
		return o
	}
	o := map[string]any{}
	in[name] = o
	return o
}
