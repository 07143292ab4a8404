package control

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// upload puts an object into the store as the local OSS does.
func (w *world) upload(bucket, name string, content []byte) {
	w.t.Helper()
	if _, err := w.store.CreateBucket(store.Bucket{Name: bucket, Region: testRegion}); err != nil {
		w.t.Fatal(err)
	}
	b, err := w.store.NewBlob()
	if err == nil {
		_, err = b.Write(content)
	}
	if err == nil {
		err = w.store.PutObject(&store.Object{Bucket: bucket, Name: name, Size: int64(len(content))}, b)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestCodeFromAnObject: it is checked as an inline archive is, in both APIs, and stays
// the function's when the object goes.
func TestCodeFromAnObject(t *testing.T) {
	w := newWorld(t)
	text := zipOf(t, "x = 1")
	archive, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	sum := store.Checksum(archive)
	w.upload("code-bucket", "1/a b.zip", archive)
	w.upload("code-bucket", "text", []byte("no archive"))
	code := func(object, more string) string {
		return `"code":{"ossBucketName":"code-bucket","ossObjectName":"` + object + `"` + more + `}}`
	}
	const head = `{"functionName":"f","runtime":"python3.10","handler":"index.handler",`
	w.do("POST", "/2023-03-30/functions", head+code("1/a b.zip", `,"checksum":"0"`)).is(400, "InvalidArgument").says("checksum mismatch")
	w.do("POST", "/2023-03-30/functions", head+code("text", "")).is(400, "InvalidArgument").says("not a valid zip")
	w.do("POST", "/2023-03-30/functions", head+code("none", "")).is(400, "InvalidArgument").says("object 'none' of bucket 'code-bucket'")
	w.do("POST", "/2023-03-30/functions", head+code("1/a b.zip", `,"checksum":"`+sum+`"`)).is(200).has("codeChecksum", sum).has("codeSize", len(archive))
	if _, err := w.store.DeleteObject("code-bucket", "1/a b.zip"); err != nil {
		t.Fatal(err)
	}
	w.do("GET", w.codeURL("/2023-03-30/functions/f"), "").is(200)

	other, err := base64.StdEncoding.DecodeString(zipOf(t, "x = 2"))
	if err != nil {
		t.Fatal(err)
	}
	w.upload("code-bucket", "other", other)
	w.do("PUT", "/2023-03-30/functions/f", "{"+code("other", "")).is(200).has("codeChecksum", store.Checksum(other))
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	v2 := `{"functionName":"g","runtime":"python3.10","handler":"index.handler",` + code("other", "")
	w.do("POST", "/2021-04-06/services/svc/functions", v2, "X-Fc-Code-Checksum: 1").is(400, "InvalidArgument").says("checksum mismatch")
	w.do("POST", "/2021-04-06/services/svc/functions", v2, "X-Fc-Code-Checksum: "+store.Checksum(other)).is(200)
}

func TestUploadTokens(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/2016-08-15/tempBucketToken", "").is(501, "NotImplemented")
	var asked []string
	api := New(Config{
		Store: w.store, Region: testRegion,
		UploadTokens: func(_ context.Context, region, folder string) (UploadToken, error) {
			asked = append(asked, region+" "+folder)
			return UploadToken{OSSBucket: "b", ObjectName: "o", Credentials: TemporaryKeys{AccessKeyID: "STS.x"}}, nil
		},
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		reply.Start(rw, w.clock())
		api.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`, "X-Fc-Region: cn-beijing").is(200)
	w.url = server.URL
	got := w.do("GET", "/2016-08-15/tempBucketToken", "").is(200).has("ossBucket", "b").has("objectName", "o")
	if keys, _ := got.doc["credentials"].(map[string]any); keys["AccessKeyId"] != "STS.x" {
		t.Errorf("%v", got.doc)
	}
	w.do("GET", "/2016-08-15/services/svc/tempCodeBucketToken", "", "X-Fc-Region: cn-beijing").is(200).has("codeSizeLimit", fc.MaxOSSCode)
	w.do("GET", "/2016-08-15/services/none/tempCodeBucketToken", "").is(404, "ServiceNotFound")
	if len(asked) != 2 || asked[0] != testRegion+" " || asked[1] != "cn-beijing svc/" {
		t.Errorf("%q", asked)
	}
}
