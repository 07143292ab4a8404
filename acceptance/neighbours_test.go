package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clientsPython is the Python with the official clients that hack/sdks installed.
func clientsPython(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("runs with what package registries have")
	}
	if systemPython() == "" {
		t.Skip("no Python 3")
	}
	python, err := filepath.Abs(filepath.Join(installedSDKs, "python", "bin", "python"))
	if err == nil {
		_, err = os.Stat(python)
	}
	if err != nil {
		t.Fatalf("%v: make setup installs it", err)
	}
	return python
}

// runClient runs a program of testdata/neighbours, written with a client of the
// cloud's own, against the local cloud. It prints its last line if all is well.
func (w *world) runClient(ctx context.Context, python, program string) {
	w.t.Helper()
	api := w.api(1)
	cmd := exec.CommandContext(ctx, python, filepath.Join("testdata", "neighbours", program), api.endpoint, api.keys.AccessKeyID, api.keys.AccessKeySecret)
	// Not all remove their temporary files.
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "HOME="+w.vars["HOME"], "TMPDIR="+w.t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "all as it should be") {
		w.t.Errorf("%s: %v\n%s", program, err, out)
	}
}

// TestOSSAndSTSClients: the local cloud is good enough for the clients of OSS and of
// STS.
func TestOSSAndSTSClients(t *testing.T) {
	t.Parallel()
	python := clientsPython(t) // oss2 brings aliyun-python-sdk-core
	w := newWorld(t, nil)
	w.s("local", "up")
	w.runClient(t.Context(), python, "oss.py")
	w.runClient(t.Context(), python, "sts.py")
}

const printerProject = `edition: 3.0.0
name: printing
access: local
resources:
  printer:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: printer
      runtime: python3.10
      handler: index.handler
      code: code
      logConfig: {project: functions, logstore: logs}
`

// TestSLSClient: what a function printed is found by SLS's client, also after the
// cloud was stopped.
func TestSLSClient(t *testing.T) {
	t.Parallel()
	python := clientsPython(t)
	w := newWorld(t, map[string]string{
		"s.yaml":        printerProject,
		"code/index.py": "def handler(event, context):\n    print('event', event.decode())\n",
	})
	w.s("deploy", "-y")
	for _, event := range []string{"one", "two", "three"} {
		w.s("invoke", "-e", event)
	}
	w.s("local", "down")
	w.s("local", "up")
	w.runClient(t.Context(), python, "sls.py")
}
