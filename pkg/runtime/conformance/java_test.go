package conformance

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing/fstest"

	"s/pkg/fc"
)

// javaCore is the library that Java functions are written against, fetched by
// hack/setup.
const javaCore = "../../../.tools/java/lib/fc-java-core-1.4.1.jar"

// javaClasses compiles the handlers, once.
var javaClasses = sync.OnceValues(func() (fstest.MapFS, error) {
	dir, err := os.MkdirTemp("", "conformance-java")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sources, err := filepath.Glob("testdata/java/src/*/*.java")
	if err != nil {
		return nil, err
	}
	args := append([]string{"--release", "8", "-Xlint:-options", "-encoding", "UTF-8", "-cp", javaCore, "-d", dir}, sources...)
	if out, err := exec.Command("javac", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("javac: %w\n%s", err, out)
	}
	// No compiler makes a class that no virtual machine reads.
	classes := fstest.MapFS{"clauses/Broken.class": {Data: []byte("this is no class"), Mode: 0o644}}
	return classes, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		classes[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
})

// javaFiles gives the classes; the clause is skipped where they can't be had.
func javaFiles(s *subject) fstest.MapFS {
	s.Helper()
	if _, err := exec.LookPath("javac"); err != nil {
		s.Skip(err)
	}
	if _, err := os.Stat(javaCore); errors.Is(err, os.ErrNotExist) {
		s.Skipf("hack/setup fetches it, with Maven: %v", err)
	}
	classes, err := javaClasses()
	s.ok(err)
	return classes
}

// javaCode is the code of a function: classes, and fc-java-core in lib.
func javaCode(s *subject) string {
	s.Helper()
	dir := s.TempDir()
	s.ok(os.CopyFS(dir, javaFiles(s)))
	s.ok(os.RemoveAll(filepath.Join(dir, "layer")))
	jar, err := os.ReadFile(javaCore)
	s.ok(err)
	s.ok(os.Mkdir(filepath.Join(dir, "lib"), 0o755))
	s.ok(os.WriteFile(filepath.Join(dir, "lib", "fc-java-core.jar"), jar, 0o644))
	return dir
}

// javaLayer makes a layer with a jar.
func javaLayer(s *subject) string {
	s.Helper()
	dir := s.TempDir()
	s.ok(os.MkdirAll(filepath.Join(dir, "java", "lib"), 0o755))
	file, err := os.Create(filepath.Join(dir, "java", "lib", "of-a-layer.jar"))
	s.ok(err)
	defer file.Close()
	jar := zip.NewWriter(file)
	entry, err := jar.Create("layer/OfALayer.class")
	s.ok(err)
	_, err = entry.Write(javaFiles(s)["layer/OfALayer.class"].Data)
	s.ok(err)
	s.ok(jar.Close())
	return dir
}

// java is Java 8 and later.
func java() *language {
	handlers := map[string]string{
		"<missing module>": "clauses.Nowhere::handleRequest", "<missing handler>": "clauses.Handlers$Echo::nobody", "<wrong name>": "clauses",
		"<broken syntax>": "clauses.Broken::handleRequest", "<in a folder>": "sub.Inner::handleRequest", "<broken import>": "clauses.Needs::handleRequest",
		"add_one": "clauses.Fails$Total::initialize", "fail_to_initialize": "clauses.Fails$Hook::initialize", "initialize_long": "clauses.Fails$LongHook::initialize",
		"initialize_exit": "clauses.Fails$ExitHook::initialize", "stop_here": "clauses.Handlers$Count::preStop", "stop_fails": "clauses.Fails$Hook::preStop",
	}
	for name, class := range map[string]string{
		"echo": "Handlers$Echo", "text": "Handlers$TextResult", "nothing": "Handlers$Nothing", "number": "Handlers$Number", "boolean": "Handlers$Bool",
		"document": "Handlers$Document", "size": "Handlers$Size", "count": "Handlers$Count", "temporary": "Handlers$Temporary", "child": "Handlers$Child",
		"background": "Handlers$Background", "orphan": "Handlers$Orphan", "context": "Handlers$Fields", "environment": "Handlers$Environment", "places": "Handlers$Places",
		"layer_file": "Handlers$LayerFile", "layer_library": "Handlers$LayerLibrary", "layer_program": "Handlers$LayerProgram", "print_all": "Handlers$PrintAll",
		"log": "Handlers$LogAll", "print_long": "Handlers$PrintLong", "print_many": "Handlers$PrintMany", "print_flood": "Handlers$PrintFlood",
		"close_output": "Handlers$CloseOutput", "meet": "Handlers$Meet", "fail": "Fails$Plain", "fail_type": "Fails$Typed", "fail_deep": "Fails$Deep", "fail_odd": "Fails$Odd",
		"recurse": "Fails$Recurse", "unserialisable": "Fails$Unserialisable", "leave": "Fails$Leave", "signal_process": "Fails$SignalProcess", "sleep": "Fails$Sleep",
		"spin": "Fails$Spin", "deaf": "Fails$Deaf", "allocate": "Fails$Allocate", "add_two": "Fails$Total", "<broken module>": "Fails$Constructor", "<broken exit>": "Fails$Exits",
		"http": "Web$Show", "http_echo": "Web$Echo", "http_fail": "Web$Fail",
	} {
		handlers[name] = "clauses." + class + "::handleRequest"
	}
	return &language{
		name:     "java",
		runtimes: []string{"java11", "java8", "java17"},
		short:    []string{"java11"},
		handler:  func(name string) string { return name },
		handlers: handlers,
		code:     javaCode,
		layer:    javaLayer,
		words: map[string]string{
			"<none>": "", "<error>": "java.lang.IllegalArgumentException", "<own error>": "clauses.Fails$Mine", "<file>": "Fails.java", "<deep function>": "deeper",
			"<recursion>": "java.lang.StackOverflowError", "<no json>": "java.lang.IllegalArgumentException",
			"<no module>": "java.lang.ClassNotFoundException", "<no module message>": "Class 'clauses.Nowhere' isn't in the code",
			"<no handler>": "java.lang.NoSuchMethodException", "<no handler message>": "Handler 'nobody' is missing on class 'clauses.Handlers$Echo'",
			"<bad name>": "java.lang.IllegalArgumentException", "<bad name message>": "Invalid handler 'clauses': it is written package.Class::method",
			"<syntax>": "java.lang.ClassFormatError", "<syntax message>": "*",
			"<import>": "java.lang.NoClassDefFoundError", "<import message>": "layer/OfALayer",
			"<load>": "java.lang.IllegalStateException", "<load message>": "no good",
		},
		lacks: []string{"region", "accountId"},
		logLine: func(id, level, message string) string {
			return strings.Join([]string{"<time>", id, "[" + level + "]", message}, " ")
		},
		// A hook's method says which hook it is.
		change: func(fn *fc.Function) {
			if c := fn.InstanceLifecycleConfig; c != nil && c.PreStop != nil {
				c.PreStop.Handler = strings.Replace(c.PreStop.Handler, "::initialize", "::preStop", 1)
			}
		},
	}
}
