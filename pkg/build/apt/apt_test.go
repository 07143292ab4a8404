package apt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
)

// fakes puts an apt-get and a dpkg-deb on the PATH that note how they are run.
// Of the packages asked for the former names libx1, which needs libc6 and liby1.
func fakes(t *testing.T, install string) (runs func() []string) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the packages are for linux/amd64")
	}
	dir := buildtest.TempDir(t)
	buildtest.Script(t, filepath.Join(dir, "apt-get"), `#!/bin/sh
echo "apt-get $*" >>`+dir+`/runs
while [ "$1" = -o ]; do shift 2; done
case "$1" in
install)
	echo "W: a warning"
	case "$*" in *util-linux*) echo "'http://d.example.com/c' libc6_2.36-9_amd64.deb 1 SHA256:00"; exit ;; esac
	`+install+`
	echo "'http://d.example.com/x' libx1_1%3a2.0-1+b1_amd64.deb 1 SHA256:00"
	echo "'http://d.example.com/y' liby1_3_all.deb 1 SHA256:00"
	echo "'http://d.example.com/c' libc6_2.36-9_amd64.deb 1 SHA256:00" ;;
download) touch libx1_1%3a2.0-1+b1_amd64.deb ;;
esac
`)
	buildtest.Script(t, filepath.Join(dir, "dpkg-deb"), `#!/bin/sh
echo "dpkg-deb $*" >>`+dir+`/runs
mkdir -p "$3/usr/lib/x86_64-linux-gnu" "$3/usr/share/doc/x"
echo library >"$3/usr/lib/x86_64-linux-gnu/libx.so.1"
echo text >"$3/usr/share/doc/x/copyright"
ln -s /usr/lib/x86_64-linux-gnu/libx.so.1 "$3/usr/lib/libx.so"
ln -s /etc/alternatives/none "$3/usr/lib/dangling"
ln -s ../../../../../../etc/passwd "$3/usr/lib/outside"
ln -s x86_64-linux-gnu/libx.so.1 "$3/usr/lib/relative"
`)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return func() []string { return buildtest.Lines(t, filepath.Join(dir, "runs")) }
}

func builder(glibc string) *Builder {
	return &Builder{Environ: os.Environ(), Glibc: func(context.Context) (string, error) { return glibc, nil }}
}

func TestPackages(t *testing.T) {
	runs := fakes(t, "")
	p := projecttest.New(t, "custom.debian12", map[string]string{listFile: "libx1 # the scanner\n\nlibx1\n", "app.py": ""})
	a := p.Build(builder("2.36"))
	want := map[string]string{
		"usr/": "", "usr/lib/": "", "usr/lib/x86_64-linux-gnu/": "", "usr/share/": "", "usr/lib/x86_64-linux-gnu/libx.so.1": "library\n",
		"usr/lib/libx.so": "->x86_64-linux-gnu/libx.so.1", "usr/lib/relative": "->x86_64-linux-gnu/libx.so.1",
	}
	if diff := cmp.Diff(want, buildtest.Names(t, filepath.Join(p.Req.ArtifactDir, "apt-archives"))); diff != "" {
		t.Error(diff)
	}
	if got := a.Env["LD_LIBRARY_PATH"]; !strings.HasPrefix(got, "/code/apt-archives/usr/local/lib/x86_64-linux-gnu:") || !strings.HasSuffix(got, ":/code:/code/lib:/usr/local/lib:/opt/lib") {
		t.Errorf("LD_LIBRARY_PATH=%s", got)
	}
	if got := a.Env["PATH"]; !strings.Contains(got, "/code/apt-archives/usr/bin:") {
		t.Errorf("PATH=%s", got)
	}
	all := runs()
	if len(all) != 4 || !strings.HasSuffix(all[0], " --no-install-recommends -- libx1") || !strings.HasSuffix(all[2], " download -- libx1=1:2.0-1+b1 liby1=3") {
		t.Errorf("runs: %q", all)
	}
	if a := p.Build(builder("2.36")); !a.Unchanged {
		t.Errorf("%+v", a)
	}
}

func TestBasePackagesThatAreAskedFor(t *testing.T) {
	runs := fakes(t, "")
	p := projecttest.New(t, "custom.debian12", map[string]string{listFile: "libc6=2.36-9 libx1"})
	p.Req.Legacy = true
	a := p.Build(builder("2.36"))
	if got := strings.Join(runs(), "\n"); !strings.Contains(got, "download -- libx1=1:2.0-1+b1 liby1=3 libc6=2.36-9") {
		t.Errorf("runs: %s", got)
	}
	if p.Artifact(".s/root/usr/lib/libx.so") != "library\n" || !strings.Contains(a.Env["LD_LIBRARY_PATH"], "/code/.s/root/usr/lib:") {
		t.Errorf("%+v", a.Env)
	}
}

func TestAptFails(t *testing.T) {
	fakes(t, "echo 'E: Unable to locate package libx1' >&2; exit 100")
	p := projecttest.New(t, "custom.debian12", map[string]string{listFile: "libx1"})
	var failed *build.BuildError
	if err := p.Fail(builder("2.36")); !errors.As(err, &failed) || failed.Tool != "apt-get install" || !strings.Contains(strings.Join(failed.Tail, "\n"), "Unable to locate") {
		t.Errorf("got %v", err)
	}
	fakes(t, "exit 0")
	if err := p.Fail(builder("2.36")); !strings.Contains(err.Error(), "names nothing to download") {
		t.Errorf("got %v", err)
	}
}

func TestWhereItCannotBeDone(t *testing.T) {
	fakes(t, "")
	for _, tc := range []struct {
		runtime, glibc string
		platform       build.Platform
		want           string
	}{
		{"custom.debian10", "2.36", "", "apt-get.list: the packages of this machine are for glibc 2.36, and custom.debian10 has 2.28"},
		{"custom.debian12", "musl", "", "apt-get.list: the packages of this machine are for glibc musl, and custom.debian12 has 2.36"},
		{"custom.debian12", "2.36", "linux/arm64", "apt-get.list: packages for linux/arm64 can't be had on linux/amd64"},
	} {
		p := projecttest.New(t, tc.runtime, map[string]string{listFile: "libx1"})
		p.Req.Platform = tc.platform
		err := p.Fail(builder(tc.glibc))
		var help *build.HelpError
		if !errors.As(err, &help) || help.Help != "s build --use-docker" || !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("got %v", err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	p := projecttest.New(t, "custom.debian12", map[string]string{listFile: "libx1"})
	if err := p.Fail(builder("2.36")); !strings.Contains(err.Error(), "no apt-get on the PATH") {
		t.Errorf("got %v", err)
	}
	if _, err := (&Builder{}).getconf(context.Background()); err == nil {
		t.Error("getconf isn't there")
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		runtime, list, want string
		needed              bool
	}{
		{"custom", "libzbar0\nffmpeg=7:4.1-1 # video\n", "", true},
		{"python3.10", "x11-utils", "", true},
		{"custom", "# none\n\n", "", false},
		{"custom-container", "libzbar0", "", false},
		{"custom", "libx1\n--allow-unauthenticated\n", `apt-get.list:2: not the name of a package: "--allow-unauthenticated"`, false},
		{"custom", "Zbar", `apt-get.list:1: not the name of a package: "Zbar"`, false},
		{"custom", "x;reboot", `apt-get.list:1: not the name of a package: "x;reboot"`, false},
	} {
		p := projecttest.New(t, tc.runtime, map[string]string{listFile: tc.list})
		needed, err := build.Builders{&Builder{}}.Needed(p.Req)
		if needed != tc.needed || (tc.want == "") != (err == nil) || err != nil && err.Error() != tc.want {
			t.Errorf("%s %q: %v, %v", tc.runtime, tc.list, needed, err)
		}
	}
	p := projecttest.New(t, "custom", map[string]string{"app.py": ""})
	if needed, err := (build.Builders{&Builder{}}).Needed(p.Req); needed || err != nil {
		t.Error(needed, err)
	}
}

func TestURIs(t *testing.T) {
	t.Parallel()
	out := "$ apt-get install\nW: x\n'http://x/a.deb' a1_1%3a2~b_amd64.deb 10 SHA256:0\n'x' b_1.deb 1\n'x'\n'x' -o_1_all.deb 1\n'x' c1_%zz_all.deb 1\n"
	if diff := cmp.Diff([]debFile{{"a1", "1:2~b"}}, readURIs(out), cmp.AllowUnexported(debFile{})); diff != "" {
		t.Error(diff)
	}
}

// TestRealApt unpacks a small library with the apt of this machine.
func TestRealApt(t *testing.T) {
	t.Parallel()
	b := &Builder{Environ: os.Environ()}
	p := projecttest.New(t, "custom.debian12", map[string]string{listFile: "hello\n"})
	tools, err := b.Tools(context.Background(), p.Req)
	if err != nil {
		t.Skipf("not on this machine: %v", err)
	}
	if err := exec.Command(tools[0].Path, "install", "--print-uris", "-qq", "-o", "Debug::NoLocking=1", "--reinstall", "hello").Run(); err != nil {
		t.Skipf("apt-get has no lists of packages: %v", err)
	}
	p.Build(b)
	out, err := exec.Command(filepath.Join(p.Req.ArtifactDir, "apt-archives/usr/bin/hello")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ello") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(p.Req.ArtifactDir, "apt-archives/lib/x86_64-linux-gnu/libc.so.6")); err == nil {
		t.Error("the C library is in the artifact")
	}
}
