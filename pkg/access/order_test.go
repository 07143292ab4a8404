package access

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"s/pkg/access/accesstest"
	"s/pkg/vault"
	"s/pkg/vault/vaulttest"
)

// place is one place where credentials may be: how they get there, and the key
// id that tells them from the others.
type place struct {
	name string
	id   string
	put  func(t *testing.T, o *Options, env map[string]string, server *accesstest.Server)
}

// places are in the order that Resolve documents, for an alias that s.yaml
// names: x_serverless_devs_key, which can be in all of the alias's places.
var places = []place{
	{"environment", "envKeyIdentifier", func(_ *testing.T, _ *Options, env map[string]string, _ *accesstest.Server) { maps.Copy(env, fullEnv) }},
	{"key variable", "json", func(_ *testing.T, o *Options, env map[string]string, _ *accesstest.Server) {
		env[o.Alias] = `{"AccessKeyID":"json","AccessKeySecret":"s"}`
	}},
	{"kept", "kept", func(t *testing.T, o *Options, _ map[string]string, _ *accesstest.Server) {
		err := UpdateKept(t.Context(), o.SHome, nil, func(k *Kept) error {
			return k.Add(Credentials{Alias: o.Alias, AccessKeyID: "kept", AccessKeySecret: "s"}, true)
		})
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"access.yaml", plainID, func(t *testing.T, o *Options, _ map[string]string, _ *accesstest.Server) {
		text := fmt.Sprintf("%s: {AccessKeyID: %s, AccessKeySecret: %s}\n", o.Alias, cipherID, cipherSecret)
		writeFile(t, filepath.Join(o.SHome, "access.yaml"), text)
	}},
	{"ALIBABA_CLOUD", "aliKeyIdentifier", func(_ *testing.T, _ *Options, env map[string]string, _ *accesstest.Server) {
		maps.Copy(env, alibabaEnv)
	}},
	{"ALIBABACLOUD", "short", func(_ *testing.T, _ *Options, env map[string]string, _ *accesstest.Server) {
		maps.Copy(env, map[string]string{"ALIBABACLOUD_ACCESS_KEY_ID": "short", "ALIBABACLOUD_ACCESS_KEY_SECRET": "s"})
	}},
	{"OIDC", "sts-of-oidc", func(t *testing.T, _ *Options, env map[string]string, _ *accesstest.Server) {
		maps.Copy(env, oidcEnv(t, accesstest.OIDCToken))
	}},
	{"CLI profile", "cliId", func(t *testing.T, o *Options, _ map[string]string, _ *accesstest.Server) {
		writeFile(t, filepath.Join(o.HomeDir, ".aliyun", "config.json"), cliProfiles(cliKey))
	}},
	{"URI", "uri", func(t *testing.T, _ *Options, env map[string]string, _ *accesstest.Server) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"AccessKeyId":"uri","AccessKeySecret":"s"}`))
		}))
		t.Cleanup(server.Close)
		env["ALIBABA_CLOUD_CREDENTIALS_URI"] = server.URL
	}},
	{"ECS", "ecs-key", func(_ *testing.T, o *Options, _ map[string]string, _ *accesstest.Server) { o.Product = ECSProduct }},
}

func TestIsSource(t *testing.T) {
	t.Parallel()
	for alias, want := range map[string]bool{
		ProfileAlias: true, OIDCAlias: true, ECSAlias: true, "${aliyun-cli:a b}": true, "${aliyun-cli:}": false, "${aliyun-cli:a}b}": false,
		"${aliyun-cli:a": false, "aliyun-cli": false, "${vars.x}": false, "": false, "x${oidc}": false,
	} {
		if got := IsSource(alias); got != want {
			t.Errorf("%s: %t", alias, got)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// resolveFrom has credentials in some places and gives the key id found and what
// services were asked.
func resolveFrom(t *testing.T, flag bool, from ...place) (string, []string) {
	t.Helper()
	o, server := cloud(t, nil, "")
	env := map[string]string{envSTSEndpoint: server.URL, envMetadata: server.URL}
	o.LookupEnv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	o.Alias, o.FromFlag = "x_serverless_devs_key", flag
	for _, p := range from {
		p.put(t, &o, env, server)
	}
	c, err := Resolve(t.Context(), o)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	return c.AccessKeyID, server.Calls()
}

// TestOrder: of every two places, the first wins; a service behind what is
// found is never asked. With -a, the alias's places win and are the only ones.
func TestOrder(t *testing.T) {
	t.Parallel()
	ofAlias := []string{"key variable", "kept", "access.yaml"}
	for i, first := range places {
		for _, second := range places[i+1:] {
			t.Run(first.name+" before "+second.name, func(t *testing.T) {
				t.Parallel()
				got, asked := resolveFrom(t, false, second, first)
				if got != first.id {
					t.Errorf("found %s", got)
				}
				if (first.name != "OIDC" && first.name != "ECS") && len(asked) > 0 {
					t.Errorf("asked for %v", asked)
				}
				want := ""
				switch {
				case slices.Contains(ofAlias, first.name):
					want = first.id
				case slices.Contains(ofAlias, second.name):
					want = second.id
				}
				if got, asked := resolveFrom(t, true, second, first); got != want || len(asked) > 0 {
					t.Errorf("with -a: found %q, asked for %v", got, asked)
				}
			})
		}
	}
}

func TestPairWithoutAccount(t *testing.T) {
	t.Parallel()
	o, _ := cloud(t, map[string]string{"AccessKeyID": "pair", "AccessKeySecret": "s", "SecurityToken": "t"}, "")
	if c, err := Resolve(t.Context(), o); err != nil || c.AccessKeyID != "pair" || c.SecurityToken != "t" {
		t.Errorf("%v, %v", c, err)
	}
}

// TestCICDAlias: CI systems choose the alias, elsewhere nobody does, and -a wins.
func TestCICDAlias(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mark string
		flag bool
		want string
	}{
		{"GITHUB_ACTIONS=true", false, "plain"},
		{"GITLAB_CI=1", false, "plain"},
		{"JENKINS_URL=x", false, "plain"},
		{"BUILD_IMAGE_ENV=fc-backend", false, "plain"},
		{"SERVERLESS_CD=1", false, "plain"},
		{"CLOUDSHELL_X=", false, "plain"},
		{"PIPELINE_ID=1", false, "plain"},
		{"BUILD_IMAGE_ENV=other", false, "prod"},
		{"HOME=/", false, "prod"},
		{"GITHUB_ACTIONS=true", true, "prod"},
	} {
		o := world{access: accessYAML, env: map[string]string{cicdAliasName: "plain"}}.options(t)
		o.Alias, o.FromFlag = "prod", tt.flag
		o.Environ = func() []string { return []string{"PATH=/bin", tt.mark} }
		if c, err := Resolve(t.Context(), o); err != nil || c.Alias != tt.want {
			t.Errorf("%+v: %v, %v", tt, c, err)
		}
	}
}

func TestNamedProfile(t *testing.T) {
	t.Parallel()
	cli := cliProfiles(cliKey, `"q", "mode": "AK", "access_key_id": "qId", "access_key_secret": "s"`)
	for _, tt := range []struct {
		alias string
		env   map[string]string
		want  string
	}{
		{ProfileAlias, nil, "cliId"},
		{"${aliyun-cli:q}", nil, "qId"},
		{"", map[string]string{"ALIBABA_CLOUD_PROFILE": "q"}, "qId"},
		{ProfileAlias, map[string]string{"ALIBABACLOUD_PROFILE": "q"}, "qId"},
	} {
		o, _ := cloud(t, tt.env, cli)
		o.Alias = tt.alias
		if c, err := Resolve(t.Context(), o); err != nil || c.AccessKeyID != tt.want {
			t.Errorf("%+v: %v, %v", tt, c, err)
		}
	}
}

// TestKeptInKeyring: secrets are there and not in the file; what is replaced or
// deleted leaves it, what is renamed stays.
func TestKeptInKeyring(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	ring := &vaulttest.Keyring{}
	v := &vault.Vault{Ring: ring}
	update := func(change func(*Kept) error) {
		t.Helper()
		if err := UpdateKept(t.Context(), home, v, change); err != nil {
			t.Fatal(err)
		}
	}
	update(func(k *Kept) error { return errors.Join(k.Add(keys("a"), false), k.Add(keys("b"), false)) })
	data, err := os.ReadFile(filepath.Join(home, keptName))
	if err != nil || strings.Contains(string(data), "secret-a") || strings.Contains(string(data), "token-a") {
		t.Errorf("the file has a secret: %v", err)
	}
	update(func(k *Kept) error { return k.Rename("a", "c") })
	update(func(k *Kept) error { return k.Delete("b") })
	if got := ring.Texts(); len(got) != 1 || !strings.Contains(got[0], "secret-a") {
		t.Errorf("the keyring has %d items", len(got))
	}
	refusal := errors.New("refused")
	err = UpdateKept(t.Context(), home, v, func(k *Kept) error { return errors.Join(k.Add(keys("d"), false), refusal) })
	if !errors.Is(err, refusal) || len(ring.Texts()) != 1 {
		t.Errorf("%v, %d items", err, len(ring.Texts()))
	}
	o := Options{Alias: "c", FromFlag: true, SHome: home, Vault: v}
	want := keys("a")
	want.Alias = "c"
	if c, err := Resolve(t.Context(), o); err != nil || c != want {
		t.Errorf("%v, %v", c, err)
	}
	o.Vault = &vault.Vault{Missing: "there is no session bus"}
	if _, err := Resolve(t.Context(), o); err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "no session bus") {
		t.Errorf("%v", err)
	}
	k, err := ReadKept(home, v)
	if err != nil || k.Place("c") != InKeyring || k.Place("b") != "" {
		t.Errorf("%v", err)
	}
}

// TestProcess: what programs print, and what goes wrong with them.
func TestProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the programs are shell scripts")
	}
	for _, tt := range []struct{ command, id, says string }{
		{`sh -c 'echo AccessKeySecret=hushhush'`, "", "isn't JSON"},
		{`sh -c 'echo "{\"AccessKeyId\":\"p\",\"AccessKeySecret\":\"s\",\"SecurityToken\":\"t\"}"'`, "p", ""},
		{`sh -c 'echo "{\"mode\":\"AK\",\"access_key_id\":\"q\",\"access_key_secret\":\"s\"}"'`, "q", ""},
		{`sh -c 'echo "{\"access_key_secret\":\"hushhush\"}"'`, "", "lacks a key"},
		{`sh -c 'echo hushhush; echo hushhush >&2; exit 3'`, "", "exit status 3"},
		{`none-such-program --x`, "", "none-such-program"},
	} {
		home := t.TempDir()
		err := UpdateKept(t.Context(), home, nil, func(k *Kept) error { return k.AddProcess("p", "42", tt.command, false) })
		if err != nil {
			t.Fatal(err)
		}
		c, err := Resolve(t.Context(), Options{Alias: "p", FromFlag: true, SHome: home})
		if tt.says == "" && (err != nil || c.AccessKeyID != tt.id || c.AccountID != "42" || c.Alias != "p") {
			t.Errorf("%s: %v, %v", tt.command, c, err)
		}
		if tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hushhush") || !strings.Contains(err.Error(), keptName+":4")) {
			t.Errorf("%s: %v", tt.command, err)
		}
	}
}

func TestSplitCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a b": {"a", "b"}, `  "a b"  c'd e'f `: {"a b", "cd ef"}, `C:\x\y.exe ""`: {`C:\x\y.exe`, ""},
	} {
		if got, err := splitCommand(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "  ", `"a`, `'`, `""`} {
		if got, err := splitCommand(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestBrokenEntries: the line of the entry is named.
func TestBrokenEntries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, text, says string }{
		{keptName, "access:\n  a: {AccessKeyID: topsecret}\n", keptName + `:2: access "a" lacks AccessKeySecret`},
		{keptName, "access:\n  b: {AccessKeyID: i, AccessKeySecret: s}\n  a: {AccessKeySecret: topsecret}\n", keptName + `:3: access "a" lacks AccessKeyID`},
		{keptName, "access:\n  a: topsecret\n", keptName + ":2: this isn't"},
		{"access.yaml", "b: {}\na: topsecret\n", `access.yaml:2: access "a" lacks`},
		{"access.yaml", "a:\n  AccessKeyID: i\n  AccessKeySecret: U2FsdGVkX1+kWhfU6etsvCE9O07cHw6HQvi4349RNas=\n", `access.yaml:3: AccessKeySecret of access "a" is encrypted`},
	} {
		home := t.TempDir()
		writeFile(t, filepath.Join(home, tt.file), tt.text)
		_, err := Resolve(t.Context(), Options{Alias: "a", FromFlag: true, SHome: home})
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}
