package s2tos3

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes files of edition 1.0.0 that hold together, each key there or
// not, blocks written out, behind an anchor or in vars.
type generator struct {
	rand     *rand.Rand
	text     strings.Builder
	comments []string
	indent   string
}

func (g *generator) maybe() bool { return g.rand.IntN(2) == 0 }

func pick[T any](g *generator, list ...T) T { return list[g.rand.IntN(len(list))] }

// line writes a line, sometimes with a comment above or behind it.
func (g *generator) line(format string, args ...any) {
	comment := func() string {
		c := fmt.Sprintf("# note %d.", len(g.comments))
		g.comments = append(g.comments, c)
		return c
	}
	if g.rand.IntN(8) == 0 {
		fmt.Fprintf(&g.text, "%s%s\n", g.indent, comment())
	}
	text := fmt.Sprintf(format, args...)
	if g.rand.IntN(8) == 0 && !strings.HasSuffix(text, ":") {
		text += " " + comment()
	}
	fmt.Fprintf(&g.text, "%s%s\n", g.indent, text)
}

// some writes a line half of the time.
func (g *generator) some(format string, args ...any) {
	if g.maybe() {
		g.line(format, args...)
	}
}

// block writes a key and what is below it.
func (g *generator) block(key string, body func()) {
	g.line("%s:", key)
	saved := g.indent
	g.indent += "  "
	body()
	g.indent = saved
}

func (g *generator) file() string {
	g.line("edition: 1.0.0")
	g.line("name: app%d", g.rand.IntN(9))
	g.some("access: prod")
	shared := g.maybe()
	if shared {
		g.block("vars", func() {
			g.line("region: cn-beijing")
			g.line("size: 256")
			g.block("service", g.service)
		})
	}
	g.block("services", func() {
		for i := range 1 + g.rand.IntN(3) {
			g.block(fmt.Sprintf("svc-%d", i), func() { g.entry(i, shared) })
		}
	})
	return g.text.String()
}

func (g *generator) entry(i int, shared bool) {
	g.line("component: %s", pick(g, "fc", "devsapp/fc"))
	if g.maybe() {
		g.block("actions", func() {
			g.block("pre-deploy", func() {
				g.line("- component: fc build --use-docker")
				g.line("- run: echo %d", i)
			})
		})
	}
	g.block("props", func() {
		region := "cn-hangzhou"
		if shared {
			region = pick(g, region, "${vars.region}")
		}
		g.line("region: %s", region)
		if shared && g.maybe() {
			g.line("service: ${vars.service}")
		} else {
			g.block("service", g.service)
		}
		g.block("function", func() { g.function(i, shared) })
		if g.maybe() {
			g.block("triggers", g.triggers)
		}
	})
}

func (g *generator) service() {
	g.line("name: %s", pick(g, "svc", "other-svc", "'quoted'"))
	g.some("internetAccess: %v", g.maybe())
	g.some("role: acs:ram::123456789:role/fc")
	switch g.rand.IntN(4) {
	case 0:
		g.line("logConfig: auto")
	case 1:
		g.block("logConfig", func() {
			g.line("project: p")
			g.line("logstore: l")
			g.some("enableRequestMetrics: true")
		})
	}
	if g.maybe() {
		g.block("vpcConfig", func() {
			g.line("vpcId: vpc-1")
			g.line("vswitchIds: [vsw-1, vsw-2]")
			g.line("securityGroupId: sg-1")
		})
	}
	if g.maybe() {
		g.block("nasConfig", func() {
			g.some("userId: %d", g.rand.IntN(100))
			g.some("groupId: %d", g.rand.IntN(100))
			g.block("mountPoints", func() {
				for n := range 1 + g.rand.IntN(2) {
					g.line("- serverAddr: nas%d.cn-hangzhou.nas.aliyuncs.com", n)
					g.some("  nasDir: /d%d", n)
					g.line("  fcDir: /mnt/d%d", n)
				}
			})
		})
	}
	g.some("ossMountConfig: {mountPoints: [{bucketName: b, endpoint: 'http://o', mountDir: /mnt/o, readOnly: %v}]}", g.maybe())
}

func (g *generator) function(i int, shared bool) {
	runtime := pick(g, "python3.10", "nodejs16", "java11", "custom", "custom.debian10", "custom-container")
	g.line("name: %s", pick(g, fmt.Sprintf("fn-%d", i), fmt.Sprintf("${env('FUNCTION')}-%d", i)))
	g.line("runtime: %s", runtime)
	g.some("description: '${this.name} runs'")
	g.some("handler: index.main")
	if shared && g.maybe() {
		g.line("memorySize: ${vars.size}")
	} else {
		g.some("memorySize: %d", pick(g, 128, 512, 3072))
	}
	g.some("timeout: ${env(TIMEOUT)}")
	g.some("instanceConcurrency: %d", 1+g.rand.IntN(20))
	g.some("initializer: index.init")
	g.some("initializationTimeout: 11")
	if g.maybe() {
		g.block("instanceLifecycleConfig", func() {
			g.line("preStop: {handler: index.stop, timeout: 3}")
			g.some("preFreeze: {handler: index.freeze, timeout: 3}")
		})
	}
	if g.maybe() {
		g.block("environmentVariables", func() {
			g.line("A: b")
			g.some("N: 7")
			g.some("SIZE: ${svc-%d.props.function.name}", i)
			g.some("REGION: ${svc-0.props.region}")
		})
	}
	g.some("layers: [acs:fc:cn-hangzhou:official:layers/Python310/versions/1]")
	g.some("customDNS: {nameServers: [223.5.5.5], dnsOptions: [{name: ndots, value: '5'}]}")
	g.code(runtime)
}

func (g *generator) code(runtime string) {
	custom := strings.HasPrefix(runtime, "custom")
	if custom && g.maybe() {
		g.line("caPort: %d", pick(g, 80, 8080))
	}
	if custom && g.maybe() {
		g.line("customHealthCheckConfig: {httpGetUrl: /ready, periodSeconds: 2}")
	}
	switch {
	case runtime == "custom-container":
		g.block("customContainerConfig", func() {
			g.line("image: registry.cn-hangzhou.aliyuncs.com/a/b:v1")
			g.some(`command: '["/bin/sh", "-c"]'`)
			g.some(`args: '["a \"b\" c"]'`)
		})
		return
	case custom && g.maybe():
		g.block("customRuntimeConfig", func() {
			g.line("command: [./run]")
			g.some("args: ['-v', \"--port=9000\"]")
		})
	}
	switch g.rand.IntN(3) {
	case 0:
		g.line("codeUri: ./code")
	case 1:
		g.line("ossBucket: bucket")
		g.line("ossKey: code.zip")
	}
}

func (g *generator) triggers() {
	for i, kind := range []string{"http", "timer", "oss", "log", "mns_topic", "tablestore"} {
		if g.rand.IntN(3) > 0 {
			continue
		}
		config := map[string]string{
			"http":       "{authType: anonymous, methods: [GET]}",
			"timer":      "{cronExpression: '@every 1m', enable: true}",
			"oss":        pick(g, "{bucketName: b, events: ['oss:ObjectCreated:*']}", "{bucketName: b, events: [e], filter: {Key: {Prefix: p, Suffix: ''}}}"),
			"log":        "{sourceConfig: {logstore: s}, logConfig: {project: p, logstore: l}, enable: true}",
			"mns_topic":  pick(g, "{topicName: t}", "{topicName: t, region: cn-beijing, filterTag: f}"),
			"tablestore": "{instanceName: i, tableName: t}",
		}[kind]
		g.line("- name: t%d", i)
		g.line("  type: %s", kind)
		g.line("  config: %s", config)
		g.some("  role: acs:ram::123456789:role/t")
		g.some("  qualifier: LATEST")
		g.some("  description: of it")
	}
	if !strings.HasSuffix(g.text.String(), "triggers:\n") {
		return
	}
	g.line("- {name: t, type: eventbridge, config: {triggerEnable: true}}")
}
