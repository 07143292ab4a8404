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

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

// network is the name that a VPC and all that belongs to it have.
const network = "Alibaba-Fc-V3-Component-Generated"

// networked asks for a network, files on it and the service-linked role.
func networked() alicloud.Request {
	return alicloud.Request{Function: "f", Auto: spec.Auto{VPC: &fc.VPCConfig{}, NAS: map[string]string{}, Linked: true}}
}

// creates are the calls that make what networked asks for, in their order.
func creates() []string {
	return []string{"CreateServiceLinkedRole", "CreateVpc", "CreateVSwitch", "CreateSecurityGroup", "CreateFileSystem", "CreateMountTarget"}
}

func makeAll(t *testing.T, p *alicloud.Plan) []alicloud.Resource {
	t.Helper()
	var made []alicloud.Resource
	if err := p.Make(context.Background(), func(r alicloud.Resource) { made = append(made, r) }); err != nil {
		t.Fatal(err)
	}
	return made
}

func filled(p *alicloud.Plan) fc.Function {
	var f fc.Function
	p.Fill(&f)
	return f
}

// writes are the calls that change something.
func writes(s *alicloudtest.Server) []string {
	return slices.DeleteFunc(s.Calls(), isRead)
}

func TestNetworkIsMadeOnce(t *testing.T) {
	t.Parallel()
	for _, slow := range []int{0, 3} {
		s := alicloudtest.New(t)
		s.Slow(slow)
		c := s.Client(region, nil)
		p := plan(t, c, networked())
		if w := writes(s); len(w) > 0 || len(s.Things()) > 0 {
			t.Fatalf("the plan made %v by %v", s.Things(), w)
		}
		want := []string{
			"service-linked role AliyunServiceRoleForFC", "VPC " + network, "vSwitch " + network + network, "security group " + network + network,
			"NAS file system " + network, "NAS mount target " + network + network,
		}
		if d := cmp.Diff(want, names(p.Missing)); d != "" {
			t.Fatal(d)
		}
		if v := filled(p).VPCConfig; v.VPCID != alicloud.Unmade || v.VSwitchIDs[0] != alicloud.Unmade || v.SecurityGroupID != alicloud.Unmade {
			t.Errorf("before it is made: %+v", v)
		}
		made := makeAll(t, p)
		if d := cmp.Diff(creates(), writes(s)); d != "" {
			t.Error(d)
		}
		f := filled(p)
		if d := cmp.Diff(&fc.VPCConfig{VPCID: "vpc-1", VSwitchIDs: []string{"vsw-2"}, SecurityGroupID: "sg-3"}, f.VPCConfig); d != "" {
			t.Error(d)
		}
		server := "fs4-5.cn-hangzhou.nas.aliyuncs.com"
		if d := cmp.Diff(&fc.NASConfig{MountPoints: []fc.NASMount{{ServerAddr: server + ":/f", MountDir: "/mnt/f"}}}, f.NASConfig); d != "" {
			t.Error(d)
		}
		var ids []string
		for _, r := range made {
			ids = append(ids, r.ID)
		}
		if d := cmp.Diff([]string{"", "vpc-1", "vsw-2", "sg-3", "fs4", "fs4/" + server}, ids); d != "" {
			t.Error(d)
		}
		if slow > 0 && len(s.Waited()) == 0 || slow == 0 && len(s.Waited()) > 0 {
			t.Errorf("slow %d: waited %v", slow, s.Waited())
		}
		again := plan(t, c, networked())
		if !again.Ready() || len(makeAll(t, again)) > 0 || len(writes(s)) > 0 {
			t.Errorf("again: missing %v", again.Missing)
		}
		if d := cmp.Diff(f, filled(again)); d != "" {
			t.Error(d)
		}
	}
}

func TestWhatIsSentOfNetworks(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	makeAll(t, plan(t, s.Client(region, nil), networked()))
	for action, want := range map[string]url.Values{
		"CreateVpc":               {"VpcName": {network}, "Description": {network}, "CidrBlock": {"10.0.0.0/8"}},
		"CreateVSwitch":           {"VpcId": {"vpc-1"}, "VSwitchName": {network}, "Description": {network}, "ZoneId": {"cn-hangzhou-g"}, "CidrBlock": {"10.20.0.0/24"}},
		"CreateSecurityGroup":     {"VpcId": {"vpc-1"}, "SecurityGroupName": {network}, "Description": {network}, "SecurityGroupType": {"normal"}},
		"CreateFileSystem":        {"FileSystemType": {"standard"}, "ProtocolType": {"NFS"}, "StorageType": {"Performance"}, "ZoneId": {"cn-hangzhou-g"}, "Description": {network}},
		"CreateMountTarget":       {"FileSystemId": {"fs4"}, "AccessGroupName": {"DEFAULT_VPC_GROUP_NAME"}, "NetworkType": {"Vpc"}, "VpcId": {"vpc-1"}, "VSwitchId": {"vsw-2"}},
		"CreateServiceLinkedRole": {"ServiceName": {"fc.aliyuncs.com"}},
	} {
		got, err := url.ParseQuery(s.Body(action))
		if err != nil {
			t.Fatal(err)
		}
		if got.Get("ClientToken") == "" && action != "CreateMountTarget" && action != "CreateServiceLinkedRole" {
			t.Errorf("%s can't be sent twice", action)
		}
		got.Del("ClientToken")
		if action != "CreateServiceLinkedRole" {
			want.Set("RegionId", region)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", action, d)
		}
	}
}

// TestNetworkOnceMoreAfterAFailure at each of the calls that make something, which
// may have been done or not: what was made is found, the rest is made, nothing twice.
func TestNetworkOnceMoreAfterAFailure(t *testing.T) {
	t.Parallel()
	for _, action := range creates() {
		for _, failure := range []alicloudtest.Failure{
			{Status: http.StatusInternalServerError, Code: "InternalError"},
			{Status: http.StatusInternalServerError, Code: "InternalError", Done: true},
			{Status: http.StatusBadRequest, Code: "Throttling.User", Times: 2},
			{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Done: true},
		} {
			t.Run(fmt.Sprintf("%s, %s, done %v", action, failure.Code, failure.Done), func(t *testing.T) {
				t.Parallel()
				s := alicloudtest.New(t)
				s.Slow(1)
				failure.Action = action
				s.Fail(failure)
				c := s.Client(region, nil)
				err := plan(t, c, networked()).Make(context.Background(), func(alicloud.Resource) {})
				if err != nil && (!strings.Contains(err.Error(), failure.Code) || !strings.Contains(err.Error(), action)) {
					t.Errorf("got %v", err)
				}
				if err == nil && failure.Code == "InternalError" {
					t.Error("no error")
				}
				makeAll(t, plan(t, c, networked()))
				if d := cmp.Diff([]string{
					"files " + network, "group vpc-1/" + network, "role AliyunServiceRoleForFC", "target fs4/vpc-1", "vpc " + network, "vswitch vpc-1/" + network,
				}, s.Things()); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

// TestHalfOfANetwork: a former run made the VPC alone, or it isn't ready.
func TestHalfOfANetwork(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	vpc := s.AddVPC(network, "10.0.0.0/8")
	s.AddVPC("another", "10.0.0.0/8")
	p := plan(t, s.Client(region, nil), alicloud.Request{Function: "f", Auto: spec.Auto{VPC: &fc.VPCConfig{}}})
	if d := cmp.Diff([]string{"vSwitch " + network + network, "security group " + network + network}, names(p.Missing)); d != "" {
		t.Fatal(d)
	}
	if v := filled(p).VPCConfig; v.VPCID != vpc || v.SecurityGroupID != alicloud.Unmade {
		t.Errorf("%+v", v)
	}
	makeAll(t, p)
	if d := cmp.Diff([]string{"CreateVSwitch", "CreateSecurityGroup"}, writes(s)); d != "" {
		t.Error(d)
	}
}

func TestWhatIsPendingIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	c := s.Client(region, nil)
	makeAll(t, plan(t, c, networked()))
	s.Slow(5)
	s.Fail(alicloudtest.Failure{Action: "CreateMountTarget", Status: 500, Code: "InternalError", Done: true})
	other := networked()
	other.VPC, other.Auto.VPC = &fc.VPCConfig{VPCID: s.AddVPC("own", "10.0.0.0/8"), SecurityGroupID: "sg"}, nil
	other.VPC.VSwitchIDs = []string{s.AddVSwitch(other.VPC.VPCID, "own", "cn-hangzhou-f", "10.1.0.0/24")}
	if err := plan(t, c, other).Make(context.Background(), func(alicloud.Resource) {}); err == nil {
		t.Fatal("no error")
	}
	p := plan(t, c, other)
	if p.Ready() || len(p.Missing) > 0 {
		t.Fatalf("missing %v", p.Missing)
	}
	before := len(s.Waited())
	if made := makeAll(t, p); len(made) > 0 || len(s.Waited()) == before || filled(p).VPCConfig != nil {
		t.Errorf("made %v, waited %v", made, s.Waited())
	}
	s.Slow(99)
	late := networked()
	late.Auto.NAS = nil
	never := alicloudtest.New(t)
	never.Slow(99)
	err := plan(t, never.Client(region, nil), late).Make(context.Background(), func(alicloud.Resource) {})
	if err == nil || !strings.Contains(err.Error(), "isn't there after 28s") || !strings.Contains(err.Error(), "its status is Pending") {
		t.Errorf("got %v", err)
	}
}

func TestNamesThatArentUnique(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	first := s.AddVPC(network, "10.0.0.0/8")
	s.AddVPC(network, "10.0.0.0/8")
	s.AddVSwitch(first, "own", "cn-hangzhou-f", "10.1.0.0/24")
	own := s.AddVSwitch(first, network, "cn-hangzhou-g", "10.2.0.0/24")
	s.AddVSwitch(first, network, "cn-hangzhou-x", "10.3.0.0/24")
	group := s.AddGroup(first, network)
	s.AddGroup(first, network)
	s.AddFiles(network, 0)
	files := s.AddFiles(network, 0)
	target := s.AddTarget(files, first)
	s.Put("role AliyunServiceRoleForFC")
	p := plan(t, s.Client(region, nil), networked())
	if !p.Ready() || len(makeAll(t, p)) > 0 || len(writes(s)) > 0 {
		t.Errorf("missing %v", p.Missing)
	}
	want := []alicloud.Twice{
		{Kind: alicloud.KindVPC, Name: network, Count: 2, Taken: first},
		{Kind: alicloud.KindGroup, Name: network, Count: 2, Taken: group},
		{Kind: alicloud.KindFiles, Name: network, Count: 2, Taken: files},
	}
	if d := cmp.Diff(want, p.Twice); d != "" {
		t.Error(d)
	}
	f := filled(p)
	if f.VPCConfig.VPCID != first || f.VPCConfig.VSwitchIDs[0] != own || f.NASConfig.MountPoints[0].ServerAddr != target+":/f" {
		t.Errorf("%+v, %+v", f.VPCConfig, f.NASConfig)
	}
}

func TestManyPages(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	vpc := s.AddVPC(network, "10.0.0.0/8")
	for i := range 120 {
		s.AddFiles(fmt.Sprint("other ", i), 0)
		s.AddVSwitch(vpc, "far away", "cn-hangzhou-z", fmt.Sprintf("10.1.%d.0/24", i))
	}
	files, vSwitch := s.AddFiles(network, 0), s.AddVSwitch(vpc, network, "cn-hangzhou-f", "10.2.0.0/24")
	s.AddGroup(vpc, network)
	s.AddTarget(files, vpc)
	s.Put("role AliyunServiceRoleForFC")
	p := plan(t, s.Client(region, nil), networked())
	if !p.Ready() || filled(p).VPCConfig.VSwitchIDs[0] != vSwitch {
		t.Errorf("missing %v, %+v", p.Missing, filled(p).VPCConfig)
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	for action, code := range map[string]string{
		"CreateVpc": "QuotaExceeded.Vpc", "CreateVSwitch": "QuotaExceeded.VSwitch", "CreateSecurityGroup": "QuotaExceed.SecurityGroup",
		"CreateFileSystem": "QuotaExceeded.FileSystem", "CreateMountTarget": "QuotaExceeded.MountTarget",
	} {
		s := alicloudtest.New(t)
		s.Fail(alicloudtest.Failure{Action: action, Status: http.StatusBadRequest, Code: code})
		err := plan(t, s.Client(region, nil), networked()).Make(context.Background(), func(alicloud.Resource) {})
		var refused *alicloud.Error
		if !errors.As(err, &refused) || !refused.Quota() || refused.Denied() || len(s.Waited()) > 0 || !strings.HasPrefix(err.Error(), "make the ") {
			t.Errorf("%s: %v, waited %v", action, err, s.Waited())
		}
	}
}

func TestKeysThatArentKnown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		action string
		auto   spec.Auto
	}{{"DescribeVpcs", spec.Auto{VPC: &fc.VPCConfig{}}}, {"GetRole", spec.Auto{Role: true}}, {"DescribeFileSystems", networked().Auto}} {
		for _, code := range []string{"InvalidAccessKeyId.NotFound", "InvalidAction.NotFound"} {
			s := alicloudtest.New(t)
			s.Fail(alicloudtest.Failure{Action: tc.action, Status: http.StatusNotFound, Code: code})
			if _, err := s.Client(region, nil).Plan(context.Background(), alicloud.Request{Function: "f", Auto: tc.auto}); err == nil || !strings.Contains(err.Error(), code) {
				t.Errorf("%s: %v", tc.action, err)
			}
		}
	}
}

// TestWhatIsGiven by s.yaml or deployed is taken, and isn't looked for.
func TestWhatIsGiven(t *testing.T) {
	t.Parallel()
	deployed := &fc.Function{
		VPCConfig: &fc.VPCConfig{VPCID: "vpc-d", VSwitchIDs: []string{"vsw-d"}, SecurityGroupID: "sg-d"},
		NASConfig: &fc.NASConfig{UserID: 7, MountPoints: []fc.NASMount{{ServerAddr: "own:/x", MountDir: "/mnt/x"}}},
	}
	for _, tc := range []struct {
		name  string
		q     alicloud.Request
		want  fc.Function
		calls int
	}{
		{"all is deployed", alicloud.Request{Auto: networked().Auto, Deployed: deployed}, *deployed, 0},
		{"of the same VPC", alicloud.Request{Auto: spec.Auto{VPC: &fc.VPCConfig{VPCID: "vpc-d", SecurityGroupID: "sg-y"}}, Deployed: deployed}, fc.Function{
			VPCConfig: &fc.VPCConfig{VPCID: "vpc-d", VSwitchIDs: []string{"vsw-d"}, SecurityGroupID: "sg-y"},
		}, 0},
		{"files on a network of one's own", alicloud.Request{
			Auto: spec.Auto{NAS: map[string]string{"mountDir": "/mnt/y", "nasDir": "y"}}, VPC: deployed.VPCConfig, Function: "f",
		}, fc.Function{NASConfig: &fc.NASConfig{MountPoints: []fc.NASMount{{ServerAddr: "(new):/y", MountDir: "/mnt/y"}}}}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := alicloudtest.New(t)
			p := plan(t, s.Client(region, nil), tc.q)
			if d := cmp.Diff(tc.want, filled(p)); d != "" {
				t.Error(d)
			}
			if calls := s.Calls(); len(calls) != tc.calls {
				t.Errorf("looked for %v", calls)
			}
		})
	}
	s := alicloudtest.New(t)
	_, err := s.Client(region, nil).Plan(context.Background(), alicloud.Request{Auto: spec.Auto{VPC: &fc.VPCConfig{VPCID: "vpc-gone", SecurityGroupID: "sg"}}})
	if err != nil { // it has no vSwitch, either
		t.Fatal(err)
	}
	err = plan(t, s.Client(region, nil), alicloud.Request{Auto: spec.Auto{VPC: &fc.VPCConfig{VPCID: "vpc-gone", SecurityGroupID: "sg"}}}).Make(context.Background(), nil)
	if err == nil || !strings.Contains(err.Error(), "there is no VPC vpc-gone in cn-hangzhou") {
		t.Errorf("got %v", err)
	}
}

// TestNamesOfEditionOne are those of the components of that edition.
func TestNamesOfEditionOne(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	q := alicloud.Request{Function: "Svc$f", Service: "Svc", Auto: spec.Auto{Log: map[string]string{}, VPC: &fc.VPCConfig{}, NAS: map[string]string{}}}
	p := plan(t, s.Client(region, nil), q)
	makeAll(t, p)
	want := []string{
		"files Alibaba-FcDeployComponent-DefaultNas-cn-hangzhou", "group vpc-1/fc-deploy-component-generated-securityGroup-cn-hangzhou",
		"index 1234567890123456-cn-hangzhou-logproject/fc-service-svc-logstore", "logstore 1234567890123456-cn-hangzhou-logproject/fc-service-svc-logstore",
		"project 1234567890123456-cn-hangzhou-logproject", "target fs4/vpc-1", "vpc fc-deploy-component-generated-vpc-cn-hangzhou",
		"vswitch vpc-1/fc-deploy-component-generated-vswitch-cn-hangzhou",
	}
	if d := cmp.Diff(want, s.Things()); d != "" {
		t.Error(d)
	}
	service := fc.Service{ServiceName: "Svc", Role: "r", Description: "mine"}
	p.FillService(&service)
	yes := true
	if d := cmp.Diff(fc.Service{
		ServiceName: "Svc", Role: "r", Description: "mine",
		LogConfig: &fc.LogConfig{Project: "1234567890123456-cn-hangzhou-logproject", Logstore: "fc-service-svc-logstore", EnableRequestMetrics: &yes, EnableInstanceMetrics: &yes},
		VPCConfig: &fc.VPCConfig{VPCID: "vpc-1", VSwitchIDs: []string{"vsw-2"}, SecurityGroupID: "sg-3"},
		NASConfig: &fc.NASConfig{UserID: 10003, GroupID: 10003, MountPoints: []fc.NASMount{{ServerAddr: "fs4-5.cn-hangzhou.nas.aliyuncs.com:/Svc", MountDir: "/mnt/auto"}}},
	}, service); d != "" {
		t.Error(d)
	}
	deployed := alicloud.OfService(service)
	s.Calls()
	if q.Deployed = &deployed; !plan(t, s.Client(region, nil), q).Ready() || len(s.Calls()) > 0 {
		t.Error("what is deployed was looked for")
	}
}

func TestOtherNameOfTheNetwork(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	makeAll(t, plan(t, s.Client(region, map[string]string{alicloud.EnvNetwork: "mine"}), networked()))
	if d := cmp.Diff([]string{"files mine", "group vpc-1/mine", "role AliyunServiceRoleForFC", "target fs4/vpc-1", "vpc mine", "vswitch vpc-1/mine"}, s.Things()); d != "" {
		t.Error(d)
	}
}

// TestLinkedRole is left to Function Compute if these keys may not look for it.
func TestLinkedRole(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	s.Fail(alicloudtest.Failure{Action: "GetRole", Status: http.StatusForbidden, Code: "NoPermission"})
	if p := plan(t, s.Client(region, nil), alicloud.Request{Auto: spec.Auto{Linked: true}}); !p.Ready() {
		t.Errorf("missing %v", p.Missing)
	}
	s.Fail(alicloudtest.Failure{Action: "CreateServiceLinkedRole", Status: http.StatusConflict, Code: "EntityAlreadyExists.Role", Done: true})
	if made := makeAll(t, plan(t, s.Client(region, nil), alicloud.Request{Auto: spec.Auto{Linked: true}})); len(made) > 0 {
		t.Errorf("made %v", made)
	}
}

// TestLocalNetwork: none is made, and files are a folder of this machine.
func TestLocalNetwork(t *testing.T) {
	t.Parallel()
	c := alicloud.New(alicloud.Config{Region: region, AccountID: "7", Local: true, HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("called %s", r.Host)
		return nil, errors.New("no")
	})}})
	p := plan(t, c, networked())
	if d := cmp.Diff(fc.Function{NASConfig: &fc.NASConfig{MountPoints: []fc.NASMount{{
		ServerAddr: "alibaba-fc-v3-component-generated.cn-hangzhou.nas.localhost:/f", MountDir: "/mnt/f",
	}}}}, filled(p)); d != "" || !p.Ready() {
		t.Error(d, p.Missing)
	}
}
