//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"s/pkg/fc/fcsign"
	"s/pkg/proc"
)

const (
	clientCount    = 500
	clientPatience = 90 * time.Second // for one answer
	clientSettles  = 60 * time.Second
	clientReserved = 100             // invocations at once of one of the functions: above, FC throttles
	clientPeak     = 250             // MiB that s may have, beside one for each process of an instance: of those that stand still it keeps what they had
	clientRest     = 64              // MiB more than at the start that it may have when nothing is left to do
	clientGrowth   = 1.25            // of its memory, last third to the one before
	clientLong     = 8 * time.Minute // after which that is asked: instances that nobody uses end after five
	clientSpareFDs = 48              // that may be open at the end and were not at the start: those of instances that are kept ready
	clientDrains   = 5 * time.Minute // until what was accepted has run
	clientThreads  = 200             // of s: the Go runtime keeps those that it has made

	clientSpareProcesses = 4 // of instances that are kept ready
	clientCatalog        = "clients-"
)

// measureClients has 500 clients, each over a connection of its own, call everything
// that programs call, and holds every answer to what it must be.
func measureClients(ctx context.Context, w *World) ([]Figure, error) {
	return w.clients(ctx, clientCount, cmp.Or(w.lasts, 10*time.Second))
}

// crowd is the clients of a run and what they saw.
type crowd struct {
	api       *API
	daemon    int
	functions []string
	archive   string // the code of a client's own function

	mu       sync.Mutex
	answers  map[string]int             // by call, status and code
	times    map[string][]time.Duration // by call
	wrong    []string
	wrongs   int
	accepted int // asynchronous invocations
	samples  []usage
}

// usage is what a process uses.
type usage struct {
	rss          float64 // MiB
	fds, threads int
	children     int
}

func (w *World) clients(ctx context.Context, n int, d time.Duration) ([]Figure, error) {
	c, err := w.startCrowd(ctx)
	if err != nil {
		return nil, err
	}
	start := usageOf(c.daemon)
	running, stop := context.WithTimeout(ctx, d)
	defer stop()
	var clients, watch sync.WaitGroup
	watch.Go(func() {
		for rest(running, min(time.Second, d/10)) {
			u := usageOf(c.daemon)
			c.mu.Lock()
			c.samples = append(c.samples, u)
			c.mu.Unlock()
		}
	})
	all := make([]*client, n)
	began := time.Now()
	for i := range all {
		all[i] = c.client(i)
		clients.Go(func() { all[i].run(ctx, running) })
	}
	clients.Wait()
	took := time.Since(began)
	watch.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return w.endCrowd(ctx, c, all, start, took)
}

// startCrowd deploys what the clients call.
func (w *World) startCrowd(ctx context.Context) (*crowd, error) {
	c := &crowd{answers: map[string]int{}, times: map[string][]time.Duration{}, functions: []string{"python", "custom"}}
	files := map[string]string{}
	for name, file := range map[string]string{"python": "index.py", "node": "index.js", "custom": "server.py"} {
		text, err := clientFile(file)
		if err != nil {
			return nil, err
		}
		files[name+"/"+file] = string(text)
	}
	props := map[string]string{
		"python": "runtime: python3.10\n      handler: index.handler\n      concurrencyConfig: {reservedConcurrency: " + strconv.Itoa(clientReserved) + "}\n",
		"node":   "runtime: nodejs20\n      handler: index.handler\n",
		"custom": "runtime: custom.debian10\n      handler: h\n      instanceConcurrency: 20\n      customRuntimeConfig: {command: [python3], args: [server.py]}\n",
	}
	if _, err := exec.LookPath("node"); err == nil {
		c.functions = append(c.functions, "node")
	}
	var yaml strings.Builder
	yaml.WriteString("edition: 3.0.0\nname: clients\naccess: local\nresources:\n")
	for _, name := range c.functions {
		fmt.Fprintf(&yaml, "  %s:\n    component: fc3\n    props:\n      region: cn-hangzhou\n      functionName: %s\n      code: ./%s\n      memorySize: 256\n"+
			"      timeout: 60\n      logConfig: {project: %s, logstore: %s}\n      %s", name, name, name, logProject, logStore, props[name])
	}
	files["s.yaml"] = yaml.String()
	if err := w.Write(files); err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	var err error
	if c.archive, err = echoArchive(); err != nil {
		return nil, err
	}
	if c.api, err = w.API(ctx); err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(c.api.Host[strings.LastIndexByte(c.api.Host, ':')+1:])
	if err != nil {
		return nil, err
	}
	var ok bool
	if c.daemon, _, ok = proc.PortHolder(port); !ok {
		return nil, errors.New("nobody has the local cloud's port")
	}
	return c, nil
}

// clientFile reads code that the clients deploy, from the project's folder or from this
// one, where tests run.
func clientFile(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join("bench", "testdata", "clients", name))
	if errors.Is(err, os.ErrNotExist) {
		return os.ReadFile(filepath.Join("testdata", "clients", name))
	}
	return text, err
}

func usageOf(pid int) usage {
	u := usage{children: len(proc.Descendants(pid))}
	fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	u.fds = len(fds)
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case fields[0] == "VmRSS:":
			kib, _ := strconv.ParseFloat(fields[1], 64)
			u.rss = kib / 1024
		case fields[0] == "Threads:":
			u.threads, _ = strconv.Atoi(fields[1])
		}
	}
	return u
}

// client is one of the crowd, with a connection of its own.
type client struct {
	*crowd
	http *http.Client
	dice *rand.Rand
	own  string // the function that it makes
	step int    // of what it does with that
	made bool
	id   string // of the version that it has published
	turn int
}

func (c *crowd) client(n int) *client {
	return &client{
		crowd: c, dice: rand.New(rand.NewPCG(uint64(n), 7)), own: fmt.Sprintf("%s%03d", clientCatalog, n),
		http: &http.Client{Timeout: clientPatience, Transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1}},
	}
}

// run calls until running is over. A call that has begun is finished.
func (c *client) run(ctx, running context.Context) {
	for running.Err() == nil && ctx.Err() == nil {
		c.turn++
		switch n := c.dice.IntN(100); {
		case n < 50:
			c.invoke(ctx, c.functions[c.dice.IntN(len(c.functions))], "", "sync")
		case n < 60:
			c.invokeAsync(ctx)
		case n < 68:
			name := c.functions[c.dice.IntN(len(c.functions))]
			c.call(ctx, "get a function", http.MethodGet, "/functions/"+name, nil, has(`"functionName":"`+name+`"`))
		case n < 74:
			c.call(ctx, "list functions", http.MethodGet, "/functions?limit=20", nil, has(`"functions":[{`))
		case n < 76:
			c.call(ctx, "list versions", http.MethodGet, "/functions/python/versions", nil, has(`"versions"`))
		case n < 84:
			c.logs(ctx)
		default:
			c.life(ctx)
		}
	}
	c.http.CloseIdleConnections()
}

// answer is what came of a call.
type answer struct {
	status int
	code   string // of an error
	body   []byte
	id     string // of the request
}

// throttled reports whether an answer is one of FC's that ask to come later.
func (a *answer) throttled() bool {
	return a.status == http.StatusTooManyRequests && (a.code == "ResourceExhausted" || a.code == "ResourceThrottled")
}

// has wants a text in the answer.
func has(text string) func(*answer) error {
	return func(a *answer) error {
		if !bytes.Contains(a.body, []byte(text)) {
			return fmt.Errorf("there is no %s in %.300s", text, a.body)
		}
		return nil
	}
}

// do sends a request and books its answer. It is nil if that isn't one that is right.
func (c *client) do(call string, r *http.Request, check func(*answer) error) *answer {
	start := time.Now()
	a, err := c.send(r)
	took := time.Since(start)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[call] = append(c.times[call], took)
	switch {
	case err != nil:
	case a.throttled():
		c.answers[fmt.Sprint(call, " ", a.status, " ", a.code)]++
		return nil
	case a.status >= 300:
		err = fmt.Errorf("%d %s", a.status, a.body)
	case check != nil:
		err = check(a)
	}
	if err != nil {
		c.answers[call+" wrong"]++
		c.fault("%s %s: %.300v", call, r.URL.Path, err)
		return nil
	}
	c.answers[fmt.Sprint(call, " ", a.status)]++
	return a
}

func (c *client) send(r *http.Request) (*answer, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, id: response.Header.Get("X-Fc-Request-Id")}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	var failure struct{ Code, ErrorCode string }
	if a.status >= 300 && json.Unmarshal(a.body, &failure) == nil {
		a.code = cmp.Or(failure.Code, failure.ErrorCode)
	}
	if kind := response.Header.Get("X-Fc-Error-Type"); kind != "" {
		return nil, fmt.Errorf("error of the function: %s %s", kind, a.body)
	}
	return a, nil
}

// call calls the API of version 2023-03-30.
func (c *client) call(ctx context.Context, name, method, path string, doc any, check func(*answer) error, header ...string) *answer {
	var body []byte
	if doc != nil {
		body, _ = json.Marshal(doc)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.api.Endpoint+"/2023-03-30"+path, bytes.NewReader(body))
	if err != nil {
		panic(err) // a path that is no path
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	hash := sha256.Sum256(body)
	fcsign.SignACS3(r, c.api.Keys, fcsign.Operation{Action: "Clients", Version: "2023-03-30"}, hex.EncodeToString(hash[:]), time.Now())
	return c.do(name, r, check)
}

func (c *client) event(kind string) (id string, doc map[string]string) {
	id = fmt.Sprintf("%s-%d-%016x", c.own, c.turn, c.dice.Uint64())
	return id, map[string]string{"id": id, "kind": kind}
}

// invoke calls a function, which repeats the id.
func (c *client) invoke(ctx context.Context, function, query, kind string) *answer {
	id, event := c.event(kind)
	name := function
	if query != "" {
		name = "an alias"
	}
	return c.call(ctx, "invoke "+name, http.MethodPost, "/functions/"+function+"/invocations"+query, event, has(id))
}

// invokeAsync calls one that logs that it was called.
func (c *client) invokeAsync(ctx context.Context) {
	_, event := c.event("async-run")
	if c.call(ctx, "invoke asynchronously", http.MethodPost, "/functions/custom/invocations", event, nil, "X-Fc-Invocation-Type", "Async") != nil {
		c.mu.Lock()
		c.accepted++
		c.mu.Unlock()
	}
}

// logs looks for what an invocation of its own has printed.
func (c *client) logs(ctx context.Context) {
	a := c.invoke(ctx, "python", "", "logged")
	if a == nil {
		return
	}
	query := url.Values{"type": {"log"}, "from": {"0"}, "to": {strconv.FormatInt(time.Now().Unix()+60, 10)}, "query": {"requestId: " + a.id}}
	c.sls(ctx, "query logs", query, has("logged "+c.own))
}

func (c *client) sls(ctx context.Context, call string, query url.Values, check func(*answer) error) *answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api.Endpoint+"/logstores/"+logStore+"?"+query.Encode(), nil)
	if err != nil {
		panic(err) // a path that is no path
	}
	r.Host = logProject + ".cn-hangzhou.log.aliyuncs.com"
	fcsign.SignSLS(r, c.api.Keys, nil, time.Now().UTC().Format(http.TimeFormat))
	return c.do(call, r, check)
}

// life takes a function of the client's own one step further: it is made, changed,
// published, gets an alias that is called, and is removed.
func (c *client) life(ctx context.Context) {
	path := "/functions/" + c.own
	what := fmt.Sprintf("turn %d", c.turn)
	alias := map[string]any{"aliasName": "live", "versionId": c.id}
	var a *answer
	switch c.step {
	case 0:
		doc := sizeFunction(c.own)
		doc["code"] = map[string]string{"zipFile": c.archive}
		a = c.call(ctx, "create a function", http.MethodPost, "/functions", doc, has(c.own))
		c.made = a != nil
	case 1:
		a = c.call(ctx, "change a function", http.MethodPut, path, map[string]string{"description": what}, has(what))
	case 2:
		a = c.call(ctx, "publish a version", http.MethodPost, path+"/versions", map[string]string{"description": what}, func(a *answer) error {
			var version struct{ VersionID string }
			err := json.Unmarshal(a.body, &version)
			c.id = version.VersionID
			return err
		})
	case 3:
		a = c.call(ctx, "create an alias", http.MethodPost, path+"/aliases", alias, has(`"versionId":"`+c.id+`"`))
	case 4:
		if c.dice.IntN(5) > 0 {
			c.step++
			return
		}
		a = c.invoke(ctx, c.own, "?qualifier=live", "alias")
	case 5:
		a = c.call(ctx, "delete an alias", http.MethodDelete, path+"/aliases/live", nil, nil)
	case 6:
		a = c.call(ctx, "delete a version", http.MethodDelete, path+"/versions/"+c.id, nil, nil)
	case 7:
		a = c.call(ctx, "delete a function", http.MethodDelete, path, nil, nil)
		c.made = a == nil
	}
	if a != nil {
		c.step = (c.step + 1) % 8
	}
}

// echoArchive is the code of a client's own function.
func echoArchive() (string, error) {
	text, err := clientFile("index.py")
	if err != nil {
		return "", err
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("index.py")
	if err == nil {
		_, err = f.Write(text)
	}
	err = errors.Join(err, z.Close())
	return base64.StdEncoding.EncodeToString(archive.Bytes()), err
}

// endCrowd looks at what is there when the clients have gone, has it removed, and looks
// at what is left.
func (w *World) endCrowd(ctx context.Context, c *crowd, all []*client, start usage, took time.Duration) ([]Figure, error) {
	figures := c.calls(took)
	last := c.client(len(all))
	ran := last.waitForAsync(ctx)
	want := slices.Clone(c.functions)
	for _, one := range all {
		if one.made {
			want = append(want, one.own)
		}
	}
	slices.Sort(want)
	if have := last.listAll(ctx); !slices.Equal(have, want) {
		c.fault("functions at the end: %d, want %d", len(have), len(want))
	}
	for _, one := range all {
		one.clear(ctx)
	}
	for _, name := range c.functions {
		last.call(ctx, "delete a function", http.MethodDelete, "/functions/"+name, nil, nil)
	}
	last.http.CloseIdleConnections()
	var end usage
	for begin := time.Now(); time.Since(begin) < clientSettles && rest(ctx, 200*time.Millisecond); {
		end = usageOf(c.daemon)
		rests := took < 10*time.Second || end.rss <= start.rss+clientRest // it gives back what is free after a while
		if rests && end.fds <= start.fds+clientSpareFDs && end.children <= start.children+clientSpareProcesses {
			break
		}
	}
	figures = append(figures, c.uses(start, end, ran, took)...)
	if _, err := w.S(ctx, "local", "down"); err != nil {
		return figures, err
	}
	var left []string
	for begin := time.Now(); time.Since(begin) < clientSettles; time.Sleep(100 * time.Millisecond) {
		if left = leftovers(w.root, c.daemon); len(left) == 0 {
			break
		}
	}
	figures = append(figures, atMost("left behind after its end", float64(len(left)), 0, ""))
	for _, what := range slices.Concat(c.wrong, left) {
		figures = append(figures, note("", "%.400s", what))
	}
	return figures, nil
}

// fault books something that is wrong.
func (c *crowd) fault(format string, args ...any) {
	if c.wrongs++; len(c.wrong) < 10 {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// waitForAsync waits until all asynchronous invocations that were accepted have logged,
// and says how many have.
func (c *client) waitForAsync(ctx context.Context) (ran int64) {
	query := url.Values{
		"type": {"histogram"}, "from": {strconv.FormatInt(time.Now().Unix()-3600, 10)}, "to": {strconv.FormatInt(time.Now().Unix()+3600, 10)},
		"query": {"async-run and functionName: custom"},
	}
	for begin := time.Now(); time.Since(begin) < clientDrains && rest(ctx, 200*time.Millisecond); {
		var pieces []struct{ Count int64 }
		a := c.sls(ctx, "count logs", query, func(a *answer) error { return json.Unmarshal(a.body, &pieces) })
		ran = 0
		for _, p := range pieces {
			ran += p.Count
		}
		if a == nil || ran >= int64(c.accepted) {
			break
		}
	}
	return ran
}

// listAll lists all functions by pages.
func (c *client) listAll(ctx context.Context) (names []string) {
	token := ""
	for {
		var page struct {
			Functions []struct{ FunctionName string }
			NextToken string
		}
		a := c.call(ctx, "list functions", http.MethodGet, "/functions?limit=100&nextToken="+url.QueryEscape(token), nil, func(a *answer) error {
			return json.Unmarshal(a.body, &page)
		})
		for _, f := range page.Functions {
			names = append(names, f.FunctionName)
		}
		if token = page.NextToken; a == nil || token == "" {
			return names
		}
	}
}

// clear removes a client's own function, with what it has.
func (c *client) clear(ctx context.Context) {
	switch c.step {
	case 1, 2:
		c.step = 7
	case 3:
		c.step = 6
	case 4:
		c.step = 5
	}
	for try := 0; c.made && try < 10; try++ {
		c.life(ctx)
	}
	c.http.CloseIdleConnections()
}

// calls are the figures of what was called.
func (c *crowd) calls(took time.Duration) []Figure {
	total := 0
	var figures []Figure
	var all []time.Duration
	for _, what := range slices.Sorted(maps.Keys(c.answers)) {
		total += c.answers[what]
		figures = append(figures, note("  "+what, "%d", c.answers[what]))
	}
	for _, call := range slices.Sorted(maps.Keys(c.times)) {
		times := c.times[call]
		all = append(all, times...)
		figures = append(figures, note("  "+call, "median %.0f ms, 99 %% within %.0f ms", ms(median(times)), ms(percentile(times, 99))))
	}
	return slices.Concat([]Figure{
		note("calls", "%d in %.0f s, %.0f/s", total, took.Seconds(), float64(total)/took.Seconds()),
		note("their time", "median %.0f ms, 99 %% within %.0f ms", ms(median(all)), ms(percentile(all, 99))),
	}, figures)
}

// uses are the figures of what the local cloud used, and of what must be so.
func (c *crowd) uses(start, end usage, ran int64, took time.Duration) []Figure {
	var rss []float64
	peak := start
	for _, u := range c.samples {
		rss = append(rss, u.rss)
		peak = usage{max(peak.rss, u.rss), max(peak.fds, u.fds), max(peak.threads, u.threads), max(peak.children, u.children)}
	}
	beside := 0.0
	for _, u := range c.samples {
		beside = max(beside, u.rss-float64(u.children))
	}
	growth := 1.0
	if third := len(rss) / 3; third > 0 {
		growth = median3(rss[2*third:]) / median3(rss[third:2*third])
	}
	grows := note("memory of s, last third / the one before", "%.2f", growth)
	if took >= clientLong {
		grows = atMost(grows.Name, growth, clientGrowth, "")
	}
	return []Figure{
		atMost("calls without the right answer or FC's throttling", float64(c.wrongs), 0, ""),
		atLeast("accepted asynchronous invocations that ran", float64(ran), float64(c.accepted), ""),
		note("memory of s at the start, at most, at the end", "%.0f, %.0f, %.0f MiB", start.rss, peak.rss, end.rss),
		atMost("memory of s at most, less 1 MiB per process", beside, clientPeak, " MiB"),
		grows,
		atMost("memory of s at the end, more than at the start", end.rss-start.rss, clientRest, " MiB"),
		note("open files at the start, at most, at the end", "%d, %d, %d", start.fds, peak.fds, end.fds),
		atMost("open files more than at the start", float64(end.fds-start.fds), clientSpareFDs, ""),
		note("threads at the start, at most, at the end", "%d, %d, %d", start.threads, peak.threads, end.threads),
		atMost("threads at most", float64(peak.threads), clientThreads, ""),
		note("processes at the start, at most, at the end", "%d, %d, %d", start.children, peak.children, end.children),
		atMost("processes more than at the start", float64(end.children-start.children), clientSpareProcesses, ""),
	}
}
