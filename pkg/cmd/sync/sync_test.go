package synccmd

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// archive is a zip of files, as the API takes it.
func archive(t *testing.T, files map[string]string) *fc.Code {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &fc.Code{ZipFile: base64.StdEncoding.EncodeToString(out.Bytes())}
}

// world has a function, with a trigger and configurations, of the first resource.
func world(t *testing.T, files map[string]string) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	f := w.Resource().Function
	f.EnvironmentVariables = map[string]string{"TOKEN": "sesame", "EXPR": "${vars.x}"}
	if _, err := client.CreateFunction(t.Context(), f, archive(t, files)); err != nil {
		t.Fatal(err)
	}
	trigger := fc.Trigger{TriggerName: "t", TriggerType: fc.TriggerHTTP, TriggerConfig: `{"authType":"anonymous","methods":["GET"]}`}
	if _, err := client.CreateTrigger(t.Context(), "hello", trigger); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutConcurrencyConfig(t.Context(), "hello", fc.ConcurrencyConfig{ReservedConcurrency: 4}); err != nil {
		t.Fatal(err)
	}
	w.Server.Reset()
	return w
}

func TestSync(t *testing.T) {
	t.Parallel()
	w := world(t, map[string]string{"index.py": "print(1)\n", "lib/a.txt": "a"})
	dir := filepath.Join(t.TempDir(), "clone")
	if err := w.Run(NewCmd(w.Factory, nil), "--target-dir", dir, "-o", "json"); err != nil {
		t.Fatal(err, w.Stderr())
	}
	var out Written
	if err := json.Unmarshal(w.Out.Bytes(), &out); err != nil || out.YAML != filepath.Join(dir, "cn-hangzhou_hello.yaml") || out.Code != filepath.Join(dir, "cn-hangzhou_hello") {
		t.Fatalf("%v %s", err, w.Stdout())
	}
	for name, want := range map[string]string{"index.py": "print(1)\n", "lib/a.txt": "a"} {
		if text, err := os.ReadFile(filepath.Join(out.Code, name)); err != nil || string(text) != want {
			t.Errorf("%s: %v %q", name, err, text)
		}
	}
	info, err := os.Stat(out.YAML)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v: variables may be secrets", err, info.Mode())
	}
	if len(w.Server.Writes()) != 0 {
		t.Errorf("written: %v", w.Server.Writes())
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left in the folder: %v %v", entries, err)
	}
	planIsEmpty(t, w, out.YAML)
}

// planIsEmpty loads what was written: deploying it would change nothing but,
// perhaps, the zip around the same code.
func planIsEmpty(t *testing.T, w *cmdtest.World, file string) {
	t.Helper()
	project, found := spec.Load(t.Context(), spec.Options{File: file, Dir: filepath.Dir(file), LookupEnv: func(string) (string, bool) { return "", false }})
	if found.HasErrors() {
		t.Fatal(found.Err())
	}
	r := project.Resources[0]
	client, err := w.Target.Client(r)
	if err != nil {
		t.Fatal(err)
	}
	desired := deploy.Want(r, nil, nil, nil)
	actual, err := deploy.Read(t.Context(), client, desired)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range deploy.Plan(desired, actual).Items {
		// The test server keeps no defaults, the file has them.
		for _, f := range change.Fields {
			if f.Old != nil {
				t.Errorf("%s %s: %+v", change.Kind, change.Name, f)
			}
		}
	}
}

// TestSyncAgain: what somebody worked on isn't replaced without a yes.
func TestSyncAgain(t *testing.T) {
	t.Parallel()
	w := world(t, map[string]string{"index.py": "new"})
	dir := t.TempDir()
	mine := filepath.Join(dir, "cn-hangzhou_hello", "mine.py")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("work"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "--target-dir", dir); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
		t.Errorf("without a terminal: %v", err)
	}
	w.TTY(false)
	if err := w.Run(NewCmd(w.Factory, nil), "--target-dir", dir); cmdutil.CodeOf(err) != cmdutil.ExitFailed {
		t.Errorf("no: %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Fatal("it was replaced against a no")
	}
	if err := w.Run(NewCmd(w.Factory, nil), "--target-dir", dir, "-y"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mine); err == nil {
		t.Error("the old folder is still there")
	}
	if text, err := os.ReadFile(filepath.Join(filepath.Dir(mine), "index.py")); err != nil || string(text) != "new" {
		t.Errorf("%v %q", err, text)
	}
}

// TestSyncErrors: nothing is touched if the code can't be had, or isn't safe.
func TestSyncErrors(t *testing.T) {
	t.Parallel()
	w := world(t, map[string]string{"../../out.py": "x"})
	dir := t.TempDir()
	err := w.Run(NewCmd(w.Factory, nil), "--target-dir", dir)
	if err == nil || !strings.Contains(err.Error(), "leads out of") {
		t.Errorf("zip slip: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v %v", entries, err)
	}
	w.Server.Fail(fctest.Failure{Path: "async-invoke-config", Status: 403, Body: `{"Code":"AccessDenied"}`})
	if err := w.Run(NewCmd(w.Factory, nil), "--target-dir", dir); cmdutil.CodeOf(err) != cmdutil.ExitCloud {
		t.Errorf("refused: %v", err)
	}
	other := cmdtest.New(t, spec.Edition3)
	if err := other.Run(NewCmd(other.Factory, nil), "--target-dir", dir); !fc.IsCode(err, fc.CodeFunctionNotFound) {
		t.Errorf("not deployed: %v", err)
	}
	if err := other.Run(NewCmd(other.Factory, nil), "nobody"); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
		t.Errorf("unknown: %v", err)
	}
}

func TestSyncOfDamagedCode(t *testing.T) {
	t.Parallel()
	w := world(t, map[string]string{"index.py": "new"})
	w.Server.Function("hello")["codeChecksum"] = "1"
	if err := w.Run(NewCmd(w.Factory, nil), "--target-dir", t.TempDir()); err == nil || !strings.Contains(err.Error(), "came damaged") {
		t.Error(err)
	}
}
