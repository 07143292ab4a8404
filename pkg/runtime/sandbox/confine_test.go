//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostIsHidden looks for what of the host must not be seen, or written.
func TestHostIsHidden(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		secret := filepath.Join(h.t.TempDir(), "secret")
		if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
			h.t.Fatal(err)
		}
		out, exit := h.run(h.spec(`
			for f in "$1" /var/lib/dpkg /boot /media; do [ -e "$f" ] && echo "sees $f"; done
			for d in /home /root /srv /mnt /opt; do [ -z "$(ls -A $d)" ] || echo "$d isn't empty"; done
			for f in /usr/x /etc/x /bin/x /sys/x /proc/sys/kernel/hostname; do echo x 2>/dev/null >$f && echo "writes $f"; done
			for d in /usr /etc /proc/self /dev/shm /dev/pts /sys; do [ -d $d ] || echo "no $d"; done
			for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo "no /dev/$d"; done
			[ -z "$(find /dev -type b)" ] || echo "block devices"
			echo x >/dev/null && head -c 4 /dev/zero | wc -c
			for d in /tmp /dev/shm /var/tmp /run; do echo x >$d/file || echo "can't write $d"; done
			[ "$(readlink /dev/fd)" = /proc/self/fd ] || echo "no /dev/fd"
			true`, secret))
		if strings.TrimSpace(out) != "4" || exit.Code != 0 {
			h.t.Errorf("%s%+v", out, exit)
		}
	})
}

func TestMounts(t *testing.T) {
	each(t, func(h *house) {
		code, data, tmp := h.t.TempDir(), h.t.TempDir(), h.t.TempDir()
		file := filepath.Join(h.t.TempDir(), "single")
		for path, text := range map[string]string{filepath.Join(code, "main"): "code", filepath.Join(data, "in"): "data", file: "single"} {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				h.t.Fatal(err)
			}
		}
		spec := h.spec(`cat main /mnt/deep/data/in /var/fc/runtime/x/one; echo out >/mnt/deep/data/out; echo tmp >"$TMPDIR/t"; echo no >main && echo wrote; true`)
		if h.namespaces() {
			spec.Env = append(spec.Env, "TMPDIR=/tmp")
		}
		spec.Dir, spec.TmpDir = "/code", tmp
		spec.Mounts = []Mount{
			// The child before its parent: order must not matter.
			{Source: data, Target: "/mnt/deep/data"},
			{Source: h.t.TempDir(), Target: "/mnt"},
			{Source: code, Target: "/code", ReadOnly: true},
			{Source: file, Target: "/var/fc/runtime/x/one", ReadOnly: true},
		}
		out, _ := h.run(spec)
		if !strings.HasPrefix(out, "codedatasingle") {
			h.t.Errorf("read %q", out)
		}
		if h.namespaces() && strings.Contains(out, "wrote") {
			h.t.Error("a read-only mount was written")
		}
		for path, want := range map[string]string{filepath.Join(data, "out"): "out\n", filepath.Join(tmp, "t"): "tmp\n"} {
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				h.t.Errorf("%s on the host: %q, %v", path, got, err)
			}
		}
	})
}

// TestRights reads what the kernel thinks of the program.
func TestRights(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.spec(`grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp|SigIgn|SigBlk):' /proc/self/status; cat /proc/self/oom_score_adj; ls -l /proc/$$/fd | awk 'NR>1{print "fd",$9}'`)
			spec.Init, spec.Port = init, 9000
			out, _ := h.run(spec)
			want := "NoNewPrivs:\t1\nSeccomp:\t2\n"
			if !strings.Contains(out, want) {
				h.t.Errorf("init %t: %q is missing in\n%s", init, want, out)
			}
			if os.Geteuid() == 0 && !strings.Contains(out, "CapEff:\t00000000800001fb\n") && !strings.Contains(out, "CapEff:\t00000000800005fb\n") {
				h.t.Errorf("init %t: capabilities in\n%s", init, out)
			}
			if !strings.Contains(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n") {
				h.t.Errorf("init %t: signals in\n%s", init, out)
			}
			if !strings.Contains(out, "\n500\n") {
				h.t.Errorf("init %t: OOM score in\n%s", init, out)
			}
			_, fds, _ := strings.Cut(out, "\n500\n")
			if fds != "fd 0\nfd 1\nfd 2\n" {
				h.t.Errorf("init %t: descriptors %q", init, fds)
			}
		}
	})
}

// TestNoFilterWithoutPort: only programs that serve pay for the filter.
func TestNoFilterWithoutPort(t *testing.T) {
	each(t, func(h *house) {
		out, _ := h.run(h.spec(`grep ^Seccomp: /proc/self/status`))
		if out != "Seccomp:\t0\n" {
			h.t.Errorf("got %q", out)
		}
	})
}

// TestRloaderOfManagedHasNoAccess: the function can't get at PID 1.
func TestRloaderOfManagedHasNoAccess(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		spec := h.spec(`ls /proc/1/fd 2>&1 | wc -l; kill -KILL 1; sleep 0.05; echo still here`)
		spec.Init = true
		out, exit := h.run(spec)
		if !strings.HasSuffix(out, "still here\n") || exit.Code != 0 {
			h.t.Errorf("%q %+v", out, exit)
		}
	})
}

func TestNames(t *testing.T) {
	each(t, func(h *house) {
		out, exit := h.run(h.spec(`cat /etc/resolv.conf >/dev/null && cat /etc/hosts >/dev/null && cat /etc/passwd >/dev/null && echo readable`))
		if _, err := os.Stat("/etc/resolv.conf"); err != nil {
			h.t.Skip("this machine has no /etc/resolv.conf")
		}
		if out != "readable\n" {
			h.t.Errorf("%q %+v", out, exit)
		}
	})
}
