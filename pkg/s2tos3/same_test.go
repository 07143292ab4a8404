package s2tos3

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec"
)

// same fails the test unless a file of edition 1.0.0 and what became of it
// describe the same functions.
func same(t *testing.T, file string, out []byte) {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	load := func(name string, data []byte) *spec.Project {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		p, ds := spec.Load(context.Background(), options(path))
		for _, d := range serious(ds) {
			if d.Severity == diag.Error {
				t.Fatalf("%s: %s: %s\n%s", name, d.Range, d.Summary, data)
			}
		}
		return p
	}
	was, is := load("s.yaml", data), load("s3.yaml", out)
	if is.Edition != spec.Edition3 || is.Name != was.Name || is.Access != was.Access || len(is.Resources) != len(was.Resources) {
		t.Fatalf("%s %q %q, %d resources", is.Edition, is.Name, is.Access, len(is.Resources))
	}
	sameActions(t, was.Actions, is.Actions)
	for i, r := range was.Resources {
		sameResource(t, r, is.Resources[i])
	}
}

func sameResource(t *testing.T, was, is *spec.Resource) {
	t.Helper()
	if is.Name != was.Name || is.Region != was.Region || is.Component != "fc3" || is.Service != nil {
		t.Errorf("%s in %s, was %s in %s", is.Name, is.Region, was.Name, was.Region)
	}
	ignored := cmpopts.IgnoreFields(fc.Function{}, "TracingConfig") // not read in edition 1.0.0
	if d := cmp.Diff(functionOf(was), functionOf(is), ignored); d != "" {
		t.Errorf("%s (-1.0.0 +3.0.0):\n%s", was.Name, d)
	}
	if is.Code.Path != was.Code.Path || is.Code.OSSBucket != was.Code.OSSBucket || is.Code.OSSObject != was.Code.OSSObject {
		t.Errorf("code %+v, was %+v", is.Code, was.Code)
	}
	if d := cmp.Diff(triggersOf(t, was, was.Region), triggersOf(t, is, was.Region)); d != "" {
		t.Errorf("%s, triggers (-1.0.0 +3.0.0):\n%s", was.Name, d)
	}
	sameActions(t, was.Actions, is.Actions)
}

// functionOf gives a function as FC 3.0 sees it: with its service's settings,
// and what the service takes where nothing is said.
func functionOf(r *spec.Resource) fc.Function {
	f := r.Function
	if s := r.Service; s != nil {
		f.Role, f.InternetAccess, f.LogConfig, f.VPCConfig = s.Role, s.InternetAccess, s.LogConfig, s.VPCConfig
		f.NASConfig, f.OSSMountConfig = s.NASConfig, s.OSSMountConfig
	}
	if f.InternetAccess == nil {
		yes := true
		f.InternetAccess = &yes
	}
	if c := f.CustomContainerConfig; c != nil { // not read in edition 1.0.0
		plain := *c
		plain.ACRInstanceID = ""
		f.CustomContainerConfig = &plain
	}
	if r.Pending() { // as it is written
		f.EnvironmentVariables = nil
	}
	f.InstanceConcurrency = max(1, f.InstanceConcurrency)
	if f.MemorySize == fc.DefaultMemoryMB && f.CPU == 0 && f.DiskSize == 0 {
		f.CPU, f.DiskSize = 0.35, 512
	}
	if l := f.InstanceLifecycleConfig; l != nil {
		hooks := *l
		hooks.PreFreeze = nil
		f.InstanceLifecycleConfig = &hooks
		if hooks.Initializer == nil && hooks.PreStop == nil {
			f.InstanceLifecycleConfig = nil
		}
	}
	return f
}

// triggersOf gives triggers with the source that the config of edition 1.0.0
// only names, and the filter that edition 3.0.0 wants.
func triggersOf(t *testing.T, r *spec.Resource, region string) []map[string]any {
	t.Helper()
	var list []map[string]any
	for _, trigger := range r.Triggers {
		var config map[string]any
		if err := json.Unmarshal([]byte(trigger.TriggerConfig), &config); err != nil {
			t.Fatal(err)
		}
		if trigger.TriggerType == fc.TriggerOSS && config["filter"] == nil {
			config["filter"] = map[string]any{"key": map[string]any{"prefix": "", "suffix": ""}}
		}
		source := trigger.SourceARN
		made := strings.HasPrefix(source, "acs:"+strings.TrimSuffix(trigger.TriggerType, "_topic")+":"+region+":"+account+":") ||
			strings.HasPrefix(source, "acs:ots:"+region+":"+account+":instance/") || source == "acs:cdn:*:"+account ||
			strings.HasPrefix(source, "acs:mns:cn-beijing:"+account+":/topics/")
		if source == "" || made {
			source = "(made)"
		}
		list = append(list, map[string]any{
			"name": trigger.TriggerName, "type": trigger.TriggerType, "config": config, "description": trigger.Description,
			"qualifier": trigger.Qualifier, "role": trigger.InvocationRole, "source": source,
		})
	}
	return list
}

func sameActions(t *testing.T, was, is []spec.Action) {
	t.Helper()
	ignored := cmpopts.IgnoreFields(spec.Action{}, "Range", "Component")
	if d := cmp.Diff(was, is, ignored); d != "" {
		t.Errorf("actions (-1.0.0 +3.0.0):\n%s", d)
	}
	for i, a := range is {
		if a.Component == "fc" || strings.HasPrefix(a.Component, "fc ") || (a.Component == "") != (was[i].Component == "") {
			t.Errorf("action %q became %q", was[i].Component, a.Component)
		}
	}
}

// TestSameFunctions is the property: whatever the file of edition 1.0.0, the
// converted one describes the same functions.
func TestSameFunctions(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g := &generator{rand: rand.New(rand.NewPCG(seed, 7))}
			file := filepath.Join(t.TempDir(), "s.yaml")
			if err := os.WriteFile(file, []byte(g.file()), 0o644); err != nil {
				t.Fatal(err)
			}
			out, ds := Convert(context.Background(), options(file), "s3.yaml")
			if out == nil {
				t.Fatalf("%s\nof\n%s", rendered(t, file, nil, ds), g.text.String())
			}
			same(t, file, out)
			if t.Failed() {
				t.Logf("%s\nbecame\n%s", g.text.String(), out)
			}
			for _, comment := range g.comments {
				if !strings.Contains(string(out), comment) {
					t.Errorf("the comment %s is gone from\n%s\nof\n%s", comment, out, g.text.String())
				}
			}
		})
	}
}
