package local

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/fc/fcsign"
	"s/pkg/local/control"
	"s/pkg/local/store"
)

// oss sends a request to the local OSS, signed with keys.
func (c *client) oss(status int, keys fcsign.Keys, method, bucket, key string, body io.Reader, size int64) (*http.Response, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+"/"+bucket+"/"+key, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.ContentLength = size
	fcsign.SignOSS(r, keys, "cn-hangzhou", bucket, key, time.Now())
	return c.send(status, r)
}

func (c *client) uploadToken(path string) control.UploadToken {
	c.t.Helper()
	r := c.request("GET", path, "")
	fcsign.SignFC(r, c.keys, time.Now())
	_, text := c.send(200, r)
	var token control.UploadToken
	if err := json.Unmarshal([]byte(text), &token); err != nil {
		c.t.Fatal(err)
	}
	return token
}

func (k uploadKeys) keys() fcsign.Keys {
	return fcsign.Keys{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}
}

type uploadKeys control.TemporaryKeys

// TestCodeUpload: the way that the peer takes for every deploy.
func TestCodeUpload(t *testing.T) {
	cloud := startCloud(t, options(t.TempDir()))
	k := clientOf(t, cloud.Info())
	token := k.uploadToken("/2016-08-15/tempBucketToken")
	if token.OSSEndpoint != cloud.Info().Endpoint || token.OSSBucket == "" || token.ObjectName == "" || token.OSSRegion != "oss-cn-hangzhou" {
		t.Fatalf("%+v", token)
	}
	if until, err := time.Parse(time.RFC3339, token.Credentials.Expiration); err != nil || time.Until(until) < 50*time.Minute {
		t.Errorf("%s, %v", token.Credentials.Expiration, err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if _, err := z.Create("index.py"); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	keys, object := uploadKeys(token.Credentials).keys(), cloud.Info().AccountID+"/"+token.ObjectName
	size := int64(archive.Len())
	zipped := archive.Bytes()
	k.oss(200, keys, "PUT", token.OSSBucket, object, bytes.NewReader(zipped), size)
	body := fmt.Sprintf(`{"functionName":"f","runtime":"python3.10","handler":"a.b","code":{"ossBucketName":"%s","ossObjectName":"%s","checksum":"%s"}}`,
		token.OSSBucket, object, store.Checksum(zipped))
	k.do(200, "POST", "/2023-03-30/functions", body)

	// The keys are good for this one object, and for nothing else.
	k.oss(403, keys, "PUT", token.OSSBucket, cloud.Info().AccountID+"/other", bytes.NewReader(zipped), size)
	k.oss(403, keys, "GET", "", "", nil, 0)
	k.oss(200, keys, "HEAD", token.OSSBucket, object, nil, 0)
	r := k.request("GET", "/2023-03-30/functions", "")
	fcsign.SignACS3(r, keys, fcsign.Operation{Action: "ListFunctions", Version: "2023-03-30"}, fcsign.EmptyPayload, time.Now())
	if _, text := k.send(403, r); !strings.Contains(text, "AccessDenied") {
		t.Error(text)
	}
	keys.AccessKeySecret += "x"
	k.oss(403, keys, "PUT", token.OSSBucket, object, bytes.NewReader(zipped), size)

	k.do(200, "POST", "/2021-04-06/services", `{"serviceName":"svc"}`)
	token = k.uploadToken("/2016-08-15/services/svc/tempCodeBucketToken?functionName=f")
	k.oss(200, uploadKeys(token.Credentials).keys(), "PUT", token.OSSBucket, cloud.Info().AccountID+"/svc/"+token.ObjectName, bytes.NewReader(zipped), size)
}

// TestUploadsAreSwept: what was uploaded for a deploy goes after a while; other
// buckets keep what they have.
func TestUploadsAreSwept(t *testing.T) {
	var passed atomic.Int64
	begun := time.Now()
	clock := func() time.Time { return begun.Add(time.Duration(passed.Load())) }
	o := options(t.TempDir())
	o.Now = clock
	cloud := startCloud(t, o)
	put := func(bucket, name string) {
		t.Helper()
		if _, err := cloud.store.CreateBucket(store.Bucket{Name: bucket}); err != nil {
			t.Fatal(err)
		}
		b, err := cloud.store.NewBlob()
		if err == nil {
			err = cloud.store.PutObject(&store.Object{Bucket: bucket, Name: name, Modified: clock()}, b)
		}
		if err == nil {
			err = cloud.store.CreateUpload(&store.Upload{ID: bucket + name, Bucket: bucket, Name: name, Begun: clock()})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	token := func() string {
		t.Helper()
		got, err := cloud.uploadToken(t.Context(), "cn-hangzhou", "")
		if err != nil {
			t.Fatal(err)
		}
		return got.OSSBucket
	}
	bucket := token()
	put(bucket, "old")
	put("mine", "old")
	passed.Add(int64(uploadKept - time.Second))
	put(bucket, "new")
	token()
	if _, err := cloud.store.Object(bucket, "old"); err != nil {
		t.Errorf("too early: %v", err)
	}
	passed.Add(int64(2 * time.Second))
	token()
	for _, want := range []struct {
		bucket, name string
		there        bool
	}{{bucket, "old", false}, {bucket, "new", true}, {"mine", "old", true}} {
		_, err := cloud.store.Object(want.bucket, want.name)
		_, uploadErr := cloud.store.Upload(want.bucket, want.name, want.bucket+want.name)
		if (err == nil) != want.there || (uploadErr == nil) != want.there {
			t.Errorf("%+v: %v, %v", want, err, uploadErr)
		}
	}
}

// TestNeighboursShadowNothing: requests to FC stay FC's, whatever they carry.
func TestNeighboursShadowNothing(t *testing.T) {
	cloud := startCloud(t, options(t.TempDir()))
	k := clientOf(t, cloud.Info())
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", "x"))
	k.do(200, "POST", "/2023-03-30/functions/f/triggers",
		`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"authType\":\"anonymous\",\"methods\":[\"GET\"]}"}`)
	for _, target := range []string{
		"/2023-03-30/proxy/f/a/b?OSSAccessKeyId=x&Signature=y&Expires=1", "/2023-03-30/proxy/f/a/b?x-oss-signature-version=OSS4-HMAC-SHA256",
	} {
		r := k.request("GET", target, "")
		r.Header.Set("Authorization", "OSS id:c2ln")
		if _, body := k.send(200, r); !strings.Contains(body, `"rawPath":"/a/b"`) { // the event, echoed
			t.Errorf("%s: %s", target, body)
		}
	}
	// Unsigned requests, and those of other schemes, are refused as FC's are.
	if _, text := k.send(400, k.request("GET", "/bucket/key", "")); !strings.Contains(text, "MissingRequiredHeader") {
		t.Error(text)
	}
	k.do(200, "GET", "/2023-03-30/functions/f?OSSAccessKeyId=x&Signature=y", "")
	// A host of OSS's is OSS's, and says so in its own way.
	r := k.request("GET", "/2023-03-30/functions", "")
	r.Host = "bkt.oss-cn-hangzhou.localhost"
	if _, text := k.send(403, r); !strings.Contains(text, "<Code>AccessDenied</Code>") {
		t.Error(text)
	}
}

// TestLargeObjectsStream: memory doesn't grow with the object.
func TestLargeObjectsStream(t *testing.T) {
	cloud := startCloud(t, options(t.TempDir()))
	k := clientOf(t, cloud.Info())
	k.oss(200, k.keys, "PUT", "bkt", "", nil, 0)
	const size = 96 << 20
	before := heap()
	k.oss(200, k.keys, "PUT", "bkt", "big", io.LimitReader(zeros{}, size), size)
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("an upload of %d MB allocated %d MB", size>>20, grown>>20)
	}
	r := k.request("GET", "/bkt/big", "")
	fcsign.SignOSS(r, k.keys, "cn-hangzhou", "bkt", "big", time.Now())
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	before = heap()
	if n, err := io.Copy(io.Discard, response.Body); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("a download of %d MB allocated %d MB", size>>20, grown>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// heap is how many bytes were ever allocated.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
