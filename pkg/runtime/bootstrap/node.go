package bootstrap

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	"s/pkg/toolchain"
)

//go:embed nodejs/*.js
var nodeFiles embed.FS

// node runs Node.js 6 and later. The version is that of the runtime, which a
// newer interpreter may stand in for: layers are made for the former.
func node(version string) Bootstrap {
	return Bootstrap{
		Language: toolchain.Node, Dir: "nodejs", Files: below(nodeFiles, "nodejs"),
		Command: nodeCommand, Wrapped: true,
		// BOOTSTRAP_WRAPPER is another command line. libuv, OpenSSL and ICU are
		// part of the interpreter.
		Early: []string{"NODE_", "BOOTSTRAP_WRAPPER", "UV_", "SSL_", "OPENSSL_", "ICU_"},
		Env: func(s Start) map[string]string {
			return map[string]string{"NODE_PATH": fmt.Sprintf("/usr/local/lib/node_modules:%[1]s/nodejs/node%[2]s/node_modules:%[1]s/nodejs/node_modules", s.Layers, version)}
		},
	}
}

// nodeCommand is the command line of FC's start script, without the flags that
// the interpreter is too old for.
func nodeCommand(s Start) []string {
	args := []string{s.Program}
	if s.MemoryMB > 0 {
		args = append(args, "--max-old-space-size="+strconv.Itoa(s.MemoryMB*9/10))
	}
	if major, minor := nodeVersion(s.Version); major > 10 || major == 10 && minor >= 15 {
		args = append(args, "--max-http-header-size=16384")
	}
	return append(args, "--expose-gc", s.in("bootstrap.js"))
}

// nodeVersion reads 20.11.1; what isn't a number is 0.
func nodeVersion(version string) (major, minor int) {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}
