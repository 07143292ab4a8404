package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"s/pkg/iostreams/screentest"
)

// terminalColumns is how wide the terminal of onterminal is.
const terminalColumns = 80

// onterminal REGEXP FILE PROGRAM ARGS... runs a program on a terminal, and makes
// FILE once what came there matches REGEXP. All that came is in the file
// terminal.raw, the screen at the end in terminal.
func onterminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: onterminal REGEXP FILE PROGRAM [ARG...]")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	master, terminal, err := pty.Open()
	ts.Check(err)
	defer master.Close()
	ts.Check(pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: terminalColumns}))
	cmd := exec.Command(find(ts, args[2]), args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "S_HOME", "TMPDIR", "TERM", "LANG", "LC_ALL", "CI", "NO_COLOR"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	ts.Check(cmd.Start())
	terminal.Close()
	raw := watch(master, func(raw []byte) {
		if want.Match(raw) {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), nil, 0o644))
		}
	})
	failed := cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("terminal.raw"), raw, 0o644))
	shown, err := screentest.Show(terminalColumns, string(raw))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("terminal"), []byte(shown+"\n"), 0o644))
	ts.Logf("%s", shown)
	ts.Check(failed)
}

// find looks for a program on the script's PATH.
func find(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	ts.Fatalf("no %s on the PATH", name)
	return ""
}

// watch reads until the other side is gone, and tells what came so far each time.
func watch(master *os.File, see func(raw []byte)) []byte {
	var raw []byte
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf)
		raw = append(raw, buf[:n]...)
		see(raw)
		if err != nil {
			return raw // Linux: EIO
		}
	}
}
