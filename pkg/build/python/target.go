package python

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"s/pkg/build"
	"s/pkg/build/python/pep508"
	"s/pkg/fc"
)

// target is the Python that will run the function: what packages are chosen for.
type target struct {
	python   string // 3.10
	platform build.Platform
	glibc    int // second number of the newest C library that its image has
}

// targetOf is that of a request.
func targetOf(req build.Request) target {
	rt, _ := fc.LookupRuntime(req.Runtime)
	_, second, _ := strings.Cut(rt.Glibc, ".")
	glibc, err := strconv.Atoi(second)
	if err != nil {
		glibc = oldestGlibc // no image that we know of: what runs anywhere
	}
	return target{python: wantedPython(req), platform: req.Target(), glibc: glibc}
}

// oldestGlibc is the second number of the C library that wheels of the tag
// manylinux2014 ask for (PEP 599).
const oldestGlibc = 17

// machine is the processor as Python names it: x86_64.
func (t target) machine() string {
	if strings.HasSuffix(string(t.platform), "/arm64") {
		return "aarch64"
	}
	return "x86_64"
}

// patch is the last number that the runtime's Python is taken to have: packages
// exclude first releases (">=3.8.1", "!=3.9.0,!=3.9.1"), and ask for backports
// to old ones ("python_full_version < '3.11.3'"), which harm no newer one.
const patch = 2

// fullVersion is that of the runtime's Python: 3.10.2.
func (t target) fullVersion() string {
	if t.python == "2.7" {
		return "2.7.18"
	}
	return t.python + "." + strconv.Itoa(patch)
}

// environment is what markers are about (PEP 508).
func (t target) environment() pep508.Environment {
	return pep508.Environment{
		"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": t.machine(),
		"platform_python_implementation": "CPython", "implementation_name": "cpython",
		"python_version": t.python, "python_full_version": t.fullVersion(), "implementation_version": t.fullVersion(),
		"platform_release": "", "platform_version": "",
	}
}

// digits is the version as tags have it: 310.
func digits(version string) string { return strings.ReplaceAll(version, ".", "") }

// abi is the tag of what is compiled for it (PEP 425; CPython had flags for the
// memory allocator until 3.7, and for wide characters until 3.2).
func (t target) abi() string {
	switch t.python {
	case "2.7":
		return "cp27mu"
	case "3.6", "3.7":
		return "cp" + digits(t.python) + "m"
	}
	return "cp" + digits(t.python)
}

// platforms are the tags of wheels that load there, the best first (PEP 600,
// 599, 571, 513).
func (t target) platforms() []string {
	arch := t.machine()
	var tags []string
	for n := t.glibc; n >= oldestGlibc; n-- {
		tags = append(tags, fmt.Sprintf("manylinux_2_%d_%s", n, arch))
	}
	tags = append(tags, "manylinux2014_"+arch)
	if arch == "x86_64" {
		tags = append(tags, "manylinux_2_12_x86_64", "manylinux2010_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64")
	}
	return tags
}

// pipArgs make pip choose wheels for it.
func (t target) pipArgs() []string {
	var args []string
	for _, p := range t.platforms() {
		args = append(args, "--platform", p)
	}
	// A release that has a wheel goes before a newer one that must be compiled.
	return append(args, "--python-version", t.fullVersion(), "--implementation", "cp", "--abi", t.abi(), "--prefer-binary")
}

// loads reports whether a wheel with that tag (python-abi-platform, PEP 425)
// runs there.
func (t target) loads(tag string) bool {
	parts := strings.Split(tag, "-")
	if len(parts) != 3 {
		return false
	}
	return t.fitsPython(parts[0], parts[1]) && (parts[2] == "any" || slices.Contains(t.platforms(), parts[2]))
}

func (t target) fitsPython(python, abi string) bool {
	major, minor, _ := strings.Cut(t.python, ".")
	switch {
	case python == "cp"+digits(t.python):
		return abi == t.abi() || abi == "abi3" || abi == "none"
	case python == "py"+major:
		return abi == "none"
	}
	// One for an older version of the same major one: cp37-abi3, py36-none.
	prefix, want := "cp"+major, "abi3"
	if strings.HasPrefix(python, "py") {
		prefix, want = "py"+major, "none"
	}
	rest, ok := strings.CutPrefix(python, prefix)
	built, err := strconv.Atoi(rest)
	have, _ := strconv.Atoi(minor)
	return ok && err == nil && abi == want && built <= have
}

// hostPlatform is this machine, as far as it can make what it runs itself: empty
// where the C library is another than that of Function Compute.
func hostPlatform() build.Platform {
	if runtime.GOOS == "linux" {
		musl, err := filepath.Glob("/lib/ld-musl-*")
		_, other := os.Stat("/etc/alpine-release")
		if err == nil && len(musl) > 0 && other == nil {
			return ""
		}
	}
	return build.Platform(runtime.GOOS + "/" + runtime.GOARCH)
}

// orders are what runPip is told of the target.
type orders struct {
	// Markers are the values of environment markers; none are those of the
	// Python that runs pip.
	Markers map[string]string `json:"markers,omitempty"`
	// Glibc is the newest C library that wheels may ask for.
	Glibc int `json:"glibc,omitempty"`
	// Indexes are where packages come from; pip's own default among them is no
	// additional one.
	Indexes []string `json:"indexes,omitempty"`
}

func (o orders) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		return "{}" // can't be: strings and a number
	}
	return string(text)
}
