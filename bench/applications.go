package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"s/pkg/bundle"
)

func applications() []application {
	return []application{
		{
			name: "Python: numpy, Pillow", makes: "app/python/PIL/Image.py", props: []string{"runtime: python3.10", "handler: index.handler", "code: ./code"},
			files: map[string]string{
				"code/requirements.txt": "numpy\nPillow\n",
				"code/index.py":         "import numpy, PIL\n\n\ndef handler(event, context):\n    return numpy.__version__\n",
			},
		},
		{
			name: "Node.js: sharp, express", makes: "app/node_modules/sharp/package.json", props: []string{"runtime: nodejs20", "handler: index.handler", "code: ./code"},
			files: map[string]string{
				"code/package.json": `{"name": "app", "version": "1.0.0", "dependencies": {"express": "^4.21.0", "sharp": "^0.33.5"}}`,
				"code/index.js":     "exports.handler = () => Object.keys(require('sharp').format).length\n",
			},
		},
		pnpmWorkspace(), springBoot(), gradle(), goService(), monolog(),
	}
}

// pnpmWorkspace is a function that needs another package of its workspace.
func pnpmWorkspace() application {
	return application{
		name: "pnpm workspace: express, lodash", makes: "app/node_modules/lodash/package.json", props: []string{"runtime: nodejs20", "handler: index.handler", "code: ./packages/api"},
		files: map[string]string{
			"package.json":              `{"name": "root", "private": true}`,
			"pnpm-workspace.yaml":       "packages: ['packages/*']\n",
			"packages/api/package.json": `{"name": "api", "version": "1.0.0", "dependencies": {"express": "^4.21.0", "shared": "workspace:*"}}`,
			"packages/api/index.js":     "exports.handler = () => require('shared')\n",
			"packages/lib/package.json": `{"name": "shared", "version": "1.0.0", "main": "index.js", "dependencies": {"lodash": "^4.17.21"}}`,
			"packages/lib/index.js":     "module.exports = require('lodash').VERSION\n",
		},
		prepare: func(ctx context.Context, w *World) error {
			pnpm, err := filepath.Abs(".tools/packagers/node_modules/pnpm/bin/pnpm.cjs")
			if err != nil {
				return err
			}
			if found, err := exec.LookPath("pnpm"); err == nil {
				pnpm = found
			} else if _, err := os.Stat(pnpm); err != nil {
				return skip("no pnpm: make setup installs it")
			}
			bin := filepath.Join(w.root, "bin")
			if err := os.MkdirAll(bin, 0o755); err != nil {
				return err
			}
			if err := os.Symlink(pnpm, filepath.Join(bin, "pnpm")); err != nil {
				return err
			}
			w.env = append(w.env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			_, err = w.tool(ctx, ".", filepath.Join(bin, "pnpm"), "install", "--lockfile-only")
			return err
		},
	}
}

// springBoot is the starter of s init.
func springBoot() application {
	return application{
		name: "Spring Boot, Maven", makes: "hello_world/app.jar",
		prepare: func(ctx context.Context, w *World) error {
			if _, err := exec.LookPath("mvn"); err != nil {
				return skip("no mvn")
			}
			if _, err := w.S(ctx, "init", "start-fc-custom-springboot", "-y", "-d", "app"); err != nil {
				return err
			}
			w.Dir = filepath.Join(w.Dir, "app")
			return nil
		},
	}
}

func gradle() application {
	return application{
		name: "Gradle: guava", makes: "app/app.jar",
		props: []string{"runtime: java11", "handler: example.App::handleRequest", "code: ./code/build/libs/app.jar"},
		files: map[string]string{
			"code/settings.gradle": "rootProject.name = 'app'\n",
			"code/build.gradle": `plugins { id 'java' }
repositories { mavenCentral() }
dependencies { implementation 'com.google.guava:guava:32.1.3-jre' }
java { sourceCompatibility = JavaVersion.VERSION_11; targetCompatibility = JavaVersion.VERSION_11 }
jar {
    duplicatesStrategy = DuplicatesStrategy.EXCLUDE
    from { configurations.runtimeClasspath.collect { it.isDirectory() ? it : zipTree(it) } }
}
`,
			"code/src/main/java/example/App.java": "package example;\n\nimport com.google.common.base.Joiner;\n\npublic class App {\n    public String handleRequest() { return Joiner.on(' ').join(\"hello\", \"world\"); }\n}\n",
		},
		prepare: func(context.Context, *World) error {
			if _, err := exec.LookPath("gradle"); err != nil {
				return skip("no gradle")
			}
			return nil
		},
	}
}

// goModules are ten that this repository has, in their versions here.
func goModules() []string {
	return []string{
		"github.com/coder/websocket", "github.com/google/go-cmp/cmp", "github.com/klauspost/compress/zstd", "github.com/mattn/go-isatty",
		"github.com/mattn/go-runewidth", "github.com/pelletier/go-toml/v2", "github.com/spf13/cobra", "github.com/spf13/viper",
		"github.com/subosito/gotenv", "go.yaml.in/yaml/v3",
	}
}

func goService() application {
	var source strings.Builder
	source.WriteString("package main\n\nimport (\n\t\"net/http\"\n\n")
	for _, name := range goModules() {
		fmt.Fprintf(&source, "\t_ %q\n", name)
	}
	source.WriteString(")\n\nfunc main() { panic(http.ListenAndServe(\":9000\", nil)) }\n")
	return application{
		name: "Go: a service with 10 modules", makes: "app/main",
		props: []string{"runtime: custom.debian12", "handler: index.handler", "code: ./code", "customRuntimeConfig: {command: [./main], port: 9000}"},
		files: map[string]string{"code/main.go": source.String()},
		env:   []string{"GOFLAGS=-modcacherw"}, // so that it can be removed
		prepare: func(ctx context.Context, w *World) error {
			// The versions are those of this repository: its go.mod is made to fit.
			for _, name := range []string{"go.mod", "go.sum"} {
				if _, err := copyFile(filepath.Join(w.Dir, "code", name), name); err != nil {
					return err
				}
			}
			for _, argv := range [][]string{{"go", "mod", "edit", "-module", "example.com/service"}, {"go", "mod", "tidy"}} {
				if _, err := w.tool(ctx, "code", argv...); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// monolog takes the sources of monolog from Debian's packages and serves them as
// Packagist would, which may not be reachable.
func monolog() application {
	return application{
		name: "Composer: monolog", makes: "app/vendor/monolog/monolog/Logger.php", props: []string{"runtime: php7.2", "handler: index.handler", "code: ./code"},
		files: map[string]string{
			"code/index.php": "<?php require 'vendor/autoload.php'; function handler($event, $context) { return Monolog\\Logger::API; }\n",
		},
		prepare: func(ctx context.Context, w *World) error {
			for _, name := range []string{"composer", "php", "apt-get", "dpkg-deb"} {
				if _, err := exec.LookPath(name); err != nil {
					return skip("no %s", name)
				}
			}
			debian := filepath.Join(w.root, "debian")
			if err := os.MkdirAll(debian, 0o755); err != nil {
				return err
			}
			if _, err := w.tool(ctx, "../debian", "apt-get", "download", "php-monolog", "php-psr-log"); err != nil {
				return skip("no php-monolog of Debian (%s)", firstLine(err))
			}
			if _, err := w.tool(ctx, "../debian", "sh", "-c", "for f in *.deb; do dpkg-deb -x $f . || exit; done"); err != nil {
				return err
			}
			url, err := w.packagist(ctx, filepath.Join(debian, "usr/share/php"), []phpPackage{
				{"monolog/monolog", "2.9.1", "Monolog"}, {"psr/log", "1.1.4", "Psr/Log"},
			})
			if err != nil {
				return err
			}
			return w.Write(map[string]string{"code/composer.json": `{"name": "bench/app", "version": "1.0.0",
  "require": {"monolog/monolog": "^2.9", "psr/log": "*"}, "config": {"secure-http": false},
  "repositories": [{"type": "composer", "url": "` + url + `"}, {"packagist.org": false}]}
`})
		},
	}
}

// phpPackage is a folder of classes below a namespace of the same name.
type phpPackage struct{ name, version, folder string }

// packagist serves packages until the world is closed.
func (w *World) packagist(ctx context.Context, sources string, packages []phpPackage) (string, error) {
	dir := filepath.Join(w.root, "packagist")
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	w.closers = append(w.closers, server.Close)
	index := map[string]any{}
	for _, p := range packages {
		file := path.Base(p.name) + ".zip"
		if _, err := bundle.Pack(ctx, filepath.Join(sources, p.folder), bundle.Options{Out: filepath.Join(dir, file)}); err != nil {
			return "", err
		}
		namespace := strings.ReplaceAll(p.folder, "/", `\`) + `\`
		index[p.name] = map[string]any{p.version: map[string]any{
			"name": p.name, "version": p.version, "dist": map[string]string{"type": "zip", "url": server.URL + "/" + file},
			"autoload": map[string]any{"psr-4": map[string]string{namespace: ""}},
		}}
	}
	text, err := json.Marshal(map[string]any{"packages": index})
	if err != nil {
		return "", err
	}
	return server.URL, os.WriteFile(filepath.Join(dir, "packages.json"), text, 0o644)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
