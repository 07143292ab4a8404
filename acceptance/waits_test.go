package acceptance

import (
	"strings"
	"testing"
)

// elsewhereProject is a custom runtime that listens on another port than it should.
const elsewhereProject = `edition: 3.0.0
name: app
access: local
resources:
  elsewhere:
    component: fc3
    props:
      region: cn-hangzhou
      runtime: custom.debian10
      code: ./code
      functionName: elsewhere
      timeout: 3
      customRuntimeConfig:
        command: [python3, elsewhere.py]
        healthCheckConfig:
          initialDelaySeconds: 0
          periodSeconds: 1
          failureThreshold: 3
`

const elsewhereCode = `import socket
import time

listener = socket.create_server(("127.0.0.1", 0))
print("listening on another port", flush=True)
time.sleep(600)
`

// TestPortNeverOpens: a runtime that listens elsewhere is ended after the two minutes
// that the service gives, its output shown. As the last test of the package it is one
// of the first that Go lets go on together: the others run while it waits.
func TestPortNeverOpens(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	t.Parallel()
	w := newWorld(t, map[string]string{"s.yaml": elsewhereProject, "code/elsewhere.py": elsewhereCode})
	w.s("deploy", "-y")
	code, stdout, stderr := w.fails("invoke", "-e", "x")
	if code != 6 || !strings.Contains(stderr, "listening on another port") || !strings.Contains(stderr, "9000") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
