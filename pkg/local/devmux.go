package local

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/gateway"
	"s/pkg/local/reply"
)

// DevRoute is where a function can be called.
type DevRoute struct {
	Function string   `json:"function"` // DevFunction.Name
	URL      string   `json:"url"`
	Methods  []string `json:"methods"`
	// HTTP tells an HTTP trigger from the invoke API.
	HTTP bool `json:"http"`
	// Unchecked says that on FC the caller must sign, and here needn't.
	Unchecked bool `json:"signatureNotChecked,omitempty"`
}

// Routes lists where functions can be called, in the order of names: HTTP
// triggers, then the invoke API of those that have none.
func (d *Dev) Routes(names []string) []DevRoute {
	d.mu.Lock()
	defer d.mu.Unlock()
	var triggers, events []DevRoute
	for _, name := range names {
		e := d.byName(name)
		if e == nil {
			continue
		}
		l := d.triggers[devKey{e.given.Region, e.given.Function.FunctionName}]
		if l == nil {
			path := "/" + fc.APIVersion3 + "/functions/" + e.given.Function.FunctionName
			if service, function := fc.SplitName(e.given.Function.FunctionName); service != "" {
				path = "/" + fc.APIVersion2 + "/services/" + service + "/functions/" + function
			}
			events = append(events, DevRoute{Function: name, URL: d.api.url() + path + "/invocations", Methods: []string{http.MethodPost}})
			continue
		}
		triggers = append(triggers, DevRoute{
			Function: name, URL: l.url() + "/", Methods: e.trigger.HTTP.Methods, HTTP: true,
			Unchecked: e.trigger.HTTP.AuthType == "function",
		})
	}
	return append(triggers, events...)
}

// listenAll gives each HTTP trigger its port, and closes those of triggers that
// are gone. A port that is taken is replaced by any free one.
func (d *Dev) listenAll(ctx context.Context, entries []*devEntry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return http.ErrServerClosed
	}
	wanted, next := map[devKey]bool{}, d.o.Port
	var errs []error
	for _, e := range entries {
		if e.trigger == nil {
			continue
		}
		key := devKey{e.given.Region, e.given.Function.FunctionName}
		wanted[key] = true
		if d.o.Port > 0 {
			next++
		}
		if d.triggers[key] != nil {
			continue
		}
		handler := d.trigger(key)
		l, err := d.listen(ctx, next, handler)
		var taken *PortTakenError
		if errors.As(err, &taken) {
			l, err = d.listen(ctx, 0, handler)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d.triggers[key] = l
	}
	for key, l := range d.triggers {
		if !wanted[key] {
			delete(d.triggers, key)
			d.serving.Go(func() { _ = l.server.Shutdown(context.WithoutCancel(ctx)) })
		}
	}
	return errors.Join(errs...)
}

// trigger serves the HTTP trigger of a function at the root of a port. The
// gateway sees to it that the host is a name of this machine.
func (d *Dev) trigger(key devKey) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply.Start(w, time.Now())
		d.watched(w, r, key, func(w http.ResponseWriter) {
			target := gateway.Target{Region: key.region, Function: key.name, Qualifier: fc.LatestQualifier}
			d.gateway.ServeProxy(w, r, target, r.URL.EscapedPath())
		})
	})
}

// serveAPI serves the invoke API and the logs of sessions. Without signatures, a
// page of another site in a browser gets nothing: neither by a name that was
// pointed at the loopback address, nor across origins.
func (d *Dev) serveAPI(w http.ResponseWriter, r *http.Request) {
	reply.Start(w, time.Now())
	if !gateway.IsLoopbackHost(r.Host) || !ownOrigin(r) {
		reply.Error(w, foreignPage())
		return
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	paths := invokePaths{d.gateway, d.region(r)}
	if proxied, ok := strings.CutPrefix(rest, "proxy/"); ok && isVersion(version) {
		paths.proxy(w, r, version, proxied)
		return
	}
	if d.o.Signed {
		if _, err := d.verifier.Verify(r); err != nil {
			reply.Error(w, err)
			return
		}
	}
	if r.Method+" "+r.URL.Path == "GET "+logsPath {
		d.gateway.ServeLogs(w, r)
		return
	}
	serve := func(w http.ResponseWriter) {
		if !isVersion(version) || !paths.serve(w, r, version, strings.Split(rest, "/")) {
			reply.Error(w, reply.NotServed("'"+r.Method+"' against '"+r.URL.Path+"'"))
		}
	}
	names, _ := functionPath(version, strings.Split(rest, "/"))
	name := strings.Join(names, fc.ServiceSeparator)
	d.watched(w, r, devKey{paths.region, name}, serve)
}

// region is that of requests that name none: of a function with the name, as
// there is most often one.
func (d *Dev) region(r *http.Request) string {
	version, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	names, _ := functionPath(version, strings.Split(strings.TrimPrefix(rest, "proxy/"), "/"))
	name := strings.Join(names, fc.ServiceSeparator)
	d.functions.mu.RLock()
	defer d.functions.mu.RUnlock()
	region := ""
	for key := range d.functions.entries {
		if (key.name == name || name == "") && (region == "" || key.region < region) {
			region = key.region
		}
	}
	if region == "" {
		return DefaultRegion
	}
	return region
}

// ownOrigin reports whether a request comes from no web page, or from one of
// this machine's own.
func ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && gateway.IsLoopbackHost(u.Host)
}

// watched serves a request and tells how it was answered.
func (d *Dev) watched(w http.ResponseWriter, r *http.Request, key devKey, serve func(http.ResponseWriter)) {
	e := d.functions.entry(key.region, key.name)
	if d.o.Answered == nil || e == nil {
		serve(w)
		return
	}
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	begin := time.Now()
	defer func() { // also if the answer is broken off, by a panic
		d.o.Answered(DevAnswer{
			Function: e.given.Name, Method: r.Method, Path: r.URL.Path, Status: seen.status,
			ErrorType: w.Header().Get(fc.HeaderErrorType), Took: time.Since(begin),
		})
	}()
	serve(seen)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader notes the final status.
func (s *statusWriter) WriteHeader(status int) {
	if !s.wrote && status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		s.status, s.wrote = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController what is below.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
