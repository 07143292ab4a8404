package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Java is the language name of Java runtimes and development kits.
const Java = "java"

// FindJava looks for a Java to run programs with, as FindJDK does for one to
// compile them with: a JDK, or a runtime alone.
func (f *Finder) FindJava(ctx context.Context, version string) (Interpreter, error) {
	return f.findJava(ctx, version, []string{"java"})
}

// FindJDK looks for a JDK of a major version (8, 11, 17; 1.8 is 8): the exact
// one first, else the nearest newer one, with Exact false. An empty version is
// the one the user chose: JAVA_HOME, then PATH, then whatever there is. It gives
// the java program of the JDK, whose Prefix is what JAVA_HOME is set to. It
// returns a *NotFoundError if none fits, or the context's error.
func (f *Finder) FindJDK(ctx context.Context, version string) (Interpreter, error) {
	return f.findJava(ctx, version, []string{"javac", "java"})
}

// findJava looks for an installation that has the programs, of which the first
// is the one that PATH is searched for.
func (f *Finder) findJava(ctx context.Context, version string, programs []string) (Interpreter, error) {
	wanted, ok := parseJava(version)
	if !ok && version != "" {
		return Interpreter{}, fmt.Errorf("not a java version: %q", version)
	}
	homes, looked := f.javas(programs)
	e := &NotFoundError{Language: Java, Wanted: version, Looked: looked}
	best := Interpreter{}
	nearest := -1
	for _, home := range homes {
		text, err := f.javaVersion(ctx, home)
		if ctx.Err() != nil {
			return Interpreter{}, ctx.Err()
		}
		v, known := parseJava(text)
		if err != nil || !known {
			e.Broken = append(e.Broken, fmt.Sprintf("%s (%v)", home, err))
			continue
		}
		found := Interpreter{
			Language: Java, Version: javaText(text), Path: filepath.Join(home, "bin", javaProgram("java")), Prefix: home,
			Wanted: version, Exact: version == "" || v == wanted,
		}
		if found.Exact {
			return found, nil
		}
		if v < wanted {
			e.Found = append(e.Found, found.Version)
		} else if nearest < 0 || v < nearest {
			best, nearest = found, v
		}
	}
	if nearest < 0 {
		return Interpreter{}, e
	}
	return best, nil
}

// javaProgram is the file name of a program of a JDK.
func javaProgram(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// parseJava reads the major version: 8 of 1.8.0_402, 17 of 17.0.15.
func parseJava(s string) (int, bool) {
	v, ok := parseVersion(s)
	if !ok {
		return 0, false
	}
	if v.major == 1 && v.minor > 0 {
		return v.minor, true
	}
	return v.major, true
}

// javaText shows a version as those since 9 are: 8.0.402 for 1.8.0_402.
func javaText(s string) string {
	rest, old := strings.CutPrefix(s, "1.")
	if !old {
		return s
	}
	return strings.ReplaceAll(rest, "_", ".")
}

// javas lists the folders of installations that have the programs in order of
// preference, symbolic links resolved, and the places searched.
func (f *Finder) javas(programs []string) (homes, looked []string) {
	add := func(home string) {
		if real, err := filepath.EvalSymlinks(home); err == nil && isJava(real, programs) {
			homes = append(homes, real)
		}
	}
	if home := f.env("JAVA_HOME"); home != "" {
		looked = append(looked, home)
		add(home)
	}
	for _, dir := range filepath.SplitList(f.env("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		looked = append(looked, dir)
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, javaProgram(programs[0]))); err == nil {
			add(filepath.Dir(filepath.Dir(real)))
		}
	}
	for _, pattern := range f.jdkPlaces() {
		looked = append(looked, pattern)
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, home := range found {
			add(home)
		}
	}
	return unique(homes), unique(looked)
}

// isJava tells an installation with the programs from others, and from a folder
// of stubs such as macOS's /usr, whose java asks a person to install one.
func isJava(home string, programs []string) bool {
	for _, name := range programs {
		path := filepath.Join(home, "bin", javaProgram(name))
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || !executable(path, info) {
			return false
		}
	}
	return home != "/usr"
}

// jdkPlaces are the folders of JDKs that version managers and systems have.
func (f *Finder) jdkPlaces() []string {
	var places []string
	below := func(root string, rest ...string) {
		if root != "" {
			places = append(places, filepath.Join(append([]string{root}, rest...)...))
		}
	}
	below(f.env("SDKMAN_DIR"), "candidates", Java, "*")
	below(f.env("JENV_ROOT"), "versions", "*")
	below(f.env("ASDF_DATA_DIR"), "installs", Java, "*")
	below(f.env("MISE_DATA_DIR"), "installs", Java, "*")
	if f.Home != "" {
		for _, rest := range []string{
			".sdkman/candidates/java/*", ".jenv/versions/*", ".asdf/installs/java/*", ".local/share/mise/installs/java/*", ".jdks/*", ".gradle/jdks/*",
			"Library/Java/JavaVirtualMachines/*/Contents/Home",
		} {
			below(f.Home, filepath.FromSlash(rest))
		}
	}
	if f.System != nil {
		return append(places, f.System...)
	}
	switch runtime.GOOS {
	case "windows":
		return append(places, `C:\Program Files\Java\*`, `C:\Program Files\Eclipse Adoptium\*`, `C:\Program Files\Microsoft\jdk*`, `C:\Program Files\Amazon Corretto\*`)
	case "darwin":
		return append(places, "/Library/Java/JavaVirtualMachines/*/Contents/Home", "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home")
	}
	return append(places, "/usr/lib/jvm/*", "/usr/lib64/jvm/*", "/usr/java/*", "/usr/local/openjdk*", "/opt/java/*", "/opt/jdk*", "/opt/java*")
}

var (
	releasePattern = regexp.MustCompile(`(?m)^JAVA_VERSION="?([^"\r\n]+)"?\s*$`)
	answerPattern  = regexp.MustCompile(`version "([^"]+)"`)
)

// javaVersion reads the version of a JDK off its file release; one without is
// asked.
func (f *Finder) javaVersion(ctx context.Context, home string) (string, error) {
	if data, err := os.ReadFile(filepath.Join(home, "release")); err == nil {
		if m := releasePattern.FindSubmatch(data); m != nil {
			return string(m[1]), nil
		}
	}
	timeout := f.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(home, "bin", javaProgram("java")), "-version")
	cmd.Stdout, cmd.Stderr = &out, &out
	group(cmd)
	ended := f.Log().Tool(cmd.Args)
	err := runAlone(cmd)
	ended(err)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", fmt.Errorf("no answer within %v", timeout)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLine(out.String()))
	}
	m := answerPattern.FindSubmatch(out.Bytes())
	if m == nil {
		return "", fmt.Errorf("unexpected answer %.80q", out.String())
	}
	return string(m[1]), nil
}
