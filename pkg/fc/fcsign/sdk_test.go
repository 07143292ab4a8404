package fcsign

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// The official Go SDK signs with ROA version 1; it is an independent client.
func TestOfficialSDKsSignaturesVerify(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "") // the SDK would send even loopback requests there
	}
	v := NewVerifier(lookup(testKeys()), nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := v.Verify(r)
		if err == nil {
			_, err = io.ReadAll(r.Body)
		}
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, err.Error())
			return
		}
		io.WriteString(w, id)
	}))
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, secret, method, path, body string
		query                            map[string]string
		refused                          bool
	}{
		{name: "get", method: "GET", path: "/2023-03-30/functions/hello"},
		{name: "query", method: "GET", path: "/2023-03-30/functions", query: map[string]string{"limit": "3", "limit-a": "x y", "prefix": "", "tags": `["a*~"]`}},
		{name: "body", method: "POST", path: "/2023-03-30/functions/hello/invocations", body: "\x00\xff bytes"},
		{name: "escaped path", method: "GET", path: "/2023-03-30/functions/svc%24fn"},
		{name: "bare path", method: "GET", path: "/2023-03-30/functions/svc$fn x"},
		{name: "wrong secret", method: "GET", path: "/2023-03-30/functions/hello", secret: "other", refused: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			secret := tt.secret
			if secret == "" {
				secret = "secret"
			}
			client, err := sdk.NewClientWithAccessKey("cn-hangzhou", "id", secret)
			if err != nil {
				t.Fatal(err)
			}
			request := requests.NewCommonRequest()
			request.Method, request.Scheme = tt.method, "http"
			request.Domain, request.Port = address.Hostname(), address.Port()
			request.Version, request.ApiName, request.PathPattern = "2023-03-30", "Any", tt.path
			request.QueryParams = tt.query
			if request.QueryParams == nil {
				request.QueryParams = map[string]string{}
			}
			request.SetContent([]byte(tt.body))
			response, err := client.ProcessCommonRequest(request)
			if tt.refused {
				if err == nil || response.GetHttpStatus() != http.StatusForbidden {
					t.Fatalf("status %d, %v, want 403", response.GetHttpStatus(), err)
				}
				return
			}
			if err != nil || response.GetHttpContentString() != "id" {
				t.Fatalf("%q, %v", response.GetHttpContentString(), err)
			}
		})
	}
}
