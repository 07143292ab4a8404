package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The figures that are asked of checking a large s.yaml.
const (
	verifyResources = 2000
	verifyWall      = 1000.0 // ms
	verifyMemory    = 300.0  // MiB
	verifySlope     = 1.3    // times the resources' own growth
)

// large is an s.yaml of n resources, 30 lines each.
func large(n int) string {
	var b strings.Builder
	b.WriteString("edition: 3.0.0\nname: large\nvars: {region: cn-hangzhou, memory: 512}\nresources:\n")
	for i := range n {
		fmt.Fprintf(&b, "  r%d:\n    component: fc3\n    props:\n      region: ${vars.region}\n      functionName: r%d\n", i, i)
		b.WriteString("      runtime: python3.10\n      handler: index.handler\n      code: ./\n      memorySize: ${vars.memory}\n" +
			"      cpu: 0.5\n      diskSize: 512\n      timeout: 30\n      environmentVariables:\n")
		for k := range 17 {
			fmt.Fprintf(&b, "        K%d: value %d of ${this.name}\n", k, k)
		}
	}
	return b.String()
}

func measureVerify(ctx context.Context, w *World) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "verify")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	wall, memory := map[int]float64{}, 0.0
	for _, n := range []int{verifyResources / 10, verifyResources} {
		file := filepath.Join(dir, fmt.Sprintf("s%d.yaml", n))
		if err := os.WriteFile(file, []byte(large(n)), 0o600); err != nil {
			return nil, err
		}
		var walls []time.Duration
		err := repeat(ctx, 5, func() error {
			use, err := w.S(ctx, "verify", "-t", file)
			walls, memory = append(walls, use.Wall), float64(use.MaxRSS)/(1<<20)
			return err
		})
		if err != nil {
			return nil, err
		}
		wall[n] = ms(median(walls))
	}
	few, many := wall[verifyResources/10], wall[verifyResources]
	return []Figure{
		note(fmt.Sprintf("s verify, %d resources", verifyResources/10), "%.0f ms", few),
		atMost(fmt.Sprintf("s verify, %d resources", verifyResources), many, verifyWall, " ms"),
		atMost("s verify, memory", memory, verifyMemory, " MiB"),
		atMost("slope: time over resources, from a tenth", many/few/10, verifySlope, ""),
	}, nil
}
