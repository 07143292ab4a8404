//go:build linux

package main

import (
	"strings"
	"testing"
	"time"
)

// TestClients: what 50 clients get is right, and nothing is left of them.
func TestClients(t *testing.T) {
	figures, err := testWorld(t).clients(t.Context(), 50, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range figures {
		seen[strings.TrimSpace(f.Name)] = true
		if !f.OK && !strings.HasPrefix(f.Name, "memory") { // the race detector takes some
			t.Error(f.line())
		}
		if f.Name == "" {
			t.Log(f.Value)
		}
	}
	for _, name := range []string{"invoke python 200", "invoke custom 200", "query logs 200", "publish a version 200", "accepted asynchronous invocations that ran"} {
		if !seen[name] {
			t.Errorf("there is no figure of %q: %v", name, seen)
		}
	}
}
