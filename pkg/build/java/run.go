package java

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"s/pkg/build"
)

// argv is the command line that makes the project, without its tests.
func (p *project) argv(job *build.Job) []string {
	argv := []string{job.Tools[0].Path}
	if p.wrapper != "" {
		script := filepath.Join(job.Work, p.rel(p.wrapper))
		argv = []string{"sh", script} // it may have lost its mode
		if runtime.GOOS == "windows" {
			argv = []string{"cmd", "/c", script}
		}
	}
	module := ""
	if p.run != p.dir {
		rel, err := filepath.Rel(p.run, p.dir)
		if err == nil {
			module = filepath.ToSlash(rel)
		}
	}
	switch {
	case p.tool == gradle && module != "":
		argv = append(argv, "--no-daemon", "--console=plain", "-p", module, "assemble")
	case p.tool == gradle:
		argv = append(argv, "--no-daemon", "--console=plain", "assemble")
	default:
		argv = append(argv, "-B", "-Dstyle.color=never", "package", "-DskipTests")
		if module != "" {
			argv = append(argv, "-pl", module, "-am")
		}
	}
	return append(argv, job.Args...)
}

var distributionPattern = regexp.MustCompile(`(?m)^\s*distributionUrl\s*=.*?(?:apache-maven|maven-mvnd|gradle)-([0-9][0-9A-Za-z.]*(?:-(?:rc|alpha|beta|milestone)-?[0-9]+)?)`)

// wrapperVersion is the version that a wrapper brings, empty if it doesn't say.
func wrapperVersion(dir, tool string) string {
	file := filepath.Join(dir, ".mvn", "wrapper", "maven-wrapper.properties")
	if tool == gradle {
		file = filepath.Join(dir, "gradle", "wrapper", "gradle-wrapper.properties")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	m := distributionPattern.FindSubmatch(data)
	if m == nil {
		return ""
	}
	return strings.TrimSuffix(string(m[1]), ".")
}

var (
	libraryPattern = regexp.MustCompile(`^(?:maven-core|gradle-core|gradle-core-api)-(\d+\.\d[0-9A-Za-z.-]*)\.jar$`)
	answerPattern  = regexp.MustCompile(`(?m)(?:Apache Maven|Gradle) (?:\x1b\[\S*m)*(\d[0-9A-Za-z.-]*)`)
	folderPattern  = regexp.MustCompile(`^(?:apache-maven|maven|gradle)-(\d[0-9A-Za-z.-]*)$`)
)

// installedVersion reads the version of an installation off its library or its
// folder, without starting a Java machine for it; empty if neither tells.
func installedVersion(program string) string {
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		return ""
	}
	home := filepath.Dir(filepath.Dir(real))
	files, err := os.ReadDir(filepath.Join(home, "lib"))
	if err != nil {
		files = nil
	}
	for _, f := range files {
		if m := libraryPattern.FindStringSubmatch(f.Name()); m != nil {
			return m[1]
		}
	}
	if m := folderPattern.FindStringSubmatch(filepath.Base(home)); m != nil {
		return m[1]
	}
	return ""
}

// ask starts a program of Maven's or Gradle's for its version; empty if it
// doesn't tell.
func (b *Builder) ask(ctx context.Context, program, javaHome string) string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-v")
	cmd.Dir, cmd.Env = filepath.Dir(program), append(slices.Clone(b.Environ), "JAVA_HOME="+javaHome)
	cmd.WaitDelay = time.Second
	ended := b.Finder.Log().Tool(cmd.Args)
	out, err := cmd.Output()
	ended(err)
	if m := answerPattern.FindSubmatch(out); m != nil {
		return string(m[1])
	}
	return ""
}

var (
	javacPattern  = regexp.MustCompile(`\.(java|kt|scala|groovy):(\[\d+,\d+\]|\d+: error:|\d+:\d+) `)
	noisePattern  = regexp.MustCompile(`^(To see the full stack trace|Re-run Maven|For more information|\[Help|After correcting|COMPILATION ERROR|-> \[Help|Failed to execute goal .* Compilation failure$|$)`)
	helpPattern   = regexp.MustCompile(`\s*-> \[Help \d+\]$`)
	gradlePattern = regexp.MustCompile(`^\* What went wrong:`)
)

// said finds the line of the output that tells what is wrong: the compiler's
// first complaint, else what Maven or Gradle says first.
func said(lines []string) string {
	for _, line := range lines {
		if javacPattern.MatchString(line) {
			return strings.TrimSpace(strings.TrimPrefix(line, "[ERROR]"))
		}
	}
	for i, line := range lines {
		if text, ok := strings.CutPrefix(line, "[ERROR]"); ok && !noisePattern.MatchString(strings.TrimSpace(text)) {
			return helpPattern.ReplaceAllString(strings.TrimSpace(text), "")
		}
		if gradlePattern.MatchString(line) && i+1 < len(lines) {
			return strings.TrimSpace(lines[i+1])
		}
	}
	return ""
}
