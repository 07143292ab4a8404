package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"s/pkg/debug"
	"s/pkg/vault"
)

const (
	stsTimeout   = 5 * time.Second
	localTimeout = time.Second
	// maxAnswer bounds the answer of a service, in bytes.
	maxAnswer = 1 << 20
	// expiryMargin is how long before their end temporary credentials are
	// fetched anew, so that a deployment doesn't outlive them.
	expiryMargin = 5 * time.Minute
)

// ProviderError is a service or a program that was asked for credentials and
// gave none.
type ProviderError struct {
	Source string
	Err    error
}

// Error names the source.
func (e *ProviderError) Error() string { return e.Source + ": no credentials: " + e.Err.Error() }

// Unwrap gives the reason.
func (e *ProviderError) Unwrap() error { return e.Err }

// session is temporary credentials as services print them.
type session struct {
	AccessKeyID     string `json:"AccessKeyId"`
	AccessKeySecret string `json:"AccessKeySecret"`
	SecurityToken   string `json:"SecurityToken"`
	Expiration      string `json:"Expiration,omitempty"` // 2006-01-02T15:04:05Z
	AccountID       string `json:"AccountId,omitempty"`
}

func (s session) credentials() (Credentials, error) {
	c := Credentials{AccountID: s.AccountID, AccessKeyID: s.AccessKeyID, AccessKeySecret: s.AccessKeySecret, SecurityToken: s.SecurityToken}
	if !c.complete() {
		return Credentials{}, errors.New("the answer lacks a key")
	}
	return c, nil
}

// fresh reports whether a session will do for a while. One without an end will
// do now, and is never kept.
func (s session) fresh(now time.Time) bool {
	end, err := time.Parse(time.RFC3339, s.Expiration)
	return err == nil && now.Add(expiryMargin).Before(end)
}

// cached fetches a session, unless one that was fetched for the same question
// is still good. Sessions are in private files of the home of s. The question
// has whatever decides the answer, and no secret.
func (o Options) cached(ctx context.Context, question []string, fetch func(context.Context) (session, error)) (Credentials, error) {
	s, err := o.cachedSession(ctx, question, fetch)
	if err != nil {
		return Credentials{}, err
	}
	return s.credentials()
}

func (o Options) cachedSession(ctx context.Context, question []string, fetch func(context.Context) (session, error)) (session, error) {
	if s, ok := o.recall(question); ok {
		return s, nil
	}
	path := o.sessionFile(question)
	s, err := fetch(ctx)
	if err != nil {
		return session{}, err
	}
	if _, err = s.credentials(); err != nil || path == "" || !s.fresh(o.now()) {
		return s, err
	}
	data, err := json.Marshal(s)
	if err == nil {
		// What can't be kept is fetched again.
		_ = vault.Update(ctx, path, nil, func([]byte) ([]byte, error) { return data, nil })
	}
	return s, nil
}

// sessionFile is where the answer to a question is kept; empty is nowhere.
func (o Options) sessionFile(question []string) string {
	if o.SHome == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(question, "\x00")))
	return filepath.Join(o.SHome, "cache", "credentials", hex.EncodeToString(sum[:16])+".json")
}

// recall gives a kept session that is still good.
func (o Options) recall(question []string) (session, bool) {
	path := o.sessionFile(question)
	if path == "" {
		return session{}, false
	}
	var s session
	data, err := vault.Read(path, o.Vault.Tell())
	if err != nil || json.Unmarshal(data, &s) != nil || !s.fresh(o.now()) {
		return session{}, false
	}
	if _, err := s.credentials(); err != nil {
		return session{}, false
	}
	o.Debug.Linef("access", "a session of the cache does until %s", s.Expiration)
	return s, true
}

// client gives the HTTP client for a service: of this machine, or STS.
func (o Options) client(local bool) *http.Client {
	if o.HTTP != nil {
		return o.HTTP
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	if local {
		transport.Proxy = nil
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// offlineError is a service that didn't answer.
type offlineError struct {
	host string
	err  error
}

// Error names the host.
func (e *offlineError) Error() string { return fmt.Sprintf("no answer from %s: %v", e.host, e.err) }

// Unwrap gives the network's error.
func (e *offlineError) Unwrap() error { return e.err }

// send asks a service and gives the status and the body of its answer. The
// error never has more of the URL than its host.
func (o Options) send(r *http.Request, local bool) (int, []byte, error) {
	wait := stsTimeout
	if local {
		wait = localTimeout
	}
	if o.Timeout > 0 {
		wait = o.Timeout
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	client := *o.client(local)
	if how := (debug.Requests{Topic: "access", Action: r.URL.Query().Get("Action"), HostOnly: true}); o.Debug.On() {
		if how.Action != "" || r.Header.Get("X-Acs-Action") != "" {
			how.Topic = "sts"
		}
		client.Transport = o.Debug.Transport(client.Transport, how)
	}
	response, err := client.Do(r.WithContext(ctx)) //nolint:gosec // whom to ask is the user's to say; secureURL looks at it
	if err == nil {
		defer response.Body.Close()
		var body []byte
		if body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err == nil {
			return response.StatusCode, body, nil
		}
	}
	if r.Context().Err() != nil {
		return 0, nil, r.Context().Err()
	}
	var bare *url.Error
	if errors.As(err, &bare) {
		err = bare.Err
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("waited for %s", wait)
	}
	return 0, nil, &offlineError{r.URL.Host, err}
}

// secureURL reads the URL of a service that gets or gives secrets: https, or
// http to this machine.
func secureURL(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("this is no URL")
	}
	ip := net.ParseIP(u.Hostname())
	near := u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast())
	if u.Scheme != "https" && (u.Scheme != "http" || !near) {
		return nil, fmt.Errorf("%s://%s isn't https: secrets don't go there", u.Scheme, u.Host)
	}
	return u, nil
}

// fromURI asks the service that ALIBABA_CLOUD_CREDENTIALS_URI names.
func fromURI(ctx context.Context, o Options) (Credentials, []string, error) {
	const name = "ALIBABA_CLOUD_CREDENTIALS_URI"
	uri := o.env(name)
	if uri == "" {
		return Credentials{}, nil, nil
	}
	c, err := o.uri(ctx, uri)
	if err != nil {
		return Credentials{}, nil, &ProviderError{name, err}
	}
	c.Alias = EnvironmentAlias
	return c, nil, nil
}

func (o Options) uri(ctx context.Context, uri string) (Credentials, error) {
	u, err := secureURL(uri)
	if err != nil {
		return Credentials{}, err
	}
	return o.cached(ctx, []string{"uri", uri}, func(ctx context.Context) (session, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return session{}, errors.New("this is no URL")
		}
		status, body, err := o.send(r, true)
		if err != nil {
			return session{}, err
		}
		return readSession(u.Host, status, body)
	})
}

// readSession reads what metadata services and credential URIs answer.
func readSession(host string, status int, body []byte) (session, error) {
	var answer struct {
		session
		Code string
	}
	if status != http.StatusOK {
		return session{}, fmt.Errorf("%s answers %d", host, status)
	}
	if json.Unmarshal(body, &answer) != nil {
		return session{}, fmt.Errorf("the answer of %s isn't JSON", host)
	}
	if answer.Code != "" && answer.Code != "Success" {
		return session{}, fmt.Errorf("%s answers %.40q", host, answer.Code)
	}
	return answer.session, nil
}

// readToken reads a file that has one token.
func readToken(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return token, nil
}
