package scaffold

import (
	"cmp"
	"path/filepath"
	"strings"
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

// legacy is the template of edition 1.0.0.
const legacy = "fc-custom-python37-event"

func checkResource(t *testing.T, template Template, r *spec.Resource, dir string) {
	t.Helper()
	name := template.Name
	if name == legacy {
		name = "hello-world-service$" + name
	}
	runtime, known := fc.LookupRuntime(r.Function.Runtime)
	if r.Region != "cn-hangzhou" || r.Function.FunctionName != name || !known || runtime.Custom != (template.Kind == KindCustom) {
		t.Errorf("%s: %s %s in %s", template.Name, r.Function.Runtime, r.Function.FunctionName, r.Region)
	}
	code := filepath.Join(dir, "code")
	switch at := cmp.Or(r.Code.Path, r.Code.Context); {
	case at == code:
	case template.Language == "java" && strings.HasPrefix(at, filepath.Join(code, "target")): // which the build makes
	default:
		t.Errorf("%s: code at %q", template.Name, at)
	}
	behindHTTP := template.Kind == KindHTTP || template.Kind == KindCustom && template.Name != legacy
	if (len(r.Triggers) == 1) != behindHTTP {
		t.Errorf("%s: %d triggers", template.Name, len(r.Triggers))
	}
}
