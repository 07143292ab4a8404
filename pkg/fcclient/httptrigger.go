package fcclient

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// HTTPCall is one request to the HTTP trigger of a function of FC 2.0.
type HTTPCall struct {
	Function  string // service$function
	Qualifier string // empty is LATEST
	Method    string
	Path      string // escaped, from its slash on, as the function sees it
	Query     url.Values
	Header    http.Header
	Body      []byte
	// Signed asks for a signature, which authType function wants.
	Signed bool
	// LogTail and LogSession are those of InvokeInput.
	LogTail    bool
	LogSession string
}

// HTTPURL gives the URL that a call asks: that of the trigger by its path, which
// needs no look-up (documentation of FC 2.0, HTTP triggers).
func (c *Client) HTTPURL(in HTTPCall) (string, error) {
	base, err := c.base(hostInvoke)
	if err != nil {
		return "", err
	}
	service, function := fc.SplitName(in.Function)
	if in.Qualifier != "" {
		service += "." + in.Qualifier
	}
	target := base.String() + "/" + fc.APIVersion2Old + "/proxy/" + url.PathEscape(service) + "/" + url.PathEscape(function) + in.Path
	if len(in.Query) > 0 {
		target += "?" + in.Query.Encode()
	}
	return target, nil
}

// CallHTTP sends a request to a trigger, once. What the function answers is a
// result whatever its status; what the service says in its place is an error.
func (c *Client) CallHTTP(ctx context.Context, in HTTPCall) (*fc.InvokeResult, error) {
	if err := CheckEvent(len(in.Body), false); err != nil {
		return nil, err
	}
	r, err := c.httpRequest(ctx, in)
	if err != nil {
		return nil, err
	}
	response, err := c.through("HTTPTrigger").RoundTrip(r)
	if err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	defer response.Body.Close()
	result := readResult(response)
	result.Header = response.Header
	if result.Body, err = io.ReadAll(response.Body); err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, diag.Errorf("the answer broke off: %w", err))
	}
	switch {
	case result.RequestID == "":
		return nil, c.named(&ForeignError{Host: r.URL.Host, Status: result.StatusCode, Text: title(string(result.Body))})
	case refusedHTTP(result):
		return nil, c.refused(r.URL.Host, &answer{result.StatusCode, result.Header, result.Body})
	}
	return result, nil
}

func (c *Client) httpRequest(ctx context.Context, in HTTPCall) (*http.Request, error) {
	target, err := c.HTTPURL(in)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, in.Method, target, bytes.NewReader(in.Body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", c.userAgent())
	r.Header.Set("Accept-Encoding", "identity") // else net/http unpacks the body
	maps.Copy(r.Header, in.Header)
	r.Header.Set(fc.HeaderRegion, c.config.Region)
	if in.LogTail {
		r.Header.Set(fc.HeaderLogType, "Tail")
	}
	if in.LogSession != "" {
		r.Header.Set(fc.HeaderLogSession, in.LogSession)
	}
	if in.Signed {
		fcsign.SignFC(r, c.keys(), c.now())
	}
	return r, nil
}

// refusedHTTP tells an answer of the service's own from one of the function's: no
// instance gave it, and it is an error in FC 2.0's form.
func refusedHTTP(r *fc.InvokeResult) bool {
	if r.StatusCode < 400 || r.ErrorType != "" || r.InstanceID != "" {
		return false
	}
	var doc errorBody
	return json.Unmarshal(r.Body, &doc) == nil && doc.ErrorCode != "" && doc.ErrorMessage != ""
}
