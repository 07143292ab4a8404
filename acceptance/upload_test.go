package acceptance

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"s/pkg/fcclient/faultproxy"
)

// breaking is a proxy before a server that cuts connections which have carried so many
// bytes to it, as long as there are cuts left.
func breaking(t *testing.T, target string, after int64, cuts int32) (address string, left *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	left = new(atomic.Int32)
	left.Store(cuts)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go pipe(client, target, after, left)
		}
	}()
	return listener.Addr().String(), left
}

func pipe(client net.Conn, target string, after int64, left *atomic.Int32) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(client, server)
		client.Close()
	}()
	if _, err := io.CopyN(server, client, after); err != nil {
		return
	}
	if left.Add(-1) < 0 {
		io.Copy(server, client)
	}
}

// TestLargeCode: code that is too large for a request is uploaded, though connections
// break in the middle of parts, and runs; and so is a layer.
func TestLargeCode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes 80 MB several times")
	}
	w := newWorld(t, map[string]string{
		"s.yaml": strings.Replace(printerProject, "      logConfig: {project: functions, logstore: logs}\n", "", 1),
		"code/index.py": `import os
def handler(event, context):
    return str(os.path.getsize("/code/large.bin"))
`,
	})
	large := make([]byte, 80e6) // that can't be compressed
	random := rand.NewChaCha8([32]byte{})
	random.Read(large)
	if err := os.WriteFile(filepath.Join(w.work, "code", "large.bin"), large, 0o644); err != nil {
		t.Fatal(err)
	}
	w.s("local", "up")
	endpoint := w.api(1).endpoint
	proxy, left := breaking(t, strings.TrimPrefix(endpoint, "http://"), 12e6, 3)
	w.vars["FC_CODE_TEMP_OSS_ENDPOINT"] = "http://" + proxy
	w.s("deploy", "-y")
	if left.Load() > 0 {
		t.Errorf("%d connections were not broken", left.Load())
	}
	if out := w.s("invoke", "-e", "{}"); !strings.Contains(out, "80000000") {
		t.Error(out)
	}
	uploads := func(what string, want int) {
		t.Helper()
		objects, err := filepath.Glob(filepath.Join(w.vars["HOME"], ".s", "local", "objects", "*", "*"))
		if err != nil || len(objects) != want {
			t.Errorf("%s: uploaded are %q, %v", what, objects, err)
		}
	}
	w.s("deploy", "-y")
	uploads("what didn't change isn't uploaded again", 1)
	w.s("layer", "publish", "--layer-name", "large", "--code", "code", "--compatible-runtime", "python3.10")
	uploads("a large layer is uploaded", 2)
	if out := w.s("layer", "info", "--layer-name", "large", "--version-id", "1"); !regexp.MustCompile(`codeSize: +8\d{7}\n`).MatchString(out) {
		t.Errorf("the layer isn't what was uploaded:\n%s", out)
	}
	proxy, _ = breaking(t, strings.TrimPrefix(endpoint, "http://"), 1e6, 1000) // no part gets through
	w.vars["FC_CODE_TEMP_OSS_ENDPOINT"] = "http://" + proxy
	if err := os.WriteFile(filepath.Join(w.work, "code", "more.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := s(w.vars, "deploy", "-y")
	cmd.Dir = w.work
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "upload of the code") {
		t.Errorf("%v\n%s", err, out)
	}
	uploads("nothing is left of an upload that failed", 2)
	w.uploadUnderFaults(endpoint)
	uploads("an upload under faults is one object", 3)
	if out := w.s("invoke", "-e", "{}"); !strings.Contains(out, "80000000") {
		t.Error(out)
	}
	if out := w.s("plan"); !strings.Contains(out, "0 to create, 0 to update, 0 to delete") {
		t.Error(out)
	}
}

// uploadUnderFaults deploys code by way of a proxy on which a part breaks off, OSS is
// busy, the keys of the upload expire so that it begins again, and the answer to its
// last call is lost.
func (w *world) uploadUnderFaults(endpoint string) {
	w.t.Helper()
	proxy := faultproxy.New(w.t, endpoint)
	refused := func(status int, code string) faultproxy.Fault {
		return faultproxy.Fault{
			Kind: faultproxy.Answer, Status: status, Header: http.Header{"Retry-After": {"0"}},
			Body: "<Error><Code>" + code + "</Code><Message>made by a test</Message></Error>",
		}
	}
	proxy.Set(
		faultproxy.Rule{Method: http.MethodPut, Nth: 2, Fault: faultproxy.Fault{Kind: faultproxy.CutBody}},
		faultproxy.Rule{Method: http.MethodPut, Nth: 4, Fault: refused(http.StatusServiceUnavailable, "ServiceUnavailable")},
		faultproxy.Rule{Method: http.MethodPut, Nth: 6, Fault: refused(http.StatusForbidden, "SecurityTokenExpired")},
		faultproxy.Rule{Method: http.MethodPost, Nth: 3, Fault: faultproxy.Fault{Kind: faultproxy.Lost}},
	)
	w.vars["FC_CODE_TEMP_OSS_ENDPOINT"] = proxy.URL
	w.s("deploy", "-y")
	if proxy.Met() != 4 {
		w.t.Errorf("%d of 4 faults were met: %+v", proxy.Met(), proxy.Calls())
	}
}
