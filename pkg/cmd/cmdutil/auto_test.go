package cmdutil

import (
	"strings"
	"testing"

	"s/pkg/access"
	"s/pkg/alicloud"
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
		known string // the account
		want  string // names; empty is none
		told  bool
	}{
		{"nothing is auto", nil, true, "1", "own.test", false},
		{"the local cloud", &fc.CustomDomain{Protocol: "HTTP"}, true, "1", "own.test my-fn.cn-hangzhou.fc.localhost", false},
		{"Function Compute", &fc.CustomDomain{Protocol: "HTTP"}, false, "1", "own.test my-fn.fcv3.1.cn-hangzhou.fc.devsapp.net", false},
		{"an account that isn't known", &fc.CustomDomain{Protocol: "HTTP"}, false, "", "own.test", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &spec.Resource{Name: "r", Region: "cn-hangzhou", Function: fc.Function{FunctionName: "My_Fn"}, Auto: spec.Auto{Domain: tc.auto}}
			r.Around.Domains = []fc.CustomDomain{{DomainName: "own.test"}}
			desired := deploy.Want(r, nil, nil, nil)
			io, _, _, stderr := iostreams.Test()
			target := &Target{Local: tc.local, Credentials: access.Credentials{AccountID: tc.known}}
			target.Auto = func(region string) *alicloud.Client {
				return alicloud.New(alicloud.Config{Region: region, AccountID: tc.known})
			}
			TellDomain(io, target, r, &desired)
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
