package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythonWith gives a Python that has packages, in an environment of its own.
func pythonWith(t *testing.T, packages ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("runs with what package registries have")
	}
	system := systemPython()
	if system == "" {
		t.Skip("no Python 3")
	}
	if out, err := exec.Command(system, "-c", "import ensurepip, venv").CombinedOutput(); err != nil {
		t.Skipf("no venv for it: %s", out)
	}
	folder := filepath.Join(t.TempDir(), "venv")
	if out, err := exec.Command(system, "-m", "venv", folder).CombinedOutput(); err != nil {
		t.Fatalf("venv: %v\n%s", err, out)
	}
	python := filepath.Join(folder, "bin", "python")
	args := append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, packages...)
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
		t.Fatalf("pip: %v\n%s", err, out)
	}
	return python
}

// runClient runs a program of testdata/neighbours, written with a client of the
// cloud's own, against the local cloud. It prints its last line if all is well.
func (w *world) runClient(ctx context.Context, python, program string) {
	w.t.Helper()
	api := w.api(1)
	cmd := exec.CommandContext(ctx, python, filepath.Join("testdata", "neighbours", program), api.endpoint, api.keys.AccessKeyID, api.keys.AccessKeySecret)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "HOME="+w.vars["HOME"])
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "all as it should be") {
		w.t.Errorf("%s: %v\n%s", program, err, out)
	}
}

// TestOSSAndSTSClients: the local cloud is good enough for the clients of OSS and of
// STS.
func TestOSSAndSTSClients(t *testing.T) {
	t.Parallel()
	python := pythonWith(t, "oss2==2.19.1") // it brings aliyun-python-sdk-core
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
	python := pythonWith(t, "aliyun-log-python-sdk==0.9.52")
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
