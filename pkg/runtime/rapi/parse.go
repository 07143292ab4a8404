package rapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"strings"
)

const (
	// maxHead bounds the request line and headers of a request, in bytes.
	maxHead = 1 << 20
	base    = "/2020-11-11/runtime/"
)

// malformed is a request that isn't HTTP as this server takes it.
type malformed string

// Error says what is wrong.
func (m malformed) Error() string { return string(m) }

// request is what the server keeps of a request's head.
type request struct {
	event      event
	refused    *refusal // unknown route or method
	id         string   // of the invocation
	length     int64    // of the body; -1 if chunked
	httpParams string
	errorType  string
	close      bool // the client wants no other request on this connection
	expect     bool // it waits for 100 Continue
}

// readRequest reads the head of a request. io.EOF means that the client closed
// the connection between two requests.
func readRequest(br *bufio.Reader, req *request) error {
	*req = request{}
	left := maxHead
	line, err := readLine(br, &left)
	for err == nil && len(line) == 0 {
		line, err = readLine(br, &left) // empty lines before a request are allowed
	}
	if err != nil {
		return err
	}
	if err := req.start(line); err != nil {
		return err
	}
	var length, encoded bool
	for {
		line, err := readLine(br, &left)
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if err := req.field(line, &length, &encoded); err != nil {
			return err
		}
	}
	if length && encoded {
		return malformed("both Content-Length and Transfer-Encoding")
	}
	return nil
}

// readLine reads a line without its end. The bytes are valid until the next
// read.
func readLine(br *bufio.Reader, left *int) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		whole := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(whole) <= *left {
			line, err = br.ReadSlice('\n')
			whole = append(whole, line...)
		}
		line = whole
	}
	*left -= len(line)
	if *left < 0 {
		return nil, malformed("header too large")
	}
	if err != nil {
		if errors.Is(err, io.EOF) && len(line) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// start reads the request line.
func (r *request) start(line []byte) error {
	method, rest, ok := bytes.Cut(line, []byte(" "))
	target, version, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 || len(method) == 0 || len(target) == 0 {
		return malformed("bad request line")
	}
	switch string(version) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		r.close = true
	default:
		return malformed("not HTTP/1.1")
	}
	r.route(method, target)
	return nil
}

// route finds out what is asked for.
func (r *request) route(method, target []byte) {
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	path, ok := bytes.CutPrefix(target, []byte(base))
	if !ok {
		r.refused = noSuchPath(target)
		return
	}
	want := "POST"
	switch string(path) {
	case "invocation/next":
		r.event, want = askNext, "GET"
	case "init/error":
		r.event = postInitError
	default:
		if secret, ok := bytes.CutPrefix(path, []byte("function/")); ok {
			r.event, r.id, want = askFunction, string(secret), "GET"
			break
		}
		id, ok := bytes.CutPrefix(path, []byte("invocation/"))
		id, what, ok2 := bytes.Cut(id, []byte("/"))
		switch {
		case ok && ok2 && len(id) > 0 && string(what) == "response":
			r.event = postResponse
		case ok && ok2 && len(id) > 0 && string(what) == "error":
			r.event = postError
		default:
			r.refused = noSuchPath(target)
			return
		}
		r.id = string(id)
	}
	if string(method) != want {
		r.refused = &refusal{405, "MethodNotAllowed", "the method for this path is " + want}
	}
}

func noSuchPath(target []byte) *refusal {
	return &refusal{404, "PathNotSupported", "no such path: " + strings.ToValidUTF8(string(target), "?")}
}

// field reads a header line.
func (r *request) field(line []byte, length, encoded *bool) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || !isToken(name) {
		return malformed("bad header line")
	}
	value = bytes.Trim(value, " \t")
	switch len(name) {
	case len("content-length"):
		if !bytes.EqualFold(name, []byte("content-length")) {
			return nil
		}
		n, ok := parseLength(value)
		if !ok || *length && n != r.length {
			return malformed("bad Content-Length")
		}
		r.length, *length = n, true
	case len("transfer-encoding"):
		if !bytes.EqualFold(name, []byte("transfer-encoding")) {
			return nil
		}
		if *encoded || !bytes.EqualFold(value, []byte("chunked")) {
			return malformed("unknown Transfer-Encoding")
		}
		r.length, *encoded = -1, true
	case len("x-fc-http-params"):
		if bytes.EqualFold(name, []byte("x-fc-http-params")) {
			r.httpParams = string(value)
		}
	case len("x-fc-error-type"):
		if bytes.EqualFold(name, []byte("x-fc-error-type")) {
			r.errorType = string(value)
		}
	case len("connection"): // 10
		if bytes.EqualFold(name, []byte("connection")) && bytes.EqualFold(value, []byte("close")) {
			r.close = true
		}
	case len("expect"):
		if bytes.EqualFold(name, []byte("expect")) {
			r.expect = bytes.EqualFold(value, []byte("100-continue"))
		}
	}
	return nil
}

// isToken reports whether b can be the name of a header (RFC 9110, 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9':
		case bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0:
		default:
			return false
		}
	}
	return len(b) > 0
}

func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// readBody reads the body of a request, at most limit bytes of it: a larger one
// is read to its end and thrown away, so that the connection stays usable, and
// is a *TooLargeError.
func readBody(br *bufio.Reader, length, limit int64) ([]byte, error) {
	switch {
	case length == 0:
		return nil, nil
	case length < 0:
		return readChunked(br, limit)
	case length > limit:
		if _, err := io.CopyN(io.Discard, br, length); err != nil {
			return nil, err
		}
		return nil, &TooLargeError{Size: length, Limit: limit}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(br, body)
	return body, err
}

func readChunked(br *bufio.Reader, limit int64) ([]byte, error) {
	chunks := httputil.NewChunkedReader(br)
	body, err := io.ReadAll(io.LimitReader(chunks, limit+1))
	if err != nil {
		return nil, err
	}
	large := int64(len(body)) > limit
	if large {
		body = nil
		if _, err := io.Copy(io.Discard, chunks); err != nil {
			return nil, err
		}
	}
	left := maxHead
	for { // trailers and the empty line
		line, err := readLine(br, &left)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
	}
	if large {
		return nil, &TooLargeError{Size: -1, Limit: limit}
	}
	return body, nil
}
