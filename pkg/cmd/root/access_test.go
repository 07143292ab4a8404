package root

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/access"
	"s/pkg/access/accesstest"
	"s/pkg/cmd/cmdutil"
)

// withSTS is a machine whose STS, and whose service of logins, is a stand-in.
func withSTS(t *testing.T) (home string, server *accesstest.Server) {
	t.Helper()
	dir := emptyMachine(t)
	server = accesstest.New(t)
	server.Know("LTAI5tRightKey", "right-hush-secret", "")
	for _, name := range []string{"S_STS_ENDPOINT", "S_OAUTH_ENDPOINT"} {
		t.Setenv(name, server.URL)
	}
	t.Setenv("S_KEYRING", "off")
	for _, name := range []string{"AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"} {
		t.Setenv(name, "")
	}
	return filepath.Join(dir, "home"), server
}

// TestConfigAddAsksSTS: the command as it is, against an STS over HTTP.
func TestConfigAddAsksSTS(t *testing.T) {
	for _, tt := range []struct {
		name, secret string
		more         []string
		offline      bool
		code         int
		says         string
		account      string
		calls        []string
	}{
		{name: "right", secret: "right-hush-secret", says: "kept: prod (account " + accesstest.AccountID, account: accesstest.AccountID, calls: []string{"GetCallerIdentity"}},
		{name: "wrong", secret: "wrong-hush-secret", code: cmdutil.ExitCredentials, says: "SignatureDoesNotMatch, HTTP 403, request REQ-1"},
		{name: "of another account", secret: "right-hush-secret", more: []string{"--AccountID", "7"}, code: cmdutil.ExitCredentials, says: "not of 7", calls: []string{"GetCallerIdentity"}},
		{name: "not to be checked", secret: "wrong-hush-secret", more: []string{"--no-check"}, says: "kept: prod"},
		{name: "offline", secret: "right-hush-secret", offline: true, says: "the key isn't checked: no answer from 127.0.0.1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home, server := withSTS(t)
			if tt.offline {
				t.Setenv("S_STS_ENDPOINT", "http://127.0.0.1:1")
			}
			args := append([]string{"config", "add", "-a", "prod", "--AccessKeyID", "LTAI5tRightKey", "--AccessKeySecret", tt.secret, "--debug"}, tt.more...)
			code, stdout, stderr := do(t, args...)
			if code != tt.code || !strings.Contains(stderr.String(), tt.says) || stdout.Len() > 0 {
				t.Errorf("exit code %d: %s%s", code, stdout, stderr)
			}
			if strings.Contains(stderr.String(), "hush") {
				t.Errorf("the secret shows: %s", stderr)
			}
			if got := server.Calls(); !slices.Equal(got, tt.calls) {
				t.Errorf("asked for %v", got)
			}
			kept, err := access.ReadKept(home, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c, ok := kept.Get("prod"); ok != (tt.code == 0) || c.AccountID != tt.account {
				t.Errorf("kept %v, %t", c, ok)
			}
		})
	}
}

// TestLoginThatHasEnded: what to run is the hint; a login that lasts deploys.
func TestLoginThatHasEnded(t *testing.T) {
	_, server := withSTS(t)
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	config := func(end string) {
		write(t, filepath.Join(home, ".aliyun", "config.json"), `{"current": "work", "profiles": [{"name": "work", "mode": "CloudSSO", "cloud_sso_sign_in_url": "`+server.URL+
			`/x", "cloud_sso_account_id": "`+accesstest.AccountID+`", "cloud_sso_access_config": "`+accesstest.SSOConfig+`", "access_token": "`+accesstest.SSOToken+
			`", "cloud_sso_access_token_expire": `+end+`}]}`)
	}
	write(t, "s.yaml", strings.Replace(project, "access: %s\n", "", 1))
	write(t, filepath.Join("code", "index.py"), "")
	t.Setenv(envEndpoint, "http://127.0.0.1:1")
	config("1000")
	code, _, stderr := do(t, "plan")
	if code != cmdutil.ExitCredentials || !strings.Contains(stderr.String(), "hint: aliyun configure --mode CloudSSO --profile work\n") ||
		!strings.Contains(stderr.String(), "(profile work): its CloudSSO login has ended") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	config("9999999999")
	code, _, stderr = do(t, "plan", "--debug")
	if code != cmdutil.ExitFailed || !strings.Contains(stderr.String(), "access: taken: aliyun:work in ") || strings.Contains(stderr.String(), "nobody-may-see") ||
		!strings.Contains(stderr.String(), "access: POST 127.0.0.1:") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if got := server.Calls(); !slices.Equal(got, []string{"cloud-credentials"}) {
		t.Errorf("asked for %v", got)
	}
}

// TestOAuthLoginIsRenewed by a command, once, and the Alibaba Cloud CLI finds
// the new tokens in its file; a second command needs no service at all.
func TestOAuthLoginIsRenewed(t *testing.T) {
	_, server := withSTS(t)
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(home, ".aliyun", "config.json")
	write(t, file, `{
	"current": "other",
	"profiles": [
		{"name": "other", "mode": "AK", "access_key_id": "hush", "access_key_secret": "hush"},
		{"name": "work", "mode": "OAuth", "oauth_site_type": "CN", "oauth_refresh_token": "`+accesstest.FirstGrant+`", "region_id": "cn-hangzhou"}
	],
	"meta_path": ""
}`)
	write(t, "s.yaml", strings.Replace(project, "%s", "default", 1))
	write(t, filepath.Join("code", "index.py"), "")
	t.Setenv(envEndpoint, "http://127.0.0.1:1")
	for run := range 2 {
		args := []string{"plan", "--debug", "-a", "${aliyun-cli:work}"}
		code, _, stderr := do(t, args...)
		if code != cmdutil.ExitFailed || !strings.Contains(stderr.String(), "access: taken: aliyun:work in "+file) {
			t.Fatalf("run %d: exit code %d: %s", run, code, stderr)
		}
		if strings.Contains(stderr.String(), "nobody-may-see") || strings.Contains(stderr.String(), "hush") {
			t.Errorf("a secret shows: %s", stderr)
		}
		told := strings.Contains(stderr.String(), "access: the OAuth login of profile work is refreshed")
		cached := strings.Contains(stderr.String(), "access: a session of the cache does until ")
		if told != (run == 0) || cached != (run == 1) {
			t.Errorf("run %d: %s", run, stderr)
		}
	}
	if got := server.Calls(); !slices.Equal(got, []string{"token of 4038181954557748008", "exchange"}) {
		t.Errorf("asked for %v", got)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	access, refresh := server.Tokens()
	for _, want := range []string{`"oauth_access_token": "` + access + `"`, `"oauth_refresh_token": "` + refresh + `"`, `"access_key_secret": "hush"}`, `"meta_path": ""`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
