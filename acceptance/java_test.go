package acceptance

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"s/pkg/proc/proctest"
)

const javaProject = `edition: 3.0.0
name: java
access: local
resources:
  f:
    component: fc3
    props: {region: cn-hangzhou, functionName: echo, runtime: java11, handler: "example.App::handleRequest", code: ./code, timeout: 60, memorySize: 512}
`

// javaSource is a handler that says which code it is.
const javaSource = `package example;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

public class App implements StreamRequestHandler {
    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        output.write(("%s " + (char) input.read()).getBytes());
    }
}
`

// A debugger attaches to Java over the Java Debug Wire Protocol; what javac
// writes into the working tree is the code of the next request.
func TestDebugJava(t *testing.T) {
	t.Parallel()
	core, err := os.ReadFile("../.tools/java/lib/fc-java-core-1.4.1.jar")
	if err != nil {
		t.Skipf("hack/setup fetches it, with Maven: %v", err)
	}
	if _, err := exec.LookPath("javac"); err != nil {
		t.Skip(err)
	}
	w := newWorld(t, map[string]string{"s.yaml": javaProject, "code/lib/fc-java-core.jar": string(core)})
	w.javac("old")
	port := strconv.Itoa(proctest.Port(t))
	s := w.start("--port", "0", "--debug-port", port)
	s.wait(`"type": "java"`)
	url := s.wait(`(http://\S+/invocations)`)
	s.wait(`runtime inited`)
	attachJava(t, "127.0.0.1:"+port)
	if got := s.post(url, "x"); got != "old x" {
		t.Errorf("%q", got)
	}
	w.javac("new")
	s.wait(`(?s)f: reloaded.*runtime inited`)
	if got := s.post(url, "y"); got != "new y" {
		t.Errorf("%q", got)
	}
}

// javac compiles the handler into the working tree, in one step.
func (w *world) javac(says string) {
	w.t.Helper()
	dir := w.t.TempDir()
	source := filepath.Join(dir, "App.java")
	if err := os.WriteFile(source, fmt.Appendf(nil, javaSource, says), 0o644); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command("javac", "--release", "8", "-Xlint:-options", "-cp", filepath.Join(w.work, "code/lib/fc-java-core.jar"), "-d", dir, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("javac: %v\n%s", err, out)
	}
	class, err := os.ReadFile(filepath.Join(dir, "example/App.class"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.work, "code/example"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.save("code/example/App.class", string(class))
}

// attachJava shakes hands: the first step of the Java Debug Wire Protocol, after
// which a command may follow.
func attachJava(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	// Length, id, no flags, command set 1 (VirtualMachine), command 1 (Version).
	const version = "\x00\x00\x00\x0b\x00\x00\x00\x01\x00\x01\x01"
	if _, err := io.WriteString(conn, "JDWP-Handshake"+version); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for !strings.Contains(got.String(), "Java Debug Wire Protocol") {
		if _, err := io.CopyN(&got, conn, 1); err != nil {
			t.Fatalf("%v after %q", err, got.String())
		}
	}
	if !strings.HasPrefix(got.String(), "JDWP-Handshake") {
		t.Errorf("%q", got.String())
	}
}
