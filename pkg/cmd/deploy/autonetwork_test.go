package deploycmd

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

const networkName = "Alibaba-Fc-V3-Component-Generated"

// networkWorld is a world whose resource leaves its network and its files open.
func networkWorld(t *testing.T, edition string) (*cmdtest.World, *alicloudtest.Server) {
	t.Helper()
	w, s := cmdtest.New(t, edition), alicloudtest.New(t)
	w.Target.Auto = func(region string) *alicloud.Client { return s.Client(region, nil) }
	w.Resource().Auto = spec.Auto{VPC: &fc.VPCConfig{}, NAS: map[string]string{}}
	return w, s
}

func TestNetworkIsShownThenMade(t *testing.T) {
	t.Parallel()
	w, s := networkWorld(t, spec.Edition3)
	s.Slow(2)
	if err := w.Run(command(w, nil), "--dry-run"); err != nil || len(s.Things()) > 0 || len(w.Server.Writes()) > 0 {
		t.Fatalf("%v, made %v", err, s.Things())
	}
	w.WantStderr("+ VPC "+networkName, "+ vSwitch "+networkName+"\n", "+ security group ", "+ NAS file system ", "+ NAS mount target ", "(new)", "6 to create")
	if err := w.Run(command(w, nil)); err != nil || len(s.Things()) != 5 {
		t.Fatalf("%v, made %v", err, s.Things())
	}
	w.WantStderr("VPC "+networkName+" created", "NAS mount target "+networkName+" created", "vpcId: vpc-1", "- vsw-2", "securityGroupId: sg-3", "serverAddr: fs4-5.cn-hangzhou.nas.aliyuncs.com:/hello")
	function := w.Server.Function("hello")
	if d := cmp.Diff(map[string]any{"vpcId": "vpc-1", "vSwitchIds": []any{"vsw-2"}, "securityGroupId": "sg-3"}, function["vpcConfig"]); d != "" {
		t.Error(d)
	}
	s.Calls()
	w.Server.Reset()
	if err := w.Run(command(w, nil)); err != nil || len(s.Calls())+len(w.Server.Writes()) > 0 {
		t.Errorf("again: %v, %v", err, w.Server.Writes())
	}
	w.Add("other").Auto = w.Resource().Auto
	if err := w.Run(command(w, nil)); err != nil || len(s.Things()) != 5 {
		t.Errorf("%v, made %v", err, s.Things())
	}
	if d := cmp.Diff(function["vpcConfig"], w.Server.Function("other")["vpcConfig"]); d != "" {
		t.Error(d)
	}
}

// TestTwoFunctionsShareANetwork that neither of them finds.
func TestTwoFunctionsShareANetwork(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		w, s := networkWorld(t, edition)
		w.Add("other").Auto = w.Resource().Auto
		if err := w.Run(command(w, nil)); err != nil || len(s.Things()) != 5 {
			t.Errorf("%v, made %v", err, s.Things())
		}
	}
}

func TestNetworkFails(t *testing.T) {
	t.Parallel()
	w, s := networkWorld(t, spec.Edition3)
	s.Fail(alicloudtest.Failure{Action: "CreateVSwitch", Status: http.StatusBadRequest, Code: "QuotaExceeded.VSwitch"})
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitCloud || !strings.Contains(hint(err), "have the quota raised") || w.Server.Function("hello") != nil {
		t.Fatalf("%v, hint %q", err, hint(err))
	}
	known, err := os.ReadFile(filepath.Join(w.Project.Dir, ".s", "deployed.json"))
	if err != nil || !strings.Contains(string(known), `"vpc-1"`) || strings.Contains(string(known), `"vSwitch"`) {
		t.Errorf("%v, known %s", err, known)
	}
	if err := w.Run(command(w, nil)); err != nil || w.Server.Function("hello") == nil || len(s.Things()) != 5 {
		t.Errorf("again: %v, made %v", err, s.Things())
	}
	for action, policy := range map[string]string{"DescribeVpcs": "AliyunVPCFullAccess", "DescribeFileSystems": "AliyunNASFullAccess", "DescribeSecurityGroups": "AliyunECSFullAccess", "GET /2021-04-06/account-settings": "AliyunFCFullAccess"} {
		w.Resource().Function.FunctionName = "another"
		s.Fail(alicloudtest.Failure{Action: action, Status: http.StatusForbidden, Code: "Forbidden.RAM"})
		if err := w.Run(command(w, nil)); exitCode(err) != cmdutil.ExitCloud || !strings.Contains(hint(err), policy) {
			t.Errorf("%s: %v, hint %q", action, err, hint(err))
		}
	}
}

func TestNetworkOfAService(t *testing.T) {
	t.Parallel()
	w, s := networkWorld(t, spec.Edition1)
	if err := w.Run(command(w, nil)); err != nil || len(s.Things()) != 5 {
		t.Fatalf("%v, made %v", err, s.Things())
	}
	w.WantStderr("+ VPC fc-deploy-component-generated-vpc-cn-hangzhou", "vswitchIds:", "fcDir: /mnt/auto", "nasDir: /svc", "serverAddr: fs4-5.cn-hangzhou.nas.aliyuncs.com\n", "userId: 10003")
	service := w.Server.Service("svc")
	if d := cmp.Diff(map[string]any{"vpcId": "vpc-1", "vSwitchIds": []any{"vsw-2"}, "securityGroupId": "sg-3"}, service["vpcConfig"]); d != "" {
		t.Error(d)
	}
	if w.Server.Function("svc$hello")["vpcConfig"] != nil {
		t.Error("the function has it, too")
	}
	if w.Project.Resources[0].Service.VPCConfig != nil {
		t.Error("the resource changed")
	}
	s.Calls()
	w.Server.Reset()
	if err := w.Run(command(w, nil)); err != nil || len(s.Calls())+len(w.Server.Writes()) > 0 {
		t.Errorf("again: %v, %v, looked %v", err, w.Server.Writes(), s.Calls())
	}
}

func TestNamesThatArentUniqueAreTold(t *testing.T) {
	t.Parallel()
	w, s := networkWorld(t, spec.Edition3)
	w.Resource().Auto.NAS = nil
	s.AddVPC(networkName, "10.0.0.0/8")
	s.AddVPC(networkName, "10.0.0.0/8")
	if err := w.Run(command(w, nil), "--dry-run"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("warning: hello: 2 have the name of the VPC " + networkName + ": vpc-1 is taken, the first one")
}

// TestDomainNameIsRegistered before the custom domain is made, which is deployed once
// and then kept.
func TestDomainNameIsRegistered(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition3, spec.Edition1} {
		w, s := networkWorld(t, edition)
		name := map[string]string{spec.Edition3: "hello.fcv3", spec.Edition1: "hello.svc"}[edition] + ".1234567890123456.cn-hangzhou.fc.devsapp.net"
		w.Resource().Auto = spec.Auto{Domain: &fc.CustomDomain{Protocol: "HTTP"}}
		if err := w.Run(command(w, nil), "--dry-run"); err != nil || len(s.Calls())+len(w.Server.Writes()) > 0 {
			t.Fatalf("%v, wrote %v", err, w.Server.Writes())
		}
		w.WantStderr("+ domain name "+name+"\n", "+ customDomain "+name)
		if err := w.Run(command(w, nil), "--function=config"); err != nil || len(s.Calls()) > 0 || w.Server.Domain(name) != nil {
			t.Errorf("without it: %v", err)
		}
		if err := w.Run(command(w, nil)); err != nil || w.Server.Domain(name) == nil || len(s.Things()) > 0 {
			t.Fatalf("%v, left %v", err, s.Things())
		}
		w.WantStderr("domain name "+name+" created", "customDomain "+name+" created")
		if strings.Contains(w.ErrOut.String(), "in place of auto") {
			t.Errorf("an empty block is shown: %s", w.ErrOut)
		}
		s.Calls()
		w.Server.Reset()
		if err := w.Run(command(w, nil)); err != nil || len(s.Calls())+len(w.Server.Writes()) > 0 {
			t.Errorf("again: %v, wrote %v", err, w.Server.Writes())
		}
	}
}

func TestDomainNameFails(t *testing.T) {
	t.Parallel()
	w, s := networkWorld(t, spec.Edition3)
	w.Resource().Auto = spec.Auto{Domain: &fc.CustomDomain{Protocol: "HTTP"}}
	s.Fail(alicloudtest.Failure{Action: "POST /2021-04-06/services", Status: http.StatusForbidden, Code: "AccessDenied"})
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitCloud || !strings.Contains(hint(err), "AliyunFCFullAccess") || len(w.Server.Writes()) > 0 {
		t.Errorf("%v, hint %q, wrote %v", err, hint(err), w.Server.Writes())
	}
	if err := w.Run(command(w, nil)); err != nil {
		t.Error(err)
	}
}
