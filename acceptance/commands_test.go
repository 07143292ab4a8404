package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"s/pkg/toolchain/toolchaintest"
)

// commands are what scripts have beyond testscript's own.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"await":      await,
		"daemons":    daemons,
		"exits":      exits,
		"expand":     expand,
		"http":       httpRequest,
		"image":      makeImage,
		"use-dotnet": useDotnet,
		"json":       jsonValue,
		"keyring":    new(keyrings).command,
		"leakfree":   leakfree,
		"listen":     listen,
		"onterminal": onterminal,
		"serve":      serve,
		"stdout2env": stdout2env,
		"until":      until,
	}
}

// exits CODE PROGRAM ARGS... runs a program that must exit with exactly CODE.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// debugLine is the first line of --debug.
var debugLine = regexp.MustCompile(`(?m)^\[ *\d+ ms\] s: version \S+, .*: s `)

// leakfree PROGRAM ARGS... runs a program, whatever its exit code; neither of its
// outputs may have a secret. The secrets of scripts begin with "hush-". With
// --debug, or S_DEBUG, there must be what that gives.
func leakfree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: leakfree PROGRAM [ARG...]")
	}
	var exit *exec.ExitError
	if err := ts.Exec(args[0], args[1:]...); err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	shown := 0
	for _, name := range []string{"stdout", "stderr"} {
		text := ts.ReadFile(name)
		shown += len(text)
		if strings.Contains(text, "hush-") {
			ts.Fatalf("%s shows a secret", name)
		}
	}
	if shown == 0 {
		ts.Fatalf("nothing was shown: this looks at nothing")
	}
	debugs := slices.Contains(args, "--debug") || ts.Getenv("S_DEBUG") == "1"
	if debugs != debugLine.MatchString(ts.ReadFile("stderr")) {
		ts.Fatalf("--debug is %t, and stderr isn't like that", debugs)
	}
}

// daemons N waits for the processes of this script to be N in number: with no
// function running, its local clouds.
func daemons(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: daemons N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		found := processes(ts.Getenv("WORK"))
		if len(found) == want {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%d processes, want %d: %v", len(found), want, found)
		}
	}
}

// await NAME FILE REGEXP waits until REGEXP is found in the whole lines of a file that
// a program in the background writes, and sets a variable to its first group; NAME -
// sets none.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: await NAME FILE REGEXP")
	}
	pattern, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	for deadline := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(ts.MkAbs(args[1])) // it may not be there yet
		text = text[:bytes.LastIndexByte(text, '\n')+1]
		if match := pattern.FindSubmatch(text); match != nil {
			if args[0] != "-" {
				ts.Setenv(args[0], string(match[1]))
			}
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never says %s:\n%s", args[1], args[2], text)
		}
	}
}

// until REGEXP PROGRAM ARGS... runs a program until its stdout has REGEXP.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP PROGRAM [ARG...]")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(settle); ; time.Sleep(100 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("it never says %s", args[0])
		}
	}
}

// expand FILE... replaces ${NAME} in files of the script.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), func(key string) string {
			// s.yaml has its own ${...}: only names in capitals are ours.
			if strings.ToUpper(key) != key {
				return "${" + key + "}"
			}
			return ts.Getenv(key)
		})
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

// stdout2env NAME REGEXP sets a variable to the first group that REGEXP finds
// in the last output.
func stdout2env(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stdout2env NAME REGEXP")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	match := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(match) < 2 {
		ts.Fatalf("%s not found in stdout", args[1])
	}
	ts.Setenv(args[0], match[1])
}

// json FILE PATH [VALUE] finds a value by a path like triggers.0.name and
// compares it.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: json FILE PATH [VALUE]")
	}
	var value any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &value); err != nil {
		ts.Fatalf("%s is no JSON: %v", args[0], err)
	}
	found := true
	for key := range strings.SplitSeq(args[1], ".") {
		value, found = step(value, key)
		if !found {
			break
		}
	}
	matches := found && (len(args) == 2 || fmt.Sprint(value) == args[2])
	if matches == neg {
		ts.Fatalf("%s of %s is %v", args[1], args[0], value)
	}
}

func step(value any, key string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		next, ok := v[key]
		return next, ok
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}

// http METHOD URL [BODY] [HEADER:VALUE...] asks an HTTP server on this machine;
// status and headers go to stderr, the body to stdout.
func httpRequest(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: http METHOD URL [BODY] [HEADER:VALUE...]")
	}
	var body io.Reader
	if len(args) > 2 && args[2] != "" {
		body = strings.NewReader(args[2])
	}
	request, err := http.NewRequest(args[0], args[1], body)
	ts.Check(err)
	for _, header := range args[min(3, len(args)):] {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(value))
		if name == "Host" {
			request.Host = strings.TrimSpace(value)
		}
	}
	response, err := loopbackClient().Do(request)
	if err != nil {
		if neg {
			return
		}
		ts.Fatalf("%v", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stderr(), "%s\n", response.Status)
	ts.Check(response.Header.Write(ts.Stderr()))
	_, err = ts.Stdout().Write(data)
	ts.Check(err)
	if failed := response.StatusCode >= 400; failed != neg {
		ts.Fatalf("%s %s: %s\n%s", args[0], args[1], response.Status, data)
	}
}

// loopbackClient finds every *.localhost on this machine, as browsers do, and
// uses no proxy.
func loopbackClient() *http.Client {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(host, ".localhost") {
			addr = net.JoinHostPort("127.0.0.1", port)
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	return &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
	}
}

// listen NAME takes a port of the loopback until the script ends and sets the
// variable to its number.
func listen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listen NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// serve NAME FOLDER serves the files of a folder over HTTP until the script ends
// and sets the variable to the URL.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve NAME FOLDER")
	}
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// isolation is what instances get on this machine; asked once.
var isolation = sync.OnceValues(func() (status, error) {
	work, err := os.MkdirTemp("", "s-isolation-")
	if err != nil {
		return status{}, err
	}
	defer os.RemoveAll(work)
	vars := environment(work)
	for _, dir := range []string{vars["HOME"], vars["TMPDIR"]} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return status{}, err
		}
	}
	if out, err := s(vars, "local", "up").CombinedOutput(); err != nil {
		return status{}, fmt.Errorf("s local up: %w\n%s", err, out)
	}
	got := localStatus(vars)
	if err := endWorld(work, vars); err != nil {
		return status{}, err
	}
	if got == nil {
		return status{}, errors.New("s local status says nothing after s local up")
	}
	return *got, nil
})

// condition answers the scripts' own conditions: [isolated] if instances are in
// namespaces, [dbus] if there is a dbus-daemon, [dotnet] if hack/setup has installed a .NET SDK, [private-ports] if several may bind the same port, [root], and [newer-python:X.Y] if the system itself has a Python
// of at least that version.
func condition(name string) (bool, error) {
	switch {
	case name == "isolated":
		got, err := isolation()
		return got.Isolation.Mode == "namespaces" || got.Isolation.Mode == "user-namespaces", err
	case name == "private-ports":
		got, err := isolation()
		return got.Isolation.Ports == "private", err
	case name == "dbus":
		return hasBus()
	case name == "dotnet":
		_, err := toolchaintest.FindDotnetSDK()
		return err == nil, nil
	case name == "root":
		return os.Getuid() == 0, nil
	case strings.HasPrefix(name, "newer-python:"):
		return newerPython(strings.TrimPrefix(name, "newer-python:"))
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

func newerPython(version string) (bool, error) {
	_, minor, ok := strings.Cut(version, ".")
	want, err := strconv.Atoi(minor)
	if !ok || err != nil {
		return false, fmt.Errorf("no version: %q", version)
	}
	for _, dir := range []string{"/usr/bin", "/usr/local/bin"} {
		names, err := filepath.Glob(filepath.Join(dir, "python3.*"))
		if err != nil {
			return false, err
		}
		for _, name := range names {
			have, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(name), "python3."))
			if err == nil && have >= want {
				return true, nil
			}
		}
	}
	return false, nil
}
