// Package languages has all builders.
package languages

import (
	"s/pkg/build"
	"s/pkg/build/python"
	"s/pkg/toolchain"
)

// All gives the builders that there are, in the order they are asked. The
// environment (as os.Environ gives it) is that of the tools they start.
func All(finder *toolchain.Finder, environ []string) build.Builders {
	return build.Builders{
		&python.Builder{Finder: finder, Environ: environ},
	}
}
