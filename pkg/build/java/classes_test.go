package java

import (
	"errors"
	"fmt"
	"testing"
)

// class is a shell's printf of a class file for a Java version.
func class(file string, java int) string {
	return fmt.Sprintf("mkdir -p $(dirname %[1]s); printf '\\312\\376\\272\\276\\000\\000\\000\\%03[2]o' >%[1]s; ", file, java+44)
}

func TestClassesForTheRuntime(t *testing.T) {
	t.Parallel()
	const own, other = "target/classes/demo/App.class", "target/classes/META-INF/versions/21/App.class"
	for name, tc := range map[string]struct {
		runtime, body string
		want          string // empty: it does
	}{
		"right":         {"java17", class(own, 17), ""},
		"older":         {"java17", class(own, 8), ""},
		"newer":         {"java11", class(own, 17), "build hello: demo/App.class is compiled for Java 17, and java11 runs Java 11"},
		"for others":    {"java8", class(own, 8) + class(other, 21) + class("target/classes/module-info.class", 9), ""},
		"no class":      {"java8", "mkdir -p target/classes; echo x >target/classes/a.class; echo more text >target/classes/b.class; ", ""},
		"another place": {"java8", "", ""},
		"custom":        {"custom", class(own, 21), ""},
	} {
		f := newFake(t, "21.0.1")
		f.program("mvn", tc.body+"mkdir -p target; echo jar >target/gone.jar")
		p := newProject(t, tc.runtime, "target/gone.jar", app())
		if tc.want == "" {
			if a := buildIt(t, p, f.builder()); a.Archive == "" {
				t.Errorf("%s: %+v", name, a)
			}
			continue
		}
		err := p.Fail(f.builder())
		wantHelp(t, err, tc.want, "set maven.compiler.release to 11 in the properties of pom.xml")
		var newer *TooNewError
		if !errors.As(err, &newer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFake(t, "21.0.1")
	f.program("gradle", class("build/classes/java/main/App.class", 21))
	p := newProject(t, "java17", "build/libs/app.jar", map[string]string{"build.gradle": ""})
	wantHelp(t, p.Fail(f.builder()), "build hello: java/main/App.class is compiled for Java 21, and java17 runs Java 17",
		"set options.release = 17 for the JavaCompile tasks in the build file")
	if _, err := classVersion("/nowhere/App.class"); err == nil {
		t.Error("a class from nowhere")
	}
}

// TestSettingsOfTheFunction are no reason to build again.
func TestSettingsOfTheFunction(t *testing.T) {
	t.Parallel()
	f := newFake(t, "17.0.15")
	f.program("mvn", makeJar)
	files := app()
	files["s.yaml"] = "edition: 3.0.0"
	p := newProject(t, "java17", ".", files)
	buildIt(t, p, f.builder())
	p.Write("s.yaml", "edition: 3.0.0 # changed")
	p.Req.SourceDir = p.Req.ProjectDir
	buildIt(t, p, f.builder())
	if runs := f.runs(); len(runs) != 1 {
		t.Errorf("built again: %q", runs)
	}
}
