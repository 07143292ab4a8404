package rloader

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// notStarted are commands that can't be executed, and how that is told.
func notStarted(t *testing.T) map[string]struct {
	order Order
	why   string
} {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	program(t, filepath.Join(dir, "orphan"), 0o755, "#!/no/such/interpreter -x\n")
	program(t, filepath.Join(dir, "plain"), 0o644, "#!/bin/sh\n")
	program(t, filepath.Join(dir, "text"), 0o755, "echo no shebang, no program\n")
	program(t, filepath.Join(dir, "empty"), 0o755, "")
	program(t, filepath.Join(dir, "cut"), 0o755, "\x7fELF\x02\x01\x01")
	program(t, filepath.Join(dir, "loop"), 0o755, "#!/bin/loop\n")
	if err := os.Symlink("/no/such/target", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		order Order
		why   string
	}{}
	for name, why := range map[string]string{
		"/t/absent":                      "not found: /t/absent: no such file",
		"/t/plain/under":                 "not found: /t/plain/under: not a directory",
		"/t/dangling":                    "not found: /t/dangling: no such file",
		"/t/orphan":                      "not found: /no/such/interpreter, the interpreter of /t/orphan: ",
		"/t/loop":                        "not found: /bin/loop, the interpreter of /t/loop: ",
		"/t/plain":                       "permission denied: /t/plain",
		"/t":                             "permission denied: /t",
		"/t/text":                        "not executable: /t/text: exec format error",
		"/t/empty":                       "not executable: /t/empty: exec format error",
		"/t/cut":                         "not executable: /t/cut: exec format error",
		"no-such-tool":                   "not found: no-such-tool (PATH is /usr",
		"":                               "not found: the command is empty",
		"/t/" + strings.Repeat("x", 300): "not executable: /t/xx",
	} {
		place := strings.NewReplacer("/t/", dir+"/", "of /t/", "of "+dir+"/")
		order := Order{Kind: KindRun, Args: []string{place.Replace(name)}, Env: shellEnv, Dir: "/"}
		if name == "/t" {
			order.Args[0] = dir
			why = "permission denied: " + dir
		}
		order.Mounts = []Mount{{Source: dir, Target: dir}}
		tests[name] = struct {
			order Order
			why   string
		}{order, place.Replace(why)}
	}
	for name, change := range map[string]func(*Order) string{
		"no arguments": func(o *Order) string { o.Args = nil; return "not found: the command is empty" },
		"no folder":    func(o *Order) string { o.Dir = "/no/such"; return "not found: working directory /no/such" },
		"a file as folder": func(o *Order) string {
			o.Dir = dir + "/plain"
			return "not found: working directory " + dir + "/plain: not a directory"
		},
		"zero byte": func(o *Order) string { o.Args[1] = "a\x00b"; return "not executable: /bin/sh: invalid argument" },
		"too many arguments": func(o *Order) string {
			o.Args[1] = strings.Repeat("x", 132<<10)
			return "not executable: /bin/sh: argument list too long"
		},
	} {
		order := script("true")
		order.Mounts = []Mount{{Source: dir, Target: dir}}
		why := change(&order)
		tests[name] = struct {
			order Order
			why   string
		}{order, why}
	}
	return tests
}

func TestNotStarted(t *testing.T) {
	t.Parallel()
	tests := notStarted(t)
	check := func(t *testing.T, order Order, why string) {
		t.Helper()
		l := start(t, order)
		l.want(ReportReady)
		if r, _ := l.want(ReportNotStarted); !strings.HasPrefix(r.Why, why) {
			t.Errorf("%.60q: %.200q, want %q", order.Args, r.Why, why)
		}
		if got := l.code(); got != exitNotStarted {
			t.Errorf("%.60q: exit code %d", order.Args, got)
		}
	}
	t.Run("staying", func(t *testing.T) {
		t.Parallel()
		for _, test := range tests {
			check(t, test.order, test.why)
		}
	})
	t.Run("becoming", func(t *testing.T) {
		t.Parallel()
		needNamespaces(t)
		for _, test := range tests {
			check(t, rooted(t, test.order), test.why)
		}
	})
}

// TestCommandStartsClean: environment, descriptors, signals, working folder
// and umask are what the order says, whatever rloader was started with.
func TestCommandStartsClean(t *testing.T) {
	t.Parallel()
	const text = `cat /proc/self/status; echo "Umask0: $(umask)"; echo "Dir: $(pwd)"; echo "OOM: $(cat /proc/self/oom_score_adj)"
		for f in /proc/self/fd/*; do echo "Fd${f##*/}: $f"; done; echo "Env: $(env | sort | tr '\n' ' ')"`
	check := func(t *testing.T, order Order, started int) {
		order.Env, order.Dir = []string{"PATH=/usr/bin:/bin", "A=", "B=1"}, "/usr"
		l := begin(t, func(cmd *exec.Cmd) {
			if order.Root != "" {
				confined(cmd.SysProcAttr)
			}
			cmd.Args, cmd.Env = []string{"test"}, []string{roleVariable + "=ignoring", endAtOnce}
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { null.Close() })
			cmd.ExtraFiles = append(cmd.ExtraFiles, null, null) // 4 and 5 stay open in rloader
		})
		send(t, l.control, order)
		if code := l.code(); code != 0 {
			t.Fatalf("exit code %d; it printed %q", code, l.out.String())
		}
		got := fields(l.out.String())
		for name, want := range map[string]string{
			"SigIgn": "0000000000000000", "SigBlk": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "0",
			"Dir": "/usr", "OOM": oomScore, "Env": "A= B=1 PATH=/usr/bin:/bin PWD=/usr", "Fd4": "", "Fd5": "", "Fd6": "",
		} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
		if started == 1 && got["Umask0"] != "0022" {
			t.Errorf("umask is %s", got["Umask0"])
		}
	}
	t.Run("staying", func(t *testing.T) { t.Parallel(); check(t, script(text), 0) })
	t.Run("becoming", func(t *testing.T) {
		t.Parallel()
		needNamespaces(t)
		check(t, rooted(t, script(text)), 1)
	})
}
