package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// IsTriggerHost reports whether a Host header names an HTTP trigger:
// <label>.<region><suffix>, with or without a port.
func IsTriggerHost(host, suffix string) bool {
	label, region, ok := splitHost(host, suffix)
	return ok && label != "" && region != ""
}

func splitHost(host, suffix string) (label, region string, ok bool) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	rest, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), suffix)
	if !ok {
		return "", "", false
	}
	label, region, ok = strings.Cut(rest, ".")
	return label, region, ok
}

// ServeHost serves a request to the host name of an HTTP trigger.
func (g *Gateway) ServeHost(w http.ResponseWriter, r *http.Request, suffix string) {
	label, region, _ := splitHost(r.Host, suffix)
	t, err := g.cfg.Store.TriggerByHost(region, label)
	if err != nil {
		UnknownHost(w, r.Host)
		return
	}
	if err := g.serveTrigger(w, r, t, r.URL); err != nil {
		g.refuse(w, r, err)
	}
}

// ServeProxy serves a request to the path of an HTTP trigger, rest being the
// escaped path as the function shall see it. Since the path works on any host
// name, the name must be one of this machine's own: a web page on a name that
// was pointed at the loopback address gets nothing.
func (g *Gateway) ServeProxy(w http.ResponseWriter, r *http.Request, target Target, rest string) {
	if err := g.serveProxy(w, r, target, rest); err != nil {
		g.refuse(w, r, err)
	}
}

func (g *Gateway) serveProxy(w http.ResponseWriter, r *http.Request, target Target, rest string) error {
	if !IsLoopbackHost(r.Host) {
		return &fc.APIError{
			Status: http.StatusForbidden, Code: fc.CodeAccessDenied,
			Message: "host '" + r.Host + "' is not a name of this machine's loopback address",
		}
	}
	resolved, err := g.cfg.Store.Resolve(target.Region, target.Function, target.Qualifier, nil)
	if err != nil {
		return err
	}
	t, err := g.cfg.Store.HTTPTrigger(target.Region, target.Function, resolved.Qualifier)
	if err != nil {
		return noHTTPTrigger(target.Function)
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return reply.Invalid("the path can't be read")
	}
	seen := *r.URL
	seen.Path, seen.RawPath = path, rest
	return g.serveTrigger(w, r, t, &seen)
}

// IsLoopbackHost reports whether a Host header names the loopback address
// itself: localhost, a name below it, or an address.
func IsLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// serveTrigger runs a function for an HTTP request; seen is the URL as the
// function sees it.
func (g *Gateway) serveTrigger(w http.ResponseWriter, r *http.Request, t *store.Trigger, seen *url.URL) error {
	in := triggerDoor(t)
	w, answered := in.cross(w, r)
	if answered {
		return nil
	}
	if err := g.admit(r, t); err != nil {
		return err
	}
	who, err := g.authenticate(r, in, seen.Path)
	if err != nil {
		return err
	}
	return g.forward(w, r, Target{Region: t.Region, Function: t.Function, Qualifier: t.Trigger.Qualifier, header: r.Header.Get}, seen, who)
}

// forward runs a function for an HTTP request that may; seen is the URL as the
// function sees it.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, target Target, seen *url.URL, who caller) error {
	async := r.Header.Get(fc.HeaderInvocationType) == fc.InvocationAsync
	session := r.Header.Get(fc.HeaderLogSession)
	limit := int64(fc.MaxSyncBody)
	if async {
		limit = fc.MaxAsyncBody
	}
	inner, err := g.inner(w, r, seen, limit, async || who.covered)
	if err != nil {
		return err
	}
	if err := who.token.Pass(inner); err != nil {
		return err
	}
	inv := &instance.Invocation{RequestID: w.Header().Get(fc.HeaderRequestID)}
	resolved, err := g.pin(&target)
	if err != nil {
		return err
	}
	asEvent := takesEvents(resolved.Function)
	if asEvent {
		inv.Event, err = httpEvent(w, inner, g.cfg.AccountID, inv.RequestID, g.cfg.Now())
	} else {
		inv.R, inv.W = inner, w
	}
	if err != nil {
		return err
	}
	if async {
		return g.enqueue(w, r, target, inv)
	}
	own, err := g.affine(w.Header(), r, &target, inv)
	if err != nil {
		return err
	}
	result, e, err := g.invoke(r.Context(), target, inv, session)
	if err != nil {
		own.withdraw(w.Header())
		return bodyError(err)
	}
	own.endSession(e, result)
	switch {
	case result.Broken:
		panic(http.ErrAbortHandler) // an answer that ended well would look whole
	case result.Written:
		return nil
	case result.ErrorType != "":
		resultHeaders(w.Header(), e, result)
		reply.Bytes(w, http.StatusBadGateway, result.Body)
		return nil
	case asEvent:
		return writeHTTPResult(w, e, result)
	}
	return nil // an empty answer, whose headers net/http sends
}

// takesEvents reports whether a function gets requests as JSON events: managed
// runtimes of FC 3.0 do.
func takesEvents(f *store.Function) bool {
	service, _ := fc.SplitName(f.Function.FunctionName)
	return service == "" && !fc.IsCustom(f.Function.Runtime)
}

// admit enforces what the trigger says and FC's limits.
func (g *Gateway) admit(r *http.Request, t *store.Trigger) error {
	if t.HTTP.DisableURLInternet {
		return &fc.APIError{Status: http.StatusForbidden, Code: fc.CodeAccessDenied, Message: "the URL of this trigger is disabled"}
	}
	if err := checkMethod(r, t); err != nil {
		return err
	}
	return withinLimits(r)
}

// checkMethod refuses the methods that a trigger doesn't have with 403
// (documentation of HTTP triggers, status codes; the code there isn't told).
func checkMethod(r *http.Request, t *store.Trigger) error {
	if !slices.Contains(t.HTTP.Methods, r.Method) {
		return notAllowed(http.StatusForbidden, "the trigger", r.Method, t.HTTP.Methods)
	}
	return nil
}

// withinLimits checks the sizes that FC bounds in a request over HTTP.
func withinLimits(r *http.Request) error {
	if len(r.URL.RequestURI()) > fc.MaxTriggerPathAndQuery {
		return reply.Invalid("path and query are longer than 4 KB")
	}
	size := 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > fc.MaxTriggerHeaders {
		return reply.Invalid("the headers are longer than 8 KB")
	}
	return nil
}

// inner is the request as the function gets it: without the headers that only
// the platform may set. With whole, the body is read first: then a signature
// over it is known to be right. Not every signature covers the body.
func (g *Gateway) inner(w http.ResponseWriter, r *http.Request, seen *url.URL, limit int64, whole bool) (*http.Request, error) {
	if r.ContentLength > limit {
		return nil, reply.TooLarge(limit)
	}
	out := *r
	out.URL = seen
	out.Header = make(http.Header, len(r.Header))
	for name, values := range r.Header {
		if name == "Connection" && !isUpgrade(r) || name == "Keep-Alive" || strings.HasPrefix(name, "X-Fc-") || strings.HasPrefix(name, "X-S-") {
			continue
		}
		out.Header[name] = values
	}
	if !whole {
		if r.Body != nil && r.Body != http.NoBody {
			out.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		return &out, nil
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	out.Body, out.ContentLength, out.TransferEncoding = http.NoBody, int64(len(body)), nil
	if len(body) > 0 {
		out.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return &out, nil
}

func isUpgrade(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// bodyError shows that the body of the request, not the function, is why an
// invocation failed.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return reply.TooLarge(tooLarge.Limit)
	}
	return err
}
