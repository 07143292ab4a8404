//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/runtime/image/imagetest"
	"s/pkg/toolchain"
	"s/pkg/toolchain/toolchaintest"
)

// victim is a function of the chaos.
type victim struct {
	name, runtime, handler string
	files                  []string                                    // of testdata/chaos
	custom                 bool                                        // a server, which takes several requests at once
	props                  string                                      // lines of its own in the s.yaml
	make                   func(ctx context.Context, dir string) error // compiles its code into dir
	does                   []string
}

func victims() []victim {
	all := []string{"echo", "fail", "exit", "abort", "hang", "orphan", "print", "close", "fill", "memory"}
	but := func(not ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(do string) bool { return slices.Contains(not, do) })
	}
	return []victim{
		{name: "python", runtime: "python3.10", handler: "index.handler", files: []string{"index.py"}, does: all},
		{name: "python2", runtime: "python2.7", handler: "index.handler", files: []string{"index.py"}, does: all},
		{name: "node", runtime: "nodejs20", handler: "index.handler", files: []string{"index.js"}, does: all},
		{name: "php", runtime: "php7.2", handler: "index.handler", files: []string{"index.php"}, does: but("abort", "close")},
		{name: "go", runtime: "go1", handler: "main", make: chaosGo, does: []string{"echo"}},
		{name: "java", runtime: "java17", handler: "Chaos::handleRequest", make: chaosJava, does: but("close", "fill", "memory")},
		{name: "dotnet", runtime: "dotnetcore3.1", handler: "Chaos::Chaos.Handlers::Handle", make: chaosDotnet, does: but("close")},
		// A server is the first process, which can't abort; and once it has closed
		// its stdout, the next connection has that descriptor.
		{
			name: "web", runtime: "custom.debian10", handler: "h", files: []string{"index.py", "server.py"}, custom: true, does: but("abort", "close"),
			props: "      customRuntimeConfig: {command: [python3], args: [server.py]}\n",
		},
		{
			name: "container", runtime: "custom-container", handler: "h", make: chaosImage, custom: true, does: but("abort", "close"),
			props: "      customContainerConfig: {image: \"oci:./container/image\"}\n",
		},
	}
}

// javaCore is fetched by hack/setup.
const javaCore = ".tools/java/lib/fc-java-core-1.4.1.jar"

// possible reports whether this machine can run a victim.
func (v victim) possible() bool {
	switch v.name {
	case "php", "node":
		_, err := exec.LookPath(v.name)
		return err == nil
	case "java":
		_, err := exec.LookPath("javac")
		_, missing := os.Stat(javaCore)
		return err == nil && missing == nil
	case "python2":
		found, err := toolchain.New(os.LookupEnv).FindPython(context.Background(), "2.7")
		return err == nil && found.Exact
	case "dotnet":
		_, err := toolchaintest.FindDotnetSDK()
		return err == nil
	}
	return true
}

// chaosGo compiles the program that the tests of go1 use; it repeats its event.
func chaosGo(ctx context.Context, dir string) error {
	compile := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "main"), "./pkg/runtime/instance/testdata/go")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

func chaosJava(ctx context.Context, dir string) error {
	compile := exec.CommandContext(ctx, "javac", "-cp", javaCore, "-d", dir, "bench/testdata/chaos/Chaos.java")
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("javac: %w: %s", err, out)
	}
	jar, err := os.ReadFile(javaCore)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.Base(javaCore)), jar, 0o644)
}

// chaosDotnet compiles against the interfaces that the tests of .NET have.
func chaosDotnet(ctx context.Context, dir string) error {
	sdk, err := toolchaintest.FindDotnetSDK()
	if err != nil {
		return err
	}
	core := filepath.Join(dir, "Aliyun.Serverless.Core.dll")
	if err := sdk.Compile(ctx, "-target:library", "-out:"+core, "pkg/runtime/conformance/testdata/dotnet/Core.cs"); err != nil {
		return err
	}
	// The context's logger is of a library that comes with ASP.NET Core.
	const config = `{"runtimeOptions": {"framework": {"name": "Microsoft.AspNetCore.App", "version": "3.1.0"}}}`
	if err := os.WriteFile(filepath.Join(dir, "Chaos.runtimeconfig.json"), []byte(config), 0o644); err != nil {
		return err
	}
	return sdk.Compile(ctx, "-target:library", "-out:"+filepath.Join(dir, "Chaos.dll"), "-r:"+core, "bench/testdata/chaos/Chaos.cs")
}

// chaosImage makes an image of one static program, in OCI layout.
func chaosImage(ctx context.Context, dir string) (err error) {
	program := filepath.Join(dir, "program")
	compile := exec.CommandContext(ctx, "go", "build", "-o", program, "./bench/testdata/chaos/container")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the image of the chaos: %v", r)
		}
	}()
	t := imageMaker{ctx}
	layer := imagetest.Tar(t, imagetest.Entry{Name: "tmp/", Mode: 0o1777}, imagetest.Entry{Name: "server", Text: string(text), Mode: 0o755})
	imagetest.Layout(t, filepath.Join(dir, "image"), "", imagetest.Image(t, v1.Config{Entrypoint: []string{"/server"}}, imagetest.Layer(layer)))
	return os.Remove(program)
}

// imageMaker stands for the test that package imagetest makes images for.
type imageMaker struct{ ctx context.Context }

func (imageMaker) Helper()                    {}
func (imageMaker) Fatal(args ...any)          { panic(fmt.Sprint(args...)) }
func (m imageMaker) Context() context.Context { return m.ctx }
func (imageMaker) TempDir() string            { panic("there is no folder for now") }
