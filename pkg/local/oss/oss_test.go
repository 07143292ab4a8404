package oss

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/store"
)

// world is a service over real HTTP, whose signatures are trusted.
type world struct {
	t     *testing.T
	url   string
	store *store.Store

	mu     sync.Mutex
	events []Event
	scope  string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{t: t, store: s}
	server := httptest.NewServer(New(Config{
		Store: s, AccountID: "1", Region: "cn-hangzhou",
		Verify: func(r *http.Request, _, _ string) (fcsign.Keys, error) {
			if r.Header.Get("X-Forged") != "" {
				return fcsign.Keys{}, &fc.APIError{Status: 403, Code: "SignatureDoesNotMatch", Message: "no"}
			}
			return fcsign.Keys{Scope: w.scope}, nil
		},
		Allow: func(keys fcsign.Keys, write bool, bucket, key string) error {
			if keys.Scope == "" || !write {
				return nil
			}
			return &fc.APIError{Status: 403, Code: "AccessDenied", Message: "no"}
		},
		Events: func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC) },
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// got is an answer.
type got struct {
	*http.Response
	body string
	t    *testing.T
}

// do sends a request; headers are "Name: value".
func (w *world) do(method, target, body string, headers ...string) *got {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return &got{response, string(data), w.t}
}

// is checks the status and the code of an error.
func (g *got) is(status int, code string) *got {
	g.t.Helper()
	what := g.Request.Method + " " + g.Request.URL.RequestURI()
	if g.StatusCode != status {
		g.t.Fatalf("%s: %d %s, want %d", what, g.StatusCode, g.body, status)
	}
	if code == "" || g.Request.Method == "HEAD" {
		return g
	}
	var e errorBody
	if err := xml.Unmarshal([]byte(g.body), &e); err != nil || e.Code != code {
		g.t.Fatalf("%s: %s, want %s (%v)", what, g.body, code, err)
	}
	if e.RequestID == "" || e.RequestID != g.Header.Get("X-Oss-Request-Id") {
		g.t.Errorf("%s: request id %q in %s", what, g.Header.Get("X-Oss-Request-Id"), g.body)
	}
	return g
}

func (g *got) says(text string) *got {
	g.t.Helper()
	if !strings.Contains(g.body, text) {
		g.t.Errorf("%s: %s, want %s", g.Request.URL.RequestURI(), g.body, text)
	}
	return g
}

func (g *got) has(name, value string) *got {
	g.t.Helper()
	if got := g.Header.Get(name); got != value {
		g.t.Errorf("%s: header %s is %q, want %q", g.Request.URL.RequestURI(), name, got, value)
	}
	return g
}

func TestObject(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt/k", "x").is(404, "NoSuchBucket")
	w.do("GET", "/bkt/k", "").is(404, "NoSuchBucket")
	w.do("HEAD", "/bkt/k", "").is(404, "")
	w.do("HEAD", "/bkt", "").is(404, "")
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("HEAD", "/bkt", "").is(200, "")
	w.do("GET", "/bkt/k", "").is(404, "NoSuchKey")
	w.do("PUT", "/bkt/k", "123456789", "Content-Type: text/x", "x-oss-meta-a: 1", "Cache-Control: no-store", "X-Other: 1").is(200, "").
		has("ETag", `"25F9E794323B453885F5181F1B624D0B"`).has("X-Oss-Hash-Crc64ecma", "11051210869376104954").
		has("Content-Md5", "JfnnlDI7RTiF9RgfG2JNCw==")
	for _, method := range []string{"GET", "HEAD"} {
		g := w.do(method, "/bkt/k", "").is(200, "").has("Content-Type", "text/x").has("X-Oss-Meta-A", "1").has("Cache-Control", "no-store").
			has("X-Other", "").has("Content-Length", "9").has("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT").has("X-Oss-Object-Type", "Normal").
			has("X-Oss-Hash-Crc64ecma", "11051210869376104954").has("ETag", `"25F9E794323B453885F5181F1B624D0B"`)
		if want := map[string]string{"GET": "123456789"}[method]; g.body != want {
			t.Errorf("%s: %q", method, g.body)
		}
	}
	w.do("GET", "/bkt/k?response-content-type=a/b&response-content-disposition=inline", "").is(200, "").has("Content-Type", "a/b").has("Content-Disposition", "inline")
	w.do("HEAD", "/bkt/k?objectMeta", "").is(200, "").has("Content-Length", "9")
	w.do("PUT", "/bkt/copy", "", "x-oss-copy-source: /bkt/k", "x-oss-metadata-directive: REPLACE", "x-oss-meta-b: 2").is(200, "").says("<CopyObjectResult>")
	w.do("GET", "/bkt/copy", "").is(200, "").has("X-Oss-Meta-A", "").has("X-Oss-Meta-B", "2").says("123456789")
	w.do("PUT", "/bkt/copy", "", "x-oss-copy-source: k").is(400, "InvalidArgument")
	w.do("PUT", "/bkt/copy", "", "x-oss-copy-source: /bkt/none").is(404, "NoSuchKey")
	w.do("DELETE", "/bkt/k", "").is(204, "")
	w.do("DELETE", "/bkt/k", "").is(204, "")
	w.do("DELETE", "/none/k", "").is(404, "NoSuchBucket")
	w.do("DELETE", "/bkt", "").is(409, "BucketNotEmpty")
}

func TestConditionsAndRanges(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("PUT", "/bkt/k", "0123456789").is(200, "")
	etag := strings.Trim(w.do("HEAD", "/bkt/k", "").Header.Get("ETag"), `"`)
	const modified = "Fri, 02 Jan 2026 03:04:05 GMT"
	for _, test := range []struct {
		header string
		status int
		body   string
	}{
		{"If-Match: \"" + etag + "\"", 200, ""},
		{"If-Match: " + strings.ToLower(etag), 200, ""},
		{"If-Match: other", 412, "PreconditionFailed"},
		{"If-None-Match: " + etag, 304, ""},
		{"If-None-Match: other", 200, ""},
		{"If-Modified-Since: " + modified, 304, ""},
		{"If-Modified-Since: Fri, 02 Jan 2026 03:04:04 GMT", 200, ""},
		{"If-Unmodified-Since: " + modified, 200, ""},
		{"If-Unmodified-Since: Fri, 02 Jan 2026 03:04:04 GMT", 412, "PreconditionFailed"},
		{"Range: bytes=0-0", 206, "0"},
		{"Range: bytes=2-4", 206, "234"},
		{"Range: bytes=8-", 206, "89"},
		{"Range: bytes=8-99", 206, "89"},
		{"Range: bytes=-3", 206, "789"},
		{"Range: bytes=-99", 206, "0123456789"},
		{"Range: bytes=10-", 200, "0123456789"},
		{"Range: bytes=5-4", 200, "0123456789"},
		{"Range: lines=1-2", 200, "0123456789"},
		{"Range: bytes=1-2,4-5", 200, "0123456789"},
	} {
		g := w.do("GET", "/bkt/k", "", test.header).is(test.status, "").says(test.body)
		if test.status == 206 && g.body != test.body {
			t.Errorf("%s: %q", test.header, g.body)
		}
	}
	w.do("GET", "/bkt/k", "", "Range: bytes=2-4").has("Content-Range", "bytes 2-4/10").has("Content-Length", "3").has("Content-Md5", "")
	w.do("GET", "/bkt/k", "", "Range: bytes=10-", "x-oss-range-behavior: standard").is(416, "InvalidRange").has("Content-Range", "bytes */10")
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("PUT", "/bkt/there", "x").is(200, "")
	long := strings.Repeat("x", 1024)
	for _, test := range []struct {
		method, target, body, header string
		status                       int
		code                         string
	}{
		{"PUT", "/bkt/k", "x", "X-Forged: yes", 403, "SignatureDoesNotMatch"},
		{"PUT", "/Upper", "", "", 400, "InvalidBucketName"},
		{"PUT", "/-a-", "", "", 400, "InvalidBucketName"},
		{"PUT", "/ab", "", "", 400, "InvalidBucketName"},
		{"PUT", "/..%2f..%2fetc", "", "", 400, "InvalidBucketName"},
		{"PUT", "/bkt", "<a>", "", 400, "MalformedXML"},
		{"PUT", "/bkt/" + long, "x", "", 400, "InvalidObjectName"},
		{"PUT", "/bkt/%2Fabsolute", "x", "", 400, "InvalidObjectName"},
		{"PUT", "/bkt/%5Cabsolute", "x", "", 400, "InvalidObjectName"},
		{"PUT", "/bkt/%ff", "x", "", 400, "InvalidObjectName"},
		{"PUT", "/bkt/a%00b", "x", "", 400, "InvalidObjectName"},
		{"PUT", "/bkt/k", "x", "Content-MD5: x", 400, "InvalidDigest"},
		{"PUT", "/bkt/k", "x", "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", 400, "InvalidDigest"},
		{"PUT", "/bkt/k", "x", "x-oss-meta-a: " + strings.Repeat("x", 8<<10), 400, "InvalidArgument"},
		{"PUT", "/bkt/there", "x", "x-oss-forbid-overwrite: true", 409, "FileAlreadyExists"},
		{"POST", "/bkt/there?uploads", "", "x-oss-forbid-overwrite: true", 409, "FileAlreadyExists"},
		{"POST", "/bkt/k?append", "x", "", 400, "InvalidArgument"},
		{"POST", "/bkt/k?append&position=-1", "x", "", 400, "InvalidArgument"},
		{"POST", "/bkt/k?append&position=x", "x", "", 400, "InvalidArgument"},
		{"POST", "/bkt/k?append&position=1", "x", "", 409, "PositionNotEqualToLength"},
		{"POST", "/bkt/k?append&position=0", "x", "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", 400, "InvalidDigest"},
		{"POST", "/bkt/there?append&position=1", "x", "", 409, "ObjectNotAppendable"},
		{"POST", "/none/k?append&position=0", "x", "", 404, "NoSuchBucket"},
		{"PUT", "/bkt/k?acl", "", "", 501, "NotImplemented"},
		{"GET", "/bkt/k?x-oss-process=image/resize,w_1", "", "", 501, "NotImplemented"},
		{"GET", "/bkt?lifecycle", "", "", 501, "NotImplemented"},
		{"POST", "/bkt", "", "", 501, "NotImplemented"},
		{"DELETE", "/", "", "", 501, "NotImplemented"},
		{"GET", "/bkt?max-keys=0", "", "", 400, "InvalidArgument"},
		{"GET", "/bkt?max-keys=1001", "", "", 400, "InvalidArgument"},
		{"GET", "/bkt?encoding-type=utf", "", "", 400, "InvalidArgument"},
		{"GET", "/bkt?list-type=2&continuation-token=%25", "", "", 400, "InvalidArgument"},
		{"GET", "/none", "", "", 404, "NoSuchBucket"},
		{"GET", "/none?location", "", "", 404, "NoSuchBucket"},
		{"GET", "/none?bucketInfo", "", "", 404, "NoSuchBucket"},
		{"GET", "/none?acl", "", "", 404, "NoSuchBucket"},
		{"GET", "/bkt/none?acl", "", "", 404, "NoSuchKey"},
		{"GET", "/none?uploads", "", "", 404, "NoSuchBucket"},
		{"DELETE", "/none", "", "", 404, "NoSuchBucket"},
		{"POST", "/bkt?delete", "<Delete/>", "", 400, "MalformedXML"},
		{"POST", "/bkt?delete", "<Delete>", "", 400, "MalformedXML"},
		{"POST", "/bkt?delete", "<Delete><Object><Key></Key></Object></Delete>", "", 400, "InvalidObjectName"},
		{"POST", "/none?delete", "<Delete><Object><Key>k</Key></Object></Delete>", "", 404, "NoSuchBucket"},
		{"POST", "/bkt?delete", "<Delete/>", "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", 400, "InvalidDigest"},
		{"PUT", "/bkt/k?partNumber=0&uploadId=U", "x", "", 400, "InvalidArgument"},
		{"PUT", "/bkt/k?partNumber=10001&uploadId=U", "x", "", 400, "InvalidArgument"},
		{"PUT", "/bkt/k?partNumber=1&uploadId=U", "x", "", 404, "NoSuchUpload"},
		{"PUT", "/bkt/k?partNumber=1&uploadId=U", "x", "x-oss-copy-source: /bkt/there", 404, "NoSuchUpload"},
		{"POST", "/bkt/k?uploadId=U", "x", "", 404, "NoSuchUpload"},
		{"DELETE", "/bkt/k?uploadId=U", "", "", 404, "NoSuchUpload"},
		{"GET", "/bkt/k?uploadId=U", "", "", 404, "NoSuchUpload"},
	} {
		var headers []string
		if test.header != "" {
			headers = append(headers, test.header)
		}
		w.do(test.method, test.target, test.body, headers...).is(test.status, test.code)
	}
	w.scope = "oss:other/"
	w.do("GET", "/bkt/there", "").is(200, "")
	w.do("PUT", "/bkt/there", "y").is(403, "AccessDenied")
}

func TestBuckets(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt-one", "<CreateBucketConfiguration><StorageClass>Standard</StorageClass></CreateBucketConfiguration>").is(200, "")
	w.do("PUT", "/", "", "Host: bkt-two.oss-cn-beijing-internal.localhost:80").is(200, "")
	w.do("GET", "/", "").is(200, "").says("<Name>bkt-one</Name>").says("<Location>oss-cn-beijing</Location>")
	w.do("GET", "/?prefix=bkt-t", "").is(200, "").says("<Buckets><Bucket><CreationDate>2026-01-02T03:04:05.000Z</CreationDate>").says("bkt-two")
	w.do("GET", "/bkt-two?location", "").is(200, "").says("oss-cn-beijing</LocationConstraint>")
	w.do("GET", "/bkt-two?bucketInfo", "").is(200, "").says("<Grant>private</Grant>").says("<Region>cn-beijing</Region>")
	w.do("GET", "/bkt-two?acl", "").is(200, "").says("<Grant>private</Grant>")
	w.do("PUT", "/k", "in its host", "Host: bkt-one.oss-cn-hangzhou.aliyuncs.com").is(200, "")
	w.do("GET", "/bkt-one/k", "").is(200, "").says("in its host")
	w.do("GET", "/bkt-one/k?acl", "").is(200, "").says("<Grant>default</Grant>")
	w.do("GET", "/bkt-one/k", "", "Host: oss-cn-hangzhou.aliyuncs.com").is(200, "").says("in its host")
	w.do("DELETE", "/", "", "Host: bkt-two.127.0.0.1:80").is(204, "")
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1:19800": "", "localhost": "", "[::1]:1": "", "oss-cn-hangzhou.aliyuncs.com": "", "oss.localhost:1": "",
		"bkt.oss-cn-hangzhou.aliyuncs.com": "bkt", "BKT.localhost:1": "bkt", "bkt.127.0.0.1:19800": "bkt", "": "",
	} {
		if got := HostBucket(host); got != want {
			t.Errorf("bucket of %q is %q", host, got)
		}
	}
	for host, want := range map[string]bool{
		"127.0.0.1:19800": false, "localhost": false, "bkt.localhost": false, "f-x.cn-hangzhou.fcapp.localhost": false,
		"oss-cn-hangzhou.localhost:1": true, "b.oss-cn-hangzhou.aliyuncs.com": true, "oss-x": false, "example.com": false,
		"b.oss-accelerate.aliyuncs.com": true, "1.cn-hangzhou.fc.aliyuncs.com": false,
	} {
		if IsHost(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

func TestMultipartAndEvents(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	var begun struct {
		UploadID string `xml:"UploadId"`
	}
	answer := w.do("POST", "/bkt/big?uploads", "", "Content-Type: a/b", "x-oss-meta-m: 1").is(200, "")
	if err := xml.Unmarshal([]byte(answer.body), &begun); err != nil || begun.UploadID == "" {
		t.Fatal(answer.body, err)
	}
	id := begun.UploadID
	w.do("GET", "/bkt?uploads", "").is(200, "").says("<UploadId>" + id + "</UploadId>")
	w.do("GET", "/bkt?uploads&prefix=c", "").is(200, "").says("<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
	text := strings.Repeat("0123456789", 10240)
	etags := map[int]string{}
	for n, part := range map[int]string{1: text, 2: text, 3: "the end"} {
		etags[n] = w.do("PUT", fmt.Sprintf("/bkt/big?partNumber=%d&uploadId=%s", n, id), part).is(200, "").Header.Get("ETag")
	}
	w.do("GET", "/bkt/big?max-parts=2&uploadId="+id, "").is(200, "").says("<NextPartNumberMarker>2<").says("<IsTruncated>true<")
	w.do("GET", "/bkt/big?max-parts=2&part-number-marker=2&uploadId="+id, "").is(200, "").says("<Size>7<").says("<IsTruncated>false<")
	complete := func(numbers ...int) string {
		var b strings.Builder
		for _, n := range numbers {
			fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", n, etags[n])
		}
		return "<CompleteMultipartUpload>" + b.String() + "</CompleteMultipartUpload>"
	}
	w.do("POST", "/bkt/big?uploadId="+id, complete()).is(400, "MalformedXML")
	w.do("POST", "/bkt/big?uploadId="+id, complete(2, 1)).is(400, "InvalidPartOrder")
	w.do("POST", "/bkt/big?uploadId="+id, complete(1, 4)).is(400, "InvalidPart")
	w.do("POST", "/bkt/big?uploadId="+id, complete(3)+"<").is(200, "").says("CompleteMultipartUploadResult") // what follows the document isn't read
	w.do("GET", "/bkt/big", "").is(200, "").has("Content-Type", "a/b").has("X-Oss-Meta-M", "1").has("X-Oss-Object-Type", "Multipart").says("the end")
	w.do("POST", "/bkt/big?uploadId="+id, complete(3)).is(404, "NoSuchUpload")

	answer = w.do("POST", "/bkt/all?uploads", "").is(200, "")
	if err := xml.Unmarshal([]byte(answer.body), &begun); err != nil {
		t.Fatal(err)
	}
	for n, part := range map[int]string{1: text, 2: "end"} {
		w.do("PUT", fmt.Sprintf("/bkt/all?partNumber=%d&uploadId=%s", n, begun.UploadID), part).is(200, "")
	}
	w.do("POST", "/bkt/all?uploadId="+begun.UploadID, "", "x-oss-complete-all: yes").is(200, "")
	if g := w.do("GET", "/bkt/all", "").is(200, ""); g.body != text+"end" {
		t.Errorf("%d bytes", len(g.body))
	}
	w.do("PUT", "/bkt/k", "x").is(200, "")
	w.do("PUT", "/bkt/k2", "", "x-oss-copy-source: /bkt/k").is(200, "")
	w.do("DELETE", "/bkt/k", "").is(204, "")
	w.do("DELETE", "/bkt/k", "").is(204, "") // nothing was removed: no event
	w.do("POST", "/bkt?delete", "<Delete><Quiet>true</Quiet><Object><Key>k2</Key></Object></Delete>").is(200, "").says("<DeleteResult></DeleteResult>")
	w.do("POST", "/bkt?delete", "<Delete><Object><Key>k2</Key></Object></Delete>").is(200, "").says("<Key>k2</Key>")
	want := []string{
		"big ObjectCreated:CompleteMultipartUpload 7", "all ObjectCreated:CompleteMultipartUpload 102403", "k ObjectCreated:PutObject 1",
		"k2 ObjectCreated:CopyObject 1", "k ObjectRemoved:DeleteObject 1", "k2 ObjectRemoved:DeleteObjects 1",
	}
	var got []string
	for _, e := range w.events {
		got = append(got, fmt.Sprintf("%s %s %d", e.Object, e.Name, e.Size))
		if e.Bucket != "bkt" || e.Region != "cn-hangzhou" || e.ETag == "" || e.RequestID == "" || e.Time.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestBrokenUploadsLeaveNothing: neither the object nor a file.
func TestBrokenUploadsLeaveNothing(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", w.url+"/bkt/k", reader)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 1000
	go func() {
		io.WriteString(writer, "only the beginning")
		writer.CloseWithError(io.ErrUnexpectedEOF)
	}()
	if response, err := http.DefaultTransport.RoundTrip(r); err == nil {
		response.Body.Close()
		if response.StatusCode == 200 {
			t.Error("a broken upload was taken")
		}
	}
	w.do("GET", "/bkt/k", "").is(404, "NoSuchKey")
}

// FuzzRequests: whatever is asked, the answer is one of OSS's, and no failure of our
// own.
func FuzzRequests(f *testing.F) {
	s, err := store.Open(f.Context(), f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	if _, err := s.CreateBucket(store.Bucket{Name: "bkt"}); err != nil {
		f.Fatal(err)
	}
	service := New(Config{Store: s, Verify: func(*http.Request, string, string) (fcsign.Keys, error) { return fcsign.Keys{}, nil }})
	f.Add("GET", "/bkt/k", "", "bytes=0-1", "")
	f.Add("POST", "/bkt", "delete", "", "<Delete><Object><Key>k</Key></Object></Delete>")
	f.Add("GET", "/bkt", "delimiter=/&prefix=a&max-keys=3", "", "")
	f.Add("PUT", "/../bkt/%2e%2e/%2e%2e/x", "partNumber=1&uploadId=../x", "", "x")
	f.Fuzz(func(t *testing.T, method, path, query, span, body string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header["Range"] = []string{span}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%s %q?%q: %s", method, path, query, w.Body)
		}
	})
}
