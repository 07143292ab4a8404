package nodejs

import (
	"path/filepath"
	"runtime"
	"strings"

	"s/pkg/build"
)

// muslSuffix marks a Linux whose programs are linked with musl instead of glibc.
const muslSuffix = "/musl"

// thisMachine is the platform of packages that run here.
func thisMachine() build.Platform {
	p := build.Platform(runtime.GOOS + "/" + runtime.GOARCH)
	if runtime.GOOS == "linux" {
		musl, _ := filepath.Glob("/lib/ld-musl-*") // the pattern is right
		glibc, _ := filepath.Glob("/lib*/ld-linux*")
		if len(musl) > 0 && len(glibc) == 0 {
			p += muslSuffix
		}
	}
	return p
}

func (b *Builder) host() build.Platform {
	if b.Host == "" {
		return thisMachine()
	}
	return b.Host
}

// foreign reports whether the function's packages don't run where the tools do.
func (b *Builder) foreign(req *build.Request) bool {
	return req.Container == nil && b.host() != req.Target()
}

// target is a platform in Node's words.
type target struct{ system, cpu, libc string }

func targetOf(p build.Platform) target {
	system, arch, _ := strings.Cut(string(p), "/")
	if arch == "amd64" {
		arch = "x64"
	}
	return target{system: system, cpu: arch, libc: "glibc"}
}
