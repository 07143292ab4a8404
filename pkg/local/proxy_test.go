package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"s/pkg/fc/fcsign"
)

// presigned signs a URL of an HTTP trigger in FC's own scheme: the path and the
// sorted parameters are covered, and when it expires.
func (c *client) presigned(method, path, query string, expires time.Time) string {
	c.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		c.t.Fatal(err)
	}
	values.Set("x-fc-access-key-id", c.keys.AccessKeyID)
	values.Set("x-fc-expires", fmt.Sprint(expires.Unix()))
	sorted, err := url.QueryUnescape(strings.ReplaceAll(values.Encode(), "&", "\n")) // no name begins with another, no + in them
	if err != nil {
		c.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(c.keys.AccessKeySecret))
	fmt.Fprintf(mac, "%s\n\n\n%d\n%s\n%s", method, expires.Unix(), path, sorted)
	values.Set("x-fc-signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return path + "?" + values.Encode()
}

// A trigger of FC 2.0 that wants signatures, by its path: with FC's own signature
// over the query, and with a URL that is signed.
func TestProxyOfFC2(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t, options(t.TempDir()))
	c := clientOf(t, cloud.Info())
	c.do(200, "POST", "/2021-04-06/services", `{"serviceName":"svc"}`)
	c.do(200, "POST", "/2021-04-06/services/svc/functions", functionJSON(t, "f", "custom", "app", "x"))
	c.do(200, "POST", "/2021-04-06/services/svc/functions/f/triggers",
		`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"authType\":\"function\",\"methods\":[\"GET\"]}"}`)
	for _, version := range []string{"/2016-08-15", "/2021-04-06"} {
		for _, service := range []string{"svc", "svc.LATEST"} {
			path := version + "/proxy/" + service + "/f/a/b"
			r := c.request("GET", path+"?x=1&a=2", "")
			fcsign.SignFC(r, c.keys, time.Now())
			if _, body := c.send(http.StatusTeapot, r); body != "/a/b" {
				t.Errorf("%s: the function sees %s", path, body)
			}
			r.URL.RawQuery = "x=1&a=3"
			c.send(403, r)
			c.send(400, c.request("GET", path, ""))
			in := time.Now().Add(time.Minute)
			c.send(http.StatusTeapot, c.request("GET", c.presigned("GET", path, "z=1&a=2", in), ""))
			c.send(403, c.request("GET", c.presigned("GET", path, "z=1", in)+"&y=1", ""))
			c.send(403, c.request("GET", c.presigned("GET", path, "", time.Now().Add(-time.Minute)), ""))
		}
	}
	c.send(404, c.request("GET", c.presigned("GET", "/2016-08-15/proxy/svc.7/f/", "", time.Now().Add(time.Minute)), ""))
	// A URL can't be signed for an operation.
	c.send(400, c.request("GET", c.presigned("GET", "/2016-08-15/services", "", time.Now().Add(time.Minute)), ""))
}
