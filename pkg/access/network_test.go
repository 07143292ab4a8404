package access

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/access/accesstest"
)

// cloud is a world whose STS and metadata service are stand-ins.
func cloud(t *testing.T, env map[string]string, cli string) (Options, *accesstest.Server) {
	t.Helper()
	server := accesstest.New(t)
	server.Know("cliId", "cliSecret", "")
	all := map[string]string{envSTSEndpoint: server.URL, envMetadata: server.URL}
	maps.Copy(all, env)
	o := world{env: all, cli: cli}.options(t)
	o.Now = nil
	return o, server
}

func oidcEnv(t *testing.T, token string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"ALIBABA_CLOUD_ROLE_ARN": accesstest.RoleARN, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": accesstest.ProviderARN,
		"ALIBABA_CLOUD_OIDC_TOKEN_FILE": path,
	}
}

// cliProfiles is a config.json whose current profile is the first.
func cliProfiles(list ...string) string {
	return `{"current": "p", "profiles": [{"name": "p", ` + strings.Join(list, `}, {"name": `) + `}]}`
}

const (
	role   = `"ram_role_arn": "` + accesstest.RoleARN + `", "ram_session_name": "deploy"`
	cliKey = `"access_key_id": "cliId", "access_key_secret": "cliSecret"`
)

// TestProfileModes: every mode of the Alibaba Cloud CLI that holds or gets
// credentials without a browser.
func TestProfileModes(t *testing.T) {
	t.Parallel()
	oidc := oidcEnv(t, accesstest.OIDCToken)["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]
	for _, tt := range []struct{ name, cli, id, account string }{
		{"AK", cliProfiles(`"mode": "AK", ` + cliKey), "cliId", ""},
		{"no mode", cliProfiles(cliKey), "cliId", ""},
		{"StsToken", cliProfiles(`"mode": "StsToken", "sts_token": "t", ` + cliKey), "cliId", ""},
		{"CloudSSO", cliProfiles(`"mode": "CloudSSO", "sts_token": "t", "sts_expiration": 9999999999, ` + cliKey), "cliId", ""},
		{"RamRoleArn", cliProfiles(`"mode": "RamRoleArn", "expired_seconds": 900, "external_id": "x", "policy": "{}", ` + cliKey + `, ` + role), "sts-of-cliId", accesstest.AccountID},
		{"EcsRamRole", cliProfiles(`"mode": "EcsRamRole"`), "ecs-key", accesstest.AccountID},
		{"EcsRamRole by name", cliProfiles(`"mode": "EcsRamRole", "ram_role_name": "` + accesstest.InstanceRole + `"`), "ecs-key", accesstest.AccountID},
		{"RamRoleArnWithEcs", cliProfiles(`"mode": "RamRoleArnWithEcs", ` + role), "sts-of-ecs-key", accesstest.AccountID},
		{"ChainableRamRoleArn", cliProfiles(`"mode": "ChainableRamRoleArn", "source_profile": "q", `+role, `"q", "mode": "EcsRamRole"`), "sts-of-ecs-key", accesstest.AccountID},
		{"OIDC", cliProfiles(fmt.Sprintf(`"mode": "OIDC", "oidc_provider_arn": %q, "oidc_token_file": %q, `, accesstest.ProviderARN, oidc) + role), "sts-of-oidc", accesstest.AccountID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, _ := cloud(t, nil, tt.cli)
			c, err := Resolve(t.Context(), o)
			if err != nil || c.AccessKeyID != tt.id || c.AccountID != tt.account || c.Alias != "aliyun:p" {
				t.Fatalf("got %v, %v", c, err)
			}
			o.Alias = ProfileAlias
			if again, err := Resolve(t.Context(), o); err != nil || again != c {
				t.Errorf("by name: %v, %v", again, err)
			}
		})
	}
}

// TestBadProfiles: what can't work says why, and shows no secret.
func TestBadProfiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, cli, says string }{
		{"no such role", cliProfiles(`"mode": "RamRoleArn", "ram_role_arn": "acs:ram::1:role/x", ` + cliKey), "EntityNotExist.Role"},
		{"no role", cliProfiles(`"mode": "RamRoleArn", ` + cliKey), "lacks one"},
		{"a wrong secret", cliProfiles(`"mode": "RamRoleArn", "access_key_id": "cliId", "access_key_secret": "hushhush", ` + role), "SignatureDoesNotMatch"},
		{"a loop", cliProfiles(`"mode": "ChainableRamRoleArn", "source_profile": "p", ` + role), "leads back"},
		{"no source", cliProfiles(`"mode": "ChainableRamRoleArn", "source_profile": "none", ` + role), `no profile "none"`},
		{"half of OIDC", cliProfiles(`"mode": "OIDC", ` + role), "lacks one"},
		{"no program", cliProfiles(`"mode": "External", "process_command": ""`), "the command is empty"},
		{"a far http URI", cliProfiles(`"mode": "CredentialsURI", "credentials_uri": "http://192.0.2.1/hushhush"`), "isn't https"},
		{"another instance role", cliProfiles(`"mode": "EcsRamRole", "ram_role_name": "x"`), "no such RAM role"},
		{"the wrong kind", "{\"current\": \"p\",\n\"profiles\": [{\"name\": [\"hushhush\"]}]}", "config.json:2: this isn't"},
		{"cut off", "{\"current\": \"p\",\n\n\"profiles\": [", "config.json:3: this isn't"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, _ := cloud(t, nil, tt.cli)
			c, err := Resolve(t.Context(), o)
			if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, %v", c, err)
			}
			if strings.Contains(err.Error(), "hushhush") {
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
}

func TestOIDC(t *testing.T) {
	t.Parallel()
	o, server := cloud(t, oidcEnv(t, accesstest.OIDCToken), "")
	c, err := Resolve(t.Context(), o)
	if err != nil || c.Alias != OIDCAlias || c.AccountID != accesstest.AccountID || c.SecurityToken != accesstest.GivenToken {
		t.Fatalf("%v, %v", c, err)
	}
	if got := server.Calls(); !slices.Equal(got, []string{"AssumeRoleWithOIDC"}) {
		t.Errorf("asked for %v", got)
	}
	// What was given signs: STS says whose it is.
	if account, err := Identity(t.Context(), o, c); err != nil || account != accesstest.AccountID {
		t.Errorf("%s, %v", account, err)
	}
	o, _ = cloud(t, oidcEnv(t, "another-hushhush"), "")
	_, err = Resolve(t.Context(), o)
	var provider *ProviderError
	var refused *STSError
	if !errors.As(err, &provider) || !errors.As(err, &refused) || refused.RequestID != "REQ-1" || strings.Contains(err.Error(), "hushhush") {
		t.Errorf("%v", err)
	}
	o, _ = cloud(t, oidcEnv(t, ""), "")
	if _, err := Resolve(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("%v", err)
	}
}

func TestECS(t *testing.T) {
	t.Parallel()
	named := map[string]string{"ALIBABA_CLOUD_ECS_METADATA": accesstest.InstanceRole}
	for _, tt := range []struct {
		name    string
		env     map[string]string
		alias   string
		product string
		change  func(*accesstest.Server)
		id      string
		says    string // of the error
		asked   bool
	}{
		{name: "not an instance", says: "looked at"},
		{name: "an instance", product: ECSProduct, id: "ecs-key", asked: true},
		{name: "an instance without a role", product: ECSProduct, change: func(s *accesstest.Server) { s.NoRole = true }, says: "no such RAM role", asked: true},
		{name: "named by variable", env: named, id: "ecs-key", asked: true},
		{name: "named by alias", alias: ECSAlias, id: "ecs-key", asked: true},
		{name: "the old service", alias: ECSAlias, change: func(s *accesstest.Server) { s.NoTokens = true }, id: "ecs-key", asked: true},
		{
			name: "the old service, forbidden", alias: ECSAlias, env: map[string]string{"ALIBABA_CLOUD_IMDSV1_DISABLED": "true"},
			change: func(s *accesstest.Server) { s.NoTokens = true }, says: "gives no token", asked: true,
		},
		{name: "switched off", product: ECSProduct, env: map[string]string{"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}, says: "switched off"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, server := cloud(t, tt.env, "")
			o.Alias, o.Product = tt.alias, tt.product
			if tt.change != nil {
				tt.change(server)
			}
			c, err := Resolve(t.Context(), o)
			if c.AccessKeyID != tt.id || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, %v", c, err)
			}
			if asked := len(server.Calls()) > 0; asked != tt.asked {
				t.Errorf("asked for %v", server.Calls())
			}
		})
	}
}

// TestSessionsAreKept until shortly before they end, in private files.
func TestSessionsAreKept(t *testing.T) {
	t.Parallel()
	o, server := cloud(t, nil, cliProfiles(`"mode": "RamRoleArn", `+cliKey+`, `+role))
	now := time.Now()
	o.Now = func() time.Time { return now }
	ask := func(calls int) {
		t.Helper()
		c, err := Resolve(t.Context(), o)
		if err != nil || c.AccessKeySecret != accesstest.GivenSecret {
			t.Fatalf("%v, %v", c, err)
		}
		if got := server.Calls(); len(got) != calls {
			t.Fatalf("asked %d times, want %d", len(got), calls)
		}
	}
	ask(1)
	ask(1)
	files, err := filepath.Glob(filepath.Join(o.SHome, "cache", "credentials", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(2) // what is broken is fetched anew
	server.Expires = now.Add(expiryMargin)
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	ask(3)
	ask(4) // it ended too soon to be kept
}

func TestCredentialsURI(t *testing.T) {
	t.Parallel()
	body, status := `{"Code":"Success","AccessKeyId":"u","AccessKeySecret":"hushhush","SecurityToken":"t","Expiration":"2999-01-01T00:00:00Z"}`, 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	defer server.Close()
	resolve := func() (Credentials, error) {
		o, _ := cloud(t, map[string]string{"ALIBABA_CLOUD_CREDENTIALS_URI": server.URL + "/hushhush"}, "")
		return Resolve(t.Context(), o)
	}
	if c, err := resolve(); err != nil || c.AccessKeyID != "u" || c.SecurityToken != "t" {
		t.Fatalf("%v, %v", c, err)
	}
	for _, bad := range []struct {
		status int
		body   string
		says   string
	}{{500, "hushhush", "answers 500"}, {200, "hushhush", "isn't JSON"}, {200, `{"Code":"Failed"}`, `"Failed"`}, {200, `{"AccessKeySecret":"hushhush"}`, "lacks a key"}} {
		status, body = bad.status, bad.body
		if _, err := resolve(); err == nil || !strings.Contains(err.Error(), bad.says) || strings.Contains(err.Error(), "hushhush") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestIdentity: right keys, wrong ones, nobody there, somebody else there.
func TestIdentity(t *testing.T) {
	t.Parallel()
	o, server := cloud(t, nil, "")
	good := Credentials{AccessKeyID: "cliId", AccessKeySecret: "cliSecret"}
	if account, err := Identity(t.Context(), o, good); err != nil || account != accesstest.AccountID {
		t.Errorf("%s, %v", account, err)
	}
	for _, bad := range []Credentials{{AccessKeyID: "cliId", AccessKeySecret: "hushhush"}, {AccessKeyID: "none", AccessKeySecret: "hushhush"}} {
		_, err := Identity(t.Context(), o, bad)
		var refused *STSError
		if !errors.As(err, &refused) || refused.Status != 403 || IsOffline(err) || strings.Contains(err.Error(), "hushhush") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	at := func(url string) Options {
		timeout := time.Minute
		if strings.Contains(url, silent.Addr().String()) {
			timeout = 50 * time.Millisecond // there is nothing to wait for
		}
		return Options{Timeout: timeout, LookupEnv: func(name string) (string, bool) { return url, name == envSTSEndpoint }}
	}
	for url, offline := range map[string]bool{
		"http://" + silent.Addr().String(): true, "http://127.0.0.1:1": true,
		server.URL + "/x": false, "http://192.0.2.1": false, "http://": false,
	} {
		if _, err := Identity(t.Context(), at(url), Credentials{AccessKeyID: "x", AccessKeySecret: "y"}); err == nil || IsOffline(err) != offline {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestSTSHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "https://sts.aliyuncs.com/"},
		{map[string]string{"ALIBABA_CLOUD_STS_REGION": "cn-beijing"}, "https://sts.cn-beijing.aliyuncs.com/"},
		{map[string]string{"ALIBABA_CLOUD_STS_REGION": "cn-beijing", "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED": "true"}, "https://sts-vpc.cn-beijing.aliyuncs.com/"},
		{map[string]string{envSTSEndpoint: "sts.example.com/x?y"}, "https://sts.example.com/"},
	} {
		u, err := Options{LookupEnv: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}.stsURL()
		if err != nil || u.String() != tt.want {
			t.Errorf("%v: %v, %v", tt.env, u, err)
		}
	}
}
