package bootstrap

import (
	"embed"
	"path"
	"strconv"
	"strings"
)

// bootstrap.jar is what javac makes of the sources beside it; git keeps it, so
// that a build of s needs no Java.
//
//go:generate go test -count=1 -run TestJavaJarIsOfItsSources -update .
//go:embed java/bootstrap.jar java/bootstrap.sh
var javaFiles embed.FS

// java runs Java 8 and later.
func java() Bootstrap {
	return Bootstrap{
		Language: "java", Dir: "java", Files: below(javaFiles, "java"), Command: javaCommand,
		Env: func(s Start) map[string]string {
			return map[string]string{"JAVA_HOME": path.Dir(path.Dir(s.Program))}
		},
	}
}

// javaCommand starts the virtual machine with FC's own options: a small heap's
// collector, and the classes that the machine has in its archive. The class path
// is FC's too: the code's folder, jars in it and in its lib, jars of layers.
func javaCommand(s Start) []string {
	heap := heapMB(s.MemoryMB)
	classPath := []string{s.in("bootstrap.jar"), s.Code + "/", s.Code + "/*", s.Code + "/lib/*", s.Layers + "/java/lib/*"}
	return []string{
		"/bin/sh", s.in("bootstrap.sh"), s.Program,
		"-Xmx" + strconv.Itoa(heap) + "m", "-Xms" + strconv.Itoa(min(heap, max(s.MemoryMB*3/10, 8))) + "m",
		"-XX:+UseSerialGC", "-Xshare:auto",
		"-XX:-UsePerfData", // no files in /tmp that aren't the function's
		"-Dfc.func.code.path=" + s.Code + "/", "-Dfile.encoding=UTF-8",
		"-Djava.io.tmpdir=/tmp", // where nothing can be mounted, another folder stands in
		"-cp", strings.Join(classPath, ":"), "s.bootstrap.Main",
	}
}

// heapMB is the heap's part of an instance's memory, in MB: nine tenths, as
// FC's runtimes of Java have it, but 64 MB at least are left for what a virtual
// machine needs beside its heap, so that a full heap is the language's own error
// and not the end of the process.
func heapMB(memoryMB int) int {
	return max(memoryMB-max(memoryMB/10, 64), memoryMB/2)
}
