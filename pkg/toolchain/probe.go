package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"s/pkg/atomicfile"
)

// cacheFile is the name of the on-disk cache in Finder.CacheDir.
const cacheFile = "toolchain.json"

// fact is what an interpreter said about itself, valid while the file has this
// time and size.
type fact struct {
	ModTime    int64  `json:"modTime"` // Unix nanoseconds
	Size       int64  `json:"size"`    // bytes
	Version    string `json:"version"`
	Prefix     string `json:"prefix"`
	Executable string `json:"executable"`

	version version
}

// current reports whether the facts are about the file as it is now and the
// program they lead to can be started.
func (fa fact) current(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.ModTime().UnixNano() != fa.ModTime || info.Size() != fa.Size {
		return false
	}
	if fa.Executable == path {
		return true
	}
	info, err = os.Stat(fa.Executable)
	return err == nil && executable(fa.Executable, info)
}

// pythonFacts runs on every Python since 2.6 and prints version, installation
// root (of the base installation in a virtual environment) and program.
const pythonFacts = `import sys
p = getattr(sys, "base_prefix", None) or sys.prefix
print("%d.%d.%d" % sys.version_info[:3])
print(getattr(sys, "real_prefix", p))
print(sys.executable)`

// probe asks an interpreter about itself, or the cache.
func (f *Finder) probe(ctx context.Context, k kind, path string) (fact, error) {
	if fa, ok := f.facts[path]; ok && fa.current(path) {
		return fa, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return fact{}, err
	}
	fa, err := f.start(ctx, k, path)
	if err != nil {
		return fact{}, err
	}
	fa.ModTime, fa.Size = info.ModTime().UnixNano(), info.Size()
	f.facts[path], f.dirty = fa, true
	if fa.Executable != path {
		// The same facts under the program's own path, so that a later search
		// which meets it there doesn't start it.
		if info, err := os.Stat(fa.Executable); err == nil {
			own := fa
			own.ModTime, own.Size = info.ModTime().UnixNano(), info.Size()
			f.facts[fa.Executable] = own
		}
	}
	return fa, nil
}

func (f *Finder) start(ctx context.Context, k kind, path string) (fact, error) {
	timeout := f.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, k.ask...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Dir = filepath.Dir(path)
	group(cmd)
	ended := f.Log().Tool(cmd.Args)
	err := runAlone(cmd)
	ended(err)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fact{}, fmt.Errorf("no answer within %v", timeout)
		}
		if line := lastLine(stderr.String()); line != "" {
			return fact{}, fmt.Errorf("%w: %s", err, line)
		}
		return fact{}, err
	}
	return readFacts(k, path, stdout.String())
}

// runAlone runs a program. A wrapper script may leave children that hold its output
// open: what has come is all.
func runAlone(cmd *exec.Cmd) error {
	cmd.WaitDelay = 200 * time.Millisecond
	if err := cmd.Run(); !errors.Is(err, exec.ErrWaitDelay) {
		return err
	}
	return nil
}

func readFacts(k kind, path, out string) (fact, error) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(out, "\r\n", "\n")), "\n")
	if len(lines) != 3 {
		return fact{}, fmt.Errorf("unexpected answer %.80q", out)
	}
	v, ok := parseVersion(lines[0])
	if !ok || v.patch < 0 {
		return fact{}, fmt.Errorf("unexpected version %.80q", lines[0])
	}
	fa := fact{Version: lines[0], Prefix: lines[1], version: v}
	fa.Executable = k.program(path, lines[2], lines[1], v)
	return fa, nil
}

// baseProgram finds the program of the installation at prefix: the candidate
// itself unless it is a wrapper script or a copy in a virtual environment.
func baseProgram(path, said, prefix string, v version) string {
	own := filepath.Join(prefix, "bin")
	if filepath.Dir(path) == own {
		return path
	}
	choices := []string{filepath.Join(own, Python+v.minorString()), filepath.Join(own, "python3")}
	if runtime.GOOS == "windows" {
		choices = []string{filepath.Join(prefix, "python.exe")}
	}
	for _, p := range append(choices, said) {
		real, err := filepath.EvalSymlinks(p)
		if err != nil || !filepath.IsAbs(real) {
			continue
		}
		if info, err := os.Stat(real); err == nil && executable(real, info) {
			return real
		}
	}
	return path
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// load reads the on-disk cache once. A missing or damaged one is an empty one.
func (f *Finder) load() {
	if f.loaded {
		return
	}
	f.loaded = true
	f.facts = map[string]fact{}
	if f.CacheDir == "" {
		return
	}
	data, err := os.ReadFile(filepath.Join(f.CacheDir, cacheFile))
	if err != nil {
		return
	}
	stored := map[string]fact{}
	if json.Unmarshal(data, &stored) != nil {
		return
	}
	for path, fa := range stored {
		if v, ok := parseVersion(fa.Version); ok && v.patch >= 0 && filepath.IsAbs(fa.Executable) {
			fa.version = v
			f.facts[path] = fa
		}
	}
}

// save writes the on-disk cache. It is a convenience: errors are ignored.
func (f *Finder) save() {
	if f.CacheDir == "" || os.MkdirAll(f.CacheDir, 0o700) != nil {
		return
	}
	data, err := json.Marshal(f.facts)
	if err != nil {
		return
	}
	_ = atomicfile.Write(filepath.Join(f.CacheDir, cacheFile), data, atomicfile.Options{})
}
