package layercmd

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/bundle"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

func known(err error) *cmdutil.Error {
	var e *cmdutil.Error
	if errors.As(err, &e) {
		return e
	}
	return &cmdutil.Error{}
}

// layers is the command over a project, and a folder with what is to be published.
func layers(t *testing.T, edition string) (run func(args ...string) error, w *cmdtest.World, dir string) {
	t.Helper()
	w = cmdtest.New(t, edition)
	home := t.TempDir()
	w.Factory.Home = func() (string, error) { return home, nil }
	w.Factory.Settings.Template = "s.yaml"
	dir = filepath.Join(t.TempDir(), "layer")
	if err := os.MkdirAll(filepath.Join(dir, "python"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "python", "mine.py"), "name = 'mine'\n")
	run = func(args ...string) error {
		t.Helper()
		return w.Run(NewCmd(w.Factory, nil), append([]string{"-t", "s.yaml"}, args...)...)
	}
	return run, w, dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read decodes what was printed.
func read[T any](t *testing.T, w *cmdtest.World) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(w.Out.Bytes(), &out); err != nil {
		t.Fatalf("%v in %s", err, w.Stdout())
	}
	return out
}

func TestLifeOfALayer(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			run, w, dir := layers(t, edition)
			must(t, run("publish", "--layer-name", "l", "--code", dir, "--compatible-runtime", "python3.10,custom", "--description", "d", "-o", "json"))
			v := read[fc.LayerVersion](t, w)
			if v.Version != 1 || v.Description != "d" || strings.Join(v.CompatibleRuntime, " ") != "python3.10 custom" || v.Code != nil ||
				!strings.HasSuffix(v.LayerVersionARN, ":layers/l/versions/1") {
				t.Errorf("%+v", v)
			}
			must(t, run("publish", "--layer-name", "l", "--code", dir, "--compatible-runtime", "python3.10,custom", "--description", "d"))
			w.WantStderr("l: version 1 is the same, nothing was published")
			write(t, filepath.Join(dir, "python", "mine.py"), "name = 'changed'\n")
			must(t, run("publish", "--layer-name", "l", "--code", dir, "-o", "json"))
			if v = read[fc.LayerVersion](t, w); v.Version != 2 || strings.Join(v.CompatibleRuntime, " ") != "python3.10" {
				t.Errorf("%+v", v)
			}
			must(t, run("versions", "--layer-name", "l", "-o", "json"))
			if list := read[[]fc.LayerVersion](t, w); len(list) != 2 || list[1].Version != 2 || list[0].Code != nil {
				t.Errorf("%+v", list)
			}
			must(t, run("acl", "--layer-name", "l", "--public"))
			w.WantStderr("everybody may use layer l now")
			must(t, run("list", "--public", "-o", "json"))
			if list := read[[]fc.LayerVersion](t, w); len(list) != 1 || list[0].ACL != fc.LayerPublic {
				t.Errorf("%+v", list)
			}
			must(t, run("acl", "--layer-name", "l"))
			w.WantStderr("only this account may use layer l now")
			must(t, run("list", "--public"))
			w.WantStderr("there are no such layers")
			must(t, run("list", "--prefix", "l", "--table"))
			if out := w.Stdout(); !strings.Contains(out, "layerName") || strings.Contains(out, "layerVersionArn") {
				t.Errorf("%s", out)
			}
			must(t, run("remove", "--layer-name", "l", "--version-id", "1", "-y"))
			w.WantStderr("removed version 1 of layer l")
			must(t, run("remove", "--layer-name", "l", "-y"))
			w.WantStderr("removed version 2 of layer l")
			must(t, run("remove", "--layer-name", "l"))
			w.WantStderr("nothing to remove: layer l has no versions")
			must(t, run("versions", "--layer-name", "l", "-o", "raw"))
			if w.Stdout() != "[]\n" {
				t.Errorf("%q", w.Stdout())
			}
		})
	}
}

func TestInfoAndDownload(t *testing.T) {
	t.Parallel()
	run, w, dir := layers(t, spec.Edition3)
	if err := run("info", "--layer-name", "l"); known(err).Hint != "s layer list" {
		t.Errorf("without versions: %v", err)
	}
	must(t, run("publish", "--layer-name", "l", "--code", dir))
	write(t, filepath.Join(dir, "new"), "2")
	must(t, run("publish", "--layer-name", "l", "--code", dir))
	must(t, run("info", "--layer-name", "l", "-o", "json"))
	v := read[fc.LayerVersion](t, w)
	if v.Version != 2 || v.Code == nil {
		t.Errorf("%+v", v)
	}
	type file struct{ Path string }
	must(t, run("download", "--layer-name", "l", "-o", "json"))
	path := read[file](t, w).Path
	if !strings.HasSuffix(filepath.ToSlash(path), "-l/2.zip") || !strings.Contains(filepath.ToSlash(path), "/cache/layers/") {
		t.Errorf("to %s", path)
	}
	if _, sum, err := bundle.Checksum(path); err != nil || sum != v.CodeChecksum {
		t.Errorf("%s, %v", sum, err)
	}
	dest := filepath.Join(t.TempDir(), "to", "l.zip")
	must(t, run("download", "--layer-name", "l", "--version-id", "1", "--dest", dest, "-o", "json"))
	if got := read[file](t, w).Path; got != dest {
		t.Errorf("to %s", got)
	}
	// The archive is what can be published again, as another layer.
	must(t, run("publish", "--layer-name", "other", "--code", dest, "-o", "json"))
	if again := read[fc.LayerVersion](t, w); again.Version != 1 {
		t.Errorf("%+v", again)
	}
	if err := run("download", "--layer-name", "l", "--version-id", "9"); known(err).Code != cmdutil.ExitCloud {
		t.Errorf("a version that isn't there: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dest), ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	run, w, dir := layers(t, spec.Edition3)
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"publish --code x", cmdutil.ExitUsage, "--layer-name"},
		{"publish --layer-name l", cmdutil.ExitUsage, "--code"},
		{"publish --layer-name l --code none", cmdutil.ExitFailed, "none"},
		{"info --layer-name l --version-id -1", cmdutil.ExitUsage, "--version-id"},
		{"versions none --layer-name l", cmdutil.ExitUsage, "none"},
		{"acl --layer-name none", cmdutil.ExitCloud, "layer does not exist"},
	} {
		err := run(strings.Fields(tt.args)...)
		if known(err).Code != tt.code || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.args, err)
		}
	}
	must(t, run("publish", "--layer-name", "l", "--code", dir))
	if err := run("remove", "--layer-name", "l"); known(err).Code != cmdutil.ExitUsage {
		t.Errorf("without a terminal: %v", err)
	}
	w.TTY(false)
	if err := run("remove", "--layer-name", "l"); !known(err).Quiet {
		t.Errorf("no: %v", err)
	}
	w.TTY(true)
	must(t, run("remove", "--layer-name", "l", "--version-id", "1"))
	if want := "Remove version 1 of layer l?"; w.Prompter.Asked[len(w.Prompter.Asked)-1] != want {
		t.Errorf("asked %q", w.Prompter.Asked)
	}
}

// Where layers are: in the region of the resources if they are alike, else in that
// of the one that is named, or where --region says.
func TestPlace(t *testing.T) {
	t.Parallel()
	run, w, _ := layers(t, spec.Edition3)
	other := w.Add("other")
	must(t, run("list"))
	other.Region = "cn-beijing"
	if err := run("list"); known(err).Code != cmdutil.ExitUsage {
		t.Errorf("two regions: %v", err)
	}
	must(t, run("list", "other"))
	must(t, run("list", "--region", "cn-shanghai"))
	calls := w.Server.Calls()
	var regions []string
	for _, c := range calls {
		regions = append(regions, c.Header.Get(fc.HeaderRegion))
	}
	if got := strings.Join(regions, " "); got != "cn-hangzhou cn-beijing cn-shanghai" {
		t.Errorf("asked in %s", got)
	}
}

func TestWithoutProject(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	opts := &Options{
		IO: w.IO, Settings: w.Factory.Settings, Target: w.Factory.Target, Region: "cn-hangzhou", HasFile: func() bool { return false },
		Home: w.Factory.Home, LayerName: "l", Code: w.CodeDir,
	}
	if err := Publish(t.Context(), opts); known(err).Code != cmdutil.ExitUsage || !strings.Contains(err.Error(), "--compatible-runtime") {
		t.Errorf("%v", err)
	}
	opts.CompatibleRuntime = []string{"custom"}
	must(t, Publish(t.Context(), opts))
	must(t, List(t.Context(), opts))
	if !strings.Contains(w.Stdout(), "layerName: ") {
		t.Errorf("%s", w.Stdout())
	}
	w.TargetErr = cmdutil.WithCode(cmdutil.ExitCredentials, io.EOF)
	for name, run := range map[string]func() error{
		"publish": func() error { return Publish(t.Context(), opts) }, "list": func() error { return List(t.Context(), opts) },
		"versions": func() error { return Versions(t.Context(), opts) }, "info": func() error { return Info(t.Context(), opts) },
		"download": func() error { return Download(t.Context(), opts) }, "acl": func() error { return ACL(t.Context(), opts) },
		"remove": func() error { return Remove(t.Context(), opts) },
	} {
		if err := run(); known(err).Code != cmdutil.ExitCredentials {
			t.Errorf("%s: %v", name, err)
		}
	}
}
