package rapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestGoClient runs another client than ours: a Go program with the habits of
// Function Compute's Go runtime.
func TestGoClient(t *testing.T) {
	program := filepath.Join(t.TempDir(), "goclient")
	build := exec.Command("go", "build", "-o", program, "./testdata/goclient")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	header := AppendHeader(nil, "x-fc-region", "cn-hangzhou")
	header = AppendHeader(header, "x-fc-function-memory", "512")
	header = AppendHeader(header, "x-fc-function-name", "hello")
	s := newServer(t, Config{Concurrency: 2, Header: header})
	var log bytes.Buffer
	cmd := exec.Command(program)
	cmd.Env = []string{"FC_RUNTIME_API=" + s.Addr()}
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The process ends before the server does: it would ask again and again.
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("the client's log:\n%s", &log)
		}
	}()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() { goInvocation(t, s, fmt.Sprint("1-", i), fmt.Sprint("event ", i)) })
	}
	wg.Wait()
	for event, want := range map[string]string{
		"fail":    `{"errorMessage":"asked to fail","errorType":"errorString"}`,
		"panic 1": `{"errorMessage":"panic 1","errorType":"string"}`,
	} {
		call, err := s.Start(&Invocation{RequestID: "1-" + event[:4], Deadline: time.Now().Add(patience), Timeout: 20, Event: []byte(event)})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := reply(t, call); err != nil || !r.Failed || string(r.Body) != want {
			t.Errorf("%s: %s %v", event, r.Body, err)
		}
	}
}

func goInvocation(t *testing.T, s *Server, id, event string) {
	call, err := s.Start(&Invocation{
		RequestID: id, Handler: "main", Deadline: time.Now().Add(patience), Timeout: 20, Event: []byte(event),
	})
	if err != nil {
		t.Error(err)
		return
	}
	select {
	case <-call.Done():
	case <-time.After(patience):
		t.Errorf("%s: no answer", id)
		return
	}
	r, err := call.Reply()
	var got map[string]string
	if uerr := json.Unmarshal(r.Body, &got); err != nil || uerr != nil {
		t.Errorf("%s: %s %v %v", id, r.Body, err, uerr)
		return
	}
	want := map[string]string{
		"requestId": id, "handler": "main", "event": event, "memory": "512",
		"region": "cn-hangzhou", "function": "hello", "type": "0",
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %s is %q, want %q", id, k, got[k], v)
		}
	}
}
