package instance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

// greedy is a function that takes what it can get.
const greedy = `
import os, subprocess, sys

def echo(event, context):
    return event

def fill(event, context):
    with open("/tmp/large", "wb") as out:
        for _ in range(128):
            out.write(b"x" * (1 << 20))

def fill_again(event, context):
    os.remove("/tmp/large")
    with open("/tmp/small", "wb") as out:
        out.write(b"x" * (4 << 20))
    return "room again"

def bomb(event, context):
    kept = []
    while True:
        kept.append(subprocess.Popen(["sleep", "600"]))

def flood(event, context):
    line = b"x" * 4095 + b"\n"
    for _ in range(int(event)):
        os.write(1, line)
    return "survived"

def deep(event, context):
    import threading
    threading.stack_size(64 << 20)
    sys.setrecursionlimit(1 << 30)
    def down(n):
        return down([n])
    t = threading.Thread(target=down, args=(0,))
    t.start()
    t.join()
`

// greedyFunction starts the handler, with a neighbour beside it.
func greedyFunction(t *testing.T, handler string, change func(*Config)) (i, neighbour *Instance) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte(greedy), 0o644); err != nil {
		t.Fatal(err)
	}
	fn := fc.Function{Runtime: "python" + anyPython(t), Handler: "index.echo"}
	cfg, _ := config(t, "", dir, fn)
	neighbour = start(t, cfg)
	fn.Handler = "index." + handler
	cfg, _ = config(t, "", dir, fn)
	change(&cfg)
	return start(t, cfg), neighbour
}

// unharmed checks that the neighbour answers as before.
func unharmed(t *testing.T, neighbour *Instance) {
	t.Helper()
	if res := call(t, neighbour, &Invocation{Event: []byte("still here")}); string(res.Body) != "still here" {
		t.Errorf("the neighbour: %s %.200q", res.ErrorType, res.Body)
	}
}

// wants checks the type of an error document.
func wants(t *testing.T, res *Result, kind string) {
	t.Helper()
	var doc struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(res.Body, &doc); err != nil || res.ErrorType == "" || doc.ErrorType != kind {
		t.Errorf("%s %.300q, want %s", res.ErrorType, res.Body, kind)
	}
}

// TestFullDisk: the write fails as on any full disk, and when the function has
// made room it goes on.
func TestFullDisk(t *testing.T) {
	if launcher(t, "").Isolation().Disk != sandbox.DiskImage {
		t.Skip("/tmp is not bounded on this machine")
	}
	t.Parallel()
	i, neighbour := greedyFunction(t, "fill", func(cfg *Config) { cfg.Function.DiskSize = 64 })
	res := call(t, i, &Invocation{})
	wants(t, res, "OSError")
	if !strings.Contains(string(res.Body), "No space left on device") {
		t.Errorf("%.300q", res.Body)
	}
	i.cfg.Function.Handler = "index.fill_again"
	if res := call(t, i, &Invocation{}); string(res.Body) != "room again" {
		t.Errorf("%s %.300q", res.ErrorType, res.Body)
	}
	unharmed(t, neighbour)
}

// TestForkBomb: at the bound starting programs fails; where only looking on is
// possible, the instance ends.
func TestForkBomb(t *testing.T) {
	t.Parallel()
	i, neighbour := greedyFunction(t, "bomb", func(cfg *Config) { cfg.Function.Timeout, cfg.Function.MemorySize = 60, 4096 })
	res := call(t, i, &Invocation{})
	switch launcher(t, "").Isolation().Memory {
	case sandbox.MemorySampled:
		if res.ErrorType == "" {
			t.Errorf("%.300q", res.Body)
		}
	default:
		wants(t, res, "BlockingIOError")
	}
	unharmed(t, neighbour)
	i.Kill()
	unharmed(t, neighbour)
}

// TestGigabyteOfLog: nothing is held back and nothing kept but the tail.
func TestGigabyteOfLog(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	i, neighbour := greedyFunction(t, "flood", func(cfg *Config) {
		cfg.Function.Timeout = 600
		cfg.Logs = func(LogLine) {} // keeps none of it
	})
	res := make(chan *Result, 1)
	go func() { res <- call(t, i, &Invocation{Event: []byte("262144")}) }()
	for begin := time.Now(); time.Since(begin) < patience; {
		unharmed(t, neighbour)
		select {
		case r := <-res:
			if string(r.Body) != "survived" || len(r.LogTail) != fc.MaxTailLog {
				t.Errorf("%s %.300q, a tail of %d bytes", r.ErrorType, r.Body, len(r.LogTail))
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Error("a gigabyte isn't printed")
}

// TestStackOverflow ends the process, as the kernel has it.
func TestStackOverflow(t *testing.T) {
	t.Parallel()
	i, neighbour := greedyFunction(t, "deep", func(cfg *Config) { cfg.Function.Timeout, cfg.Function.MemorySize = 60, 1024 })
	res := call(t, i, &Invocation{})
	if res.ErrorType == "" {
		t.Errorf("%.300q", res.Body)
	}
	unharmed(t, neighbour)
}
