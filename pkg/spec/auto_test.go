package spec

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

func TestAuto(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for _, tc := range []struct {
		props string
		want  Auto
	}{
		{"", Auto{}},
		{"logConfig: {project: p, logstore: l}\n      role: acs:ram::1:role/r", Auto{}},
		{"logConfig: auto", Auto{Log: none}},
		{"logConfig: ' AUTO | enableLlmMetrics = true | logBeginRule=None |'", Auto{Log: map[string]string{"enableLlmMetrics": "true", "logBeginRule": "None"}}},
		{"ossMountConfig: auto|readOnly", Auto{OSSMount: map[string]string{"readOnly": ""}, Role: true}},
		{"ossMountConfig: auto\n      role: acs:ram::1:role/r", Auto{OSSMount: none}},
		{"role: Auto", Auto{Role: true}},
		{"customDomain: {domainName: auto, protocol: HTTP, route: {path: /a/*}}", Auto{Domain: &fc.CustomDomain{
			Protocol: "HTTP", RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{{Path: "/a/*"}}},
		}}},
	} {
		text := "edition: 3.0.0\nresources:\n  r:\n    component: fc3\n    props:\n      region: cn-hangzhou\n      functionName: f\n" +
			"      runtime: custom\n      code: ./code\n      " + tc.props + "\n"
		t.Run(tc.props, func(t *testing.T) {
			t.Parallel()
			p, diags := load(t, text)
			if diags.HasErrors() {
				t.Fatal(fmt.Sprint(diags))
			}
			r := p.Resources[0]
			if d := cmp.Diff(tc.want, r.Auto); d != "" || tc.want.Any() != r.Auto.Any() {
				t.Error(d)
			}
			if r.Auto.Role && r.Function.Role != "" {
				t.Errorf("role %q", r.Function.Role)
			}
		})
	}
}
