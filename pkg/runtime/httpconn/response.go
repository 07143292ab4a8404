package httpconn

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
)

// maxHead bounds the status line and headers of an answer, and its trailers, in
// bytes.
const maxHead = 1 << 20

// ProtocolError is an answer that isn't HTTP.
type ProtocolError struct{ What string }

// Error says what is wrong.
func (e *ProtocolError) Error() string { return "the function's server answered with " + e.What }

// TooLargeError is a body over the limit that the caller set.
type TooLargeError struct{ Limit int64 }

// Error names the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the body of the answer is larger than %d bytes", e.Limit)
}

// Field is a line of a header; the name is in canonical form.
type Field struct{ Name, Value string }

// Response is a server's answer. The body must be read to its end or closed.
type Response struct {
	Status  int
	Fields  []Field
	Length  int64 // of the body; -1 if unknown
	Trailer []Field

	conn     *conn
	body     io.Reader // nil if there is none
	left     int64     // of a body of known length
	chunked  bool
	last     bool // the connection ends with this answer
	old      bool // it is in HTTP/1.0
	finished bool
	release  func() // ends the limits on the connection
	sending  <-chan error
}

// Get is the first value of a header; the name must be canonical.
func (r *Response) Get(name string) string {
	for _, f := range r.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// readResponse reads the head of an answer, skipping those that only say that
// the final one is yet to come.
func readResponse(br *bufio.Reader, method string) (*Response, error) {
	for {
		r := &Response{}
		if err := r.readHead(br); err != nil {
			return nil, err
		}
		if r.Status >= 200 || r.Status == 101 {
			return r, r.frame(br, method)
		}
	}
}

// readHead reads up to the empty line. io.EOF means that nothing came.
func (r *Response) readHead(br *bufio.Reader) error {
	head, err := readBlock(br)
	if err != nil {
		return err
	}
	line, rest, _ := strings.Cut(head, "\n")
	if err := r.statusLine(strings.TrimSuffix(line, "\r")); err != nil {
		return err
	}
	r.Fields, err = parseFields(rest)
	return err
}

// readBlock reads lines up to and without an empty one.
func readBlock(br *bufio.Reader) (string, error) {
	var block []byte
	for {
		line, err := br.ReadSlice('\n')
		if len(block)+len(line) > maxHead {
			return "", &ProtocolError{"a header that is too large"}
		}
		if err == nil && len(bytes.TrimRight(line, "\r\n")) == 0 && (len(block) == 0 || block[len(block)-1] == '\n') {
			return string(block), nil
		}
		block = append(block, line...)
		switch {
		case err == nil, errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(block) > 0:
			return "", io.ErrUnexpectedEOF
		default:
			return "", err
		}
	}
}

func (r *Response) statusLine(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || n < 100 {
		return &ProtocolError{fmt.Sprintf("%.60q instead of a status line", line)}
	}
	switch version {
	case "HTTP/1.1":
	case "HTTP/1.0":
		r.last, r.old = true, true
	default:
		return &ProtocolError{fmt.Sprintf("%.60q instead of HTTP/1.1", line)}
	}
	r.Status = n
	return nil
}

func parseFields(block string) ([]Field, error) {
	if block == "" {
		return nil, nil
	}
	fields := make([]Field, 0, strings.Count(block, "\n"))
	for block != "" {
		var line string
		line, block, _ = strings.Cut(block, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			if len(fields) == 0 {
				return nil, &ProtocolError{"a header that begins with a space"}
			}
			// An obsolete folded line continues the one before (RFC 9112, 5.2).
			f := &fields[len(fields)-1]
			f.Value += " " + strings.Trim(line, " \t")
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return nil, &ProtocolError{fmt.Sprintf("the bad header line %.60q", line)}
		}
		value = strings.Trim(value, " \t")
		if strings.ContainsAny(value, "\r\x00") {
			return nil, &ProtocolError{fmt.Sprintf("a bad value of the header %.60q", name)}
		}
		fields = append(fields, Field{textproto.CanonicalMIMEHeaderKey(name), value})
	}
	return fields, nil
}

// isToken reports whether s can be the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') &&
			!strings.ContainsRune("!#$%&'*+.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// frame finds out where the body ends (RFC 9112, 6.3).
func (r *Response) frame(br *bufio.Reader, method string) error {
	r.Length = -1
	for _, f := range r.Fields {
		switch f.Name {
		case "Connection":
			r.connection(f.Value)
		case "Transfer-Encoding":
			if !strings.EqualFold(f.Value, "chunked") || r.chunked {
				return &ProtocolError{fmt.Sprintf("the transfer encoding %.60q", f.Value)}
			}
			r.chunked = true
		case "Content-Length":
			n, err := strconv.ParseUint(f.Value, 10, 62)
			if err != nil || r.Length >= 0 && r.Length != int64(n) {
				return &ProtocolError{fmt.Sprintf("the bad Content-Length %.60q", f.Value)}
			}
			r.Length = int64(n)
		}
	}
	switch {
	case r.Status == 101:
		r.body, r.last = br, true
	case method == "HEAD" || r.Status == 204 || r.Status == 304:
		r.chunked = false
	case r.chunked:
		r.last = r.last || r.old // RFC 9112, 6.1: the framing is not to be trusted
		r.Length, r.body = -1, httputil.NewChunkedReader(br)
	case r.Length > 0:
		r.left, r.body = r.Length, br
	case r.Length < 0:
		r.body, r.last = br, true
	}
	return nil
}

func (r *Response) connection(value string) {
	for option := range strings.SplitSeq(value, ",") {
		switch strings.ToLower(strings.TrimSpace(option)) {
		case "close":
			r.last = true
		case "keep-alive":
			r.last = false
		}
	}
}

// Read reads of the body what has come.
func (r *Response) Read(b []byte) (int, error) {
	if r.body == nil || r.finished {
		return 0, r.finish(io.EOF)
	}
	known := r.Length >= 0
	if known && int64(len(b)) > r.left {
		b = b[:r.left]
	}
	n, err := r.body.Read(b)
	if known {
		r.left -= int64(n)
		if r.left == 0 {
			return n, r.finish(nil)
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return n, r.finish(err)
	}
	return n, nil
}

// More reports whether more of the body can be read without waiting.
func (r *Response) More() bool { return r.conn.br.Buffered() > 0 }

// finish ends the answer: after nil or io.EOF the connection is kept if it can
// be. It returns the error to give to the reader.
func (r *Response) finish(err error) error {
	if r.finished {
		return err
	}
	if r.chunked && errors.Is(err, io.EOF) {
		block, terr := readBlock(r.conn.br)
		if terr == nil {
			r.Trailer, terr = parseFields(block)
		}
		if terr != nil {
			err = terr
		}
	}
	r.finished = true
	good := err == nil || errors.Is(err, io.EOF)
	if r.release != nil {
		r.release()
	}
	if good && !r.last && r.sent() && r.conn.br.Buffered() == 0 {
		r.conn.keep()
	} else {
		r.conn.discard()
	}
	return err
}

// sent reports whether the whole request has been written.
func (r *Response) sent() bool {
	if r.sending == nil {
		return true
	}
	select {
	case err := <-r.sending:
		return err == nil
	default:
		return false
	}
}

// Close gives up what hasn't been read.
func (r *Response) Close() {
	if r.body == nil {
		_ = r.finish(nil)
		return
	}
	_ = r.finish(errors.New("given up"))
}

// ReadAll reads the body, at most limit bytes of it; more is a *TooLargeError.
func (r *Response) ReadAll(limit int64) ([]byte, error) {
	defer r.Close()
	if r.Length > limit {
		return nil, &TooLargeError{limit}
	}
	if r.body == nil {
		return nil, nil
	}
	if r.Length > 0 {
		body := make([]byte, r.Length)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return nil, &TooLargeError{limit}
	}
	return body, err
}
