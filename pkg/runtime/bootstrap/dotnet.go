package bootstrap

import (
	"embed"
	"strconv"
)

// bootstrap.dll is what a C# compiler makes of the sources beside it; git keeps
// it, so that a build of s needs no .NET.
//
//go:generate go test -count=1 -run TestDotnetIsOfItsSources -update .
//go:embed dotnet/bootstrap.dll dotnet/bootstrap.runtimeconfig.json dotnet/bootstrap.sh
var dotnetFiles embed.FS

// dotnet runs .NET Core 3.1 and later.
func dotnet() Bootstrap {
	return Bootstrap{
		Language: "dotnet", Dir: "dotnet", Files: below(dotnetFiles, "dotnet"),
		Command: func(s Start) []string {
			heap := uint64(heapMB(s.MemoryMB)) << 20
			return []string{"/bin/sh", s.in("bootstrap.sh"), s.Program, s.Code, s.Layers, s.Handler, strconv.FormatUint(heap, 16)}
		},
	}
}
