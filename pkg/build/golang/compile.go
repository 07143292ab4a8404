package golang

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// Make compiles the program.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	req := job.Request
	m, t, err := b.find(&req)
	if err != nil {
		return err
	}
	if t == nil {
		return diag.Errorf("the code changed while it was built: build again")
	}
	out := filepath.Join(job.Out, filepath.FromSlash(t.out))
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	rel, err := filepath.Rel(m.dir, t.pkg)
	if err != nil {
		return err
	}
	argv := []string{job.Tools[0].Path, "build", "-trimpath", "-buildvcs=false"}
	if !strings.Contains(b.setting("GOFLAGS"), "-ldflags") {
		argv = append(argv, "-ldflags", "-s -w") // given here, they would replace the user's
	}
	rest := append(slices.Clone(job.Args), "./"+filepath.ToSlash(rel))
	err = job.Run(ctx, build.Command{
		Argv:  slices.Concat(argv, []string{"-o", out}, rest),
		Shown: slices.Concat(argv, []string{"-o", t.out}, rest),
		What:  "go build",
		Does:  diag.Say("compiling (%s)", "go build"),
		Dir:   inCopy(job, m, m.dir),
		Env:   b.environ(job, m),
	})
	if failed := (*build.BuildError)(nil); errors.As(err, &failed) {
		failed.Said = said(failed.Tail)
	}
	if err != nil {
		return err
	}
	return os.Chmod(out, 0o755)
}

// inCopy is where a path of the source is in the copy.
func inCopy(job *build.Job, m *module, path string) string {
	return filepath.Join(job.Work, filepath.FromSlash(shorten(m.root, path)))
}

// environ is the environment of the compiler. Modules are on, and the workspace
// is the copied one or none, whatever is above the copy.
func (b *Builder) environ(job *build.Job, m *module) []string {
	environ := slices.DeleteFunc(slices.Clone(b.Environ), func(kv string) bool {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "GOOS", "GOARCH", "CGO_ENABLED", "GOWORK", "GO111MODULE", "GOBIN", "PWD":
			return true
		}
		return false
	})
	work := "off"
	if m.work != "" {
		work = inCopy(job, m, m.work)
	}
	system, processor, _ := strings.Cut(string(job.Target()), "/")
	environ = append(environ, "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0", "GO111MODULE=on", "GOWORK="+work)
	return job.Environ(environ, nil)
}

var (
	compilerPattern = regexp.MustCompile(`^\S.*\.go:\d+(:\d+)?: `)
	commandPattern  = regexp.MustCompile(`^go: (downloading|finding|extracting) `)
)

// said finds the first line of the output that tells what is wrong.
func said(lines []string) string {
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if strings.HasSuffix(line, ":") && i+1 < len(lines) { // "…; to add it:", and below it how
			line += " " + strings.TrimSpace(lines[i+1])
		}
		if compilerPattern.MatchString(line) || strings.HasPrefix(line, "go: ") && !commandPattern.MatchString(line) {
			return line
		}
	}
	return ""
}

// setting is what a variable of the go command is set to: in the environment,
// else in the file that `go env -w` writes.
func (b *Builder) setting(name string) string {
	if value := b.variable(name); value != "" {
		return value
	}
	if b.envFile() == "" {
		return ""
	}
	data, err := os.ReadFile(b.envFile())
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok && key == name {
			return value
		}
	}
	return ""
}

// variable is one of the environment; the last of several counts.
func (b *Builder) variable(name string) string {
	for _, kv := range slices.Backward(b.Environ) {
		if key, value, ok := strings.Cut(kv, "="); ok && key == name {
			return value
		}
	}
	return ""
}

// envFile is where `go env -w` writes (go help environment, GOENV).
func (b *Builder) envFile() string {
	if file := b.variable("GOENV"); file != "" {
		if file == "off" {
			return ""
		}
		return file
	}
	home := b.variable("HOME")
	switch {
	case runtime.GOOS == "windows":
		home = b.variable("AppData")
	case runtime.GOOS == "darwin" && home != "":
		home = filepath.Join(home, "Library", "Application Support")
	case b.variable("XDG_CONFIG_HOME") != "":
		home = b.variable("XDG_CONFIG_HOME")
	case home != "":
		home = filepath.Join(home, ".config")
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, "go", "env")
}
