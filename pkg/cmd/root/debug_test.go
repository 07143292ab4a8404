package root

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/cmd/cmdutil"
	"s/pkg/debug"
	"s/pkg/fc"
	"s/pkg/spec"
)

// debugLines are the lines of --debug in a stderr, without the times.
func debugLines(stderr string) []string {
	var lines []string
	for _, m := range regexp.MustCompile(`(?m)^\[ *\d+ ms\] (.*)$`).FindAllStringSubmatch(stderr, -1) {
		lines = append(lines, regexp.MustCompile(`\d+ ms`).ReplaceAllString(m[1], "N ms"))
	}
	return lines
}

const secretProject = project + `      environmentVariables:
        KEY: ${config('AccessKeySecret')}
        STORED: ${secret('db')}
`

// TestDebug tells who chose what, and where the command acts, in the order of
// what happens.
func TestDebug(t *testing.T) {
	dir := emptyMachine(t)
	for name, value := range map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "hush-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "hush-secret", "FC_ACCOUNT_ID": "123",
		envEndpoint: "http://me:hush-password@127.0.0.1:1", "S_KEYRING": "off", "S_DEBUG": "1", "LANG": "C", "LC_ALL": "", "LC_MESSAGES": "",
		"HTTPS_PROXY": "http://me:hush-proxy@x", "CI": "", "NO_PROXY": "", "HTTP_PROXY": "", "https_proxy": "", "http_proxy": "", "no_proxy": "",
		"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": "", "PROMPT_PASSWORD": "hush", "NO_COLOR": "",
	} {
		t.Setenv(name, value)
	}
	write(t, filepath.Join(dir, "code", "index.py"), "")
	write(t, "s.yaml", fmt.Sprintf(secretProject, "default"))
	if err := os.MkdirAll(filepath.Join(dir, "home"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "home", "secrets.kept.yaml"), []byte("secrets:\n  db: {value: hush-db}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := do(t, "plan", "-o", "json")
	lines := debugLines(stderr.String())
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "s: version 1.2.3, go1.") || !strings.HasSuffix(lines[0], ": s plan --output-format") {
		t.Fatalf("%s", stderr)
	}
	found := []string{
		"access: nothing in the environment (AccountID, AccessKeyID, AccessKeySecret)",
		"access: nothing in access.yaml (default)",
		"access: taken: $system_environment_access in the environment (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET): a key without a token, account 123",
	}
	want := append([]string{
		"settings: output-format is json (--output-format)",
		"settings: debug is true (S_DEBUG)",
		"settings: the folder of s is " + filepath.Join(dir, "home"),
		"settings: set in the environment: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, FC_ACCOUNT_ID, FC_ENDPOINT, HTTPS_PROXY, LANG, S_DEBUG, S_HOME, S_KEYRING",
		"access: alias default (s.yaml, or its environment)",
	}, found...)
	want = append(want,
		"secret: db is taken",
		"project: s.yaml: edition 3.0.0, resources hello; variables of .env files 0, findings 0, N ms",
		"access: alias default (s.yaml, or its environment)")
	want = append(want, found...)
	want = append(want, "target: http://***@127.0.0.1:1 (FC_ENDPOINT)")
	var calls int
	got := lines[1:]
	for len(got) > 0 && strings.HasPrefix(got[len(got)-1], "api: GET 127.0.0.1:1/2023-03-30/functions/hello") {
		got, calls = got[:len(got)-1], calls+1
	}
	if diff := cmp.Diff(want, got); diff != "" || calls == 0 {
		t.Errorf("%d calls; %s", calls, diff)
	}
	if strings.Contains(stderr.String()+stdout.String(), "hush") {
		t.Errorf("a secret shows: %s%s", stderr, stdout)
	}
}

// TestVariablesAreHidden by their names, unless hiding them would hide more.
func TestVariablesAreHidden(t *testing.T) {
	var out bytes.Buffer
	log := debug.New(debug.Options{Out: &out})
	tellProject(log, &spec.Project{Resources: []*spec.Resource{{Function: fc.Function{EnvironmentVariables: map[string]string{
		"DB_PASSWORD": "hush-password", "TOKEN_TTL": "60", "REGION": "cn-hangzhou",
	}}}}}, nil, 0)
	log.Tool([]string{"x", "hush-password", "60", "cn-hangzhou"})
	if !strings.HasSuffix(out.String(), "x *** 60 cn-hangzhou\n") {
		t.Errorf("%s", &out)
	}
}

// TestDebugIsOff unless it is asked for, and also told of what can't be loaded.
func TestDebugIsOff(t *testing.T) {
	emptyMachine(t)
	for args, want := range map[string]bool{"version": false, "version --debug": true, "verify --debug": true, "version --debug=false": false} {
		_, _, stderr := do(t, strings.Fields(args)...)
		lines := debugLines(stderr.String())
		if len(lines) > 0 != want {
			t.Errorf("%s: %s", args, stderr)
		}
		if args == "verify --debug" && lines[len(lines)-1] != "project: not loaded: findings 1, N ms" {
			t.Errorf("%s: %s", args, stderr)
		}
	}
}

// TestSeconds: times of the environment, and what is none.
func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "1": time.Second, "86400": 24 * time.Hour} {
		t.Setenv(envReadTimeout, text)
		if got, err := seconds(envReadTimeout); got != want || err != nil {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "1.5", "soon", "86401"} {
		t.Setenv(envReadTimeout, text)
		if _, err := seconds(envReadTimeout); cmdutil.CodeOf(err) != cmdutil.ExitUsage || !strings.Contains(err.Error(), envReadTimeout+" is") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
