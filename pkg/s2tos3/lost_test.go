package s2tos3

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"s/pkg/diag"
)

// file10 makes a file of edition 1.0.0 out of further keys of its parts.
func file10(service, function, props, resource string) []byte {
	lines := func(indent, text string) string {
		if text == "" {
			return ""
		}
		return indent + strings.ReplaceAll(text, "\n", "\n"+indent) + "\n"
	}
	if !strings.Contains(function, "runtime:") {
		function = strings.TrimPrefix("runtime: python3.10\nhandler: index.handler\n"+function, "\n")
	}
	if !strings.Contains(function, "memorySize:") {
		function += "\nmemorySize: 512"
	}
	if !strings.Contains(function, "custom-container") && !strings.Contains(function, "ossBucket") && !strings.Contains(function, "codeUri") {
		function += "\ncodeUri: ./code"
	}
	return []byte("edition: 1.0.0\nname: app\naccess: default\nservices:\n  hello:\n    component: fc\n" + lines("    ", resource) +
		"    props:\n      region: cn-hangzhou\n      service:\n        name: svc\n" + lines("        ", service) +
		"      function:\n        name: fn\n" + lines("        ", function) + lines("      ", props))
}

// part is one key of edition 1.0.0 with a value, and what must become of it: a
// line of the result, or a finding about the key.
type part struct {
	in      string // service, function, props or resource
	text    string
	becomes string // what the result holds
	finding string // the code of the finding, if there must be one
}

func parts() []part {
	custom, container := "runtime: custom\n", "runtime: custom-container\ncustomContainerConfig:\n  image: a/b\n"
	return []part{
		{"service", "description: d", "", CodeDropped},
		{"service", "internetAccess: false", "internetAccess: false", ""},
		{"service", "role: r", "role: r", ""},
		{"service", "role: {name: r}", "", CodeDecide},
		{"service", "tracingConfig: Disable", "", ""},
		{"service", "tracingConfig: Enable", "", CodeDecide},
		{"service", "tracingConfig: {type: Jaeger, params: {endpoint: e}}", "tracingConfig: {type: Jaeger, params: {endpoint: e}}", ""},
		{"service", "logConfig: {project: p, logstore: l}", "logConfig: {project: p, logstore: l}", ""},
		{"service", "logConfig: auto", "logConfig: auto", CodeChanged},
		{"service", "vpcConfig: auto", "vpcConfig: auto", CodeChanged},
		{"service", "nasConfig: auto", "nasConfig: auto", CodeChanged},
		{"service", "vpcConfig:\n  vpcId: v\n  vswitchIds: [w]\n  securityGroupId: g", "vSwitchIds: [w]", ""},
		{"service", "nasConfig:\n  userId: 7\n  mountPoints: [{serverAddr: s, nasDir: /d, fcDir: /m}]", "s:/d', mountDir: /m", ""},
		{"service", "nasConfig:\n  groupId: 7\n  mountPoints: [{serverAddr: s, fcDir: /m}]", "mountDir: /m", ""},
		{"service", "ossMountConfig: {mountPoints: [{bucketName: b, endpoint: e, mountDir: /m}]}", "bucketName: b", ""},
		{"service", "vpcBinding: [v]", "vpcIds: [v]", ""},
		{"function", "description: d", "description: d", ""},
		{"function", "codeUri: ./x.zip", "code: ./x.zip", ""},
		{"function", "ossBucket: b\nossKey: k", "ossObjectName: k", ""},
		{"function", "timeout: 9", "timeout: 9", ""},
		{"function", "cpu: 0.5", "cpu: 0.5", ""},
		{"function", "diskSize: 10240", "diskSize: 10240", ""},
		{"function", "caPort: 8080", "", CodeDropped},
		{"function", custom + "caPort: 8080", "port: 8080", ""},
		{"function", container + "caPort: 8080", "port: 8080", ""},
		{"function", "instanceConcurrency: 3", "instanceConcurrency: 3", ""},
		{"function", "instanceSoftConcurrency: 3", "", CodeDropped},
		{"function", "instanceType: e1", "", ""},
		{"function", "instanceType: c1", "", CodeDropped},
		{"function", container + "instanceType: fc.gpu.tesla.1\ngpuMemorySize: 2048", "gpuType: fc.gpu.tesla.1", ""},
		{"function", container + "instanceType: fc.gpu.tesla.1", "", CodeDecide},
		{"function", container + "gpuMemorySize: 2048", "", CodeDecide},
		{"function", "environmentVariables: {A: b}", "environmentVariables: {A: b}", ""},
		{"function", "initializer: a.b", "handler: a.b", ""},
		{"function", "initializer: a.b\ninitializationTimeout: 17", "timeout: 17", ""},
		{"function", "initializationTimeout: 17", "", CodeDropped},
		{"function", "layers: [acs:x]", "layers: ['acs:x']", ""},
		{"function", custom + "customRuntimeConfig: {command: [c], args: [a]}", "{command: [c], args: [a], port: 9000}", ""},
		{"function", custom + "customHealthCheckConfig: {httpGetUrl: /r}", "healthCheckConfig: {httpGetUrl: /r}", ""},
		{"function", "customHealthCheckConfig: {httpGetUrl: /r}", "", CodeDropped},
		{"function", container + "  command: '[\"a b\"]'", `entrypoint: ["a b"]`, ""},
		{"function", container + "  args: '[\"-v\"]'", `command: ["-v"]`, ""},
		{"function", container + "  instanceID: cri-1", "acrInstanceId: cri-1", ""},
		{"function", container + "  accelerationType: Default", "", CodeDropped},
		{"function", container + "  webServerMode: true", "", ""},
		{"function", container + "  webServerMode: false", "", CodeDecide},
		{"function", "instanceLifecycleConfig: {preStop: {handler: a.stop}}", "preStop: {handler: a.stop}", ""},
		{"function", "instanceLifecycleConfig: {preFreeze: {handler: a.freeze}}", "", CodeDropped},
		{"function", "asyncConfiguration: {maxAsyncEventAgeInSeconds: 7}", "asyncInvokeConfig: {maxAsyncEventAgeInSeconds: 7}", ""},
		{"function", "asyncConfiguration: {maxAsyncRetryAttempts: 2, statefulInvocation: true}", "asyncTask: true", ""},
		{"function", "asyncConfiguration: {destination: {onSuccess: acs:mns:q}}", "onSuccess: {destination: 'acs:mns:q'}", ""},
		{"function", "customDNS: {nameServers: [1.1.1.1]}", "customDNS: {nameServers: [1.1.1.1]}", ""},
		{"props", "customDomains: []", "", ""},
		{"props", "customDomains: [{domainName: a.com, protocol: HTTP}]", "domainName: a.com", ""},
		{"props", "customDomains: [{domainName: auto, routeConfigs: [{path: /}]}]", "domainName: auto", CodeChanged},
		{"props", "customDomains: [{domainName: a.com, certConfig: {certName: c}}]", "certConfig: {certName: c}", ""},
		{"props", "customDomains: [{domainName: a.com, routeConfigs: [{path: /, functionName: other}]}]", "", CodeOne},
		{"props", "customDomains: [{domainName: a.com, routeConfigs: [{path: /, functionName: fn, serviceName: svc, qualifier: q}]}]", "qualifier: q", ""},
		{"resource", "actions: {post-deploy: [{run: x}]}", "complete-deploy: [{run: x}]", ""},
	}
}

// TestNothingIsLost: whatever edition 1.0.0 knows is in the result, or a finding
// is about it, or it says what holds anyway.
func TestNothingIsLost(t *testing.T) {
	for _, p := range parts() {
		t.Run(p.in+" "+p.text, func(t *testing.T) {
			by := map[string]string{p.in: p.text}
			source := file10(by["service"], by["function"], by["props"], by["resource"])
			out, ds := convertText(t, source)
			for _, d := range ds {
				if strings.HasPrefix(d.Code, "FC-SPEC-") || d.Code == CodeResult {
					t.Fatalf("%s: %s\n%s", d.Code, d.Summary, source)
				}
			}
			if p.becomes != "" && !strings.Contains(string(out), p.becomes) {
				t.Errorf("%q is missing in\n%s", p.becomes, out)
			}
			if found := slices.ContainsFunc(ds, func(d diag.Diagnostic) bool { return d.Code == p.finding }); found != (p.finding != "") || p.finding == "" && len(ds) > 0 {
				t.Errorf("want %q, found %v", p.finding, ds)
			}
			decides := p.finding == CodeDecide || p.finding == CodeOne
			if (out == nil) != decides {
				t.Errorf("a result: %v, findings: %v", out != nil, ds)
			}
		})
	}
}

// TestSources: the ARN of a trigger's source out of its config.
func TestSources(t *testing.T) {
	const account = "${config('AccountID')}"
	for _, tt := range []struct{ kind, config, want string }{
		{"oss", "{bucketName: b, events: [e]}", "acs:oss:cn-hangzhou:" + account + ":b"},
		{"oss", "{bucketName: '${env(B)}', events: [e]}", "acs:oss:cn-hangzhou:" + account + ":${env('B')}"},
		{"mns_topic", "{topicName: t}", "acs:mns:cn-hangzhou:" + account + ":/topics/t"},
		{"mns_topic", "{topicName: t, region: cn-beijing}", "acs:mns:cn-beijing:" + account + ":/topics/t"},
		{"tablestore", "{instanceName: i, tableName: t}", "acs:ots:cn-hangzhou:" + account + ":instance/i/table/t"},
		{"log", "{sourceConfig: {logstore: s}, logConfig: {project: p, logstore: l}}", "acs:log:cn-hangzhou:" + account + ":project/p"},
		{"log", "{sourceConfig: {logstore: s}}", ""},
		{"cdn_events", "{eventName: n}", "acs:cdn:*:" + account},
		{"eventbridge", "{triggerEnable: true}", ""},
		{"timer", "{cronExpression: '@every 1m', enable: true}", ""},
		{"http", "{authType: anonymous, methods: [GET]}", ""},
	} {
		t.Run(tt.kind+" "+tt.config, func(t *testing.T) {
			trigger := fmt.Sprintf("triggers:\n  - name: t\n    type: %s\n    config: %s", tt.kind, tt.config)
			out, ds := convertText(t, file10("", "", trigger, ""))
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			_, rest, _ := strings.Cut(string(out), "sourceArn: ")
			if got, _, _ := strings.Cut(rest, "\n"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			kept, ds := convertText(t, file10("", "", trigger+"\n    sourceArn: acs:mine", ""))
			if ds.HasErrors() || strings.Count(string(kept), "sourceArn: acs:mine") != 1 || strings.Count(string(kept), "sourceArn") != 1 {
				t.Errorf("%v\n%s", ds, kept)
			}
		})
	}
}

// TestComponentActions: fc's commands in actions become those of fc3.
func TestComponentActions(t *testing.T) {
	for _, tt := range []struct {
		was, want string
		findings  int
	}{
		{"fc build", "fc3 build", 0},
		{"fc build --use-docker", "fc3 build", 0},
		{"fc  build  -d", "fc3 build", 0},
		{"devsapp/fc build --use-docker", "fc3 build", 0},
		{"fc@0.1.77 build", "fc3 build", 0},
		{"fc build --use-sandbox --dockerfile=D", "fc3 build --use-sandbox --dockerfile=D", 0},
		{"fc build -f Dockerfile --context .", "fc3 build -f Dockerfile --context .", 0},
		{"fc build --use-buildkit --use-docker", "fc3 build", 1},
		{"fc build --nope --worse", "fc3 build", 2},
		{"fc deploy -y", "fc3 deploy -y", 1},
		{"fc", "fc3", 1},
		{"fc-api layer", "fc-api layer", 0},
		{"fc3 build", "fc3 build", 0},
	} {
		out, ds := convertText(t, file10("", "", "", "actions:\n  pre-deploy:\n    - component: "+tt.was))
		if ds.HasErrors() || ds.Count(diag.Warning) != tt.findings {
			t.Errorf("%s: %v", tt.was, ds)
		}
		if !strings.Contains(string(out), "- component: "+tt.want+"\n") {
			t.Errorf("%s became\n%s", tt.was, out)
		}
	}
}

// TestSharedActions: actions behind an alias are converted once.
func TestSharedActions(t *testing.T) {
	out, ds := convertText(t, append(file10("", "", "", "actions: &hooks\n  pre-deploy: &list\n    - component: fc build --use-docker\n  post-deploy: *list"),
		"  again:\n    component: fc\n    actions: *hooks\n    props: {region: cn-hangzhou, service: {name: svc}, function: {name: two, runtime: python3, handler: a.b, memorySize: 128, codeUri: ./}}\n"...))
	if ds.HasErrors() || strings.Contains(string(out), "fc build") || strings.Contains(string(out), "fc33") || strings.Contains(string(out), "post-") {
		t.Errorf("%v\n%s", ds, out)
	}
}
