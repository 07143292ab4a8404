package oss

import (
	"encoding/xml"
	"fmt"
	"hash/crc64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func crcOf(text string) string {
	return strconv.FormatUint(crc64.Checksum([]byte(text), crc64.MakeTable(crc64.ECMA)), 10)
}

func TestAppend(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("POST", "/bkt/log?append&position=0", "one", "Content-Type: text/plain", "x-oss-meta-a: b").is(200, "").
		has("X-Oss-Next-Append-Position", "3").has("X-Oss-Hash-Crc64ecma", crcOf("one"))
	w.do("POST", "/bkt/log?append&position=3", " two", "Content-Type: a/b").is(200, "").
		has("X-Oss-Next-Append-Position", "7").has("X-Oss-Hash-Crc64ecma", crcOf("one two"))
	for _, wrong := range []int{0, 6, 8} {
		w.do("POST", fmt.Sprint("/bkt/log?append&position=", wrong), "x").is(409, "PositionNotEqualToLength").has("X-Oss-Next-Append-Position", "7")
	}
	w.do("POST", "/bkt/log?append&position=7", "x", "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==").is(400, "InvalidDigest")
	w.do("POST", "/bkt/log?append&position=7", "").is(200, "").has("X-Oss-Next-Append-Position", "7")
	for _, method := range []string{"GET", "HEAD"} {
		g := w.do(method, "/bkt/log", "").is(200, "").has("X-Oss-Object-Type", "Appendable").has("X-Oss-Next-Append-Position", "7").
			has("Content-Type", "text/plain").has("X-Oss-Meta-A", "b").has("Content-Length", "7").has("Content-Md5", "")
		if method == "GET" && g.body != "one two" {
			t.Errorf("%q", g.body)
		}
	}
	// What was put isn't appended to, and what is put in its place isn't either.
	w.do("PUT", "/bkt/log", "plain").is(200, "")
	w.do("POST", "/bkt/log?append&position=5", "x").is(409, "ObjectNotAppendable")
	w.do("GET", "/bkt/log", "").is(200, "").has("X-Oss-Object-Type", "Normal").has("X-Oss-Next-Append-Position", "").says("plain")
	w.do("DELETE", "/bkt/log", "").is(204, "")
	w.do("POST", "/bkt/log?append&position=0", "again").is(200, "")
	var events []string
	for _, e := range w.events {
		events = append(events, fmt.Sprint(e.Name, " ", e.Size))
	}
	want := []string{
		"ObjectCreated:AppendObject 3", "ObjectCreated:AppendObject 7", "ObjectCreated:AppendObject 7", "ObjectCreated:PutObject 5",
		"ObjectRemoved:DeleteObject 5", "ObjectCreated:AppendObject 5",
	}
	if !slices.Equal(events, want) {
		t.Errorf("events %q", events)
	}
}

// Of those that append at the same place at once one does; nothing of the others is
// in the object.
func TestAppendAtOnce(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("POST", "/bkt/log?append&position=0", "start").is(200, "")
	const many = 8
	var group sync.WaitGroup
	statuses := make([]int, many)
	for i := range many {
		group.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/bkt/log?append&position=5", strings.NewReader(fmt.Sprint(i)))
			if err != nil {
				t.Error(err)
				return
			}
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			statuses[i] = response.StatusCode
		})
	}
	group.Wait()
	winner := slices.Index(statuses, 200)
	slices.Sort(statuses)
	if statuses[0] != 200 || statuses[1] != 409 || statuses[many-1] != 409 {
		t.Fatalf("%v", statuses)
	}
	if g := w.do("GET", "/bkt/log", "").is(200, ""); g.body != fmt.Sprint("start", winner) {
		t.Errorf("%q, %d was acknowledged", g.body, winner)
	}
}

// Parts of an upload can be pieces of objects that are there.
func TestCopiedParts(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("PUT", "/other", "").is(200, "")
	text := strings.Repeat("0123456789", 30<<10)
	w.do("PUT", "/other/a%20b", text).is(200, "")
	var begun struct{ UploadId string } //nolint:revive // as OSS spells it
	if err := xml.Unmarshal([]byte(w.do("POST", "/bkt/k?uploads", "").is(200, "").body), &begun); err != nil {
		t.Fatal(err)
	}
	put := func(number int, headers ...string) *got {
		return w.do("PUT", fmt.Sprintf("/bkt/k?partNumber=%d&uploadId=%s", number, begun.UploadId), "", headers...)
	}
	for number, span := range map[int]string{1: "bytes=0-102409", 2: "bytes=102410-", 3: "bytes=5-1", 4: "bytes=999999-", 5: "", 6: "bytes=-3"} {
		var doc struct{ ETag string }
		g := put(number, "x-oss-copy-source: /other/a%20b", "x-oss-copy-source-range: "+span).is(200, "")
		if err := xml.Unmarshal([]byte(g.body), &doc); err != nil || len(doc.ETag) != 34 || g.Header.Get("Etag") != doc.ETag || !strings.Contains(g.body, "<CopyPartResult><LastModified>2026-01-02T03:04:05.000Z") {
			t.Errorf("%s: %v", g.body, err)
		}
	}
	w.do("POST", "/bkt/k?uploadId="+begun.UploadId, "", "x-oss-complete-all: yes").is(200, "")
	// What can't be a range is the whole object.
	if g := w.do("GET", "/bkt/k", "").is(200, ""); g.body != text+text+text+text+"789" {
		t.Errorf("%d bytes", len(g.body))
	}
	if err := xml.Unmarshal([]byte(w.do("POST", "/bkt/k?uploads", "").is(200, "").body), &begun); err != nil {
		t.Fatal(err)
	}
	for header, code := range map[string]string{
		"x-oss-copy-source: /other/none": "NoSuchKey", "x-oss-copy-source: /none/k": "NoSuchBucket", "x-oss-copy-source: x": "InvalidArgument",
		"x-oss-copy-source: /Other/k": "InvalidArgument", "x-oss-copy-source: /other/%ff": "InvalidArgument",
	} {
		if g := put(1, header); g.StatusCode < 400 || !strings.Contains(g.body, "<Code>"+code+"</Code>") {
			t.Errorf("%s: %d %s, want %s", header, g.StatusCode, g.body, code)
		}
	}
	w.do("GET", "/bkt/k?uploadId="+begun.UploadId, "").is(200, "").says("<IsTruncated>false</IsTruncated></ListPartsResult>")
}

// A copy is made only of an object that is as the client wants it to be.
func TestConditionsOfCopies(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	etag := w.do("PUT", "/bkt/k", "x").is(200, "").Header.Get("Etag")
	for header, status := range map[string]int{
		"x-oss-copy-source-if-match: " + etag:                                    200,
		"x-oss-copy-source-if-match: other":                                      412,
		"x-oss-copy-source-if-none-match: " + etag:                               304,
		"x-oss-copy-source-if-none-match: other":                                 200,
		"x-oss-copy-source-if-modified-since: Fri, 02 Jan 2026 03:04:05 GMT":     304,
		"x-oss-copy-source-if-unmodified-since: Fri, 02 Jan 2026 03:04:04 GMT":   412,
		"x-oss-copy-source-if-unmodified-since: Fri, 02 Jan 2026 03:04:05 GMT":   200,
		"if-match: these are conditions of what is read, and nothing is read by": 200,
	} {
		if g := w.do("PUT", "/bkt/copy", "", "x-oss-copy-source: /bkt/k", header); g.StatusCode != status {
			t.Errorf("%s: %d %s, want %d", header, g.StatusCode, g.body, status)
		}
	}
}
