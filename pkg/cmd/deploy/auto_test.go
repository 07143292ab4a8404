package deploycmd

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/spec"
)

func autoWorld(t *testing.T) (*cmdtest.World, *alicloudtest.Server) {
	t.Helper()
	w, s := cmdtest.New(t, spec.Edition3), alicloudtest.New(t)
	w.Target.Auto = func(region string) *alicloud.Client { return s.Client(region, nil) }
	w.Resource().Auto = spec.Auto{Log: map[string]string{}, OSSMount: map[string]string{}, Role: true}
	return w, s
}

func TestAutoIsShownThenMade(t *testing.T) {
	t.Parallel()
	w, s := autoWorld(t)
	if err := w.Run(command(w, nil), "--dry-run"); err != nil || len(s.Things()) > 0 || len(w.Server.Writes()) > 0 {
		t.Fatalf("%v, made %v", err, s.Things())
	}
	w.WantStderr("+ log project serverless-cn-hangzhou-", "+ RAM role AliyunFcDefaultRole", "7 to create")
	if err := w.Run(command(w, nil)); err != nil || len(s.Things()) != 6 {
		t.Fatalf("%v, made %v", err, s.Things())
	}
	w.WantStderr("log project serverless-cn-hangzhou-deed2a88-e73d-5caa-b0a9-e6e296f62be2 created",
		"s.yaml may have this in place of auto", "logstore: default-logs", "role: acs:ram::1234567890123456:role/AliyunFcDefaultRole")
	logs, _ := w.Server.Function("hello")["logConfig"].(map[string]any)
	if logs["logstore"] != "default-logs" {
		t.Errorf("logConfig %v", logs)
	}
	s.Calls()
	w.Server.Reset()
	if err := w.Run(command(w, nil)); err != nil || len(s.Calls())+len(w.Server.Writes()) > 0 {
		t.Errorf("again: %v, %v", err, w.Server.Writes())
	}
}

// TestAutoFails: nothing is deployed on top of it, what was made is known, and the
// next deployment goes on.
func TestAutoFails(t *testing.T) {
	t.Parallel()
	w, s := autoWorld(t)
	w.Add("other").Auto = spec.Auto{}
	s.Fail(alicloudtest.Failure{Action: "POST /logstores", Status: http.StatusForbidden, Code: "Unauthorized"})
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitCloud || !strings.Contains(hint(err), "AliyunLogFullAccess") || w.Server.Function("hello") != nil {
		t.Fatalf("%v, hint %q", err, hint(err))
	}
	if w.Server.Function("other") == nil {
		t.Error("the other one wasn't deployed")
	}
	known, err := os.ReadFile(filepath.Join(w.Project.Dir, ".s", "deployed.json"))
	if err != nil || !strings.Contains(string(known), `"log project"`) || strings.Contains(string(known), `"logstore"`) {
		t.Errorf("%v, known %s", err, known)
	}
	if err := w.Run(command(w, nil)); err != nil || w.Server.Function("hello") == nil || len(s.Things()) != 6 {
		t.Errorf("again: %v, made %v", err, s.Things())
	}
}

func TestAutoCantBePlanned(t *testing.T) {
	t.Parallel()
	w, s := autoWorld(t)
	s.Fail(alicloudtest.Failure{Action: "GetRole", Status: http.StatusForbidden, Code: "NoPermission"})
	if err := w.Run(command(w, nil)); exitCode(err) != cmdutil.ExitCloud || !strings.Contains(hint(err), "AliyunRAMFullAccess") || len(w.Server.Writes()) > 0 {
		t.Errorf("%v, hint %q", err, hint(err))
	}
	w.Target.Credentials.AccountID = ""
	if err := w.Run(command(w, nil)); err == nil || !strings.Contains(err.Error(), "id of the account") {
		t.Errorf("without an account: %v", err)
	}
	w.Target.Auto = nil
	if err := w.Run(command(w, nil)); err == nil || !strings.Contains(err.Error(), "nothing can be made") {
		t.Errorf("without services: %v", err)
	}
}

// TestAutoIsOfTheConfiguration: a part that doesn't set it looks for nothing.
func TestAutoIsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	w, s := autoWorld(t)
	w.Resource().Auto = spec.Auto{}
	if err := w.Run(command(w, nil)); err != nil {
		t.Fatal(err)
	}
	w.Resource().Auto = spec.Auto{Log: map[string]string{}}
	w.Write("index.py", "changed")
	if err := w.Run(command(w, nil), "--function=code"); err != nil || len(s.Calls()) > 0 {
		t.Errorf("%v, made %v", err, s.Things())
	}
	if err := w.Run(command(w, nil), "--function=config"); err != nil || len(s.Things()) != 3 || w.Server.Function("hello")["logConfig"] == nil {
		t.Errorf("%v, made %v", err, s.Things())
	}
}
