package dev

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

// TestMountAuto: what is left to the deployment is a folder of the working tree, and
// the network and logs are left out.
func TestMountAuto(t *testing.T) {
	t.Parallel()
	nas := &fc.NASConfig{MountPoints: []fc.NASMount{{ServerAddr: "alibaba-fc-v3-component-generated.r.nas.localhost:/f", MountDir: "/mnt/f"}}}
	old := &fc.NASConfig{UserID: 10003, GroupID: 10003, MountPoints: []fc.NASMount{{
		ServerAddr: "alibaba-fcdeploycomponent-defaultnas-r.r.nas.localhost:/s", MountDir: "/mnt/auto",
	}}}
	none := map[string]string{}
	for _, tc := range []struct {
		name    string
		service *fc.Service
		auto    spec.Auto
		want    fc.Function
		wanted  *fc.Service
	}{
		{"nothing", nil, spec.Auto{}, fc.Function{FunctionName: "f"}, nil},
		{"logs and a network", nil, spec.Auto{Log: none, VPC: &fc.VPCConfig{}, Role: true}, fc.Function{FunctionName: "f"}, nil},
		{"files", nil, spec.Auto{NAS: none, VPC: &fc.VPCConfig{}}, fc.Function{FunctionName: "f", NASConfig: nas}, nil},
		{"a bucket", nil, spec.Auto{OSSMount: map[string]string{"mountDir": "/mnt/b"}}, fc.Function{FunctionName: "f", OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{
			BucketName: "serverless-r-da39a3ee-5e6b-5b0d-b255-bfef95601890", Endpoint: "http://oss-r-internal.aliyuncs.com", MountDir: "/mnt/b", BucketPath: "/",
		}}}}, nil},
		{"of a service", &fc.Service{ServiceName: "s"}, spec.Auto{NAS: none}, fc.Function{FunctionName: "f"}, &fc.Service{ServiceName: "s", NASConfig: old}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &spec.Resource{Region: "r", Service: tc.service, Function: fc.Function{FunctionName: "f"}, Auto: tc.auto}
			want := deploy.Desired{Service: tc.service, Function: r.Function}
			mountAuto(r, &want)
			if d := cmp.Diff(tc.want, want.Function) + cmp.Diff(tc.wanted, want.Service); d != "" {
				t.Error(d)
			}
			if tc.service != nil && tc.service.NASConfig != nil {
				t.Error("the resource changed")
			}
		})
	}
}
