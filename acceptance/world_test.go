package acceptance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/fc/fcsign"
)

// world is what a Go test has: a folder, its own s and local cloud.
type world struct {
	t    *testing.T
	work string
	vars map[string]string
}

// newWorld makes one whose project has these files; it ends with the test and
// must leave nothing behind.
func newWorld(t *testing.T, files map[string]string) *world {
	t.Helper()
	work := t.TempDir()
	w := &world{t: t, work: work, vars: environment(work)}
	for _, dir := range []string{w.vars["HOME"], w.vars["TMPDIR"]} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		path := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := endWorld(work, w.vars); err != nil {
			t.Error(err)
		}
	})
	return w
}

// save puts a file into its place whole: who watches sees no half of it.
func (w *world) save(name, content string) {
	w.t.Helper()
	temp := filepath.Join(w.t.TempDir(), filepath.Base(name))
	err := os.WriteFile(temp, []byte(content), 0o644)
	if err == nil {
		err = os.Rename(temp, filepath.Join(w.work, name))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// s runs a command in the project that must succeed, and gives its stdout.
func (w *world) s(args ...string) string {
	w.t.Helper()
	cmd := s(w.vars, args...)
	cmd.Dir = w.work
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("s %s: %v\n%s%s", strings.Join(args, " "), err, &out, &errOut)
	}
	return out.String()
}

// api is a client of the local cloud that shares no code with ours but the
// signature.
type api struct {
	endpoint string
	keys     fcsign.Keys
	client   *http.Client
}

// localEnv is what `s local env` says.
func (w *world) localEnv() map[string]string {
	w.t.Helper()
	env := map[string]string{}
	for line := range strings.Lines(w.s("local", "env")) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		name, value, _ := strings.Cut(line, "=")
		env[name] = strings.Trim(value, `'"`)
	}
	return env
}

// api speaks to the local cloud.
func (w *world) api(connections int) *api {
	w.t.Helper()
	env := w.localEnv()
	return &api{
		endpoint: env["FC_ENDPOINT"],
		keys: fcsign.Keys{
			AccessKeyID:     env["ALIBABA_CLOUD_ACCESS_KEY_ID"],
			AccessKeySecret: env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
		},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{
			MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
		}},
	}
}

// invoke calls a function and gives the answer's body.
func (a *api) invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	url := a.endpoint + "/2023-03-30/functions/" + function + "/invocations"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	sum := sha256.Sum256(event)
	operation := fcsign.Operation{Action: "InvokeFunction", Version: "2023-03-30"}
	fcsign.SignACS3(request, a.keys, operation, hex.EncodeToString(sum[:]), time.Now())
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if kind := response.Header.Get("X-Fc-Error-Type"); kind != "" || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", response.Status, kind, body)
	}
	return body, nil
}
