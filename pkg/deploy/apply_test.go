package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/bundle"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

func client(server *fctest.Server, v2 bool) *fcclient.Client {
	return fcclient.New(fcclient.Config{Region: "cn-hangzhou", Credentials: fctest.Credentials(), Endpoint: server.URL, V2: v2})
}

// archive packs a folder with one file.
func archive(t *testing.T, text string) *deploy.Archive {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Pack(context.Background(), dir, bundle.Options{Out: filepath.Join(t.TempDir(), "code.zip")})
	if err != nil {
		t.Fatal(err)
	}
	return &deploy.Archive{Path: b.Path, Size: b.Size, Checksum: b.Checksum}
}

func httpTrigger(name, auth string) fc.Trigger {
	return fc.Trigger{TriggerName: name, TriggerType: fc.TriggerHTTP, TriggerConfig: `{"authType":"` + auth + `","methods":["GET"]}`}
}

// want1 is a resource of edition 1.0.0 with two triggers, want3 one of 3.0.0.
func want1(t *testing.T) deploy.Desired {
	t.Helper()
	return deploy.Want(&spec.Resource{
		Name: "hello", Region: "cn-hangzhou",
		Service: &fc.Service{ServiceName: "svc", Description: "d"},
		Function: fc.Function{
			FunctionName: "svc$hello", Runtime: "custom", MemorySize: 1536, Timeout: 30,
			CustomRuntimeConfig: &fc.CustomRuntimeConfig{Command: []string{"gunicorn"}},
		},
		Triggers: []fc.Trigger{httpTrigger("t1", "anonymous"), {TriggerName: "t2", TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`}},
	}, archive(t, "1"), map[string]string{"PATH": "/code/bin"}, nil)
}

func want3(t *testing.T) deploy.Desired {
	t.Helper()
	return deploy.Want(&spec.Resource{
		Name: "hello", Region: "cn-hangzhou",
		Function: fc.Function{FunctionName: "hello", Runtime: "python3.10", Handler: "index.handler", EnvironmentVariables: map[string]string{"A": "1"}},
		Triggers: []fc.Trigger{httpTrigger("t1", "anonymous")},
	}, archive(t, "1"), nil, nil)
}

func apply(t *testing.T, remote deploy.Remote, desired deploy.Desired) *deploy.Report {
	t.Helper()
	actual, err := deploy.Read(context.Background(), remote, desired)
	if err != nil {
		t.Fatal(err)
	}
	report, err := deploy.Apply(context.Background(), remote, deploy.Plan(desired, actual), deploy.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// The second deployment of the same thing reads, and writes nothing.
func TestSecondDeployWritesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		desired deploy.Desired
		v2      bool
		writes  []string
		reads   int
	}{
		"edition 1.0.0": {want1(t), true, []string{
			"POST /2021-04-06/services",
			"POST /2021-04-06/services/svc/functions",
			"POST /2021-04-06/services/svc/functions/hello/triggers",
			"POST /2021-04-06/services/svc/functions/hello/triggers",
		}, 3},
		"edition 3.0.0": {want3(t), false, []string{"POST /2023-03-30/functions", "POST /2023-03-30/functions/hello/triggers"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			remote := client(server, tt.v2)
			report := apply(t, remote, tt.desired)
			if d := cmp.Diff(tt.writes, server.Writes()); d != "" {
				t.Errorf("writes of the first: %s", d)
			}
			if len(report.Done) != len(tt.writes) || report.State.Function == nil || len(report.State.Triggers) != len(tt.desired.Triggers) {
				t.Errorf("report %+v", report)
			}
			server.Reset()
			report = apply(t, remote, tt.desired)
			if writes := server.Writes(); len(writes) != 0 || len(report.Done) != 0 {
				t.Errorf("the second wrote %v", writes)
			}
			if n := len(server.Calls()); n != tt.reads {
				t.Errorf("the second made %d calls, want %d", n, tt.reads)
			}
		})
	}
}

func TestOnlyChangedCodeIsSent(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	desired := want3(t)
	apply(t, remote, desired)
	server.Reset()
	desired.Function.Timeout = 60
	apply(t, remote, desired)
	put := server.Calls()[2]
	if put.Method != "PUT" || strings.Contains(string(put.Body), "zipFile") {
		t.Errorf("%s %s", put, put.Body)
	}
	server.Reset()
	desired.Code = archive(t, "2")
	report := apply(t, remote, desired)
	if put = server.Calls()[2]; !strings.Contains(string(put.Body), "zipFile") {
		t.Errorf("%s has no code", put)
	}
	if report.State.Function.CodeChecksum != desired.Code.Checksum {
		t.Errorf("checksum %s, want %s", report.State.Function.CodeChecksum, desired.Code.Checksum)
	}
}

func TestRemovedVariableIsRemoved(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	desired := want3(t)
	apply(t, remote, desired)
	desired.Function.EnvironmentVariables = nil
	apply(t, remote, desired)
	if env := server.Function("hello")["environmentVariables"]; fmt.Sprint(env) != "map[]" {
		t.Errorf("variables %v", env)
	}
}

func TestTriggerOfAnotherTypeIsMadeAnew(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	desired := want3(t)
	apply(t, remote, desired)
	server.Reset()
	desired.Triggers = []fc.Trigger{{TriggerName: "t1", TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`}}
	report := apply(t, remote, desired)
	want := []string{"DELETE /2023-03-30/functions/hello/triggers/t1", "POST /2023-03-30/functions/hello/triggers"}
	if d := cmp.Diff(want, server.Writes()); d != "" {
		t.Error(d)
	}
	if len(report.State.Triggers) != 1 || report.State.Triggers[0].TriggerType != fc.TriggerTimer {
		t.Errorf("state %+v", report.State.Triggers)
	}
}

func TestServiceMadeBySomeoneElseMeanwhile(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, true)
	desired := want1(t)
	actual, err := deploy.Read(context.Background(), remote, desired)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.CreateService(context.Background(), fc.Service{ServiceName: "svc"}); err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Apply(context.Background(), remote, deploy.Plan(desired, actual), deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if got := server.Service("svc")["description"]; got != "d" {
		t.Errorf("description %v", got)
	}
}

func kinds(changes []deploy.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, string(c.Kind)+" "+c.Name)
	}
	slices.Sort(out)
	return out
}

// What depends on a failed step is not tried; the report says what is what, and
// a second deployment goes on where the first stopped.
func TestFailedApply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                  string
		failure               fctest.Failure
		done, failed, skipped []string
	}{
		{
			"service",
			fctest.Failure{Method: "POST", Path: "/services", Times: 1, Status: 403, Body: `{"ErrorCode":"AccessDenied"}`},
			nil,
			[]string{"service svc"},
			[]string{"function svc$hello", "trigger t1", "trigger t2"},
		},
		{
			"function",
			fctest.Failure{Method: "POST", Path: "/functions", Times: 1, Status: 400, Body: `{"ErrorCode":"InvalidArgument"}`},
			[]string{"service svc"},
			[]string{"function svc$hello"},
			[]string{"trigger t1", "trigger t2"},
		},
		{
			"one trigger",
			fctest.Failure{Method: "POST", Path: "/triggers", Times: 1, Status: 400, Body: `{"ErrorCode":"InvalidArgument"}`},
			nil, nil, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			server.Fail(tt.failure)
			remote := client(server, true)
			desired := want1(t)
			report, err := deploy.Apply(context.Background(), remote, deploy.Plan(desired, deploy.Actual{}), deploy.Hooks{})
			var failed *deploy.ApplyError
			var api *fc.APIError
			if !errors.As(err, &failed) || !errors.As(err, &api) || failed.Report != report {
				t.Fatalf("err = %v", err)
			}
			if !strings.Contains(err.Error(), string(failed.Change.Kind)+" "+failed.Change.Name) {
				t.Errorf("the error doesn't name the step: %v", err)
			}
			if tt.name == "one trigger" { // which one is chance; the other is done
				if len(report.Done) != 3 || len(report.Failed) != 1 || len(report.Skipped) != 0 {
					t.Errorf("report %+v", report)
				}
			} else if d := cmp.Diff([][]string{tt.done, tt.failed, tt.skipped},
				[][]string{kinds(report.Done), kinds(report.Failed), kinds(report.Skipped)}); d != "" {
				t.Error(d)
			}
			apply(t, remote, desired)
			if again, err := deploy.Read(context.Background(), remote, desired); err != nil || !deploy.Plan(desired, again).Empty() {
				t.Errorf("not all there after the second: %v, %+v", err, again)
			}
		})
	}
}

func TestApplyStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	desired := want1(t)
	hooks := deploy.Hooks{Done: func(c deploy.Change, _ error) {
		if c.Kind == deploy.KindService {
			cancel()
		}
	}}
	report, err := deploy.Apply(ctx, client(server, true), deploy.Plan(desired, deploy.Actual{}), hooks)
	if !errors.Is(err, context.Canceled) || len(report.Done) != 1 || len(report.Skipped) != 3 {
		t.Errorf("err %v, report %+v", err, report)
	}
	if len(server.Writes()) != 1 {
		t.Errorf("writes %v", server.Writes())
	}
}

func TestHooksSeeEveryStep(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	server.Fail(fctest.Failure{Method: "POST", Path: "/functions", Status: 400})
	var mu sync.Mutex
	var seen []string
	note := func(word string) { mu.Lock(); seen = append(seen, word); mu.Unlock() }
	_, err := deploy.Apply(context.Background(), client(server, true), deploy.Plan(want1(t), deploy.Actual{}), deploy.Hooks{
		Start: func(c deploy.Change) { note("start " + string(c.Kind)) },
		Done:  func(c deploy.Change, err error) { note(fmt.Sprintf("done %s %t", c.Kind, err == nil)) },
	})
	if err == nil {
		t.Fatal("no error")
	}
	if d := cmp.Diff([]string{"start service", "done service true", "start function", "done function false"}, seen); d != "" {
		t.Error(d)
	}
}

func TestCodeThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	desired := want3(t)
	desired.Code.Path = filepath.Join(t.TempDir(), "gone.zip")
	_, err := deploy.Apply(context.Background(), client(server, false), deploy.Plan(desired, deploy.Actual{}), deploy.Hooks{})
	if !errors.Is(err, os.ErrNotExist) || len(server.Calls()) != 0 {
		t.Errorf("err %v, calls %v", err, server.Calls())
	}
}

func TestCodeFromOSS(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	desired := want3(t)
	desired.Code = &deploy.Archive{OSSBucket: "bucket", OSSObject: "object"}
	apply(t, client(server, false), desired)
	if body := string(server.Calls()[2].Body); !strings.Contains(body, `"ossBucketName":"bucket"`) || !strings.Contains(body, `"ossObjectName":"object"`) {
		t.Errorf("body %s", body)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/services/svc": "service svc", "/triggers": "triggers of function"} {
		server := fctest.New(t)
		server.Fail(fctest.Failure{Path: path, Status: 403, Body: `{"ErrorCode":"AccessDenied","ErrorMessage":"no"}`})
		_, err := deploy.Read(context.Background(), client(server, true), want1(t))
		if !fc.IsCode(err, fc.CodeAccessDenied) || (path == "/triggers" && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
