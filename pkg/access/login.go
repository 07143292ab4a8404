package access

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"s/pkg/vault"
)

// Profiles whose user logged in with a browser. The Alibaba Cloud CLI keeps the
// tokens of the login in config.json; with them, keys are fetched as that
// program (config/configure.go, cloudsso/refresh.go of aliyun-cli 3) and
// credentials-go 1.4 fetch them. Only that program can log in.
const (
	modeCloudSSO = "CloudSSO"
	modeOAuth    = "OAuth"

	envOAuthEndpoint = "S_OAUTH_ENDPOINT"
	// tokenMargin is how long a token must still be good to be used.
	tokenMargin = time.Minute
)

// oauthSites are the hosts and the CLI's client ids of the two sites.
var oauthSites = map[string]struct{ base, client string }{
	"CN":   {"https://oauth.aliyun.com", "4038181954557748008"},
	"INTL": {"https://oauth.alibabacloud.com", "4103531455503354461"},
}

// LoginError is a profile of the Alibaba Cloud CLI that only its user can make
// good again, with that program. It wraps ErrNotFound.
type LoginError struct {
	Where string // the file and the profile
	Why   string
	// Command is what to run.
	Command string
}

// Error says what is wrong; Command isn't in it.
func (e *LoginError) Error() string { return e.Where + ": " + e.Why }

// Unwrap gives ErrNotFound.
func (e *LoginError) Unwrap() error { return ErrNotFound }

// loginNeeded is the LoginError of a profile.
func (c profiles) loginNeeded(p profile, why string) error {
	return &LoginError{
		Where: fmt.Sprintf("%s (profile %s)", c.path, p.Name), Why: why,
		Command: "aliyun configure --mode " + p.mode() + " --profile " + shellWord(p.Name),
	}
}

// shellWord quotes a name where a shell needs it.
func shellWord(name string) string {
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("-_.:@/", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// goodUntil reports whether something that ends then (seconds since 1970) will
// do for a while longer.
func (o Options) goodUntil(end int64, margin time.Duration) bool {
	return end > o.now().Add(margin).Unix()
}

// cloudSSO gives the keys of a CloudSSO profile: those that the CLI fetched last,
// or new ones.
func (c profiles) cloudSSO(ctx context.Context, o Options, p profile) (Credentials, error) {
	own := p.session()
	own.AccountID = p.SSOAccount
	if own.complete() && o.goodUntil(p.TokenExpireAt, expiryMargin) {
		return own, nil
	}
	if p.SSOSignIn == "" || p.SSOAccount == "" || p.SSOConfig == "" {
		return Credentials{}, c.loginNeeded(p, "it lacks cloud_sso_sign_in_url, cloud_sso_account_id or cloud_sso_access_config")
	}
	o.Debug.Hide(p.SSOToken)
	if p.SSOToken == "" || !o.goodUntil(p.SSOTokenExpireAt, 0) {
		if own.complete() && o.goodUntil(p.TokenExpireAt, 0) {
			return own, nil // for the minutes that it has left
		}
		return Credentials{}, c.loginNeeded(p, "its CloudSSO login has ended")
	}
	u, err := secureURL(p.SSOSignIn)
	if err != nil {
		return Credentials{}, fmt.Errorf("cloud_sso_sign_in_url: %w", err)
	}
	question := []string{"cloudsso", u.Host, p.SSOAccount, p.SSOConfig, strconv.FormatInt(p.SSOTokenExpireAt, 10)}
	return o.cached(ctx, question, func(ctx context.Context) (session, error) {
		body, err := json.Marshal(map[string]string{"AccountId": p.SSOAccount, "AccessConfigurationId": p.SSOConfig})
		if err != nil {
			return session{}, err
		}
		status, answer, err := o.post(ctx, u.Scheme+"://"+u.Host+"/cloud-credentials", "application/json", p.SSOToken, body)
		if err != nil {
			return session{}, err
		}
		var got struct{ CloudCredential session }
		switch {
		case status == http.StatusUnauthorized || status == http.StatusForbidden:
			return session{}, c.loginNeeded(p, u.Host+" refuses its CloudSSO login"+refusal(answer))
		case status != http.StatusOK:
			return session{}, fmt.Errorf("%s answers HTTP %d%s", u.Host, status, refusal(answer))
		case json.Unmarshal(answer, &got) != nil:
			return session{}, fmt.Errorf("the answer of %s isn't JSON", u.Host)
		}
		got.CloudCredential.AccountID = p.SSOAccount
		return got.CloudCredential, nil
	})
}

// oauth gives the keys of an OAuth profile: those that the CLI fetched last, or
// new ones for its access token, which is refreshed if it has ended.
func (c profiles) oauth(ctx context.Context, o Options, p profile) (Credentials, error) {
	if own := p.session(); own.complete() && o.goodUntil(p.TokenExpireAt, expiryMargin) {
		return own, nil
	}
	site, ok := oauthSites[p.OAuthSite]
	if !ok {
		return Credentials{}, c.loginNeeded(p, fmt.Sprintf("its oauth_site_type %q is neither CN nor INTL", p.OAuthSite))
	}
	u, err := secureURL(cmp.Or(o.env(envOAuthEndpoint), site.base))
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", envOAuthEndpoint, err)
	}
	base := u.Scheme + "://" + u.Host
	if known, ok := o.recall(oauthQuestion(base, c.path, p)); ok {
		return known.credentials()
	}
	o.Debug.Hide(p.OAuthToken, p.OAuthRefresh)
	if p.OAuthToken == "" || !o.goodUntil(p.OAuthTokenExpireAt, tokenMargin) {
		if p, err = c.refresh(ctx, o, p, base, site.client); err != nil {
			return Credentials{}, err
		}
	}
	return o.cached(ctx, oauthQuestion(base, c.path, p), func(ctx context.Context) (session, error) {
		status, answer, err := o.post(ctx, base+"/v1/exchange", "application/json", p.OAuthToken, nil)
		if err != nil {
			return session{}, err
		}
		var got session
		switch {
		case status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden:
			return session{}, c.loginNeeded(p, u.Host+" refuses its OAuth login"+refusal(answer))
		case status != http.StatusOK:
			return session{}, fmt.Errorf("%s answers HTTP %d%s", u.Host, status, refusal(answer))
		case json.Unmarshal(answer, &got) != nil:
			return session{}, fmt.Errorf("the answer of %s isn't JSON", u.Host)
		}
		return got, nil
	})
}

// oauthQuestion tells one access token from the next by its end.
func oauthQuestion(base, path string, p profile) []string {
	return []string{"oauth", base, path, p.Name, strconv.FormatInt(p.OAuthTokenExpireAt, 10)}
}

// refresh gets a new access token and keeps it in config.json: the refresh token
// may be good for one time only, and the CLI needs the next one. Processes of s
// take turns; one that comes second takes what the first got.
func (c profiles) refresh(ctx context.Context, o Options, p profile, base, client string) (profile, error) {
	if p.OAuthRefresh == "" {
		return p, c.loginNeeded(p, "its OAuth login has ended")
	}
	// What can't be kept must not be asked for.
	f, err := os.OpenFile(c.path, os.O_RDWR, 0)
	if err != nil {
		return p, fmt.Errorf("a refreshed login can't be kept: %w", err)
	}
	f.Close()
	err = vault.Update(ctx, c.path, o.Vault.Tell(), func(old []byte) ([]byte, error) {
		var now profiles
		if err := json.Unmarshal(old, &now); err != nil {
			return nil, vault.BadJSON(c.path, old, err, "the JSON of the Alibaba Cloud CLI")
		}
		at := slices.IndexFunc(now.List, func(other profile) bool { return other.Name == p.Name })
		if at < 0 {
			return nil, fmt.Errorf("%s: the profile %s is gone", c.path, p.Name)
		}
		if p = now.List[at]; p.OAuthToken != "" && o.goodUntil(p.OAuthTokenExpireAt, tokenMargin) {
			return old, nil
		}
		o.Debug.Linef("access", "the OAuth login of profile %s is refreshed", p.Name)
		if err := c.askRefresh(ctx, o, &p, base, client); err != nil {
			return nil, err
		}
		return setFields(old, at, []fieldValue{
			{"oauth_access_token", p.OAuthToken}, {"oauth_refresh_token", p.OAuthRefresh}, {"oauth_access_token_expire", p.OAuthTokenExpireAt},
		})
	})
	return p, err
}

// askRefresh puts new tokens into p.
func (c profiles) askRefresh(ctx context.Context, o Options, p *profile, base, client string) error {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.OAuthRefresh}, "client_id": {client}}
	status, answer, err := o.post(ctx, base+"/v1/token", "application/x-www-form-urlencoded", "", []byte(form.Encode()))
	if err != nil {
		return err
	}
	host := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
	var got struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in"` // seconds
	}
	switch {
	case status == http.StatusBadRequest || status == http.StatusUnauthorized:
		return c.loginNeeded(*p, "its OAuth login has ended"+refusal(answer))
	case status != http.StatusOK:
		return fmt.Errorf("%s answers HTTP %d%s", host, status, refusal(answer))
	case json.Unmarshal(answer, &got) != nil || got.AccessToken == "":
		return fmt.Errorf("the answer of %s has no access_token", host)
	}
	o.Debug.Hide(got.AccessToken, got.RefreshToken)
	p.OAuthToken, p.OAuthTokenExpireAt = got.AccessToken, o.now().Unix()+got.ExpiresIn
	p.OAuthRefresh = cmp.Or(got.RefreshToken, p.OAuthRefresh) // RFC 6749, 6: it may stay
	return nil
}

// post asks a service of logins, with a bearer token if there is one.
func (o Options) post(ctx context.Context, target, contentType, bearer string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("this is no URL")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", contentType)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return o.send(r, false)
}

// refusal gives the code and the request id of a refusal, in parentheses. Its
// words aren't shown: they may repeat what was sent.
func refusal(answer []byte) string {
	var got struct{ Error, ErrorCode, Code, RequestID string }
	if json.Unmarshal(answer, &got) != nil {
		return ""
	}
	code := cmp.Or(got.Error, got.ErrorCode, got.Code)
	switch {
	case code == "" && got.RequestID == "":
		return ""
	case got.RequestID == "":
		return fmt.Sprintf(" (%.60q)", code)
	}
	return fmt.Sprintf(" (%.60q, request %.60s)", code, got.RequestID)
}
