package httpconn

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// isGRPC reports whether a request is a call of gRPC, which exists in HTTP/2
// only. gRPC-Web has a media type of its own and is ordinary HTTP.
func isGRPC(r *http.Request) bool {
	if r.ProtoMajor != 2 {
		return false
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/grpc" || strings.HasPrefix(kind, "application/grpc+")
}

// multiplexed are the HTTP/2 connections to the server, in cleartext and
// without asking first whether it speaks that ("prior knowledge").
type multiplexed struct {
	transport *http.Transport
	closed    context.Context // ends with the client
	close     context.CancelFunc
	once      sync.Once
}

// http2 gives the HTTP/2 side of the client; most never need it.
func (c *Client) http2() *multiplexed {
	m := &c.multiplexed
	m.once.Do(func() {
		m.closed, m.close = context.WithCancel(context.Background())
		d := net.Dialer{KeepAlive: -1}
		m.transport = &http.Transport{
			Protocols: new(http.Protocols), DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "tcp", c.addr) },
		}
		m.transport.Protocols.SetUnencryptedHTTP2(true)
	})
	return m
}

// end breaks the streams under way and closes the connections.
func (m *multiplexed) end() {
	m.once.Do(func() {
		m.closed, m.close = context.WithCancel(context.Background())
		m.transport = &http.Transport{}
	})
	m.close()
	m.transport.CloseIdleConnections()
}

// forwardGRPC passes a call on over HTTP/2: messages both ways as they come,
// the trailer with the call's status, and the end of either side.
func (c *Client) forwardGRPC(ctx context.Context, w http.ResponseWriter, r *http.Request, p Passage) (Outcome, error) {
	m := c.http2()
	if m.closed.Err() != nil {
		return Outcome{}, ErrClosed
	}
	within, cancel := until(ctx, p.Deadline)
	defer cancel()
	defer context.AfterFunc(m.closed, cancel)()
	body := &source{from: r.Body}
	req, err := callOf(within, r, p, body)
	if err != nil {
		return Outcome{}, err
	}
	resp, err := m.transport.RoundTrip(req)
	if err != nil {
		if cause := body.failure(); cause != nil {
			err = &BodyError{cause}
		}
		return Outcome{}, because(ctx, err)
	}
	defer resp.Body.Close()
	out := Outcome{Status: resp.StatusCode, FCStatus: resp.Header.Get("X-Fc-Status"), Written: true}
	incoming(w.Header(), fieldsOf(resp.Header), p.DropBack)
	w.WriteHeader(resp.StatusCode)
	if err := passMessages(w, resp); err != nil {
		if cause := body.failure(); cause != nil {
			err = &BodyError{cause}
		}
		return out, because(ctx, err)
	}
	return out, nil
}

// until is a context that also ends at the deadline, if there is one.
func until(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	if deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}

// because is the context's error if it has one, else err.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// callOf is the request that the server gets.
func callOf(ctx context.Context, r *http.Request, p Passage, body io.Reader) (*http.Request, error) {
	fields, err := parseFields(string(p.Lines))
	if err != nil {
		return nil, err
	}
	h := outgoing(r.Header, p.Drop, "")
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	if h["User-Agent"] == nil {
		h["User-Agent"] = nil // else the transport adds its own
	}
	target := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	req := (&http.Request{
		Method: r.Method, URL: &target, Host: r.Host, Header: h, Body: io.NopCloser(body), ContentLength: -1, Trailer: r.Trailer,
	}).WithContext(ctx)
	return req, nil
}

func fieldsOf(h http.Header) []Field {
	var fields []Field
	for name, values := range h {
		for _, v := range values {
			fields = append(fields, Field{name, v})
		}
	}
	return fields
}

// passMessages copies the body as it comes, then the trailer. An answer that is
// a header alone stays one: gRPC tells failed calls so.
func passMessages(w http.ResponseWriter, resp *http.Response) error {
	if resp.ContentLength == 0 { // so the transport marks a stream that ends with its header
		return nil
	}
	flusher := http.NewResponseController(w)
	_ = flusher.Flush()
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return werr
			}
			_ = flusher.Flush()
		}
		if errors.Is(err, io.EOF) {
			trail(w.Header(), fieldsOf(resp.Trailer))
			return nil
		}
		if err != nil {
			return err
		}
	}
}
