package s2tos3cmd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

const old = `edition: 1.0.0
name: app # of mine
services:
  hello:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: svc, description: gone}
      function: {name: fn, runtime: python3.10, handler: index.handler, memorySize: 512, codeUri: ./code}
`

// convert runs the command in a folder with that s.yaml.
func convert(t *testing.T, dir string, args ...string) (string, string, error) {
	t.Helper()
	t.Chdir(dir)
	io, _, out, errOut := iostreams.Test()
	cmd := NewCmd(&cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{}}, nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	return out.String(), errOut.String(), err
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func code(err error) int {
	var known *cmdutil.Error
	switch {
	case err == nil:
		return cmdutil.ExitOK
	case errors.As(err, &known):
		return known.Code
	}
	return cmdutil.ExitFailed
}

func TestRun(t *testing.T) {
	bad := strings.Replace(old, "description: gone", "tracingConfig: Enable", 1)
	for _, tt := range []struct {
		name   string
		files  map[string]string
		args   []string
		code   int
		target string // that is written
		says   []string
	}{
		{
			"as it comes",
			map[string]string{"s.yaml": old},
			nil, cmdutil.ExitOK, "s3.yaml",
			[]string{"warning[FC-S3-002]", "s.yaml:8:28", "^~~~~~~~~~~", "written: s3.yaml", "s plan -t s3.yaml"},
		},
		{"s.yml", map[string]string{"s.yml": old}, nil, cmdutil.ExitOK, "s3.yaml", []string{"s.yml:8:28"}},
		{"named", map[string]string{"old.yaml": old}, []string{"--source", "old.yaml", "--target", "new.yaml"}, cmdutil.ExitOK, "new.yaml", nil},
		{"elsewhere", map[string]string{"a/old.yaml": old}, []string{"--source", "a/old.yaml"}, cmdutil.ExitOK, "a/s3.yaml", nil},
		{"to elsewhere", map[string]string{"s.yaml": old, "a/x": ""}, []string{"--target", "a/s3.yaml"}, cmdutil.ExitUsage, "", nil},
		{"there already", map[string]string{"s.yaml": old, "s3.yaml": "mine"}, nil, cmdutil.ExitFailed, "", nil},
		{"there, by force", map[string]string{"s.yaml": old, "s3.yaml": "mine"}, []string{"--force"}, cmdutil.ExitOK, "s3.yaml", nil},
		{"in place, by force", map[string]string{"s.yaml": old}, []string{"-f", "--target", "s.yaml"}, cmdutil.ExitOK, "s.yaml", nil},
		{"undecided", map[string]string{"s.yaml": bad}, nil, cmdutil.ExitSpec, "", []string{"error[FC-S3-003]", "hint: ", "nothing was written"}},
		{"no source", nil, nil, cmdutil.ExitSpec, "", []string{"no s.yaml"}},
		{"arguments", map[string]string{"s.yaml": old}, []string{"x"}, cmdutil.ExitFailed, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, tt.files)
			out, errOut, err := convert(t, dir, tt.args...)
			if code(err) != tt.code || out != "" {
				t.Fatalf("exit code %d (%v), stdout %q, stderr:\n%s", code(err), err, out, errOut)
			}
			for _, want := range tt.says {
				if !strings.Contains(errOut, want) {
					t.Errorf("%q is missing in:\n%s", want, errOut)
				}
			}
			for name, text := range tt.files {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if name != tt.target && (err != nil || string(data) != text) {
					t.Errorf("%s changed: %v %s", name, err, data)
				}
			}
			left, _ := filepath.Glob(filepath.Join(dir, ".s2tos3*"))
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if tt.target == "" {
				if _, ok := tt.files["s3.yaml"]; !ok {
					if _, err := os.Stat("s3.yaml"); err == nil {
						t.Error("s3.yaml was written")
					}
				}
				return
			}
			data, err := os.ReadFile(tt.target)
			if err != nil || !bytes.Contains(data, []byte("edition: 3.0.0\nname: app # of mine\n")) || !bytes.Contains(data, []byte("svc$fn")) {
				t.Errorf("%v\n%s", err, data)
			}
		})
	}
}

func TestRunHints(t *testing.T) {
	dir := folder(t, map[string]string{"a/s.yaml": old, "a/s3.yaml": ""})
	for _, tt := range []struct {
		args []string
		hint string
	}{
		{[]string{"--source", "a/s.yaml"}, "s s2tos3 --force"},
		{[]string{"--source", "a/s.yaml", "--target", "b.yaml"}, "s s2tos3 --target " + filepath.Join("a", "b.yaml")},
	} {
		_, _, err := convert(t, dir, tt.args...)
		var known *cmdutil.Error
		if !errors.As(err, &known) || known.Hint != tt.hint {
			t.Errorf("%v: %v", tt.args, err)
		}
	}
}

// TestTemplateIsTheSource: -t names the file here as everywhere.
func TestTemplateIsTheSource(t *testing.T) {
	t.Chdir(folder(t, map[string]string{"x.yaml": old}))
	io, _, _, errOut := iostreams.Test()
	opts := &Options{IO: io, Settings: &cmdutil.Settings{Template: "x.yaml"}, LookupEnv: os.LookupEnv}
	if err := Run(context.Background(), opts); err != nil {
		t.Fatalf("%v\n%s", err, errOut)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	opts.Force = true
	if err := Run(canceled, opts); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestHelpInChinese(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	io.SetLang("zh")
	var got *Options
	cmd := NewCmd(&cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{}}, func(_ context.Context, o *Options) error { got = o; return nil })
	if cmd.Short == "" || strings.Contains(cmd.Short, "Convert") || strings.Contains(cmd.Long, "writes") {
		t.Errorf("%s\n%s", cmd.Short, cmd.Long)
	}
	cmd.SetArgs([]string{"--source", "a", "--target", "b", "-f"})
	if err := cmd.Execute(); err != nil || got.Source != "a" || got.Target != "b" || !got.Force {
		t.Errorf("%v %+v", err, got)
	}
}
