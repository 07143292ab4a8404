package instance

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rapi"
)

// FuzzFraming: the lines of a log don't depend on how the pipe cut them up, none
// is longer than allowed, and nothing is lost or added.
func FuzzFraming(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nno end"), uint16(3))
	f.Add([]byte(strings.Repeat("x", 2*fc.MaxLogLine)+"\nafter"), uint16(4096))
	f.Add([]byte(strings.Repeat("y", fc.MaxLogLine)+"\r\n"), uint16(1))
	f.Add([]byte("half FC Invoke End RequestId: a\n"), uint16(7))
	f.Add([]byte("\n\n\n"), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		if size == 0 || len(data) > 4*fc.MaxLogLine || bytes.Contains(data, []byte(" End RequestId: ")) && len(data) > fc.MaxLogLine {
			t.Skip()
		}
		whole, pieces := framed0(data, len(data)+1), framed0(data, int(size))
		if !slices.Equal(whole, pieces) {
			t.Errorf("at once %q, in pieces of %d %q", whole, size, pieces)
		}
		for _, line := range whole {
			if len(line) > fc.MaxLogLine || strings.Contains(line, "\n") {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
		kept := strings.NewReplacer("\n", "", "\r", "")
		if got := kept.Replace(strings.Join(whole, "")); got != kept.Replace(string(data)) {
			t.Errorf("%q has become %q", data, whole)
		}
	})
}

// framed0 are the lines that a collector makes of data that comes in pieces.
func framed0(data []byte, size int) (lines []string) {
	c := &collector{now: time.Now, sink: func(l LogLine) { lines = append(lines, l.Message) }}
	for piece := range slices.Chunk(data, size) {
		c.write(piece)
	}
	c.endLine()
	return lines
}

func TestWriteParams(t *testing.T) {
	t.Parallel()
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, test := range map[string]struct {
		params string
		status int
		header http.Header
		wrong  string
	}{
		"none":              {"", 200, http.Header{}, ""},
		"no status":         {encode(`{}`), 200, http.Header{}, ""},
		"status":            {encode(`{"status":418}`), 418, http.Header{}, ""},
		"last status":       {encode(`{"status":599}`), 599, http.Header{}, ""},
		"headers":           {encode(`{"headersMap":{"x-a":["1","2"],"set-cookie":["c=1","d=2"]}}`), 200, http.Header{"X-A": {"1", "2"}, "Set-Cookie": {"c=1", "d=2"}}, ""},
		"of the server's":   {encode(`{"headersMap":{"connection":["close"],"DATE":["x"],"content-length":["7"],"transfer-encoding":["chunked"],"server":["me"]}}`), 200, http.Header{}, ""},
		"of the platform's": {encode(`{"headersMap":{"X-Fc-Request-Id":["forged"],"x-b":["1"]}}`), 200, http.Header{"X-B": {"1"}}, ""},
		"not base64":        {"%%%", 0, nil, "x-fc-http-params isn't base64"},
		"not JSON":          {encode(`{`), 0, nil, "x-fc-http-params: "},
		"a text as status":  {encode(`{"status":"200"}`), 0, nil, "x-fc-http-params: "},
		"informational":     {encode(`{"status":199}`), 0, nil, "status 199"},
		"too high":          {encode(`{"status":600}`), 0, nil, "status 600"},
		"negative":          {encode(`{"status":-1}`), 0, nil, "status -1"},
	} {
		w := httptest.NewRecorder()
		err := writeParams(w, rapi.Reply{Body: []byte("body"), HTTPParams: test.params})
		if test.wrong != "" {
			var bad *badAnswer
			if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "the function's HTTP answer is invalid: "+test.wrong) {
				t.Errorf("%s: %v", name, err)
			}
			if w.Body.Len() > 0 || len(w.Header()) > 0 {
				t.Errorf("%s: something was written: %v", name, w.Header())
			}
			continue
		}
		got := w.Header()
		if got.Get("Content-Length") != "4" || w.Code != test.status || w.Body.String() != "body" || err != nil {
			t.Errorf("%s: %d %v %q, %v", name, w.Code, got, w.Body, err)
		}
		got.Del("Content-Length")
		for key, values := range test.header {
			if !slices.Equal(got[key], values) {
				t.Errorf("%s: %s is %q", name, key, got[key])
			}
		}
		if len(got) != len(test.header) {
			t.Errorf("%s: headers %v", name, got)
		}
	}
}

func TestReadRequestBody(t *testing.T) {
	t.Parallel()
	broken := errors.New("the caller left")
	for name, test := range map[string]struct {
		body io.Reader
		size int
		code string
		err  error
	}{
		"none":      {nil, 0, "", nil},
		"empty":     {strings.NewReader(""), 0, "", nil},
		"largest":   {io.LimitReader(zeros{}, fc.MaxSyncBody), fc.MaxSyncBody, "", nil},
		"too big":   {io.LimitReader(zeros{}, fc.MaxSyncBody+1), 0, fc.CodeEntityTooLarge, nil},
		"endless":   {zeros{}, 0, fc.CodeEntityTooLarge, nil},
		"cut short": {io.MultiReader(strings.NewReader("half"), failing{broken}), 0, "", broken},
	} {
		r := &http.Request{}
		if test.body != nil {
			r.Body = io.NopCloser(test.body)
		}
		body, err := readRequestBody(r)
		var api *fc.APIError
		switch {
		case test.code != "":
			if !errors.As(err, &api) || api.Code != test.code || api.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %v", name, err)
			}
		case !errors.Is(err, test.err) || len(body) != test.size:
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestClientIP(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"127.0.0.1:4711": "127.0.0.1", "[::1]:80": "::1", "pipe": "pipe", "": ""} {
		if got := clientIP(&http.Request{RemoteAddr: address}); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
