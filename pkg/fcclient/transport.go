package fcclient

import (
	"cmp"
	"context"
	"encoding/json"
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

// Times that bound requests of the control plane.
const (
	connectTimeout = 10 * time.Second // to a host, and the same again for its TLS
	controlTimeout = 10 * time.Minute
	readTimeout    = 2 * time.Minute // of one that only reads
	// bodyRate is how fast a line is at least, in bytes a second: what the code in a
	// request adds to its time.
	bodyRate = 100_000
)

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
	// repeatable is a POST that may be sent again though nobody knows whether it was
	// carried out: it asks for a state, or makes something with a name.
	repeatable bool
}

// mayRepeat reports whether the call may be carried out twice.
func (op *call) mayRepeat() bool {
	return op.repeatable || op.method == http.MethodGet || op.method == http.MethodPut || op.method == http.MethodDelete
}

func newTransport(connect time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment, // never for loopback
		DialContext:           (&net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   connect,
		ExpectContinueTimeout: time.Second,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
			if response.StatusCode == http.StatusOK {
				return nil
			}
			return &proxyError{response.Status}
		},
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
	_, err := c.retry(ctx, op, func() (*answer, error) { return c.read(ctx, op, body) })
	return err
}

// read sends a call once and reads what it gives.
func (c *Client) read(ctx context.Context, op call, body payload) (*answer, error) {
	answer, err := c.send(ctx, op, body)
	if err != nil {
		return answer, err
	}
	base, err := c.base(op.host)
	if err != nil {
		return nil, err
	}
	if err := foreign(base.Host, answer); err != nil {
		return answer, c.named(err)
	}
	if op.out == nil || len(answer.body) == 0 {
		return answer, nil
	}
	if err := json.Unmarshal(answer.body, op.out); err != nil {
		return answer, &UnreachableError{Host: base.Host, Proxy: c.proxyTo(base.Host), Err: fmt.Errorf("what came for %s can't be read: %w", op.action, err)}
	}
	return answer, nil
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
	ctx, cancel := c.bounded(ctx, op.method, body.size())
	defer cancel()
	way := &withContext{ctx: ctx, next: c.through(op.action)}
	client, err := sdk.NewClientWithOptions(c.config.Region, c.sdkConfig(way), c.sdkCredential())
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
		return nil, c.unreachable(ctx, base.Host, cmp.Or(way.err, err))
	}
	got := &answer{response.GetHttpStatus(), response.GetHttpHeaders(), response.GetHttpContentBytes()}
	if got.status < 200 || got.status > 299 {
		return got, c.refused(base.Host, got)
	}
	return got, nil
}

// sendCode makes a request with code in its body. It is signed ACS3, as the
// service's current clients sign all of theirs, because that covers a SHA-256 of
// the body: the SDK's older scheme asks for an MD5, which takes a machine four
// times as long, and the local cloud as long again.
func (c *Client) sendCode(ctx context.Context, op call, body payload) (*answer, error) {
	ctx, cancel := c.bounded(ctx, op.method, body.size())
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
		return got, c.refused(response.Request.URL.Host, got)
	}
	return got, nil
}

func (c *Client) sdkConfig(way http.RoundTripper) *sdk.Config {
	config := sdk.NewConfig()
	config.Scheme = "https"
	config.AutoRetry = false
	config.UserAgent = c.userAgent()
	config.Transport = way
	return config
}

func (c *Client) sdkCredential() auth.Credential {
	cred := c.config.Credentials
	if cred.SecurityToken != "" {
		return credentials.NewStsTokenCredential(cred.AccessKeyID, cred.AccessKeySecret, cred.SecurityToken)
	}
	return credentials.NewAccessKeyCredential(cred.AccessKeyID, cred.AccessKeySecret)
}

// withContext cancels the SDK's requests, and keeps it from following redirects,
// which are never the service's. Not being an *http.Transport, it also keeps the SDK
// from changing proxy, dialer and TLS settings of the shared one.
type withContext struct {
	ctx  context.Context
	next http.RoundTripper
	err  error // of the last request, as it was before the SDK put words around it
}

// RoundTrip sends r under the context.
func (t *withContext) RoundTrip(r *http.Request) (*http.Response, error) {
	var response *http.Response
	if response, t.err = t.next.RoundTrip(r.WithContext(t.ctx)); t.err != nil {
		return nil, t.err
	}
	if redirects(response.StatusCode) && response.Header.Get(fc.HeaderRequestID) == "" {
		_ = response.Body.Close() // it is of no use
		t.err = &ForeignError{Host: r.URL.Host, Status: response.StatusCode, Text: response.Header.Get("Location")}
		return nil, t.err
	}
	return response, nil
}
