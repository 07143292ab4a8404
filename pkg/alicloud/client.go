// Package alicloud finds and makes what "auto" in s.yaml stands for, in the services
// beside Function Compute: log projects, buckets, roles, networks, file systems. It
// reads before it writes, finds what is there by its name, and takes what somebody
// else makes at the same time for its own. It prints nothing and asks nothing.
package alicloud

import (
	"bytes"
	"cmp"
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
	"strconv"
	"strings"
	"time"

	"s/pkg/debug"
	"s/pkg/fc/fcsign"
	"s/pkg/fcclient"
)

const (
	// answerWait is how long one request may take.
	answerWait = 30 * time.Second
	// maxAnswer bounds an answer, in bytes; maxPage one with lines of logs.
	maxAnswer = 4 << 20
	maxPage   = 128 << 20
	// tries and pause are of requests that were throttled; the pause doubles.
	tries = 4
	pause = time.Second
	// longestPause bounds what Retry-After says.
	longestPause = 20 * time.Second
)

// Config says whose resources, where, and how to get there.
type Config struct {
	Region    string
	AccountID string // names come from it
	Keys      fcsign.Keys
	// Endpoint is the URL at which all services are, which are told by the Host
	// header then: the local cloud's. Empty is each service's own, by https.
	Endpoint string
	// Local is true at the local cloud, which has no RAM and no networks.
	Local bool
	// Env gives the variables FC_GENERATE_*; nil has none.
	Env func(name string) string
	// HTTP makes the requests; nil is a client of its own.
	HTTP *http.Client
	// Resolve gives the name that a domain name leads to, in the DNS; nil asks the
	// machine's resolver.
	Resolve func(ctx context.Context, name string) (string, error)
	// Now is the clock, Sleep waits; nil are the real ones.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Debug *debug.Log
}

// Client speaks to the services of one region.
type Client struct{ config Config }

// New makes a client. It makes no request.
func New(config Config) *Client {
	if config.Env == nil {
		config.Env = func(string) string { return "" }
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Resolve == nil {
		config.Resolve = net.DefaultResolver.LookupCNAME
	}
	if config.Sleep == nil {
		config.Sleep = fcclient.Sleep
	}
	if config.HTTP == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		if config.Local {
			transport.Proxy = nil
		}
		config.HTTP = &http.Client{Transport: transport, Timeout: answerWait, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{config}
}

// Error is a refusal by a service.
type Error struct {
	Service   string // SLS, OSS, RAM, VPC, ECS, NAS, FC
	Action    string
	Status    int // HTTP status
	Code      string
	Message   string
	RequestID string
}

// Error names the service and has its code, message and request id.
func (e *Error) Error() string {
	return fmt.Sprintf("%s refuses %s: %s (%s, HTTP %d, request %s)", e.Service, e.Action, e.Message, e.Code, e.Status, cmp.Or(e.RequestID, "without an id"))
}

// Denied reports whether a service says that the keys may not do something.
func (e *Error) Denied() bool {
	switch e.Code {
	case "AccessDenied", "NoPermission", "Unauthorized", "Forbidden.RAM", "Forbidden":
		return true
	}
	return strings.HasPrefix(e.Code, "NoPermission") || strings.HasPrefix(e.Code, "Forbidden.RAM")
}

// Passing reports whether the same request may succeed later: the service is in
// trouble, or has too much to do.
func (e *Error) Passing() bool { return e.throttled() || e.Status >= http.StatusInternalServerError }

// throttled reports whether the same request may succeed a little later.
func (e *Error) throttled() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable || strings.HasPrefix(e.Code, "Throttling") ||
		e.Code == "ServerBusy" || e.Code == "WriteQuotaExceed" || e.Code == "ReadQuotaExceed" || e.Code == "QpsLimitExceeded"
}

// Quota reports whether a service says that there are as many as there may be.
func (e *Error) Quota() bool { return strings.HasPrefix(e.Code, "QuotaExceed") }

// isMissing reports whether a service says that something isn't there: by 404, by
// RAM's own code, or by the name of what isn't found. That the key or the operation
// isn't known is another matter, which has status 404, too.
func isMissing(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, other := range []string{"InvalidAccessKeyId", "InvalidAction", "InvalidApi", "InvalidProduct", "InvalidVersion"} {
		if strings.HasPrefix(e.Code, other) {
			return false
		}
	}
	return e.Status == http.StatusNotFound || strings.HasPrefix(e.Code, "EntityNotExist") ||
		strings.HasPrefix(e.Code, "Invalid") && strings.HasSuffix(e.Code, ".NotFound")
}

// isThere reports whether a service says that somebody has made it already.
func isThere(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "ProjectAlreadyExist", "LogStoreAlreadyExist", "IndexAlreadyExist", "ServiceAlreadyExists", "FunctionAlreadyExists", "TriggerAlreadyExists":
		return true
	}
	return strings.HasPrefix(e.Code, "EntityAlreadyExist")
}

// call is one request.
type call struct {
	service, action string
	method          string
	host            string
	path            string
	query           url.Values
	body            []byte
	contentType     string
	sign            func(r *http.Request, body []byte)
	refusal         func(answer []byte) *Error
	out             any // of JSON; nil reads nothing
	head            func(http.Header)
	longest         int64 // of the answer, in bytes; 0 is maxAnswer
	// once is true if doing it twice makes two: then it isn't tried again when it
	// may have been done.
	once bool
}

// do makes a request, and again if it was throttled.
func (c *Client) do(ctx context.Context, k call) error {
	wait := pause
	for try := 1; ; try++ {
		after, err := c.once(ctx, k)
		var refused *Error
		if try == tries || !errors.As(err, &refused) || !refused.throttled() || k.once && refused.Status == http.StatusServiceUnavailable {
			return err
		}
		if err := c.config.Sleep(ctx, min(max(wait, after), longestPause)); err != nil {
			return err
		}
		wait *= 2
	}
}

// once makes a request once; after is what the service says to wait.
func (c *Client) once(ctx context.Context, k call) (after time.Duration, err error) {
	r, err := c.request(ctx, k)
	if err != nil {
		return 0, err
	}
	client := *c.config.HTTP
	client.Transport = c.config.Debug.Transport(client.Transport, k.told())
	response, err := client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		var bare *url.Error
		if errors.As(err, &bare) {
			err = bare.Err // the URL has the signature's parameters
		}
		return 0, fmt.Errorf("%s: no answer from %s: %w", k.action, k.host, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, cmp.Or(k.longest, maxAnswer)))
	if err != nil {
		return 0, fmt.Errorf("%s: answer of %s: %w", k.action, k.host, err)
	}
	if response.StatusCode/100 != 2 {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return time.Duration(seconds) * time.Second, k.refused(response, answer)
	}
	if k.out != nil && json.Unmarshal(answer, k.out) != nil {
		return 0, fmt.Errorf("%s: the answer of %s isn't JSON", k.action, k.host)
	}
	if k.head != nil {
		k.head(response.Header)
	}
	return 0, nil
}

// told is how the debug log tells of a call.
func (k call) told() debug.Requests {
	how := debug.Requests{Topic: "auto", Action: k.action}
	if k.action == actionGetLogs {
		how.Topic = "logs"
	}
	return how
}

func (k call) refused(response *http.Response, answer []byte) error {
	e := k.refusal(answer)
	e.Service, e.Action, e.Status = k.service, k.action, response.StatusCode
	for _, name := range []string{"X-Log-Requestid", "X-Oss-Request-Id", "X-Acs-Request-Id", "X-Fc-Request-Id"} {
		e.RequestID = cmp.Or(e.RequestID, response.Header.Get(name))
	}
	e.Code = cmp.Or(e.Code, strconv.Itoa(response.StatusCode))
	e.Message = cmp.Or(e.Message, http.StatusText(response.StatusCode))
	return e
}

// request makes the signed request of a call.
func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	u := &url.URL{Scheme: "https", Host: k.host, Path: k.path, RawQuery: k.query.Encode()}
	if c.config.Endpoint != "" {
		base, err := url.Parse(c.config.Endpoint)
		if err != nil {
			return nil, err
		}
		u.Scheme, u.Host = base.Scheme, base.Host
	}
	r, err := http.NewRequestWithContext(ctx, k.method, u.String(), bytes.NewReader(k.body))
	if err != nil {
		return nil, err
	}
	r.Host = k.host
	if k.contentType != "" {
		r.Header.Set("Content-Type", k.contentType)
	}
	k.sign(r, k.body)
	return r, nil
}

// rpc makes a call of the services that speak RPC. Parameters go in the body,
// where no log of URLs shows them.
func (c *Client) rpc(ctx context.Context, service, host, version, action string, parameters url.Values, out any) error {
	return c.do(ctx, call{
		service: service, action: action, method: http.MethodPost, host: host, path: "/",
		body: []byte(parameters.Encode()), contentType: "application/x-www-form-urlencoded", out: out, refusal: refusalJSON,
		sign: c.acs3(action, version),
		once: strings.HasPrefix(action, "Create") && parameters.Get("ClientToken") == "",
	})
}

// acs3 signs as all services but SLS and OSS want it.
func (c *Client) acs3(action, version string) func(r *http.Request, body []byte) {
	return func(r *http.Request, body []byte) {
		r.Header.Set("Accept", "application/json")
		sum := sha256.Sum256(body)
		fcsign.SignACS3(r, c.config.Keys, fcsign.Operation{Action: action, Version: version}, hex.EncodeToString(sum[:]), c.config.Now())
	}
}

// refusalJSON reads what services that speak RPC say.
func refusalJSON(answer []byte) *Error {
	var said struct {
		Code, Message string
		RequestID     string `json:"RequestId"`
	}
	_ = json.Unmarshal(answer, &said) // it may come from something between
	return &Error{Code: said.Code, Message: said.Message, RequestID: said.RequestID}
}

// refusalFC reads what Function Compute says. FC 2.0 spells the names otherwise.
func refusalFC(answer []byte) *Error {
	var said struct {
		Code, Message, ErrorCode, ErrorMessage string
		RequestID                              string `json:"RequestId"`
	}
	_ = json.Unmarshal(answer, &said) // it may come from something between
	return &Error{Code: cmp.Or(said.Code, said.ErrorCode), Message: cmp.Or(said.Message, said.ErrorMessage), RequestID: said.RequestID}
}
