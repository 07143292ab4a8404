package spec

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
	"s/pkg/fc"
)

// with3 is a valid file of edition 3.0.0 with more props, or others, on lines of
// their own.
func with3(lines ...string) string {
	text := "edition: 3.0.0\nresources:\n  hello:\n    component: fc3\n    props:\n"
	base := []string{"region: cn-hangzhou", "functionName: hello", "runtime: python3.10", "handler: index.handler", "code: ./"}
	for _, b := range base {
		key, _, _ := strings.Cut(b, ":")
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, key+":") }) {
			lines = append([]string{b}, lines...)
		}
	}
	return text + "      " + strings.Join(lines, "\n      ") + "\n"
}

func codesOf(ds diag.Diagnostics) []string {
	codes := []string{}
	for _, d := range ds {
		codes = append(codes, d.Code)
	}
	return codes
}

func load(t *testing.T, text string) (*Project, diag.Diagnostics) {
	t.Helper()
	p, ds := parse(testOptions(""), "s.yaml", "/project", []byte(text))
	if p == nil {
		t.Fatalf("no project: %v\n%s", ds, text)
	}
	return p, ds
}

// TestBoundaries: the last value allowed and the first that isn't.
func TestBoundaries(t *testing.T) {
	for _, tt := range []struct {
		format string
		good   []any
		bad    []any
		code   string
	}{
		{"memorySize: %v", []any{128, 192, 512.0, 32768}, []any{64, 127, 129, 32832, -1}, CodeRange},
		{"timeout: %v", []any{1, 86400}, []any{0, 86401, -3}, CodeRange},
		{"instanceConcurrency: %v", []any{1, 200}, []any{0, 201}, CodeRange},
		{"diskSize: %v", []any{512, 10240}, []any{0, 513, 1024}, CodeRange},
		{"cpu: %v", []any{0.05, 0.35, 1, 15.95, 16}, []any{0, 0.01, 0.36, 16.05}, CodeRange},
		{"timeout: %v", []any{3}, []any{3.5, "x", "'3'", "true", "[3]", "{a: 3}", ".inf", ".nan", "99999999999999999999"}, CodeType},
		{"cpu: %v", []any{1}, []any{"x", "'1'", "[1]", ".nan"}, CodeType},
		{"internetAccess: %v", []any{true, false, "True"}, []any{"yes", "'true'", 1, "[true]"}, CodeType},
		{"description: %v", []any{"x", "'1'", "2020-01-01", strings.Repeat("d", 256)}, []any{1, 1.5, true, "[a]", "{a: b}"}, CodeType},
		{"description: %v", nil, []any{strings.Repeat("d", 257)}, CodeRange},
		{
			"functionName: %v",
			[]any{"a", "_a", "a-1_B", "svc$fn", strings.Repeat("f", 64)},
			[]any{"1a", "-a", "a.b", "a b", "名", "a$b$c", "$a", "a$", strings.Repeat("f", 65), "''"},
			CodeName,
		},
		{"runtime: %v", []any{"python3.13", "nodejs20"}, []any{"Python3.10", "python", "python3.1"}, CodeEnum},
		{"layers: [%v]", []any{"a, b, c, d, e"}, []any{"a, b, c, d, e, f"}, CodeRange},
		{"customRuntimeConfig: {port: %v}", []any{1, 65535}, []any{0, 65536}, CodeRange},
		{"customRuntimeConfig: {healthCheckConfig: {timeoutSeconds: %v}}", []any{1, 3}, []any{0, 4}, CodeRange},
		{"instanceLifecycleConfig: {preStop: {handler: h, timeout: %v}}", []any{1, 90}, []any{0, 91}, CodeRange},
		{"instanceLifecycleConfig: {initializer: {handler: h, timeout: %v}}", []any{1, 300}, []any{0, 301}, CodeRange},
	} {
		for _, v := range tt.good {
			line := fmt.Sprintf(tt.format, v)
			lines := []string{line}
			if strings.HasPrefix(line, "cpu") {
				lines = append(lines, fmt.Sprintf("memorySize: %d", memoryFor(v)))
			}
			if _, ds := load(t, with3(lines...)); len(ds) > 0 {
				t.Errorf("%s: %v", line, ds)
			}
		}
		for _, v := range tt.bad {
			line := fmt.Sprintf(tt.format, v)
			if _, ds := load(t, with3(line)); !slices.Equal(codesOf(ds), []string{tt.code}) {
				t.Errorf("%s: %v %v, want %s", line, codesOf(ds), ds, tt.code)
			}
		}
	}
}

// memoryFor gives a memory size that goes with a cpu.
func memoryFor(cpu any) int {
	f, ok := cpu.(float64)
	if !ok {
		f = float64(cpu.(int))
	}
	mb := min(int(f*2048)/64*64, 32768)
	return max(mb, 128)
}

// TestRatio: 1 to 4 GB for each vCPU.
func TestRatio(t *testing.T) {
	for _, tt := range []struct {
		cpu, memory string
		ok          bool
	}{
		{"1", "1024", true},
		{"1", "4096", true},
		{"1", "960", false},
		{"1", "4160", false},
		{"0.05", "128", true},
		{"0.5", "512", true},
		{"16", "32768", true},
		{"0.05", "1024", false},
	} {
		_, ds := load(t, with3("cpu: "+tt.cpu, "memorySize: "+tt.memory))
		if ok := len(ds) == 0; ok != tt.ok {
			t.Errorf("cpu %s with %s MB: %v", tt.cpu, tt.memory, ds)
		}
	}
}

// TestEnvironmentSize: names and values, in bytes, in both editions.
func TestEnvironmentSize(t *testing.T) {
	for n, ok := range map[int]bool{4095: true, 4096: true, 4097: false} {
		line := "environmentVariables: {NAME: '" + strings.Repeat("x", n-4-1-3) + "', B: 函}"
		for _, text := range []string{
			with3(line),
			"edition: 1.0.0\nservices:\n  hello:\n    component: fc\n    props:\n      region: cn-hangzhou\n      service: {name: svc}\n" +
				"      function: {name: f, runtime: python3.10, handler: index.handler, codeUri: ./, " + line + "}\n",
		} {
			_, ds := load(t, text)
			if ok && len(ds) > 0 || !ok && !slices.Equal(codesOf(ds), []string{CodeRange}) {
				t.Errorf("%d bytes: %v", n, ds)
			}
		}
	}
}

// TestComputedValuesConvert: an expression gives text where the environment is
// its source; numbers and booleans may be made of that, and nothing else.
func TestComputedValuesConvert(t *testing.T) {
	p, ds := load(t, "vars: {n: 7, f: 1.50, t: '64'}\n"+with3("timeout: ${env(TIMEOUT)}", "internetAccess: ${env(DEBUG)}",
		"memorySize: ${env(NOPE, 640)}", "description: ${vars.n}", "cpu: ${env(NOPE, '0.5')}", "instanceConcurrency: ${vars.n}",
		"environmentVariables: {F: \"${vars.f}\", B: \"${env(DEBUG)}\"}"))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	f := p.Resources[0].Function
	if f.Timeout != 45 || !*f.InternetAccess || f.MemorySize != 640 || f.Description != "7" || f.CPU != 0.5 || f.InstanceConcurrency != 7 {
		t.Errorf("got %+v", f)
	}
	if d := cmp.Diff(map[string]string{"F": "1.50", "B": "true"}, f.EnvironmentVariables); d != "" {
		t.Error(d)
	}
	for _, line := range []string{"timeout: ${env(REGION)}", "timeout: 1${env(REGION)}", "internetAccess: ${env(TIMEOUT)}", "cpu: ${env(REGION)}", "layers: ${env(REGION)}"} {
		if _, ds := load(t, with3(line)); !slices.Equal(codesOf(ds), []string{CodeType}) {
			t.Errorf("%s: %v", line, ds)
		}
	}
}

func TestDefaultsV3(t *testing.T) {
	yes, no := true, false
	type limits struct {
		Memory, Disk, Timeout, Concurrency int
		CPU                                float64
		Internet                           *bool
		Handler                            string
	}
	for _, tt := range []struct {
		lines []string
		want  limits
	}{
		{nil, limits{512, 512, 3, 0, 0.35, &yes, "index.handler"}},
		{[]string{"memorySize: 1024"}, limits{1024, 0, 3, 0, 0, &yes, "index.handler"}},
		{[]string{"cpu: 0.5"}, limits{512, 0, 3, 0, 0.5, &yes, "index.handler"}},
		{[]string{"diskSize: 10240", "timeout: 9", "internetAccess: false"}, limits{512, 10240, 9, 0, 0, &no, "index.handler"}},
		{[]string{"runtime: custom", "handler:"}, limits{512, 512, 3, 1, 0.35, &yes, "handler"}},
		{[]string{"runtime: custom.debian10", "instanceConcurrency: 20"}, limits{512, 512, 3, 20, 0.35, &yes, "index.handler"}},
	} {
		p, ds := load(t, with3(tt.lines...))
		if len(ds) > 0 {
			t.Errorf("%v: %v", tt.lines, ds)
		}
		f := p.Resources[0].Function
		got := limits{f.MemorySize, f.DiskSize, f.Timeout, f.InstanceConcurrency, f.CPU, f.InternetAccess, f.Handler}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%v: %s", tt.lines, d)
		}
	}
}

// TestEditionsAgree: one function, written in both editions, is one function.
func TestEditionsAgree(t *testing.T) {
	v1 := `edition: 1.0.0
services:
  hello:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: svc}
      function:
        name: fn
        runtime: custom
        handler: a.b
        memorySize: 1024
        timeout: 10
        cpu: 0.5
        diskSize: 512
        caPort: 8080
        codeUri: ./code
        initializer: a.init
        initializationTimeout: 7
        environmentVariables: {A: b}
        layers: [arn]
        customRuntimeConfig: {command: [run], args: [x]}
        customHealthCheckConfig: {httpGetUrl: /ok, periodSeconds: 4}
        instanceLifecycleConfig: {preStop: {handler: a.stop, timeout: 5}}
      triggers:
        - {name: h, type: http, config: {methods: [GET], authType: function}}
`
	v3 := `edition: 3.0.0
resources:
  hello:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: svc$fn
      runtime: custom
      handler: a.b
      memorySize: 1024
      timeout: 10
      cpu: 0.5
      diskSize: 512
      instanceConcurrency: 1
      code: ./code
      environmentVariables: {A: b}
      layers: [arn]
      customRuntimeConfig: {command: [run], args: [x], port: 8080, healthCheckConfig: {httpGetUrl: /ok, periodSeconds: 4}}
      instanceLifecycleConfig: {initializer: {handler: a.init, timeout: 7}, preStop: {handler: a.stop, timeout: 5}}
      triggers:
        - {triggerName: h, triggerType: http, triggerConfig: {authType: function, methods: [GET]}}
`
	one, ds1 := load(t, v1)
	three, ds3 := load(t, v3)
	if len(ds1)+len(ds3) > 0 {
		t.Fatal(ds1, ds3)
	}
	a, b := one.Resources[0], three.Resources[0]
	b.Function.InternetAccess = nil // edition 1.0.0 has it at the service
	if d := cmp.Diff(a.Function, b.Function); d != "" {
		t.Errorf("functions differ (-1.0.0 +3.0.0):\n%s", d)
	}
	if d := cmp.Diff(a.Triggers, b.Triggers); d != "" {
		t.Error(d)
	}
	if a.Code.Path != b.Code.Path || a.Code.Path != "/project/code" || a.Region != b.Region {
		t.Errorf("code %q and %q", a.Code.Path, b.Code.Path)
	}
	if d := cmp.Diff(&fc.Service{ServiceName: "svc"}, a.Service); d != "" || b.Service != nil {
		t.Errorf("services: %s, %v", d, b.Service)
	}
}

// TestEveryRuntime of the table passes, with what it needs.
func TestEveryRuntime(t *testing.T) {
	for _, r := range fc.Runtimes() {
		lines := []string{"runtime: " + r.Name}
		if r.Container {
			lines = append(lines, "customContainerConfig: {image: a/b}", "code:")
		}
		p, ds := load(t, with3(lines...))
		if len(ds) > 0 || p.Resources[0].Function.Runtime != r.Name {
			t.Errorf("%s: %v", r.Name, ds)
		}
	}
}

// TestEveryRegion of the table passes without a warning.
func TestEveryRegion(t *testing.T) {
	for _, region := range fc.Regions() {
		if p, ds := load(t, with3("region: "+region)); len(ds) > 0 || p.Resources[0].Region != region {
			t.Errorf("%s: %v", region, ds)
		}
	}
}

// TestExpressionCorners: what the files under testdata don't reach.
func TestExpressionCorners(t *testing.T) {
	for _, tt := range []struct {
		line string
		code string // empty if it is fine
	}{
		{"description: ${regex('a')}", CodeArgument},
		{"description: ${resources}", CodeVariable},
		{"description: ${resources.hello}", CodeVariable},
		{"description: ${resources.hello.name}", ""},
		{"description: ${resources.hello.component}", ""},
		{"description: ${this.access}", ""}, // nobody names one: nothing
		{"description: ${components.x.output}", CodeVariable},
		{"description: ${credential.AccountID}", ""},
		{"description: ${resources.hello.info.url}", ""}, // pending,
		{"description: ${cwd.x}", CodeVariable},
		{"description: ${config(SecurityToken)}", CodeCredential},
		{"description: ${path('/')}", ""},
		{"description: ${file('/')}", CodeFile},
		{"description: ${this.props.customDNS.x}", CodeVariable},
	} {
		_, ds := load(t, with3(tt.line))
		want := []string{}
		if tt.code != "" {
			want = append(want, tt.code)
		}
		if d := cmp.Diff(want, codesOf(ds)); d != "" {
			t.Errorf("%s: %v", tt.line, ds)
		}
	}
	if _, ds := parse(Options{}, "s.yaml", "/project", []byte(with3("description: ${config('AccountID')}"))); !slices.Equal(codesOf(ds), []string{CodeCredential}) {
		t.Errorf("without credentials: %v", ds)
	}
	if _, ds := parse(Options{}, "s.yaml", "/project", []byte(with3("description: ${env('A')}"))); !slices.Equal(codesOf(ds), []string{CodeEnvironment}) {
		t.Errorf("without an environment: %v", ds)
	}
}
