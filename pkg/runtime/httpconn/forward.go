package httpconn

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// Passage says how to pass a request on.
type Passage struct {
	// Lines are added to the request's header.
	Lines []byte
	// Drop and DropBack report whether a header of the request and of the answer,
	// by its canonical name, stays behind.
	Drop, DropBack func(name string) bool
	Deadline       time.Time // zero is none
}

// Outcome is how passing a request on went.
type Outcome struct {
	Status   int    // of the answer; 0 if none came
	FCStatus string // its header x-fc-status
	// Written is set once anything of the answer has been given to the
	// caller's ResponseWriter: it can't get another one then.
	Written bool
}

// Forward passes a request on to the server and its answer back, both as they
// come. The path and query of r.URL are what the server sees. Headers that
// belong to one connection stay behind (RFC 9110, 7.6.1). A request to switch
// protocols becomes a tunnel if the server agrees. A call of gRPC that came over
// HTTP/2 goes on over HTTP/2.
func (c *Client) Forward(ctx context.Context, w http.ResponseWriter, r *http.Request, p Passage) (Outcome, error) {
	if isGRPC(r) {
		return c.forwardGRPC(ctx, w, r, p)
	}
	upgrade := upgradeOf(r.Header)
	req := &Request{
		Method: r.Method, Target: r.URL.RequestURI(), Host: r.Host,
		Header: outgoing(r.Header, p.Drop, upgrade), Lines: p.Lines,
		Body: r.Body, Length: r.ContentLength, Trailer: r.Trailer, Deadline: p.Deadline,
	}
	if r.Body == http.NoBody || r.ContentLength == 0 {
		req.Body, req.Length = nil, 0
	}
	if req.Body != nil {
		// The answer may begin before the request has ended.
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 always is
	}
	resp, err := c.Do(ctx, req)
	if err != nil {
		return Outcome{}, err
	}
	defer resp.Close()
	out := Outcome{Status: resp.Status, FCStatus: resp.Get("X-Fc-Status")}
	if resp.Status == http.StatusSwitchingProtocols {
		if upgrade == "" {
			return out, &ProtocolError{"a switch of protocols that nobody asked for"}
		}
		return out, tunnel(w, resp, &out)
	}
	incoming(w.Header(), resp.Fields, p.DropBack)
	out.Written = true
	w.WriteHeader(resp.Status)
	err = pass(w, resp)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return out, err
}

// pass copies the body. It flushes whenever there is nothing more to read at
// the moment.
func pass(w http.ResponseWriter, resp *Response) error {
	if resp.finished {
		return nil
	}
	size := 32 << 10
	if resp.Length >= 0 && resp.Length < int64(size) {
		size = int(resp.Length)
	}
	buf := make([]byte, size)
	flusher := http.NewResponseController(w)
	if resp.Length < 0 && !resp.More() {
		_ = flusher.Flush() // the header goes out before the first byte of a stream
	}
	for {
		n, err := resp.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return werr
			}
		}
		if errors.Is(err, io.EOF) || resp.finished && err == nil {
			trail(w.Header(), resp.Trailer)
			return nil
		}
		if err != nil {
			return err
		}
		if !resp.More() {
			_ = flusher.Flush()
		}
	}
}

// perConnection are the headers that aren't passed on.
func perConnection(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect":
		return true
	}
	return false
}

// named reports whether the Connection headers list the name.
func named(connection []string, name string) bool {
	for _, line := range connection {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

func upgradeOf(h http.Header) string {
	if !named(h["Connection"], "Upgrade") {
		return ""
	}
	return h.Get("Upgrade")
}

// outgoing is the header of a request as the server gets it.
func outgoing(h http.Header, drop func(string) bool, upgrade string) http.Header {
	to := make(http.Header, len(h)+1)
	connection := h["Connection"]
	for name, values := range h {
		if perConnection(name) || named(connection, name) || drop != nil && drop(name) {
			continue
		}
		to[name] = values
	}
	if upgrade != "" {
		to["Connection"], to["Upgrade"] = []string{"Upgrade"}, []string{upgrade}
	}
	if named(h["Te"], "trailers") {
		to["Te"] = []string{"trailers"}
	}
	return to
}

// incoming puts the header of an answer into that of the caller's. A type that
// the server didn't tell isn't guessed.
func incoming(to http.Header, fields []Field, drop func(string) bool) {
	to["Content-Type"] = nil // else net/http looks at the body
	var connection []string
	for _, f := range fields {
		if f.Name == "Connection" {
			connection = append(connection, f.Value)
		}
	}
	for _, f := range fields {
		if f.Name == "Trailer" {
			to.Add(f.Name, f.Value)
			continue
		}
		if perConnection(f.Name) || len(connection) > 0 && named(connection, f.Name) || drop != nil && drop(f.Name) {
			continue
		}
		to[f.Name] = append(to[f.Name], f.Value)
	}
}

// trail sends the trailers of an answer, also those not announced.
func trail(to http.Header, trailer []Field) {
	for _, f := range trailer {
		if !perConnection(f.Name) {
			to.Add(http.TrailerPrefix+f.Name, f.Value)
		}
	}
}
