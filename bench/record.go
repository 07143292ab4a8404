package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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

	// With keys and an endpoint of its own, s asks the proxy as it would ask the
	// cloud: the project no longer names the local one.
	project, err := os.ReadFile(filepath.Join(w.Dir, "s.yaml"))
	if err != nil {
		return nil, err
	}
	remote := strings.Replace(string(project), "access: local\n", "", 1)
	if err := w.Write(map[string]string{"s.yaml": remote}); err != nil {
		return nil, err
	}
	before := w.env
	defer func() { w.env = before }()
	w.env = append(slices.Clone(before), "FC_ENDPOINT=http://"+listener.Addr().String(),
		"AccountID="+api.AccountID, "AccessKeyID="+api.Keys.AccessKeyID, "AccessKeySecret="+api.Keys.AccessKeySecret)
	if _, err := w.S(ctx, args...); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	return calls, nil
}
