package cmdutil

import (
	"strings"
	"testing"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

func TestNameDomain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		auto  *fc.CustomDomain
		local bool
		want  string // names; empty is none
		told  bool
	}{
		{"nothing is auto", nil, true, "own.test", false},
		{"the local cloud", &fc.CustomDomain{Protocol: "HTTP"}, true, "own.test my-fn.cn-hangzhou.fc.localhost", false},
		{"Function Compute", &fc.CustomDomain{Protocol: "HTTP"}, false, "own.test", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &spec.Resource{Name: "r", Region: "cn-hangzhou", Function: fc.Function{FunctionName: "My_Fn"}, Auto: spec.Auto{Domain: tc.auto}}
			r.Around.Domains = []fc.CustomDomain{{DomainName: "own.test"}}
			desired := deploy.Want(r, nil, nil, nil)
			io, _, _, stderr := iostreams.Test()
			TellDomain(io, &Target{Local: tc.local}, r, &desired)
			var names []string
			for _, d := range desired.Around.Domains {
				names = append(names, d.DomainName)
				if len(d.RouteConfig.Routes) != 1 || d.RouteConfig.Routes[0].FunctionName != "My_Fn" || d.RouteConfig.Routes[0].Path != "/*" {
					t.Errorf("routes %+v", d.RouteConfig)
				}
			}
			if got := strings.Join(names, " "); got != tc.want || strings.Contains(stderr.String(), "customDomain is left out") != tc.told {
				t.Errorf("%s, told %q", got, stderr)
			}
			if len(r.Around.Domains) != 1 || tc.auto != nil && tc.auto.DomainName != "" {
				t.Error("the resource changed")
			}
		})
	}
}
