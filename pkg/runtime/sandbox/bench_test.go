//go:build linux

package sandbox

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func benchLauncher(b *testing.B, o Options) Launcher {
	o.StateDir = b.TempDir()
	l, err := NewLauncher(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.(io.Closer).Close() })
	return l
}

// benchmarkProgram reports the time per call that the program measured itself.
func benchmarkProgram(b *testing.B, name, ports string) {
	l := benchLauncher(b, Options{Ports: ports})
	path, err := programCopy()
	if err != nil {
		b.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	p, err := l.Launch(context.Background(), Spec{
		ID: "bench", Args: []string{programPath, strconv.Itoa(b.N)}, Env: []string{programVariable + "=" + name}, Port: 9000,
		Mounts: []Mount{{Source: filepath.Dir(path), Target: filepath.Dir(programPath)}}, TmpDir: b.TempDir(), Stdout: w,
	})
	w.Close()
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		b.Fatal(err)
	}
	cost, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(cost, "ns/call")
}

// BenchmarkLaunch is from the call to the program's own code (true, in effect,
// ends at once), and from the call until all is cleared away.
func BenchmarkLaunch(b *testing.B) {
	for _, w := range worlds() {
		for _, init := range []bool{false, true} {
			b.Run(w.name+map[bool]string{true: " init"}[init], func(b *testing.B) {
				l := benchLauncher(b, w.options)
				tmp := b.TempDir()
				for b.Loop() {
					p, err := l.Launch(context.Background(), Spec{ID: "bench", Args: []string{"true"}, Init: init, Env: []string{"PATH=/usr/bin:/bin"}, TmpDir: tmp, MemoryMB: 128, Port: 9000})
					if err != nil {
						b.Fatal(err)
					}
					b.StopTimer()
					p.Close()
					b.StartTimer()
				}
			})
		}
	}
}
