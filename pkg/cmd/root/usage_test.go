package root

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

// TestWrongUsage: what is wrong is said in words, with what may be meant.
func TestWrongUsage(t *testing.T) {
	emptyMachine(t)
	for line, want := range map[string]string{
		"info --qualifer x":                "error: s info has no flag --qualifer\nhint: did you mean --qualifier?\n",
		"info -x":                          "error: s info has no flag -x\nhint: s info --help\n",
		"version lst":                      "error: s version has no command \"lst\"\nhint: s version list\n",
		"layer publsh --layer-name x":      "error: s layer has no command \"publsh\"\nhint: s layer publish\n",
		"config sideways":                  "error: s config has no command \"sideways\"\nhint: it has add, default, delete, get, list, rename\n",
		"provision put --target x":         "error: --target takes a whole number, not \"x\"\n",
		"deploy --dry-run=x":               "error: --dry-run is true or false, not \"x\"\n",
		"invoke -e":                        "error: -e needs a value\n",
		"invoke --event":                   "error: --event needs a value\n",
		"list hello":                       "error: s list takes no names, but got hello\nhint: s list --help\n",
		"version -o xml":                   "error: unknown output format",
		"set proxy --http_proxy x":         "error: unknown command \"set\"\nhint: HTTPS_PROXY, HTTP_PROXY and NO_PROXY say which proxy is taken\n",
		"registry":                         "error: unknown command \"registry\"\nhint: there is no registry",
		"registry list":                    "error: unknown command \"registry\"\nhint: there is no registry",
		"env set --component x":            "hint: there is no component",
		"version --output-file /nowhere/x": "error: --output-file can't be written: open /nowhere/x: no such file",
		"cli":                              "",
		"cli fc4 info":                     "error: there is no component \"fc4\": it is fc3 or fc\nhint: s cli fc3 --help\n",
		"cli fc3 inf":                      "error: unknown command \"inf\"\nhint: s info\n",
		"cli fc3 deploy -p [1]":            "error: --props is not a JSON object",
		"cli fc3 verify -p {}":             "--props:1:",
	} {
		code, _, stderr := do(t, strings.Fields(line)...)
		if !strings.HasPrefix(stderr.String(), want) && !strings.Contains(stderr.String(), want) {
			t.Errorf("s %s: %q, want %q", line, stderr, want)
		}
		if wrong := map[bool]int{true: cmdutil.ExitUsage, false: cmdutil.ExitOK}[want != ""]; code != wrong && !strings.Contains(line, "verify") {
			t.Errorf("s %s: exit code %d", line, code)
		}
	}
}

// TestUsageInChinese: the words around names are translated.
func TestUsageInChinese(t *testing.T) {
	emptyMachine(t)
	io, _, _, stderr := iostreams.Test()
	io.SetLang("zh")
	for line, want := range map[string]string{
		"info --qualifer x":        "s info 没有参数 --qualifer",
		"provision put --target x": "--target 应为整数",
		"set proxy":                "HTTPS_PROXY",
	} {
		stderr.Reset()
		report(io, run(t.Context(), newFactory(io, "test"), strings.Fields(line)), false)
		if text := stderr.String(); !strings.Contains(text, want) || strings.Contains(text, "has no") || strings.Contains(text, "say which") {
			t.Errorf("s %s: %q", line, text)
		}
	}
}

func TestOutputFile(t *testing.T) {
	dir := emptyMachine(t)
	path := filepath.Join(dir, "out.txt")
	if code, stdout, stderr := do(t, "version", "--output-file", path); code != 0 || stdout.Len()+stderr.Len() > 0 {
		t.Fatalf("exit code %d, %q %q", code, stdout, stderr)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), "s 1.2.3, ") {
		t.Errorf("%q, %v", text, err)
	}
	_, want, _ := do(t, "version")
	for _, flag := range []string{"-v", "--version"} {
		if code, got, _ := do(t, flag); code != 0 || got.String() != want.String() {
			t.Errorf("%s: %d, %q", flag, code, got)
		}
	}
}

// TestSilent: results and errors are all that is said.
func TestSilent(t *testing.T) {
	dir := emptyMachine(t)
	write(t, filepath.Join(dir, "s.yaml"), strings.Replace(project, "%s", "nobody", 1))
	write(t, filepath.Join(dir, "code", "index.py"), "")
	if code, _, stderr := do(t, "verify", "--silent", "--no-verify"); code != 0 || stderr.Len() > 0 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if _, _, stderr := do(t, "verify", "--no-verify"); !strings.Contains(stderr.String(), "--no-verify has no effect: ") {
		t.Errorf("not silent: %q", stderr)
	}
	if code, _, stderr := do(t, "info", "--silent"); code != cmdutil.ExitCredentials || !strings.Contains(stderr.String(), "error: ") || !strings.Contains(stderr.String(), "hint: ") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if code, _, stderr := do(t, "inf", "--silent"); code != cmdutil.ExitUsage || stderr.Len() == 0 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// TestCLIRunsOnProps: props on the command line are those of the only resource.
func TestCLIRunsOnProps(t *testing.T) {
	dir := emptyMachine(t)
	write(t, filepath.Join(dir, "code", "index.py"), "")
	for _, tt := range []struct {
		args string
		want []string
	}{
		{`fc3 preview -o raw -p {"region":"cn-hangzhou","functionName":"f","runtime":"python3.10","handler":"index.handler","code":"./code"}`, []string{`"functionName":"f"`, `"edition":"3.0.0"`}},
		{`fc3@0.1.22 preview -o raw --region=cn-beijing --function-name g --props={"runtime":"python3.10","handler":"index.handler","code":"./code"}`, []string{`"functionName":"g"`, `"region":"cn-beijing"`}},
		{`fc preview -o raw -p {"region":"cn-hangzhou","service":{"name":"svc"},"function":{"name":"f","runtime":"python3.10","codeUri":"./code"}}`, []string{`"svc"`, `"edition":"1.0.0"`}},
	} {
		code, stdout, stderr := do(t, append([]string{"cli"}, strings.Fields(tt.args)...)...)
		for _, want := range tt.want {
			if code != 0 || !strings.Contains(stdout.String(), want) {
				t.Errorf("s cli %s: exit code %d, no %s in\n%s%s", tt.args, code, want, stdout, stderr)
			}
		}
	}
}
