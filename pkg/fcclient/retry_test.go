package fcclient

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
)

// flaky answers with the statuses in turn, then with 200 and an empty object.
func flaky(t *testing.T, header http.Header, statuses ...int) (*Client, *atomic.Int32, *[]time.Duration) {
	t.Helper()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int(calls.Add(1))
		if n > len(statuses) {
			w.Write([]byte("{}"))
			return
		}
		maps.Copy(w.Header(), header)
		w.WriteHeader(statuses[n-1])
		w.Write([]byte(`{"Code":"C` + strconv.Itoa(statuses[n-1]) + `","Message":"m"}`))
	}))
	t.Cleanup(server.Close)
	client := New(Config{Region: "r", Endpoint: server.URL, Credentials: access.Credentials{AccessKeyID: "a", AccessKeySecret: "b"}})
	waits := &[]time.Duration{}
	client.sleep = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return client, &calls, waits
}

func TestIdempotentCallsAreTriedAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	operations := map[string]func(*Client) error{
		"get": func(c *Client) error { _, err := c.GetFunction(ctx, "f", ""); return err },
		"update": func(c *Client) error {
			_, err := c.UpdateFunction(ctx, fc.Function{FunctionName: "f"}, nil)
			return err
		},
		"update of the code": func(c *Client) error {
			_, err := c.UpdateFunction(ctx, fc.Function{FunctionName: "f"}, &fc.Code{ZipFile: "AAAA"})
			return err
		},
		"delete": func(c *Client) error { return c.DeleteFunction(ctx, "f") },
	}
	for name, run := range operations {
		for _, status := range []int{429, 500, 502, 503} {
			client, calls, waits := flaky(t, nil, status, status, status)
			if err := run(client); err != nil || calls.Load() != 4 {
				t.Errorf("%s after %d: err %v, %d calls", name, status, err, calls.Load())
			}
			for i, d := range *waits {
				if least := minWait << i; d < least || d > least+least/4 {
					t.Errorf("%s: wait %d is %v", name, i, d)
				}
			}
		}
	}
}

// TestWhatIsNotServedIsAskedForOnce: an operation that an endpoint hasn't got
// won't be there the next time.
func TestWhatIsNotServedIsAskedForOnce(t *testing.T) {
	t.Parallel()
	client, calls, _ := flaky(t, nil, 501, 501)
	if _, err := client.GetFunction(context.Background(), "f", ""); !fc.IsCode(err, "C501") || calls.Load() != 1 {
		t.Errorf("err %v after %d calls", err, calls.Load())
	}
}

func TestTriesEnd(t *testing.T) {
	t.Parallel()
	client, calls, _ := flaky(t, nil, 500, 500, 500, 500, 500, 500)
	if _, err := client.GetFunction(context.Background(), "f", ""); !fc.IsCode(err, "C500") || calls.Load() != maxTries {
		t.Errorf("err %v after %d calls", err, calls.Load())
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	client, _, waits := flaky(t, http.Header{"Retry-After": {"7"}}, 429)
	if _, err := client.GetFunction(context.Background(), "f", ""); err != nil {
		t.Fatal(err)
	}
	if len(*waits) != 1 || (*waits)[0] != 7*time.Second {
		t.Errorf("waits %v", *waits)
	}
	client, _, waits = flaky(t, http.Header{"Retry-After": {"86400"}}, 429)
	if _, err := client.GetFunction(context.Background(), "f", ""); err != nil {
		t.Fatal(err)
	}
	if (*waits)[0] != maxWait {
		t.Errorf("waits %v", *waits)
	}
}

// TestCodeIsSignedWithSHA256: an MD5 of megabytes is what an upload would take
// most of its time for.
func TestCodeIsSignedWithSHA256(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v2   bool
		code *fc.Code
		md5  bool
	}{{false, &fc.Code{ZipFile: "AAAA"}, false}, {false, nil, true}, {true, &fc.Code{ZipFile: "AAAA"}, true}} {
		var header http.Header
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header = r.Header.Clone()
			w.Write([]byte("{}"))
		}))
		t.Cleanup(server.Close)
		client := New(Config{
			Region: "r", Endpoint: server.URL, V2: tt.v2, Credentials: access.Credentials{AccessKeyID: "a", AccessKeySecret: "b", SecurityToken: "t"},
		})
		if _, err := client.UpdateFunction(t.Context(), fc.Function{FunctionName: "s$f"}, tt.code); err != nil {
			t.Fatal(err)
		}
		acs3 := strings.HasPrefix(header.Get("Authorization"), "ACS3-HMAC-SHA256 ")
		if acs3 == tt.md5 || (header.Get("Content-Md5") != "") != tt.md5 || header.Get("X-Acs-Security-Token") != "t" {
			t.Errorf("FC 2.0 %v, code %v: %v", tt.v2, tt.code != nil, header)
		}
	}
}

func TestOthersAreSentOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	operations := map[string]struct {
		status int
		run    func(*Client) error
	}{
		"publish":        {503, func(c *Client) error { _, err := c.PublishVersion(ctx, "f", ""); return err }},
		"publish layer":  {500, func(c *Client) error { _, err := c.PublishLayerVersion(ctx, fc.LayerInput{LayerName: "l"}); return err }},
		"create session": {500, func(c *Client) error { _, err := c.CreateSession(ctx, "f", "", fc.SessionInput{}); return err }},
		"invoke":         {503, func(c *Client) error { _, err := c.Invoke(ctx, InvokeInput{Function: "f"}); return err }},
		"a refused get":  {403, func(c *Client) error { _, err := c.GetFunction(ctx, "f", ""); return err }},
	}
	for name, tt := range operations {
		client, calls, _ := flaky(t, nil, tt.status, tt.status)
		var api *fc.APIError
		if err := tt.run(client); !errors.As(err, &api) || api.Status != tt.status || calls.Load() != 1 {
			t.Errorf("%s: err %v after %d calls", name, err, calls.Load())
		}
	}
}

func TestDeletedOnASecondTryIsDeleted(t *testing.T) {
	t.Parallel()
	client, calls, _ := flaky(t, nil, 500, 404)
	if err := client.DeleteFunction(context.Background(), "f"); err != nil || calls.Load() != 2 {
		t.Errorf("err %v after %d calls", err, calls.Load())
	}
	client, _, _ = flaky(t, nil, 404)
	if err := client.DeleteFunction(context.Background(), "f"); !fc.IsNotFound(err) {
		t.Errorf("on the first try: %v", err)
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	t.Parallel()
	client, calls, _ := flaky(t, nil, 500, 500)
	ctx, cancel := context.WithCancel(context.Background())
	client.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return Sleep(ctx, time.Hour) }
	if _, err := client.GetFunction(ctx, "f", ""); !errors.Is(err, context.Canceled) || calls.Load() != 1 {
		t.Errorf("err %v after %d calls", err, calls.Load())
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	if err := Sleep(context.Background(), time.Microsecond); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancelCause(context.Background())
	end(errors.New("why"))
	if err := Sleep(ended, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDefaultHosts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		config Config
		kind   host
		want   string
	}{
		{Config{Region: "cn-hangzhou"}, hostControl, "https://fcv3.cn-hangzhou.aliyuncs.com"},
		{Config{Region: "cn-hangzhou"}, hostInvoke, "https://42.cn-hangzhou.fc.aliyuncs.com"},
		{Config{Region: "me-central-1"}, hostControl, "https://me-central-1.fc.aliyuncs.com"},
		{Config{Region: "cn-hangzhou", V2: true}, hostControl, "https://42.cn-hangzhou.fc.aliyuncs.com"},
		{Config{Region: "r", Endpoint: "fc.example.test/"}, hostControl, "https://fc.example.test"},
		{Config{Region: "r", Endpoint: "http://[::1]:9000/base"}, hostInvoke, "http://[::1]:9000/base"},
	}
	for _, tt := range tests {
		tt.config.Credentials.AccountID = "42"
		got, err := New(tt.config).base(tt.kind)
		if err != nil || got.String() != tt.want {
			t.Errorf("%+v: %v, %v, want %s", tt.config, got, err, tt.want)
		}
	}
}

// The SDK must reach an IPv6 address and a base path.
func TestSDKRequestURL(t *testing.T) {
	t.Parallel()
	client := New(Config{Region: "r", Endpoint: "http://[::1]:1/base", Credentials: access.Credentials{AccessKeyID: "a", AccessKeySecret: "b"}})
	var unreachable *UnreachableError
	if _, err := client.GetFunction(context.Background(), "f", ""); !errors.As(err, &unreachable) || unreachable.Host != "[::1]:1" {
		t.Errorf("err = %v", err)
	}
}

// TestTurnedAway: what was refused before anything was done is sent again; what may
// have been done isn't, if it would be done twice.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	create := func(c *Client) error {
		_, err := c.PublishVersion(context.Background(), "f", "")
		return err
	}
	client, calls, _ := flaky(t, nil, 429, 429)
	if err := create(client); err != nil || calls.Load() != 3 {
		t.Errorf("throttled: %v after %d calls", err, calls.Load())
	}
	client, calls, _ = flaky(t, nil, 503)
	if err := create(client); err == nil || calls.Load() != 1 {
		t.Errorf("perhaps done: %v after %d calls", err, calls.Load())
	}
}
