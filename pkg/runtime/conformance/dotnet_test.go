package conformance

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing/fstest"

	"s/pkg/toolchain/toolchaintest"
)

// dotnetFiles compiles the handlers, once: what a function's code has, and the
// library of a layer.
var dotnetFiles = sync.OnceValues(func() (fstest.MapFS, error) {
	sdk, err := toolchaintest.FindDotnetSDK()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "conformance-dotnet")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := func(name string) string { return filepath.Join(dir, name+".dll") }
	source := func(name string) string { return filepath.Join("testdata", "dotnet", name+".cs") }
	core, layer := out("Aliyun.Serverless.Core"), out("OfALayer")
	for _, args := range [][]string{
		{"-out:" + layer, source("OfALayer")},
		{"-out:" + core, source("Core")},
		{"-out:" + out("Clauses"), "-debug:portable", "-r:" + core, "-r:" + layer, source("Handlers"), source("Fails"), source("Web")},
	} {
		if err := sdk.Compile(context.Background(), append([]string{"-target:library"}, args...)...); err != nil {
			return nil, err
		}
	}
	files := fstest.MapFS{
		// No compiler makes an assembly that .NET doesn't read.
		"Damaged.dll": {Data: []byte("this is no assembly"), Mode: 0o644},
		// As dotnet publish writes it for a function with HTTP triggers.
		"Clauses.runtimeconfig.json": {Data: []byte(`{"runtimeOptions": {"framework": {"name": "Microsoft.AspNetCore.App", "version": "3.1.0"}}}`), Mode: 0o644},
	}
	for _, path := range []string{layer, core, out("Clauses"), filepath.Join(dir, "Clauses.pdb"), sdk.Newtonsoft()} {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[filepath.Base(path)] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return files, nil
})

// dotnetCode writes what of the compiled files is wanted.
func dotnetCode(s *subject, wanted func(name string) bool, below ...string) string {
	s.Helper()
	files, err := dotnetFiles()
	if errors.Is(err, toolchaintest.ErrNoDotnetSDK) {
		s.Skip(err)
	}
	s.ok(err)
	dir := s.TempDir()
	at := filepath.Join(append([]string{dir}, below...)...)
	s.ok(os.MkdirAll(at, 0o755))
	for name, file := range files {
		if wanted(name) {
			s.ok(os.WriteFile(filepath.Join(at, name), file.Data, 0o644))
		}
	}
	return dir
}

// dotnet is .NET Core 3.1 and later.
func dotnet() *language {
	const layer = "OfALayer.dll"
	handlers := map[string]string{
		"<missing module>": "Nowhere::Clauses.Handlers::echo", "<missing handler>": "Clauses::Clauses.Handlers::nobody", "<wrong name>": "Clauses.Handlers.echo",
		"<broken syntax>": "Damaged::Clauses.Handlers::echo", "<in a folder>": "Clauses::Sub.Inner::answer", "<broken import>": "Clauses::Clauses.Handlers::layer_library",
		"<broken module>": "Clauses::Clauses.Broken::answer", "<broken exit>": "Clauses::Clauses.Exits::answer",
	}
	for class, names := range map[string]string{
		"Fails": "fail fail_type fail_deep fail_odd unserialisable leave signal_process sleep spin deaf allocate add_one add_two fail_to_initialize stop_fails " +
			"initialize_long initialize_exit",
		"Web": "http http_echo http_fail",
	} {
		for name := range strings.FieldsSeq(names) {
			handlers[name] = "Clauses::Clauses." + class + "::" + name
		}
	}
	return &language{
		name:     "dotnet",
		runtimes: []string{"dotnetcore3.1"},
		short:    []string{"dotnetcore3.1"},
		handler:  func(name string) string { return "Clauses::Clauses.Handlers::" + name },
		handlers: handlers,
		code:     func(s *subject) string { return dotnetCode(s, func(name string) bool { return name != layer }) },
		layer: func(s *subject) string {
			return dotnetCode(s, func(name string) bool { return name == layer }, "dotnet")
		},
		words: map[string]string{
			"<none>": "", "<error>": "System.ArgumentException", "<own error>": "Clauses.Mine", "<file>": "Fails.cs", "<deep function>": "deeper",
			"<no json>":   "Newtonsoft.Json.JsonSerializationException",
			"<no module>": "System.IO.FileNotFoundException", "<no module message>": "Assembly 'Nowhere' isn't in the code: there is no Nowhere.dll",
			"<no handler>": "System.MissingMethodException", "<no handler message>": "Handler 'nobody' is missing on class 'Clauses.Handlers'",
			"<bad name>": "System.ArgumentException", "<bad name message>": "Invalid handler 'Clauses.Handlers.echo': it is written Assembly::Namespace.Class::Method",
			"<syntax>": "System.BadImageFormatException", "<syntax message>": "*",
			"<import>": "System.IO.FileNotFoundException", "<import message>": "*",
			"<load>": "System.InvalidOperationException", "<load message>": "no good",
		},
		logLine: func(id, level, message string) string {
			return "<time> " + id + " [" + strings.ToUpper(level) + "] " + message
		},
		cannot: map[string]string{
			"error-recursion": "a stack overflow ends a .NET process",
		},
	}
}
