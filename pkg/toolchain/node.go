package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// nodeFacts prints version, installation root and program; every Node.js since
// 4 runs it.
const nodeFacts = `var p = require("path"), d = p.dirname(process.execPath);
console.log(process.versions.node);
console.log(p.basename(d) === "bin" ? p.dirname(d) : d);
console.log(process.execPath)`

// FindNode looks for a Node.js of that major version (18; what follows is
// ignored): that one first, else the nearest newer one, with Exact false. An
// empty version takes the first one that runs. It returns a *NotFoundError if
// none fits, or the context's error.
func (f *Finder) FindNode(ctx context.Context, v string) (Interpreter, error) {
	wanted := version{-1, -1, -1}
	if v != "" {
		var ok bool
		if wanted, ok = parseVersion(v); !ok {
			return Interpreter{}, fmt.Errorf("not a version of Node.js: %q", v)
		}
	}
	return f.find(ctx, nodeKind(), wanted)
}

// nodeKind is Node.js: 18 is any 18.x.y, and 20 may take its place.
func nodeKind() kind {
	return kind{
		language: Node,
		label: func(v version) string {
			if v.major < 0 {
				return ""
			}
			return strconv.Itoa(v.major)
		},
		exact:    func(v, wanted version) bool { return wanted.major < 0 || v.major == wanted.major },
		standsIn: func(v, wanted version) bool { return v.major >= wanted.major },
		compare:  func(a, b version) int { return a.major - b.major },
		names:    nodeNames,
		named:    func(string) (version, bool) { return version{}, false },
		managers: nodeManagers,
		folder:   nodeFolder,
		bins:     nodeBins(),
		plugins:  []string{"nodejs", "node"},
		system:   nodePlaces,
		ask:      []string{"-e", nodeFacts},
		program:  nodeProgram,
	}
}

// nodeProgram is the program behind a wrapper.
func nodeProgram(path, said, _ string, _ version) string {
	if real, err := filepath.EvalSymlinks(said); err == nil && filepath.IsAbs(real) {
		return real
	}
	return path
}

func nodeNames(version) []string {
	if runtime.GOOS == "windows" {
		return []string{"node.exe"}
	}
	return []string{"node", "nodejs"}
}

// nodeBins are where an installation has its programs; fnm's is one folder
// deeper.
func nodeBins() []string {
	if runtime.GOOS == "windows" {
		return []string{".", "installation"}
	}
	return []string{"bin", "installation/bin"}
}

// nodeFolder reads v18.20.4, 18.20.4 or node-v18.20.4-linux-x64.
func nodeFolder(name string) (version, bool) {
	v, ok := parseVersion(strings.TrimPrefix(strings.TrimPrefix(name, "node-"), "v"))
	return v, ok && v.minor >= 0
}

// nodeManagers are the folders of nvm, fnm, volta, n, nodenv, asdf and mise.
func nodeManagers(f *Finder) []string {
	var r roots
	r.add(f.env("NVM_DIR"), "versions", "node")
	r.add(f.home(".nvm"), "versions", "node")
	r.add(f.env("FNM_DIR"), "node-versions")
	r.add(f.data(), "fnm", "node-versions")
	r.add(f.home(".fnm"), "node-versions")
	r.add(f.home("Library/Application Support/fnm"), "node-versions")
	r.add(f.env("VOLTA_HOME"), "tools", "image", "node")
	r.add(f.home(".volta"), "tools", "image", "node")
	r.add(f.env("N_PREFIX"), "n", "versions", "node")
	r.add(f.home("n"), "n", "versions", "node")
	r.add(f.env("NODENV_ROOT"), "versions")
	r.add(f.home(".nodenv"), "versions")
	for _, name := range []string{"nodejs", "node"} {
		r.add(f.env("ASDF_DATA_DIR"), "installs", name)
		r.add(f.home(".asdf"), "installs", name)
		r.add(f.env("MISE_DATA_DIR"), "installs", name)
		r.add(f.data(), "mise", "installs", name)
	}
	return r
}

// nodePlaces are searched last.
func nodePlaces() []string {
	places := []string{
		"/usr/bin", "/usr/local/bin", "/usr/local/n/versions/node/*/bin", "/opt/node*/bin", "/var/fc/lang/nodejs*/bin",
	}
	if runtime.GOOS == "darwin" {
		places = append(places, "/opt/homebrew/bin", "/opt/homebrew/opt/node@*/bin", "/usr/local/opt/node@*/bin")
	}
	return places
}
