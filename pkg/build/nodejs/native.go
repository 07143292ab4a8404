package nodejs

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// addonSuffix is that of compiled modules.
const addonSuffix = ".node"

// addon is what a compiled module is for.
type addon struct {
	platform string // linux/amd64; "an unknown platform"
	// abi is the version of Node's binary interface that it was compiled for; 0
	// if it doesn't say, or isn't bound to one (Node-API).
	abi int
	// portable is set for Node-API, which all versions have.
	portable bool
}

// check looks for compiled modules in installed packages that the function can't
// load. A package may bring others beside the right one.
func (m *maker) check(modules string) error {
	packages := map[string][]string{}
	err := filepath.WalkDir(modules, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path == modules {
				return fs.SkipAll // nothing was installed
			}
			return err
		}
		if m.foreign && m.tool.Name == npm && d.Name() == manifestFile && isPackage(modules, filepath.Dir(path)) {
			return m.checkPlatform(modules, filepath.Dir(path))
		}
		if d.Type().IsRegular() && strings.HasSuffix(d.Name(), addonSuffix) {
			pkg := packageOf(modules, path)
			packages[pkg] = append(packages[pkg], path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		if err := m.checkPackage(modules, pkg, packages[pkg]); err != nil {
			return err
		}
	}
	return nil
}

// packageOf is the folder of the package that a file is in.
func packageOf(modules, path string) string {
	for dir := filepath.Dir(path); within(modules, dir); dir = filepath.Dir(dir) {
		if isPackage(modules, dir) {
			return dir
		}
	}
	return filepath.Dir(path)
}

// isPackage reports whether a folder is a package's by its place.
func isPackage(modules, dir string) bool {
	parent := filepath.Dir(dir)
	if strings.HasPrefix(filepath.Base(parent), "@") {
		parent = filepath.Dir(parent)
	}
	return parent == modules || filepath.Base(parent) == modulesDir
}

// checkPlatform refuses a package for another platform: a package manager that
// doesn't know how to choose has installed this machine's.
func (m *maker) checkPlatform(modules, dir string) error {
	pkg, err := readManifest(dir)
	if err != nil || pkg.runsOn(m.target.system, m.target.cpu, m.target.libc) {
		return err
	}
	if name := nameOf(modules, dir); name != "fsevents" {
		return otherPlatform(name, m.target)
	}
	return nil
}

// nameOf is the name of the package in a folder.
func nameOf(modules, dir string) string {
	rel, _ := filepath.Rel(modules, dir)
	rel = filepath.ToSlash(rel)
	if i := strings.LastIndex(rel, modulesDir+"/"); i >= 0 {
		rel = rel[i+len(modulesDir)+1:]
	}
	return rel
}

func (m *maker) checkPackage(modules, dir string, files []string) error {
	if pkg, err := readManifest(dir); err == nil && !pkg.runsOn(m.target.system, m.target.cpu, m.target.libc) {
		return nil
	}
	want := string(m.job.Target())
	wrong := readAddon(files[0])
	right := map[bool]bool{} // whether one loads, of those that say what they are for and of the others
	said := false
	for _, file := range files {
		a := readAddon(file)
		if a.platform != want {
			continue
		}
		says := a.portable || a.abi != 0
		right[says] = right[says] || m.loads(a, file)
		if says || !said {
			wrong = a
		}
		said = said || says
	}
	if right[said] {
		return nil
	}
	name := nameOf(modules, dir)
	if wrong.platform != want {
		return &build.HelpError{
			Err:  diag.Errorf("package %s has a module compiled for %s, the function runs on %s", name, wrong.platform, want),
			Help: "s build --use-docker",
		}
	}
	compiled := m.node.Version
	if wrong.abi != 0 {
		compiled = fmt.Sprintf("%s (ABI %d)", nodeOfABI(wrong.abi), wrong.abi)
	}
	return &build.HelpError{
		Err:  diag.Errorf("package %s has a module compiled for Node.js %s, the function runs Node.js %s", name, compiled, wantedNode(m.job.Runtime)),
		Help: diag.Say("install Node.js %s, or run: s build --use-docker", wantedNode(m.job.Runtime)),
	}
}

// loads reports whether the function's Node.js loads a module.
func (m *maker) loads(a addon, file string) bool {
	wanted := wantedNode(m.job.Runtime)
	if a.portable || wanted == "" {
		return true
	}
	if a.abi != 0 {
		major, known := abis()[a.abi]
		return !known || strconv.Itoa(major) == wanted
	}
	// It doesn't say: it is as good as the interpreter that it was compiled with.
	compiled := strings.Contains(filepath.ToSlash(file), "/build/Release/")
	return m.node.Exact || !compiled
}

// abis are the versions of Node's binary interface with their major version of
// Node.js (nodejs/node, doc/abi_version_registry.json).
func abis() map[int]int {
	return map[int]int{46: 4, 48: 6, 57: 8, 64: 10, 72: 12, 83: 14, 93: 16, 108: 18, 115: 20, 127: 22, 137: 24}
}

func nodeOfABI(abi int) string {
	if major, ok := abis()[abi]; ok {
		return strconv.Itoa(major)
	}
	return "of another version"
}

// readAddon reads what a compiled module is for.
func readAddon(path string) addon {
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		return elfAddon(f)
	}
	if f, err := macho.Open(path); err == nil {
		defer f.Close()
		return addon{platform: "darwin/" + map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu]}
	}
	if f, err := macho.OpenFat(path); err == nil {
		defer f.Close()
		return addon{platform: "darwin"}
	}
	if f, err := pe.Open(path); err == nil {
		defer f.Close()
		return addon{platform: "windows"}
	}
	return addon{platform: "an unknown platform"}
}

func elfAddon(f *elf.File) addon {
	machines := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm"}
	arch, known := machines[f.Machine]
	if !known {
		arch = strings.ToLower(strings.TrimPrefix(f.Machine.String(), "EM_"))
	}
	a := addon{platform: "linux/" + arch}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return a
	}
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF {
			// Imported from node.
			a.portable = a.portable || s.Name == "napi_module_register"
			continue
		}
		if strings.HasPrefix(s.Name, "napi_register_module_v") {
			a.portable = true
		}
		if rest, ok := strings.CutPrefix(s.Name, "node_register_module_v"); ok {
			a.abi, _ = strconv.Atoi(rest)
		}
	}
	return a
}
