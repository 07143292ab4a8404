package java

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

// same gives all files one time.
func same(t *testing.T, root string, files map[string]string) {
	t.Helper()
	old := buildtest.Old()
	for name := range files {
		if err := os.Chtimes(filepath.Join(root, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// fake is a machine with a JDK and, if it is put there, Maven or Gradle: shell
// scripts that note their runs and do what the lines say.
type fake struct {
	t   *testing.T
	dir string
}

func newFake(t *testing.T, version string) *fake {
	t.Helper()
	f := &fake{t: t, dir: buildtest.TempDir(t)}
	for _, name := range []string{"java", "javac"} {
		buildtest.Script(t, filepath.Join(f.dir, "jdk/bin", name), "#!/bin/sh\nexit 1\n")
	}
	buildtest.Plant(t, f.dir, map[string]string{"jdk/release": "JAVA_VERSION=\"" + version + "\"\n"})
	return f
}

// text is a program that notes how it was run and does what body says.
func (f *fake) text(body string) string {
	return fmt.Sprintf(`#!/bin/sh
if [ "$1" = -v ]; then echo "Apache Maven 3.9.9 (abc)"; exit; fi
echo "$*|${PWD##*/}|${JAVA_HOME#%[1]s/} ${PATH%%%%:*} EXTRA=$EXTRA BASEDIR=$MAVEN_BASEDIR" >>%[1]s/runs
%[2]s
`, f.dir, body)
}

func (f *fake) program(name, body string) {
	f.t.Helper()
	buildtest.Script(f.t, filepath.Join(f.dir, "bin", name), f.text(body))
}

func (f *fake) builder(environ ...string) *Builder {
	env := map[string]string{"PATH": filepath.Join(f.dir, "bin"), "JAVA_HOME": filepath.Join(f.dir, "jdk")}
	finder := toolchain.New(func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	finder.System = []string{}
	return &Builder{Finder: finder, Environ: append([]string{"PATH=" + os.Getenv("PATH"), "JAVA_HOME=/other"}, environ...)}
}

func (f *fake) runs() []string { return buildtest.Lines(f.t, filepath.Join(f.dir, "runs")) }

const makeJar = `mkdir -p target/classes; cp src/App.java target/app.jar; echo x >target/classes/App.class; echo BUILD SUCCESS`

func app() map[string]string {
	return map[string]string{"pom.xml": pomOf("app", ""), "src/App.java": "class App", "target/app.jar": "old", "README.md": "read", ".fcignore": "*.md\n"}
}

// newProject has a project in the folder of s.yaml; the code is what is named.
func newProject(t *testing.T, runtimeName, code string, files map[string]string) *projecttest.Project {
	t.Helper()
	p := projecttest.New(t, runtimeName, files)
	p.Req.ProjectDir = filepath.Join(p.Root, "code")
	p.Req.ArtifactDir = filepath.Join(p.Req.ProjectDir, ".s/build/artifacts/hello")
	p.Req.SourceDir = filepath.Join(p.Req.ProjectDir, code)
	return p
}

// build builds and holds the source against what it was.
func buildIt(t *testing.T, p *projecttest.Project, b *Builder) *build.Artifact {
	t.Helper()
	before := buildtest.Names(t, p.Req.ProjectDir)
	a, err := build.Builders{b}.Build(t.Context(), p.Req)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.Log.String())
	}
	after := buildtest.Names(t, p.Req.ProjectDir)
	for name := range after {
		if name == ".s/" || strings.HasPrefix(name, ".s/") {
			delete(after, name)
		}
	}
	for name := range before {
		if name == ".s/" || strings.HasPrefix(name, ".s/") {
			delete(before, name)
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error("the source was touched: ", diff)
	}
	return a
}

// older makes what the user's own build left older than the source.
func older(t *testing.T, p *projecttest.Project, name string) {
	t.Helper()
	long := buildtest.Old().Add(-1e12)
	if err := os.Chtimes(filepath.Join(p.Req.ProjectDir, name), long, long); err != nil {
		t.Fatal(err)
	}
}

func TestWhatTheCodeNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runtime, code string
		archive       string
		want          map[string]string
	}{
		"a jar":         {"java17", "target/app.jar", "app.jar", map[string]string{"app.jar": "class App"}},
		"a jar, custom": {"custom.debian12", "target/app.jar", "app.jar", map[string]string{"app.jar": "class App"}},
		"a folder":      {"java17", "target", "", map[string]string{"app.jar": "class App", "classes/": "", "classes/App.class": "x\n"}},
		"a program":     {"custom", "target/classes/App.class", "", map[string]string{"App.class": "x\n"}},
		"the project's": {"java17", ".", "app.jar", map[string]string{"app.jar": "class App"}},
		"the project itself": {
			"custom", ".", "", map[string]string{
				"pom.xml": pomOf("app", ""), "src/": "", "src/App.java": "class App", "target/": "", "target/app.jar": "class App",
				"target/classes/": "", "target/classes/App.class": "x\n",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "17.0.15")
			f.program("mvn", makeJar)
			p := newProject(t, tc.runtime, tc.code, app())
			older(t, p, "target/app.jar")
			for i := range 2 {
				a := buildIt(t, p, f.builder())
				if diff := cmp.Diff(tc.want, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
					t.Error(diff)
				}
				archive := ""
				if tc.archive != "" {
					archive = filepath.Join(p.Req.ArtifactDir, tc.archive)
				}
				if a.Archive != archive || a.Unchanged != (i == 1) {
					t.Errorf("%+v", a)
				}
			}
		})
	}
}

func TestHowMavenIsRun(t *testing.T) {
	t.Parallel()
	f := newFake(t, "17.0.15")
	f.program("mvn", makeJar)
	p := newProject(t, "java11", "target/app.jar", app())
	older(t, p, "target/app.jar")
	p.Req.Args, p.Req.Options.Env = []string{"-Pprod"}, map[string]string{"EXTRA": "1"}
	a := buildIt(t, p, f.builder("MAVEN_BASEDIR=/bad"))
	want := "-B -Dstyle.color=never package -DskipTests -Pprod|work|jdk " + filepath.Join(f.dir, "jdk/bin") + " EXTRA=1 BASEDIR="
	if runs := f.runs(); len(runs) != 1 || runs[0] != want {
		t.Errorf("runs: %q\nwant   %q", runs, want)
	}
	tools := []build.Tool{
		{Name: "Maven", Version: "3.9.9", Path: filepath.Join(f.dir, "bin/mvn"), Exact: true},
		{Name: "Java", Version: "17.0.15", Path: filepath.Join(f.dir, "jdk/bin/java"), Wanted: "11"},
	}
	if diff := cmp.Diff(tools, a.Tools); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(p.Log.String(), "bin/mvn -B -Dstyle.color=never package -DskipTests -Pprod\nBUILD SUCCESS\n") {
		t.Errorf("log: %s", p.Log.String())
	}
}

func TestWhatIsReused(t *testing.T) {
	t.Parallel()
	f := newFake(t, "17.0.15")
	f.program("mvn", makeJar)
	p := newProject(t, "java17", "target/app.jar", app())
	if err := os.RemoveAll(filepath.Join(p.Req.ProjectDir, "target")); err != nil {
		t.Fatal(err)
	}
	step := func(what string, reused, unchanged bool, runs int) {
		t.Helper()
		a := buildIt(t, p, f.builder())
		if a.Reused != reused || a.Unchanged != unchanged || len(f.runs()) != runs {
			t.Errorf("%s: %+v, %d runs", what, a, len(f.runs()))
		}
	}
	write := func(name, content string) { buildtest.Plant(t, p.Req.ProjectDir, map[string]string{name: content}) }
	step("first", false, false, 1)
	step("unchanged", true, true, 1)
	write("src/App.java", "class App2")
	step("source", false, false, 2)
	write("src/App.java", "class App")
	step("and back", true, false, 2)
	write("target/other.txt", "of the user's own build")
	step("results in the source", true, true, 2)
	write("target/app.jar", "of the user's own build")
	if needed, err := (build.Builders{f.builder()}).Needed(p.Req); needed || err != nil {
		t.Errorf("the user has built it: %v, %v", needed, err)
	}
}

func TestModules(t *testing.T) {
	t.Parallel()
	f := newFake(t, "17.0.15")
	f.program("mvn", "mkdir -p web/target lib/target; cp lib/App.java web/target/web.jar; touch lib/target/lib.jar")
	p := newProject(t, "java17", "web/target/web.jar", map[string]string{
		"pom.xml": pomOf("all", "<modules><module>lib</module><module>web</module></modules>"), "lib/pom.xml": pomOf("lib", ""), "lib/App.java": "lib",
		"web/pom.xml": pomOf("web", parent("all", "")),
	})
	buildIt(t, p, f.builder())
	if runs := f.runs(); len(runs) != 1 || !strings.HasPrefix(runs[0], "-B -Dstyle.color=never package -DskipTests -pl web -am|work|") {
		t.Errorf("runs: %q", runs)
	}
	if p.Artifact("web.jar") != "lib" {
		t.Error("a wrong jar")
	}
	// Of all modules, none makes the jar of the topmost.
	p.Req.SourceDir = p.Req.ProjectDir
	wantHelp(t, p.Fail(f.builder()), "build hello: Maven didn't make a jar in target; it made lib/target/lib.jar, web/target/web.jar", "set code to one of them")
}

func wantHelp(t *testing.T, err error, text, advice string) {
	t.Helper()
	var help *build.HelpError
	if !errors.As(err, &help) || help.Help.String() != advice || err.Error() != text {
		t.Errorf("got  %v (%+v)\nwant %s (%s)", err, help, text, advice)
	}
}

func TestGradle(t *testing.T) {
	t.Parallel()
	f := newFake(t, "21.0.1")
	f.program("gradle", "mkdir -p app/build/libs .gradle; touch app/build/libs/app-plain.jar; echo jar >app/build/libs/app.jar")
	p := newProject(t, "java17", "app/build/libs/app.jar", map[string]string{"settings.gradle": "include 'app'", "app/build.gradle.kts": "", "app/src/App.java": ""})
	a := buildIt(t, p, f.builder())
	if runs := f.runs(); len(runs) != 1 || !strings.HasPrefix(runs[0], "--no-daemon --console=plain -p app assemble|work|") {
		t.Errorf("runs: %q", runs)
	}
	if p.Artifact("app.jar") != "jar\n" || a.Tools[0].Name != "Gradle" || a.Tools[1].Exact {
		t.Errorf("%+v", a)
	}
	p.Req.SourceDir = filepath.Join(p.Req.ProjectDir, "app")
	if a := buildIt(t, p, f.builder()); a.Archive == "" || p.Artifact("app.jar") != "jar\n" {
		t.Errorf("by its project: %+v", a)
	}
	p.Req.SourceDir, p.Req.Runtime = p.Req.ProjectDir, "custom"
	buildIt(t, p, f.builder())
	if runs := f.runs(); !strings.HasPrefix(runs[len(runs)-1], "--no-daemon --console=plain assemble|work|") {
		t.Errorf("runs: %q", runs)
	}
	if _, err := os.Stat(filepath.Join(p.Req.ArtifactDir, ".gradle")); err == nil {
		t.Error("what Gradle keeps for itself is in the artifact")
	}
}

// TestWrappers come before what is installed, and needn't be executable.
func TestWrappers(t *testing.T) {
	t.Parallel()
	f := newFake(t, "17.0.15")
	f.program("mvn", "echo installed; exit 1")
	f.program("gradle", "echo installed; exit 1")
	files := app()
	files["mvnw"] = f.text(makeJar)
	files[".mvn/wrapper/maven-wrapper.properties"] = "distributionUrl=https://example.com/apache-maven-3.9.1-bin.zip\n"
	p := newProject(t, "java17", ".", files)
	a := buildIt(t, p, f.builder())
	if p.Artifact("app.jar") != "class App" || a.Tools[0] != (build.Tool{Name: "Maven", Version: "3.9.1", Exact: true}) || !strings.Contains(p.Log.String(), "$ sh mvnw -B ") {
		t.Errorf("%+v\n%s", a, p.Log.String())
	}
	if a := buildIt(t, p, f.builder()); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p = newProject(t, "java17", "build/libs/app.jar", map[string]string{"build.gradle": "", "gradlew": f.text("mkdir -p build/libs; echo jar >build/libs/app.jar")})
	if a := buildIt(t, p, f.builder()); a.Tools[0].Version != "" || p.Artifact("app.jar") != "jar\n" {
		t.Errorf("%+v", a)
	}
}

func TestWhatWasntMade(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runtime, code, body string
		want, help          string
	}{
		"another name": {"java17", "target/gone.jar", makeJar, "build hello: Maven didn't make target/gone.jar; it made target/app.jar", "set code to what the build makes"},
		"nothing":      {"java17", "target/gone.jar", "true", "build hello: Maven didn't make target/gone.jar; it made no jar", "set code to what the build makes"},
		"several": {
			"java17", ".", "mkdir target; touch target/a.jar target/b.war target/original-a.jar target/a-sources.jar target/a-javadoc.jar target/a-tests.jar",
			"build hello: Maven made more than one jar that may be the code: target/a.jar, target/b.war", "set code to one of them",
		},
	} {
		f := newFake(t, "17.0.15")
		f.program("mvn", tc.body)
		p := newProject(t, tc.runtime, tc.code, app())
		err := p.Fail(f.builder())
		wantHelp(t, err, tc.want, tc.help)
		if err == nil {
			t.Error(name)
		}
	}
	f := newFake(t, "17.0.15")
	f.program("mvn", "true")
	p := newProject(t, "java17", ".", app())
	if err := p.Fail(f.builder()); err.Error() != "build hello: Maven made no jar" {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsMissing(t *testing.T) {
	t.Parallel()
	f := newFake(t, "11.0.2")
	p := newProject(t, "java17", "target/gone.jar", app())
	wantHelp(t, p.Fail(f.builder()),
		"build hello: no java 17 or newer on this machine; found only 11.0.2; looked in "+filepath.Join(f.dir, "jdk")+", "+filepath.Join(f.dir, "bin"),
		"install JDK 17 or newer and set JAVA_HOME to its folder")
	p.Req.Runtime = "java11"
	wantHelp(t, p.Fail(f.builder()),
		"build hello: no Maven: . has no wrapper (mvnw), and there is no mvn on PATH or in ",
		"install Maven (https://maven.apache.org/install.html), or give the project a wrapper where it is: mvn wrapper:wrapper")
	p = newProject(t, "custom", "build/libs/a.jar", map[string]string{"build.gradle": ""})
	wantHelp(t, p.Fail(f.builder()),
		"build hello: no Gradle: . has no wrapper (gradlew), and there is no gradle on PATH or in ",
		"install Gradle (https://gradle.org/install/), or give the project a wrapper where it is: gradle wrapper")
	b := f.builder()
	b.Finder = &toolchain.Finder{System: []string{}}
	wantHelp(t, p.Fail(b), "build hello: no java on this machine", "install a JDK and set JAVA_HOME to its folder")
}

func TestMavenFails(t *testing.T) {
	t.Parallel()
	f := newFake(t, "17.0.15")
	f.program("mvn", `echo "[ERROR] COMPILATION ERROR : "; echo "[ERROR] $PWD/src/App.java:[1,9] reached end of file"; echo "[ERROR] -> [Help 1]"; exit 1`)
	p := newProject(t, "java17", ".", app())
	err := p.Fail(f.builder())
	want := "build hello: Maven: exit status 1: " + filepath.Join(p.Req.ProjectDir, "src/App.java") + ":[1,9] reached end of file"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestInContainer(t *testing.T) {
	t.Parallel()
	b := &Builder{Environ: []string{"JAVA_HOME=/here"}}
	for name, want := range map[string]string{"pom.xml": "mvn", "build.gradle": "gradle"} {
		p := newProject(t, "java17", ".", map[string]string{name: ""})
		tools := b.ContainerTools(p.Req)
		if len(tools) != 2 || tools[0].Path != want || tools[1].Path != "java" {
			t.Errorf("%s: %+v", name, tools)
		}
		job := &build.Job{Request: p.Req, Tools: tools, Scratch: t.TempDir()}
		if env := b.environ(job); env[0] != "JAVA_HOME=/here" {
			t.Errorf("%v", env)
		}
	}
}

// TestRealMaven makes a jar with the Maven and JDK of this machine; a plug-in
// that isn't there and can't be fetched is no fault of ours.
func TestRealMaven(t *testing.T) {
	t.Parallel()
	b := &Builder{Finder: toolchain.New(os.LookupEnv), Environ: os.Environ()}
	if _, err := b.Finder.FindJDK(t.Context(), "17"); err != nil || b.Finder.Program("mvn") == "" {
		t.Skip("no JDK 17 or no Maven: ", err)
	}
	p := newProject(t, "java17", "target/hello.jar", map[string]string{
		"pom.xml": `<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>hello</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<build><finalName>hello</finalName></build></project>`,
		"src/main/java/demo/App.java": "package demo;\n\npublic class App {}\n",
	})
	a, err := build.Builders{b}.Build(t.Context(), p.Req)
	for _, far := range []string{"could not be resolved", "Could not transfer", "UnknownHostException", "offline", "LocalRepositoryNotAccessible"} {
		if err != nil && strings.Contains(p.Log.String(), far) {
			t.Skip("Maven can't get its plug-ins: ", err)
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, p.Log.String())
	}
	z, err := zip.OpenReader(a.Archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if _, err := z.Open("demo/App.class"); err != nil {
		t.Error(err)
	}
	if a, err = (build.Builders{b}).Build(t.Context(), p.Req); err != nil || !a.Unchanged {
		t.Errorf("again: %+v, %v", a, err)
	}
	buildtest.Plant(t, p.Req.ProjectDir, map[string]string{"src/main/java/demo/App.java": "package demo;\n\npublic class App {\n"})
	if err := p.Fail(b); !strings.HasSuffix(err.Error(), "src/main/java/demo/App.java:[3,19] reached end of file while parsing") {
		t.Errorf("got %v", err)
	}
}
