package bootstrap

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/proc/proctest"
	"s/pkg/toolchain/toolchaintest"
)

func dotnetSources(t *testing.T) (files []string, sum string) {
	t.Helper()
	return hashed(t, "dotnet/src/*.cs")
}

// makeDotnet compiles the sources; their hash becomes an attribute of the
// assembly. The test is skipped without a compiler.
func makeDotnet(t *testing.T, files []string, sum string) []byte {
	t.Helper()
	sdk, err := toolchaintest.FindDotnetSDK()
	if errors.Is(err, toolchaintest.ErrNoDotnetSDK) {
		t.Skip(err)
	}
	dir := t.TempDir()
	out, attributes := filepath.Join(dir, "bootstrap.dll"), filepath.Join(dir, "Attributes.cs")
	text := fmt.Sprintf("[assembly: System.Reflection.AssemblyMetadata(\"Sources-Sha256\", %q)]\n", sum)
	if err := errors.Join(err, os.WriteFile(attributes, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := sdk.Compile(t.Context(), append([]string{"-target:exe", "-debug-", "-out:" + out, attributes}, files...)...); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestDotnetIsOfItsSources compares the assembly with the sources beside it: by
// their hash, which needs no .NET. With -update it makes the assembly if it isn't
// theirs.
func TestDotnetIsOfItsSources(t *testing.T) {
	files, sum := dotnetSources(t)
	const path = "dotnet/bootstrap.dll"
	made, err := os.ReadFile(path)
	if err == nil && bytes.Contains(made, []byte(sum)) {
		return
	}
	if !*update {
		t.Fatalf("%s isn't of these sources (%v): run `go generate ./pkg/runtime/bootstrap` after `make setup`, and commit it", path, err)
	}
	if err := os.WriteFile(path, makeDotnet(t, files, sum), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDotnetIsWhatTheCompilerMakes compiles the sources again: byte by byte the
// same.
func TestDotnetIsWhatTheCompilerMakes(t *testing.T) {
	t.Parallel()
	files, sum := dotnetSources(t)
	if !bytes.Equal(source(t, dotnet(), "bootstrap.dll"), makeDotnet(t, files, sum)) {
		t.Error("dotnet/bootstrap.dll isn't what csc makes of its sources: run `go generate ./pkg/runtime/bootstrap`")
	}
}

func TestDotnetCommand(t *testing.T) {
	t.Parallel()
	got := strings.Join(dotnet().Command(Start{
		Program: "/var/fc/lang/dotnetcore3.1/dotnet", Dir: "/var/fc/runtime/dotnet", Code: "/code", Layers: "/opt", Handler: "A::B.C::D", MemoryMB: 512,
	}), " ")
	want := "/bin/sh /var/fc/runtime/dotnet/bootstrap.sh /var/fc/lang/dotnetcore3.1/dotnet /code /opt A::B.C::D 1c000000"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestDotnetStart: which settings a .NET starts with, by what the function's own
// file asks for.
func TestDotnetStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own := filepath.Join(dir, "own")
	for name, text := range map[string]string{
		"own/bootstrap.sh":           string(source(t, dotnet(), "bootstrap.sh")),
		"dotnet":                     "#!/bin/sh\necho \"$*|$DOTNET_GCHeapHardLimit|$COMPlus_EnableDiagnostics|${CLR_ICU_VERSION_OVERRIDE:-$DOTNET_SYSTEM_GLOBALIZATION_INVARIANT}\"\n",
		"none/x":                     "",
		"web/App.runtimeconfig.json": `{"runtimeOptions": {"framework": {"name": "Microsoft.AspNetCore.App", "version": "3.1.0"}}}`,
		"old/App.runtimeconfig.json": `{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "2.1.0"}}}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		proctest.Program(t, path, text)
	}
	for code, config := range map[string]string{
		"none": filepath.Join(own, "bootstrap.runtimeconfig.json"), "old": filepath.Join(own, "bootstrap.runtimeconfig.json"),
		"web": filepath.Join(dir, "web", "App.runtimeconfig.json"),
	} {
		code = filepath.Join(dir, code)
		out, err := exec.Command("/bin/sh", filepath.Join(own, "bootstrap.sh"), filepath.Join(dir, "dotnet"), code, "/opt", "App::A.B::C", "1000").CombinedOutput()
		want := fmt.Sprintf("exec --runtimeconfig %s --roll-forward Major %s %s /opt|1000|0|", config, filepath.Join(own, "bootstrap.dll"), code)
		if rest, ok := strings.CutPrefix(string(out), want); err != nil || !ok || strings.TrimSpace(rest) == "" {
			t.Errorf("%s: %s, %v", code, out, err)
		}
	}
}
