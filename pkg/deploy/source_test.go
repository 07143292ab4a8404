package deploy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/bundle"
	"s/pkg/fc"
	"s/pkg/spec"
)

// fakeArtifacts is one artifact folder and what is known of it.
type fakeArtifacts struct {
	dir, code     string
	image         string
	needed, ready bool
	built         bool
	builds        int
	err           error
}

func (f *fakeArtifacts) Dir(*spec.Project, *spec.Resource) string           { return f.dir }
func (f *fakeArtifacts) Code(*spec.Project, *spec.Resource) string          { return f.code }
func (f *fakeArtifacts) Needed(*spec.Project, *spec.Resource) (bool, error) { return f.needed, f.err }

func (f *fakeArtifacts) UpToDate(context.Context, *spec.Project, *spec.Resource) (bool, error) {
	return f.ready, nil
}

func (f *fakeArtifacts) Environment(string) (map[string]string, error) {
	return map[string]string{"PYTHONPATH": "/code/python", "A": "artifact"}, nil
}

func (f *fakeArtifacts) MergeEnv(artifact, user map[string]string) map[string]string {
	return overlay(artifact, user)
}

func (f *fakeArtifacts) Built(*spec.Project, *spec.Resource) bool { return f.built }

func (*fakeArtifacts) Looker(string) bundle.Looker { return nil }

func (f *fakeArtifacts) Image(*spec.Project, *spec.Resource) string { return f.image }

func (f *fakeArtifacts) Build(context.Context, *spec.Project, *spec.Resource) error {
	f.builds++
	return f.err
}

func resourceWith(path string) (*spec.Project, *spec.Resource) {
	r := &spec.Resource{
		Name: "hello", Region: "r", Code: spec.CodeSource{Path: path},
		Function: fc.Function{FunctionName: "hello", Runtime: "python3.10", EnvironmentVariables: map[string]string{"A": "user"}},
	}
	return &spec.Project{Dir: filepath.Dir(path), Resources: []*spec.Resource{r}}, r
}

func TestCodeComesFromTheSourceOrTheArtifact(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		needed, ready bool
		fromArtifact  bool
		builds        int
	}{
		{"plain code", false, false, false, 0},
		{"built code", true, true, true, 0},
		{"stale code", true, false, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src, artifact := source(t, map[string]string{"index.py": "src"}), source(t, map[string]string{"index.py": "built"})
			fake := &fakeArtifacts{dir: artifact, code: artifact, needed: tt.needed, ready: tt.ready}
			project, r := resourceWith(src)
			got, err := Preparer{Artifacts: fake}.Prepare(context.Background(), project, r)
			if err != nil {
				t.Fatal(err)
			}
			if fake.builds != tt.builds || got.Built != (tt.builds > 0) {
				t.Errorf("%d builds, Built %t", fake.builds, got.Built)
			}
			want, env := src, map[string]string{"A": "user"}
			if tt.fromArtifact {
				want, env = artifact, map[string]string{"A": "user", "PYTHONPATH": "/code/python"}
			}
			if got.Desired.Code.Source != want || (got.Artifact == artifact) != tt.fromArtifact {
				t.Errorf("code from %s, artifact %q", got.Desired.Code.Source, got.Artifact)
			}
			if d := cmp.Diff(env, got.Desired.Function.EnvironmentVariables); d != "" {
				t.Error(d)
			}
			if len(r.Function.EnvironmentVariables) != 1 {
				t.Errorf("the resource itself was changed: %v", r.Function.EnvironmentVariables)
			}
		})
	}
}

// TestImagesBuiltHereAreBuiltAgain: what a container's image was built from has
// changed.
func TestImagesBuiltHereAreBuiltAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		fake fakeArtifacts
		with Preparer
		want int
	}{
		{"stale", fakeArtifacts{needed: true, built: true}, Preparer{}, 1},
		{"up to date", fakeArtifacts{needed: true, built: true, ready: true}, Preparer{}, 0},
		{"from elsewhere", fakeArtifacts{needed: true}, Preparer{}, 0},
		{"its Dockerfile is gone", fakeArtifacts{built: true}, Preparer{}, 0},
		{"the registry has it", fakeArtifacts{needed: true, built: true}, Preparer{KeepImages: true}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			project, r := resourceWith(t.TempDir())
			r.Code, r.Function.Runtime = spec.CodeSource{}, "custom-container"
			r.Function.CustomContainerConfig = &fc.CustomContainerConfig{Image: "me/app:1"}
			fake := tt.fake
			fake.image = "image.tar"
			tt.with.Artifacts = &fake
			packed, err := tt.with.Prepare(context.Background(), project, r)
			if err != nil || fake.builds != tt.want || packed.Built != (tt.want > 0) || packed.Image != "image.tar" {
				t.Errorf("%d builds: %+v, %v", fake.builds, packed, err)
			}
			fake.builds = 0
			if _, err := tt.with.Unpacked(context.Background(), project, r); err != nil || fake.builds != tt.want {
				t.Errorf("not packed: %d builds, %v", fake.builds, err)
			}
			tt.with.NoBuild = true
			if _, err := tt.with.Prepare(context.Background(), project, r); (tt.want > 0) != errors.As(err, new(*StaleError)) {
				t.Errorf("--no-build: %v", err)
			}
		})
	}
	broken := errors.New("broken")
	project, r := resourceWith(t.TempDir())
	r.Function.Runtime = "custom-container"
	r.Code = spec.CodeSource{}
	if _, err := (Preparer{Artifacts: &fakeArtifacts{built: true, err: broken}}).Prepare(context.Background(), project, r); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestPrepareErrors(t *testing.T) {
	t.Parallel()
	src := source(t, map[string]string{"index.py": "x"})
	project, r := resourceWith(src)
	var stale *StaleError
	_, err := Preparer{Artifacts: &fakeArtifacts{needed: true}, NoBuild: true}.Prepare(context.Background(), project, r)
	if !errors.As(err, &stale) || stale.Resource != "hello" || !strings.Contains(err.Error(), "hello") {
		t.Errorf("stale: %v", err)
	}
	broken := errors.New("broken")
	if _, err = (Preparer{Artifacts: &fakeArtifacts{needed: true, err: broken}}).Prepare(context.Background(), project, r); !errors.Is(err, broken) {
		t.Errorf("detection fails: %v", err)
	}
	project, r = resourceWith(filepath.Join(src, "none"))
	if _, err = (Preparer{}).Prepare(context.Background(), project, r); err == nil || !strings.Contains(err.Error(), "hello") {
		t.Errorf("missing folder: %v", err)
	}
	r.Code.Path = ""
	if _, err = (Preparer{}).Prepare(context.Background(), project, r); err == nil || !strings.Contains(err.Error(), "no code") {
		t.Errorf("no code: %v", err)
	}
}

func TestCodeThatIsNotPacked(t *testing.T) {
	t.Parallel()
	project, r := resourceWith("")
	r.Code = spec.CodeSource{OSSBucket: "b", OSSObject: "o"}
	got, err := Preparer{}.Prepare(context.Background(), project, r)
	if err != nil || got.Desired.Code.OSSObject != "o" || got.Desired.Code.OSSBucket != "b" {
		t.Errorf("%+v, %v", got, err)
	}
	r.Code, r.Function.Runtime = spec.CodeSource{}, "custom-container"
	if got, err = (Preparer{}).Prepare(context.Background(), project, r); err != nil || got.Desired.Code != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestArchivesOfResourcesAreApart(t *testing.T) {
	t.Parallel()
	src := source(t, map[string]string{"index.py": "x"})
	project, r := resourceWith(src)
	project.Dir = t.TempDir()
	seen := map[string]bool{}
	for _, change := range []func(){func() {}, func() { r.Name = "other/../x" }, func() { r.Region = "cn-shanghai" }} {
		change()
		got, err := Preparer{}.Prepare(context.Background(), project, r)
		if err != nil {
			t.Fatal(err)
		}
		if seen[got.Desired.Code.Path] {
			t.Errorf("%s is shared", got.Desired.Code.Path)
		}
		seen[got.Desired.Code.Path] = true
		if dir := filepath.Dir(got.Desired.Code.Path); dir != filepath.Join(project.Dir, ".s", "cache", "code") {
			t.Errorf("archive in %s", dir)
		}
	}
	if _, err := os.Stat(filepath.Join(src, ".s")); err == nil {
		t.Error("the source tree was touched")
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	custom := &fc.CustomRuntimeConfig{Command: []string{"x"}}
	container := &fc.CustomContainerConfig{Image: "i"}
	r := &spec.Resource{Service: &fc.Service{ServiceName: "s"}, Function: fc.Function{
		FunctionName: "s$f", Role: "r",
		LogConfig: &fc.LogConfig{}, CustomRuntimeConfig: custom, CustomContainerConfig: container,
	}}
	d := Want(r, nil, nil, nil)
	if d.Function.Role != "" || d.Function.LogConfig != nil {
		t.Errorf("what belongs to the service is in the function: %+v", d.Function)
	}
	if d.Function.CustomRuntimeConfig.Port != fc.DefaultPort || d.Function.CustomContainerConfig.Port != fc.DefaultPort {
		t.Errorf("ports %+v %+v", d.Function.CustomRuntimeConfig, d.Function.CustomContainerConfig)
	}
	if custom.Port != 0 || container.Port != 0 {
		t.Error("the resource itself was changed")
	}
	r.Service, custom.Port = nil, 8080
	if d = Want(r, nil, nil, nil); d.Function.Role != "r" || d.Function.CustomRuntimeConfig.Port != 8080 {
		t.Errorf("edition 3.0.0: %+v", d.Function)
	}
}

func TestCreatable(t *testing.T) {
	t.Parallel()
	v1 := Desired{Service: &fc.Service{}}
	if f := v1.creatable(); f.MemorySize != 128 || f.CPU != 0 || f.Timeout != 3 || f.Handler != "index.handler" || f.InternetAccess != nil {
		t.Errorf("edition 1.0.0: %+v", f)
	}
	v3 := Desired{}
	if f := v3.creatable(); f.MemorySize != 512 || f.CPU != 0.35 || f.DiskSize != 512 || !*f.InternetAccess {
		t.Errorf("edition 3.0.0: %+v", f)
	}
	no := false
	given := Desired{Function: fc.Function{Handler: "a.b", Timeout: 9, MemorySize: 1024, InternetAccess: &no}}
	if f := given.creatable(); f.Handler != "a.b" || f.Timeout != 9 || f.MemorySize != 1024 || f.CPU != 0 || *f.InternetAccess {
		t.Errorf("given values: %+v", f)
	}
}

// TestJarsOfCustomRuntimes keeps whole what is started with java -jar.
func TestJarsOfCustomRuntimes(t *testing.T) {
	t.Parallel()
	dir := source(t, map[string]string{"Main.class": "x"})
	made, err := bundle.Pack(context.Background(), dir, bundle.Options{Out: filepath.Join(t.TempDir(), "app.zip")})
	if err != nil {
		t.Fatal(err)
	}
	jar := filepath.Join(t.TempDir(), "app.jar")
	if err := os.Rename(made.Path, jar); err != nil {
		t.Fatal(err)
	}
	custom := func(words ...string) *fc.CustomRuntimeConfig { return &fc.CustomRuntimeConfig{Command: words} }
	for _, tt := range []struct {
		name, runtime string
		config        *fc.CustomRuntimeConfig
		whole         bool
	}{
		{"a list", "custom.debian10", custom("java", "-jar", "app.jar"), true},
		{"a line", "custom", custom("java -Xmx1g -jar /code/app.jar"), true},
		{"arguments", "custom", &fc.CustomRuntimeConfig{Command: []string{"java"}, Args: []string{"-jar", "app.jar"}}, true},
		{"classes", "custom", custom("java", "-cp", "/code", "Main"), false},
		{"no command", "custom", nil, false},
		{"managed", "java11", custom("java", "-jar", "app.jar"), false},
	} {
		project, r := resourceWith(jar)
		project.Dir = t.TempDir()
		r.Function.Runtime, r.Function.CustomRuntimeConfig = tt.runtime, tt.config
		got, err := Preparer{}.Prepare(context.Background(), project, r)
		if err != nil {
			t.Fatal(err)
		}
		if whole := got.Desired.Code.Path != jar; whole != tt.whole {
			t.Errorf("%s: packed %s", tt.name, got.Desired.Code.Path)
		}
		// One that only the build makes.
		r.Code.Path = filepath.Join(project.Dir, "target", "app.jar")
		built := &fakeArtifacts{dir: filepath.Dir(jar), code: jar, needed: true, ready: true}
		if got, err = (Preparer{Artifacts: built}).Prepare(context.Background(), project, r); err != nil {
			t.Fatal(err)
		}
		if whole := got.Desired.Code.Path != jar; whole != tt.whole || got.Desired.Code.Source != jar || got.Artifact != filepath.Dir(jar) {
			t.Errorf("%s, built: packed %s from %s", tt.name, got.Desired.Code.Path, got.Desired.Code.Source)
		}
	}
}

func TestCodeAtAURL(t *testing.T) {
	t.Parallel()
	dir := source(t, map[string]string{"index.py": "x"})
	made, err := bundle.Pack(context.Background(), dir, bundle.Options{Out: filepath.Join(t.TempDir(), "code.jar")})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(made.Path))))
	defer server.Close()
	project, r := resourceWith("")
	project.Dir = t.TempDir()
	r.Code.URL = server.URL + "/code.jar?token=secret"
	got, err := Preparer{}.Prepare(context.Background(), project, r)
	if err != nil {
		t.Fatal(err)
	}
	code := got.Desired.Code
	if code.Checksum != made.Checksum || code.Source != server.URL+"/code.jar" || filepath.Dir(code.Path) != filepath.Join(project.Dir, ".s", "cache", "code") {
		t.Errorf("%+v", code)
	}
	// Started with java -jar it has the name that the URL gives it.
	r.Function.Runtime, r.Function.CustomRuntimeConfig = "custom", &fc.CustomRuntimeConfig{Command: []string{"java", "-jar", "code.jar"}}
	if got, err = (Preparer{}).Prepare(context.Background(), project, r); err != nil {
		t.Fatal(err)
	}
	report, err := bundle.ReportArchive(got.Desired.Code.Path)
	if err != nil || len(report.Files) != 1 || report.Files[0].Path != "code.jar" {
		t.Errorf("%+v, %v", report, err)
	}
	r.Code.URL = server.URL + "/none.zip"
	var fe *bundle.FetchError
	if _, err := (Preparer{}).Prepare(context.Background(), project, r); !errors.As(err, &fe) || !strings.Contains(err.Error(), "pack hello") {
		t.Errorf("got %v", err)
	}
}

func TestNoDefaultIgnore(t *testing.T) {
	t.Parallel()
	src := source(t, map[string]string{"index.py": "x", ".env": "y"})
	project, r := resourceWith(src)
	project.Dir = src // the cache is inside the code, and never packed
	for _, all := range []bool{false, true, true} {
		got, err := Preparer{NoDefaultIgnore: all}.Prepare(context.Background(), project, r)
		if err != nil {
			t.Fatal(err)
		}
		report, err := bundle.ReportArchive(got.Desired.Code.Path)
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if all {
			want = 2
		}
		if report.Total.Files != want {
			t.Errorf("NoDefaultIgnore %t: %+v", all, report.Files)
		}
	}
}
