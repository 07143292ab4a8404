package deploy_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
)

// leaf is one value inside a desired state, under the path that a plan shows.
type leaf struct {
	path   string
	change func() // makes it another one
}

// leaves finds every value below v that a plan compares on its own: scalars,
// whole lists, single variables.
func leaves(path string, v reflect.Value) []leaf {
	one := func(change func()) []leaf { return []leaf{{path, change}} }
	switch v.Kind() {
	case reflect.String:
		if v.Len() == 0 {
			return nil // left out on purpose
		}
		return one(func() { v.SetString(v.String() + "x") })
	case reflect.Bool:
		return one(func() { v.SetBool(!v.Bool()) })
	case reflect.Int, reflect.Int64:
		return one(func() { v.SetInt(v.Int() + 1) })
	case reflect.Float64:
		return one(func() { v.SetFloat(v.Float() + 0.5) })
	case reflect.Pointer:
		if v.IsNil() {
			return nil // left out on purpose
		}
		return leaves(path, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 {
			return nil // left out on purpose
		}
		return one(func() {
			last := reflect.New(v.Type().Elem()).Elem()
			last.Set(v.Index(v.Len() - 1))
			change := last
			for change.Kind() == reflect.Struct {
				change = change.Field(0)
			}
			change.SetString(change.String() + "x")
			v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), last))
		})
	case reflect.Map:
		var out []leaf
		for _, key := range v.MapKeys() {
			out = append(out, leaf{path + "." + key.String(), func() {
				v.SetMapIndex(key, reflect.ValueOf(v.MapIndex(key).String()+"x"))
			}})
		}
		return out
	}
	var out []leaf
	for field, value := range v.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if path != "" {
			name = path + "." + name
		}
		out = append(out, leaves(name, value)...)
	}
	return out
}

// deepCopy keeps the leaves of one desired state from being those of another.
func deepCopy[T any](v T) T {
	out := reflect.New(reflect.TypeOf(v)).Elem()
	copyInto(out, reflect.ValueOf(v))
	return out.Interface().(T)
}

func copyInto(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copyInto(to.Elem(), from.Elem())
		}
	case reflect.Map:
		to.Set(reflect.MakeMap(from.Type()))
		for _, key := range from.MapKeys() {
			to.SetMapIndex(key, from.MapIndex(key))
		}
	case reflect.Struct:
		for i := range from.NumField() {
			copyInto(to.Field(i), from.Field(i))
		}
	case reflect.Slice:
		to.Set(reflect.AppendSlice(reflect.MakeSlice(from.Type(), 0, from.Len()), from))
	default:
		to.Set(from)
	}
}

// everything3 has every field that a function of edition 3.0.0 may set.
func everything3() fc.Function {
	yes := true
	hook := func(name string) *fc.LifecycleHook {
		return &fc.LifecycleHook{Handler: name, Command: []string{"/bin/" + name}, Timeout: 5}
	}
	health := &fc.HealthCheckConfig{
		HTTPGetURL: "/ok", InitialDelaySeconds: 1, PeriodSeconds: 2, TimeoutSeconds: 3, FailureThreshold: 4, SuccessThreshold: 5,
	}
	return fc.Function{
		FunctionName: "hello", Description: "d", Runtime: "custom", Handler: "index.handler", CPU: 0.5, MemorySize: 512, DiskSize: 512,
		Timeout: 60, InstanceConcurrency: 10, InternetAccess: &yes, EnvironmentVariables: map[string]string{"A": "1", "B": "2"},
		Layers: []fc.Layer{{ARN: "acs:fc:r:o:layers/L/versions/1"}}, Role: "acs:ram::1:role/r",
		CustomRuntimeConfig:     &fc.CustomRuntimeConfig{Command: []string{"run"}, Args: []string{"-v"}, Port: 8080, HealthCheckConfig: health},
		CustomContainerConfig:   &fc.CustomContainerConfig{Image: "i:1", Entrypoint: []string{"/e"}, Command: []string{"c"}, Port: 8080, HealthCheckConfig: health, ACRInstanceID: "cri-1", AccelerationType: "Default"},
		CustomDNS:               &fc.CustomDNS{NameServers: []string{"1.1.1.1"}, Searches: []string{"x.y"}, DNSOptions: []fc.DNSOption{{Name: "ndots", Value: "1"}}},
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{Initializer: hook("init"), PreStop: hook("stop")},
		LogConfig:               &fc.LogConfig{Project: "p", Logstore: "l", EnableRequestMetrics: &yes, EnableInstanceMetrics: &yes, EnableLLMMetrics: &yes, LogBeginRule: "None"},
		VPCConfig:               &fc.VPCConfig{VPCID: "vpc-1", VSwitchIDs: []string{"vsw-1"}, SecurityGroupID: "sg-1"},
		NASConfig:               &fc.NASConfig{UserID: 1, GroupID: 1, MountPoints: []fc.NASMount{{ServerAddr: "nas:/", MountDir: "/mnt/nas", EnableTLS: true}}},
		OSSMountConfig:          &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{BucketName: "b", MountDir: "/mnt/oss", ReadOnly: true}}},
		PolarFSConfig:           &fc.PolarFSConfig{UserID: 1, GroupID: 1, MountPoints: []fc.PolarFSMount{{InstanceID: "pfs-1", MountDir: "/mnt/polar", RemoteDir: "/d", ReadOnly: true}}},
		JuiceFSConfig:           &fc.JuiceFSConfig{Envs: map[string]string{"A": "1"}, MountPoints: []fc.JuiceFSMount{{VolumeName: "v", MountDir: "/mnt/juice", Token: "t"}}},
		TracingConfig:           &fc.TracingConfig{Type: "Jaeger", Params: map[string]string{"endpoint": "e"}},
		GPUConfig:               &fc.GPUConfig{GPUType: "fc.gpu.tesla.1", GPUMemorySize: 4096},
		Tags:                    []fc.Tag{{Key: "k", Value: "v"}}, ResourceGroupID: "rg-1", SessionAffinity: "HEADER_FIELD", SessionAffinityConfig: "a",
		InstanceIsolationMode: "SHARE", EnableLongLiving: &yes, IdleTimeout: 60, DisableInjectCredentials: "None", DisableOndemand: &yes,
		FunctionID: "id", FunctionARN: "arn", CodeSize: 1, CodeChecksum: "1", CreatedTime: "t", LastModifiedTime: "t",
		State: "Active", LastUpdateStatus: "Successful",
	}
}

// TestSampleIsWhole keeps everything3 up with the type: a field that is zero
// here is not tested below.
func TestSampleIsWhole(t *testing.T) {
	t.Parallel()
	for field, value := range reflect.ValueOf(everything3()).Fields() {
		if value.IsZero() {
			t.Errorf("the sample has no %s", field.Name)
		}
	}
}

// undecided are the fields of a function that a deployment never changes: the
// name is what it goes by, the others are the service's.
func undecided() []string {
	return []string{
		"functionName", "functionId", "functionArn", "codeSize", "codeChecksum", "createdTime",
		"lastModifiedTime", "state", "lastUpdateStatus",
	}
}

// settle deploys a changed state over another and checks that the plan names
// that change alone, that it is one call, and that nothing is left to do.
func settle(t *testing.T, server *fctest.Server, v2 bool, changed deploy.Desired, kind deploy.Kind, path string) {
	t.Helper()
	remote := client(server, v2)
	actual, err := deploy.Read(context.Background(), remote, changed)
	if err != nil {
		t.Fatal(err)
	}
	plan := deploy.Plan(changed, actual)
	var got []string
	for _, item := range plan.Items {
		for _, field := range item.Fields {
			got = append(got, string(item.Kind)+" "+field.Path)
		}
	}
	if d := cmp.Diff([]string{string(kind) + " " + path}, got); d != "" {
		t.Errorf("%s %s: %s", kind, path, d)
		return
	}
	server.Reset()
	if _, err := deploy.Apply(context.Background(), remote, plan, deploy.Hooks{}); err != nil {
		t.Errorf("%s %s: %v", kind, path, err)
		return
	}
	method := "PUT "
	if strings.HasPrefix(path, "tags.") {
		method = "POST "
	}
	if writes := server.Writes(); len(writes) != 1 || !strings.HasPrefix(writes[0], method) {
		t.Errorf("%s %s: writes %v", kind, path, writes)
	}
	if actual, err = deploy.Read(context.Background(), remote, changed); err != nil {
		t.Fatal(err)
	}
	if again := deploy.Plan(changed, actual); !again.Empty() {
		t.Errorf("%s %s is planned again: %+v", kind, path, again.Items)
	}
}

func TestEachFieldOfAFunction(t *testing.T) {
	t.Parallel()
	count := len(leaves("", reflect.ValueOf(new(everything3())).Elem()))
	if count < 60 {
		t.Fatalf("only %d values", count)
	}
	for i := range count {
		base := deploy.Desired{Resource: "hello", Region: "cn-hangzhou", Function: everything3()}
		changed := deepCopy(base)
		one := leaves("", reflect.ValueOf(&changed.Function).Elem())[i]
		one.change()
		if slices.Contains(undecided(), one.path) {
			actual := deploy.Actual{Function: &base.Function}
			if plan := deploy.Plan(changed, actual); !plan.Empty() && one.path != "functionName" {
				t.Errorf("%s: %+v", one.path, plan.Items)
			}
			continue
		}
		server := fctest.New(t)
		apply(t, client(server, false), base)
		if one.path == "tags" {
			one.path = "tags.kx" // it has got a second one
		}
		settle(t, server, false, changed, deploy.KindFunction, one.path)
	}
}

// everything1 is what FC 2.0 knows of a function, with a custom runtime or a
// container.
func everything1(container bool) deploy.Desired {
	f := everything3()
	f.FunctionName = "svc$hello"
	f.Role, f.InternetAccess, f.LogConfig, f.VPCConfig, f.NASConfig, f.OSSMountConfig, f.TracingConfig = "", nil, nil, nil, nil, nil, nil
	f.SessionAffinity, f.SessionAffinityConfig, f.Tags, f.ResourceGroupID = "", "", nil, ""
	f.PolarFSConfig, f.JuiceFSConfig = nil, nil
	f.FunctionID, f.FunctionARN, f.CodeSize, f.CodeChecksum, f.CreatedTime, f.LastModifiedTime = "", "", 0, "", "", ""
	f.State, f.LastUpdateStatus = "", ""
	f.InstanceIsolationMode, f.EnableLongLiving, f.IdleTimeout, f.DisableInjectCredentials, f.DisableOndemand = "", nil, 0, "", nil
	f.InstanceLifecycleConfig.Initializer.Command = nil // a command is FC 3.0's alone, preFreeze FC 2.0's
	f.InstanceLifecycleConfig.PreFreeze = &fc.LifecycleHook{Handler: "index.freeze", Timeout: 4}
	f.CustomContainerConfig.ACRInstanceID, f.CustomContainerConfig.AccelerationType = "", ""
	if container {
		f.Runtime, f.CustomRuntimeConfig = "custom-container", nil
	} else {
		f.CustomContainerConfig = nil
	}
	three := everything3()
	return deploy.Desired{
		Resource: "hello", Region: "cn-hangzhou", Function: f,
		Service: &fc.Service{
			ServiceName: "svc", Description: "d", Role: three.Role, InternetAccess: three.InternetAccess, LogConfig: three.LogConfig,
			VPCConfig: three.VPCConfig, NASConfig: three.NASConfig, OSSMountConfig: three.OSSMountConfig,
		},
	}
}

func TestEachFieldOfAnOldFunctionAndItsService(t *testing.T) {
	t.Parallel()
	for _, container := range []bool{false, true} {
		base := everything1(container)
		find := func(d *deploy.Desired) map[deploy.Kind][]leaf {
			out := map[deploy.Kind][]leaf{}
			for kind, v := range map[deploy.Kind]reflect.Value{
				deploy.KindService: reflect.ValueOf(d.Service).Elem(), deploy.KindFunction: reflect.ValueOf(&d.Function).Elem(),
			} {
				for field, value := range v.Fields() {
					name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
					if !value.IsZero() && name != "serviceName" && name != "functionName" {
						out[kind] = append(out[kind], leaves(name, value)...)
					}
				}
			}
			return out
		}
		for kind, all := range find(&base) {
			for i := range all {
				if kind == deploy.KindFunction && all[i].path == "runtime" {
					continue // another runtime is another kind of function
				}
				changed := deepCopy(base)
				one := find(&changed)[kind][i]
				one.change()
				server := fctest.New(t)
				apply(t, client(server, true), base)
				settle(t, server, true, changed, kind, one.path)
			}
		}
	}
}

// TestOldFunctionInParts: what FC 2.0 has in other places than FC 3.0 is planned
// once, and not for ever, where only a part of it is given or taken away.
func TestOldFunctionInParts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(f *fc.Function)
		path   string
	}{
		"a GPU without memory": {func(f *fc.Function) { f.GPUConfig = &fc.GPUConfig{GPUType: "fc.gpu.ampere.1"} }, "gpuConfig.gpuType"},
		"a GPU without a type": {func(f *fc.Function) { f.GPUConfig = &fc.GPUConfig{GPUMemorySize: 1024} }, "gpuConfig.gpuMemorySize"},
		"args without command": {func(f *fc.Function) { f.CustomRuntimeConfig.Command = nil }, "customRuntimeConfig.command"},
		"command without args": {func(f *fc.Function) { f.CustomRuntimeConfig.Args = nil }, "customRuntimeConfig.args"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			base := everything1(false)
			apply(t, client(server, true), base)
			changed := deepCopy(base)
			tt.change(&changed.Function)
			settle(t, server, true, changed, deploy.KindFunction, tt.path)
		})
	}
	server := fctest.New(t)
	base := everything1(false)
	apply(t, client(server, true), base)
	base.Function.CustomRuntimeConfig.Command, base.Function.CustomRuntimeConfig.Args = nil, nil
	apply(t, client(server, true), base)
	if again := apply(t, client(server, true), base); len(again.Done) > 0 {
		t.Errorf("neither: %+v", again.Done)
	}
	base.Function.FunctionName, base.Function.GPUConfig = "svc$new", &fc.GPUConfig{GPUType: "fc.gpu.ampere.1"}
	base.Function.CustomRuntimeConfig.Args = []string{"-v"}
	apply(t, client(server, true), base)
	if again := apply(t, client(server, true), base); len(again.Done) > 0 {
		t.Errorf("new in parts: %+v", again.Done)
	}
}

// TestEachFieldOfATrigger: type and source make it anew, the rest is an update.
func TestEachFieldOfATrigger(t *testing.T) {
	t.Parallel()
	whole := fc.Trigger{
		TriggerName: "t", TriggerType: fc.TriggerOSS, TriggerConfig: `{"events":["a","b"],"filter":{"key":{"prefix":"p"}}}`,
		Description: "d", Qualifier: "prod", InvocationRole: "acs:ram::1:role/r", SourceARN: "acs:oss:r:1:b",
	}
	for path, change := range map[string]func(*fc.Trigger){
		"description":                     func(t *fc.Trigger) { t.Description = "other" },
		"qualifier":                       func(t *fc.Trigger) { t.Qualifier = "test" },
		"invocationRole":                  func(t *fc.Trigger) { t.InvocationRole = "acs:ram::1:role/other" },
		"triggerConfig.events":            func(t *fc.Trigger) { t.TriggerConfig = `{"events":["a"],"filter":{"key":{"prefix":"p"}}}` },
		"triggerConfig.filter.key.prefix": func(t *fc.Trigger) { t.TriggerConfig = `{"events":["b","a"],"filter":{"key":{"prefix":"q"}}}` },
		"triggerConfig.filter.key.suffix": func(t *fc.Trigger) {
			t.TriggerConfig = `{"events":["a","b"],"filter":{"key":{"prefix":"p","suffix":"s"}}}`
		},
	} {
		for _, v2 := range []bool{false, true} {
			server := fctest.New(t)
			base := want3(t)
			if v2 {
				base = want1(t)
			}
			base.Triggers = []fc.Trigger{whole}
			apply(t, client(server, v2), base)
			changed := deepCopy(base)
			change(&changed.Triggers[0])
			settle(t, server, v2, changed, deploy.KindTrigger, path)
		}
	}
	for path, change := range map[string]func(*fc.Trigger){
		"triggerType": func(t *fc.Trigger) { t.TriggerType = fc.TriggerMNSTopic },
		"sourceArn":   func(t *fc.Trigger) { t.SourceARN = "acs:oss:r:1:other" },
	} {
		server := fctest.New(t)
		base := want3(t)
		base.Triggers = []fc.Trigger{whole}
		apply(t, client(server, false), base)
		changed := deepCopy(base)
		change(&changed.Triggers[0])
		server.Reset()
		report := apply(t, client(server, false), changed)
		want := []string{"DELETE /2023-03-30/functions/hello/triggers/t", "POST /2023-03-30/functions/hello/triggers"}
		if d := cmp.Diff(want, server.Writes()); d != "" || len(report.State.Triggers) != 1 {
			t.Errorf("%s: %s, %+v", path, d, report.State.Triggers)
		}
		server.Reset()
		if apply(t, client(server, false), changed); len(server.Writes()) != 0 {
			t.Errorf("%s again: %v", path, server.Writes())
		}
	}
}
