package fcclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

func TestErrorBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		status     int
		want       fc.APIError
	}{
		{
			"FC 3.0", `{"Code":"FunctionNotFound","Message":"function 'x' does not exist.","RequestId":"abc"}`, 404,
			fc.APIError{Status: 404, Code: "FunctionNotFound", Message: "function 'x' does not exist.", RequestID: "abc"},
		},
		{
			"FC 2.0", `{"ErrorCode":"AccessDenied","ErrorMessage":"no"}`, 403,
			fc.APIError{Status: 403, Code: "AccessDenied", Message: "no", RequestID: "req-1"},
		},
		{
			"FC 2.0 as documented", `{"errorCode":"AccessDenied","errorMessage":"no"}`, 403,
			fc.APIError{Status: 403, Code: "AccessDenied", Message: "no", RequestID: "req-1"},
		},
		{"a text", "go away", 400, fc.APIError{Status: 400, Code: "BadRequest", Message: "go away", RequestID: "req-1"}},
		{"nothing", "", 418, fc.APIError{Status: 418, Code: "I'mateapot", Message: "I'm a teapot", RequestID: "req-1"}},
		{"an unknown status", "{}", 499, fc.APIError{Status: 499, Code: "UnknownError", Message: "no message", RequestID: "req-1"}},
		{"a redirect", "", 302, fc.APIError{Status: 302, Code: "Found", Message: "Found", RequestID: "req-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			server.Fail(fctest.Failure{Status: tt.status, Body: tt.body})
			_, err := newClient(server, false).CreateFunction(context.Background(), fc.Function{FunctionName: "x"}, nil)
			var got *fc.APIError
			if !errors.As(err, &got) || got.Date.IsZero() {
				t.Fatalf("err = %#v, without the time of the answer", err)
			}
			got.Date = time.Time{}
			if *got != tt.want {
				t.Errorf("err = %#v, want %#v", err, tt.want)
			}
		})
	}
}

func TestLongErrorPageIsClipped(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	server.Fail(fctest.Failure{Status: 400, Body: strings.Repeat("界", 5000)})
	_, err := newClient(server, false).GetFunction(context.Background(), "x", "")
	if n := len([]rune(err.Error())); n > 400 {
		t.Errorf("the message has %d characters", n)
	}
}

func TestWrongKeys(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	credentials := fctest.Credentials()
	credentials.AccessKeySecret = "another"
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: credentials, Endpoint: server.URL})
	if _, err := client.GetFunction(context.Background(), "x", ""); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
		t.Errorf("control: %v", err)
	}
	if _, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "x"}); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
		t.Errorf("invoke: %v", err)
	}
	if err := client.DeleteFunction(context.Background(), "x"); strings.Contains(err.Error(), "another") {
		t.Errorf("the secret is in the error: %v", err)
	}
}

func TestSecurityTokenIsSigned(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	credentials := fctest.Credentials()
	credentials.SecurityToken = "sts-token"
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: credentials, Endpoint: server.URL})
	_, _ = client.GetFunction(context.Background(), "x", "")
	_, _ = client.Invoke(context.Background(), fcclient.InvokeInput{Function: "x"})
	for _, call := range server.Calls() {
		if got := call.Header.Get("X-Acs-Security-Token"); got != "sts-token" {
			t.Errorf("%s: token %q", call, got)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: "http://" + address})
	var unreachable *fcclient.UnreachableError
	if _, err := client.GetFunction(context.Background(), "x", ""); !errors.As(err, &unreachable) || unreachable.Host != address {
		t.Errorf("control: %v", err)
	}
	if _, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "x"}); !errors.As(err, &unreachable) {
		t.Errorf("invoke: %v", err)
	}
}

func TestEndpointIsChecked(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"ftp://x", "http://", "://", "http://a b"} {
		client := fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: endpoint})
		if _, err := client.GetFunction(context.Background(), "x", ""); err == nil || !strings.Contains(err.Error(), "endpoint") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for want, config := range map[string]fcclient.Config{
		"no region":      {Credentials: fctest.Credentials()},
		"the account id": {Region: "r", V2: true, Credentials: access.Credentials{Alias: "x"}},
	} {
		if _, err := fcclient.New(config).GetFunction(context.Background(), "x", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Cancelling must end a request that the SDK has sent already.
func TestCancelEndsControlCalls(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL})
	if _, err := client.GetFunction(ctx, "x", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// A proxy in the environment must not see requests to loopback, which the SDK
// by itself would send there.
func TestLoopbackGoesPastProxies(t *testing.T) {
	var asked sync.Map
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.URL.String(), true) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	t.Setenv("NO_PROXY", "")
	server := fctest.New(t)
	client := newClient(server, false)
	if _, err := client.GetFunction(context.Background(), "x", ""); !fc.IsNotFound(err) {
		t.Errorf("control: %v", err)
	}
	if _, err := client.Invoke(context.Background(), fcclient.InvokeInput{Function: "x"}); !fc.IsNotFound(err) {
		t.Errorf("invoke: %v", err)
	}
	asked.Range(func(key, _ any) bool { t.Errorf("the proxy was asked for %v", key); return true })
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	client := newClient(server, false)
	if _, err := client.CreateFunction(context.Background(), fullFunction("hello"), nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if f, err := client.GetFunction(context.Background(), "hello", ""); err != nil || f.FunctionName != "hello" {
					t.Errorf("function %+v, err %v", f, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAnswerThatIsNoJSON(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	server.Fail(fctest.Failure{Status: 200, Body: "{"})
	if _, err := newClient(server, false).GetFunction(context.Background(), "x", ""); err == nil || !strings.Contains(err.Error(), "GetFunction") {
		t.Errorf("err = %v", err)
	}
}

func TestConfigIsGiven(t *testing.T) {
	t.Parallel()
	config := fcclient.Config{Region: "cn-shanghai", V2: true}
	if got := fcclient.New(config).Config(); got.Region != config.Region || !got.V2 {
		t.Errorf("config %+v", got)
	}
}

func TestDeadlineEndsCalls(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Invoke(ctx, fcclient.InvokeInput{Function: "x"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}
