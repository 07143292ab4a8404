package fcclient_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

func newClient(server *fctest.Server, v2 bool) *fcclient.Client {
	return fcclient.New(fcclient.Config{Region: "cn-hangzhou", Credentials: fctest.Credentials(), Endpoint: server.URL, V2: v2, Version: "1.2.3"})
}

func fullFunction(name string) fc.Function {
	yes := true
	return fc.Function{
		FunctionName: name, Description: "d", Runtime: "custom", Handler: "index.handler", CPU: 0.5, MemorySize: 1024, DiskSize: 512,
		Timeout: 30, InstanceConcurrency: 4, InternetAccess: &yes,
		EnvironmentVariables: map[string]string{"A": "1"},
		Layers:               []fc.Layer{{ARN: "acs:fc:r:a:layers/l/versions/1"}},
		CustomRuntimeConfig: &fc.CustomRuntimeConfig{
			Command: []string{"gunicorn"}, Args: []string{"-c", "x.py"}, Port: 9000,
			HealthCheckConfig: &fc.HealthCheckConfig{HTTPGetURL: "/ok", PeriodSeconds: 3},
		},
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{
			Initializer: &fc.LifecycleHook{Handler: "index.init", Timeout: 20},
			PreStop:     &fc.LifecycleHook{Handler: "index.stop", Timeout: 5},
		},
		CustomDNS: &fc.CustomDNS{NameServers: []string{"1.1.1.1"}},
	}
}

func TestFunctionRoundTrip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v2   bool
	}{{"hello", false}, {"svc$hello", true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			server := fctest.New(t)
			client := newClient(server, tt.v2)
			defer client.Close()
			if tt.v2 {
				if _, err := client.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
					t.Fatal(err)
				}
			}
			want := fullFunction(tt.name)
			code := &fc.Code{ZipFile: "emlw", Checksum: ""}
			if _, err := client.CreateFunction(ctx, want, code); err != nil {
				t.Fatal(err)
			}
			got, err := client.GetFunction(ctx, tt.name, "")
			if err != nil {
				t.Fatal(err)
			}
			if tt.v2 {
				want.InternetAccess = nil // the service has it
			} else {
				want.Layers[0].Size = 1
			}
			want.FunctionID, want.CreatedTime, want.LastModifiedTime = got.FunctionID, got.CreatedTime, got.LastModifiedTime
			want.CodeSize, want.CodeChecksum, want.FunctionARN = 3, got.CodeChecksum, got.FunctionARN
			if d := cmp.Diff(&want, got); d != "" {
				t.Errorf("not what was created:\n%s", d)
			}
			if got.CodeChecksum == "" || got.FunctionID == "" {
				t.Errorf("read-only fields are missing: %+v", got)
			}
		})
	}
}

func TestUpdateClearsVariablesAndLayers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v2   bool
	}{{"hello", false}, {"svc$hello", true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			server := fctest.New(t)
			client := newClient(server, tt.v2)
			if tt.v2 {
				if _, err := client.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := client.CreateFunction(ctx, fullFunction(tt.name), nil); err != nil {
				t.Fatal(err)
			}
			got, err := client.UpdateFunction(ctx, fc.Function{FunctionName: tt.name, Runtime: "custom", Timeout: 60}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.EnvironmentVariables) != 0 || len(got.Layers) != 0 {
				t.Errorf("variables %v and layers %v are still there", got.EnvironmentVariables, got.Layers)
			}
			if got.Timeout != 60 || got.MemorySize != 1024 || got.FunctionName != tt.name {
				t.Errorf("timeout %d, memory %d, name %q", got.Timeout, got.MemorySize, got.FunctionName)
			}
		})
	}
}

func TestUpdateSendsNoReadOnlyFields(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, false)
	if _, err := client.CreateFunction(ctx, fullFunction("hello"), nil); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetFunction(ctx, "hello", "")
	if err != nil {
		t.Fatal(err)
	}
	got.Tags = []fc.Tag{{Key: "a", Value: "b"}}
	server.Reset()
	if _, err := client.UpdateFunction(ctx, *got, nil); err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(server.Calls()[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"functionName", "functionId", "codeChecksum", "codeSize", "createdTime", "lastModifiedTime", "tags", "code"} {
		if _, sent := body[key]; sent {
			t.Errorf("%s was sent: %v", key, body[key])
		}
	}
	if d := cmp.Diff([]any{"acs:fc:r:a:layers/l/versions/1"}, body["layers"]); d != "" {
		t.Errorf("layers: %s", d)
	}
}

func TestRequestsAreTamed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, false)
	if _, err := client.CreateFunction(ctx, fullFunction("hello"), &fc.Code{ZipFile: "emlw"}); err != nil {
		t.Fatal(err)
	}
	// A name that would change the path or the query if it were pasted in.
	if _, err := client.GetFunction(ctx, "a/b?c d", "v 1&x=y"); !fc.IsCode(err, fc.CodeFunctionNotFound) {
		t.Errorf("err = %v", err)
	}
	calls := server.Calls()
	create, get := calls[0], calls[1]
	if got := create.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("Content-Type %q", got)
	}
	if got := create.Header.Get("X-Acs-Action"); got != "CreateFunction" {
		t.Errorf("action %q", got)
	}
	if got := create.Header.Get("X-Acs-Version"); got != fc.APIVersion3 {
		t.Errorf("version %q", got)
	}
	if got := create.Header.Get(fc.HeaderRegion); got != "cn-hangzhou" {
		t.Errorf("region %q", got)
	}
	if got := create.Header.Get("User-Agent"); !strings.Contains(got, "s/1.2.3") {
		t.Errorf("user agent %q", got)
	}
	if get.Path != "/2023-03-30/functions/a%2Fb%3Fc%20d" || get.Query != "qualifier=v+1%26x%3Dy" {
		t.Errorf("path %q query %q", get.Path, get.Query)
	}
}

func TestV2ChecksumGoesInTheHeader(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, true)
	if _, err := client.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
		t.Fatal(err)
	}
	wrong := &fc.Code{ZipFile: "emlw", Checksum: "1"}
	if _, err := client.CreateFunction(ctx, fullFunction("svc$f"), wrong); !fc.IsCode(err, fc.CodeInvalidArgument) {
		t.Errorf("a wrong checksum was taken: %v", err)
	}
	call := server.Calls()[1]
	if call.Header.Get(fc.HeaderCodeChecksum) != "1" || strings.Contains(string(call.Body), "checksum") {
		t.Errorf("header %q, body %s", call.Header.Get(fc.HeaderCodeChecksum), call.Body)
	}
	if call.Path != "/2021-04-06/services/svc/functions" {
		t.Errorf("path %q", call.Path)
	}
}

func TestV2Container(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, true)
	if _, err := client.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
		t.Fatal(err)
	}
	want := fc.Function{
		FunctionName: "svc$f", Runtime: "custom-container", Handler: "not-used",
		CustomContainerConfig: &fc.CustomContainerConfig{Image: "img", Entrypoint: []string{"/bin/x"}, Command: []string{"a", "b"}, Port: 8080},
		GPUConfig:             &fc.GPUConfig{GPUType: "fc.gpu.tesla.1", GPUMemorySize: 8192},
	}
	if _, err := client.CreateFunction(ctx, want, nil); err != nil {
		t.Fatal(err)
	}
	stored := server.Function("svc$f")["customContainerConfig"]
	if d := cmp.Diff(map[string]any{"image": "img", "command": `["/bin/x"]`, "args": `["a","b"]`}, stored); d != "" {
		t.Errorf("sent: %s", d)
	}
	got, err := client.GetFunction(ctx, "svc$f", "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.CustomContainerConfig, got.CustomContainerConfig); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want.GPUConfig, got.GPUConfig); d != "" {
		t.Error(d)
	}
	// A command that is no JSON list is one word.
	server.SetFunction("svc$f", map[string]any{"customContainerConfig": map[string]any{"image": "img", "command": "run it"}})
	if got, err = client.GetFunction(ctx, "svc$f", ""); err != nil || !cmp.Equal(got.CustomContainerConfig.Entrypoint, []string{"run it"}) {
		t.Errorf("entrypoint %v, err %v", got.CustomContainerConfig, err)
	}
}

func TestListFunctions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	v3, v2 := newClient(server, false), newClient(server, true)
	if _, err := v2.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
		t.Fatal(err)
	}
	for client, name := range map[*fcclient.Client]string{v3: "plain", v2: "svc$inner"} {
		if _, err := client.CreateFunction(ctx, fullFunction(name), nil); err != nil {
			t.Fatal(err)
		}
		list, err := client.ListFunctions(ctx, "svc", 10)
		if err != nil || len(list) != 1 || list[0].FunctionName != name {
			t.Errorf("%s: list %+v, err %v", name, list, err)
		}
	}
	if _, err := v2.ListFunctions(ctx, "nowhere", 1); !fc.IsCode(err, fc.CodeServiceNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestDeleteFunction(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, false)
	if err := client.DeleteFunction(ctx, "hello"); !fc.IsNotFound(err) {
		t.Errorf("err = %v", err)
	}
	if _, err := client.CreateFunction(ctx, fullFunction("hello"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateTrigger(ctx, "hello", fc.Trigger{TriggerName: "t", TriggerType: fc.TriggerTimer}); err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteFunction(ctx, "hello"); !fc.IsCode(err, fc.CodeFunctionNotEmpty) {
		t.Errorf("err = %v", err)
	}
	if err := client.DeleteTrigger(ctx, "hello", "t"); err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteFunction(ctx, "hello"); err != nil || server.Function("hello") != nil {
		t.Errorf("err = %v, function %v", err, server.Function("hello"))
	}
}

func TestInlineCode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(path, []byte("zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	const sum = "388621963080134800"
	code, err := fcclient.InlineCode(path, sum)
	if err != nil || code.ZipFile != "emlw" || code.Checksum != sum {
		t.Errorf("code %+v, err %v", code, err)
	}
	// Around the pieces in which it is encoded.
	for _, size := range []int{0, 1, 96<<10 - 1, 96 << 10, 96<<10 + 1, 300_000} {
		data := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
		if err := os.WriteFile(path+".sized", data, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, err := fcclient.InlineCode(path+".sized", ""); err != nil || code.ZipFile != base64.StdEncoding.EncodeToString(data) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	var other *fcclient.ChangedError
	if _, err := fcclient.InlineCode(path, "42"); !errors.As(err, &other) || !strings.Contains(err.Error(), path) {
		t.Errorf("replaced: err = %v", err)
	}
	if err := os.Truncate(path, fcclient.MaxInlineZip+1); err != nil {
		t.Fatal(err)
	}
	var large *fcclient.TooLargeError
	if _, err := fcclient.InlineCode(path, ""); !errors.As(err, &large) || !strings.Contains(err.Error(), "75.0 MB") {
		t.Errorf("err = %v", err)
	}
	if _, err := fcclient.InlineCode(path+"x", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, true)
	service := fc.Service{ServiceName: "svc", Description: "d", VPCConfig: &fc.VPCConfig{VPCID: "vpc-1"}}
	if _, err := client.GetService(ctx, "svc"); !fc.IsCode(err, fc.CodeServiceNotFound) {
		t.Errorf("err = %v", err)
	}
	if _, err := client.CreateService(ctx, service); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateService(ctx, service); !fc.IsCode(err, fc.CodeServiceAlreadyExists) {
		t.Errorf("err = %v", err)
	}
	service.Description = "new"
	if got, err := client.UpdateService(ctx, service); err != nil || got.Description != "new" || got.ServiceID == "" {
		t.Errorf("service %+v, err %v", got, err)
	}
	if err := client.DeleteService(ctx, "svc"); err != nil || server.Service("svc") != nil {
		t.Errorf("err = %v", err)
	}
	if _, err := newClient(server, false).GetService(ctx, "svc"); err == nil {
		t.Error("FC 3.0 has services")
	}
	if err := newClient(server, false).DeleteService(ctx, "svc"); err == nil {
		t.Error("FC 3.0 has services")
	}
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	for _, v2 := range []bool{false, true} {
		ctx := context.Background()
		server := fctest.New(t)
		client := newClient(server, v2)
		name := "hello"
		if v2 {
			name = "svc$hello"
			if _, err := client.CreateService(ctx, fc.Service{ServiceName: "svc"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.CreateFunction(ctx, fullFunction(name), nil); err != nil {
			t.Fatal(err)
		}
		config := `{"authType":"anonymous","methods":["GET"]}`
		want := fc.Trigger{TriggerName: "t0", TriggerType: fc.TriggerHTTP, TriggerConfig: config}
		made, err := client.CreateTrigger(ctx, name, want)
		if err != nil {
			t.Fatal(err)
		}
		if made.HTTPTrigger == nil || made.HTTPTrigger.URLInternet != "https://fn.example.test" || made.TriggerConfig != config {
			t.Errorf("v2 %t: made %+v", v2, made)
		}
		for _, n := range []string{"t1", "t2", "t3", "t4"} {
			if _, err := client.CreateTrigger(ctx, name, fc.Trigger{TriggerName: n, TriggerType: fc.TriggerTimer}); err != nil {
				t.Fatal(err)
			}
		}
		// Three pages.
		list, err := client.ListTriggers(ctx, name)
		if err != nil || len(list) != 5 || list[4].TriggerName != "t4" {
			t.Errorf("v2 %t: %d triggers, err %v", v2, len(list), err)
		}
		want.Description = "new"
		if got, err := client.UpdateTrigger(ctx, name, want); err != nil || got.Description != "new" || got.TriggerType != fc.TriggerHTTP {
			t.Errorf("v2 %t: %+v, err %v", v2, got, err)
		}
		if got, err := client.GetTrigger(ctx, name, "t1"); err != nil || got.TriggerName != "t1" {
			t.Errorf("v2 %t: %+v, err %v", v2, got, err)
		}
		if _, err := client.GetTrigger(ctx, name, "none"); !fc.IsCode(err, fc.CodeTriggerNotFound) {
			t.Errorf("v2 %t: err %v", v2, err)
		}
	}
}

func TestTriggerConfigAsObject(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	client := newClient(server, false)
	if _, err := client.CreateFunction(ctx, fullFunction("hello"), nil); err != nil {
		t.Fatal(err)
	}
	server.Fail(fctest.Failure{Path: "/triggers/t", Status: http.StatusOK, Body: `{"triggerName":"t","triggerConfig":{"enable":true}}`})
	got, err := client.GetTrigger(ctx, "hello", "t")
	if err != nil || got.TriggerConfig != `{"enable":true}` {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestListInstances(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	server.Instances = []map[string]any{{"instanceId": "c-1", "status": "Running", "versionId": "0", "createdTimeMs": 5}}
	client := newClient(server, false)
	if _, err := client.CreateFunction(ctx, fullFunction("hello"), nil); err != nil {
		t.Fatal(err)
	}
	server.Reset()
	got, err := client.ListInstances(ctx, "hello", "LATEST")
	if err != nil {
		t.Fatal(err)
	}
	want := []fcclient.Instance{{InstanceID: "c-1", Status: "Running", VersionID: "0", CreatedTimeMS: 5}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if q := server.Calls()[0].Query; q != "qualifier=LATEST&withAllActive=true" {
		t.Errorf("query %q", q)
	}
}
