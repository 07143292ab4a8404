package instance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

func TestShares(t *testing.T) {
	f := &fc.Function{
		NASConfig: &fc.NASConfig{UserID: 10003, GroupID: 10004, MountPoints: []fc.NASMount{
			{ServerAddr: "x-1.cn-hangzhou.nas.aliyuncs.com:/a/b", MountDir: "/mnt/a"},
			{ServerAddr: "../../etc:/../../etc", MountDir: "/mnt/b"},
			{ServerAddr: "..:/", MountDir: "/mnt/c"},
		}},
		OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{
			{BucketName: "photos", MountDir: "/mnt/d", BucketPath: "/2026", ReadOnly: true},
			{BucketName: "photos", MountDir: "/mnt/e"},
		}},
		PolarFSConfig: &fc.PolarFSConfig{UserID: 10003, GroupID: 10004, MountPoints: []fc.PolarFSMount{
			{InstanceID: "pfs-1", MountDir: "/mnt/f", RemoteDir: "/a/../b", ReadOnly: true},
			{InstanceID: "../x", MountDir: "/mnt/g", RemoteDir: "../../etc"},
		}},
		JuiceFSConfig: &fc.JuiceFSConfig{MountPoints: []fc.JuiceFSMount{
			{VolumeName: "vol", MountDir: "/mnt/h", RemoteDir: "d"},
			{VolumeName: "vol", MountDir: "/mnt/i", Args: []string{"--cache-size=1", "--read-only"}},
		}},
	}
	want := []share{
		{"nas/x-1.cn-hangzhou.nas.aliyuncs.com/a/b", "/mnt/a", false, 10003, 10004},
		{"nas/.._.._etc/etc", "/mnt/b", false, 10003, 10004},
		{"nas/_", "/mnt/c", false, 10003, 10004},
		{"oss/photos/2026", "/mnt/d", true, -1, -1},
		{"oss/photos", "/mnt/e", false, -1, -1},
		{"polarfs/pfs-1/b", "/mnt/f", true, 10003, 10004},
		{"polarfs/.._x/etc", "/mnt/g", false, 10003, 10004},
		{"juicefs/vol/d", "/mnt/h", false, -1, -1},
		{"juicefs/vol", "/mnt/i", true, -1, -1},
	}
	if got := sharesOf(f); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestResolvConf(t *testing.T) {
	got := string(resolvConf(&fc.CustomDNS{
		NameServers: []string{"10.0.0.1", "1.1.1.1\nnameserver 2.2.2.2", "2001:db8::1"},
		Searches:    []string{"svc.local", "b c", ""},
		DNSOptions:  []fc.DNSOption{{Name: "ndots", Value: "5"}, {Name: "rotate"}, {Name: "x\ny"}, {}},
	}))
	want := "nameserver 10.0.0.1\nnameserver 2001:db8::1\nsearch svc.local\noptions ndots:5\noptions rotate\n"
	if got != want {
		t.Errorf("%q", got)
	}
}

// Functions share what is mounted; it stays when their instances have gone, and
// what is read-only can't be changed.
func TestSharedFolders(t *testing.T) {
	fn := fc.Function{
		Runtime: "python" + anyPython(t), Handler: "shared.write",
		NASConfig:      &fc.NASConfig{UserID: 10003, GroupID: 10003, MountPoints: []fc.NASMount{{ServerAddr: "n.nas:/d", MountDir: "/mnt/nas/data"}}},
		OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{BucketName: "b", MountDir: "/home/b", ReadOnly: true}}},
	}
	shared := filepath.Join(t.TempDir(), "shared")
	for _, name := range []string{"one", "two"} {
		fn.FunctionName = name
		cfg, logs := config(t, "", "testdata/python3", fn)
		cfg.SharedDir = shared
		i := start(t, cfg)
		if cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
			if !slices.ContainsFunc(logs.of(""), func(l string) bool { return strings.Contains(l, "/mnt/nas/data can't be mounted") }) {
				t.Errorf("%q", logs.of(""))
			}
			return
		}
		want := strings.Repeat("x", map[string]int{"one": 1, "two": 2}[name])
		if res := call(t, i, &Invocation{RequestID: "a", Event: []byte("/mnt/nas/data/file")}); string(res.Body) != want {
			t.Errorf("%s: %s, want %s", name, res.Body, want)
		}
		if res := call(t, i, &Invocation{RequestID: "b", Event: []byte("/home/b/file")}); string(res.Body) != "Read-only file system" {
			t.Errorf("%s: %s", name, res.Body)
		}
		i.Kill()
	}
	if got, err := os.ReadFile(filepath.Join(shared, "nas", "n.nas", "d", "file")); err != nil || string(got) != "xx" {
		t.Errorf("%q %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Join(shared, "oss", "b")); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}

func TestSharedFoldersThatCannotBe(t *testing.T) {
	version := anyPython(t)
	fn := fc.Function{
		Runtime: "python" + version, Handler: "shared.write", CustomDNS: &fc.CustomDNS{NameServers: []string{"10.0.0.1"}},
		OSSMountConfig: &fc.OSSMountConfig{MountPoints: []fc.OSSMount{{BucketName: "b", MountDir: "/mnt/b"}}},
	}
	cfg, logs := config(t, sandbox.ModeProcess, "testdata/python3", fn)
	cfg.SharedDir = t.TempDir()
	start(t, cfg)
	said := strings.Join(logs.of(""), "\n")
	for _, want := range []string{"/mnt/b can't be mounted without namespaces: its files are oss/b in " + cfg.SharedDir, "customDNS has no effect without namespaces"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q isn't said: %s", want, said)
		}
	}
	cfg, logs = config(t, "", "testdata/python3", fc.Function{Runtime: fn.Runtime, Handler: fn.Handler, OSSMountConfig: fn.OSSMountConfig})
	start(t, cfg)
	if said := strings.Join(logs.of(""), "\n"); !strings.Contains(said, "no folder for mounts") {
		t.Error(said)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.SharedDir = file
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "folder of /mnt/b") {
		t.Error(err)
	}
}

func TestCustomDNS(t *testing.T) {
	if launcher(t, "").Isolation().Mode == sandbox.ModeProcess {
		t.Skip("needs namespaces")
	}
	if _, err := os.Stat(resolvFile); err != nil {
		t.Skip("this machine has no resolvers")
	}
	cfg, _ := config(t, "", "testdata/python3", fc.Function{
		Runtime: "python" + anyPython(t), Handler: "shared.read",
		CustomDNS: &fc.CustomDNS{NameServers: []string{"10.0.0.53"}, Searches: []string{"svc.local"}},
	})
	res := call(t, start(t, cfg), &Invocation{RequestID: "a", Event: []byte(resolvFile)})
	if string(res.Body) != "nameserver 10.0.0.53\nsearch svc.local\n" {
		t.Errorf("%s", res.Body)
	}
}

func TestInjectedCredentials(t *testing.T) {
	version := anyPython(t)
	for _, tt := range []struct{ name, off, want string }{
		{"f", "", `["KEY", null, "KEY"]`},
		{"f", "None", `["KEY", null, "KEY"]`},
		{"f", "Env", `[null, null, "KEY"]`},
		{"f", "Request", `["KEY", null, ""]`},
		{"f", "All", `[null, null, ""]`},
		{"s$f", "", `["KEY", "KEY", "KEY"]`},
	} {
		cfg, _ := config(t, "", "testdata/python3", fc.Function{
			FunctionName: tt.name, Runtime: "python" + version, Handler: "shared.keys", DisableInjectCredentials: tt.off,
		})
		i := start(t, cfg)
		if res := call(t, i, &Invocation{RequestID: "a"}); string(res.Body) != tt.want {
			t.Errorf("%+v: %s", tt, res.Body)
		}
		i.Kill()
	}
}

// The time is UTC's, unless the function's variables say otherwise.
func TestTimeZone(t *testing.T) {
	version := anyPython(t)
	for zone, want := range map[string]string{"": "0", "CST-8": "8"} {
		cfg, _ := config(t, "", "testdata/python3", fc.Function{Runtime: "python" + version, Handler: "shared.hour"})
		if zone != "" {
			cfg.Function.EnvironmentVariables["TZ"] = zone
		}
		i := start(t, cfg)
		if res := call(t, i, &Invocation{RequestID: "a"}); string(res.Body) != want {
			t.Errorf("TZ=%s: %s", zone, res.Body)
		}
		i.Kill()
	}
}
