//go:build linux

package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/fc"
	"s/pkg/runtime/image/imagetest"
	"s/pkg/runtime/sandbox"
)

// serveContainer deploys imagetest's server as a container whose instances belong
// to one session each.
func serveContainer(t *testing.T) *serving {
	t.Helper()
	c, k := realCloud(t)
	if c.launcher.Isolation().Mode == sandbox.ModeProcess {
		t.Skip("images need namespaces")
	}
	var servers imagetest.Builder
	img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}}, servers.Layer(t))
	doc, err := json.Marshal(map[string]any{
		"functionName": "f", "runtime": "custom-container", "handler": "none", "timeout": 60, "memorySize": 2048, "cpu": 2, "diskSize": 512,
		"customContainerConfig": map[string]string{"image": imagetest.Layout(t, t.TempDir(), "", img)},
		"sessionAffinity":       "HEADER_FIELD", "sessionAffinityConfig": `{"affinityHeaderFieldName":"X-Session"}`,
		"instanceIsolationMode": fc.IsolationSession,
	})
	if err != nil {
		t.Fatal(err)
	}
	k.do(200, "POST", "/2023-03-30/functions", string(doc))
	k.do(200, "POST", "/2023-03-30/functions/f/triggers", `{"triggerName":"http","triggerType":"http",
		"triggerConfig":"{\"authType\":\"anonymous\",\"methods\":[\"GET\"]}"}`)
	return &serving{t, k, c}
}

// gives has a session's instance answer a request.
func (s *serving) gives(session, path string, status int, text string) {
	s.t.Helper()
	response, got, err := s.fetch("GET", path, "", "X-Session: "+session)
	if err != nil || response.StatusCode != status || !strings.Contains(got, text) {
		s.t.Errorf("%s of %s: %v %s %v, want %d %s", path, session, response, got, err, status, text)
	}
}

// session asks the management API for something of a session, and gives the
// instance that it is on.
func (s *serving) session(method, id, what, status string) string {
	s.t.Helper()
	_, text := s.k.do(200, method, "/2023-03-30/functions/f/sessions/"+id+what, "")
	var doc struct{ SessionStatus, ContainerID string }
	if err := json.Unmarshal([]byte(text), &doc); err != nil || doc.SessionStatus != status || doc.ContainerID == "" {
		s.t.Fatalf("%s %s: %s, want %s", method, what, text, status)
	}
	return doc.ContainerID
}

// stopped reports whether the only process of an instance stands still.
func stopped(t *testing.T, instance string) bool {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		env, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(env, []byte("FC_INSTANCE_ID="+instance)) {
			continue
		}
		state, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		if err != nil {
			t.Fatal(err)
		}
		if _, after, _ := strings.Cut(string(state), ") "); strings.HasPrefix(after, "T") {
			return true
		}
		group, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cgroup"))
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(strings.TrimSpace(string(group)), "0::")
		freeze, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", name, "cgroup.freeze"))
		return err == nil && strings.TrimSpace(string(freeze)) == "1"
	}
	t.Fatalf("no process of %s", instance)
	return false
}

// TestRealPausedContainer: the container of a paused session stands still and takes
// no requests; resumed, it has what it had in its memory and in its files.
func TestRealPausedContainer(t *testing.T) {
	t.Parallel()
	s := serveContainer(t)
	for n := range 2 {
		id := fmt.Sprint("s", n)
		resume := n == 1
		s.k.do(200, "POST", "/2023-03-30/functions/f/sessions", fmt.Sprintf(`{"sessionId":%q,"enableAutoResume":%t}`, id, resume))
		for range n + 1 {
			s.fetch("GET", "/health", "", "X-Session: "+id) // it counts
		}
		s.gives(id, "/", 200, fmt.Sprintf("asked %d", n+1))
		at := s.session("GET", id, "", fc.SessionActive)
		s.session("PUT", id, "/pause", fc.SessionPaused)
		for deadline := time.Now().Add(time.Minute); !stopped(t, at); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s of the paused session runs on", at)
			}
		}
		if !resume {
			s.gives(id, "/", 412, "is paused")
			s.session("PUT", id, "/resume", fc.SessionActive)
		}
		s.gives(id, "/", 200, fmt.Sprintf("asked %d", n+1))
		if now := s.session("GET", id, "", fc.SessionActive); now != at {
			t.Errorf("%s goes on at %s, and was at %s", id, now, at)
		}
	}
}
