package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"s/pkg/runtime/rloader"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
	"s/pkg/toolchain/toolchaintest"
)

var table = flag.String("table", "", "write what came out into this page, instead of comparing it")

// launchers are shared by all clauses, one per mode.
var launchers = struct {
	sync.Mutex
	dir  string
	made map[string]sandbox.Launcher
}{made: map[string]sandbox.Launcher{}}

// tools finds interpreters once for all clauses.
var tools = sync.OnceValue(func() *toolchain.Finder { return toolchaintest.New(os.LookupEnv) })

func TestMain(m *testing.M) {
	if rloader.Is(os.Args) {
		os.Exit(rloader.Main())
	}
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" {
		if err := outcomes.page(*table); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	for _, l := range launchers.made {
		l.(io.Closer).Close()
	}
	os.RemoveAll(launchers.dir)
	for _, dir := range []string{goDir, imageDir} {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// launcher gives the launcher of a mode: "" is the best that the machine allows.
func launcher(s *subject, mode string) sandbox.Launcher {
	s.Helper()
	launchers.Lock()
	defer launchers.Unlock()
	if l := launchers.made[mode]; l != nil {
		return l
	}
	if launchers.dir == "" {
		dir, err := os.MkdirTemp("", "conformance")
		s.ok(err)
		launchers.dir = dir
	}
	l, err := sandbox.NewLauncher(sandbox.Options{StateDir: filepath.Join(launchers.dir, "state-"+mode), Mode: mode})
	s.ok(err)
	launchers.made[mode] = l
	return l
}

// living counts the processes of a program, "" for any, with a text in their
// environment.
func living(marker, program string) int {
	count := 0
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range found {
		text, err := os.ReadFile(path)
		name, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "comm"))
		if err == nil && bytes.Contains(text, []byte(marker)) && (program == "" || strings.TrimSpace(string(name)) == program) {
			count++
		}
	}
	return count
}
