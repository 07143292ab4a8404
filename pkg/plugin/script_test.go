//go:build unix

package plugin

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func node(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not on PATH: JavaScript plugins are not tried")
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	node(t)
	for _, tt := range []struct {
		name, when, text string
		file             string // index.js if empty
		props            string // a key that the props must have
		output           string
		stderr, err      string
		code             int
	}{
		{name: "inputs changed", text: `module.exports = async (inputs, args) => { inputs.props.made = args.x; return inputs }`, props: "made"},
		{name: "other inputs", text: `module.exports = (inputs) => ({...inputs, props: {made: 1}})`, props: "made"},
		{name: "nothing", text: `module.exports = () => {}`},
		{name: "null", text: `module.exports = () => null`},
		{name: "empty", text: `module.exports = () => ({})`},
		{name: "a number, which is empty", text: `module.exports = () => 5`},
		{name: "default export", text: `exports.default = (inputs) => inputs; exports.__esModule = true`, props: "key"},
		{name: "module", file: "p.mjs", text: `export default function (inputs) { return inputs }`, props: "key"},
		{name: "no props", text: `module.exports = () => ({a: 1})`, err: "it gave inputs without props"},
		{name: "throws", text: `module.exports = () => { throw new Error('no hush today') }`, err: "no *** today: exit status 101", code: 101},
		{name: "throws a text", text: `module.exports = async () => { throw 'broken' }`, err: "broken: exit status 101", code: 101},
		{name: "ends itself", text: `module.exports = () => process.exit(7)`, err: "exit status 7", code: 7},
		{name: "no function", text: `module.exports = {run() {}}`, err: "exports no function (inputs, args, logger): exit status 101"},
		{name: "syntax", text: `module.exports = (`, err: "exit status 101"},
		{name: "module that isn't there", text: `require('no-such-module')`, err: "Cannot find module 'no-such-module'"},
		{
			name: "prints", text: `module.exports = (i, a, logger) => { console.log('one'); logger.info('two %s', 'x'); logger.spin('three'); logger.debug('four') }`,
			stderr: "one\ntwo x\nthree\n",
		},
		{
			name: "a program that prints", stderr: "from a child\n",
			text: `module.exports = () => { require('child_process').spawnSync('echo', ['from a child'], {stdio: 'inherit'}) }`,
		},
		{name: "secret", text: `module.exports = (inputs) => { console.error(inputs.props.key) }`, stderr: "***\n"},
		{name: "output", when: "success", text: `module.exports = (inputs) => ({was: inputs.output.was, now: 2})`, output: `{"was":1,"now":2}`},
		{name: "no output", when: "success", text: `module.exports = () => {}`},
		{
			name: "inputs", when: "success", output: `["/x/s.yaml","app","hello","fc3","deploy"]`,
			text: `module.exports = (i) => [i.yaml.path, i.name, i.resource.name, i.resource.component, i.command]`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name, when := tt.file, tt.when
			if name == "" {
				name = "p/index.js"
			}
			if when == "" {
				when = "pre"
			}
			w := newWorld(t, map[string]string{name: tt.text})
			answer, err := w.run(t.Context(), strings.TrimSuffix(name, "/index.js"), Request{
				Command: "deploy", When: when, Args: map[string]any{"x": "y"}, Output: map[string]any{"was": 1},
				Project: Project{Name: "app", File: "/x/s.yaml"}, Resource: &Resource{Name: "hello", Component: "fc3"},
				Props: map[string]any{"key": "hush"},
			})
			if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v\nwant %s\nstderr %s", err, tt.err, &w.stderr)
			}
			var exit *exec.ExitError
			if errors.As(err, &exit); tt.code != 0 && (exit == nil || exit.ExitCode() != tt.code) {
				t.Errorf("exit code of %v, want %d", err, tt.code)
			}
			if _, ok := answer.Props[tt.props]; ok != (tt.props != "") {
				t.Errorf("props %v, want %s", answer.Props, tt.props)
			}
			if string(answer.Output) != tt.output || w.stderr.String() != tt.stderr {
				t.Errorf("output %s, want %s; stderr %q, want %q", answer.Output, tt.output, w.stderr.String(), tt.stderr)
			}
		})
	}
}

// The inputs have the keys that Serverless Devs 3.1.10 gives a plugin around a
// deployment, recorded from it.
func TestScriptInputs(t *testing.T) {
	t.Parallel()
	node(t)
	const pre = "args,command,cwd,diffs,getCredential,name,outputs,props,resource,userAgent,yaml"
	const success = "args,command,cwd,diffs,getCredential,name,output,outputs,props,resource,userAgent,yaml"
	w := newWorld(t, map[string]string{"p.js": `module.exports = (inputs) => { console.log(Object.keys(inputs).sort().join()) }`})
	for _, request := range []Request{{When: "pre"}, {When: "success", Output: map[string]any{"a": 1}}, {When: "fail", Error: &Failure{}}} {
		if _, err := w.run(t.Context(), "p.js", request); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := w.stderr.String(), pre+"\n"+success+"\n"+pre+"\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// main of package.json, and modules beside it, are found.
func TestScriptPackage(t *testing.T) {
	t.Parallel()
	node(t)
	w := newWorld(t, map[string]string{
		"node_modules/plug/package.json":       `{"name":"plug","version":"1.0.0","main":"lib/run"}`,
		"node_modules/plug/lib/run.js":         `const add = require('other'); module.exports = (i) => ({props: {n: add(i.props.n)}})`,
		"node_modules/other/index.js":          `module.exports = (n) => n + 1`,
		"node_modules/unfinished/package.json": `{"main":"dist/index.js"}`,
	})
	answer, err := w.run(t.Context(), "plug@1.0.0", Request{When: "pre", Props: map[string]any{"n": 41}})
	if err != nil || text(answer.Props["n"]) != "42" {
		t.Errorf("props %v, error %v", answer.Props, err)
	}
	if _, err = w.run(t.Context(), "unfinished", Request{When: "pre"}); err == nil || !strings.Contains(err.Error(), "Cannot find module") {
		t.Errorf("error %v", err)
	}
}

func TestScriptDebug(t *testing.T) {
	t.Parallel()
	node(t)
	w := newWorld(t, map[string]string{"p.js": `module.exports = (i, a, logger) => logger.debug('deep', 1)`})
	w.runner.Debug = true
	if _, err := w.run(t.Context(), "p.js", Request{}); err != nil || w.stderr.String() != "deep 1\n" {
		t.Errorf("stderr %q, error %v", w.stderr.String(), err)
	}
}

func TestScriptCredential(t *testing.T) {
	t.Parallel()
	node(t)
	const plugin = `module.exports = async (i) => {
	const c = await i.getCredential();
	const again = await i.getCredential();
	return c.AccountID + again.AccessKeySecret;
}`
	w := newWorld(t, map[string]string{"p.js": plugin, "quiet.js": `module.exports = () => 1`})
	asked := 0
	w.runner.Credential = func(context.Context) (map[string]string, error) {
		asked++
		return map[string]string{"AccountID": "12", "AccessKeySecret": "schlüssel"}, nil
	}
	if _, err := w.run(t.Context(), "quiet.js", Request{When: "success"}); err != nil || asked != 0 {
		t.Errorf("asked %d times without need, error %v", asked, err)
	}
	answer, err := w.run(t.Context(), "p.js", Request{When: "success"})
	if err != nil || string(answer.Output) != `"12schlüssel"` || asked != 2 {
		t.Errorf("output %s, error %v, asked %d times", answer.Output, err, asked)
	}
	w.runner.Credential = func(context.Context) (map[string]string, error) { return nil, errors.New("no key hush") }
	if _, err = w.run(t.Context(), "p.js", Request{When: "success"}); err == nil || !strings.HasPrefix(err.Error(), "no key ***: exit status 101") {
		t.Errorf("error %v", err)
	}
	w.runner.Credential = nil
	if _, err = w.run(t.Context(), "p.js", Request{When: "success"}); err == nil || !strings.HasPrefix(err.Error(), "there are no credentials here") {
		t.Errorf("error %v", err)
	}
}

func TestScriptWithoutNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"p.js": ""})
	w.runner.LookPath = func(string) (string, error) { return "", exec.ErrNotFound }
	var none *NoNodeError
	if _, err := w.run(t.Context(), "p.js", Request{}); !errors.As(err, &none) || !strings.HasSuffix(none.Error(), "p.js is JavaScript, and node is not on PATH") {
		t.Errorf("error %v", err)
	}
}

func TestScriptInterruption(t *testing.T) {
	t.Parallel()
	node(t)
	w := newWorld(t, map[string]string{"p.js": `module.exports = () => { console.log('ready'); return new Promise(() => setInterval(() => {}, 1e6)) }`})
	ctx, cancel := context.WithCancel(t.Context())
	w.runner.Stderr = writerFunc(func(p []byte) { cancel() })
	if _, err := w.run(ctx, "p.js", Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
