package php

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
)

const requires = `{"require": {"php": ">=7", "acme/log": "*"}, "autoload": {"psr-4": {"App\\": "src/"}}}`

// fake puts a Composer that notes how it was run, and a PHP, on a PATH of their
// own.
func fake(t *testing.T, install string) (b *Builder, notes string) {
	t.Helper()
	dir := buildtest.TempDir(t)
	notes = filepath.Join(dir, "notes")
	buildtest.Script(t, filepath.Join(dir, "composer"), "#!/bin/sh\necho \"$*|$COMPOSER_VENDOR_DIR|$COMPOSER_ALLOW_SUPERUSER\" >>"+notes+"\ncp composer.json seen\n"+install+"\n")
	buildtest.Script(t, filepath.Join(dir, "php"), "#!/bin/sh\nprintf 8.2.1\n")
	path := dir + string(filepath.ListSeparator) + os.Getenv("PATH")
	t.Setenv("PATH", path)
	return &Builder{Environ: []string{"PATH=" + path, "COMPOSER_VENDOR_DIR=/elsewhere"}}, notes
}

const install = `mkdir -p vendor/bin vendor/acme && cp seen vendor/seen && cat src/*.php >vendor/autoload.php`

func TestComposer(t *testing.T) {
	b, notes := fake(t, install)
	p := projecttest.New(t, "php7.2", map[string]string{
		"composer.json": requires, "index.php": "<?php", "src/A.php": "<?php class A {}", "vendor/old.php": "old",
	})
	a := p.Build(b)
	if p.Artifact("vendor/autoload.php") != "<?php class A {}" || p.Artifact("index.php") != "<?php" || p.Artifact("composer.json") != requires {
		t.Errorf("%v", buildtest.Names(t, p.Req.ArtifactDir))
	}
	if _, err := os.Stat(filepath.Join(p.Req.ArtifactDir, "vendor/old.php")); err == nil {
		t.Error("what an earlier installation left in the source is in the artifact")
	}
	var seen struct {
		Config struct {
			Platform map[string]string `json:"platform"`
		} `json:"config"`
	}
	if err := json.Unmarshal([]byte(p.Artifact("vendor/seen")), &seen); err != nil || seen.Config.Platform["php"] != "7.2.0" {
		t.Errorf("composer saw %+v, %v", seen, err)
	}
	want := "install --no-dev --no-interaction --no-progress --prefer-dist --ignore-platform-req=ext-*||1"
	if got := buildtest.Lines(t, notes); len(got) != 1 || got[0] != want {
		t.Errorf("ran %q", got)
	}
	if !strings.HasPrefix(a.Env["PATH"], "/code/vendor/bin:") || a.Tools[1].Version != "8.2.1" {
		t.Errorf("%+v", a)
	}
	if a := p.Build(b); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	// With a lock the versions are chosen already.
	p.Write("composer.lock", "{}")
	p.Build(b)
	if got := buildtest.Lines(t, notes); !strings.Contains(got[1], " --ignore-platform-req=php|") || p.Artifact("vendor/seen") != requires {
		t.Errorf("ran %q, composer saw %s", got, p.Artifact("vendor/seen"))
	}
	// The project's own choice, and its own folder, are kept.
	if err := os.Remove(filepath.Join(p.Req.SourceDir, "composer.lock")); err != nil {
		t.Fatal(err)
	}
	own := `{"require": {"acme/log": "1"}, "config": {"platform": {"php": "7.1.3"}, "vendor-dir": "lib/php"}}`
	p.Write("composer.json", own)
	b, _ = fake(t, `mkdir -p lib/php && cp seen lib/php/seen`)
	p.Build(b)
	if p.Artifact("lib/php/seen") != own {
		t.Errorf("composer saw %s", p.Artifact("lib/php/seen"))
	}
}

func TestWhatComposerIsFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runtime, manifest string
		want              bool
		err               string
	}{
		"packages":          {"php7.2", requires, true, ""},
		"a custom runtime":  {"custom.debian12", requires, true, ""},
		"classes alone":     {"php7.2", `{"autoload": {"classmap": ["lib"]}}`, true, ""},
		"PHP alone":         {"php7.2", `{"require": {"php": "*", "ext-json": "*"}}`, false, ""},
		"for development":   {"php7.2", `{"require-dev": {"a/b": "*"}}`, false, ""},
		"another language":  {"python3.10", requires, false, ""},
		"an image":          {"custom-container", requires, false, ""},
		"none":              {"php7.2", "", false, ""},
		"broken":            {"php7.2", `{"require": [}`, false, "composer.json of hello: invalid character"},
		"leads out":         {"php7.2", `{"require": {"a/b": "*"}, "config": {"vendor-dir": "../v"}}`, false, `vendor-dir "../v" leads out of the code`},
		"the code's folder": {"php7.2", `{"require": {"a/b": "*"}, "config": {"vendor-dir": "."}}`, false, "leads out of the code"},
	} {
		files := map[string]string{"index.php": ""}
		if tc.manifest != "" {
			files["composer.json"] = tc.manifest
		}
		p := projecttest.New(t, tc.runtime, files)
		needed, err := (build.Builders{&Builder{}}).Needed(p.Req)
		if needed != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v, %v", name, needed, err)
		}
	}
}

func TestWithoutComposer(t *testing.T) {
	dir := buildtest.TempDir(t)
	t.Setenv("PATH", dir)
	b := &Builder{}
	_, err := b.Tools(t.Context(), build.Request{})
	if !errors.As(err, new(*build.HelpError)) || !strings.Contains(err.Error(), "no composer on the PATH") {
		t.Errorf("got %v", err)
	}
	buildtest.Script(t, filepath.Join(dir, "composer"), "#!/bin/sh\n")
	if _, err = b.Tools(t.Context(), build.Request{}); !errors.As(err, new(*build.HelpError)) || !strings.Contains(err.Error(), "needs php") {
		t.Errorf("got %v", err)
	}
	buildtest.Script(t, filepath.Join(dir, "php"), "#!/bin/sh\nexit 1\n")
	if _, err = b.Tools(t.Context(), build.Request{}); err == nil {
		t.Error("a PHP that doesn't run was taken")
	}
	if tools := b.ContainerTools(build.Request{}); len(tools) != 1 || tools[0].Path != "composer" {
		t.Errorf("%+v", tools)
	}
}

func TestComposerFails(t *testing.T) {
	b, _ := fake(t, `echo "  Problem 1"; exit 2`)
	p := projecttest.New(t, "php7.2", map[string]string{"composer.json": requires})
	var failed *build.BuildError
	if err := p.Fail(b); !errors.As(err, &failed) || failed.Tool != "composer install" || failed.Tail[0] != "  Problem 1" {
		t.Errorf("got %v", err)
	}
}

// TestRealComposer installs a package of a folder, without a network, and runs
// what came of it.
func TestRealComposer(t *testing.T) {
	t.Parallel()
	b := &Builder{Environ: os.Environ()}
	if _, err := b.Tools(t.Context(), build.Request{}); err != nil {
		t.Skip(err)
	}
	p := projecttest.New(t, "php7.2", map[string]string{
		"composer.json": `{"name": "me/app", "version": "1.0.0", "require": {"acme/greet": "*"}, "autoload": {"psr-4": {"App\\": "src/"}},
			"repositories": [{"type": "path", "url": "pkgs/greet", "options": {"symlink": false}}, {"packagist.org": false}]}`,
		"pkgs/greet/composer.json": `{"name": "acme/greet", "version": "2.1.0", "require": {"php": "^7.0"}, "autoload": {"psr-4": {"Acme\\": "src/"}}}`,
		"pkgs/greet/src/Greet.php": `<?php namespace Acme; class Greet { static function hello() { return "hello"; } }`,
		"src/App.php":              `<?php namespace App; class App { static function run() { return \Acme\Greet::hello(); } }`,
	})
	p.Build(b)
	php, _ := exec.LookPath("php")
	autoload := filepath.Join(p.Req.ArtifactDir, "vendor/composer/autoload_real.php")
	if _, err := os.Stat(autoload); err != nil {
		t.Fatal(err)
	}
	// This machine's PHP is newer than the package allows, and the check at the
	// start of vendor/autoload.php says so: the classes are asked for without it.
	code := `$c = require "vendor/composer/autoload_psr4.php"; require $c["App\\"][0]."/App.php"; require $c["Acme\\"][0]."/Greet.php"; echo App\App::run();`
	cmd := exec.Command(php, "-r", code)
	cmd.Dir = p.Req.ArtifactDir
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "hello" {
		t.Errorf("%v: %s\n%s", err, out, p.Log.String())
	}
}

// FuzzManifest looks for a composer.json that crashes the reader.
func FuzzManifest(f *testing.F) {
	for _, s := range []string{requires, `{}`, `[]`, `{"config": {"vendor-dir": "a/../../b"}}`, `{"require": null}`} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(filepath.Join(dir, manifestFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		plan, err := (&Builder{}).Plan(build.Request{Name: "f", Runtime: "php7.2", SourceDir: dir})
		if err == nil && plan != nil && (!filepath.IsLocal(plan.Into) || plan.Into == ".") {
			t.Errorf("%q installs into %q", text, plan.Into)
		}
		if json.Valid([]byte(text)) {
			_ = platform(dir, "7.2")
			if after, err := os.ReadFile(filepath.Join(dir, manifestFile)); err != nil || !json.Valid(after) {
				t.Errorf("%q became %q, %v", text, after, err)
			}
		}
	})
}
