// Package apt puts Debian packages that apt-get.list names beside the code, with
// the libraries they need: unpacked, without rights of root.
package apt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// listFile names the packages, one or more in a line.
const listFile = "apt-get.list"

// builderVersion changes when the same list would come out different.
const builderVersion = "1"

// Builder unpacks packages.
type Builder struct {
	// Environ is the environment of apt-get, as os.Environ gives it.
	Environ []string
	// Glibc tells the version of this machine's C library, 2.36; nil asks
	// getconf.
	Glibc func(ctx context.Context) (string, error)
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "apt" }

// Plan looks for the list. Of a runtime whose code is an image it means
// nothing.
func (*Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known || rt.Container || !req.Folder() {
		return nil, nil
	}
	packages, err := readList(req.SourceDir)
	if err != nil || len(packages) == 0 {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %v %q", builderVersion, rt.Glibc, req.Legacy, packages))
	return &build.Plan{Inputs: hex.EncodeToString(sum[:]), Into: into(req), Env: environment(req)}, nil
}

// packagePattern is the name of a package, perhaps with a version (Debian
// policy, 5.6.1 and 5.6.12).
var packagePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$`)

// readList gives the packages in order, each once.
func readList(source string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(source, listFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var packages []string
	for i, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		for name := range strings.FieldsSeq(line) {
			if !packagePattern.MatchString(name) {
				return nil, &build.HelpError{
					Err:  diag.Errorf("%s:%d: not the name of a package: %.100q", listFile, i+1, name),
					Help: "name Debian packages, as apt-get install takes them: libzbar0",
				}
			}
			packages = append(packages, name)
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages), nil
}

// into is where the packages go, as at the peer.
func into(req build.Request) string {
	if req.Legacy {
		return ".s/root"
	}
	return "apt-archives"
}

// triplet is Debian's name for the platform's folder of libraries.
func triplet(p build.Platform) string {
	if strings.HasSuffix(string(p), "/arm64") {
		return "aarch64-linux-gnu"
	}
	return "x86_64-linux-gnu"
}

// environment lets programs and libraries be found, before those that the
// runtime looks for by itself.
func environment(req build.Request) build.Env {
	root := build.CodeDir + "/" + into(req)
	env := build.Env{Lists: map[string][]string{}}
	for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"} {
		env.Path = append(env.Path, root+dir)
	}
	var libraries []string
	for _, dir := range []string{"/usr/local/lib", "/usr/lib", "/lib"} {
		libraries = append(libraries, root+dir+"/"+triplet(req.Target()), root+dir)
	}
	// What the variable is without us (documentation of runtimes).
	libraries = append(libraries, build.CodeDir, build.CodeDir+"/lib", "/usr/local/lib", "/opt/lib")
	env.Lists["LD_LIBRARY_PATH"] = libraries
	return env
}

// Tools finds apt-get and dpkg-deb, on a machine whose packages run on the
// function's image.
func (b *Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	if host := build.Platform(runtime.GOOS + "/" + runtime.GOARCH); host != req.Target() {
		return nil, inContainer(diag.Errorf("packages for %s can't be had on %s", req.Target(), host))
	}
	var tools []build.Tool
	for _, name := range []string{"apt-get", "dpkg-deb"} {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, inContainer(diag.Errorf("there is no %s on the PATH, which Debian and Ubuntu have", name))
		}
		tools = append(tools, build.Tool{Name: name, Path: path, Exact: true})
	}
	glibc := b.Glibc
	if glibc == nil {
		glibc = b.getconf
	}
	have, err := glibc(ctx)
	if err != nil {
		return nil, err
	}
	rt, _ := fc.LookupRuntime(req.Runtime)
	if newer(have, rt.Glibc) {
		return nil, inContainer(diag.Errorf("the packages of this machine are for glibc %s, and %s has %s", have, req.Runtime, rt.Glibc))
	}
	tools[0].Version = "for glibc " + have
	return tools, nil
}

func inContainer(err error) error {
	return &build.HelpError{Err: diag.Errorf("%s: %w", listFile, err), Help: "s build --use-docker"}
}

// getconf asks for the version of this machine's C library.
func (b *Builder) getconf(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "getconf", "GNU_LIBC_VERSION")
	cmd.Env = b.Environ
	out, err := cmd.Output()
	if err != nil {
		return "", inContainer(diag.Errorf("this machine doesn't tell its glibc: %w", err))
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "glibc")), nil
}

// newer compares versions of two numbers; what isn't one is newer.
func newer(have, than string) bool {
	var a, b, c, d int
	if _, err := fmt.Sscanf(have+" "+than, "%d.%d %d.%d", &a, &b, &c, &d); err != nil {
		return true
	}
	return a > c || a == c && b > d
}

// ContainerTools names the programs of the runtime's image.
func (*Builder) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: "apt-get", Path: "apt-get"}, {Name: "dpkg-deb", Path: "dpkg-deb"}}
}

// Make downloads and unpacks.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	packages, err := readList(job.SourceDir)
	if err != nil {
		return err
	}
	r := &run{job: job, environ: append(job.Environ(b.Environ, nil), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"), dir: filepath.Join(job.Scratch, "apt")}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	needed, err := r.closure(ctx, packages)
	if err != nil {
		return err
	}
	base, err := r.closure(ctx, basePackages())
	if err != nil {
		return err
	}
	needed = slices.DeleteFunc(needed, func(p debFile) bool {
		return !asked(packages, p.name) && slices.ContainsFunc(base, func(q debFile) bool { return q.name == p.name })
	})
	if len(needed) == 0 {
		return diag.Errorf("build %s: %s: apt-get names nothing to download", job.Name, listFile)
	}
	return r.unpack(ctx, needed)
}

// basePackages are in every image that is made of Debian, with all they need.
func basePackages() []string {
	return []string{"apt", "base-files", "bash", "coreutils", "dpkg", "libc-bin", "login", "perl-base", "util-linux"}
}

// asked reports whether the list names a package, with a version or without.
func asked(list []string, name string) bool {
	return slices.ContainsFunc(list, func(p string) bool { p, _, _ = strings.Cut(p, "="); return p == name })
}

// run is one installation.
type run struct {
	job     *build.Job
	environ []string
	dir     string   // for files of apt-get
	options []string // for each run of apt-get
}

// prepare makes a state of the package system in which nothing is installed, so
// that all that is needed is named. In a container, whose images come without
// lists of packages, those are fetched.
func (r *run) prepare(ctx context.Context) error {
	status := filepath.Join(r.dir, "status")
	if err := os.WriteFile(status, nil, 0o600); err != nil {
		return err
	}
	r.options = []string{"-o", "Dir::State::status=" + status, "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="}
	if r.job.Container == nil {
		return nil
	}
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(r.dir, sub), 0o755); err != nil {
			return err
		}
	}
	r.options = append(r.options, "-o", "Dir::State::lists="+filepath.Join(r.dir, "lists"), "-o", "Dir::Cache="+filepath.Join(r.dir, "cache"))
	_, err := r.apt(ctx, "update")
	return err
}

// apt runs apt-get and gives its output.
func (r *run) apt(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	job := *r.job
	job.Log = &tee{&out, r.job}
	err := job.Run(ctx, build.Command{
		Argv: slices.Concat([]string{r.job.Tools[0].Path}, r.options, args), What: "apt-get " + args[0], Does: diag.Say("installing packages (%s)", "apt-get "+args[0]), Dir: r.dir, Env: r.environ,
	})
	return out.String(), err
}

// tee writes to a buffer and to the log, which may be none.
type tee struct {
	out *bytes.Buffer
	job *build.Job
}

// Write never fails.
func (t *tee) Write(p []byte) (int, error) {
	if t.job.Log != nil {
		_, _ = t.job.Log.Write(p)
	}
	return t.out.Write(p)
}

// debFile is a package to download.
type debFile struct{ name, version string }

// closure gives packages with all they need.
func (r *run) closure(ctx context.Context, packages []string) ([]debFile, error) {
	args := append([]string{"install", "--print-uris", "-qq", "-y", "--no-install-recommends", "--"}, packages...)
	out, err := r.apt(ctx, args...)
	if err != nil {
		return nil, err
	}
	return readURIs(out), nil
}

// readURIs reads lines of --print-uris: 'URL' name_version_arch.deb size hash.
func readURIs(out string) []debFile {
	var files []debFile
	for line := range strings.SplitSeq(out, "\n") {
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, "'") || len(fields) < 2 {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(fields[1], ".deb"), "_")
		if len(parts) != 3 {
			continue
		}
		version, err := url.PathUnescape(parts[1])
		if err != nil || !packagePattern.MatchString(parts[0]+"="+version) {
			continue
		}
		files = append(files, debFile{parts[0], version})
	}
	return files
}

// unpack downloads packages, whose signatures apt-get checks, and unpacks them.
func (r *run) unpack(ctx context.Context, packages []debFile) error {
	args := []string{"download", "--"}
	for _, p := range packages {
		args = append(args, p.name+"="+p.version)
	}
	if _, err := r.apt(ctx, args...); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "*.deb"))
	if err != nil {
		return err
	}
	for _, file := range files {
		err := r.job.Run(ctx, build.Command{
			Argv: []string{r.job.Tools[1].Path, "-x", file, r.job.Out}, What: "dpkg-deb", Dir: r.dir, Env: r.environ,
		})
		if err != nil {
			return err
		}
	}
	for _, share := range []string{"doc", "man", "info", "lintian"} {
		if err := os.RemoveAll(filepath.Join(r.job.Out, "usr/share", share)); err != nil {
			return err
		}
	}
	return mendLinks(r.job.Out)
}
