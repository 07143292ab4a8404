// Package languages has all builders.
package languages

import (
	"s/pkg/build"
	"s/pkg/build/dotnet"
	"s/pkg/build/makefile"
	"s/pkg/build/php"
	"s/pkg/build/python"
	"s/pkg/build/shell"
	"s/pkg/toolchain"
)

// All gives the builders that there are, in the order they are asked. The
// environment (as os.Environ gives it) is that of the tools they start.
func All(finder *toolchain.Finder, environ []string) build.Builders {
	return build.Builders{
		&shell.Builder{Environ: environ},
		&makefile.Builder{Environ: environ},
		&python.Builder{Finder: finder, Environ: environ},
		&php.Builder{Environ: environ},
		&dotnet.Builder{Environ: environ},
	}
}
