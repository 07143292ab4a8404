//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/proc/proctest"
	"s/pkg/runtime/rloader"
)

func TestRunsTheProgram(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.spec(`echo "args $# $1|$2"; pwd; echo to stderr >&2; exit 7`, "one two", "")
			spec.Init, spec.Dir = init, "/usr"
			out, exit := h.run(spec)
			if want := "args 2 one two|\n/usr\nto stderr\n"; out != want {
				h.t.Errorf("init %t: printed %q, want %q", init, out, want)
			}
			if exit != (Exit{Code: 7}) {
				h.t.Errorf("init %t: exit %+v", init, exit)
			}
		}
	})
}

func TestEnvironmentIsExact(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.spec("")
			spec.Args, spec.Init, spec.TmpDir = []string{"env"}, init, ""
			spec.Env = []string{"PATH=/usr/bin:/bin", "A=1", "B=with space = and equals"}
			out, exit := h.run(spec)
			if want := strings.Join(spec.Env, "\n") + "\n"; out != want || exit.Code != 0 {
				h.t.Errorf("init %t: environment %q, want %q; %+v", init, out, want, exit)
			}
		}
	})
}

func TestSignalEndsTheProgram(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			if !init && h.namespaces() {
				continue // PID 1 can't kill itself
			}
			spec := h.spec(`kill -KILL $$`)
			spec.Init = init
			if _, exit := h.run(spec); exit != (Exit{Code: -1, Signal: "killed"}) {
				h.t.Errorf("init %t: exit %+v", init, exit)
			}
		}
	})
}

// TestManagedIsChildOfRloader is what a managed function sees of itself.
func TestManagedIsChildOfRloader(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		spec := h.spec(`tr '\0' ' ' </proc/1/cmdline; echo; echo parent $PPID; ls -d /proc/[0-9]* | wc -l; ls -l /var/fc/runtime /var/fc/runtime/python3; cat /var/fc/runtime/python3/bootstrap.py`)
		spec.Init = true
		dir := h.t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "bootstrap.py"), []byte("the bootstrap's text\n"), 0o644); err != nil {
			h.t.Fatal(err)
		}
		spec.Mounts = []Mount{{Source: dir, Target: "/var/fc/runtime/python3", ReadOnly: true}}
		out, _ := h.run(spec)
		lines := strings.Split(out, "\n")
		if lines[0] != rloader.Path+" " || lines[1] != "parent 1" {
			h.t.Errorf("PID 1 and parent are %q, %q", lines[0], lines[1])
		}
		// rloader, the shell, and the shell's two of the pipe.
		if count := strings.TrimSpace(lines[2]); count != "3" && count != "4" {
			h.t.Errorf("%s processes are to be seen", count)
		}
		for _, want := range []string{" rloader\n", " python3\n", " bootstrap.py\n", "the bootstrap's text\n"} {
			if !strings.Contains(out, want) {
				h.t.Errorf("%q is missing in\n%s", want, out)
			}
		}
	})
}

// TestCustomIsPIDOne is what a custom runtime's command sees of itself.
func TestCustomIsPIDOne(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		out, _ := h.run(h.spec(`echo $$ $PPID; tr '\0' ' ' </proc/1/cmdline`))
		if want := "1 0\n/bin/sh -c "; !strings.HasPrefix(out, want) {
			h.t.Errorf("printed %q, want %q first", out, want)
		}
	})
}

func TestStartFailures(t *testing.T) {
	each(t, func(h *house) {
		dir := h.t.TempDir()
		for name, text := range map[string]string{"orphan": "#!/no/such/interpreter\n", "plain": "text", "nonsense": "\x00\x01\x02"} {
			proctest.Program(h.t, filepath.Join(dir, name), text)
		}
		if err := os.Chmod(filepath.Join(dir, "plain"), 0o644); err != nil {
			h.t.Fatal(err)
		}
		for _, test := range []struct{ command, dir, want string }{
			{"no-such-command", "/", StartNotFound},
			{"/code/absent", "/", StartNotFound},
			{"/code/orphan", "/", StartNotFound + ": /no/such/interpreter"},
			{"/code/plain", "/", StartPermission},
			{"/code", "/", StartPermission},
			{"/code/nonsense", "/", StartNotProgram},
			{"true", "/no/such/folder", StartNotFound + ": working directory"},
			{"", "/", StartNotFound},
		} {
			for _, init := range []bool{false, true} {
				spec := h.spec("")
				spec.Args, spec.Dir, spec.Init = []string{test.command}, test.dir, init
				spec.Mounts = []Mount{{Source: dir, Target: "/code"}}
				out, exit := h.run(spec)
				if !strings.HasPrefix(exit.StartFail, test.want) || exit.Code == 0 || out != "" {
					h.t.Errorf("%q in %s, init %t: %+v, printed %q; want %q", test.command, test.dir, init, exit, out, test.want)
				}
			}
		}
	})
}

// TestBrokenSandbox asks for a mount that can't be made.
func TestBrokenSandbox(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		for _, init := range []bool{false, true} {
			spec := h.spec("true")
			spec.Init = init
			spec.Mounts = []Mount{{Source: "/no/such/folder", Target: "/code"}}
			p, err := h.l.Launch(context.Background(), spec)
			if p != nil || err == nil || !strings.Contains(err.Error(), "/no/such/folder on /code") {
				h.t.Errorf("init %t: got %v, %v", init, p, err)
			}
		}
	})
}

func TestLaunchIsCancelled(t *testing.T) {
	each(t, func(h *house) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		marker := newMarker()
		p, err := h.l.Launch(ctx, h.spec("sleep 1000; : "+marker))
		if p != nil || !errors.Is(err, context.Canceled) {
			h.t.Errorf("got %v, %v", p, err)
		}
		waitDead(h.t, marker)
	})
}

func TestConcurrentLaunches(t *testing.T) {
	each(t, func(h *house) {
		const count = 12
		errs := make(chan error, count)
		for i := range count {
			spec := h.program("serve", fmt.Sprint("instance ", i), "0.0.0.0:9000")
			spec.Init = i%2 == 0
			go func() {
				errs <- func() error {
					p, err := h.l.Launch(context.Background(), spec)
					if err != nil {
						return err
					}
					defer p.Close()
					for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
						text, err := fetch("tcp", p.Addr())
						if err == nil && text == spec.Args[1] {
							return nil
						}
						if err == nil || time.Now().After(deadline) {
							return fmt.Errorf("%s answers %q, %v", p.Addr(), text, err)
						}
					}
				}()
			}()
		}
		for range count {
			if err := <-errs; err != nil {
				h.t.Error(err)
			}
		}
	})
}

func TestLauncherRefusesNonsense(t *testing.T) {
	t.Parallel()
	if _, err := NewLauncher(Options{}); err == nil {
		t.Error("a launcher without a state folder")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewLauncher(Options{StateDir: file}); err == nil {
		t.Error("a launcher with a file for a state folder")
	}
	if _, err := NewLauncher(Options{StateDir: t.TempDir(), SelfExe: "/no/such/program"}); err == nil {
		t.Error("a launcher without a program to start")
	}
	if _, err := NewLauncher(Options{StateDir: t.TempDir(), SelfExe: "/bin/true"}); err == nil {
		t.Error("a launcher with a program that isn't rloader")
	}
}

func TestIsolationIsTold(t *testing.T) {
	each(t, func(h *house) {
		i := h.l.Isolation()
		want := ModeProcess
		switch {
		case os.Getenv(onlyWorld) != "":
			want = ModeUserNamespaces
		case os.Geteuid() == 0 && !strings.Contains(h.t.Name(), "process"):
			want = ModeNamespaces
		}
		if inUserNamespace() && want == ModeNamespaces {
			want = ModeUserNamespaces
		}
		if i.Mode != want || i.Ports != PortsPrivate {
			h.t.Errorf("isolation is %+v, want %s and private ports", i, want)
		}
		if strings.Contains(h.t.Name(), "sampled") && i.Memory != MemorySampled {
			h.t.Errorf("memory is %s", i.Memory)
		}
		if i.Memory == MemorySampled && !strings.Contains(h.t.Name(), "sampled") && !strings.Contains(i.Why, "memory cgroup: ") {
			h.t.Errorf("it doesn't say why there is no cgroup: %q", i.Why)
		}
	})
}

func TestPortsCanBeFixed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Options{Ports: PortsFixed, Mode: ModeProcess})
	if got := h.l.Isolation().Ports; got != PortsFixed {
		t.Errorf("ports are %s", got)
	}
	spec := h.program("bind", "tcp4/0.0.0.0:0")
	spec.Port = 9123
	i := h.launch(spec)
	if i.Addr() != "127.0.0.1:9123" {
		t.Errorf("the address is %s", i.Addr())
	}
	if out, _ := i.end(); !strings.Contains(out, "-> 0.0.0.0:") {
		t.Errorf("bound %q", out)
	}
}
