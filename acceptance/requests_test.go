package acceptance

import (
	"flag"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"s/pkg/fc/shape"
)

var update = flag.Bool("update", false, "rewrite the expected calls and the tables of docs/requests*.md")

// someAccount is the account in the files of testdata/requests; the local cloud has
// its own.
const someAccount = "1234567890123456"

// requestsCode is a handler with all that the projects name of it.
const requestsCode = `def handler(event, context):
    return event

def init(context):
    pass

def pre_stop(context):
    pass
`

// requestStep is a command whose calls are looked at.
type requestStep struct {
	name  string
	args  []string
	reads bool   // it must not write
	code  string // what the code has more before it
}

// life is what is done with every project of testdata/requests: the last deployment
// brings back what the first one said.
var life = []requestStep{
	{name: "deploy", args: []string{"deploy", "-y"}},
	{name: "again", args: []string{"deploy", "-y"}, reads: true},
	{name: "plan", args: []string{"plan"}, reads: true},
	{name: "info", args: []string{"info"}, reads: true},
	{name: "code", args: []string{"deploy", "-y"}, code: "more"},
	{name: "config", args: []string{"deploy", "-y", "-t", "changed.yaml"}},
	{name: "back", args: []string{"deploy", "-y"}},
	{name: "remove", args: []string{"remove", "-y"}},
}

// singles is what is done with the project commands: those that do one thing each.
var singles = []requestStep{
	{name: "deploy", args: []string{"deploy", "-y"}},
	{name: "version", args: []string{"version", "publish", "--description", "v1"}},
	{name: "versions", args: []string{"version", "list"}, reads: true},
	{name: "alias", args: []string{"alias", "publish", "--alias-name", "prod", "--version-id", "1"}},
	{name: "aliases", args: []string{"alias", "list"}, reads: true},
	{name: "concurrency", args: []string{"concurrency", "put", "--reserved-concurrency", "10"}},
	{name: "provision", args: []string{"provision", "put", "--qualifier", "prod", "--target", "1"}},
	{name: "unprovision", args: []string{"provision", "remove", "--qualifier", "prod", "-y"}},
	{name: "unreserve", args: []string{"concurrency", "remove", "-y"}},
	{name: "unalias", args: []string{"alias", "remove", "--alias-name", "prod", "-y"}},
	{name: "code", args: []string{"deploy", "-y"}, code: "more"},
	{name: "version2", args: []string{"version", "publish"}},
	{name: "split", args: []string{"alias", "publish", "--alias-name", "prod", "--version-id", "1", "--vw", `{"2":0.2}`}},
	{name: "unalias2", args: []string{"alias", "remove", "--alias-name", "prod", "-y"}},
	{name: "unversion2", args: []string{"version", "remove", "--version-id", "2", "-y"}},
	{name: "unversion", args: []string{"version", "remove", "--version-id", "1", "-y"}},
	{name: "layer", args: []string{"layer", "publish", "--layer-name", "l1", "--code", "./code", "--compatible-runtime", "python3.10"}},
	{name: "layers", args: []string{"layer", "list"}, reads: true},
	{name: "functions", args: []string{"list"}, reads: true},
	{name: "remove", args: []string{"remove", "-y"}},
}

// TestRequests: what our deployer asks the API for, seen by a proxy, for s.yaml
// files of all kinds. Every request has a documented shape; nothing is written when
// nothing changed; what must be read first is read at the same time; where the
// peer's client makes the same call, both say the same. How many calls there are is
// in testdata and in docs/requests.md.
func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"layer/python/shared.py": "", "code/index.py": requestsCode})
	w.s("local", "up")
	env := w.localEnv()
	w.s("layer", "publish", "-a", "local", "--region", "cn-hangzhou", "--layer-name", "shared",
		"--code", "./layer", "--compatible-runtime", "python3.10")
	var mu sync.Mutex
	counts := map[string]map[string]int{}
	files, err := filepath.Glob(filepath.Join("testdata", "requests", "*", "s.yaml"))
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	whole := t.Run("projects", func(t *testing.T) {
		for _, file := range files {
			name := filepath.Base(filepath.Dir(file))
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := newRequestsProject(t, w, env, name)
				mu.Lock()
				counts[name] = p.count
				mu.Unlock()
				p.run()
			})
		}
	})
	if whole && len(counts) == len(files) {
		checkRequestsTables(t, counts)
	}
}

// requestsProject is one s.yaml file, and what is known about its calls.
type requestsProject struct {
	t        *testing.T
	name     string
	dir      string // where the commands run
	vars     map[string]string
	recorder *recorder
	expected map[string][]string
	got      map[string][]string
	count    map[string]int
	peer     peerFacts
}

func newRequestsProject(t *testing.T, w *world, env map[string]string, name string) *requestsProject {
	t.Helper()
	p := &requestsProject{
		t: t, name: name, dir: filepath.Join(w.work, name), vars: maps.Clone(w.vars), recorder: newRecorder(t, env["FC_ENDPOINT"]),
		got: map[string][]string{}, count: map[string]int{}, peer: readPeerFacts(t, name, env["FC_ACCOUNT_ID"]),
	}
	maps.Copy(p.vars, map[string]string{
		"FC_CLIENT_CUSTOM_ENDPOINT":       p.recorder.URL,
		"ALIBABA_CLOUD_ACCOUNT_ID":        env["FC_ACCOUNT_ID"],
		"ALIBABA_CLOUD_ACCESS_KEY_ID":     env["ALIBABA_CLOUD_ACCESS_KEY_ID"],
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET": env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
	})
	if err := os.MkdirAll(filepath.Join(p.dir, "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.write(filepath.Join("code", "index.py"), requestsCode)
	files, err := filepath.Glob(filepath.Join("testdata", "requests", name, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p.write(filepath.Base(file), strings.ReplaceAll(string(data), someAccount, env["FC_ACCOUNT_ID"]))
	}
	p.expected = readCalls(t, p.golden())
	return p
}

func (p *requestsProject) write(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(content), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *requestsProject) golden() string {
	return filepath.Join("testdata", "requests", p.name, "calls.txt")
}

func (p *requestsProject) run() {
	steps := life
	if p.name == "commands" {
		steps = singles
	}
	for _, s := range steps {
		if s.code != "" {
			p.write(filepath.Join("code", s.code+".py"), "")
		}
		p.step(s)
	}
	text := writeCalls(steps, p.got)
	if *update {
		if err := os.WriteFile(p.golden(), []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
		return
	}
	for _, s := range steps {
		if got, want := strings.Join(p.got[s.name], "\n"), strings.Join(p.expected[s.name], "\n"); got != want {
			p.t.Errorf("%s asks for\n%s\n\nwant\n%s", s.name, got, want)
		}
	}
}

// step runs a command over the proxy and looks at its calls.
func (p *requestsProject) step(s requestStep) {
	t := p.t
	t.Helper()
	hold := 0
	for _, line := range p.expected[s.name] {
		if strings.HasPrefix(line, firstMark) {
			hold++
		}
	}
	if *update {
		hold = 0
	}
	p.recorder.begin(hold)
	p.s(s.args...)
	calls, parallel := p.recorder.end()
	if !parallel {
		t.Errorf("%s: its first %d reads don't come at the same time", s.name, hold)
	}
	p.peer.check(t, s.name, calls)
	checkShapes(t, s.name, calls)
	checkOrder(t, s, calls)
	p.got[s.name] = summary(calls)
	p.count[s.name] = len(p.got[s.name])
}

func (p *requestsProject) s(args ...string) {
	p.t.Helper()
	cmd := s(p.vars, args...)
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("s %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// checkShapes holds requests against the documentation of the API.
func checkShapes(t *testing.T, name string, calls []*call) {
	t.Helper()
	for _, c := range calls {
		problems := shape.Request(c.method, c.path, c.query, c.body)
		if strings.HasPrefix(c.path, "/2021-04-06/") {
			problems = serviceShapes(c)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// checkOrder: what only reads doesn't write; what writes has read before, but for
// what is asked for again; the function is there before what belongs to it, and goes
// after it.
func checkOrder(t *testing.T, s requestStep, calls []*call) {
	t.Helper()
	var writes []*call
	for _, c := range calls {
		switch {
		case !c.read():
			writes = append(writes, c)
		case len(writes) > 0 && !readsLater(c):
			t.Errorf("%s reads %s after it wrote", s.name, c.path)
		}
	}
	if s.reads && len(writes) > 0 {
		t.Errorf("%s writes: %s %s", s.name, writes[0].method, writes[0].path)
	}
	writes = slices.DeleteFunc(writes, isService)
	for i, c := range writes {
		deletes := c.method == http.MethodDelete
		if isFunction(c) && (i > 0 && !deletes || i < len(writes)-1 && deletes) {
			t.Errorf("%s: %s %s isn't in its place", s.name, c.method, c.path)
		}
	}
}

// readsLater knows the reads that come after writes.
func readsLater(c *call) bool {
	base := c.path[strings.LastIndex(c.path, "/")+1:]
	return waits(c) || // instances come by and by
		strings.Contains(c.path, "/custom-domains/") || // read again before it is written: routes of others stay
		strings.HasPrefix(c.path, "/2021-04-06/") && base == "functions" // is the service empty now?
}

func waits(c *call) bool {
	return c.read() && (strings.HasSuffix(c.path, "/provision-config") || strings.HasSuffix(c.path, "/scaling-config"))
}

func isFunction(c *call) bool {
	parts := strings.Split(strings.Trim(c.path, "/"), "/")
	if parts[0] == "2021-04-06" && len(parts) > 2 {
		parts = parts[2:]
	}
	return parts[1] == "functions" && (c.method == http.MethodPost && len(parts) == 2 || len(parts) == 3)
}

func isService(c *call) bool {
	_, rest, ok := strings.Cut(c.path, "/2021-04-06/services")
	return ok && strings.Count(rest, "/") <= 1
}
