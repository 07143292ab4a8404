package access

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Made once with OpenSSL, not with this package:
//
//	openssl enc -aes-256-cbc -md md5 -pass pass:SecretKey123 -a -A
const (
	cipherID      = "U2FsdGVkX1/NOe6nQgsiPQiEbSyRhOt5XEgqoEoZ4g/9wGrx5XDBtXsSNSS3bj/0"
	plainID       = "LTAI5tTestKeyId0001"
	cipherSecret  = "U2FsdGVkX18E50386HN359ozXiP1N7mTAyiBkXVqsMSS2hQzf6MhcDhOeOmA2K21"
	plainSecret   = "kMV7topSecretValue/42+x"
	cipherAccount = "U2FsdGVkX181F3R4K25Y4d8mAKQCUCpRTtdHR24qllSpK5BAW4jmfU2zd+bRoqu6"
	plainAccount  = "1234567890123456"
)

const accessYAML = `prod:
  AccountID: ` + cipherAccount + `
  AccessKeyID: ` + cipherID + `
  AccessKeySecret: ` + cipherSecret + `
  __provider: U2FsdGVkX1/x
plain:
  AccountID: "42"
  AccessKeyID: plainKeyIdentifier
  AccessKeySecret: plainKeySecretText
  SecurityToken: plainSecurityToken
default:
  AccountID: "7"
  AccessKeyID: defaultKeyIdentifier
  AccessKeySecret: defaultKeySecretText
`

const cliJSON = `{"current": "work", "profiles": [
 {"name": "other", "mode": "AK", "access_key_id": "otherId", "access_key_secret": "otherSecret"},
 {"name": "work", "mode": "%s", "access_key_id": "cliKeyIdentifier", "access_key_secret": "cliKeySecretText", "sts_token": "cliToken", "sts_expiration": %d}]}`

// world is where credentials may be.
type world struct {
	env    map[string]string
	access string
	cli    string
}

func (w world) options(t *testing.T) Options {
	t.Helper()
	home := t.TempDir()
	write := func(path, text string) {
		if text == "" {
			return
		}
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".s/access.yaml", w.access)
	write(".aliyun/config.json", w.cli)
	return Options{
		HomeDir: home, SHome: filepath.Join(home, ".s"), Now: func() time.Time { return time.Unix(1000, 0) },
		LookupEnv: func(name string) (string, bool) { v, ok := w.env[name]; return v, ok },
	}
}

var (
	fullEnv    = map[string]string{"AccountID": "1", "AccessKeyID": "envKeyIdentifier", "AccessKeySecret": "envKeySecretText", "SecurityToken": "envToken"}
	alibabaEnv = map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "aliKeyIdentifier", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "aliKeySecretText",
		"ALIBABA_CLOUD_SECURITY_TOKEN": "aliToken", "ALIBABA_CLOUD_ACCOUNT_ID": "2",
	}
	keyEnv = map[string]string{"ci_serverless_devs_key": `{"AccountID":"3","AccessKeyID":"jsonKeyIdentifier","AccessKeySecret":"jsonKeySecretText","SecurityToken":"jsonToken"}`}
)

func TestResolve(t *testing.T) {
	cli := fmt.Sprintf(cliJSON, "AK", 0)
	env := Credentials{EnvironmentAlias, "1", "envKeyIdentifier", "envKeySecretText", "envToken"}
	prod := Credentials{"prod", plainAccount, plainID, plainSecret, ""}
	plain := Credentials{"plain", "42", "plainKeyIdentifier", "plainKeySecretText", "plainSecurityToken"}
	byDefault := Credentials{"default", "7", "defaultKeyIdentifier", "defaultKeySecretText", ""}
	alibaba := Credentials{EnvironmentAlias, "2", "aliKeyIdentifier", "aliKeySecretText", "aliToken"}
	profile := Credentials{"aliyun:work", "", "cliKeyIdentifier", "cliKeySecretText", ""}
	for _, tt := range []struct {
		name  string
		world world
		alias string
		flag  bool
		want  Credentials
	}{
		{"environment over s.yaml", world{env: fullEnv, access: accessYAML}, "prod", false, env},
		{"-a over environment", world{env: fullEnv, access: accessYAML}, "prod", true, prod},
		{"alias, encrypted", world{access: accessYAML}, "prod", false, prod},
		{"alias, plain, with token", world{access: accessYAML}, "plain", false, plain},
		{"default alias", world{access: accessYAML, env: alibabaEnv, cli: cli}, "", false, byDefault},
		{"marked default", world{access: strings.Replace(accessYAML, "plain:\n", "plain:\n  __default: true\n", 1)}, "", false, plain},
		{
			"key variable",
			world{env: keyEnv, access: accessYAML},
			"ci_serverless_devs_key", false,
			Credentials{"ci_serverless_devs_key", "3", "jsonKeyIdentifier", "jsonKeySecretText", "jsonToken"},
		},
		{"environment without account is incomplete", world{env: map[string]string{"AccessKeyID": "a", "AccessKeySecret": "b"}, access: accessYAML}, "prod", false, prod},
		{"ALIBABA_CLOUD variables", world{env: alibabaEnv, cli: cli}, "missing", false, alibaba},
		{"CLI profile", world{cli: cli}, "missing", false, profile},
		{
			"CLI profile, token",
			world{cli: fmt.Sprintf(cliJSON, "StsToken", 1001)},
			"", false,
			Credentials{"aliyun:work", "", "cliKeyIdentifier", "cliKeySecretText", "cliToken"},
		},
		{"CLI profile by name", world{env: fullEnv, cli: cli}, ProfileAlias, false, profile},
		{"-a default falls back", world{env: alibabaEnv}, "default", true, alibaba},
		{"-a default prefers the file", world{env: fullEnv, access: accessYAML}, "default", true, byDefault},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := tt.world.options(t)
			opts.Alias, opts.FromFlag = tt.alias, tt.flag
			got, err := Resolve(context.Background(), opts)
			if err != nil {
				t.Fatal(err)
			}
			// Not cmp.Diff: a failure must not print the keys either.
			if got != tt.want {
				t.Errorf("got %v with token %v, want %v", got, got.SecurityToken != "", tt.want)
			}
		})
	}
}

func TestResolveFindsNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		world  world
		alias  string
		flag   bool
		looked []string
	}{
		{"empty world", world{}, "prod", false, []string{"AccountID", "access.yaml (prod)", "ALIBABA_CLOUD_ACCESS_KEY_ID", "config.json"}},
		{"default", world{}, "", false, []string{"access.yaml (default)"}},
		{"-a ignores what is elsewhere", world{env: alibabaEnv, access: accessYAML, cli: fmt.Sprintf(cliJSON, "AK", 0)}, "prdo", true, []string{"access.yaml (prdo)"}},
		{"key variable not set", world{}, "x_serverless_devs_key", true, []string{"the environment (x_serverless_devs_key)"}},
		{"other mode", world{cli: fmt.Sprintf(cliJSON, "Anonymous", 0)}, "", false, []string{"mode Anonymous isn't supported"}},
		{"no such profile", world{cli: `{"current":"x","profiles":[]}`}, "", false, []string{`no profile "x"`}},
		{"empty access file", world{access: "# nothing\n"}, "prod", true, []string{"access.yaml (prod)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := tt.world.options(t)
			opts.Alias, opts.FromFlag = tt.alias, tt.flag
			c, err := Resolve(context.Background(), opts)
			var missing *NotFoundError
			if !errors.Is(err, ErrNotFound) || !errors.As(err, &missing) || c != (Credentials{}) {
				t.Fatalf("got %v, %v", c, err)
			}
			for _, place := range tt.looked {
				if !strings.Contains(strings.ReplaceAll(err.Error(), `\\`, `\`), place) {
					t.Errorf("%q doesn't say that it looked at %q", err, place)
				}
			}
			if tt.flag && len(missing.Looked) > 2 {
				t.Errorf("-a looked at %v", missing.Looked)
			}
		})
	}
}

func TestResolveSaysWhatIsBroken(t *testing.T) {
	const secret = "brokenSecretText"
	for _, tt := range []struct {
		name, alias, want string
		world             world
	}{
		{"not YAML", "prod", "access.yaml:2: this isn't valid YAML", world{access: "prod: {AccessKeySecret: " + secret + "\n  x"}},
		{"a list", "prod", "access.yaml:1: this isn't a map", world{access: "- " + secret}},
		{"half a pair", "prod", "lacks AccessKeyID or AccessKeySecret", world{access: "prod: {AccessKeySecret: " + secret + "}"}},
		{"key variable is no JSON", "x_serverless_devs_key", "isn't JSON", world{env: map[string]string{"x_serverless_devs_key": secret}}},
		{"key variable is half", "x_serverless_devs_key", "lacks", world{env: map[string]string{"x_serverless_devs_key": `{"AccessKeySecret":"` + secret + `"}`}}},
		{"CLI file is no JSON", "", "config.json:1: this isn't the JSON", world{cli: secret}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := tt.world.options(t)
			opts.Alias = tt.alias
			_, err := Resolve(context.Background(), opts)
			if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestResolveOddPlaces(t *testing.T) {
	opts := world{access: accessYAML}.options(t)
	if err := os.Rename(filepath.Join(opts.SHome, "access.yaml"), filepath.Join(opts.SHome, "access.yml")); err != nil {
		t.Fatal(err)
	}
	opts.Alias = "prod"
	if c, err := Resolve(context.Background(), opts); err != nil || c.AccessKeyID != plainID {
		t.Errorf("access.yml: %v, %v", c, err)
	}
	if err := os.Mkdir(filepath.Join(opts.SHome, "access.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Resolve(context.Background(), opts); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("a folder as access.yaml: %v", err)
	}
	cli := filepath.Join(t.TempDir(), "elsewhere.json")
	if err := os.WriteFile(cli, []byte(fmt.Sprintf(cliJSON, "AK", 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) {
		if name == "ALIBABACLOUD_CONFIG" {
			return cli, true
		}
		return "", false
	}
	if c, err := Resolve(context.Background(), Options{LookupEnv: lookup}); err != nil || c.AccessKeyID != "cliKeyIdentifier" {
		t.Errorf("ALIBABACLOUD_CONFIG: %v, %v", c, err)
	}
	if _, err := Resolve(context.Background(), Options{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("no options at all: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Resolve(ctx, opts); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestNothingLeaks prints credentials in every way that comes to mind.
func TestNothingLeaks(t *testing.T) {
	c := Credentials{"prod", plainAccount, plainID, plainSecret, "aVerySecretSecurityToken"}
	type holder struct {
		C *Credentials
		V Credentials
	}
	h := holder{&c, c}
	var shown []string
	for _, v := range []any{c, &c, h, &h, []Credentials{c}, map[string]Credentials{"c": c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		if data, err := json.Marshal(v); err == nil {
			shown = append(shown, string(data))
		}
	}
	shown = append(shown, fmt.Sprint(c), c.String(), c.GoString(), fmt.Errorf("with %v", c).Error())
	if data, err := xml.Marshal(c); err == nil {
		shown = append(shown, string(data))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", c, "p", &c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", c, "p", &c)
	shown = append(shown, log.String())
	for _, text := range shown {
		for _, secret := range []string{plainSecret, c.SecurityToken, plainID, fmt.Sprintf("%x", plainSecret)} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows %q", text, secret)
			}
		}
	}
	if want := "prod (account 1234567890123456, key LTA***001)"; c.String() != want {
		t.Errorf("got %q", c)
	}
	if data, err := json.Marshal(c); err != nil || string(data) != `{"alias":"prod","accountId":"1234567890123456","accessKeyId":"LTA***001"}` {
		t.Errorf("JSON: %s, %v", data, err)
	}
}

func TestMask(t *testing.T) {
	for secret, want := range map[string]string{"": "***", "12345678": "***", "123456789": "123***789", "一二三四五六七八九": "一二三***七八九"} {
		if got := Mask(secret); got != want {
			t.Errorf("%q: %q", secret, got)
		}
	}
}

func TestField(t *testing.T) {
	c := Credentials{"a", "account", "id", "secret", "token"}
	for name, want := range map[string]string{"AccountID": "account", "AccessKeyID": "id", "AccessKeySecret": "secret", "SecurityToken": "token"} {
		if got, ok := c.Field(name); !ok || got != want {
			t.Errorf("%s: %q %v", name, got, ok)
		}
	}
	if _, ok := c.Field("accountid"); ok {
		t.Error("an unknown field was found")
	}
}

func TestAliases(t *testing.T) {
	opts := world{access: accessYAML}.options(t)
	got := Aliases(opts, []string{"PATH=/bin", "ci_serverless_devs_key={}", "off_serverless_devs_key=", "junk"})
	if d := cmp.Diff([]string{"ci_serverless_devs_key", "default", "local", "plain", "prod"}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"local"}, Aliases(world{access: "not: [yaml"}.options(t), nil)); d != "" {
		t.Error(d)
	}
}
