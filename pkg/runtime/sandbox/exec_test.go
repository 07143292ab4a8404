//go:build linux

package sandbox

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// exec runs a shell script inside and gives its output.
func (i *instance) exec(script string, spec ExecSpec) (stdout, stderr string, code int) {
	i.t.Helper()
	out, errOut := &output{}, &output{}
	spec.Args = []string{"sh", "-c", script}
	spec.Stdout = out
	if !spec.TTY {
		spec.Stderr = errOut
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code, err := i.Exec(ctx, spec)
	if err != nil {
		i.t.Errorf("exec %q: %v", script, err)
	}
	return out.String(), errOut.String(), code
}

// idle is an instance that waits.
func (h *house) idle(init bool) *instance {
	h.t.Helper()
	spec := h.spec("echo up; exec sleep 1000")
	spec.Init = init
	spec.Env = append(spec.Env, "OWN=own", "SHARED=own")
	i := h.launch(spec)
	i.waitFor("up")
	return i
}

func TestExecWithPipes(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			i := h.idle(init)
			out, errOut, code := i.exec(`cat; echo "$OWN $SHARED $ADDED"; pwd; echo problem >&2; exit 9`,
				ExecSpec{Stdin: strings.NewReader("the input\n"), Env: []string{"SHARED=new", "ADDED=added"}, Dir: "/usr"})
			if out != "the input\nown new added\n/usr\n" || errOut != "problem\n" || code != 9 {
				h.t.Errorf("init %t: %q %q %d", init, out, errOut, code)
			}
			if out, _, code := i.exec(`kill -TERM $$`, ExecSpec{}); out != "" || code != 128+15 {
				h.t.Errorf("init %t: a signal's code is %d, %q", init, code, out)
			}
			if out, _, _ := i.exec(`cat; echo end`, ExecSpec{}); out != "end\n" {
				h.t.Errorf("init %t: without input: %q", init, out)
			}
		}
	})
}

// TestExecIsInside looks at the instance from a command in it.
func TestExecIsInside(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(false)
		if h.namespaces() {
			out, _, _ := i.exec(`tr '\0' ' ' </proc/1/cmdline; echo; echo parent $PPID; ls -d /proc/[0-9]*/ | wc -l; touch /tmp/from-exec; readlink /proc/self/ns/pid /proc/1/ns/pid /proc/self/ns/mnt /proc/1/ns/mnt`, ExecSpec{})
			lines := strings.Split(out, "\n")
			if lines[0] != "sleep 1000 " || lines[1] != "parent 0" {
				h.t.Errorf("PID 1 and parent: %q", lines[:2])
			}
			if n := strings.TrimSpace(lines[2]); n != "3" && n != "4" { // sleep, sh, ls and wc
				h.t.Errorf("%s processes are to be seen", n)
			}
			if lines[3] != lines[4] || lines[5] != lines[6] {
				h.t.Errorf("namespaces %q", lines[3:7])
			}
			if _, err := os.Stat(i.Process.(*process).spec.TmpDir + "/from-exec"); err != nil {
				h.t.Error(err)
			}
		}
		out, _, _ := i.exec(`grep -E '^(NoNewPrivs|Seccomp|CapEff)' /proc/self/status; grep memory /proc/self/cgroup; ls /proc/$$/fd | tr '\n' ' '`, ExecSpec{})
		for _, want := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t0\n", "0 1 2 "} {
			if !strings.Contains(out, want) {
				h.t.Errorf("%q is missing in\n%s", want, out)
			}
		}
		if p := i.Process.(*process); p.l.groups != nil && !strings.Contains(out, p.l.groups.owner) {
			h.t.Errorf("the command isn't in the instance's cgroup:\n%s", out)
		}
	})
}

func TestExecWithTerminal(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			i := h.idle(init)
			out, _, code := i.exec(`tty; stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo "all three"; echo $TERM; ps -o tty= -p $$; exit 5`, ExecSpec{TTY: true, Rows: 31, Cols: 97})
			for _, want := range []string{"/dev/pts/", "31 97\r\n", "all three\r\n", "xterm\r\n"} {
				if !strings.Contains(out, want) {
					h.t.Errorf("init %t: %q is missing in %q", init, want, out)
				}
			}
			if strings.Contains(out, "not a tty") || strings.Contains(out, "?") || code != 5 {
				h.t.Errorf("init %t: code %d, %q", init, code, out)
			}
		}
	})
}

// TestTerminalSession types into an interactive shell: control-C reaches what
// runs in the foreground, and a new size is seen.
func TestTerminalSession(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(true)
		keys, typed := io.Pipe()
		out, resize := &output{}, make(chan [2]uint16)
		type result struct {
			code int
			err  error
		}
		ended := make(chan result, 1)
		go func() {
			code, err := i.Exec(context.Background(), ExecSpec{Args: []string{"sh", "-i"}, TTY: true, Rows: 24, Cols: 80, Stdin: keys, Stdout: out, Resize: resize, Env: []string{"PS1=prompt> "}})
			ended <- result{code, err}
		}()
		send := func(text string) {
			if _, err := typed.Write([]byte(text)); err != nil {
				h.t.Error(err)
			}
		}
		out.waitFor(h.t, "prompt> ")
		send("stty -echo; echo he''llo\n")
		out.waitFor(h.t, "hello\r\n")
		send("echo wait''ing; sleep 1000; echo went on\n")
		out.waitFor(h.t, "waiting\r\n")
		// More than once, if need be: before the shell has put sleep into the
		// foreground, the signal is the shell's own.
		eventually(h.t, "interrupted", func() bool {
			send("\x03")
			time.Sleep(20 * time.Millisecond)
			send("echo inter''rupted\n")
			time.Sleep(80 * time.Millisecond)
			return strings.Contains(out.String(), "interrupted\r\n")
		}, out.String)
		resize <- [2]uint16{50, 132}
		send("while [ \"$(stty size)\" != '50 132' ]; do sleep 0.01; done; echo re''sized\n")
		out.waitFor(h.t, "resized\r\n")
		send("sleep 1000 &\n jobs; kill %1; echo job''control\n")
		out.waitFor(h.t, "jobcontrol\r\n")
		if strings.Contains(out.String(), "job control turned off") || strings.Contains(out.String(), "can't access tty") {
			h.t.Errorf("no job control: %q", out.String())
		}
		send("exit 6\n")
		select {
		case r := <-ended:
			if r.code != 6 || r.err != nil {
				h.t.Errorf("the shell ended with %d, %v", r.code, r.err)
			}
		case <-time.After(patience):
			h.t.Errorf("the shell doesn't end: %q", out.String())
		}
		typed.Close()
	})
}

// TestTerminalEndOfInput: a script piped into a terminal session ends it.
func TestTerminalEndOfInput(t *testing.T) {
	each(t, func(h *house) {
		out, _, code := h.idle(false).exec(`cat >/dev/null; echo at end`, ExecSpec{TTY: true, Rows: 24, Cols: 80, Stdin: strings.NewReader("line\n")})
		if !strings.Contains(out, "at end") || code != 0 {
			h.t.Errorf("%q %d", out, code)
		}
	})
}

func TestExecMuchOutput(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(false)
		for _, tty := range []bool{false, true} {
			out, _, code := i.exec(`head -c 3000000 /dev/zero | tr '\0' x; echo; echo last`, ExecSpec{TTY: tty, Rows: 24, Cols: 80})
			if len(out) < 3000000 || !strings.HasSuffix(strings.ReplaceAll(out, "\r", ""), "x\nlast\n") || code != 0 {
				h.t.Errorf("tty %t: %d bytes, code %d, end %q", tty, len(out), code, out[max(0, len(out)-20):])
			}
		}
	})
}

// TestExecLeavesBackground: a command's end doesn't wait for what it started.
func TestExecLeavesBackground(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(false)
		start := time.Now()
		out, _, code := i.exec(`sleep 1000 & echo done`, ExecSpec{})
		if out != "done\n" || code != 0 || time.Since(start) > patience/2 {
			h.t.Errorf("%q %d after %s", out, code, time.Since(start))
		}
	})
}

func TestExecNotFound(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(false)
		for _, tty := range []bool{false, true} {
			code, err := i.Exec(context.Background(), ExecSpec{Args: []string{"no-such-command"}, TTY: tty})
			var failed *StartError
			if code != 127 || !errors.As(err, &failed) || !strings.HasPrefix(failed.Why, StartNotFound+": no-such-command") {
				h.t.Errorf("tty %t: %d, %v", tty, code, err)
			}
		}
	})
}

func TestExecIsCancelled(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(true)
		for _, tty := range []bool{false, true} {
			marker := newMarker()
			ctx, cancel := context.WithCancel(context.Background())
			out := &output{}
			ended := make(chan error, 1)
			go func() {
				_, err := i.Exec(ctx, ExecSpec{Args: []string{"sh", "-c", "trap '' TERM HUP; sh -c 'echo up; sleep 1000; : " + marker + "'; : " + marker}, TTY: tty, Stdout: out})
				ended <- err
			}()
			out.waitFor(h.t, "up")
			cancel()
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					h.t.Errorf("tty %t: %v", tty, err)
				}
			case <-time.After(patience):
				h.t.Fatalf("tty %t: it goes on", tty)
			}
			waitDead(h.t, marker)
		}
		if err := i.Process.(*process).alive(); err != nil {
			h.t.Errorf("the instance has ended with the command: %v", err)
		}
	})
}

// TestInstanceEndsDuringExec takes the commands with it.
func TestInstanceEndsDuringExec(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			i, marker := h.idle(init), newMarker()
			out := &output{}
			ended := make(chan int, 1)
			go func() {
				code, err := i.Exec(context.Background(), ExecSpec{Args: []string{"sh", "-c", "echo up; sleep 1000; : " + marker}, Stdout: out})
				if err != nil {
					h.t.Errorf("init %t: %v", init, err)
				}
				ended <- code
			}()
			out.waitFor(h.t, "up")
			i.Kill()
			if n := alive(h.t, marker); n != 0 {
				h.t.Errorf("init %t: %d processes outlive Kill", init, n)
			}
			select {
			case code := <-ended:
				if code != 128+9 {
					h.t.Errorf("init %t: the killed command's code is %d", init, code)
				}
			case <-time.After(patience):
				h.t.Fatalf("init %t: Exec doesn't return", init)
			}
			if _, err := i.Exec(context.Background(), ExecSpec{Args: []string{"true"}}); !errors.Is(err, os.ErrProcessDone) {
				h.t.Errorf("init %t: exec in the dead: %v", init, err)
			}
		}
	})
}

// TestExecIsUnderTheFilter: a server started by hand has private ports too.
func TestExecIsUnderTheFilter(t *testing.T) {
	each(t, func(h *house) {
		i := h.launch(h.program("serve", "main", "0.0.0.0:9000"))
		i.waitFor("serving")
		out := &output{}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = i.Exec(ctx, ExecSpec{Args: []string{programPath, "second", "0.0.0.0:9001"}, Env: programEnv("serve"), Stdout: out})
		}()
		out.waitFor(h.t, "serving\n")
		if got, err := fetch("tcp", strings.TrimSuffix(i.Addr(), "9000")+"9001"); got != "second" || err != nil {
			h.t.Errorf("answers %q, %v", got, err)
		}
		cancel()
		<-ended
		if got, err := fetch("tcp", i.Addr()); got != "main" || err != nil {
			h.t.Errorf("after the command's end: %q, %v", got, err)
		}
	})
}

func TestConcurrentExecs(t *testing.T) {
	each(t, func(h *house) {
		i := h.idle(true)
		results := make(chan string, 8)
		for n := range cap(results) {
			go func() {
				out := &output{}
				code, err := i.Exec(context.Background(), ExecSpec{Args: []string{"sh", "-c", "cat"}, TTY: n%2 == 0, Stdin: strings.NewReader("text\n"), Stdout: out})
				if code != 0 || err != nil || !strings.Contains(out.String(), "text") {
					results <- out.String()
					return
				}
				results <- ""
			}()
		}
		for range cap(results) {
			if wrong := <-results; wrong != "" {
				h.t.Errorf("got %q", wrong)
			}
		}
	})
}

func TestMergeEnv(t *testing.T) {
	t.Parallel()
	own := []string{"A=1", "B=2", "AB=3"}
	for _, test := range []struct {
		spec ExecSpec
		want []string
	}{
		{ExecSpec{}, own},
		{ExecSpec{Env: []string{"A=new", "C=4"}}, []string{"B=2", "AB=3", "A=new", "C=4"}},
		{ExecSpec{TTY: true}, []string{"A=1", "B=2", "AB=3", "TERM=xterm"}},
		{ExecSpec{TTY: true, Env: []string{"TERM=dumb"}}, []string{"A=1", "B=2", "AB=3", "TERM=dumb"}},
	} {
		if got := mergeEnv(own, test.spec); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %q, want %q", test.spec, got, test.want)
		}
	}
	if !slices.Equal(own, []string{"A=1", "B=2", "AB=3"}) {
		t.Errorf("the instance's own was changed: %q", own)
	}
}
