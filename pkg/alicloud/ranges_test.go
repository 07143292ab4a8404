package alicloud_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

func TestZones(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                    string
		fc                      []string
		nas                     map[string][]string
		vSwitch, files, storage string // where they are made
		err                     string
	}{
		{"both", []string{"a", "b"}, map[string][]string{"Performance": {"b", "c"}, "Capacity": {"a"}}, "b", "b", "Performance", ""},
		{"the slower storage", []string{"a", "b"}, map[string][]string{"Capacity": {"b"}}, "b", "b", "Capacity", ""},
		{"apart", []string{"a"}, map[string][]string{"Performance": {"c"}, "Capacity": {"d"}}, "a", "c", "Performance", ""},
		{"no storage", []string{"a"}, nil, "a", "", "", "NAS has no zone in cn-hangzhou"},
		{"no zone", []string{""}, map[string][]string{"Performance": {"c"}}, "", "", "", "names no zone of cn-hangzhou"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := alicloudtest.New(t)
			s.Zones(tc.fc, tc.nas)
			err := plan(t, s.Client(region, nil), networked()).Make(context.Background(), func(alicloud.Resource) {})
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) || tc.err == "" && err != nil {
				t.Fatal(err)
			}
			vSwitch, _ := url.ParseQuery(s.Body("CreateVSwitch"))
			files, _ := url.ParseQuery(s.Body("CreateFileSystem"))
			if vSwitch.Get("ZoneId") != tc.vSwitch || files.Get("ZoneId") != tc.files || files.Get("StorageType") != tc.storage {
				t.Errorf("%v, %v", vSwitch, files)
			}
		})
	}
	s := alicloudtest.New(t)
	s.AddVPC(network, "10.0.0.0/8")
	s.Fail(alicloudtest.Failure{Action: "GET /2021-04-06/account-settings", Status: http.StatusForbidden, Code: "AccessDenied"})
	_, err := s.Client(region, nil).Plan(context.Background(), networked())
	var refused *alicloud.Error
	if !errors.As(err, &refused) || refused.Service != "FC" || !refused.Denied() {
		t.Errorf("got %v", err)
	}
}

// TestRangesOfVSwitches: those that are taken are left out, in VPCs of all sizes.
func TestRangesOfVSwitches(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		vpc   string
		taken []string
		want  string // empty is none
	}{
		{"10.0.0.0/8", nil, "10.20.0.0/24"},
		{"10.0.0.0/8", []string{"10.20.0.0/24"}, "10.20.30.0/24"},
		{"10.0.0.0/8", []string{"10.20.0.0/24", "10.20.30.0/24"}, "10.20.61.0/24"},
		{"10.0.0.0/8", []string{"10.20.0.0/16"}, "10.0.0.0/24"},
		{"10.20.0.0/24", nil, "10.20.0.0/25"},
		{"192.168.0.0/16", []string{"192.168.0.0/24", "192.168.1.0/25"}, "192.168.2.0/24"},
		{"172.16.5.0/28", []string{"172.16.5.0/29"}, "172.16.5.8/29"},
		{"172.16.5.0/28", []string{"172.16.5.0/28"}, ""},
		{"172.16.5.0/29", []string{"172.16.5.0/29"}, ""},
	} {
		t.Run(fmt.Sprint(tc.vpc, tc.taken), func(t *testing.T) {
			t.Parallel()
			s := alicloudtest.New(t)
			vpc := s.AddVPC("own", tc.vpc)
			for _, cidr := range tc.taken {
				s.AddVSwitch(vpc, "own", "elsewhere", cidr)
			}
			p := plan(t, s.Client(region, nil), alicloud.Request{Auto: spec.Auto{VPC: &fc.VPCConfig{VPCID: vpc, SecurityGroupID: "sg-own"}}})
			err := p.Make(context.Background(), func(alicloud.Resource) {})
			if tc.want == "" {
				if err == nil || !strings.Contains(err.Error(), "is free for a vSwitch") {
					t.Errorf("got %v", err)
				}
				return
			}
			sent, _ := url.ParseQuery(s.Body("CreateVSwitch"))
			if err != nil || sent.Get("CidrBlock") != tc.want {
				t.Errorf("%v, sent %v", err, sent)
			}
			if v := filled(p).VPCConfig; v.VPCID != vpc || v.SecurityGroupID != "sg-own" || !strings.HasPrefix(v.VSwitchIDs[0], "vsw-") {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestARouteHasTheRange: the service knows of more than vSwitches.
func TestARouteHasTheRange(t *testing.T) {
	t.Parallel()
	for _, times := range []int{2, 99} {
		s := alicloudtest.New(t)
		s.Fail(alicloudtest.Failure{Action: "CreateVSwitch", Status: http.StatusBadRequest, Code: "InvalidCidrBlock.Overlapped", Times: times})
		err := plan(t, s.Client(region, nil), networked()).Make(context.Background(), func(alicloud.Resource) {})
		sent, _ := url.ParseQuery(s.Body("CreateVSwitch"))
		if times == 2 && (err != nil || sent.Get("CidrBlock") != "10.20.61.0/24") || times == 99 && (err == nil || !strings.Contains(err.Error(), "Overlapped")) {
			t.Errorf("%v, sent %v", err, sent)
		}
		if n := len(slices.DeleteFunc(s.Calls(), func(a string) bool { return a != "CreateVSwitch" })); n > 15 {
			t.Errorf("tried %d ranges", n)
		}
	}
}
