package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"s/pkg/fc"
	"s/pkg/spec"
)

// load reads an s.yaml that is beside the folder code.
func load(t *testing.T, dir, file string) *spec.Project {
	t.Helper()
	project, found := spec.Load(t.Context(), spec.Options{
		Dir: dir, File: file, LookupEnv: func(string) (string, bool) { return "", false },
		CredentialFor: func(_, field string) (string, error) { return field, nil },
		SecretFor:     func(name string) (string, error) { return name, nil },
	})
	if found.HasErrors() {
		text, _ := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
		t.Fatalf("%v\n%s", found.Err(), text)
	}
	return project
}

// stateOf is what deploying a resource would leave.
func stateOf(r *spec.Resource) State {
	a := r.Around
	s := State{
		Project: "app", Access: "local", Resource: r.Name, Region: r.Region, Code: "./code",
		Function: r.Function, Triggers: r.Triggers, VPCs: a.VPCBinding, Domains: a.Domains,
	}
	if runtime, _ := fc.LookupRuntime(r.Function.Runtime); runtime.Container {
		s.Code = ""
	}
	if a.Async != nil {
		s.Async = &fc.AsyncStatus{AsyncConfig: *a.Async, Owner: fc.Owner{Qualifier: a.AsyncQualifier}}
	}
	if a.Concurrency != nil {
		s.Concurrency = &fc.ConcurrencyStatus{ConcurrencyConfig: *a.Concurrency}
	}
	if a.Provision != nil {
		s.Provision = &fc.ProvisionStatus{ProvisionConfig: *a.Provision, Owner: fc.Owner{Qualifier: a.ProvisionQualifier}}
	}
	if a.Scaling != nil {
		s.Scaling = &fc.ScalingStatus{ScalingConfig: *a.Scaling, Owner: fc.Owner{Qualifier: a.ScalingQualifier}}
	}
	for i := range s.Domains {
		for j := range s.Domains[i].RouteConfig.Routes {
			s.Domains[i].RouteConfig.Routes[j].FunctionName = r.Function.FunctionName
		}
	}
	return s
}

// TestThereAndBack: for every s.yaml that spec's tests accept, what is written for
// its deployment says the same as it does.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../spec/testdata/ok/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	tried := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "component: fc3") {
			continue
		}
		abs, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		project, found := spec.Load(t.Context(), spec.Options{
			Dir: filepath.Dir(abs), File: abs, LookupEnv: func(string) (string, bool) { return "", false },
		})
		if found.HasErrors() || project.Edition != spec.Edition3 {
			continue // those that need more around them
		}
		for _, r := range project.Resources {
			if r.Pending() || r.Region == "" {
				continue
			}
			tried++
			t.Run(filepath.Base(file)+" "+r.Name, func(t *testing.T) {
				t.Parallel()
				checkBack(t, r)
			})
		}
	}
	if tried < 20 {
		t.Errorf("only %d resources were tried", tried)
	}
}

func checkBack(t *testing.T, r *spec.Resource) {
	t.Helper()
	text, _, err := YAML(stateOf(r))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	back := load(t, dir, "").Resources[0]
	want, got := stateOf(r), stateOf(back)
	for _, s := range []*State{&want, &got} {
		for i := range s.Domains { // what can't be given back
			s.Domains[i].CertConfig = nil
		}
		for i := range s.Triggers {
			s.Triggers[i].TriggerConfig = strings.ReplaceAll(s.Triggers[i].TriggerConfig, " ", "")
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s\n%s", diff, text)
	}
}

// TestTextsStayTexts: nothing in a value is taken for an expression, a number or
// anything else but what it is.
func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"EXPR": "${vars.x} and $${y} ${", "NUMBER": "0012", "BOOL": "yes", "NULL": "null", "EMPTY": "", "LINES": "a\n b: c\n", "HASH": "a # b",
		"QUOTES": `"a" 'b' \n`, "TAG": "!!int 5", "UNICODE": "你好\u2028", "COLON": "a: b", "HTML": "<a&b>", "DATE": "2026-01-01",
	}
	r := &spec.Resource{Name: "r", Region: "cn-hangzhou", Function: fc.Function{
		FunctionName: "f", Runtime: "python3.10", Handler: "index.handler", MemorySize: 512, CPU: 0.35, DiskSize: 512, Timeout: 3,
		EnvironmentVariables: values, Description: "${nothing}",
	}}
	yes := true
	r.Function.InternetAccess = &yes
	checkBack(t, r)
}

func TestNotes(t *testing.T) {
	t.Parallel()
	route := func(path, function string) fc.PathConfig { return fc.PathConfig{Path: path, FunctionName: function} }
	s := State{
		Resource: "r", Region: "cn-hangzhou",
		Function: fc.Function{
			FunctionName: "f", Tags: []fc.Tag{{Key: "acs:x", Value: "y"}},
			InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{PreFreeze: &fc.LifecycleHook{Handler: "index.freeze"}},
		},
		Triggers:  []fc.Trigger{{TriggerName: "t", TriggerType: "http", TriggerConfig: "{"}},
		Provision: &fc.ProvisionStatus{ProvisionConfig: fc.ProvisionConfig{DefaultTarget: 1}},
		Scaling:   &fc.ScalingStatus{},
		Domains: []fc.CustomDomain{
			{DomainName: "empty.example.com"},
			{DomainName: "a.example.com", CertConfig: &fc.CertConfig{CertName: "c"}, RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{
				route("/a", "f"), route("/b", "f"), route("/c", "g"),
			}}},
			{DomainName: "b.example.com", RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{route("/*", "f")}}},
		},
	}
	text, notes, err := YAML(s)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(notes, "\n")
	for _, want := range []string{
		"preFreeze", "trigger t is left out", "scaling configuration is left out", "certificate of custom domain a.example.com",
		"route /b of custom domain a", "a.example.com has routes to other functions", "route /* of custom domain b",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no note about %q:\n%s", want, all)
		}
	}
	for _, not := range []string{"tags:", "preFreeze", "scalingConfig", "/b", "code:"} {
		if strings.Contains(string(text), not) {
			t.Errorf("%q is in\n%s", not, text)
		}
	}
	s.Provision.DefaultTarget = 0
	if text, _, err = YAML(s); err != nil || !strings.Contains(string(text), "scalingConfig") || strings.Contains(string(text), "provisionConfig") {
		t.Errorf("%v\n%s", err, text)
	}
}

// What the service sets of an image isn't anybody's to write.
func TestResolvedImageIsLeftOut(t *testing.T) {
	t.Parallel()
	k := &fc.CustomContainerConfig{Image: "registry.test/me/app:1", ResolvedImageURI: "registry.test/me/app@sha256:1"}
	text, _, err := YAML(State{Resource: "web", Function: fc.Function{FunctionName: "web", Runtime: "custom-container", CustomContainerConfig: k}})
	if err != nil || strings.Contains(string(text), "sha256") || !strings.Contains(string(text), "registry.test/me/app:1") || k.ResolvedImageURI == "" {
		t.Errorf("%v\n%s", err, text)
	}
}
