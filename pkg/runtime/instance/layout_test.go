package instance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/runtime/image"
	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// installation makes a folder that looks like an installed interpreter.
func installation(t *testing.T, files ...string) string {
	t.Helper()
	prefix, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(prefix, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return prefix
}

func TestMountLanguage(t *testing.T) {
	plain := installation(t, "bin/python3.10")
	if err := os.Symlink("python3.10", filepath.Join(plain, "bin/python3")); err != nil {
		t.Fatal(err)
	}
	shared := installation(t, "bin/python3.10", "bin/python3", "lib/libpython3.10.so.1.0")
	for _, tt := range []struct {
		name  string
		found toolchain.Interpreter
		want  language
	}{
		{
			"plain",
			toolchain.Interpreter{Language: "python", Prefix: plain, Path: plain + "/bin/python3.10", Exact: true},
			language{program: "/l/bin/python3", bin: "/l/bin"},
		},
		{
			"python3 is another",
			toolchain.Interpreter{Language: "python", Prefix: shared, Path: shared + "/bin/python3.10", Exact: true},
			language{program: "/l/bin/python3.10", bin: "/l/bin", lib: "/l/lib"},
		},
		{
			"stand-in",
			toolchain.Interpreter{Language: "python", Prefix: plain, Path: plain + "/bin/python3.10", Wanted: "3.9", Version: "3.10.1"},
			language{program: "/l/bin/python3", bin: "/l/bin", warning: "python 3.9 isn't on this machine: 3.10.1 stands in"},
		},
	} {
		got := mountLanguage(tt.found, "/l")
		if got.program != tt.want.program || got.bin != tt.want.bin || got.lib != tt.want.lib || got.warning != tt.want.warning {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if len(got.mounts) != 1 || got.mounts[0] != (sandbox.Mount{Source: tt.found.Prefix, Target: "/l", ReadOnly: true}) {
			t.Errorf("%s: mounts %+v", tt.name, got.mounts)
		}
	}
	own := installation(t, "bin/php")
	got := mountLanguage(toolchain.Interpreter{Language: "php", Prefix: own, Path: own + "/bin/php", Exact: true}, "/l")
	if got.program != "/l/bin/php" || len(got.mounts) != 2 || got.mounts[1] != (sandbox.Mount{Source: own, Target: own, ReadOnly: true}) {
		t.Errorf("PHP looks for its settings where it was installed: %+v", got)
	}
	if got := (language{lib: "/l/lib"}).libraries("/a"); got != "/a:/l/lib" {
		t.Error(got)
	}
}

func TestLay(t *testing.T) {
	version := anyPython(t)
	cfg, _ := config(t, "", "testdata/python3", fc.Function{Runtime: "python" + version, MemorySize: 128})
	cfg.LayerDir = t.TempDir()
	rt, _ := fc.LookupRuntime(cfg.Function.Runtime)
	l, err := lay(t.Context(), &cfg, rt)
	if err != nil {
		t.Fatal(err)
	}
	want := "/var/fc/lang/python" + version + "/bin/python"
	if !l.spec.Init || !strings.HasPrefix(l.spec.Args[0], want) ||
		!slices.Equal(l.spec.Args[1:], []string{"-W", "ignore", "/var/fc/runtime/python3/bootstrap.py"}) {
		t.Errorf("%q", l.spec.Args)
	}
	targets := map[string]bool{}
	for _, m := range l.spec.Mounts {
		targets[m.Target] = true
		if !m.ReadOnly {
			t.Errorf("%s is writable", m.Target)
		}
	}
	for _, target := range []string{"/code", "/opt", "/var/fc/runtime/python3", "/var/fc/lang/python" + version} {
		if !targets[target] {
			t.Errorf("%s isn't mounted: %v", target, targets)
		}
	}
	if err := place(&l.spec, cfg.WorkDir, "c-1"); err != nil || l.spec.ID != "c-1" {
		t.Fatal(l.spec.ID, err)
	}
	info, err := os.Stat(l.spec.TmpDir)
	if err != nil || info.Mode().Perm() != 0o777 || info.Mode()&os.ModeSticky == 0 {
		t.Errorf("/tmp: %v %v", info.Mode(), err)
	}
	if l.spec.Dir != "/code" || l.spec.MemoryMB != 128 || l.spec.Port != 0 {
		t.Errorf("%+v", l.spec)
	}
}

// TestContain: a container is held to the same bounds.
func TestContain(t *testing.T) {
	img := &image.Image{Reference: "me/app:1", Config: image.Config{Entrypoint: []string{"/server"}}}
	cfg, _ := config(t, sandbox.ModeProcess, "testdata/python3", fc.Function{Runtime: "custom-container", MemorySize: 256})
	cfg.Image = img
	l, err := contain(&cfg)
	if err != nil || l.spec.MaxProcesses != fc.MaxProcesses || l.spec.MemoryMB != 256 || l.spec.Port != fc.DefaultPort {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestStartCommand(t *testing.T) {
	for _, tt := range []struct {
		cfg  *fc.CustomRuntimeConfig
		args []string
		port int
	}{
		{nil, []string{"/code/bootstrap"}, 9000},
		{&fc.CustomRuntimeConfig{Port: 80}, []string{"/code/bootstrap"}, 80},
		{&fc.CustomRuntimeConfig{Command: []string{"a", "b"}, Args: []string{"c"}}, []string{"a", "b", "c"}, 9000},
		{&fc.CustomRuntimeConfig{Args: []string{"c"}}, []string{"c"}, 9000},
	} {
		cfg := &Config{Function: fc.Function{CustomRuntimeConfig: tt.cfg}}
		if got := startCommand(cfg); !slices.Equal(got, tt.args) || listenPort(cfg) != tt.port {
			t.Errorf("%+v: %q on %d", tt.cfg, got, listenPort(cfg))
		}
	}
}

func TestEnvironment(t *testing.T) {
	cfg := &Config{
		Function: fc.Function{FunctionName: "svc$f", Handler: "h", MemorySize: 512, EnvironmentVariables: map[string]string{
			"PATH": "/mine", "PYTHONPATH": "/p", "FC_REGION": "x", "_FC_X": "y", "accessKeyID": "z", "": "e", "A=B": "c", "OK": "a=b\x00c",
		}},
		Region: "r", AccountID: "1", Qualifier: "LATEST", VersionID: "3", AccessKeyID: "K", AccessKeySecret: "S", SecurityToken: "T",
	}
	env := environment(cfg, fc.Runtime{Custom: true}, "c-1", &layout{lang: language{bin: "/l/bin"}})
	for key, want := range map[string]string{
		"PATH": "/mine", "PYTHONPATH": "/p", "FC_REGION": "r", "accessKeyID": "K", "accessKeySecret": "S", "securityToken": "T",
		"FC_FUNC_CODE_PATH": "/code/", "FC_SERVICE_NAME": "svc", "FC_FUNCTION_NAME": "f", "FC_FUNCTION_MEMORY_SIZE": "512",
		"FC_INSTANCE_ID": "c-1", "FC_VER_ID": "3", "FC_FUNCTION_VERSION": "3", "ALIBABA_CLOUD_ACCESS_KEY_ID": "K", "HOME": "/tmp",
	} {
		if env[key] != want {
			t.Errorf("%s=%q, want %q", key, env[key], want)
		}
	}
	list := pairs(env)
	if !slices.IsSorted(list) || !slices.Contains(list, "OK=a=bc") {
		t.Errorf("%q", list)
	}
	for _, pair := range list {
		if strings.HasPrefix(pair, "_FC_X") || strings.HasPrefix(pair, "=") || strings.HasPrefix(pair, "A=") {
			t.Errorf("%q got through", pair)
		}
	}
	plain := environment(&Config{}, fc.Runtime{}, "c-1", &layout{lang: language{bin: "/l/bin"}})
	if !strings.HasPrefix(plain["PATH"], "/l/bin:/usr/local/bin") || plain["PYTHONPATH"] != "" {
		t.Errorf("%v", plain)
	}
	if _, ok := plain["FC_SERVICE_NAME"]; ok {
		t.Error("FC 3.0 functions have no service")
	}
}

func TestHeader(t *testing.T) {
	cfg := &Config{Function: fc.Function{FunctionName: "f", MemorySize: 128}, Region: "cn\r\nx-evil: 1"}
	text := string(header(cfg, "c-1", rapi.AppendHeader))
	if strings.Contains(text, "\nx-evil") || !strings.Contains(text, "x-fc-function-memory: 128\r\n") || !strings.Contains(text, "x-fc-service-name: \r\n") {
		t.Errorf("%q", text)
	}
}

func TestDocuments(t *testing.T) {
	for got, want := range map[string]string{
		string(exitDocument(45_000_000, 49)):         `{"errorMessage":"Process exited unexpectedly before completing request (duration: 45ms, maxMemoryUsage: 49MB)"}`,
		string(timeoutDocument(3, 112.2401)):         `{"errorMessage":"Function timed out after 3 seconds (maxMemoryUsage: 112.24MB)"}`,
		describe(sandbox.Exit{OOM: true}):            "out of memory",
		describe(sandbox.Exit{Code: 2}):              "exit code 2",
		describe(sandbox.Exit{Signal: "killed"}):     "signal killed",
		describe(sandbox.Exit{StartFail: "no file"}): "no file",
		(&exitError{sandbox.Exit{Code: 1}}).Error():  "the process ended: exit code 1",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestIDs(t *testing.T) {
	if id := newID(); len(id) != 32 || !strings.HasPrefix(id, "c-") || strings.Count(id, "-") != 3 || id == newID() {
		t.Error(id)
	}
	if id := newRequestID(); len(id) != 32 || !strings.HasPrefix(id, "1-") || strings.Count(id, "-") != 3 {
		t.Error(id)
	}
}

func TestFailedStatus(t *testing.T) {
	for _, tt := range []struct {
		header string
		status int
		failed bool
	}{{"", 200, false}, {"", 404, true}, {"", 500, true}, {"404", 200, true}, {" 500 ", 200, true}, {"200", 404, false}, {"odd", 404, true}, {"odd", 200, false}} {
		if got := failedStatus(tt.header, tt.status); got != tt.failed {
			t.Errorf("%q, %d: %v", tt.header, tt.status, got)
		}
	}
}
