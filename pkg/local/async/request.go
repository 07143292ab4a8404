package async

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// maxResult bounds what is kept of a result (AsyncTask, returnPayload).
const maxResult = 1 << 20

// Record makes of a request by an HTTP trigger what is kept of it in the queue.
func Record(r *http.Request) *store.EventRequest {
	return &store.EventRequest{
		Method: r.Method, URL: r.URL.String(), Host: r.Host, RequestURI: r.RequestURI, RemoteAddr: r.RemoteAddr, Header: r.Header,
	}
}

// invocation makes of an event what an instance takes. The answer to an HTTP
// request goes to answer, which is nil for other events.
func invocation(ctx context.Context, e *store.Event) (*instance.Invocation, *answer, error) {
	inv := &instance.Invocation{RequestID: e.RequestID, RetryCount: e.Runs}
	if e.HTTP == nil {
		inv.Event = e.Payload
		return inv, nil, nil
	}
	u, err := url.Parse(e.HTTP.URL)
	if err != nil {
		return nil, nil, err
	}
	r := &http.Request{
		Method: e.HTTP.Method, URL: u, Host: e.HTTP.Host, RequestURI: e.HTTP.RequestURI, RemoteAddr: e.HTTP.RemoteAddr,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: e.HTTP.Header, Body: http.NoBody, ContentLength: int64(len(e.Payload)),
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if len(e.Payload) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(e.Payload))
	}
	a := &answer{header: http.Header{}}
	inv.R, inv.W = r.WithContext(ctx), a
	return inv, a, nil
}

// answer keeps the answer to an HTTP request that nobody waits for.
type answer struct {
	header http.Header
	body   bytes.Buffer
}

// Header gives the headers, which nobody reads.
func (a *answer) Header() http.Header { return a.header }

// Write keeps the beginning of the body.
func (a *answer) Write(p []byte) (int, error) {
	a.body.Write(p[:min(len(p), maxResult-a.body.Len())])
	return len(p), nil
}

// WriteHeader drops the status.
func (a *answer) WriteHeader(int) {}
