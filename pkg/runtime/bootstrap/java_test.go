package bootstrap

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/toolchain"
)

var update = flag.Bool("update", false, "make java/bootstrap.jar and dotnet/bootstrap.dll of their sources (needs javac, csc)")

// javaAPI is what the sources are compiled against, fetched by hack/setup.
const javaAPI = "../../../.tools/java/lib/fc-java-core-1.4.1.jar"

// hashed lists the sources of a bootstrap that git keeps compiled, in a fixed
// order, and gives the hash of names and contents.
func hashed(t *testing.T, pattern string) (files []string, sum string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < 10 {
		t.Fatalf("%d sources; %v", len(files), err)
	}
	slices.Sort(files)
	hash := sha256.New()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(hash, "%s %d\n", filepath.Base(file), len(text))
		hash.Write(text)
	}
	return files, hex.EncodeToString(hash.Sum(nil))
}

func javaSources(t *testing.T) (files []string, sum string) {
	t.Helper()
	return hashed(t, "java/src/s/bootstrap/*.java")
}

// manifest reads the attributes of a jar; none of what is no jar.
func manifest(jar []byte) map[string]string {
	attributes := map[string]string{}
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return attributes
	}
	text, err := fs.ReadFile(archive, "META-INF/MANIFEST.MF")
	if err != nil {
		return attributes
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\r\n ", "")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			attributes[name] = value
		}
	}
	return attributes
}

// javac finds a compiler and what the sources are compiled against.
func javac(t *testing.T) (program, major string) {
	t.Helper()
	jdk, err := toolchain.New(os.LookupEnv).FindJDK(t.Context(), "17")
	if err != nil {
		t.Skipf("no JDK on this machine: %v", err)
	}
	if _, err := os.Stat(javaAPI); err != nil {
		t.Skipf("hack/setup fetches it, with Maven: %v", err)
	}
	major, _, _ = strings.Cut(jdk.Version, ".")
	return filepath.Join(jdk.Prefix, "bin", "javac"), major
}

// makeJar compiles the sources. The same sources give the same bytes: classes in
// the order of their names, not compressed, without a time.
func makeJar(t *testing.T, program, major string, files []string, sum string) []byte {
	t.Helper()
	out := t.TempDir()
	args := append([]string{"--release", "8", "-Xlint:all,-options", "-Werror", "-proc:none", "-encoding", "UTF-8", "-cp", javaAPI, "-d", out}, files...)
	if text, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, text)
	}
	var jar bytes.Buffer
	w := zip.NewWriter(&jar)
	add := func(name string, content []byte) {
		// Sizes come first: what reads class paths as streams, Tomcat for one, takes
		// no others of entries that aren't compressed.
		entry, err := w.CreateRaw(&zip.FileHeader{
			Name: name, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)),
			ModifiedDate: 1<<5 | 1, // 1980-01-01: CreateRaw takes no Modified
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	// A line of a manifest has at most 72 bytes; the next begins with a blank.
	add("META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\r\nCompiler: javac "+major+"\r\nSources-Sha256: "+sum[:32]+"\r\n "+sum[32:]+"\r\n\r\n"))
	classes := 0
	err := fs.WalkDir(os.DirFS(out), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
		add(name, content)
		classes++
		return err
	})
	if err != nil || classes < len(files) {
		t.Fatalf("%d classes of %d sources; %v", classes, len(files), err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// TestJavaJarIsOfItsSources compares the jar with the sources beside it: by their
// hash, which needs no Java. With -update it makes the jar if it isn't theirs.
func TestJavaJarIsOfItsSources(t *testing.T) {
	files, sum := javaSources(t)
	const path = "java/bootstrap.jar"
	jar, err := os.ReadFile(path)
	if err == nil && manifest(jar)["Sources-Sha256"] == sum {
		return
	}
	if !*update {
		t.Fatalf("java/bootstrap.jar isn't of these sources (%v): run `go generate ./pkg/runtime/bootstrap`, which needs a JDK, and commit it", err)
	}
	program, major := javac(t)
	if err := os.WriteFile(path, makeJar(t, program, major, files, sum), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestJavaJarIsWhatJavacMakes compiles the sources again: the classes in the jar
// are theirs, byte by byte where the compiler is the one that made them.
func TestJavaJarIsWhatJavacMakes(t *testing.T) {
	t.Parallel()
	program, major := javac(t)
	files, sum := javaSources(t)
	got, want := source(t, java(), "bootstrap.jar"), makeJar(t, program, major, files, sum)
	if "javac "+major != manifest(got)["Compiler"] {
		t.Logf("%s made the jar, javac %s is here: only the names are compared", manifest(got)["Compiler"], major)
		got, want = []byte(strings.Join(entries(t, got), "\n")), []byte(strings.Join(entries(t, want), "\n"))
	}
	if !bytes.Equal(got, want) {
		t.Error("java/bootstrap.jar isn't what javac makes of its sources: run `go generate ./pkg/runtime/bootstrap`")
	}
}

func entries(t *testing.T, jar []byte) []string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
	}
	return names
}

// TestJavaJarHasOnlyOurs: neither fc-java-core nor anything else is shipped, and
// all classes run on Java 8.
func TestJavaJarHasOnlyOurs(t *testing.T) {
	t.Parallel()
	jar := source(t, java(), "bootstrap.jar")
	archive, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		if f.Name == "META-INF/MANIFEST.MF" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		class, err := io.ReadAll(r)
		if err != nil || !strings.HasPrefix(f.Name, "s/bootstrap/") || len(class) < 8 || class[7] != 52 || f.Method != zip.Store || f.Flags&8 != 0 {
			t.Errorf("%s: %d bytes; %v", f.Name, len(class), err)
		}
	}
}

func TestJavaCommand(t *testing.T) {
	t.Parallel()
	got := strings.Join(java().Command(Start{
		Program: "/var/fc/lang/java11/bin/java", Dir: "/var/fc/runtime/java", Code: "/code", Layers: "/opt", MemoryMB: 1024,
	}), " ")
	want := "/bin/sh /var/fc/runtime/java/bootstrap.sh /var/fc/lang/java11/bin/java -Xmx922m -Xms307m -XX:+UseSerialGC -Xshare:auto -XX:-UsePerfData " +
		"-Dfc.func.code.path=/code/ -Dfile.encoding=UTF-8 -Djava.io.tmpdir=/tmp -cp /var/fc/runtime/java/bootstrap.jar:/code/:/code/*:/code/lib/*:/opt/java/lib/* s.bootstrap.Main"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for memory, heap := range map[int]int{64: 32, 128: 64, 256: 192, 512: 448, 640: 576, 1024: 922, 3072: 2765} {
		if got := heapMB(memory); got != heap {
			t.Errorf("%d MB: a heap of %d, want %d", memory, got, heap)
		}
	}
	if got := java().Env(Start{Program: "/var/fc/lang/java8/bin/java"})["JAVA_HOME"]; got != "/var/fc/lang/java8" {
		t.Errorf("JAVA_HOME is %s", got)
	}
}
