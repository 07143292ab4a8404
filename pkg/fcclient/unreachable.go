package fcclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"s/pkg/diag"
)

// UnreachableError is a request that got no answer.
type UnreachableError struct {
	Host  string
	Proxy string // that it went by way of; empty is none
	Err   error
}

// Error names the host.
func (e *UnreachableError) Error() string { return e.Wording().Error() }

// Wording names the host.
func (e *UnreachableError) Wording() error {
	err := e.Err
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		err = outer.Err // the address is said already
	}
	switch err.Error() {
	case io.ErrUnexpectedEOF.Error():
		err = diag.Errorf("the connection was closed in the middle of it")
	case io.EOF.Error():
		err = diag.Errorf("the connection was closed")
	}
	return diag.Errorf("no answer from %s: %w", byWayOf(e.Host, e.Proxy), err)
}

// byWayOf names a host, and the proxy to it if there is one.
func byWayOf(host, proxy string) any {
	if proxy == "" {
		return host
	}
	return diag.Say("%s by way of the proxy %s", host, proxy)
}

// NoHost reports whether there is no host of that name, as of a region that there
// isn't.
func (e *UnreachableError) NoHost() bool {
	var dns *net.DNSError
	return errors.As(e.Err, &dns) && dns.IsNotFound
}

// lateError is a request that took longer than it may.
type lateError struct{ after time.Duration }

// Error says how long it took.
func (e *lateError) Error() string { return e.Wording().Error() }

// Wording says how long it took.
func (e *lateError) Wording() error { return diag.Errorf("it took longer than %s", e.after) }

// Is makes it a deadline that passed, which isn't tried again.
func (e *lateError) Is(target error) bool { return target == context.DeadlineExceeded }

// bounded gives the context of one request.
func (c *Client) bounded(ctx context.Context, method string, size int64) (context.Context, context.CancelFunc) {
	limit := c.writeTime + time.Duration(size/bodyRate)*time.Second
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
		return &UnreachableError{Host: host, Proxy: c.proxyTo(host), Err: late}
	}
	if cause != nil {
		return cause
	}
	if other := (*ForeignError)(nil); errors.As(err, &other) {
		return c.named(other)
	}
	if err == nil {
		err = diag.Errorf("no answer")
	}
	return &UnreachableError{Host: host, Proxy: c.proxyTo(host), Err: err}
}

// refused is apiError, with the proxy.
func (c *Client) refused(host string, a *answer) error { return c.named(apiError(host, a)) }

// named adds the proxy to the error of an answer that isn't the service's.
func (c *Client) named(err error) error {
	if other := (*ForeignError)(nil); errors.As(err, &other) {
		other.Proxy = c.proxyTo(other.Host)
	}
	return err
}

// proxyError is a proxy that doesn't connect.
type proxyError struct{ status string }

// Error gives its status.
func (e *proxyError) Error() string { return e.Wording().Error() }

// Wording gives its status.
func (e *proxyError) Wording() error { return diag.Errorf("it doesn't connect: %s", e.status) }

// proxyTo gives the host of the proxy that the environment names for requests to a
// host; empty is none.
func (c *Client) proxyTo(host string) string {
	target := &url.URL{Scheme: "https", Host: host}
	if strings.HasPrefix(c.config.Endpoint, "http://") {
		target.Scheme = "http"
	}
	proxy, err := c.transport.Proxy(&http.Request{URL: target})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host // without its password
}

// notSent reports whether an error came before there was a connection.
func (e *UnreachableError) notSent() bool {
	var dial *net.OpError
	var refused *proxyError
	var certificate *tls.CertificateVerificationError
	return e.NoHost() || errors.As(e.Err, &refused) || errors.As(e.Err, &certificate) ||
		errors.As(e.Err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
}

// Untrusted reports whether the host has a certificate that this machine doesn't
// trust, as a proxy that looks into what is encrypted has.
func (e *UnreachableError) Untrusted() bool {
	var authority x509.UnknownAuthorityError
	return errors.As(e.Err, &authority)
}
