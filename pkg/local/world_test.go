package local

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/gateway"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/rloader"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// daemonArg makes the test binary a daemon: its home and version follow.
const daemonArg = "test-daemon"

func TestMain(m *testing.M) {
	switch {
	case rloader.Is(os.Args):
		os.Exit(rloader.Main())
	case len(os.Args) > 4 && os.Args[1] == daemonArg:
		os.Exit(beDaemon(os.Args[2], os.Args[3], os.Args[4]))
	}
	os.Exit(m.Run())
}

// beDaemon is the daemon process of the tests.
func beDaemon(home, version, port string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	n, err := strconv.Atoi(port)
	if err == nil {
		err = Serve(ctx, ServeOptions{Home: home, Port: n, Version: version, Exe: os.Args[0], Ready: os.Stdout, Log: os.Stderr, Toolchain: toolchain.New(os.LookupEnv)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// echoPool answers every invocation with its event.
type echoPool struct{}

func (echoPool) Invoke(_ context.Context, inv *instance.Invocation) (*instance.Result, error) {
	if inv.R != nil {
		inv.W.WriteHeader(http.StatusTeapot)
		io.WriteString(inv.W, inv.R.URL.Path)
		return &instance.Result{Written: true}, nil
	}
	return &instance.Result{Body: inv.Event, InstanceID: "c-1"}, nil
}

func (echoPool) Instances() []instance.Info { return []instance.Info{{ID: "c-1", Qualifier: "LATEST"}} }
func (echoPool) Drain(context.Context)      {}
func (echoPool) Close()                     {}
func (echoPool) Scale(instance.Scale)       {}
func (echoPool) Kept() (int, string)        { return 0, "" }
func (echoPool) Warm(context.Context) error { return nil }

// noLauncher stands in where no instance is started.
type noLauncher struct{ sandbox.Launcher }

func (noLauncher) Isolation() sandbox.Isolation { return sandbox.Isolation{Mode: "process"} }

func options(dir string) Options {
	return Options{DataDir: dir, Version: "1", Launcher: noLauncher{}, NewPool: func(instance.Config) gateway.Pool { return echoPool{} }}
}

func startCloud(t *testing.T, o Options) *Cloud {
	t.Helper()
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// client signs requests to a local cloud.
type client struct {
	t    *testing.T
	base string
	keys fcsign.Keys
}

func clientOf(t *testing.T, info Info) *client {
	return &client{t, info.Endpoint, fcsign.Keys{AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret}}
}

func (c *client) request(method, path, body string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *client) sign(r *http.Request, body string) {
	sum := sha256.Sum256([]byte(body))
	fcsign.SignACS3(r, c.keys, fcsign.Operation{Action: "Any", Version: fc.APIVersion3}, hex.EncodeToString(sum[:]), time.Now())
}

// do sends a signed request and wants a status.
func (c *client) do(status int, method, path, body string) (*http.Response, string) {
	c.t.Helper()
	r := c.request(method, path, body)
	c.sign(r, body)
	return c.send(status, r)
}

// send sends a request and wants a status; 0 is any.
func (c *client) send(status int, r *http.Request) (*http.Response, string) {
	c.t.Helper()
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if status != 0 && response.StatusCode != status {
		c.t.Fatalf("%s %s: %d %s, want %d", r.Method, r.URL.Path, response.StatusCode, data, status)
	}
	return response, string(data)
}

func functionJSON(t *testing.T, name, runtime, file, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(file)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"functionName": name, "runtime": runtime, "handler": "index.handler", "timeout": 20,
		"code": map[string]string{"zipFile": base64.StdEncoding.EncodeToString(b.Bytes())},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
