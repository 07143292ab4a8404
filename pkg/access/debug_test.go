package access

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"s/pkg/access/accesstest"
	"s/pkg/debug"
)

// told resolves and gives what the debug log has of it, without the times.
func told(t *testing.T, o Options) string {
	t.Helper()
	var out bytes.Buffer
	o.Debug = debug.New(debug.Options{Out: &out})
	c, err := Resolve(t.Context(), o)
	for _, secret := range []string{c.AccessKeySecret, c.SecurityToken, c.AccessKeyID, accesstest.OIDCToken, "hush"} {
		if secret != "" && strings.Contains(out.String(), secret) {
			t.Errorf("a secret shows in\n%s", &out)
		}
	}
	if err != nil {
		t.Logf("%v", err)
	}
	text := ""
	for line := range strings.Lines(out.String()) {
		_, line, _ = strings.Cut(line, "] ")
		text += line
	}
	return text
}

// TestDebug: where was looked, what was taken, who was asked.
func TestDebug(t *testing.T) {
	t.Parallel()
	o, _ := cloud(t, oidcEnv(t, accesstest.OIDCToken), "")
	first := told(t, o)
	for _, want := range []string{
		"access: nothing in the environment (AccountID, AccessKeyID, AccessKeySecret)\n", "access: nothing in access.yaml (default)\n",
		"sts: POST 127.0.0.1:", " (AssumeRoleWithOIDC) → 200, ", "access: taken: ${oidc}: a key with a token, account " + accesstest.AccountID + "\n",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}
	if again := told(t, o); !strings.Contains(again, "access: a session of the cache does until 2") || strings.Contains(again, "sts:") {
		t.Errorf("the second time:\n%s", again)
	}
}

func TestDebugOfKept(t *testing.T) {
	t.Parallel()
	o, _ := cloud(t, nil, "")
	err := UpdateKept(t.Context(), o.SHome, nil, func(k *Kept) error {
		return k.Add(Credentials{Alias: "prod", AccessKeyID: "hush-id", AccessKeySecret: "hush"}, false)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Alias, o.FromFlag = "prod", true
	if got := told(t, o); !strings.Contains(got, "access: taken: prod in "+o.SHome) || !strings.Contains(got, "credentials.yaml:4: a key without a token, account not known yet\n") {
		t.Errorf("%s", got)
	}
	o.FromFlag, o.Environ = false, func() []string { return []string{"GITHUB_ACTIONS=1"} }
	lookup := o.LookupEnv
	o.LookupEnv = func(name string) (string, bool) {
		if name == cicdAliasName {
			return "prod", true
		}
		return lookup(name)
	}
	if got := told(t, o); !strings.Contains(got, "access: alias prod ("+cicdAliasName+", in a CI system)\n") {
		t.Errorf("%s", got)
	}
}

// TestDebugOfProcess: the program and its exit code, without what it is given
// as a secret and without what it says.
func TestDebugOfProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	o, _ := cloud(t, nil, cliProfiles(`"mode": "External", "process_command": "sh -c 'exit 5' --token hush"`))
	got := told(t, o)
	for _, want := range []string{"tool: started: sh -c ", " --token ***\n", "tool: sh exited with 5 after "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
