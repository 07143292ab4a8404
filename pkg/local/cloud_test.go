package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"s/pkg/fc/fcsign"
	"s/pkg/local/store"
)

func TestNothingWithoutASignature(t *testing.T) {
	c := startCloud(t, options(t.TempDir()))
	k := clientOf(t, c.Info())
	for _, target := range []string{
		"GET /2023-03-30/functions", "POST /2023-03-30/functions", "POST /2023-03-30/functions/f/invocations",
		"GET /2021-04-06/services", "GET /2016-08-15/services", "GET /_s/status", "POST /_s/stop", "GET /_s/logs?session=x",
		"GET /2023-03-30/functions/f/instances/c-1/exec?command=ls", "GET /", "PUT /bucket/key",
	} {
		method, path, _ := strings.Cut(target, " ")
		response, body := k.send(400, k.request(method, path, ""))
		if !strings.Contains(body, "MissingRequiredHeader") || response.Header.Get("X-Fc-Request-Id") == "" {
			t.Errorf("%s: %s", target, body)
		}
		forged := k.request(method, path, "")
		other := client{t, k.base, fcsign.Keys{AccessKeyID: k.keys.AccessKeyID, AccessKeySecret: "guess"}}
		other.sign(forged, "")
		if _, body := k.send(403, forged); !strings.Contains(body, "SignatureNotMatch") {
			t.Errorf("%s: %s", target, body)
		}
	}
	k.send(403, k.request("GET", "/_s/code/abc?expires=1&signature=x", ""))
	select {
	case <-c.Stopped():
		t.Error("an unsigned request stopped it")
	default:
	}
}

// TestProtocols: HTTP/2 in cleartext is there beside HTTP/1.1, by the same rules.
func TestProtocols(t *testing.T) {
	c := startCloud(t, options(t.TempDir()))
	for _, major := range []int{1, 2} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(major == 1)
		protocols.SetUnencryptedHTTP2(major == 2)
		transport := &http.Transport{Protocols: protocols}
		response, err := (&http.Client{Transport: transport}).Get(c.Info().Endpoint + "/2023-03-30/functions")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		transport.CloseIdleConnections()
		if response.ProtoMajor != major || response.StatusCode != 400 {
			t.Errorf("%s %s, want HTTP/%d and a signature asked for", response.Proto, response.Status, major)
		}
	}
}

func TestABodyThatIsNotTheSignedOne(t *testing.T) {
	c := startCloud(t, options(t.TempDir()))
	k := clientOf(t, c.Info())
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", "x"))
	for _, path := range []string{"/2023-03-30/functions", "/2023-03-30/functions/f/invocations", "/2021-04-06/services"} {
		r := k.request("POST", path, `{"serviceName":"evil"}`)
		k.sign(r, `{"serviceName":"good"}`)
		if _, body := k.send(403, r); !strings.Contains(body, "SignatureNotMatch") {
			t.Errorf("%s: %s", path, body)
		}
	}
	if _, body := k.do(200, "GET", "/2021-04-06/services", ""); body != `{"services":[]}` {
		t.Errorf("services: %s", body)
	}
}

func TestTheWayOfAFunction(t *testing.T) {
	c := startCloud(t, options(t.TempDir()))
	k := clientOf(t, c.Info())
	k.do(200, "POST", "/2021-04-06/services", `{"serviceName":"svc"}`)
	k.do(200, "POST", "/2021-04-06/services/svc/functions", functionJSON(t, "f", "custom", "index.py", "x"))
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "g", "python3.10", "index.py", "x"))
	for _, path := range []string{
		"/2021-04-06/services/svc/functions/f/invocations", "/2016-08-15/services/svc.LATEST/functions/f/invocations",
		"/2023-03-30/functions/svc$f/invocations?qualifier=LATEST", "/2023-03-30/functions/svc%24f/invocations", "/2023-03-30/functions/g/invocations",
	} {
		if _, body := k.do(200, "POST", path, path); body != path {
			t.Errorf("%s: %q", path, body)
		}
	}
	k.do(404, "POST", "/2016-08-15/services/svc.1/functions/f/invocations", "")
	k.do(404, "POST", "/2023-03-30/functions/none/invocations", "")
	k.do(501, "GET", "/2023-03-30/functions/g/invocations", "")
	if _, body := k.do(200, "GET", "/2023-03-30/functions/g/instances", ""); !strings.Contains(body, `"c-1"`) {
		t.Errorf("instances %s", body)
	}

	const config = `{"triggerName":"t","triggerType":"http","triggerConfig":"{\"authType\":\"anonymous\",\"methods\":[\"GET\"]}"}`
	k.do(200, "POST", "/2021-04-06/services/svc/functions/f/triggers", config)
	_, body := k.do(200, "POST", "/2023-03-30/functions/g/triggers", strings.Replace(config, "anonymous", "function", 1))
	var trigger struct {
		HTTPTrigger struct {
			URLInternet string
		}
	}
	if err := json.Unmarshal([]byte(body), &trigger); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/2016-08-15/proxy/svc/f/a/b", "/2016-08-15/proxy/svc.LATEST/f/a/b", "/2023-03-30/proxy/svc$f/a/b?qualifier=7", "/2023-03-30/proxy/svc%24f.LATEST/a/b"} {
		if _, body := k.send(418, k.request("GET", path, "")); body != "/a/b" {
			t.Errorf("%s: the function sees %q", path, body)
		}
	}
	if _, body := k.send(418, k.request("GET", "/2016-08-15/proxy/svc/f", "")); body != "/" {
		t.Errorf("the function sees %q", body)
	}
	u, err := url.Parse(trigger.HTTPTrigger.URLInternet)
	if err != nil {
		t.Fatal(err)
	}
	r := k.request("GET", "/x", "")
	r.Host = u.Host
	k.send(400, r) // it wants a signature
	r = k.request("GET", "/x?a=1", "")
	r.Host = u.Host
	k.sign(r, "")
	if _, body := k.send(200, r); !strings.Contains(body, `"rawPath":"/x"`) {
		t.Errorf("a managed runtime of FC 3.0 gets %q", body)
	}
	r = k.request("GET", "/2023-03-30/proxy/g/x?a=1", "")
	fcsign.SignFC(r, k.keys, time.Now())
	k.send(200, r)
}

// The official SDK is a client that shares no code with ours.
func TestOfficialSDK(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	c := startCloud(t, options(t.TempDir()))
	info := c.Info()
	u, err := url.Parse(info.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path, contentType, body string) (int, string) {
		client, err := sdk.NewClientWithAccessKey(info.Region, info.AccessKeyID, info.AccessKeySecret)
		if err != nil {
			t.Fatal(err)
		}
		request := requests.NewCommonRequest()
		request.Method, request.Scheme, request.Domain, request.Port = method, "http", u.Hostname(), u.Port()
		request.Version, request.ApiName, request.PathPattern = "2023-03-30", "Any", path
		request.SetContent([]byte(body))
		request.SetContentType(contentType)
		response, err := client.ProcessCommonRequest(request)
		if response == nil {
			t.Fatal(err)
		}
		return response.GetHttpStatus(), response.GetHttpContentString()
	}
	if status, body := call("POST", "/2023-03-30/functions", "application/json", functionJSON(t, "f", "python3.10", "index.py", "x")); status != 200 {
		t.Fatalf("create: %d %s", status, body)
	}
	if status, body := call("POST", "/2023-03-30/functions/f/invocations", "application/octet-stream", "\x00\xff"); status != 200 || body != "\x00\xff" {
		t.Errorf("invoke: %d %q", status, body)
	}
	if status, body := call("GET", "/2023-03-30/functions/none", "", ""); status != 404 || !strings.Contains(body, `"Code":"FunctionNotFound"`) {
		t.Errorf("get: %d %s", status, body)
	}
	if status, _ := call("DELETE", "/2023-03-30/functions/f", "", ""); status != 204 {
		t.Errorf("delete: %d", status)
	}
}

func TestStatusAndStop(t *testing.T) {
	c := startCloud(t, options(t.TempDir()))
	k := clientOf(t, c.Info())
	_, body := k.do(200, "GET", "/_s/status", "")
	var got Info
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := c.Info()
	want.AccessKeySecret = ""
	if got != want || strings.Contains(body, c.Info().AccessKeySecret) {
		t.Errorf("status %s", body)
	}
	k.do(501, "GET", "/_s/other", "")
	k.do(501, "GET", "/1999-01-01/functions", "")
	k.do(200, "POST", "/_s/stop", "")
	<-c.Stopped()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestKeysAndStateStay(t *testing.T) {
	dir := t.TempDir()
	c := startCloud(t, options(dir))
	before := c.Info()
	clientOf(t, before).do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", "x"))
	if len(before.AccountID) != 16 || before.AccountID[0] == '0' || len(before.AccessKeySecret) != 30 {
		t.Errorf("info %+v", before)
	}
	if info, err := os.Stat(filepath.Join(dir, keysName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keys: %v, %v", info, err)
	}
	leftover := filepath.Join(dir, "instances", "c-old")
	if err := os.MkdirAll(leftover, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = startCloud(t, options(dir))
	after := c.Info()
	if after.AccountID != before.AccountID || after.AccessKeyID != before.AccessKeyID || after.AccessKeySecret != before.AccessKeySecret {
		t.Errorf("the keys changed: %+v, %+v", before, after)
	}
	clientOf(t, after).do(200, "GET", "/2023-03-30/functions/f", "")
	if _, err := os.Stat(leftover); err == nil {
		t.Error("what an instance left is still there")
	}
}

func TestStartFailures(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	running := startCloud(t, options(t.TempDir()))
	brokenKeys := t.TempDir()
	if err := os.WriteFile(filepath.Join(brokenKeys, keysName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		dir, addr, says string
	}{
		"port taken":      {t.TempDir(), taken.Addr().String(), taken.Addr().String() + " is taken by"},
		"not loopback":    {t.TempDir(), "0.0.0.0:0", "loopback addresses only"},
		"a name":          {t.TempDir(), "example.com:0", "loopback addresses only"},
		"in use":          {running.Info().DataDir, "127.0.0.1:0", "another local cloud"},
		"keys are broken": {brokenKeys, "127.0.0.1:0", keysName},
		"no folder":       {file, "127.0.0.1:0", "data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(tt.dir)
			o.Addr = tt.addr
			c, err := Start(t.Context(), o)
			if err == nil {
				c.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("err = %v, want one with %q", err, tt.says)
			}
		})
	}
	o := options(t.TempDir())
	o.Addr = taken.Addr().String()
	var port *PortTakenError
	if _, err := Start(t.Context(), o); !errors.As(err, &port) || port.Addr != o.Addr {
		t.Errorf("err = %v", err)
	} else if runtime.GOOS == "linux" && !strings.Contains(err.Error(), fmt.Sprintf("(pid %d)", os.Getpid())) {
		t.Errorf("err = %v, want the holder named: this process", err)
	}
	var locked *store.LockedError
	if _, err := Start(t.Context(), options(running.Info().DataDir)); !errors.As(err, &locked) {
		t.Errorf("err = %v", err)
	}
}

func TestFunctionsKeysAreTaken(t *testing.T) {
	c := startCloud(t, options(t.TempDir()))
	k, err := loadKeys(c.Info().DataDir)
	if err != nil {
		t.Fatal(err)
	}
	with := client{t, c.Info().Endpoint, fcsign.Keys{AccessKeyID: k.FunctionKeyID, AccessKeySecret: k.FunctionSecret, SecurityToken: k.FunctionToken}}
	with.do(http.StatusOK, "GET", "/2023-03-30/functions", "")
	with.keys.SecurityToken = ""
	with.do(http.StatusForbidden, "GET", "/2023-03-30/functions", "")
}
