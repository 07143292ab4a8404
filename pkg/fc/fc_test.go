package fc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, service, function string }{
		{"hello", "", "hello"},
		{"shop$hello", "shop", "hello"},
		{"shop$", "shop", ""},
		{"$hello", "", "hello"},
		{"", "", ""},
		{"a$b$c", "a", "b$c"},
	} {
		service, function := SplitName(tt.name)
		if service != tt.service || function != tt.function {
			t.Errorf("%q: %q, %q, want %q, %q", tt.name, service, function, tt.service, tt.function)
		}
	}
}

func FuzzSplitName(f *testing.F) {
	f.Add("shop", "hello")
	f.Add("", "hello")
	f.Fuzz(func(t *testing.T, service, function string) {
		if strings.Contains(service, ServiceSeparator) || service == "" && strings.Contains(function, ServiceSeparator) {
			t.Skip("no name may have the separator in it")
		}
		s, fn := SplitName(JoinName(service, function))
		if s != service || fn != function {
			t.Errorf("%q and %q came back as %q and %q", service, function, s, fn)
		}
	})
}

func TestRuntimes(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, r := range Runtimes() {
		if names[r.Name] {
			t.Errorf("%s is there twice", r.Name)
		}
		names[r.Name] = true
		if got, ok := LookupRuntime(r.Name); !ok || got != r {
			t.Errorf("LookupRuntime(%q) = %+v, %t", r.Name, got, ok)
		}
		if r.Custom != IsCustom(r.Name) {
			t.Errorf("%s: custom is %t in the table, %t by name", r.Name, r.Custom, IsCustom(r.Name))
		}
		if r.Custom == (r.Language != "") {
			t.Errorf("%s has the language %q", r.Name, r.Language)
		}
		if r.Container && r.Interpreter != "" {
			t.Errorf("%s: the image of a container brings its own interpreter", r.Name)
		}
	}
	// The rows of CreateFunction's documentation, both API versions.
	for _, want := range []string{
		"python2.7", "python3", "python3.9", "python3.10", "python3.12", "nodejs6", "nodejs8", "nodejs10", "nodejs12", "nodejs14",
		"nodejs16", "nodejs18", "nodejs20", "java8", "java11", "php7.2", "dotnetcore2.1", "dotnetcore3.1", "go1",
		"custom", "custom.debian10", "custom.debian11", "custom.debian12", "custom-container",
	} {
		if !names[want] {
			t.Errorf("%s is missing", want)
		}
	}
	for _, unknown := range []string{"", "Python3.10", "python3.10 ", "python", "ruby3", "custom.debian13"} {
		if r, ok := LookupRuntime(unknown); ok {
			t.Errorf("%q is %+v", unknown, r)
		}
	}
}

func TestRuntimeVersions(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Runtime{
		"python3":         {Name: "python3", Language: "python", Version: "3.6", Glibc: "2.24"}, // the documentation's word for 3.6
		"python3.12":      {Name: "python3.12", Language: "python", Version: "3.12", Glibc: "2.31"},
		"nodejs4.4":       {Name: "nodejs4.4", Language: "nodejs", Version: "4.4", Glibc: "2.24"},
		"java11":          {Name: "java11", Language: "java", Version: "11", Glibc: "2.24"},
		"dotnetcore3.1":   {Name: "dotnetcore3.1", Language: "dotnet", Version: "3.1", Glibc: "2.24"},
		"custom":          {Name: "custom", Custom: true, Interpreter: "3.7", Glibc: "2.24"},
		"custom.debian10": {Name: "custom.debian10", Custom: true, Interpreter: "3.10", Glibc: "2.28"},
	} {
		if got, _ := LookupRuntime(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestAPIError(t *testing.T) {
	t.Parallel()
	gone := &APIError{Status: 404, Code: CodeFunctionNotFound, Message: "function 'f' does not exist", RequestID: "1-2-3"}
	if got, want := gone.Error(), "FunctionNotFound: function 'f' does not exist (request id 1-2-3)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	early := &APIError{Status: 400, Code: CodeInvalidArgument, Message: "no"}
	if got, want := early.Error(), "InvalidArgument: no"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, tt := range []struct {
		err      error
		notFound bool
		code     bool
	}{
		{nil, false, false},
		{errors.New("FunctionNotFound"), false, false},
		{gone, true, true},
		{fmt.Errorf("read: %w", gone), true, true},
		{errors.Join(errors.New("first"), gone), true, true},
		{early, false, false},
		{&APIError{Status: 404, Code: CodeTriggerNotFound}, true, false},
		{&APIError{Status: 500, Code: CodeFunctionNotFound}, false, true},
	} {
		if got := IsNotFound(tt.err); got != tt.notFound {
			t.Errorf("IsNotFound(%v) = %t", tt.err, got)
		}
		if got := IsCode(tt.err, CodeServiceNotFound, CodeFunctionNotFound); got != tt.code {
			t.Errorf("IsCode(%v) = %t", tt.err, got)
		}
		if IsCode(tt.err) {
			t.Errorf("IsCode(%v) without a code", tt.err)
		}
	}
}

// wholeFunction has every field that GetFunction of 2023-03-30 may give, under
// its documented name.
const wholeFunction = `{
  "functionName": "hello", "description": "d", "runtime": "custom.debian10", "handler": "index.handler", "cpu": 0.35,
  "memorySize": 512, "diskSize": 512, "timeout": 60, "instanceConcurrency": 10, "internetAccess": false,
  "environmentVariables": {"A": "1"}, "layers": [{"arn": "acs:fc:cn-hangzhou:1:layers/l/versions/1", "size": 421}], "role": "acs:ram::1:role/r",
  "customRuntimeConfig": {"command": ["python3"], "args": ["app.py"], "port": 8080, "healthCheckConfig": {
    "httpGetUrl": "/ok", "initialDelaySeconds": 1, "periodSeconds": 2, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 2}},
  "customContainerConfig": {"image": "i:1", "entrypoint": ["/e"], "command": ["c"], "port": 9000},
  "customDNS": {"nameServers": ["1.1.1.1"], "searches": ["x.y"], "dnsOptions": [{"name": "ndots", "value": "1"}]},
  "instanceLifecycleConfig": {"initializer": {"handler": "index.init", "timeout": 10}, "preStop": {"command": ["/bin/stop"], "timeout": 5}},
  "logConfig": {"project": "p", "logstore": "l", "enableRequestMetrics": true, "enableInstanceMetrics": true, "logBeginRule": "DefaultRegex"},
  "vpcConfig": {"vpcId": "vpc-1", "vSwitchIds": ["vsw-1"], "securityGroupId": "sg-1"},
  "nasConfig": {"userId": 0, "groupId": 0, "mountPoints": [{"serverAddr": "x.nas:/", "mountDir": "/mnt/nas", "enableTLS": true}]},
  "ossMountConfig": {"mountPoints": [{"bucketName": "b", "endpoint": "http://oss", "mountDir": "/mnt/oss", "bucketPath": "/a", "readOnly": true}]},
  "tags": [{"Key": "k", "Value": "v"}], "resourceGroupId": "rg-1",
  "sessionAffinity": "HEADER_FIELD", "sessionAffinityConfig": "{}",
  "functionId": "id", "functionArn": "acs:fc:cn-hangzhou:1:functions/hello", "codeSize": 99, "codeChecksum": "18446744073709551615",
  "createdTime": "2023-05-10T02:23:02Z", "lastModifiedTime": "2023-05-10T02:23:03Z", "state": "Active", "lastUpdateStatus": "Successful"
}`

// TestFunctionKeepsEverything: reading a function and writing it again loses
// and adds nothing.
func TestFunctionKeepsEverything(t *testing.T) {
	t.Parallel()
	var f Function
	dec := json.NewDecoder(strings.NewReader(wholeFunction))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(wholeFunction), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestUnsetIsNotSent: an update must not overwrite what s.yaml doesn't say, but
// internetAccess: false is something it says.
func TestUnsetIsNotSent(t *testing.T) {
	t.Parallel()
	no := false
	for _, tt := range []struct {
		value any
		want  string
	}{
		{Function{FunctionName: "f"}, `{"functionName":"f"}`},
		{Function{FunctionName: "f", InternetAccess: &no}, `{"functionName":"f","internetAccess":false}`},
		{Service{ServiceName: "s"}, `{"serviceName":"s"}`},
		{Service{ServiceName: "s", InternetAccess: &no}, `{"serviceName":"s","internetAccess":false}`},
		{Trigger{TriggerName: "t", TriggerType: TriggerHTTP}, `{"triggerName":"t","triggerType":"http"}`},
		{HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"GET"}}, `{"authType":"anonymous","methods":["GET"]}`},
		{HTTPTriggerConfig{}, `{}`},
		{Code{Checksum: "1"}, `{"checksum":"1"}`},
		{LifecycleHook{Handler: "a.b", Timeout: 3}, `{"handler":"a.b","timeout":3}`},
		// The ids of NAS are a choice also where they are root's.
		{NASConfig{}, `{"userId":0,"groupId":0}`},
	} {
		var out bytes.Buffer
		if err := json.NewEncoder(&out).Encode(tt.value); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(out.String()); got != tt.want {
			t.Errorf("%T: %s, want %s", tt.value, got, tt.want)
		}
	}
}

// TestLimits holds the limits to the limits-of-usage page.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"synchronous request body", MaxSyncBody, 33554432},
		{"asynchronous request body", MaxAsyncBody, 131072},
		{"code in the request", MaxInlineCode, 104857600},
		{"code in OSS", MaxOSSCode, 524288000},
		{"log in the answer", MaxTailLog, 4096},
		{"headers of an HTTP trigger", MaxTriggerHeaders, 8192},
		{"path and query of an HTTP trigger", MaxTriggerPathAndQuery, 4096},
		{"timeout in seconds", MaxTimeoutSeconds, 24 * 60 * 60},
		{"requests at once of an instance", MaxInstanceConcurrency, 200},
		{"environment variables", MaxEnvironment, 4096},
		{"functions of a service", MaxServiceFunctions, 50},
		{"port", DefaultPort, 9000},
		{"seconds until a server must listen", MaxStartSeconds, 120},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}

func TestIsGPU(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{"fc.gpu.tesla.1": true, "fc.gpu.x": true, "e1": false, "c1": false, "": false, "fc.gpu": false} {
		if IsGPU(kind) != want {
			t.Errorf("%q: %v", kind, !want)
		}
	}
}

func TestValidVariable(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"A": true, "a_1": true, "FC_X": true, "Z9": true, "": false, "_A": false, "1A": false, "A-B": false, "A B": false, "Ä": false, "Aä": false, "A.B": false,
	} {
		if ValidVariable(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}
