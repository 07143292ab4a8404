package alicloud_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/fc"
)

// remove deletes resources in the reverse order, as s remove does, and gives those
// that stay.
func remove(t *testing.T, c *alicloud.Client, made []alicloud.Resource) []alicloud.Kind {
	t.Helper()
	var stay []alicloud.Kind
	for _, r := range slices.Backward(made) {
		err := c.Delete(context.Background(), r)
		if errors.Is(err, alicloud.ErrInUse) {
			stay = append(stay, r.Kind)
		} else if err != nil {
			t.Errorf("%s: %v", r.Kind, err)
		}
	}
	return stay
}

func TestNetworksAreDeleted(t *testing.T) {
	t.Parallel()
	for _, slow := range []int{0, 3} {
		s := alicloudtest.New(t)
		c := s.Client(region, nil)
		made := makeAll(t, plan(t, c, networked()))
		found := s.AddVPC("found", "10.0.0.0/8")
		s.AddGroup(found, network)
		s.Slow(slow)
		for range 2 { // what is gone is deleted
			if d := cmp.Diff([]alicloud.Kind{alicloud.KindLinked}, remove(t, c, made)); d != "" {
				t.Error(d)
			}
		}
		for range slow + 1 { // what is going isn't taken, and each look is nearer to its end
			if p := plan(t, c, networked()); len(p.Missing) != 5 {
				t.Errorf("slow %d: missing %v", slow, p.Missing)
			}
		}
		if d := cmp.Diff([]string{"group vpc-6/" + network, "role AliyunServiceRoleForFC", "vpc found"}, s.Things()); d != "" {
			t.Error(d)
		}
	}
}

// TestNetworksThatAreUsedStay: function Compute gives its interfaces back late, and
// files aren't deleted.
func TestNetworksThatAreUsedStay(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	c := s.Client(region, nil)
	s.AddFiles(network, 4096)
	made := makeAll(t, plan(t, c, networked()))
	for _, r := range made {
		if r.Kind == alicloud.KindVSwitch || r.Kind == alicloud.KindGroup {
			s.Use(r.ID)
		}
	}
	want := []alicloud.Kind{alicloud.KindGroup, alicloud.KindVSwitch, alicloud.KindVPC, alicloud.KindLinked}
	if d := cmp.Diff(want, remove(t, c, made)); d != "" {
		t.Error(d)
	}
	files := alicloud.Resource{Kind: alicloud.KindFiles, Name: network, ID: "fs1"}
	if err := c.Delete(context.Background(), files); !errors.Is(err, alicloud.ErrInUse) || !strings.Contains(err.Error(), "4096 bytes") {
		t.Errorf("files are deleted: %v", err)
	}
	if err := c.Delete(context.Background(), alicloud.Resource{Kind: alicloud.KindTarget, ID: "fs1"}); err == nil {
		t.Error("a mount target without a domain is deleted")
	}
	slow := alicloudtest.New(t)
	c = slow.Client(region, nil)
	made = makeAll(t, plan(t, c, networked()))
	slow.Slow(1000)
	if err := c.Delete(context.Background(), made[5]); !errors.Is(err, alicloud.ErrInUse) || !strings.Contains(err.Error(), "isn't gone after "+(80*time.Second).String()) {
		t.Errorf("got %v", err)
	}
}

func TestUsersOfNetworks(t *testing.T) {
	t.Parallel()
	f := fc.Function{
		VPCConfig: &fc.VPCConfig{VPCID: "vpc-1", VSwitchIDs: []string{"vsw-1", "vsw-2"}, SecurityGroupID: "sg-1"},
		NASConfig: &fc.NASConfig{MountPoints: []fc.NASMount{{ServerAddr: "fs1-abc.cn-hangzhou.nas.aliyuncs.com:/f"}}},
	}
	for _, tc := range []struct {
		r    alicloud.Resource
		want bool
	}{
		{alicloud.Resource{Kind: alicloud.KindVPC, ID: "vpc-1"}, true},
		{alicloud.Resource{Kind: alicloud.KindVPC, ID: "vpc-2"}, false},
		{alicloud.Resource{Kind: alicloud.KindVPC}, false},
		{alicloud.Resource{Kind: alicloud.KindVSwitch, ID: "vsw-2"}, true},
		{alicloud.Resource{Kind: alicloud.KindGroup, ID: "sg-1"}, true},
		{alicloud.Resource{Kind: alicloud.KindGroup, ID: "sg-2"}, false},
		{alicloud.Resource{Kind: alicloud.KindFiles, ID: "fs1"}, true},
		{alicloud.Resource{Kind: alicloud.KindFiles, ID: "fs"}, false},
		{alicloud.Resource{Kind: alicloud.KindTarget, ID: "fs1/fs1-abc.cn-hangzhou.nas.aliyuncs.com"}, true},
		{alicloud.Resource{Kind: alicloud.KindTarget, ID: "fs1/fs1-ab.cn-hangzhou.nas.aliyuncs.com"}, false},
		{alicloud.Resource{Kind: alicloud.KindFiles}, false},
	} {
		if got := tc.r.UsedBy(f); got != tc.want || tc.r.UsedBy(fc.Function{}) {
			t.Errorf("%+v: %v", tc.r, got)
		}
	}
}
