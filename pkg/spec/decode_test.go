package spec

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// These tests hold the mapping onto fc's types to the tables: whatever a row
// says, changes what is deployed, and every field that can be deployed has a
// row.

// checkedOnly are rows that nothing is made of yet; all are marked so.
func checkedOnly() []string {
	return []string{
		"endpoint", "annotations", "supplement", "code.src", "tracingConfig.jaegerConfig",
		"customContainerConfig.accelerationInfo", "customContainerConfig.resolvedImageUri", "customContainerConfig.registryConfig",
		"provisionConfig.target", // an old name of defaultTarget
		"service.tracingConfig", "function.instanceSoftConcurrency", "function.customContainerConfig.accelerationType",
		"function.customContainerConfig.instanceID", "function.customContainerConfig.webServerMode",
		"service.role.", "triggers[].role.", // a described role
	}
}

// decoded is what is made of props, as text.
func decoded(t *testing.T, v *expr.Value, edition, runtime string) string {
	t.Helper()
	l := &loader{source: &source{file: "s.yaml"}, dir: "/p", checker: &checker{}, edition: edition}
	p := props{v}
	var out []any
	if edition == Edition3 {
		out = append(out, p.text("region"), functionV3(p), l.codeV3(p, runtime), triggersV3(p), aroundOfV3(p))
	} else {
		service, function := p.sub("service"), p.sub("function")
		out = append(out, p.text("region"), serviceOfV1(service), functionOfV1(service, function), l.codeV1(function, function.v.Range), triggersOfV1(p), aroundOfV1(p))
	}
	data, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(data) + fmt.Sprint(certificates(out))
}

// certificates are kept out of JSON.
func certificates(parts []any) []string {
	var ids []string
	for _, part := range parts {
		if a, ok := part.(Around); ok {
			for _, d := range a.Domains {
				if d.CertConfig != nil {
					ids = append(ids, d.CertConfig.CertID)
				}
			}
		}
	}
	return ids
}

// leaves calls do for every value without a table of its own.
func leaves(path string, v *expr.Value, f *field, do func(path string, v *expr.Value, f *field)) {
	switch {
	case f.kind == kObject && v.Kind == expr.Map:
		for _, e := range v.Entries {
			leaves(strings.TrimPrefix(path+"."+e.Key, "."), e.Value, f.obj.find(e.Key), do)
		}
	case f.kind == kList && f.elem.kind == kObject:
		for _, item := range v.Items {
			leaves(path+"[]", item, f.elem, do)
		}
	default:
		do(path, v, f)
	}
}

// other is another value that fits the row.
func other(v *expr.Value, f *field) *expr.Value {
	switch f.kind {
	case kBool:
		return expr.NewBool(!v.Bool)
	case kInt:
		n := v.Int - 1
		if len(f.ints) > 0 {
			n = f.ints[0]
		}
		return expr.NewInt(n)
	case kNumber:
		return expr.NewFloat(v.Float/2, plain(v.Float/2))
	case kList:
		return expr.NewList([]*expr.Value{expr.NewString("another")})
	case kStringMap, kAnyMap:
		return expr.NewMap([]expr.Entry{{Key: "another", Value: expr.NewString("v")}, {Key: "authType", Value: expr.NewString("jwt")}})
	default:
		return expr.NewString("/another")
	}
}

func TestEveryRowIsMapped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		edition string
		runtime string
		table   *object
	}{
		{Edition3, "custom", propsV3()}, {Edition1, "custom", propsV1()}, {Edition1, "custom-container", propsV1()},
	} {
		root := (&sampler{}).object(rowsOnly(tt.table))
		at := root
		if tt.edition == Edition1 {
			at = root.Get("function")
			at.Entry("instanceType").Value = expr.NewString("fc.gpu.tesla.1")
			*at.Get("ossBucket") = *expr.NewString("")
		}
		*at.Get("runtime") = *expr.NewString(tt.runtime)
		before, tried := decoded(t, root, tt.edition, tt.runtime), 0
		leaves("", root, &field{kind: kObject, obj: tt.table}, func(path string, v *expr.Value, f *field) {
			if slices.ContainsFunc(checkedOnly(), func(p string) bool {
				return path == p || strings.HasPrefix(path, p+".") || strings.HasPrefix(path, p) && strings.HasSuffix(p, ".")
			}) ||
				notOf(tt.runtime, tt.edition, path) {
				return
			}
			tried++
			was := *v
			*v = *other(&was, f)
			if decoded(t, root, tt.edition, tt.runtime) == before {
				t.Errorf("%s, %s: a change of %s changes nothing that is deployed", tt.edition, tt.runtime, path)
			}
			*v = was
		})
		if tried < 50 {
			t.Errorf("%s: only %d rows were tried", tt.edition, tried)
		}
	}
}

// notOf are rows that count for another runtime, or without another row.
func notOf(runtime, edition, path string) bool {
	if edition == Edition3 {
		return false
	}
	if path == "function.ossKey" || path == "function.ossBucket" {
		return true // see TestCodeOfV1
	}
	if runtime == "custom" {
		return strings.HasPrefix(path, "function.customContainerConfig")
	}
	// Of a container, the blocks of custom runtimes and the code don't count.
	return strings.HasPrefix(path, "function.customRuntimeConfig") || path == "function.codeUri" ||
		path == "function.customContainerConfig.command" || path == "function.customContainerConfig.args"
}

// TestEveryFieldHasARow: what can be deployed can be written. A value of every
// row fills every field of fc's types, less those that the service sets.
func TestEveryFieldHasARow(t *testing.T) {
	t.Parallel()
	table := rowsOnly(propsV3())
	for _, f := range table.fields {
		if f.key == "sessionAffinityConfig" {
			f.kind, f.obj = kString, nil
		}
	}
	p := props{(&sampler{}).object(table)}
	function := functionV3(p)
	readOnly := []string{
		"FunctionID", "FunctionARN", "CodeSize", "CodeChecksum", "CreatedTime", "LastModifiedTime", "State", "LastUpdateStatus",
		"Layers[].Size", "CustomContainerConfig.ResolvedImageURI", "InstanceLifecycleConfig.PreFreeze", // edition 1.0.0
	}
	for _, path := range empties("", reflect.ValueOf(function)) {
		if !slices.Contains(readOnly, path) {
			t.Errorf("no row fills Function.%s", path)
		}
	}
	for _, path := range empties("", reflect.ValueOf(aroundOfV3(p))) {
		// The samples of these rows are maps; edition 1.0.0 names services.
		if !slices.Contains([]string{
			"Domains[].RouteConfig.Routes[].ServiceName", "Domains[].AuthConfig.AuthInfo",
			"Domains[].AccountID", "Domains[].APIVersion", "Domains[].SubdomainCount", "Domains[].CreatedTime", "Domains[].LastModifiedTime",
		}, path) {
			t.Errorf("no row fills Around.%s", path)
		}
	}
	for _, trigger := range triggersV3(p) {
		for _, path := range empties("", reflect.ValueOf(trigger)) {
			if !slices.Contains([]string{"TriggerID", "HTTPTrigger", "CreatedTime", "LastModifiedTime"}, path) {
				t.Errorf("no row fills Trigger.%s", path)
			}
		}
	}
}

// empties lists the fields of a value that are zero.
func empties(path string, v reflect.Value) []string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return []string{path}
		}
		return empties(path, v.Elem())
	case reflect.Struct:
		var out []string
		for i := range v.NumField() {
			out = append(out, empties(strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))...)
		}
		return out
	case reflect.Slice:
		if v.Len() > 0 {
			return empties(path+"[]", v.Index(0))
		}
		return []string{path}
	}
	if v.IsZero() {
		return []string{path}
	}
	return nil
}

func TestCodeOfV1(t *testing.T) {
	t.Parallel()
	l := &loader{source: &source{file: "s.yaml"}, dir: "/p", checker: &checker{}, edition: Edition1}
	stored := expr.NewMap([]expr.Entry{{Key: "ossBucket", Value: expr.NewString("b")}, {Key: "ossKey", Value: expr.NewString("k")}})
	if c := l.codeV1(props{stored}, stored.Range); c.OSSBucket != "b" || c.OSSObject != "k" || c.Path != "" {
		t.Errorf("%+v", c)
	}
	served := expr.NewMap([]expr.Entry{{Key: "codeUri", Value: expr.NewString("https://example.com/code.zip")}})
	if c := l.codeV1(props{served}, served.Range); c.URL != "https://example.com/code.zip" || c.Path != "" {
		t.Errorf("%+v", c)
	}
}

// TestKeysOfTheFile: the rows about the file are the keys that are checked.
func TestKeysOfTheFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		edition string
		file    *object
		entry   *object
		key     string
	}{{Edition3, fileV3(), resourceV3(), "resources"}, {Edition1, fileV1(), resourceV1(), "services"}} {
		text := "edition: " + tt.edition + "\n"
		for _, f := range tt.file.fields {
			if f.key != "edition" && f.key != tt.key {
				text += f.key + ":\n"
			}
		}
		text += tt.key + ":\n  a:\n"
		for _, f := range tt.entry.fields {
			text += "    " + f.key + ":\n"
		}
		_, found := parse(testOptions(""), "s.yaml", "/p", []byte(text))
		for _, d := range found {
			if d.Code == CodeUnknownKey {
				t.Errorf("%s: %s", tt.edition, d.Summary)
			}
		}
	}
	var described []string
	for _, f := range actionsField().elem.elem.obj.fields {
		described = append(described, f.key)
	}
	checked := append(actionFields().keys(), "allow_failure") // which has a form of its own
	for _, key := range checked {
		if !slices.Contains(described, key) {
			t.Errorf("the key %s of actions isn't described", key)
		}
	}
	if len(described) != len(checked) {
		t.Errorf("%v are described, %v are checked", described, checked)
	}
}

func TestSizeFits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cpu    float64
		memory int
		want   bool
	}{
		{0.35, 512, true},
		{0.5, 512, true},
		{0.55, 512, false},
		{1, 1024, true},
		{1, 4096, true},
		{1, 4160, false},
		{1, 960, false},
		{16, 16384, true},
		{16, 32768, true},
		{8, 32768, true},
		{7, 32768, false},
		{0.05, 128, true},
		{0.05, 256, false},
	} {
		if got := fc.SizeFits(tt.cpu, tt.memory); got != tt.want {
			t.Errorf("%v vCPU, %d MB: %v", tt.cpu, tt.memory, got)
		}
	}
}

// TestOldGPU: the type of instance of edition 1.0.0 counts with a GPU, or with
// memory for one.
func TestOldGPU(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]*fc.GPUConfig{
		"":                             nil,
		"instanceType: e1":             nil,
		"instanceType: c1":             nil,
		"instanceType: fc.gpu.tesla.1": {GPUType: "fc.gpu.tesla.1"},
		"gpuMemorySize: 2048":          {GPUMemorySize: 2048},
		"instanceType: fc.gpu.ampere.1, gpuMemorySize: 2048": {GPUType: "fc.gpu.ampere.1", GPUMemorySize: 2048},
	} {
		p, ds := parse(Options{}, "s.yaml", "/project", []byte("edition: 1.0.0\nservices:\n  a:\n    component: fc\n    props:\n      region: cn-hangzhou\n"+
			"      service: {name: svc}\n      function: {name: f, runtime: custom, "+lines+"}\n"))
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		if d := cmp.Diff(want, p.Resources[0].Function.GPUConfig); d != "" {
			t.Errorf("%s: %s", lines, d)
		}
	}
}
