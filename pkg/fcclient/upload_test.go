package fcclient

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

func sumOf(data []byte) string {
	return strconv.FormatUint(crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)), 10)
}

// bucket is an OSS with one object, which checks signatures and fails on demand.
type bucket struct {
	t      *testing.T
	client *Client
	server *httptest.Server

	mu      sync.Mutex
	calls   []string
	parts   map[int][]byte
	object  []byte
	aborted bool
	told    []int64
	// fail is asked before each call of a name, the nth one; true means that it has
	// answered.
	fail func(w http.ResponseWriter, r *http.Request, call string, n int) bool
}

const tokenJSON = `{"credentials":{"AccessKeyId":"STS.x","AccessKeySecret":"hush","SecurityToken":"token"},
"ossRegion":"oss-cn-hangzhou","ossBucket":"code","objectName":"o b","ossEndpoint":"%s"}`

func newBucket(t *testing.T) *bucket {
	b := &bucket{t: t, parts: map[int][]byte{}}
	b.server = httptest.NewServer(b)
	t.Cleanup(b.server.Close)
	b.client = New(Config{
		Region: "cn-hangzhou", Endpoint: b.server.URL, Credentials: access.Credentials{AccountID: "123", AccessKeyID: "a", AccessKeySecret: "b"},
		Uploaded: func(done, _ int64) { b.told = append(b.told, done) },
	})
	b.client.part = testPart
	b.client.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method
	for _, name := range []string{"uploads", "partNumber", "uploadId"} {
		if r.URL.Query().Has(name) {
			call += " " + name + r.URL.Query().Get("partNumber")
			break
		}
	}
	if strings.HasSuffix(r.URL.Path, "/tempBucketToken") {
		call = "token"
	}
	b.mu.Lock()
	b.calls = append(b.calls, call)
	n := 0
	for _, c := range b.calls {
		if c == call {
			n++
		}
	}
	b.mu.Unlock()
	if b.fail != nil && b.fail(w, r, call, n) {
		return
	}
	b.answer(w, r, call)
}

func (b *bucket) answer(w http.ResponseWriter, r *http.Request, call string) {
	if call == "token" {
		keys := func(id string) (fcsign.Keys, bool) {
			return fcsign.Keys{AccessKeyID: "a", AccessKeySecret: "b"}, id == "a" && r.Header.Get("X-Fc-Account-Id") == "123"
		}
		if _, err := fcsign.NewVerifier(keys, nil).Verify(r); err != nil {
			b.t.Error(err)
		}
		fmt.Fprintf(w, tokenJSON, b.server.URL)
		return
	}
	keys := func(id string) (fcsign.Keys, bool) {
		return fcsign.Keys{AccessKeyID: "STS.x", AccessKeySecret: "hush", SecurityToken: "token"}, id == "STS.x"
	}
	if _, err := fcsign.NewVerifier(keys, nil).VerifyOSS(r, "code", "123/o b"); err != nil || r.URL.Path != "/code/123/o b" {
		b.t.Errorf("%s: %v", r.URL, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it broke off
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case call == "POST uploads":
		io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>U+/1</UploadId></InitiateMultipartUploadResult>")
	case strings.HasPrefix(call, "PUT partNumber") && r.URL.Query().Get("uploadId") == "U+/1":
		number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		b.parts[number] = body
		w.Header().Set("X-Oss-Hash-Crc64ecma", sumOf(body))
		w.Header().Set("Etag", fmt.Sprintf(`"E%d"`, number))
	case call == "POST uploadId":
		for number := 1; b.parts[number] != nil; number++ {
			if !strings.Contains(string(body), fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>&#34;E%d&#34;</ETag></Part>", number, number)) {
				b.t.Errorf("part %d is not in %s", number, body)
			}
			b.object = append(b.object, b.parts[number]...)
		}
		w.Header().Set("X-Oss-Hash-Crc64ecma", sumOf(b.object))
	case call == "HEAD":
		w.Header().Set("X-Oss-Hash-Crc64ecma", sumOf(b.object))
	case call == "DELETE uploadId":
		b.aborted = true
		w.WriteHeader(204)
	default:
		b.t.Errorf("%s %s", r.Method, r.URL)
	}
}

// testPart is large enough that a connection can break within a part.
const testPart = 2 << 20

// archive is a file of three parts, the last one short.
func archive(t *testing.T) (path string, data []byte) {
	t.Helper()
	data = make([]byte, 2*testPart+1000)
	rand.Read(data)
	path = filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

func refuse(w http.ResponseWriter, status int, code string) bool {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	return true
}

// hangUp reads some of a request and breaks the connection.
func hangUp(r *http.Request, w http.ResponseWriter) bool {
	io.CopyN(io.Discard, r.Body, 1<<20)
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		connection.Close()
	}
	return true
}

func TestUploadCode(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	path, data := archive(t)
	code, err := b.client.uploadCode(t.Context(), path, sumOf(data))
	if err != nil || *code != (fc.Code{OSSBucketName: "code", OSSObjectName: "123/o b", Checksum: sumOf(data)}) {
		t.Fatalf("%+v, %v", code, err)
	}
	if !bytes.Equal(b.object, data) {
		t.Errorf("%d bytes arrived, not the archive's %d", len(b.object), len(data))
	}
	want := []string{"token", "POST uploads", "PUT partNumber1", "PUT partNumber2", "PUT partNumber3", "POST uploadId"}
	if !slices.Equal(b.calls, want) || !slices.Equal(b.told, []int64{0, testPart, 2 * testPart, int64(len(data))}) {
		t.Errorf("calls %q, told %d", b.calls, b.told)
	}
}

// lostAnswer lets an upload be completed and hangs up instead of saying so.
func lostAnswer(b *bucket, w http.ResponseWriter, r *http.Request, call string, n int) bool {
	switch {
	case call != "POST uploadId":
		return false
	case n == 1:
		b.answer(httptest.NewRecorder(), r, call)
		return hangUp(r, w)
	}
	return refuse(w, 404, "NoSuchUpload")
}

// TestUploadsGoOn: what breaks is sent again, that part alone.
func TestUploadsGoOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fail  func(w http.ResponseWriter, r *http.Request, call string, n int) bool
		calls int
	}{
		"a part breaks off twice": {func(w http.ResponseWriter, r *http.Request, call string, n int) bool {
			return call == "PUT partNumber2" && n <= 2 && hangUp(r, w)
		}, 8},
		"OSS is busy": {func(w http.ResponseWriter, _ *http.Request, call string, n int) bool {
			return call != "token" && n == 1 && refuse(w, 503, "ServiceUnavailable")
		}, 11},
		"OSS saw the end of the connection": {func(w http.ResponseWriter, _ *http.Request, call string, n int) bool {
			return call == "PUT partNumber3" && n == 1 && refuse(w, 400, "IncompleteBody")
		}, 7},
		"a part arrives changed": {func(w http.ResponseWriter, _ *http.Request, call string, n int) bool {
			w.Header().Set("X-Oss-Hash-Crc64ecma", "1")
			return call == "PUT partNumber1" && n == 1
		}, 7},
		"its keys expire": {func(w http.ResponseWriter, _ *http.Request, call string, n int) bool {
			return call == "PUT partNumber2" && n == 1 && refuse(w, 403, ossTokenExpired)
		}, 11},
		"the answer to the last call is lost": {nil, 8},
		"the token comes late": {func(w http.ResponseWriter, _ *http.Request, call string, n int) bool {
			if call == "token" && n == 1 {
				w.WriteHeader(503)
				return true
			}
			return false
		}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBucket(t)
			b.fail = test.fail
			if test.fail == nil {
				b.fail = func(w http.ResponseWriter, r *http.Request, call string, n int) bool {
					return lostAnswer(b, w, r, call, n)
				}
			}
			path, data := archive(t)
			code, err := b.client.uploadCode(t.Context(), path, sumOf(data))
			if err != nil || code.Checksum != sumOf(data) || !bytes.Equal(b.object, data) {
				t.Fatalf("%+v, %v", code, err)
			}
			if len(b.calls) != test.calls || b.aborted != (name == "its keys expire") {
				t.Errorf("%d calls: %q", len(b.calls), b.calls)
			}
		})
	}
}

// TestUploadsThatFail leave nothing in OSS, and say why.
func TestUploadsThatFail(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fail    func(w http.ResponseWriter, r *http.Request, call string, n int) bool
		says    string
		aborted bool
	}{
		"no right": {func(w http.ResponseWriter, _ *http.Request, call string, _ int) bool {
			return call == "PUT partNumber1" && refuse(w, 403, "AccessDenied")
		}, "AccessDenied: no", true},
		"always broken": {func(w http.ResponseWriter, r *http.Request, call string, _ int) bool {
			return call == "PUT partNumber2" && hangUp(r, w)
		}, "no answer from", true},
		"its keys expire each time": {func(w http.ResponseWriter, _ *http.Request, call string, _ int) bool {
			return call == "PUT partNumber2" && refuse(w, 403, ossTokenExpired)
		}, ossTokenExpired, true},
		"not begun": {func(w http.ResponseWriter, _ *http.Request, call string, _ int) bool {
			return call == "POST uploads" && refuse(w, 404, "NoSuchBucket")
		}, "NoSuchBucket", false},
		"no upload id": {func(_ http.ResponseWriter, _ *http.Request, call string, _ int) bool { return call == "POST uploads" }, "began no upload", false},
		"another whole": {func(w http.ResponseWriter, _ *http.Request, call string, _ int) bool {
			w.Header().Set("X-Oss-Hash-Crc64ecma", "1")
			return call == "POST uploadId"
		}, "has the checksum 1", true},
		"no token": {func(w http.ResponseWriter, _ *http.Request, call string, _ int) bool {
			if call == "token" {
				w.WriteHeader(403)
			}
			return call == "token"
		}, "Forbidden", false},
		"empty token": {func(w http.ResponseWriter, _ *http.Request, call string, _ int) bool {
			io.WriteString(w, "{}")
			return call == "token"
		}, "lacks a bucket", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBucket(t)
			b.fail = test.fail
			path, data := archive(t)
			_, err := b.client.uploadCode(t.Context(), path, sumOf(data))
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v", err)
			}
			if b.aborted != test.aborted {
				t.Errorf("aborted %v: %q", b.aborted, b.calls)
			}
			if test.aborted && b.told[len(b.told)-1] != -1 {
				t.Errorf("told %d", b.told)
			}
		})
	}
}

func TestUploadIsCanceled(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.fail = func(_ http.ResponseWriter, _ *http.Request, call string, _ int) bool {
		if call == "PUT partNumber2" {
			cancel()
		}
		return false
	}
	path, data := archive(t)
	if _, err := b.client.uploadCode(ctx, path, sumOf(data)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !b.aborted {
		t.Errorf("calls %q", b.calls)
	}
}

func TestArchiveThatIsAnother(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	path, _ := archive(t)
	var changed *ChangedError
	if _, err := b.client.uploadCode(t.Context(), path, "1"); !errors.As(err, &changed) {
		t.Errorf("%v", err)
	}
	if _, err := b.client.uploadCode(t.Context(), path+"x", "1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestPutCodeChooses: what fits into a request goes there, and OSS is not asked.
func TestPutCodeChooses(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	path, data := archive(t)
	code, err := b.client.PutCode(t.Context(), path, sumOf(data))
	if err != nil || code.ZipFile == "" || code.OSSObjectName != "" || len(b.calls) > 0 {
		t.Errorf("%v, %q", err, b.calls)
	}
	b.client.part = partSize
	if err := os.Truncate(path, MaxInlineZip+1); err != nil {
		t.Fatal(err)
	}
	if code, err = b.client.PutCode(t.Context(), path, ""); err != nil || code.ZipFile != "" || code.OSSObjectName == "" {
		t.Errorf("%+v, %v", code, err)
	}
	if _, err := b.client.PutCode(t.Context(), path+"x", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestUploadAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ configured, told, want string }{
		{"", "", "https://code.oss-cn-beijing.aliyuncs.com/1/a%20b"},
		{"", "http://127.0.0.1:19800", "http://127.0.0.1:19800/code/1/a%20b"},
		{"http://localhost:1", "http://127.0.0.1:19800", "http://localhost:1/code/1/a%20b"},
		{"oss-cn-beijing-internal.aliyuncs.com", "", "https://code.oss-cn-beijing-internal.aliyuncs.com/1/a%20b"},
	} {
		client := New(Config{Region: "cn-shanghai", OSSEndpoint: test.configured, Credentials: access.Credentials{AccountID: "1"}})
		u, err := client.newUpload(&uploadToken{OSSRegion: "oss-cn-beijing", OSSBucket: "code", ObjectName: "a b", OSSEndpoint: test.told}, nil, 0)
		if err != nil || u.base != test.want || u.region != "cn-beijing" {
			t.Errorf("%+v: %+v, %v", test, u, err)
		}
	}
	if _, err := New(Config{OSSEndpoint: "ftp://x"}).newUpload(&uploadToken{}, nil, 0); err == nil {
		t.Error("a bad endpoint was taken")
	}
}
