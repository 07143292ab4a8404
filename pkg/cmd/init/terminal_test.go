//go:build unix

package initcmd

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/creack/pty"

	"s/pkg/iostreams"
)

// onTerminal runs init on a real terminal, with survey asking. Keys are typed
// ahead of the questions, but the last ones, which are typed at the question
// last. The terminal doesn't report its cursor.
func onTerminal(t *testing.T, keys, last, lastKeys, dir string) (stdout string, err error) {
	t.Helper()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close(); master.Close() })
	if _, err := master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
	go func() {
		var shown []byte
		buf := make([]byte, 4096)
		for typed := false; ; {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			shown = append(shown, buf[:n]...)
			if !typed && bytes.Contains(shown, []byte(last)) {
				typed = true
				master.WriteString(lastKeys)
			}
		}
	}()
	var out bytes.Buffer
	io := iostreams.System(func(string) string { return "" })
	io.In, io.Out, io.ErrOut = terminal, &out, terminal
	io.SetTTY(true, false, true)
	io.SetColorEnabled(false)
	err = run(t.Context(), &Options{IO: io, Dir: dir})
	return out.String(), err
}

// These tests share survey's package variables: they don't run in parallel.

func TestMenuOnATerminal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	// The language and the kind by their filters, the template, the region by the arrow, names.
	out, err := onTerminal(t, "python\r"+"custom\r"+"\r"+"\x1b[B\r"+"svc\r"+"fn\r", "? Access", "\r", dir)
	if err != nil || out != dir+"\n" {
		t.Fatalf("got %q, %v", out, err)
	}
	p := readProject(t, dir)
	if p.Vars.Region != "cn-shanghai" || p.Vars.Service.Name != "svc" || p.Services["helloworld"].Props.Function.Name != "fn" || p.Access != "local" {
		t.Errorf("got %+v", p)
	}
}

func TestCtrlCOnATerminal(t *testing.T) {
	parent := t.TempDir()
	out, err := onTerminal(t, "python\r"+"custom\r"+"\r"+"\r", "? Service name", "sv\x03", filepath.Join(parent, "made"))
	if !errors.Is(err, iostreams.ErrInterrupted) || out != "" {
		t.Errorf("got %q, %v", out, err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}
