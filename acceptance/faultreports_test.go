package acceptance

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fcclient/faultproxy"
)

// reportProject has few enough steps that their order is always the same.
const reportProject = `edition: 3.0.0
name: faults
resources:
  app:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: NAME
      runtime: python3.10
      handler: index.handler
      code: ./code
      environmentVariables: {STAGE: s1}
      triggers:
        - triggerName: clock
          triggerType: timer
          triggerConfig: {cronExpression: '@every 24h', enable: false}
`

// report is a command that meets a fault, and what it then says is in
// testdata/faults/reports.txt.
type report struct {
	name  string
	first []string // commands before it, of what s.yaml says at first
	args  string
	rule  faultproxy.Rule
	vars  map[string]string
}

func always(method, path string, fault faultproxy.Fault) faultproxy.Rule {
	return faultproxy.Rule{Method: method, Path: path, Times: -1, Fault: fault}
}

func faultReports() []report {
	deployed := []string{"deploy -y"}
	published := append(deployed, "version publish")
	lost, hang := faultproxy.Fault{Kind: faultproxy.Lost}, faultproxy.Fault{Kind: faultproxy.Hang}
	early := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	skew := faultproxy.Refused(http.StatusForbidden, "SignatureNotMatch", "Date", early)
	expired := faultproxy.Refused(http.StatusForbidden, "InvalidSecurityToken.Expired")
	throttled := faultproxy.Refused(http.StatusTooManyRequests, "ResourceThrottled", "Retry-After", "0")
	fails := faultproxy.Refused(http.StatusInternalServerError, "InternalServerError", "Retry-After", "0")
	patient := map[string]string{"FC_CLIENT_READ_TIMEOUT": "2"}
	return []report{
		{name: "the token expires in the middle", args: "deploy -y", rule: always("POST", "triggers", expired)},
		{name: "the clocks differ", args: "deploy -y", rule: always("GET", "functions/*", skew)},
		{name: "a login page", args: "deploy -y", rule: always("", "", faultproxy.Page(http.StatusOK, "Log in to Example Ltd."))},
		{name: "a gateway in trouble", args: "deploy -y", rule: always("POST", "functions", faultproxy.Page(http.StatusBadGateway, "Bad gateway"))},
		{name: "answers are lost", args: "deploy -y", rule: always("POST", "functions", lost)},
		{name: "answers about a trigger are lost", args: "deploy -y", rule: always("POST", "triggers", lost)},
		{name: "the service is silent", first: deployed, args: "deploy -y -t changed.yaml", rule: always("PUT", "functions/*", hang), vars: patient},
		{name: "the service is busy", args: "deploy -y", rule: always("POST", "functions", throttled)},
		{name: "the service fails", args: "deploy -y", rule: always("POST", "functions", fails)},
		{name: "a proxy's page without the function", first: deployed, args: "remove -y", rule: always("GET", "functions/*", faultproxy.Page(http.StatusNotFound, "Not here"))},
		{name: "deletes are lost", first: deployed, args: "remove -y", rule: always("DELETE", "functions/*/triggers/*", faultproxy.Fault{Kind: faultproxy.Cut})},
		{name: "the connection breaks", first: deployed, args: "plan", rule: always("GET", "functions/*", faultproxy.Fault{Kind: faultproxy.LostHalf})},
		{name: "the answer of a function is lost", first: deployed, args: "invoke -e x", rule: always("POST", "invocations", lost)},
		{name: "an event is lost", first: deployed, args: "invoke -e x --invocation-type async", rule: always("POST", "invocations", lost)},
		{name: "a function is called too often", first: deployed, args: "invoke -e x", rule: always("POST", "invocations", throttled)},
		{name: "a function is silent", first: deployed, args: "invoke -e x --timeout 1", rule: always("POST", "invocations", hang)},
		{name: "a version may be published", first: deployed, args: "version publish", rule: always("POST", "versions", lost)},
		{name: "an alias can't be made", first: published, args: "alias publish --alias-name prod --version-id 1", rule: always("POST", "aliases", expired)},
		{name: "code that breaks off", first: deployed, args: "sync", rule: always("GET", "_s/code/*", faultproxy.Fault{Kind: faultproxy.LostHalf})},
	}
}

// varying is what differs from run to run in a report.
func varying(f *faulty, text string) string {
	text = strings.ReplaceAll(text, strings.TrimPrefix(f.proxy.URL, "http://"), "HOST")
	text = strings.ReplaceAll(strings.ReplaceAll(text, f.name, "NAME"), f.dir, "DIR")
	text = regexp.MustCompile(`\(\d[0-9.]*m?s\)`).ReplaceAllString(text, "(TIME)")
	text = regexp.MustCompile(`is \dh\d+m\d+s`).ReplaceAllString(text, "is DURATION")
	text = regexp.MustCompile(`sha256_\w+|_s/code/\S+`).ReplaceAllString(text, "CODE")
	return regexp.MustCompile(`\d+ bytes`).ReplaceAllString(text, "N bytes")
}

// TestFaultReports: what s says of faults that don't pass: where, why, what was done,
// what wasn't, and what helps.
func TestFaultReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.s("local", "up")
	env := w.localEnv()
	all := faultReports()
	texts := make([]string, len(all))
	var mu sync.Mutex
	t.Run("all", func(t *testing.T) {
		for i, r := range all {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, w, env, fmt.Sprintf("report%d", i))
				text := f.report(r)
				mu.Lock()
				defer mu.Unlock()
				texts[i] = text
			})
		}
	})
	got := strings.Join(texts, "\n")
	file := filepath.Join("testdata", "faults", "reports.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the reports are\n%s\nwant\n%s\n(-update writes them)", got, want)
	}
}

// report runs the command and gives what it says.
func (f *faulty) report(r report) string {
	project := strings.ReplaceAll(reportProject, "NAME", f.name)
	f.write(map[string]string{"s.yaml": project, "changed.yaml": strings.Replace(project, "s1", "s2", 1)})
	for _, args := range r.first {
		f.must(strings.Fields(args)...)
	}
	maps.Copy(f.vars, r.vars)
	f.proxy.Set(r.rule)
	got := f.run(strings.Fields(r.args)...)
	if f.proxy.Met() == 0 {
		f.t.Errorf("no call met the fault")
	}
	// The plan is shown by tests of its own.
	shown := got.stderr
	if i := strings.Index(shown, "Plan: "); i >= 0 {
		shown = shown[i:]
	}
	return fmt.Sprintf("== %s\n$ s %s\n%sexit code %d\n", r.name, r.args, varying(f, shown), got.code)
}

// TestInvocationsAreMadeOnce: whatever becomes of its answer, an invocation is made at
// most once.
func TestInvocationsAreMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.s("local", "up")
	f := newFaulty(t, w, w.localEnv(), "once")
	f.must("deploy", "-y")
	count := 0
	for _, kind := range faultKinds() {
		switch kind.Kind {
		case faultproxy.Hang, faultproxy.LostInSilence:
			continue // TestFaultReports has one
		}
		f.proxy.Set(faultproxy.Rule{Method: http.MethodPost, Path: "invocations", Fault: kind.Fault})
		got := f.run("invoke", "-e", "x")
		made := 0
		for _, c := range f.proxy.Calls() {
			if strings.HasSuffix(c.Path, "/invocations") && c.Passed {
				made++
			}
		}
		count += made
		if f.proxy.Met() != 1 || made > 1 || (got.code == 0) != (kind.Kind == faultproxy.Delay || kind.Kind == faultproxy.OldHTTP || kind.Kind == faultproxy.LostGarbled) {
			t.Errorf("%s: exit code %d after %d invocations\n%s", kind.name, got.code, made, got.stderr)
		}
	}
	count++
	if out := f.must("invoke", "-e", "x"); strings.TrimSpace(out) != fmt.Sprint(count) {
		t.Errorf("the function ran %s times, want %d", out, count)
	}
}

// TestCommandsUnderFaults: what passes is waited out by all commands.
func TestCommandsUnderFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.s("local", "up")
	f := newFaulty(t, w, w.localEnv(), "commands")
	f.must("deploy", "-y")
	busy := faultproxy.Refused(http.StatusServiceUnavailable, "ServiceUnavailable", "Retry-After", "0")
	lost := faultproxy.Fault{Kind: faultproxy.Lost}
	for _, step := range []struct {
		args         string
		method, path string
		fault        faultproxy.Fault
	}{
		{"version publish", "GET", "", lost},
		{"alias publish --alias-name prod --version-id 1", "POST", "aliases", lost},
		{"alias publish --alias-name prod --version-id latest", "GET", "versions", busy},
		{"alias get --alias-name prod", "GET", "aliases/*", lost},
		{"info", "GET", "triggers", busy},
		{"plan", "GET", "custom-domains/*", lost},
		{"sync -y", "GET", "code", busy},
		{"list", "GET", "functions", lost},
		{"alias remove --alias-name prod -y", "DELETE", "aliases/*", lost},
		{"version remove --version-id 1 -y", "DELETE", "versions/*", lost},
	} {
		f.proxy.Set(faultproxy.Rule{Method: step.method, Path: step.path, Fault: step.fault})
		got := f.run(strings.Fields(step.args)...)
		met := f.proxy.Met()
		if step.args == "version publish" {
			met = 1 // it reads nothing
		}
		if got.code != 0 || met != 1 {
			t.Errorf("s %s: exit code %d, %d met the fault\n%s", step.args, got.code, met, got.stderr)
		}
	}
	f.proxy.Set()
	if got := f.run("version", "list", "-o", "json"); strings.TrimSpace(got.stdout) != "[]" {
		t.Errorf("versions: %s", got.stdout)
	}
}

// closedPort is an address that nothing listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
