package instance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"s/pkg/fc"
)

// keysHandlers tell what credentials a function sees.
const keysHandlers = `
import json, os

def event(event, context):
    c = context.credentials
    return json.dumps({
        "env": [os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID"), os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN")],
        "call": [c.access_key_id, c.access_key_secret, c.security_token],
    })
`

// keysServer is the same of a custom runtime.
const keysServer = `
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        h = self.headers
        body = json.dumps({
            "env": [os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID"), os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN")],
            "call": [h.get("x-fc-access-key-id"), h.get("x-fc-access-key-secret"), h.get("x-fc-security-token")],
        }).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()
`

// TestRoleKeys: a function's environment has the credentials of its start, each
// invocation those of its time, and the function's own keys where there are none.
func TestRoleKeys(t *testing.T) {
	version := anyPython(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"index.py": keysHandlers, "server.py": keysServer} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, fn := range []fc.Function{
		{Runtime: "python" + version, Handler: "index.event"},
		{Runtime: "custom", CustomRuntimeConfig: &fc.CustomRuntimeConfig{Command: []string{"python3", "server.py"}}},
		{Runtime: "python" + version, Handler: "index.event", DisableInjectCredentials: "Request"},
	} {
		t.Run(fn.Runtime+fn.DisableInjectCredentials, func(t *testing.T) {
			cfg, logs := config(t, "", dir, fn)
			var n atomic.Int32
			cfg.RoleKeys = func() (Keys, string) {
				switch n := n.Add(1); n {
				case 3:
					return Keys{}, "no role today"
				default:
					return Keys{fmt.Sprint("id", n), "secret", "token"}, ""
				}
			}
			i := start(t, cfg)
			for _, want := range []string{`["id2","secret","token"]`, `["KEY","SECRET","TOKEN"]`, `["id4","secret","token"]`} {
				if fn.DisableInjectCredentials != "" {
					want = `["","",""]`
				}
				var got struct{ Env, Call json.RawMessage }
				res := call(t, i, &Invocation{RequestID: "r"})
				text := strings.ReplaceAll(strings.ReplaceAll(string(res.Body), " ", ""), "null", `""`)
				if len(text) > 0 && text[0] == '"' { // the runtime made JSON of the text
					var inner string
					if err := json.Unmarshal([]byte(text), &inner); err != nil {
						t.Fatal(err)
					}
					text = inner
				}
				if err := json.Unmarshal([]byte(text), &got); err != nil {
					t.Fatalf("%s: %v", res.Body, err)
				}
				if string(got.Env) != `["id1","token"]` || string(got.Call) != want {
					t.Errorf("%s, want %s", text, want)
				}
			}
			if lines := strings.Join(append(logs.of(""), logs.of("r")...), "\n"); !strings.Contains(lines, "no role today") || strings.Contains(lines, "secret") {
				t.Errorf("the log says %q", lines)
			}
		})
	}
}

func TestKeysArePrintedWithoutSecrets(t *testing.T) {
	k := Keys{"id", "hush", "hush"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if text := fmt.Sprintf(verb, k); strings.Contains(text, "hush") || strings.Contains(text, "68757368") || !strings.Contains(text, "id") {
			t.Errorf("%s: %s", verb, text)
		}
	}
}
