package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	reloadLimit = 300.0 // ms
	reloadTurns = 15
	reloadFiles = 2000 // beside the one that is saved
)

// measureReload saves code under `s local start` and asks until the new code
// answers, in a managed runtime and in a custom one.
func measureReload(ctx context.Context, w *World) (figures []Figure, err error) {
	files := reloadProject(0)
	for i := range reloadFiles {
		files[fmt.Sprintf("code/lib/p%d/m%d.py", i/50, i)] = "x = 1\n"
	}
	if err := w.Write(files); err != nil {
		return nil, err
	}
	server, err := w.startDev(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.end()) }()
	for _, f := range []struct{ name, file string }{{"python", "code/index.py"}, {"web", "web/server.py"}} {
		url, err := server.url(ctx, f.name)
		if err != nil {
			return nil, err
		}
		var times []time.Duration
		for turn := range reloadTurns + 1 {
			content := reloadProject(turn)[f.file]
			start := time.Now()
			if err := w.Write(map[string]string{f.file: content}); err != nil {
				return nil, err
			}
			if err := until(ctx, url, fmt.Sprintf("turn %d", turn)); err != nil {
				return nil, err
			}
			if turn > 0 { // the first starts the first instance
				times = append(times, time.Since(start))
			}
			time.Sleep(100 * time.Millisecond) // as people do, it isn't saved at once again
		}
		figures = append(figures,
			atMost(f.name+": saved until the new code answers", ms(median(times)), reloadLimit, " ms"),
			note(f.name+": the slowest", "%s ms", number(ms(slowest(times)))))
	}
	return figures, nil
}

func slowest(times []time.Duration) time.Duration {
	var most time.Duration
	for _, t := range times {
		most = max(most, t)
	}
	return most
}

// reloadProject is a managed function and a server, both of which say which
// version they are.
func reloadProject(turn int) map[string]string {
	return map[string]string{
		"s.yaml": `edition: 3.0.0
name: bench
resources:
  python:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: python
      runtime: python3.10
      handler: index.handler
      code: ./code
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: custom.debian10
      code: ./web
      customRuntimeConfig:
        command: [python3, server.py]
      triggers:
        - triggerName: http
          triggerType: http
          triggerConfig: {authType: anonymous, methods: [POST]}
`,
		"code/index.py": fmt.Sprintf("def handler(event, context):\n    return 'turn %d'\n", turn),
		"web/server.py": fmt.Sprintf(`import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        answer = b"turn %d"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", 9000), Handler).serve_forever()
`, turn),
	}
}

// until asks until the answer is the one that is wanted.
func until(ctx context.Context, url, want string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) == want {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", response.Status, body)
		}
		time.Sleep(time.Millisecond)
	}
}

// devServer is an `s local start`.
type devServer struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	out bytes.Buffer
}

// Write takes what it prints.
func (d *devServer) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(p)
}

func (w *World) startDev(ctx context.Context) (*devServer, error) {
	d := &devServer{cmd: w.command(ctx, "local", "start", "--port", "0")}
	d.cmd.Stdout, d.cmd.Stderr = d, d
	return d, d.cmd.Start()
}

// url waits until it says where a function is.
func (d *devServer) url(ctx context.Context, function string) (string, error) {
	pattern := regexp.MustCompile(`(?ms)^` + function + ` .*?(http://\S+)`)
	for {
		d.mu.Lock()
		said := d.out.String()
		d.mu.Unlock()
		if match := pattern.FindStringSubmatch(said); match != nil && strings.Contains(said, "watching") {
			return match[1], nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("s local start says no URL of %s: %s", function, said)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (d *devServer) end() error {
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return d.cmd.Wait()
}
