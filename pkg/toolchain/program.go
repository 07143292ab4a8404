package toolchain

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Program finds a program by its name on PATH, and then in the folders named;
// each may be a pattern, the last match counts, and an empty one doesn't. It
// gives the path as it was found, or an empty one. Relative folders are left
// out: the working directory must not choose the program.
func (f *Finder) Program(name string, folders ...string) string {
	for _, dir := range filepath.SplitList(f.env("PATH")) {
		if path := programIn(dir, name); path != "" {
			return path
		}
	}
	for _, pattern := range folders {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, dir := range slices.Backward(dirs) {
			if path := programIn(dir, name); path != "" {
				return path
			}
		}
	}
	return ""
}

// programIn gives the path of a program in a folder, empty if it isn't there.
func programIn(dir, name string) string {
	if !filepath.IsAbs(dir) {
		return ""
	}
	names := []string{name}
	if runtime.GOOS == "windows" {
		names = []string{name + ".exe", name + ".cmd", name + ".bat"}
	}
	for _, n := range names {
		path := filepath.Join(dir, n)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && executable(path, info) {
			return path
		}
	}
	return ""
}

// GoFolders are where a Go installation puts its programs if they aren't on
// PATH.
func (f *Finder) GoFolders() []string {
	folders := []string{"/usr/local/go/bin", "/usr/lib/go/bin"}
	switch runtime.GOOS {
	case "darwin":
		folders = append(folders, "/opt/homebrew/bin")
	case "windows":
		folders = []string{`C:\Program Files\Go\bin`}
	}
	if root := f.env("GOROOT"); root != "" {
		folders = append([]string{filepath.Join(root, "bin")}, folders...)
	}
	if f.Home != "" {
		folders = append(folders, filepath.Join(f.Home, "sdk", "go*", "bin"))
	}
	if f.System != nil {
		folders = f.System
	}
	return folders
}
