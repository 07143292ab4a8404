package alicloud_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/spec"
)

const (
	region  = "cn-hangzhou"
	project = "serverless-cn-hangzhou-deed2a88-e73d-5caa-b0a9-e6e296f62be2"
	bucket  = "serverless-cn-hangzhou-deed2a88-e73d-5caa-b0a9-e6e296f62be" // cut to 58
	roleARN = "acs:ram::" + alicloudtest.AccountID + ":role/AliyunFcDefaultRole"
)

func everything() spec.Auto {
	return spec.Auto{Log: map[string]string{}, OSSMount: map[string]string{}, Role: true}
}

// isRead tells the calls that change nothing.
func isRead(action string) bool {
	return strings.HasPrefix(action, "GET ") || strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List") || strings.HasPrefix(action, "Describe")
}

func plan(t *testing.T, c *alicloud.Client, q alicloud.Request) *alicloud.Plan {
	t.Helper()
	p, err := c.Plan(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(resources []alicloud.Resource) []string {
	var out []string
	for _, r := range resources {
		out = append(out, fmt.Sprintf("%s %s%s", r.Kind, r.Within, r.Name))
	}
	return out
}

func TestEverythingIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	c := s.Client(region, nil)
	p := plan(t, c, alicloud.Request{Function: "f", Auto: everything()})
	if i := slices.IndexFunc(s.Calls(), func(a string) bool { return !isRead(a) }); i >= 0 || len(s.Things()) > 0 {
		t.Fatalf("the plan made %v", s.Things())
	}
	want := []string{
		"log project " + project, "logstore " + project + "default-logs", "log index " + project + "default-logs", "OSS bucket " + bucket,
		"RAM role AliyunFcDefaultRole", "policy of the role AliyunFcDefaultRoleAliyunFCDefaultRolePolicy",
	}
	if d := cmp.Diff(want, names(p.Missing)); d != "" {
		t.Fatal(d)
	}
	var made []alicloud.Resource
	if err := p.Make(context.Background(), func(r alicloud.Resource) { made = append(made, r) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p.Missing, made); d != "" {
		t.Error(d)
	}
	there := s.Things()
	s.Calls()
	again := plan(t, c, alicloud.Request{Function: "f", Auto: everything()})
	if err := again.Make(context.Background(), func(r alicloud.Resource) { t.Errorf("made again: %v", r) }); err != nil || len(again.Missing) > 0 {
		t.Errorf("%v, missing %v", err, again.Missing)
	}
	if d := cmp.Diff(there, s.Things()); d != "" {
		t.Error(d)
	}
	for _, action := range s.Calls() {
		if !isRead(action) {
			t.Errorf("written again: %s", action)
		}
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	p := plan(t, s.Client(region, nil), alicloud.Request{Function: "f", Auto: everything()})
	if err := p.Make(context.Background(), func(alicloud.Resource) {}); err != nil {
		t.Fatal(err)
	}
	for action, parts := range map[string][]string{
		"POST /":                             {`"projectName":"` + project + `"`},
		"POST /logstores":                    {`"logstoreName":"default-logs"`, `"shardCount":1`, `"ttl":3600`},
		"POST /logstores/default-logs/index": {`"line":{`, `"token":[`},
		"CreateRole":                         {"RoleName=AliyunFcDefaultRole", "fc.aliyuncs.com", "sts%3AAssumeRole"},
		"AttachPolicyToRole":                 {"PolicyName=AliyunFCDefaultRolePolicy", "PolicyType=System", "RoleName=AliyunFcDefaultRole"},
	} {
		for _, part := range parts {
			if !strings.Contains(s.Body(action), part) {
				t.Errorf("%s: no %s in %s", action, part, s.Body(action))
			}
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	yes := true
	for _, tc := range []struct {
		name string
		auto spec.Auto
		have *fc.Function
		env  map[string]string
		want fc.Function
	}{
		{"nothing is auto", spec.Auto{}, nil, nil, fc.Function{}},
		{"log", spec.Auto{Log: map[string]string{"enableLlmMetrics": "true", "logBeginRule": "None"}}, nil, nil, fc.Function{LogConfig: &fc.LogConfig{
			Project: project, Logstore: "default-logs", EnableRequestMetrics: &yes, EnableInstanceMetrics: &yes, EnableLLMMetrics: &yes, LogBeginRule: "None",
		}}},
		{"other names", spec.Auto{Log: map[string]string{}}, nil, map[string]string{alicloud.EnvProject: "p1", alicloud.EnvLogstore: "l1"}, fc.Function{LogConfig: &fc.LogConfig{
			Project: "p1", Logstore: "l1", EnableRequestMetrics: &yes, EnableInstanceMetrics: &yes, LogBeginRule: "DefaultRegex",
		}}},
		{"bucket", spec.Auto{OSSMount: map[string]string{}}, nil, nil, fc.Function{OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{
			BucketName: bucket, Endpoint: "http://oss-cn-hangzhou-internal.aliyuncs.com", MountDir: "/mnt/" + bucket, BucketPath: "/",
		}}}}},
		{"bucket's folder", spec.Auto{OSSMount: map[string]string{"mountDir": "/mnt/x", "bucketPath": "/y", "readOnly": "true"}}, nil, nil, fc.Function{OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{
			BucketName: bucket, Endpoint: "http://oss-cn-hangzhou-internal.aliyuncs.com", MountDir: "/mnt/x", BucketPath: "/y", ReadOnly: true,
		}}}}},
		{"role", spec.Auto{Role: true}, &fc.Function{FunctionName: "f"}, nil, fc.Function{Role: roleARN}},
		{"what is deployed stays", everything(), &fc.Function{
			Role: "r", LogConfig: &fc.LogConfig{Project: "p", Logstore: "l"}, OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{BucketName: "b"}}},
		}, nil, fc.Function{
			Role: "r", LogConfig: &fc.LogConfig{Project: "p", Logstore: "l"}, OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{BucketName: "b"}}},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := alicloudtest.New(t)
			p := plan(t, s.Client(region, tc.env), alicloud.Request{Function: "f", Auto: tc.auto, Deployed: tc.have})
			var f fc.Function
			p.Fill(&f)
			if d := cmp.Diff(tc.want, f); d != "" {
				t.Error(d)
			}
			if calls := s.Calls(); strings.HasSuffix(tc.name, "stays") && len(calls) > 0 {
				t.Errorf("looked for %v", calls)
			}
		})
	}
}

// TestOnceMoreAfterAFailure at each of the calls that make something: what was made
// is found, the rest is made.
func TestOnceMoreAfterAFailure(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"POST /", "POST /logstores", "POST /logstores/default-logs/index", "PUT bucket", "CreateRole", "AttachPolicyToRole"} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, done %v", action, done), func(t *testing.T) {
				t.Parallel()
				s := alicloudtest.New(t)
				s.Fail(alicloudtest.Failure{Action: action, Status: http.StatusInternalServerError, Code: "InternalError", Done: done})
				c := s.Client(region, nil)
				err := plan(t, c, alicloud.Request{Auto: everything()}).Make(context.Background(), func(alicloud.Resource) {})
				if err == nil || !strings.Contains(err.Error(), "InternalError") || !strings.Contains(err.Error(), "request R-1") {
					t.Fatalf("got %v", err)
				}
				if err := plan(t, c, alicloud.Request{Auto: everything()}).Make(context.Background(), func(alicloud.Resource) {}); err != nil || len(s.Things()) != 6 {
					t.Errorf("%v, there are %v", err, s.Things())
				}
			})
		}
	}
}

// TestSomebodyElseMakesIt between our look and our making.
func TestSomebodyElseMakesIt(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	p := plan(t, s.Client(region, nil), alicloud.Request{Auto: everything()})
	for action, code := range map[string]string{
		"POST /": "ProjectAlreadyExist", "POST /logstores": "LogStoreAlreadyExist", "POST /logstores/default-logs/index": "IndexAlreadyExist",
		"CreateRole": "EntityAlreadyExists.Role", "AttachPolicyToRole": "EntityAlreadyExists.Role.Policy",
	} {
		s.Fail(alicloudtest.Failure{Action: action, Status: http.StatusConflict, Code: code, Done: true})
	}
	var made []alicloud.Resource
	if err := p.Make(context.Background(), func(r alicloud.Resource) { made = append(made, r) }); err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || made[0].Kind != alicloud.KindBucket {
		t.Errorf("ours are %v", made)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		action, code string
		auto         spec.Auto
		denied       bool
	}{
		{"GET /", "Unauthorized", spec.Auto{Log: map[string]string{}}, true},
		{"GET bucket", "AccessDenied", spec.Auto{OSSMount: map[string]string{}}, true},
		{"GetRole", "NoPermission", spec.Auto{Role: true}, true},
		{"GetRole", "InvalidAccessKeyId.NotFound", spec.Auto{Role: true}, false},
	} {
		s := alicloudtest.New(t)
		s.Fail(alicloudtest.Failure{Action: tc.action, Status: http.StatusForbidden, Code: tc.code})
		_, err := s.Client(region, nil).Plan(context.Background(), alicloud.Request{Auto: tc.auto})
		var refused *alicloud.Error
		if !errors.As(err, &refused) || refused.Denied() != tc.denied || refused.RequestID != "R-1" || refused.Code != tc.code {
			t.Errorf("%s: %v", tc.action, err)
		}
	}
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		failure alicloudtest.Failure
		waits   []time.Duration
		fails   bool
	}{
		{alicloudtest.Failure{Action: "GetRole", Status: 400, Code: "Throttling.User", Times: 2}, []time.Duration{time.Second, 2 * time.Second}, false},
		{alicloudtest.Failure{Action: "GetRole", Status: 429, Code: "x", RetryAfter: "7"}, []time.Duration{7 * time.Second}, false},
		{alicloudtest.Failure{Action: "GetRole", Status: 503, Code: "x", RetryAfter: "7000"}, []time.Duration{20 * time.Second}, false},
		{alicloudtest.Failure{Action: "GetRole", Status: 503, Code: "x", Times: 9}, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, true},
	} {
		s := alicloudtest.New(t)
		s.Fail(tc.failure)
		_, err := s.Client(region, nil).Plan(context.Background(), alicloud.Request{Auto: spec.Auto{Role: true}})
		if (err != nil) != tc.fails || !slices.Equal(s.Waited(), tc.waits) {
			t.Errorf("%+v: %v, waited %v", tc.failure, err, s.Waited())
		}
	}
}

// TestNewThingsAreWaitedFor, but not for ever.
func TestNewThingsAreWaitedFor(t *testing.T) {
	t.Parallel()
	for _, times := range []int{3, 99} {
		s := alicloudtest.New(t)
		p := plan(t, s.Client(region, nil), alicloud.Request{Auto: spec.Auto{Log: map[string]string{}}})
		s.Fail(alicloudtest.Failure{Action: "GET /", Status: 404, Code: "ProjectNotExist", Times: times})
		err := p.Make(context.Background(), func(alicloud.Resource) {})
		if (err != nil) != (times == 99) {
			t.Errorf("missing %d times: %v", times, err)
		}
		if times == 99 && (!strings.Contains(err.Error(), "isn't there after 28s") || len(s.Waited()) != 14) {
			t.Errorf("%v, waited %v", err, s.Waited())
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	c := s.Client(region, nil)
	p := plan(t, c, alicloud.Request{Auto: everything()})
	if err := p.Make(context.Background(), func(alicloud.Resource) {}); err != nil {
		t.Fatal(err)
	}
	s.Put("objects " + bucket)
	made := slices.Clone(p.Missing)
	slices.Reverse(made)
	for _, again := range []bool{false, true} { // what is gone is deleted
		for _, r := range made {
			err := c.Delete(context.Background(), r)
			if r.Kind == alicloud.KindBucket && !errors.Is(err, alicloud.ErrInUse) || r.Kind != alicloud.KindBucket && err != nil {
				t.Errorf("%v, again %v: %v", r, again, err)
			}
		}
	}
	if d := cmp.Diff([]string{"bucket " + bucket, "objects " + bucket}, s.Things()); d != "" {
		t.Error(d)
	}
	s.Fail(alicloudtest.Failure{Action: "DELETE /", Status: 403, Code: "Unauthorized"})
	s.Put("project p")
	if err := c.Delete(context.Background(), alicloud.Resource{Kind: alicloud.KindProject, Name: "p"}); err == nil || errors.Is(err, alicloud.ErrInUse) {
		t.Errorf("denied: %v", err)
	}
}

func TestUsedBy(t *testing.T) {
	t.Parallel()
	f := fc.Function{
		Role: roleARN, LogConfig: &fc.LogConfig{Project: "p", Logstore: "l"}, OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{BucketName: "b"}}},
	}
	for _, tc := range []struct {
		r    alicloud.Resource
		want bool
	}{
		{alicloud.Resource{Kind: alicloud.KindProject, Name: "p"}, true},
		{alicloud.Resource{Kind: alicloud.KindProject, Name: "q"}, false},
		{alicloud.Resource{Kind: alicloud.KindLogstore, Name: "l", Within: "p"}, true},
		{alicloud.Resource{Kind: alicloud.KindLogstore, Name: "l", Within: "q"}, false},
		{alicloud.Resource{Kind: alicloud.KindBucket, Name: "b"}, true},
		{alicloud.Resource{Kind: alicloud.KindBucket, Name: "c"}, false},
		{alicloud.Resource{Kind: alicloud.KindRole, Name: alicloud.RoleName}, true},
	} {
		if got := tc.r.UsedBy(f); got != tc.want {
			t.Errorf("%v: %v", tc.r, got)
		}
		if tc.r.UsedBy(fc.Function{}) {
			t.Errorf("%v is used by a bare function", tc.r)
		}
	}
}

// TestWhereRequestsGo without an endpoint: by https, to the region.
func TestWhereRequestsGo(t *testing.T) {
	t.Parallel()
	var hosts []string
	c := alicloud.New(alicloud.Config{
		Region: "eu-west-1", AccountID: "1", Keys: fcsign.Keys{AccessKeyID: "k", AccessKeySecret: "hush", SecurityToken: "token"},
		HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Scheme+"://"+r.URL.Host)
			if r.Header.Get("X-Acs-Security-Token")+r.Header.Get("X-Oss-Security-Token") != "token" {
				t.Errorf("%s without the token", r.URL.Host)
			}
			return nil, errors.New("no network")
		})},
	})
	for _, auto := range []spec.Auto{{Log: map[string]string{}}, {OSSMount: map[string]string{}}, {Role: true}} {
		if _, err := c.Plan(context.Background(), alicloud.Request{Auto: auto}); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	}
	id := "356a192b-7913-504c-9457-4d18c28d46e6" // of SHA-1 of "1"
	want := []string{"https://serverless-eu-west-1-" + id + ".eu-west-1.log.aliyuncs.com", "https://serverless-eu-west-1-" + id + ".oss-eu-west-1.aliyuncs.com", "https://ram.aliyuncs.com"}
	if d := cmp.Diff(want, hosts); d != "" {
		t.Error(d)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLocalRole is made up without a call.
func TestLocalRole(t *testing.T) {
	t.Parallel()
	c := alicloud.New(alicloud.Config{Region: region, AccountID: "7", Local: true, HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("called %s", r.Host)
		return nil, errors.New("no")
	})}})
	var f fc.Function
	p := plan(t, c, alicloud.Request{Auto: spec.Auto{Role: true}})
	if p.Fill(&f); f.Role != "acs:ram::7:role/AliyunFcDefaultRole" || len(p.Missing) > 0 {
		t.Errorf("%q, missing %v", f.Role, p.Missing)
	}
}
