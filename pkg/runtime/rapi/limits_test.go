package rapi

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestHeadsOneByOne: what the parser says of each kind of head, which a client
// would only see as 400.
func TestHeadsOneByOne(t *testing.T) {
	t.Parallel()
	const line = "POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\n"
	for name, test := range map[string]struct {
		head string
		want error
	}{
		"plain":              {line + "Content-Length: 3\r\n\r\n", nil},
		"same length twice":  {line + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", nil},
		"other length":       {line + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", malformed("bad Content-Length")},
		"no length":          {line + "Content-Length:\r\n\r\n", malformed("bad Content-Length")},
		"signed length":      {line + "Content-Length: +3\r\n\r\n", malformed("bad Content-Length")},
		"two lengths":        {line + "Content-Length: 3, 3\r\n\r\n", malformed("bad Content-Length")},
		"overflow":           {line + "Content-Length: 9999999999999999\r\n\r\n", malformed("bad Content-Length")},
		"both":               {line + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", malformed("both Content-Length and Transfer-Encoding")},
		"chunked twice":      {line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", malformed("unknown Transfer-Encoding")},
		"gzip":               {line + "Transfer-Encoding: gzip, chunked\r\n\r\n", malformed("unknown Transfer-Encoding")},
		"space before colon": {line + "Content-Length : 3\r\n\r\n", malformed("bad header line")},
		"folded":             {line + "A: b\r\n c: d\r\n\r\n", malformed("bad header line")},
		"no colon":           {line + "Content-Length 3\r\n\r\n", malformed("bad header line")},
		"no name":            {line + ": 3\r\n\r\n", malformed("bad header line")},
		"lookalikes":         {line + "content_length: x\r\nx-fc-http-param$: x\r\ntransfer_encoding: x\r\nconnectioN: keep\r\nexpecT: x\r\n\r\n", nil},
		"HTTP/2":             {"GET / HTTP/2.0\r\n\r\n", malformed("not HTTP/1.1")},
		"two words":          {"GET /\r\n\r\n", malformed("bad request line")},
		"nothing between":    {"GET  HTTP/1.1\r\n\r\n", malformed("bad request line")},
		"cut in a line":      {line + "Content-Le", io.ErrUnexpectedEOF},
		"cut after a line":   {line, io.ErrUnexpectedEOF},
		"nothing":            {"", io.EOF},
		"one long line":      {line + "A: " + strings.Repeat("x", maxHead) + "\r\n\r\n", malformed("header too large")},
		"many lines":         {line + strings.Repeat("A: b\r\n", maxHead/6), malformed("header too large")},
		"empty lines alone":  {strings.Repeat("\r\n", maxHead), malformed("header too large")},
	} {
		var req request
		err := readRequest(bufio.NewReader(strings.NewReader(test.head)), &req)
		if !errors.Is(err, test.want) || err != nil && err.Error() != test.want.Error() {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	const limit = 10
	for name, test := range map[string]struct {
		text   string
		length int64
		body   string
		wrong  string
		left   string // for the next request
	}{
		"exact":            {"0123456789rest", 10, "0123456789", "", "rest"},
		"over":             {"0123456789Xrest", 11, "", "the result of 11 bytes is larger than 10 bytes", "rest"},
		"over, cut":        {"0123", 11, "", "EOF", ""},
		"cut":              {"0123", 10, "", "unexpected EOF", ""},
		"chunks":           {"3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\nrest", -1, "abcde", "", "rest"},
		"chunks over":      {"b\r\n0123456789X\r\n0\r\n\r\nrest", -1, "", "the result is larger than 10 bytes", "rest"},
		"chunks over, cut": {"b\r\n0123456789X\r\n5\r\nab", -1, "", "unexpected EOF", ""},
		"no last chunk":    {"3\r\nabc\r\n", -1, "", "unexpected EOF", ""},
		"no last line":     {"3\r\nabc\r\n0\r\nA: b\r\n", -1, "", "EOF", ""},
		"no size":          {"x\r\nabc\r\n0\r\n\r\n", -1, "", "invalid byte in chunk length", ""},
		"endless trailer":  {"0\r\n" + strings.Repeat("A: b\r\n", maxHead/6+1), -1, "", "header too large", ""},
	} {
		br := bufio.NewReader(strings.NewReader(test.text))
		body, err := readBody(br, test.length, limit)
		if test.wrong != "" {
			if err == nil || err.Error() != test.wrong {
				t.Errorf("%s: %v, want %s", name, err, test.wrong)
			}
		} else if err != nil || string(body) != test.body {
			t.Errorf("%s: %q, %v", name, body, err)
		}
		if rest, err := io.ReadAll(br); test.left != "" && string(rest) != test.left {
			t.Errorf("%s: the next request would be %q, %v", name, rest, err)
		}
	}
}

// TestCallTells what the caller asks of an invocation that nobody took.
func TestCallTells(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	call := start(t, s, "a", "event")
	if call.Handed() || call.Deadline() != call.inv.Deadline {
		t.Errorf("handed %t, deadline %v", call.Handed(), call.Deadline())
	}
	s.Close(errors.New("gone"))
	if _, err := reply(t, call); !errors.Is(err, ErrNotTaken) {
		t.Errorf("the reply is %v", err)
	}
	if call.Handed() || call.Duration() != 0 {
		t.Errorf("nobody took it: %t, %v", call.Handed(), call.Duration())
	}
	other := dial(t, newServer(t, Config{Now: time.Now}))
	other.write("GET /nowhere HTTP/1.0\r\n\r\n")
	if _, body := other.want(404); !strings.Contains(body, "no such path: /nowhere") {
		t.Errorf("%q", body)
	}
	if rest, err := io.ReadAll(other.br); len(rest) > 0 || err != nil {
		t.Errorf("HTTP/1.0 ends with one answer: %q, %v", rest, err)
	}
}
