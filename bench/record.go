package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Call is one request that a command made.
type Call struct {
	Method string
	Path   string
	Write  bool
}

// record runs s with a proxy between it and the local cloud and gives what went
// over it.
func (w *World) record(ctx context.Context, args ...string) ([]Call, error) {
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(api.Endpoint)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var calls []Call
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, Call{r.In.Method, r.In.URL.RequestURI(), r.In.Method != http.MethodGet})
	}}
	server := &http.Server{Handler: proxy}
	go func() { _ = server.Serve(listener) }() // until Close
	defer server.Close()

	restore, err := w.redirect(api.Endpoint, "http://"+listener.Addr().String())
	if err != nil {
		return nil, err
	}
	_, err = w.S(ctx, args...)
	if err := restore(); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	return calls, err
}

// redirect changes the endpoint in the file by which the commands find the
// local cloud.
func (w *World) redirect(from, to string) (restore func() error, err error) {
	status, err := w.S(context.Background(), "local", "status", "-o", "json")
	if err != nil {
		return nil, err
	}
	var info struct{ DataDir string }
	if err := json.Unmarshal([]byte(status.Stdout), &info); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(info.DataDir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		before, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		after := strings.ReplaceAll(string(before), from, to)
		if after == string(before) {
			continue
		}
		restore := func() error { return os.WriteFile(name, before, 0o600) }
		return restore, os.WriteFile(name, []byte(after), 0o600)
	}
	return nil, fmt.Errorf("no file of %s tells the endpoint", info.DataDir)
}
