package nodejs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"s/pkg/build"
	"s/pkg/diag"
)

// nodeTool is the name of the interpreter in messages.
const nodeTool = "Node.js"

// versionTimeout is how long a package manager may take to say its version; it
// may be downloaded for that.
const versionTimeout = 2 * time.Minute

// Tools finds the interpreter of the runtime, and the package manager that the
// project is for.
func (b *Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	p, err := readProject(req)
	if err != nil || p == nil {
		return nil, err
	}
	wanted := wantedNode(req.Runtime)
	found, err := b.Finder.FindNode(ctx, wanted)
	if err != nil {
		help := diag.Say("nvm install %s", cmp.Or(wanted, "--lts"))
		return nil, &build.HelpError{Err: build.NotFound(err), Help: help}
	}
	node := build.Tool{Name: nodeTool, Version: found.Version, Path: found.Path, Exact: found.Exact, Wanted: found.Wanted}
	tool, err := b.managerTool(ctx, p, node)
	if err != nil {
		return nil, err
	}
	return []build.Tool{node, tool}, nil
}

// ContainerTools names those of the runtime's image.
func (*Builder) ContainerTools(req build.Request) []build.Tool {
	name := npm
	if p, err := readProject(req); err == nil && p != nil {
		name = p.manager.name
	}
	return []build.Tool{{Name: nodeTool, Path: "node", Exact: true}, {Name: name, Path: name, Exact: true}}
}

func (b *Builder) managerTool(ctx context.Context, p *project, node build.Tool) (build.Tool, error) {
	m := p.manager
	tool := build.Tool{Name: m.name, Version: m.version, Exact: true}
	if m.name == npm {
		tool.Path = b.script(node, npm, "npm/bin/npm-cli.js")
		if tool.Path == "" {
			return tool, &build.HelpError{
				Err:  diag.Errorf("node.js %s at %s has no npm", node.Version, node.Path),
				Help: "install npm for it, or a Node.js that comes with npm",
			}
		}
		own, err := versionOf(filepath.Join(filepath.Dir(tool.Path), ".."))
		tool.Version = own
		return tool, err
	}
	corepack := b.script(node, "corepack", "corepack/dist/corepack.js")
	tool.Path = m.program
	if tool.Path == "" {
		tool.Path = b.beside(node, m.name)
	}
	switch {
	case tool.Path != "":
		var err error
		tool.Version, err = b.ask(ctx, p, node, tool)
		return tool, err
	case corepack != "" && m.version != "":
		tool.Path = corepack
		return tool, nil
	}
	return tool, &build.HelpError{
		Err:  diag.Errorf("this code is for %s (%s), which isn't on this machine", m.name, m.why),
		Help: diag.Say("%s", helpFor(m, corepack != "")),
	}
}

// helpFor is the command that gets a package manager.
func helpFor(m manager, corepack bool) string {
	switch {
	case corepack:
		return "corepack enable " + m.name
	case m.version != "" && !m.berry:
		return "npm install -g " + m.name + "@" + m.version
	case m.berry:
		return "npm install -g corepack && corepack enable yarn"
	}
	return "npm install -g " + m.name
}

// beside looks for a program where the interpreter is, then on PATH. It gives
// the file that links lead to; empty if there is none.
func (b *Builder) beside(node build.Tool, name string) string {
	dirs := append([]string{filepath.Dir(node.Path)}, filepath.SplitList(variable(b.Environ, "PATH"))...)
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) || filepath.Base(dir) == "shims" {
			continue
		}
		for _, suffix := range programSuffixes() {
			path := filepath.Join(dir, name+suffix)
			real, err := filepath.EvalSymlinks(path)
			if err != nil {
				continue
			}
			if info, err := os.Stat(real); err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0) {
				return real
			}
		}
	}
	return ""
}

func programSuffixes() []string {
	if runtime.GOOS == "windows" {
		return []string{".cmd", ".exe"}
	}
	return []string{""}
}

// script looks for a program that is a JavaScript file of a package that comes
// with Node.js.
func (b *Builder) script(node build.Tool, name, file string) string {
	bin := filepath.Dir(node.Path)
	places := []string{filepath.Join(bin, "..", "lib", modulesDir, file), filepath.Join(bin, modulesDir, file)}
	if found := b.beside(node, name); found != "" {
		near := filepath.Dir(found)
		places = append(places, found, filepath.Join(near, modulesDir, file), filepath.Join(near, "..", "lib", modulesDir, file))
	}
	for _, path := range places {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && filepath.Ext(path) == ".js" {
			return path
		}
	}
	return ""
}

// versionOf is that in the package.json of a folder.
func versionOf(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return "", err
	}
	version := versionField(data)
	if version == "" {
		return "", diag.Errorf("%s: no version", filepath.Join(dir, manifestFile))
	}
	return version, nil
}

// ask runs a package manager for its version, where the project's settings
// choose it.
func (b *Builder) ask(ctx context.Context, p *project, node, tool build.Tool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	argv := append(starts(node, tool), "--version")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = p.root, append(cleaned(b.Environ, node), asked()...)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		said := strings.TrimSpace(stderr.String())
		return "", diag.Errorf("%s --version: %w", tool.Path, errors.Join(err, errors.New(lastLine(said))))
	}
	return lastLine(strings.TrimSpace(stdout.String())), nil
}

func lastLine(s string) string { return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]) }

// starts is how a package manager is started: program and first arguments.
func starts(node, tool build.Tool) []string {
	if strings.HasPrefix(filepath.Base(tool.Path), "corepack.") {
		return []string{node.Path, tool.Path, tool.Name + "@" + tool.Version}
	}
	switch filepath.Ext(tool.Path) {
	case ".js", ".cjs", ".mjs":
		return []string{node.Path, tool.Path}
	}
	return []string{tool.Path}
}
