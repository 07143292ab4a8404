// Package fcclient speaks the Function Compute API, both versions, to any
// endpoint. The control plane goes through alibaba-cloud-sdk-go; what must
// stream or be cancelled goes over net/http with our own signer. It decides
// nothing: it turns operations into requests and answers into fc types.
package fcclient

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"s/pkg/access"
	"s/pkg/debug"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// Config says whom to speak to and as whom.
type Config struct {
	Region      string
	Credentials access.Credentials
	// Endpoint is a URL, http://127.0.0.1:19800; empty is FC's own for the
	// region (https).
	Endpoint string
	// V2 speaks 2021-04-06 (services) instead of 2023-03-30.
	V2 bool
	// OSSEndpoint is where archives are uploaded that are too large for a request;
	// empty is what the service says, or OSS's own for the region (https).
	OSSEndpoint string
	// Uploaded, if set, is told how much of such an archive has arrived, in bytes; -1
	// is that it comes to nothing.
	Uploaded func(done, total int64)
	// ConnectTimeout is how long it may take to reach a host, AnswerTimeout how long
	// a request of the control plane may take, without the time for the code in it.
	// 0 is s's own.
	ConnectTimeout, AnswerTimeout time.Duration
	// Version of s, for the User-Agent.
	Version string
	// Debug is told of every request; nil is nobody.
	Debug *debug.Log
}

// Client speaks to one region as one account. It is safe for concurrent use.
type Client struct {
	config Config
	// transport carries every request of the client, so that connections are
	// shared. It goes past proxies for loopback addresses, as net/http does.
	transport *http.Transport
	now       func() time.Time
	// sleep waits between tries, or returns the context's error.
	sleep func(context.Context, time.Duration) error
	part  int64 // bytes of a part of an upload
	// readTime and writeTime bound a request.
	readTime, writeTime time.Duration
}

// New makes a client; it does no network call.
func New(config Config) *Client {
	return &Client{
		config: config, transport: newTransport(cmp.Or(config.ConnectTimeout, connectTimeout)), now: time.Now, sleep: Sleep, part: partSize,
		readTime: cmp.Or(config.AnswerTimeout, readTimeout), writeTime: cmp.Or(config.AnswerTimeout, controlTimeout),
	}
}

// through gives the way that the requests of an action take: past the debug log.
func (c *Client) through(action string) http.RoundTripper {
	return c.config.Debug.Transport(c.transport, debug.Requests{Topic: "api", Action: action, Version: c.version()})
}

// Config gives what the client was made from.
func (c *Client) Config() Config { return c.config }

// Close lets go of idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// host names one of FC's two kinds of endpoint.
type host int

const (
	hostControl host = iota // functions, triggers, services
	hostInvoke              // invocations, instance exec
)

// base gives the URL that a request's path is appended to, without a slash at
// its end. A custom endpoint serves both kinds.
func (c *Client) base(kind host) (*url.URL, error) {
	if c.config.Endpoint != "" {
		return parseEndpoint(c.config.Endpoint)
	}
	if c.config.Region == "" {
		return nil, fmt.Errorf("no region to speak to")
	}
	name := "fcv3." + c.config.Region + ".aliyuncs.com"
	if hasNoControlHost(c.config.Region) {
		name = c.config.Region + ".fc.aliyuncs.com"
	}
	if kind == hostInvoke || c.config.V2 {
		if c.config.Credentials.AccountID == "" {
			return nil, fmt.Errorf("the account id is not known: %s names none", c.config.Credentials.Alias)
		}
		name = c.config.Credentials.AccountID + "." + c.config.Region + ".fc.aliyuncs.com"
	}
	return &url.URL{Scheme: "https", Host: name}, nil
}

// hasNoControlHost lists the regions whose control plane is {region}.fc (the
// endpoint map of fc-20230330).
func hasNoControlHost(region string) bool {
	switch region {
	case "me-central-1", "cn-shanghai-finance-1", "cn-heyuan-acdr-1", "cn-hangzhou-finance":
		return true
	}
	return false
}

// parseEndpoint reads a custom endpoint; a bare host is https.
func parseEndpoint(endpoint string) (*url.URL, error) {
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	u, err := url.Parse(strings.TrimRight(endpoint, "/"))
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", endpoint, err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, fmt.Errorf("endpoint %q is no http or https address", endpoint)
	}
	return u, nil
}

// version is the API version that the client's resources live in.
func (c *Client) version() string {
	if c.config.V2 {
		return fc.APIVersion2
	}
	return fc.APIVersion3
}

func (c *Client) keys() fcsign.Keys {
	cred := c.config.Credentials
	return fcsign.Keys{AccessKeyID: cred.AccessKeyID, AccessKeySecret: cred.AccessKeySecret, SecurityToken: cred.SecurityToken}
}

func (c *Client) userAgent() string {
	version := c.config.Version
	if version == "" {
		version = "dev"
	}
	return "s/" + version
}

// path joins segments under the client's API version, each one escaped.
func (c *Client) path(segments ...string) string {
	var b strings.Builder
	b.WriteString("/" + c.version())
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// functionPath is the path of a function, or of what hangs on it. In FC 2.0 a
// name is "service$function".
func (c *Client) functionPath(name string, more ...string) string {
	if !c.config.V2 {
		return c.path(append([]string{"functions", name}, more...)...)
	}
	service, function := fc.SplitName(name)
	return c.path(append([]string{"services", service, "functions", function}, more...)...)
}

// Sleep waits; its error is ctx's, if that ends before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
