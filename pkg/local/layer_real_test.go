//go:build linux

package local

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// publishLayer makes a version of a layer and gives its ARN.
func (c *client) publishLayer(name string, files map[string]string) string {
	c.t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for file, text := range files {
		h := &zip.FileHeader{Name: file}
		h.SetMode(0o755)
		f, err := z.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		c.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"code": map[string]string{"zipFile": base64.StdEncoding.EncodeToString(b.Bytes())}})
	if err != nil {
		c.t.Fatal(err)
	}
	_, answer := c.do(200, "POST", "/2023-03-30/layers/"+name+"/versions", string(body))
	var made struct{ LayerVersionARN string }
	if err := json.Unmarshal([]byte(answer), &made); err != nil || made.LayerVersionARN == "" {
		c.t.Fatalf("%v in %s", err, answer)
	}
	return made.LayerVersionARN
}

func (c *client) setLayers(function string, arns ...string) {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"layers": append([]string{}, arns...)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.do(200, "PUT", "/2023-03-30/functions/"+function, string(body))
}

// modesOf gives a cloud in the best mode that this machine allows and one without
// namespaces.
func modesOf(t *testing.T) map[string]*client {
	t.Helper()
	out := map[string]*client{}
	for name, mode := range map[string]string{"best": "", "process": sandbox.ModeProcess} {
		launcher, err := sandbox.NewLauncher(sandbox.Options{StateDir: t.TempDir(), Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		if closer, ok := launcher.(io.Closer); ok {
			t.Cleanup(func() { _ = closer.Close() })
		}
		c := startCloud(t, Options{DataDir: t.TempDir(), Version: "1", Toolchain: toolchain.New(os.LookupEnv), Launcher: launcher})
		out[name] = clientOf(t, c.Info())
	}
	return out
}

const layeredPython = `
import os
def handler(event, context):
    import mine, only
    return mine.name + only.name
`

// Layers are seen in their order, in every mode; another order is seen by the next
// invocation, and a layer that is deleted stays with its functions.
func TestRealLayersOfPython(t *testing.T) {
	t.Parallel()
	needPython(t)
	for mode, k := range modesOf(t) {
		t.Run(mode, func(t *testing.T) {
			first := k.publishLayer("first", map[string]string{"python/mine.py": "name = 'first'\n"})
			second := k.publishLayer("second", map[string]string{"python/mine.py": "name = 'second'\n", "python/only.py": "name = '!'\n"})
			k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", layeredPython))
			for _, tt := range []struct {
				layers []string
				want   string
			}{
				{[]string{first, second}, "first!"}, {[]string{second, first}, "second!"}, {[]string{second}, "second!"}, {nil, "No module named 'mine'"},
			} {
				k.setLayers("f", tt.layers...)
				if _, got := k.do(200, "POST", "/2023-03-30/functions/f/invocations", ""); !strings.Contains(got, tt.want) {
					t.Errorf("%v: %s, want %s", tt.layers, got, tt.want)
				}
			}
			k.setLayers("f", first, second)
			k.do(204, "DELETE", "/2023-03-30/layers/first/versions/1", "")
			k.do(200, "PUT", "/2023-03-30/functions/f", `{"description":"changed"}`)
			if _, got := k.do(200, "POST", "/2023-03-30/functions/f/invocations", ""); got != "first!" {
				t.Errorf("after its layer was deleted: %s", got)
			}
		})
	}
}

func TestRealLayersOfOthers(t *testing.T) {
	t.Parallel()
	if _, err := toolchain.New(os.LookupEnv).FindNode(t.Context(), "20"); err != nil {
		t.Skipf("a managed Node.js function needs an interpreter: %v", err)
	}
	_, k := realCloud(t)
	modules := k.publishLayer("modules", map[string]string{
		"nodejs/node_modules/mine/index.js": "exports.name = 'first'\n", "bin/tool": "#!/bin/sh\necho first\n",
	})
	others := k.publishLayer("others", map[string]string{
		"nodejs/node_modules/mine/index.js": "exports.name = 'second'\n", "nodejs/node_modules/only/index.js": "exports.name = '!'\n", "bin/tool": "#!/bin/sh\necho second\n",
	})
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "n", "nodejs20", "index.js",
		"exports.handler = async () => require('mine').name + require('only').name + require('child_process').execSync('tool')\n"))
	k.setLayers("n", modules, others)
	if _, got := k.do(200, "POST", "/2023-03-30/functions/n/invocations", ""); !strings.Contains(got, "first!first") {
		t.Errorf("%s", got)
	}
}
