package deploycmd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"s/pkg/alicloud/alicloudtest"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

// autoCase is one of many: what s.yaml leaves open, what is there before, and what
// fails on the way.
type autoCase struct {
	*rand.Rand
	w *cmdtest.World
	s *alicloudtest.Server
}

func (c *autoCase) yes() bool { return c.IntN(2) == 0 }

func (c *autoCase) auto(edition string) spec.Auto {
	a := spec.Auto{Role: c.yes(), Linked: c.yes()}
	if c.yes() {
		a.Log = map[string]string{}
	}
	if c.yes() {
		a.OSSMount = map[string]string{}
	}
	if c.yes() {
		a.VPC = &fc.VPCConfig{}
	}
	if c.yes() {
		a.NAS, a.VPC = map[string]string{}, &fc.VPCConfig{}
	}
	if edition == spec.Edition3 && a.VPC != nil && c.yes() {
		a.VPC = &fc.VPCConfig{VPCID: c.s.AddVPC("own", "192.168.0.0/16")}
		c.s.AddVSwitch(a.VPC.VPCID, "own", "cn-hangzhou-z", "192.168.0.0/24")
	}
	return a
}

// before makes some of what a former run would have made.
func (c *autoCase) before(edition string) {
	vpc, vSwitch, group, files := networkName, networkName, networkName, networkName
	if edition == spec.Edition1 {
		vpc, vSwitch, group = "fc-deploy-component-generated-vpc-cn-hangzhou", "fc-deploy-component-generated-vswitch-cn-hangzhou", "fc-deploy-component-generated-securityGroup-cn-hangzhou"
		files = "Alibaba-FcDeployComponent-DefaultNas-cn-hangzhou"
	}
	if c.yes() {
		id := c.s.AddVPC(vpc, "10.0.0.0/8")
		if c.yes() {
			c.s.AddVSwitch(id, vSwitch, "cn-hangzhou-f", "10.20.0.0/24")
		}
		if c.yes() {
			c.s.AddGroup(id, group)
		}
	}
	if c.yes() {
		c.s.AddFiles(files, 0)
	}
	c.s.Slow(c.IntN(3))
}

func (c *autoCase) failures() {
	actions := []string{
		"POST /", "POST /logstores", "PUT bucket", "CreateRole", "AttachPolicyToRole", "CreateServiceLinkedRole", "CreateVpc", "CreateVSwitch", "CreateSecurityGroup",
		"CreateFileSystem", "CreateMountTarget", "DescribeVpcs", "DescribeVSwitches", "DescribeMountTargets", "GetRole",
	}
	for range c.IntN(4) {
		f := alicloudtest.Failure{Action: actions[c.IntN(len(actions))], Status: http.StatusInternalServerError, Code: "InternalError", Done: c.yes()}
		if c.yes() {
			f.Status, f.Code = http.StatusServiceUnavailable, "ServiceUnavailable"
		}
		c.s.Fail(f)
	}
}

// TestWhateverIsAuto: of whatever s.yaml leaves open, whatever is there before and
// whatever fails on the way, deployments come to an end; each thing is made once at
// most; and one more deployment changes nothing.
func TestWhateverIsAuto(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		edition := []string{spec.Edition3, spec.Edition1}[seed%2]
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w, s := networkWorld(t, edition)
			c := &autoCase{Rand: rand.New(rand.NewPCG(seed, 1)), w: w, s: s}
			w.Resource().Auto = c.auto(edition)
			c.before(edition)
			c.failures()
			tries := 1
			err := w.Run(command(w, nil))
			for ; err != nil && tries < 6; tries++ {
				err = w.Run(command(w, nil))
			}
			if err != nil {
				t.Fatalf("after %d deployments: %v", tries, err)
			}
			things := s.Things()
			if len(slices.Compact(slices.Clone(things))) != len(things) {
				t.Errorf("something was made twice: %q", things)
			}
			deployed := w.Server.Function("hello")
			if edition == spec.Edition1 {
				deployed = w.Server.Service("svc")
			}
			text, _ := json.Marshal(deployed)
			auto := w.Resource().Auto
			for key, wanted := range map[string]bool{"logConfig": auto.Log != nil, "ossMountConfig": auto.OSSMount != nil, "vpcConfig": auto.VPC != nil, "nasConfig": auto.NAS != nil} {
				if (deployed[key] != nil) != wanted {
					t.Errorf("%s: wanted %v, deployed %s", key, wanted, text)
				}
			}
			if strings.Contains(string(text), "(new)") {
				t.Errorf("deployed %s", text)
			}
			w.Server.Reset()
			if err := w.Run(command(w, nil)); err != nil || len(w.Server.Writes()) > 0 || !slices.Equal(things, s.Things()) {
				t.Errorf("once more: %v, %v, there are %q", err, w.Server.Writes(), s.Things())
			}
		})
	}
}
