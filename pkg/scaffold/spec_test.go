package scaffold

import (
	"path/filepath"
	"testing"

	"s/pkg/fc"
	"s/pkg/spec"
)

// Both s.yaml of every template are valid: no error and no warning.
func TestProjectsAreValid(t *testing.T) {
	t.Parallel()
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range all {
		dir := renderDefault(t, template.Name)
		for _, name := range []string{"s.yaml", "s_en.yaml"} {
			project, diags := spec.Load(t.Context(), spec.Options{File: filepath.Join(dir, name), Command: "deploy"})
			for _, d := range diags {
				t.Errorf("%s: %s %s: %s", template.Name, d.Range, d.Severity, d.Summary)
			}
			if diags.HasErrors() {
				continue
			}
			if project.Access != "local" || len(project.Resources) != 1 {
				t.Fatalf("%s %s: access %q, %d resources", template.Name, name, project.Access, len(project.Resources))
			}
			checkResource(t, template, project.Resources[0], dir)
		}
	}
}

func checkResource(t *testing.T, template Template, r *spec.Resource, dir string) {
	t.Helper()
	want := fc.Function{FunctionName: template.Name, Runtime: "python3.10"}
	if template.Kind == KindCustom {
		want = fc.Function{FunctionName: "hello-world-service$" + template.Name, Runtime: "custom"}
	}
	if r.Region != "cn-hangzhou" || r.Function.FunctionName != want.FunctionName || r.Function.Runtime != want.Runtime {
		t.Errorf("%s: %s %s in %s, want %s %s", template.Name, r.Function.Runtime, r.Function.FunctionName, r.Region, want.Runtime, want.FunctionName)
	}
	if r.Code.Path != filepath.Join(dir, "code") {
		t.Errorf("%s: code at %q", template.Name, r.Code.Path)
	}
	if triggers := len(r.Triggers); (triggers == 1) != (template.Kind == KindHTTP) {
		t.Errorf("%s: %d triggers", template.Name, triggers)
	}
}
