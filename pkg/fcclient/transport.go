package fcclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// controlTimeout bounds one control plane request, the upload of inline code
// in its body included.
const controlTimeout = 10 * time.Minute

// readTimeout bounds one that only reads.
const readTimeout = 2 * time.Minute

// call is one control plane operation.
type call struct {
	action string // GetFunction
	method string
	path   string // escaped, with the API version
	query  map[string]string
	header map[string]string
	body   any    // marshalled to JSON; nil sends none
	zip    string // of code.zipFile, if it was set aside
	out    any    // unmarshalled from the answer; nil drops it
	host   host
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment, // never for loopback
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// do runs a call, again where that is safe, and reads its answer.
func (c *Client) do(ctx context.Context, op call) error {
	var body payload
	if op.body != nil {
		text, err := json.Marshal(op.body)
		if err != nil {
			return fmt.Errorf("%s: %w", op.action, err)
		}
		body = withZip(text, op.zip)
	}
	answer, err := c.retry(ctx, op.method, func() (*answer, error) { return c.send(ctx, op, body) })
	if err != nil {
		return err
	}
	if op.out == nil || len(answer.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer.body, op.out); err != nil {
		return fmt.Errorf("%s: the answer can't be read: %w", op.action, err)
	}
	return nil
}

// answer is what came back, whatever its status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send makes one request through alibaba-cloud-sdk-go and tames what it does by
// default (measured with v1.63.107): http without encryption, a read timeout of
// 10 s, the port lost unless it is set apart from the host, path parameters
// pasted unescaped, Content-Type of JSON not set, proxies used for loopback,
// clients not safe for concurrent use and no way to cancel. So each request
// gets an SDK client of its own (it is a small struct) over the one shared
// transport, which brings the context in.
func (c *Client) send(ctx context.Context, op call, body payload) (*answer, error) {
	if op.zip != "" && !c.config.V2 {
		return c.sendCode(ctx, op, body)
	}
	base, err := c.base(op.host)
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.bounded(ctx, op.method)
	defer cancel()
	client, err := sdk.NewClientWithOptions(c.config.Region, c.sdkConfig(ctx, op.action), c.sdkCredential())
	if err != nil {
		return nil, err
	}
	request := requests.NewCommonRequest()
	request.Method = op.method
	request.Scheme = base.Scheme
	request.Domain = base.Hostname()
	if strings.Contains(request.Domain, ":") {
		request.Domain = "[" + request.Domain + "]" // an IPv6 address
	}
	request.Port = base.Port()
	request.Version = c.version()
	request.ApiName = op.action
	request.PathPattern = base.EscapedPath() + op.path
	request.QueryParams = op.query
	request.SetReadTimeout(controlTimeout)
	request.Headers[fc.HeaderRegion] = c.config.Region
	maps.Copy(request.Headers, op.header)
	if body.size() > 0 {
		request.SetContent(body.whole())
		request.SetContentType("application/json; charset=utf-8")
	}
	response, err := client.ProcessCommonRequest(request)
	if response == nil || response.GetHttpStatus() == 0 {
		return nil, c.unreachable(ctx, base.Host, err)
	}
	got := &answer{response.GetHttpStatus(), response.GetHttpHeaders(), response.GetHttpContentBytes()}
	if got.status < 200 || got.status > 299 {
		return got, apiError(got)
	}
	return got, nil
}

// sendCode makes a request with code in its body. It is signed ACS3, as the
// service's current clients sign all of theirs, because that covers a SHA-256 of
// the body: the SDK's older scheme asks for an MD5, which takes a machine four
// times as long, and the local cloud as long again.
func (c *Client) sendCode(ctx context.Context, op call, body payload) (*answer, error) {
	ctx, cancel := c.bounded(ctx, op.method)
	defer cancel()
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Accept": {"application/json"}}
	for name, value := range op.header {
		header.Set(name, value)
	}
	query := url.Values{}
	for name, value := range op.query {
		query.Set(name, value)
	}
	response, err := c.open(ctx, direct{
		host: hostControl, op: fcsign.Operation{Action: op.action, Version: c.version()},
		method: op.method, path: op.path, query: query, header: header, body: body,
	}, func(*http.Response) bool { return true })
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	got := &answer{status: response.StatusCode, header: response.Header}
	if got.body, err = io.ReadAll(response.Body); err != nil {
		return nil, c.unreachable(ctx, response.Request.URL.Host, err)
	}
	if got.status < 200 || got.status > 299 {
		return got, apiError(got)
	}
	return got, nil
}

func (c *Client) sdkConfig(ctx context.Context, action string) *sdk.Config {
	config := sdk.NewConfig()
	config.Scheme = "https"
	config.AutoRetry = false
	config.UserAgent = c.userAgent()
	config.Transport = withContext{ctx, c.through(action)}
	return config
}

func (c *Client) sdkCredential() auth.Credential {
	cred := c.config.Credentials
	if cred.SecurityToken != "" {
		return credentials.NewStsTokenCredential(cred.AccessKeyID, cred.AccessKeySecret, cred.SecurityToken)
	}
	return credentials.NewAccessKeyCredential(cred.AccessKeyID, cred.AccessKeySecret)
}

// withContext cancels the SDK's requests. Not being an *http.Transport, it also
// keeps the SDK from changing proxy, dialer and TLS settings of the shared one.
type withContext struct {
	ctx  context.Context
	next http.RoundTripper
}

// RoundTrip sends r under the context.
func (t withContext) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(r.WithContext(t.ctx))
}

// UnreachableError is a request that got no answer.
type UnreachableError struct {
	Host string
	Err  error
}

// Error names the host.
func (e *UnreachableError) Error() string { return fmt.Sprintf("no answer from %s: %v", e.Host, e.Err) }

// NoHost reports whether there is no host of that name, as of a region that there
// isn't.
func (e *UnreachableError) NoHost() bool {
	var dns *net.DNSError
	return errors.As(e.Err, &dns) && dns.IsNotFound
}

// lateError is a request that took longer than it may.
type lateError struct{ after time.Duration }

// Error says how long it took.
func (e *lateError) Error() string { return fmt.Sprintf("it took longer than %s", e.after) }

// Is makes it a deadline that passed, which isn't tried again.
func (e *lateError) Is(target error) bool { return target == context.DeadlineExceeded }

// bounded gives the context of one request.
func (c *Client) bounded(ctx context.Context, method string) (context.Context, context.CancelFunc) {
	limit := c.writeTime
	if method == http.MethodGet {
		limit = c.readTime
	}
	return context.WithTimeoutCause(ctx, limit, &lateError{limit})
}

// Unwrap gives the network's error.
func (e *UnreachableError) Unwrap() error { return e.Err }

func (c *Client) unreachable(ctx context.Context, host string, err error) error {
	cause := context.Cause(ctx)
	var late *lateError
	if errors.As(cause, &late) {
		return &UnreachableError{Host: host, Err: late}
	}
	if cause != nil {
		return cause
	}
	if err == nil {
		err = errors.New("no answer")
	}
	return &UnreachableError{Host: host, Err: err}
}
