package httpconn

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
)

// FuzzReadResponse feeds the parser. Whatever comes, it must not panic, and what
// net/http's parser reads too must be the same.
func FuzzReadResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: a\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: v\r\n\r\n",
		"HTTP/1.0 404 Not Found\n\nuntil the end", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nConnection: close\r\n\r\n", "HTTP/1.1 304\r\nContent-Length: 7\r\n\r\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		br := bufio.NewReaderSize(bytes.NewReader(data), 64)
		resp, err := readResponse(br, method)
		if err != nil {
			return
		}
		server, client := net.Pipe()
		defer server.Close()
		resp.conn = &conn{client: New("", nil), nc: client, br: br}
		body, err := resp.ReadAll(1 << 20)
		if resp.old && resp.chunked && !resp.last {
			t.Error("a connection is kept after chunks in HTTP/1.0")
		}
		if resp.Status >= 200 && err == nil {
			compare(t, data, method, resp, body)
		}
	})
}

func compare(t *testing.T, data []byte, method string, resp *Response, body []byte) {
	theirs, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), &http.Request{Method: method})
	if err != nil || theirs.StatusCode < 200 {
		return // theirs is stricter in places that don't matter here
	}
	if theirs.StatusCode != resp.Status {
		t.Errorf("status %d, net/http says %d", resp.Status, theirs.StatusCode)
	}
	if resp.old && resp.chunked {
		return // net/http takes it for the body; servers that do this mean it
	}
	their, err := io.ReadAll(theirs.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return
	}
	if err == nil && !bytes.Equal(body, their) {
		t.Errorf("body %q, net/http reads %q", body, their)
	}
}
