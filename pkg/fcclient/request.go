package fcclient

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// maxErrorBody bounds how much of a refusal is read, in bytes.
const maxErrorBody = 1 << 20

// direct is one request over net/http, signed ACS3.
type direct struct {
	host   host
	op     fcsign.Operation
	method string
	path   string // escaped, with the API version
	query  url.Values
	header http.Header
	body   payload
}

// open sends a request and gives the answer with its body still to be read.
// A status of 400 and above is an error unless keep says otherwise.
func (c *Client) open(ctx context.Context, d direct, keep func(*http.Response) bool) (*http.Response, error) {
	r, err := c.request(ctx, d)
	if err != nil {
		return nil, err
	}
	fcsign.SignACS3(r, c.keys(), d.op, d.body.sum(), c.now())
	response, err := c.through(d.op.Action).RoundTrip(r)
	if err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	if response.StatusCode < 300 && !isPage(response) || (keep != nil && keep(response)) {
		return response, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	if err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	return nil, c.refused(r.URL.Host, &answer{response.StatusCode, response.Header, body})
}

// request builds the unsigned request.
func (c *Client) request(ctx context.Context, d direct) (*http.Request, error) {
	base, err := c.base(d.host)
	if err != nil {
		return nil, err
	}
	target := base.String() + d.path
	if len(d.query) > 0 {
		target += "?" + d.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, d.method, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.op.Action, err)
	}
	if r.ContentLength = d.body.size(); r.ContentLength > 0 {
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(d.body.reader()), nil }
		r.Body = io.NopCloser(d.body.reader())
	}
	maps.Copy(r.Header, d.header)
	r.Header.Set("User-Agent", c.userAgent())
	r.Header.Set(fc.HeaderRegion, c.config.Region)
	return r, nil
}
