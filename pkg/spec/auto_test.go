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
		{"logConfig: auto", Auto{Log: none, Linked: true}},
		{"logConfig: ' AUTO | enableLlmMetrics = true | logBeginRule=None |'", Auto{Log: map[string]string{"enableLlmMetrics": "true", "logBeginRule": "None"}, Linked: true}},
		{"ossMountConfig: auto|readOnly", Auto{OSSMount: map[string]string{"readOnly": ""}, Role: true}},
		{"ossMountConfig: auto\n      role: acs:ram::1:role/r", Auto{OSSMount: none}},
		{"role: Auto", Auto{Role: true}},
		{"role: Auto\n      logConfig: auto", Auto{Log: none, Role: true}},
		{"vpcConfig: AUTO", Auto{VPC: &fc.VPCConfig{}, Linked: true}},
		{"vpcConfig: auto\n      role: r", Auto{VPC: &fc.VPCConfig{}}},
		{"vpcConfig: {vpcId: v, vSwitchIds: [w], securityGroupId: g}", Auto{}},
		{"vpcConfig: {vpcId: v, vSwitchIds: auto, securityGroupId: g}", Auto{VPC: &fc.VPCConfig{VPCID: "v", SecurityGroupID: "g"}, Linked: true}},
		{"vpcConfig: {vpcId: v, vSwitchIds: [w], securityGroupId: auto}", Auto{VPC: &fc.VPCConfig{VPCID: "v", VSwitchIDs: []string{"w"}}, Linked: true}},
		{"nasConfig: auto", Auto{NAS: none, VPC: &fc.VPCConfig{}, Linked: true}},
		{"nasConfig: auto|mountDir=/mnt/x|nasDir=/y\n      vpcConfig: {vpcId: v, vSwitchIds: [w], securityGroupId: g}", Auto{
			NAS: map[string]string{"mountDir": "/mnt/x", "nasDir": "/y"}, Linked: true,
		}},
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
			if r.Auto.VPC != nil && r.Function.VPCConfig != nil || r.Auto.NAS != nil && r.Function.NASConfig != nil {
				t.Errorf("set all the same: %+v, %+v", r.Function.VPCConfig, r.Function.NASConfig)
			}
		})
	}
}

// TestAutoOfAService: in edition 1.0.0 the service has the blocks, and takes a role.
func TestAutoOfAService(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for _, tc := range []struct {
		service, domains string
		want             Auto
	}{
		{"name: s", "", Auto{}},
		{"name: s, logConfig: auto", "", Auto{Log: none, Role: true}},
		{"name: s, logConfig: auto, role: 'acs:ram::1:role/r'", "", Auto{Log: none}},
		{"name: s, vpcConfig: auto, nasConfig: Auto", "", Auto{VPC: &fc.VPCConfig{}, NAS: none, Role: true}},
		{"name: s, nasConfig: auto, vpcConfig: {vpcId: v, vswitchIds: [w], securityGroupId: g}", "", Auto{NAS: none, Role: true}},
		{"name: s", "- {domainName: auto, protocol: HTTP, routeConfigs: [{path: /a/*}]}\n        - {domainName: x.test, protocol: HTTP}", Auto{
			Domain: &fc.CustomDomain{Protocol: "HTTP", RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{{Path: "/a/*"}}}},
		}},
	} {
		text := "edition: 1.0.0\nservices:\n  r:\n    component: fc\n    props:\n      region: cn-hangzhou\n      service: {" + tc.service +
			"}\n      function: {name: f, runtime: custom, codeUri: ./code}\n"
		if tc.domains != "" {
			text += "      customDomains:\n        " + tc.domains + "\n"
		}
		t.Run(tc.service, func(t *testing.T) {
			t.Parallel()
			p, diags := load(t, text)
			for _, d := range diags {
				if d.Code == CodeNotApplied {
					t.Errorf("not carried out: %s", d.Summary)
				}
			}
			if diags.HasErrors() {
				t.Fatal(fmt.Sprint(diags))
			}
			if d := cmp.Diff(tc.want, p.Resources[0].Auto); d != "" {
				t.Error(d)
			}
			if n := len(p.Resources[0].Around.Domains); tc.domains != "" && n != 1 {
				t.Errorf("%d domains that have names", n)
			}
		})
	}
}
