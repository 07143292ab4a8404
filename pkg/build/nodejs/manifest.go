package nodejs

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"s/pkg/diag"
)

// manifestFile describes a package.
const manifestFile = "package.json"

// modulesDir is where packages are installed.
const modulesDir = "node_modules"

// manifest is what of a package.json matters here. Packages in the wild have
// fields of the wrong type, which npm passes over; so do we.
type manifest struct {
	name, packageManager string
	scripts              map[string]string
	// Dependencies by the name that code calls them by.
	dependencies, dev, optional, peer map[string]string
	bundled                           []string
	workspaces                        []string
	// bin are programs by name, with their path in the package.
	bin map[string]string
	// os, cpu and libc are those that the package is for, !x that it isn't for.
	os, cpu, libc []string
}

// readManifest reads the package.json of a folder.
func readManifest(dir string) (*manifest, error) {
	path := filepath.Join(dir, manifestFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, diag.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func parseManifest(data []byte) (*manifest, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &raw); err != nil {
		return nil, err
	}
	m := &manifest{
		name: text(raw["name"]), packageManager: text(raw["packageManager"]), scripts: texts(raw["scripts"]),
		dependencies: texts(raw["dependencies"]), dev: texts(raw["devDependencies"]),
		optional: texts(raw["optionalDependencies"]), peer: texts(raw["peerDependencies"]),
		workspaces: list(raw["workspaces"]), bin: texts(raw["bin"]),
		os: list(raw["os"]), cpu: list(raw["cpu"]), libc: list(raw["libc"]),
	}
	if m.workspaces == nil {
		var object map[string]json.RawMessage
		_ = json.Unmarshal(raw["workspaces"], &object) // yarn's second form, or nothing
		m.workspaces = list(object["packages"])
	}
	for _, key := range []string{"bundleDependencies", "bundledDependencies"} {
		m.bundled = append(m.bundled, list(raw[key])...)
	}
	if file := text(raw["bin"]); file != "" {
		m.bin = map[string]string{m.name[strings.LastIndexByte(m.name, '/')+1:]: file}
	}
	return m, nil
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // of another type: as if it weren't there
	return s
}

// texts is an object of strings; values of other types are left out.
func texts(raw json.RawMessage) map[string]string {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(raw, &object)
	out := map[string]string{}
	for key, value := range object {
		if s := text(value); s != "" {
			out[key] = s
		}
	}
	return out
}

// list is an array of strings, or one string.
func list(raw json.RawMessage) []string {
	if s := text(raw); s != "" {
		return []string{s}
	}
	var all []string
	_ = json.Unmarshal(raw, &all)
	return all
}

// installs reports whether there is something to install for running the code.
func (m *manifest) installs() bool { return len(m.dependencies)+len(m.optional)+len(m.peer) > 0 }

// ourselves matches a script that runs this program: it can't be a part of what
// it starts.
var ourselves = regexp.MustCompile(`(^|[;&|(]\s*|\bnpx\s+|\bexec\s+)s\s+(build|deploy)\b`)

// builds reports whether the package has a build script.
func (m *manifest) builds() bool {
	script := strings.TrimSpace(m.scripts["build"])
	return script != "" && !ourselves.MatchString(script)
}

// hooks are the scripts of a package of the user's that an installation runs.
func (m *manifest) hooks() []string {
	var out []string
	for _, name := range []string{"preinstall", "install", "postinstall", "prepare"} {
		if m.scripts[name] != "" {
			out = append(out, name)
		}
	}
	return out
}

// laterHooks are those that may as well run once all is installed, in order.
func (m *manifest) laterHooks() []string {
	hooks := m.hooks()
	if i := slices.IndexFunc(hooks, later); i >= 0 {
		return hooks[i:]
	}
	return nil
}

func later(hook string) bool { return hook == "postinstall" || hook == "prepare" }

// withoutHooks is a package.json without the scripts that may run later.
func withoutHooks(data []byte) ([]byte, error) {
	var all, scripts map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(all["scripts"], &scripts); err != nil {
		return nil, err
	}
	maps.DeleteFunc(scripts, func(name string, _ json.RawMessage) bool { return later(name) })
	var err error
	if all["scripts"], err = json.Marshal(scripts); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// production are the names of what the package needs to run, in order. What is
// optional, or for the package's user to install, may be missing.
func (m *manifest) production() []string {
	all := map[string]bool{}
	for _, names := range []map[string]string{m.dependencies, m.optional, m.peer} {
		for name := range names {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// everything are the names of all dependencies, those for development too.
func (m *manifest) everything() []string {
	all := append(m.production(), slices.Sorted(maps.Keys(m.dev))...)
	slices.Sort(all)
	return slices.Compact(all)
}

// localPaths are the dependencies that are paths, by name.
func (m *manifest) localPaths() map[string]string {
	out := map[string]string{}
	for _, group := range []map[string]string{m.dependencies, m.dev, m.optional} {
		for name, value := range group {
			path, ok := localPath(value)
			if ok {
				out[name] = path
			}
		}
	}
	return out
}

func localPath(value string) (string, bool) {
	for _, prefix := range []string{"file:", "link:", "portal:"} {
		if rest, ok := strings.CutPrefix(value, prefix); ok {
			return strings.TrimPrefix(rest, "//"), true
		}
	}
	for _, prefix := range []string{"./", "../", "/", "~/"} {
		if strings.HasPrefix(value, prefix) {
			return value, true
		}
	}
	return "", false
}

// runsOn reports whether the package is for this operating system, processor
// and C library, in Node's words: linux, x64, glibc.
func (m *manifest) runsOn(system, cpu, libc string) bool {
	return allows(m.os, system) && allows(m.cpu, cpu) && allows(m.libc, libc)
}

// allows reads a list of what is allowed, or with ! refused.
func allows(list []string, what string) bool {
	listed := len(list) == 0
	for _, item := range list {
		name, not := strings.CutPrefix(item, "!")
		switch {
		case not && name == what:
			return false
		case not || name == what || name == "any":
			listed = true
		}
	}
	return listed
}

// versionField is the version that a package.json names.
func versionField(data []byte) string {
	var raw map[string]json.RawMessage
	_ = json.Unmarshal(data, &raw) // damaged: as if there were none
	return text(raw["version"])
}
