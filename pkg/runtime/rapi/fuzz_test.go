package rapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"s/pkg/runtime/rawio"
)

// FuzzReadRequest feeds the parser. Whatever comes, it must not panic, must not
// read a request that net/http's parser understands otherwise, and must take no
// more than there is.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n",
		post("invocation/a/response", "body", "x-fc-http-params: eyJ9\r\n"),
		post("invocation/a/error", "{}"), post("init/error", "{}", "Connection: close\r\n"),
		"POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"POST / HTTP/1.0\nContent-Length: 3\nExpect: 100-continue\n\nabc", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		br := bufio.NewReaderSize(bytes.NewReader(data), 64)
		var req request
		err := readRequest(br, &req)
		if err != nil {
			return
		}
		body, bodyErr := readBody(br, req.length, 1<<16)
		theirs, terr := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.TrimLeft(string(data), "\r\n"))))
		if terr != nil {
			return // theirs is stricter in places that don't matter here
		}
		if req.refused == nil && !strings.HasPrefix(theirs.URL.Path, base) && !strings.Contains(theirs.RequestURI, base) {
			t.Errorf("%q taken for %v", theirs.RequestURI, req.event)
		}
		if req.length >= 0 && theirs.ContentLength >= 0 && theirs.ContentLength != req.length {
			t.Errorf("length %d, net/http says %d", req.length, theirs.ContentLength)
		}
		their, rerr := io.ReadAll(theirs.Body)
		var large *TooLargeError
		if bodyErr == nil && rerr == nil && !bytes.Equal(body, their) && !errors.As(bodyErr, &large) {
			t.Errorf("body %q, net/http reads %q", body, their)
		}
	})
}

// FuzzServer sends bytes to a whole server, which must go on serving.
func FuzzServer(f *testing.F) {
	f.Add([]byte("GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\n\r\n"))
	f.Add([]byte(post("init/error", "x") + post("invocation/a/response", "x")))
	f.Add([]byte("POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newUnattended(t, Config{})
		if len(data)%2 == 0 {
			s.Attend(new(rawio.Attention))
		}
		c := dial(t, s)
		c.write(string(data))
		c.nc.(interface{ CloseWrite() error }).CloseWrite()
		if _, err := io.Copy(io.Discard, c.nc); err != nil {
			t.Skip(err) // reset: the server had enough
		}
		if s.InitError() != nil {
			return
		}
		other := dial(t, s)
		start(t, s, "after", "alive")
		other.ask()
		if _, body := other.want(200); body != "alive" {
			t.Errorf("event %q", body)
		}
	})
}
