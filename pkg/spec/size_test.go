package spec

import (
	"fmt"
	"strings"
	"testing"
)

// many is a file of n resources with some 30 lines each.
func many(n int) string {
	var b strings.Builder
	b.WriteString("edition: 3.0.0\nresources:\n")
	for i := range n {
		fmt.Fprintf(&b, `  r%d:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: f%d
      runtime: custom.debian12
      handler: index.handler
      code: ./code
      cpu: 0.5
      memorySize: 1024
      timeout: 60
      environmentVariables:
        A: b
        C: '1'
      tags:
        - {key: a, value: b}
        - {key: c, value: d}
      logConfig:
        project: p
        logstore: l
      vpcConfig:
        vpcId: v
        vSwitchIds: [a]
        securityGroupId: s
      triggers:
        - triggerName: t
          triggerType: timer
          triggerConfig:
            cronExpression: '@every 5m'
            enable: true
`, i, i)
	}
	return b.String()
}

// TestManyResources: a file of 60,000 lines is read, and for each resource there
// is no more to do than for one: the work grows as the file does.
func TestManyResources(t *testing.T) { // not parallel: allocations are counted
	p, found := load(t, many(2000))
	if len(found) > 0 || len(p.Resources) != 2000 {
		t.Errorf("%d resources, %v", len(p.Resources), found)
	}
	per := func(n int) float64 {
		text := many(n)
		return testing.AllocsPerRun(1, func() { load(t, text) }) / float64(n)
	}
	if few, most := per(20), per(200); most > few*1.5 {
		t.Errorf("%.0f allocations for each of 20 resources, %.0f for each of 200", few, most)
	}
}

func BenchmarkManyResources(b *testing.B) {
	text := []byte(many(2000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, found := parse(testOptions(""), "s.yaml", "/p", text); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
