package removecmd

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

// madeWorld is a world in which deployments made a project, a logstore and a role.
func madeWorld(t *testing.T) (*cmdtest.World, *alicloudtest.Server) {
	t.Helper()
	w, s := cmdtest.New(t, spec.Edition3), alicloudtest.New(t)
	w.Target.Auto = func(region string) *alicloud.Client { return s.Client(region, nil) }
	ledger, err := deploy.OpenLedger(w.Project.Dir, cmdutil.PlaceOf(w.Project, w.Target))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []deploy.Made{
		{Kind: "log project", Name: "p", Region: "cn-hangzhou"},
		{Kind: "logstore", Name: "l", Within: "p", Region: "cn-hangzhou"},
		{Kind: "OSS bucket", Name: "full-of-what-you-keep", Region: "cn-hangzhou"},
		{Kind: "RAM role", Name: alicloud.RoleName, Region: "cn-hangzhou"},
	} {
		ledger.RecordMade(m)
	}
	for _, thing := range []string{"project p", "logstore p/l", "bucket full-of-what-you-keep", "role " + alicloud.RoleName} {
		s.Put(thing)
	}
	s.Put("objects full-of-what-you-keep")
	if err := ledger.Save(); err != nil {
		t.Fatal(err)
	}
	return w, s
}

func madeOf(t *testing.T, w *cmdtest.World) int {
	t.Helper()
	ledger, err := deploy.OpenLedger(w.Project.Dir, cmdutil.PlaceOf(w.Project, w.Target))
	if err != nil {
		t.Fatal(err)
	}
	return len(ledger.Made())
}

func TestMadeIsNeverDeletedSilently(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-y"}, {"--auto"}} {
		w, s := madeWorld(t)
		if err := w.Run(NewCmd(w.Factory, nil), args...); err != nil || len(s.Calls()) > 0 || madeOf(t, w) != 4 {
			t.Errorf("%v: %v, left %v", args, err, s.Things())
		}
		w.WantStderr("earlier deployments made this because s.yaml says auto", "log project p (cn-hangzhou)", "s remove --auto -y")
	}
	w, s := madeWorld(t)
	w.TTY(false)
	if err := w.Run(NewCmd(w.Factory, nil)); err != nil || len(s.Calls()) > 0 || len(w.Prompter.Asked) != 1 {
		t.Errorf("%v, asked %v", err, w.Prompter.Asked)
	}
}

func TestMadeIsDeleted(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{true, false} {
		w, s := madeWorld(t)
		args := []string{"--auto", "-y"}
		if asked {
			w.TTY(true)
			args = nil
		}
		if err := w.Run(NewCmd(w.Factory, nil), args...); err != nil || madeOf(t, w) != 1 {
			t.Fatalf("%v, left %v", err, s.Things())
		}
		w.WantStderr("log project p removed", "RAM role AliyunFcDefaultRole removed", "OSS bucket full-of-what-you-keep stays: it isn't empty")
		if len(s.Things()) != 2 {
			t.Errorf("left %v", s.Things())
		}
	}
}

func TestMadeThatIsUsedStays(t *testing.T) {
	t.Parallel()
	w, s := madeWorld(t)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	other := fc.Function{FunctionName: "other", Runtime: "python3.10", Handler: "a.b", LogConfig: &fc.LogConfig{Project: "p", Logstore: "l"}}
	if _, err := client.CreateFunction(t.Context(), other, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "--auto", "-y"); err != nil || madeOf(t, w) != 3 {
		t.Fatalf("%v, left %v", err, s.Things())
	}
	w.WantStderr("log project p stays: function other uses it", "logstore l (p) stays: function other uses it", "RAM role AliyunFcDefaultRole removed")
}

func TestMadeCantBeDeleted(t *testing.T) {
	t.Parallel()
	w, s := madeWorld(t)
	s.Fail(alicloudtest.Failure{Action: "DELETE /", Status: http.StatusForbidden, Code: "Unauthorized"})
	err := w.Run(NewCmd(w.Factory, nil), "--auto", "-y")
	if cmdutil.CodeOf(err) != cmdutil.ExitCloud || !strings.Contains(err.Error(), "Unauthorized") || madeOf(t, w) != 2 {
		t.Errorf("%v, left %v", err, s.Things())
	}
}

// TestMadeNetworks: what deployments found stays, and so does what is used still or
// is the whole account's.
func TestMadeNetworks(t *testing.T) {
	t.Parallel()
	w, s := cmdtest.New(t, spec.Edition3), alicloudtest.New(t)
	w.Target.Auto = func(region string) *alicloud.Client { return s.Client(region, nil) }
	ledger, err := deploy.OpenLedger(w.Project.Dir, cmdutil.PlaceOf(w.Project, w.Target))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Client("cn-hangzhou", nil)
	s.AddFiles("Alibaba-Fc-V3-Component-Generated", 0)
	plan, err := c.Plan(t.Context(), alicloud.Request{Function: "f", Auto: spec.Auto{VPC: &fc.VPCConfig{}, NAS: map[string]string{}, Linked: true}})
	if err != nil {
		t.Fatal(err)
	}
	err = plan.Make(t.Context(), func(r alicloud.Resource) {
		for _, m := range cmdutil.MadeOf([]alicloud.Resource{r}) {
			ledger.RecordMade(m)
		}
	})
	if err = errors.Join(err, ledger.Save()); err != nil {
		t.Fatal(err)
	}
	var f fc.Function
	plan.Fill(&f)
	s.Use(f.VPCConfig.SecurityGroupID)
	if err := w.Run(NewCmd(w.Factory, nil), "--auto", "-y"); err != nil || madeOf(t, w) != 2 {
		t.Fatalf("%v, left %v", err, s.Things())
	}
	w.WantStderr("NAS mount target Alibaba-Fc-V3-Component-Generated removed", "vSwitch Alibaba-Fc-V3-Component-Generated removed",
		"security group Alibaba-Fc-V3-Component-Generated stays: it isn't empty, or others use it", "VPC Alibaba-Fc-V3-Component-Generated stays",
		"service-linked role AliyunServiceRoleForFC stays: it is the whole account's")
	want := []string{
		"files Alibaba-Fc-V3-Component-Generated", "group vpc-2/Alibaba-Fc-V3-Component-Generated", "role AliyunServiceRoleForFC", "vpc Alibaba-Fc-V3-Component-Generated",
	}
	if d := cmp.Diff(want, s.Things()); d != "" {
		t.Error(d)
	}
}
