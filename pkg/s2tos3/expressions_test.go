package s2tos3

import (
	"fmt"
	"strings"
	"testing"

	"s/pkg/diag"
)

// described converts a function with that description and gives what became of
// it.
func described(t *testing.T, description string) (string, diag.Diagnostics) {
	t.Helper()
	out, ds := convertText(t, []byte(`edition: 1.0.0
name: app
access: default
vars:
  a: {b: [x, y]}
  name: named
services:
  hello:
    component: fc
    props:
      region: cn-hangzhou
      service:
        name: ${vars.name}-svc
        role: acs:ram::1:role/r
        internetAccess: false
        logConfig: {project: p, logstore: l}
        vpcConfig: {vpcId: v, vswitchIds: [w], securityGroupId: g}
        nasConfig: {userId: 1, groupId: 2, mountPoints: [{serverAddr: s, nasDir: /d, fcDir: /mnt}]}
      function:
        name: fn
        runtime: custom
        codeUri: ./code
        caPort: 8080
        initializer: index.init
        initializationTimeout: 9
        memorySize: 512
        customRuntimeConfig: {command: [./run]}
        customHealthCheckConfig: {httpGetUrl: /ready}
        asyncConfiguration: {maxAsyncRetryAttempts: 1}
        environmentVariables: {A: b}
        description: `+description+`
      triggers:
        - {name: t, type: timer, qualifier: LATEST, config: {cronExpression: '@every 1m', enable: true}}
  my-image:
    component: fc
    props:
      region: cn-beijing
      service: {name: svc}
      function:
        name: image
        runtime: custom-container
        memorySize: 512
        caPort: 80
        customContainerConfig: {image: a/b}
`))
	for line := range strings.SplitSeq(string(out), "\n") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "description: "); ok {
			return text, ds
		}
	}
	return "", ds
}

// TestExpressions: each expression of edition 1.0.0 and what it is called in
// 3.0.0.
func TestExpressions(t *testing.T) {
	for was, want := range map[string]string{
		// What didn't change.
		"plain":                     "plain",
		"${vars.a.b[0]}":            "${vars.a.b[0]}",
		"${vars.name} and more":     "${vars.name} and more",
		"${cwd}/x":                  "${cwd}/x",
		"$${vars.name}":             "$${vars.name}",
		"100% of ${this.name}":      "100% of ${this.name}",
		"${env('A', 'b')}":          "${env('A', 'b')}",
		`'${env("A", "b")}'`:        `'${env("A", "b")}'`,
		"${this.props.region}":      "${this.props.region}",
		"in ${hello.props.region}!": "in ${resources.hello.props.region}!",
		"${my-image.name}":          "${resources.my-image.name}",
		"${hello.access}":           "${resources.hello.access}",
		// Arguments get quotes.
		"${env(TIMEOUT)}":            "${env('TIMEOUT')}",
		"${env(TIMEOUT, it's)}":      `${env('TIMEOUT', "it's")}`,
		"${config(AccountID)}":       "${config('AccountID')}",
		"${env(A, 7)}":               "${env('A', '7')}",
		"a ${env(A, b)} ${env(C,d)}": "a ${env('A', 'b')} ${env('C', 'd')}",
		// Keys that moved.
		"${this.props.function.memorySize}":                                  "${this.props.memorySize}",
		"${this.props.function.codeUri}":                                     "${this.props.code}",
		"${this.props.function.caPort}":                                      "${this.props.customRuntimeConfig.port}",
		"${my-image.props.function.caPort}":                                  "${resources.my-image.props.customContainerConfig.port}",
		"${this.props.function.initializer}":                                 "${this.props.instanceLifecycleConfig.initializer.handler}",
		"${this.props.function.initializationTimeout}":                       "${this.props.instanceLifecycleConfig.initializer.timeout}",
		"${this.props.function.environmentVariables.A}":                      "${this.props.environmentVariables.A}",
		"${hello.props.function.customRuntimeConfig.command[0]}":             "${resources.hello.props.customRuntimeConfig.command.0}",
		"${hello.props.function.customHealthCheckConfig.httpGetUrl}":         "${resources.hello.props.customRuntimeConfig.healthCheckConfig.httpGetUrl}",
		"${hello.props.function.asyncConfiguration.maxAsyncRetryAttempts}":   "${resources.hello.props.asyncInvokeConfig.maxAsyncRetryAttempts}",
		"${my-image.props.function.customContainerConfig.image}":             "${resources.my-image.props.customContainerConfig.image}",
		"${this.props.service.role}":                                         "${this.props.role}",
		"${this.props.service.logConfig.project}":                            "${this.props.logConfig.project}",
		"${this.props.service.vpcConfig.vswitchIds[0]}":                      "${this.props.vpcConfig.vSwitchIds.0}",
		"${this.props.service.nasConfig.userId}":                             "${this.props.nasConfig.userId}",
		"${this.props.triggers[0].name}":                                     "${this.props.triggers.0.triggerName}",
		"${this.props.triggers[0].type} ${this.props.triggers[0].qualifier}": "${this.props.triggers.0.triggerType} ${this.props.triggers.0.qualifier}",
		// What edition 3.0.0 has no name for.
		"${this.props.service.name}":                                  "${vars.name}-svc",
		"${hello.props.function.name}/${my-image.props.service.name}": "fn/svc",
		"${hello.props.service.nasConfig.mountPoints[0].nasDir}":      "/d",
		// What deploy gives.
		"${my-image.output.region}":             "${resources.my-image.output.region}",
		"${my-image.output.url.system_url}":     "${resources.my-image.output.url.system_url}",
		"${my-image.output.function.runtime}":   "${resources.my-image.output.runtime}",
		"${my-image.output.function.name} runs": "image runs",
	} {
		t.Run(was, func(t *testing.T) {
			got, ds := described(t, was)
			if ds.HasErrors() || strings.Trim(got, "'") != strings.Trim(want, "'") {
				t.Errorf("got %s, want %s: %v", got, want, ds)
			}
		})
	}
}

// TestExpressionsWithoutCounterpart: the place is that of the expression alone.
func TestExpressionsWithoutCounterpart(t *testing.T) {
	const column = 22 // of the description's text
	for _, tt := range []struct {
		was      string
		from, to int // in it
	}{
		{"${my-image.output.function.codeSize}", 0, 36},
		{"of ${my-image.output.triggers[0].x} bytes", 3, 35},
		{"名 ${my-image.output.url.custom_domain}", 2, 38},
		{"'it is ${my-image.output.service.role}'", 7, 38},
		{`"${my-image.output.a}"`, 1, 21},
	} {
		_, ds := described(t, tt.was)
		if ds.Count(diag.Error) != 1 || ds[0].Code != CodeReference {
			t.Fatalf("%s: %v", tt.was, ds)
		}
		rng := ds[0].Range
		if rng.Start.Column != column+tt.from || rng.End.Column != column+tt.to || rng.Start.Line != rng.End.Line {
			t.Errorf("%s: %d to %d, want %d to %d", tt.was, rng.Start.Column, rng.End.Column, column+tt.from, column+tt.to)
		}
	}
}

// TestNamesThatShadow: services whose names mean something else at the start of
// a path are reached by this alone.
func TestNamesThatShadow(t *testing.T) {
	for _, name := range []string{"vars", "resources", "components"} {
		out, ds := convertText(t, fmt.Appendf(nil, `edition: 1.0.0
name: app
vars: {x: 1}
services:
  %s:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: svc}
      function: {name: fn, runtime: python3, handler: a.b, memorySize: 128, codeUri: ./, description: "${vars.x} ${this.props.function.handler}"}
`, name))
		if ds.HasErrors() || !strings.Contains(string(out), `"${vars.x} ${this.props.handler}"`) {
			t.Errorf("%s: %v\n%s", name, ds, out)
		}
	}
}
