package java

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
)

func pomOf(artifact, rest string) string {
	return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><artifactId>" + artifact + "</artifactId>" + rest + "</project>"
}

func parent(artifact, more string) string {
	return "<parent><groupId>g</groupId><artifactId>" + artifact + "</artifactId>" + more + "</parent>"
}

func TestParsePom(t *testing.T) {
	t.Parallel()
	empty, dir := "", "../up"
	type parentOf = struct {
		ArtifactID string  `xml:"artifactId"`
		Path       *string `xml:"relativePath"`
	}
	for text, want := range map[string]pom{
		"":                          {},
		"<project>":                 {},
		pomOf("a", ""):              {ArtifactID: "a"},
		"no xml at all <<":          {},
		pomOf("a", parent("p", "")): {ArtifactID: "a", Parent: &parentOf{ArtifactID: "p"}},
		pomOf("a", parent("p", "<relativePath/>")):                    {ArtifactID: "a", Parent: &parentOf{"p", &empty}},
		pomOf("a", parent("p", "<relativePath>../up</relativePath>")): {ArtifactID: "a", Parent: &parentOf{"p", &dir}},
		pomOf("a", "<modules><module>b</module><module>c/d</module></modules><profiles><profile><modules><module>e</module></modules></profile></profiles>"): {
			ArtifactID: "a", Modules: []string{"b", "c/d"}, Profiles: []string{"e"},
		},
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><project><!-- \xe9 --><artifactId>a</artifactId></project>": {ArtifactID: "a"},
	} {
		if diff := cmp.Diff(want, parsePom(strings.NewReader(text))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func FuzzParsePom(f *testing.F) {
	f.Add(pomOf("a", parent("p", "<relativePath/>")+"<modules><module>b</module></modules>"))
	f.Add("<?xml version=\"1.0\" encoding=\"x\"?><project>\xff")
	f.Fuzz(func(t *testing.T, text string) {
		p := parsePom(strings.NewReader(text))
		if len(p.modules()) != len(p.Modules)+len(p.Profiles) {
			t.Errorf("%+v", p)
		}
	})
}

// TestFindProject gives tool, folder of the code's own build file, folder to run
// in, folder to copy, and wrapper.
func TestFindProject(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	modules := func(names ...string) string {
		return "<modules><module>" + strings.Join(names, "</module><module>") + "</module></modules>"
	}
	for name, tc := range map[string]struct {
		files files
		code  string
		want  string
	}{
		"none":                {files{"s/x": ""}, "s/code", ""},
		"above s.yaml":        {files{"pom.xml": pomOf("a", "")}, "s/code", ""},
		"beside s.yaml":       {files{"pom.xml": pomOf("a", "")}, "target/a.jar", "Maven . . . "},
		"the code's folder":   {files{"s/code/pom.xml": pomOf("a", "")}, "s/code", "Maven s/code s/code s/code "},
		"a folder of results": {files{"s/pom.xml": pomOf("a", ""), "s/mvnw": ""}, "s/target", "Maven s s s s/mvnw"},
		"nearest":             {files{"s/pom.xml": pomOf("a", ""), "s/b/pom.xml": pomOf("b", "")}, "s/b/target/b.jar", "Maven s/b s/b s/b "},
		"module": {
			files{"s/pom.xml": pomOf("a", modules("b")), "s/b/pom.xml": pomOf("b", parent("a", "")), "s/mvnw": ""},
			"s/b/target/b.jar", "Maven s/b s s s/mvnw",
		},
		"module by its file": {files{"s/pom.xml": pomOf("a", modules("b/pom.xml")), "s/b/pom.xml": pomOf("b", "")}, "s/b/target", "Maven s/b s s "},
		"module of a module": {
			files{"pom.xml": pomOf("a", modules("s")), "s/pom.xml": pomOf("s", modules("x/b")), "s/x/b/pom.xml": pomOf("b", "")},
			"s/x/b/target", "Maven s/x/b . . ",
		},
		"parent that doesn't list it": {
			files{"pom.xml": pomOf("a", ""), "s/pom.xml": pomOf("s", parent("a", "")), "mvnw": ""}, "s/target", "Maven s s . mvnw",
		},
		"parent beside it": {
			files{"parent/pom.xml": pomOf("p", ""), "s/pom.xml": pomOf("s", parent("p", "<relativePath>../parent</relativePath>"))}, "s/target", "Maven s s . ",
		},
		"parent of a repository": {files{"pom.xml": pomOf("a", ""), "s/pom.xml": pomOf("s", parent("boot", ""))}, "s/target", "Maven s s s "},
		"parent of no file":      {files{"pom.xml": pomOf("a", ""), "s/pom.xml": pomOf("s", parent("a", "<relativePath/>"))}, "s/target", "Maven s s s "},
		"parents in a circle":    {files{"pom.xml": pomOf("a", parent("s", "<relativePath>s</relativePath>")), "s/pom.xml": pomOf("s", parent("a", ""))}, "s/target", "Maven s s . "},
		"gradle":                 {files{"s/build.gradle": "", "s/gradlew": ""}, "s/build/libs/a.jar", "Gradle s s s s/gradlew"},
		"gradle in Kotlin":       {files{"s/build.gradle.kts": ""}, "s/build/libs", "Gradle s s s "},
		"gradle's project": {
			files{"settings.gradle.kts": "", "gradlew": "", "s/build.gradle": ""}, "s/build/libs/s.jar", "Gradle s . . gradlew",
		},
		"project of the settings alone": {files{"s/settings.gradle": ""}, "s/app/build/libs/app.jar", "Gradle s s s "},
		"both, Maven's":                 {files{"s/build.gradle": "", "s/pom.xml": ""}, "s/target/a.jar", "Maven s s s "},
		"both, Gradle's":                {files{"s/build.gradle": "", "s/pom.xml": ""}, "s/build/libs/a.jar", "Gradle s s s "},
		"outside of s.yaml's folder":    {files{"app/pom.xml": pomOf("a", "")}, "app/target/a.jar", "Maven app app app "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := buildtest.TempDir(t)
			buildtest.Plant(t, root, tc.files)
			p := findProject(build.Request{ProjectDir: filepath.Join(root, "s"), SourceDir: filepath.Join(root, tc.code)})
			got := ""
			if p != nil {
				got = p.tool + " " + shorten(root, p.dir) + " " + shorten(root, p.run) + " " + shorten(root, p.root) + " "
				if p.wrapper != "" {
					got += shorten(root, p.wrapper)
				}
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestWhatIsBuilt tells code that a project makes from other code near it.
func TestWhatIsBuilt(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	for name, tc := range map[string]struct {
		files         files
		runtime, code string
		want          bool
	}{
		"a jar":                       {files{"pom.xml": ""}, "java11", "target/a.jar", true},
		"a jar, custom":               {files{"pom.xml": ""}, "custom.debian12", "target/a.jar", true},
		"the project":                 {files{"app/pom.xml": ""}, "custom", "app", true},
		"a folder of results":         {files{"build.gradle": ""}, "java17", "build/libs", true},
		"elsewhere, not there":        {files{"pom.xml": ""}, "java8", "dist", true},
		"a jar elsewhere, not there":  {files{"pom.xml": ""}, "custom", "dist/a.jar", true},
		"elsewhere, there":            {files{"pom.xml": "", "dist/App.class": ""}, "java8", "dist", false},
		"another language's":          {files{"pom.xml": "", "web/index.js": ""}, "custom", "web", false},
		"another's, not there":        {files{"pom.xml": ""}, "custom", "web", false},
		"an archive of another's":     {files{"pom.xml": ""}, "custom", "dist/a.zip", false},
		"another runtime":             {files{"pom.xml": ""}, "python3.10", "target/a.jar", false},
		"an image":                    {files{"pom.xml": ""}, "custom-container", "target/a.jar", false},
		"no project":                  {files{}, "java11", "target/a.jar", false},
		"a package called target":     {files{"app/pom.xml": "", "app/src/target/App.java": ""}, "java11", "app", true},
		"made by the user since":      {files{"pom.xml": "", "src/App.java": "", "target/a.jar": "jar"}, "java11", "target/a.jar", false},
		"a folder made by the user":   {files{"pom.xml": "", "src/App.java": "", "target/a.jar": "jar"}, "custom", "target", false},
		"project with results in it":  {files{"app/pom.xml": "", "app/target/a.jar": "jar"}, "custom", "app", true},
		"other results of the user's": {files{"pom.xml": "", "target/b.jar": "jar"}, "java11", "target/a.jar", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := buildtest.TempDir(t)
			buildtest.Plant(t, root, tc.files)
			same(t, root, tc.files)
			plan, err := (&Builder{}).Plan(build.Request{Runtime: tc.runtime, ProjectDir: root, SourceDir: filepath.Join(root, tc.code)})
			if err != nil || (plan != nil) != tc.want {
				t.Errorf("%+v, %v", plan, err)
			}
		})
	}
	if _, err := (&Builder{}).Plan(build.Request{Runtime: "java99"}); err == nil || err.Error() != `unknown runtime "java99"` {
		t.Errorf("got %v", err)
	}
}

func TestResultsOfFormerBuilds(t *testing.T) {
	t.Parallel()
	root := buildtest.TempDir(t)
	buildtest.Plant(t, root, map[string]string{"pom.xml": "", "m/pom.xml": "", "g/build.gradle.kts": ""})
	for path, want := range map[string]bool{
		"target": true, "m/target": true, "src/main/java/target": false, "g/target": false, "build": false, "g/build": true,
		"g/.gradle": true, "g/src/build": false, "m/src": false, "g/.kotlin": true,
	} {
		if got := isOutput(root, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	dir := buildtest.TempDir(t)
	for url, want := range map[string]string{
		"https://repo.example.com/maven2/org/apache/maven/apache-maven/3.9.9/apache-maven-3.9.9-bin.zip":    "3.9.9",
		"https://repo.example.com/org/apache/maven/apache-maven/4.0.0-rc-3/apache-maven-4.0.0-rc-3-bin.zip": "4.0.0-rc-3",
		"https\\://services.example.com/distributions/gradle-8.10.2-bin.zip":                                "8.10.2",
		"https\\://services.example.com/distributions/gradle-9.0-rc-1-all.zip":                              "9.0-rc-1",
		"https://example.com/other.zip": "",
	} {
		buildtest.Plant(t, dir, map[string]string{
			".mvn/wrapper/maven-wrapper.properties": "wrapperVersion=3.3.2\ndistributionUrl=" + url + "\n", "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=" + url + "\n",
		})
		for _, tool := range []string{maven, gradle} {
			if got := wrapperVersion(dir, tool); got != want {
				t.Errorf("%s of %s: %q, want %q", tool, url, got, want)
			}
		}
	}
	if got := wrapperVersion(t.TempDir(), maven); got != "" {
		t.Errorf("no properties: %q", got)
	}
	buildtest.Plant(t, dir, map[string]string{
		"m/bin/mvn": "", "m/lib/a.jar": "", "m/lib/maven-core-3.9.9.jar": "", "g/bin/gradle": "", "g/lib/gradle-core-8.10.jar": "", "apache-maven-3.8.1/bin/mvn": "",
		"deb/bin/mvn": "", "deb/lib/maven-core-3.x.jar": "",
	})
	for path, want := range map[string]string{"m/bin/mvn": "3.9.9", "g/bin/gradle": "8.10", "apache-maven-3.8.1/bin/mvn": "3.8.1", "deb/bin/mvn": "", "none/bin/mvn": ""} {
		if got := installedVersion(filepath.Join(dir, path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"[INFO] x\n[ERROR] COMPILATION ERROR : \n[ERROR] /p/App.java:[3,5] ';' expected\n[ERROR] Failed to execute goal x: Compilation failure\n[ERROR] /p/App.java:[3,5] ';' expected\n[ERROR] \n[ERROR] -> [Help 1]": "/p/App.java:[3,5] ';' expected",
		"[ERROR] Failed to execute goal on project x: Could not resolve dependencies: a:b:jar:1 -> [Help 1]\n[ERROR] \n[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.":            "Failed to execute goal on project x: Could not resolve dependencies: a:b:jar:1",
		"> Task :compileJava FAILED\n/p/App.java:3: error: ';' expected\n1 error\nFAILURE: Build failed\n* What went wrong:\nExecution failed":                                                                         "/p/App.java:3: error: ';' expected",
		"FAILURE: Build failed with an exception.\n* What went wrong:\nCould not resolve all files.\n* Try:":                                                                                                           "Could not resolve all files.",
		"* What went wrong:": "",
		"all is well":        "",
	} {
		if got := said(strings.Split(output, "\n")); got != want {
			t.Errorf("%q: %q, want %q", output, got, want)
		}
	}
}
