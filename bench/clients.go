//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

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
