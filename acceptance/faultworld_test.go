package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/fcclient/faultproxy"
)

// faulty is a project whose commands reach the local cloud by way of a proxy that
// makes faults.
type faulty struct {
	t     *testing.T
	name  string // of its function, and of its folder
	dir   string
	vars  map[string]string
	proxy *faultproxy.Proxy
}

// faultyCode counts its invocations.
const faultyCode = `import os
import tempfile


def handler(event, context):
    count = os.path.join(tempfile.gettempdir(), "count")
    with open(count, "a") as f:
        f.write("x")
    return str(os.path.getsize(count))
`

// faultyProject is an s.yaml whose deployment makes calls of all kinds; NAME is its
// function. What s2 puts in the place of S1 changes all that can be changed.
const faultyProject = `edition: 3.0.0
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
      environmentVariables: {STAGE: S1}
      tags: [{key: stage, value: S1}]
      asyncInvokeConfig: {maxAsyncRetryAttempts: 1}
      concurrencyConfig: {reservedConcurrency: 10}
      vpcBinding: {vpcIds: [vpc-S1]}
      customDomain:
        domainName: NAME.example.com
        protocol: HTTP
        route: {path: /S1}
      triggers:
        - triggerName: web
          triggerType: http
          triggerConfig: {authType: anonymous, methods: [GET]}
        - triggerName: clock
          triggerType: timer
          triggerConfig: {payload: S1, cronExpression: '@every 24h', enable: false}
`

// stage gives the files of a stage of faultyProject.
func stage(name, stage string) map[string]string {
	project := strings.NewReplacer("NAME", name, "S1", stage)
	text := project.Replace(faultyProject)
	if stage != "s1" {
		text = strings.NewReplacer("maxAsyncRetryAttempts: 1", "maxAsyncRetryAttempts: 3", "reservedConcurrency: 10", "reservedConcurrency: 20").Replace(text)
	}
	return map[string]string{"s.yaml": text, "code/index.py": faultyCode, "code/stage.txt": stage}
}

// newFaulty makes one in a folder of its own of a world whose local cloud runs.
func newFaulty(t *testing.T, w *world, env map[string]string, name string) *faulty {
	t.Helper()
	f := &faulty{t: t, name: name, dir: filepath.Join(w.work, name), vars: maps.Clone(w.vars), proxy: faultproxy.New(t, env["FC_ENDPOINT"])}
	maps.Copy(f.vars, map[string]string{
		"FC_CLIENT_CUSTOM_ENDPOINT":       f.proxy.URL,
		"ALIBABA_CLOUD_ACCOUNT_ID":        env["FC_ACCOUNT_ID"],
		"ALIBABA_CLOUD_ACCESS_KEY_ID":     env["ALIBABA_CLOUD_ACCESS_KEY_ID"],
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET": env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
	})
	f.write(stage(name, "s1"))
	return f
}

func (f *faulty) write(files map[string]string) {
	f.t.Helper()
	for name, content := range files {
		path := filepath.Join(f.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			f.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
}

// result is what a command gave.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command in the project, whatever becomes of it.
func (f *faulty) run(args ...string) result {
	f.t.Helper()
	cmd := s(f.vars, args...)
	cmd.Dir = f.dir
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		f.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// must runs a command without faults.
func (f *faulty) must(args ...string) string {
	f.t.Helper()
	f.proxy.Set()
	got := f.run(args...)
	if got.code != 0 {
		f.t.Fatalf("s %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// state is what is deployed, without what differs between functions of the same
// s.yaml.
func (f *faulty) state() string {
	f.t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(f.must("info", "-o", "json")), &doc); err != nil {
		f.t.Fatal(err)
	}
	text, err := json.MarshalIndent(plain(doc), "", " ")
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), f.name, "NAME")
}

// plain takes ids, times and addresses out of a document.
func plain(doc any) any {
	switch doc := doc.(type) {
	case map[string]any:
		for key, value := range doc {
			lower := strings.ToLower(key)
			if strings.HasSuffix(lower, "time") || strings.HasSuffix(lower, "id") || strings.Contains(lower, "url") {
				delete(doc, key)
				continue
			}
			doc[key] = plain(value)
		}
	case []any:
		for i := range doc {
			doc[i] = plain(doc[i])
		}
	}
	return doc
}

// settled deploys once more, without faults, and looks at what there is then: what
// there is if nothing had happened, and nothing left to do.
func (f *faulty) settled(want string) {
	f.t.Helper()
	f.must("deploy", "-y")
	if got := f.state(); got != want {
		f.t.Errorf("what is deployed then is\n%s\nwant\n%s", got, want)
	}
	f.proxy.Set()
	if plan := f.run("plan"); !strings.Contains(plan.stdout+plan.stderr, "0 to create, 0 to update, 0 to delete") {
		f.t.Errorf("something is left to do:\n%s%s", plan.stdout, plan.stderr)
	}
}
