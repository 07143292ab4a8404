package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Dotnet is the language name of .NET.
const Dotnet = "dotnet"

// oldestDotnet is the oldest .NET that can find a function's own assemblies
// (AssemblyDependencyResolver came with .NET Core 3.0).
const oldestDotnet = "3.1"

// FindDotnet looks for a .NET of that version (3.1; a patch level is ignored): the
// exact minor version first, else the nearest newer one, of a newer major version,
// too, with Exact false. An empty version means 3.1, and older ones are run by
// 3.1. Nothing is started for it. It returns a *NotFoundError if none fits, or the
// context's error.
func (f *Finder) FindDotnet(ctx context.Context, version string) (Interpreter, error) {
	if version == "" {
		version = oldestDotnet
	}
	wanted, ok := parseVersion(version)
	if !ok || wanted.minor < 0 {
		return Interpreter{}, fmt.Errorf("not a version of .NET: %q", version)
	}
	least, _ := parseVersion(oldestDotnet)
	if wanted.compare(least) > 0 {
		least = wanted
	}
	homes, looked := f.dotnets()
	missing := &NotFoundError{Language: Dotnet, Wanted: wanted.minorString(), Looked: looked}
	var best Interpreter
	var nearest parsed
	for _, home := range homes {
		for _, v := range dotnetVersions(home) {
			byMinor := (v.major-least.major)*100 + v.minor - least.minor
			if byMinor < 0 {
				missing.Found = append(missing.Found, v.text)
				continue
			}
			if best.Path != "" && !v.better(nearest) {
				continue
			}
			nearest = v
			best = Interpreter{
				Language: Dotnet, Version: v.text, Path: filepath.Join(home, dotnetProgram()), Prefix: home,
				Wanted: wanted.minorString(), Exact: v.sameMinor(wanted),
			}
		}
	}
	if best.Path == "" {
		return Interpreter{}, missing
	}
	return best, ctx.Err()
}

// parsed is a version as a folder is named.
type parsed struct {
	version
	text string
}

// better reports whether v is nearer to what is wanted than another that is new
// enough, too: of an older release, or a later patch of the same.
func (v parsed) better(than parsed) bool {
	if v.sameMinor(than.version) {
		return v.patch > than.patch
	}
	return v.compare(than.version) < 0
}

// dotnetVersions lists the runtimes of an installation, which has a folder for
// each.
func dotnetVersions(home string) []parsed {
	entries, err := os.ReadDir(filepath.Join(home, "shared", "Microsoft.NETCore.App"))
	if err != nil {
		return nil
	}
	var all []parsed
	for _, e := range entries {
		if v, ok := parseVersion(e.Name()); ok && v.minor >= 0 && e.IsDir() {
			all = append(all, parsed{v, e.Name()})
		}
	}
	return all
}

func dotnetProgram() string {
	if runtime.GOOS == "windows" {
		return "dotnet.exe"
	}
	return "dotnet"
}

// dotnets lists installations in order of preference, symbolic links resolved, and
// the places searched.
func (f *Finder) dotnets() (homes, looked []string) {
	places := []string{f.env("DOTNET_ROOT")}
	places = append(places, filepath.SplitList(f.env("PATH"))...)
	if f.Home != "" {
		places = append(places, filepath.Join(f.Home, ".dotnet"))
	}
	switch {
	case f.System != nil:
		places = append(places, f.System...)
	case runtime.GOOS == "windows":
		places = append(places, `C:\Program Files\dotnet`)
	default:
		places = append(places, "/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet", "/usr/local/share/dotnet", "/opt/dotnet")
	}
	for _, place := range places {
		if !filepath.IsAbs(place) {
			continue
		}
		looked = append(looked, place)
		program, err := filepath.EvalSymlinks(filepath.Join(place, dotnetProgram()))
		if err != nil {
			continue
		}
		if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() && executable(program, info) {
			homes = append(homes, filepath.Dir(program))
		}
	}
	return unique(homes), unique(looked)
}
