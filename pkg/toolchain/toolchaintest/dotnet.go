package toolchaintest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// DotnetSDK is a .NET SDK that hack/setup has installed.
type DotnetSDK struct {
	dir string // that of the program dotnet
	sdk string // the folder with the compiler
}

// ErrNoDotnetSDK says that hack/setup found none for this machine.
var ErrNoDotnetSDK = errors.New("hack/setup has installed no .NET SDK")

// FindDotnetSDK finds it; the error is ErrNoDotnetSDK if it isn't there.
func FindDotnetSDK() (*DotnetSDK, error) {
	dir := filepath.Join(installed(), dotnetDir)
	compilers, err := filepath.Glob(filepath.Join(dir, "sdk", "*", "Roslyn", "bincore", "csc.dll"))
	if err != nil || len(compilers) != 1 {
		return nil, ErrNoDotnetSDK
	}
	return &DotnetSDK{dir: dir, sdk: filepath.Dir(filepath.Dir(filepath.Dir(compilers[0])))}, nil
}

// Program is the program dotnet.
func (d *DotnetSDK) Program() string { return filepath.Join(d.dir, "dotnet") }

// Newtonsoft is the library for JSON that the SDK itself uses.
func (d *DotnetSDK) Newtonsoft() string { return filepath.Join(d.sdk, "Newtonsoft.Json.dll") }

// Environ is what programs of the SDK need beside the environment of the test.
// Its own OpenSSL is that of another Debian; nothing is told to anybody.
func (d *DotnetSDK) Environ() []string {
	return []string{
		"DOTNET_ROOT=" + d.dir, "LD_LIBRARY_PATH=" + filepath.Join(d.dir, "openssl"), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1",
		"DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1", "DOTNET_NOLOGO=1",
	}
}

// Compile runs the C# compiler with these arguments, against .NET and ASP.NET
// Core. The same sources give the same bytes.
func (d *DotnetSDK) Compile(ctx context.Context, args ...string) error {
	references, err := filepath.Glob(filepath.Join(d.dir, "packs", "Microsoft.*.App.Ref", "*", "ref", "*", "*.dll"))
	if err != nil {
		return err
	}
	all := []string{
		"exec", filepath.Join(d.sdk, "Roslyn", "bincore", "csc.dll"), "-nologo", "-noconfig", "-nostdlib+", "-deterministic+", "-optimize+", "-langversion:7.3",
	}
	for _, r := range references {
		all = append(all, "-r:"+r)
	}
	cmd := exec.CommandContext(ctx, d.Program(), append(all, args...)...)
	cmd.Env = append(cmd.Environ(), d.Environ()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("csc: %w\n%s", err, out)
	}
	return nil
}
