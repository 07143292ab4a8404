// Package languages has all builders.
package languages

import (
	"context"

	"s/pkg/build"
	"s/pkg/build/apt"
	"s/pkg/build/dotnet"
	"s/pkg/build/golang"
	"s/pkg/build/image"
	"s/pkg/build/java"
	"s/pkg/build/makefile"
	"s/pkg/build/nodejs"
	"s/pkg/build/php"
	"s/pkg/build/python"
	"s/pkg/build/shell"
	"s/pkg/toolchain"
)

// All gives the builders that there are, in the order they are asked. The
// environment (as os.Environ gives it) is that of the tools they start; engine
// finds the program of a container engine, see image.Builder.
func All(finder *toolchain.Finder, environ []string, engine func(ctx context.Context, buildkit bool) string) build.Builders {
	return build.Builders{
		&shell.Builder{Environ: environ},
		&image.Builder{Environ: environ, Engine: engine},
		&makefile.Builder{Environ: environ},
		&apt.Builder{Environ: environ},
		&python.Builder{Finder: finder, Environ: environ},
		&nodejs.Builder{Finder: finder, Environ: environ},
		&php.Builder{Environ: environ},
		&dotnet.Builder{Environ: environ},
		&golang.Builder{Finder: finder, Environ: environ},
		&java.Builder{Finder: finder, Environ: environ},
	}
}
