//go:build linux

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"s/pkg/proc"
	"s/pkg/toolchain/toolchaintest"
)

const (
	chaosCallers  = 8
	chaosPatience = 60 * time.Second // for one answer
	chaosKills    = 700 * time.Millisecond
	chaosDeploys  = 9 * time.Second
	chaosSamples  = 2 * time.Second
	chaosGrowth   = 1.15 // of the daemon's memory, last third to the one before
	chaosSettles  = 60 * time.Second
	chaosResult   = "result" // the kind of an answer that is what the handler gives
)

// tally is what the answers were.
type tally struct {
	mu      sync.Mutex
	answers map[string]int
	results map[string]int // of each function
	wrong   []string
	killed  int
	deploys int
	calls   int
	memory  []float64 // of the daemon, MiB
}

func (t *tally) add(function, kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	t.answers[kind]++
	if kind == chaosResult {
		t.results[function]++
	}
}

func (t *tally) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

// measureChaos sends a mixed load to functions of several languages, kills their
// processes, deploys them anew, and looks at what is left.
func measureChaos(ctx context.Context, w *World) ([]Figure, error) {
	all := slices.DeleteFunc(victims(), func(v victim) bool { return !v.possible() })
	if sdk, err := toolchaintest.FindDotnetSDK(); err == nil {
		w.env = append(w.env, append(sdk.Environ(), "PATH="+filepath.Dir(sdk.Program())+string(filepath.ListSeparator)+os.Getenv("PATH"))...)
	}
	if err := w.writeChaos(all, 0); err != nil {
		return nil, err
	}
	for _, v := range all {
		if v.make == nil {
			continue
		}
		if err := v.make(ctx, filepath.Join(w.Dir, v.name)); err != nil {
			return nil, err
		}
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(api.Host[strings.LastIndexByte(api.Host, ':')+1:])
	if err != nil {
		return nil, err
	}
	daemon, _, ok := proc.PortHolder(port)
	if !ok {
		return nil, errors.New("nobody has the local cloud's port")
	}
	t := &tally{answers: map[string]int{}, results: map[string]int{}}
	for _, v := range all {
		t.results[v.name] = 0
	}
	chaos, stop := context.WithTimeout(ctx, cmp.Or(w.lasts, 2*time.Minute))
	defer stop()
	var wait sync.WaitGroup
	for n := range chaosCallers {
		wait.Go(func() { w.callAll(chaos, api, all, t, rand.New(rand.NewSource(int64(n)))) })
	}
	wait.Go(func() { killSome(chaos, daemon, t) })
	wait.Go(func() { w.deploySome(chaos, all, t) })
	wait.Go(func() { sampleMemory(chaos, daemon, t) })
	wait.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return w.aftermath(ctx, daemon, t)
}

// writeChaos writes the project; another turn is other code.
func (w *World) writeChaos(all []victim, turn int) error {
	var yaml strings.Builder
	yaml.WriteString("edition: 3.0.0\nname: chaos\naccess: local\nresources:\n")
	files := map[string]string{}
	for _, v := range all {
		fmt.Fprintf(&yaml, "  %s:\n    component: fc3\n    props:\n      region: cn-hangzhou\n      functionName: %s\n      runtime: %s\n"+
			"      handler: %s\n      memorySize: 256\n      timeout: 2\n      instanceConcurrency: %d\n",
			v.name, v.name, v.runtime, v.handler, map[bool]int{true: 10, false: 1}[v.custom])
		if v.runtime != "custom-container" {
			fmt.Fprintf(&yaml, "      code: ./%s\n", v.name)
		}
		yaml.WriteString(v.props)
		for _, file := range v.files {
			text, err := os.ReadFile(filepath.Join("bench", "testdata", "chaos", file))
			if err != nil {
				return err
			}
			files[v.name+"/"+file] = string(text)
		}
		files[v.name+"/turn.txt"] = strconv.Itoa(turn)
	}
	files["s.yaml"] = yaml.String()
	return w.Write(files)
}

// callAll invokes functions until the time is over. Every invocation must get
// one answer, and one that can be.
func (w *World) callAll(ctx context.Context, api *API, all []victim, t *tally, dice *rand.Rand) {
	client := &http.Client{Timeout: chaosPatience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		v := all[dice.Intn(len(all))]
		do := v.does[dice.Intn(len(v.does))]
		if dice.Intn(10) < 6 {
			do = "echo"
		}
		id := fmt.Sprintf("%016x", dice.Uint64())
		event, _ := json.Marshal(map[string]string{"do": do, "id": id})
		kind, err := call(client, api, v, do, id, event)
		if err != nil {
			t.fault("%s %s: %v", v.name, do, err)
			continue
		}
		t.add(v.name, kind)
	}
}

// call invokes once and says what kind of answer came.
func call(client *http.Client, api *API, v victim, do, id string, event []byte) (string, error) {
	wire, err := signedInvokes(api, v.name, event, 1)
	if err != nil {
		return "", err
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire[0])))
	if err != nil {
		return "", err
	}
	request.RequestURI, request.URL.Scheme, request.URL.Host = "", "http", api.Host
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	kind := response.Header.Get("X-Fc-Error-Type")
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		return "429", nil
	case response.StatusCode == http.StatusPreconditionFailed:
		return "412", nil // its process was killed while it started
	case response.StatusCode != http.StatusOK:
		return "", fmt.Errorf("%s: %.200s", response.Status, body)
	case kind != "":
		return kind, nil
	case do == "memory":
		return "memory", nil
	case !bytes.Contains(body, []byte(id)):
		return "", fmt.Errorf("the answer to %s is %.200q", id, body)
	}
	return chaosResult, nil
}

// killSome kills processes of instances.
func killSome(ctx context.Context, daemon int, t *tally) {
	dice := rand.New(rand.NewSource(99))
	for rest(ctx, chaosKills) {
		if pids := proc.Descendants(daemon); len(pids) > 0 {
			if syscall.Kill(pids[dice.Intn(len(pids))], syscall.SIGKILL) == nil {
				t.mu.Lock()
				t.killed++
				t.mu.Unlock()
			}
		}
	}
}

func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// deploySome deploys other code again and again.
func (w *World) deploySome(ctx context.Context, all []victim, t *tally) {
	for turn := 1; rest(ctx, chaosDeploys); turn++ {
		if err := w.writeChaos(all, turn); err != nil {
			t.fault("%v", err)
			return
		}
		if _, err := w.S(context.WithoutCancel(ctx), "deploy", "-y"); err != nil {
			t.fault("%v", err)
		}
		t.mu.Lock()
		t.deploys++
		t.mu.Unlock()
	}
}

func sampleMemory(ctx context.Context, daemon int, t *tally) {
	for rest(ctx, chaosSamples) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", daemon))
		fields := strings.Fields(string(text))
		if err != nil || len(fields) < 2 {
			t.fault("the daemon's memory can't be read: %v", err)
			return
		}
		pages, _ := strconv.Atoi(fields[1])
		t.mu.Lock()
		t.memory = append(t.memory, float64(pages*os.Getpagesize())/(1<<20))
		t.mu.Unlock()
	}
}

// aftermath ends the local cloud and looks for what should be gone.
func (w *World) aftermath(ctx context.Context, daemon int, t *tally) ([]Figure, error) {
	before := leftovers(w.root, daemon)
	if _, err := w.S(ctx, "local", "down"); err != nil {
		return nil, err
	}
	var left []string
	for begin := time.Now(); time.Since(begin) < chaosSettles; time.Sleep(100 * time.Millisecond) {
		if left = leftovers(w.root, daemon); len(left) == 0 {
			break
		}
	}
	var kinds []string
	for kind, n := range t.answers {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(kinds)
	silent := 0
	for name, n := range t.results {
		if n == 0 {
			silent++
			t.wrong = append(t.wrong, name+" gave no result at all")
		}
	}
	third := len(t.memory) / 3
	growth := 1.0
	if third > 0 {
		growth = median3(t.memory[2*third:]) / median3(t.memory[third:2*third])
	}
	figures := []Figure{
		note("invocations", "%d: %s", t.calls, strings.Join(kinds, ", ")),
		note("killed processes, deployments", "%d, %d", t.killed, t.deploys),
		note("functions", "%d", len(t.results)),
		atMost("of them without any result", float64(silent), 0, ""),
		atMost("invocations without their answer", float64(len(t.wrong)-silent), 0, ""),
		atMost("memory of s, last third / the one before", growth, chaosGrowth, ""),
		note("memory of s at the end", "%.0f MiB", median3(t.memory[2*third:])),
		note("processes, mounts and cgroups before its end", "%d", len(before)),
		atMost("left behind after it", float64(len(left)), 0, ""),
	}
	for _, what := range slices.Concat(t.wrong[:min(len(t.wrong), 10)], left) {
		figures = append(figures, note("", "%.300s", what))
	}
	return figures, nil
}

func median3(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// leftovers are processes, mounts, cgroups and folders that belong to a daemon.
func leftovers(root string, daemon int) []string {
	var found []string
	for _, pid := range proc.Descendants(daemon) {
		found = append(found, fmt.Sprintf("process %d %s", pid, proc.Name(pid)))
	}
	environ, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environ {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte("S_HOME="+root)) && filepath.Base(filepath.Dir(path)) != strconv.Itoa(os.Getpid()) {
			found = append(found, path)
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/s-%d-*", "/sys/fs/cgroup/memory/s-%d-*", "/sys/fs/cgroup/pids/s-%d-*"} {
		dirs, _ := filepath.Glob(fmt.Sprintf(pattern, daemon))
		found = append(found, dirs...)
	}
	if mounts, err := os.ReadFile("/proc/self/mounts"); err == nil {
		for line := range strings.Lines(string(mounts)) {
			if strings.Contains(line, root) {
				found = append(found, "mount "+strings.TrimSpace(line))
			}
		}
	}
	instances, _ := filepath.Glob(filepath.Join(root, "home", "local", "*", "c-*"))
	loops, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, path := range loops {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), root) {
			found = append(found, "loop device of "+strings.TrimSpace(string(text)))
		}
	}
	return append(found, instances...)
}
