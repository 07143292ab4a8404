package access

import (
	"encoding/json"
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
	"sync"
	"testing"
	"time"

	"s/pkg/access/accesstest"
)

const (
	ended = `"sts_token": "t", "sts_expiration": 1000, "access_key_id": "old", "access_key_secret": "hushhush"`
	later = 9999999999
)

func ssoProfile(url, token string, end int64, more string) string {
	return cliProfiles(fmt.Sprintf(`"mode": "CloudSSO", "cloud_sso_sign_in_url": "%s/login", "cloud_sso_account_id": %q, "cloud_sso_access_config": %q, "access_token": %q, "cloud_sso_access_token_expire": %d, %s`,
		url, accesstest.AccountID, accesstest.SSOConfig, token, end, more))
}

// loggedIn is a world whose config.json is made for its stand-in.
func loggedIn(t *testing.T, config func(url string) string) (Options, *accesstest.Server) {
	t.Helper()
	server := accesstest.New(t)
	o := world{env: map[string]string{envSTSEndpoint: server.URL, envOAuthEndpoint: server.URL}, cli: config(server.URL)}.options(t)
	o.Now = nil
	return o, server
}

// nothingShows fails if an error has a secret of the stand-ins.
func nothingShows(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), "nobody-may-see") || strings.Contains(err.Error(), "hushhush")) {
		t.Errorf("a secret shows: %v", err)
	}
}

func TestCloudSSO(t *testing.T) {
	t.Parallel()
	o, server := loggedIn(t, func(url string) string { return ssoProfile(url, accesstest.SSOToken, later, ended) })
	for range 2 { // the second time out of the cache
		c, err := Resolve(t.Context(), o)
		if err != nil || c.AccessKeyID != "sso-key" || c.AccountID != accesstest.AccountID || c.SecurityToken != accesstest.GivenToken || c.Alias != "aliyun:p" {
			t.Fatalf("%v, %v", c, err)
		}
	}
	if got := server.Calls(); !slices.Equal(got, []string{"cloud-credentials"}) {
		t.Errorf("asked for %v", got)
	}
	// Keys that the CLI fetched and that last are taken as they are.
	o, server = loggedIn(t, func(url string) string {
		return ssoProfile(url, "", 0, strings.Replace(ended, "1000", "9999999999", 1))
	})
	if c, err := Resolve(t.Context(), o); err != nil || c.AccessKeyID != "old" || len(server.Calls()) > 0 {
		t.Errorf("%v, %v, asked for %v", c, err, server.Calls())
	}
	// Those of a login that has ended are taken for as long as they last.
	soon := time.Now().Add(expiryMargin / 2).Unix()
	o, _ = loggedIn(t, func(url string) string {
		return ssoProfile(url, accesstest.SSOToken, 1000, strings.Replace(ended, "1000", fmt.Sprint(soon), 1))
	})
	if c, err := Resolve(t.Context(), o); err != nil || c.AccessKeyID != "old" {
		t.Errorf("%v, %v", c, err)
	}
}

func oauthProfile(site, access, refresh string, end int64) func(string) string {
	return func(string) string {
		return cliProfiles(fmt.Sprintf(`"mode": "OAuth", "oauth_site_type": %q, "oauth_access_token": %q, "oauth_refresh_token": %q, "oauth_access_token_expire": %d, "new_field": {"a": [1]}, %s`,
			site, access, refresh, end, ended))
	}
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, site string
		end        int64
		calls      []string
	}{
		{"the access token lasts", "CN", later, []string{"exchange"}},
		{"it has ended", "CN", 1000, []string{"token of 4038181954557748008", "exchange"}},
		{"it ends in a moment", "INTL", time.Now().Add(tokenMargin / 2).Unix(), []string{"token of 4103531455503354461", "exchange"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, server := loggedIn(t, oauthProfile(tt.site, accesstest.FirstToken, accesstest.FirstGrant, tt.end))
			for range 2 {
				c, err := Resolve(t.Context(), o)
				if err != nil || c.AccessKeyID != "oauth-key" || c.SecurityToken != accesstest.GivenToken {
					t.Fatalf("%v, %v", c, err)
				}
			}
			if got := server.Calls(); !slices.Equal(got, tt.calls) {
				t.Errorf("asked for %v", got)
			}
			// What the CLI needs the next time is in its file, and the rest of it is as it was.
			path := filepath.Join(o.HomeDir, ".aliyun", "config.json")
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var config struct{ Profiles []map[string]any }
			if err := json.Unmarshal(data, &config); err != nil {
				t.Fatalf("%v in %s", err, data)
			}
			p := config.Profiles[0]
			access, refresh := server.Tokens()
			if p["oauth_access_token"] != access || p["oauth_refresh_token"] != refresh || p["oauth_access_token_expire"].(float64) < float64(time.Now().Unix()) {
				t.Errorf("kept %v", p)
			}
			if fmt.Sprint(p["new_field"]) != "map[a:[1]]" || p["access_key_id"] != "old" || p["name"] != "p" {
				t.Errorf("the rest is %v", p)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		})
	}
}

// TestOAuthOfManyProcesses: one of them refreshes, since a refresh token is good
// once; the others take what it got.
func TestOAuthOfManyProcesses(t *testing.T) {
	t.Parallel()
	o, server := loggedIn(t, oauthProfile("CN", accesstest.FirstToken, accesstest.FirstGrant, 1000))
	o.SHome = "" // without a cache of keys
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if c, err := Resolve(t.Context(), o); err != nil || c.AccessKeyID != "oauth-key" {
				t.Errorf("%v, %v", c, err)
			}
		})
	}
	wg.Wait()
	refreshed := slices.DeleteFunc(server.Calls(), func(call string) bool { return call == "exchange" })
	if len(refreshed) != 1 {
		t.Errorf("asked for %v", refreshed)
	}
}

// TestLoginNeeded: what only the user can do is said with what to run, is one
// kind of no credentials, and nothing else is tried.
func TestLoginNeeded(t *testing.T) {
	t.Parallel()
	sso, oauth := "aliyun configure --mode CloudSSO --profile p", "aliyun configure --mode OAuth --profile p"
	for _, tt := range []struct {
		name, says, run string
		cli             func(string) string
	}{
		{"CloudSSO has ended", "its CloudSSO login has ended", sso, func(url string) string { return ssoProfile(url, accesstest.SSOToken, 1000, ended) }},
		{"CloudSSO without a token", "its CloudSSO login has ended", sso, func(url string) string { return ssoProfile(url, "", later, ended) }},
		{"CloudSSO with half of it", "lacks cloud_sso_sign_in_url", sso, func(string) string { return cliProfiles(`"mode": "CloudSSO", ` + ended) }},
		{"CloudSSO is refused", `refuses its CloudSSO login ("InvalidAccessToken", request REQ-2)`, sso, func(url string) string { return ssoProfile(url, "hushhush", later, ended) }},
		{"OAuth has ended", "its OAuth login has ended", oauth, oauthProfile("CN", "hushhush", "", 1000)},
		{"OAuth can't be refreshed", `its OAuth login has ended ("invalid_grant", request REQ-3)`, oauth, oauthProfile("CN", "hushhush", "hushhush", 1000)},
		{"OAuth is refused", `refuses its OAuth login ("expired_token", request REQ-4)`, oauth, oauthProfile("CN", "hushhush", "", later)},
		{"OAuth of another site", `oauth_site_type "MARS" is neither CN nor INTL`, oauth, oauthProfile("MARS", "hushhush", "", later)},
		{"StsToken has ended", "its token has expired", "aliyun configure --mode StsToken --profile p", func(string) string { return cliProfiles(`"mode": "StsToken", ` + ended) }},
		{"by name and chained", "its token has expired", `aliyun configure --mode StsToken --profile 'it'\''s q'`, func(string) string {
			return cliProfiles(`"mode": "ChainableRamRoleArn", "source_profile": "it's q", `+role, `"it's q", "mode": "StsToken", `+ended)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, _ := loggedIn(t, tt.cli)
			o.Product = ECSProduct
			c, err := Resolve(t.Context(), o)
			var login *LoginError
			if !errors.As(err, &login) || !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), tt.says) || login.Command != tt.run {
				t.Fatalf("%v, %v, %+v", c, err, login)
			}
			nothingShows(t, err)
		})
	}
}

// TestLoginsFail otherwise: the service isn't there, or says what isn't right.
func TestLoginsFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, says string
		status     int
		body       string
	}{
		{"CloudSSO: another configuration", "answers HTTP 404", 404, `{"ErrorCode":"hushhush\u0000x"}`},
		{"an error", "answers HTTP 500", 500, "hushhush"},
		{"no JSON", "isn't JSON", 200, "hushhush"},
		{"no keys", "lacks a key", 200, `{"CloudCredential":{"AccessKeyId":"hushhush"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.body))
			}))
			defer server.Close()
			for _, config := range []func(string) string{
				func(string) string { return ssoProfile(server.URL, accesstest.SSOToken, later, ended) },
				oauthProfile("CN", accesstest.FirstToken, accesstest.FirstGrant, later), oauthProfile("CN", "", accesstest.FirstGrant, 0),
			} {
				o, _ := loggedIn(t, config)
				lookup := o.LookupEnv
				o.LookupEnv = func(name string) (string, bool) {
					if name == envOAuthEndpoint {
						return server.URL, true
					}
					return lookup(name)
				}
				c, err := Resolve(t.Context(), o)
				var provider *ProviderError
				if !errors.As(err, &provider) || !strings.Contains(err.Error(), tt.says) && !strings.Contains(err.Error(), "has no access_token") {
					t.Errorf("%v, %v", c, err)
				}
				if tt.status != 404 {
					nothingShows(t, err)
				}
			}
		})
	}
	for _, config := range []string{
		ssoProfile("http://127.0.0.1:1", accesstest.SSOToken, later, ended), ssoProfile("http://192.0.2.1", accesstest.SSOToken, later, ended),
	} {
		o, _ := loggedIn(t, func(string) string { return config })
		if c, err := Resolve(t.Context(), o); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("%v, %v", c, err)
		}
	}
}

// TestRefreshIsKept, or isn't asked for: a file that can't be written, a broken
// one, a profile that is gone.
func TestRefreshIsKept(t *testing.T) {
	t.Parallel()
	o, server := loggedIn(t, oauthProfile("CN", "", accesstest.FirstGrant, 0))
	config := profiles{path: filepath.Join(o.HomeDir, ".aliyun", "config.json")}
	p := profile{Name: "p", OAuthRefresh: accesstest.FirstGrant}
	for text, says := range map[string]string{`{"profiles": [`: "this isn't the JSON", `{"profiles": []}`: "profile p is gone"} {
		writeFile(t, config.path, text)
		if _, err := config.refresh(t.Context(), o, p, server.URL, "c"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
	}
	if err := os.Remove(config.path); err != nil {
		t.Fatal(err)
	}
	if _, err := config.refresh(t.Context(), o, p, server.URL, "c"); err == nil || !strings.Contains(err.Error(), "can't be kept") {
		t.Errorf("%v", err)
	}
	if got := server.Calls(); len(got) > 0 {
		t.Errorf("asked for %v", got)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	key := map[string]any{"access_key_id": "i", "access_key_secret": "s"}
	with := func(more map[string]any) map[string]any {
		all := maps.Clone(key)
		maps.Copy(all, more)
		return all
	}
	for want, fields := range map[string]map[string]any{
		"AK": key, "StsToken": with(map[string]any{"sts_token": "t", "ram_role_arn": "a"}), "RamRoleArn": with(map[string]any{"ram_role_arn": "a"}),
		"RsaKeyPair": {"private_key": "k", "key_pair_name": "n"}, "EcsRamRole": {"ram_role_name": "r"}, "External": {"process_command": "c"},
		"OIDC": {"oidc_provider_arn": "p", "oidc_token_file": "f", "ram_role_arn": "a"}, modeCloudSSO: {"cloud_sso_sign_in_url": "u"},
		"Mine": with(map[string]any{"mode": "Mine"}),
	} {
		data, err := json.Marshal(fields)
		var p profile
		if err != nil || json.Unmarshal(data, &p) != nil || p.mode() != want {
			t.Errorf("%s is %s, %v", data, p.mode(), err)
		}
	}
	if got := (profile{}).mode(); got != "AK" {
		t.Error(got)
	}
}
