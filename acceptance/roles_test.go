package acceptance

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"s/pkg/access/accesstest"
	"s/pkg/toolchain"
)

// TestRoleCredentials: a function with a role gets temporary credentials of it from
// STS, in its environment and with each call, from the working tree and in the local
// cloud; when STS doesn't answer it runs with the local ones, and the log says why.
func TestRoleCredentials(t *testing.T) {
	t.Parallel()
	sts := accesstest.New(t)
	sts.Know("prodKeyId", "prod-secret-key", "")
	python, err := toolchain.New(os.LookupEnv).FindPython(t.Context(), "3.6")
	if err != nil {
		t.Skip(err)
	}
	w := newWorld(t, map[string]string{
		"s.yaml": `edition: 3.0.0
name: roles
access: local
resources:
  who:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: who
      runtime: python` + python.Minor() + `
      handler: index.handler
      role: ` + accesstest.RoleARN + `
      code: .
`,
		"index.py": `import os
def handler(event, context):
    return os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] + " " + context.credentials.access_key_id
`,
	})
	w.vars["prod_serverless_devs_key"] = `{"AccountID":"1","AccessKeyID":"prodKeyId","AccessKeySecret":"prod-secret-key"}`
	run := func(args ...string) (string, string) {
		t.Helper()
		cmd := s(w.vars, args...)
		cmd.Dir = w.work
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Run(); err != nil {
			t.Fatalf("s %v: %v\n%s", args, err, &errOut)
		}
		if all := out.String() + errOut.String(); strings.Contains(all, "prod-secret-key") || strings.Contains(all, accesstest.GivenSecret) {
			t.Errorf("s %v shows a secret: %s", args, all)
		}
		return strings.TrimSpace(out.String()), errOut.String()
	}
	const given = "sts-of-prodKeyId"

	w.vars["S_STS_ENDPOINT"] = "http://127.0.0.1:1"
	out, log := run("local", "invoke", "--assume-role", "prod_serverless_devs_key", "--debug")
	if strings.Contains(out, given) || !strings.Contains(log, "no temporary credentials of role") {
		t.Errorf("without STS: %s\n%s", out, log)
	}
	w.vars["S_STS_ENDPOINT"] = sts.URL
	if out, log := run("local", "invoke", "--assume-role", "prod_serverless_devs_key", "--debug"); out != given+" "+given {
		t.Errorf("%s\n%s", out, log)
	}
	if out, _ := run("local", "invoke"); strings.Contains(out, given) {
		t.Errorf("without the flag: %s", out)
	}
	run("local", "up", "--assume-role", "prod_serverless_devs_key")
	run("deploy", "-y")
	if out, log := run("invoke"); out != given+" "+given {
		t.Errorf("%s\n%s", out, log)
	}
	cmd := s(w.vars, "local", "up", "--assume-role", "prod_serverless_devs_key")
	if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(text), "runs already") {
		t.Errorf("a second time: %v\n%s", err, text)
	}
	for alias, says := range map[string]string{"nobody": "no credentials for access", "local": "takes the keys of an account"} {
		cmd := s(w.vars, "local", "invoke", "--assume-role", alias)
		cmd.Dir = w.work
		if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(text), says) {
			t.Errorf("%s: %v\n%s", alias, err, text)
		}
	}
	if n := len(sts.Calls()); n == 0 || n > 2 {
		t.Error(fmt.Sprint("STS was asked for ", sts.Calls()))
	}
}
