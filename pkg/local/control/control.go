// Package control serves the management operations of the Function Compute API
// over the store: functions, triggers, code and instances in version
// 2023-03-30, and services besides in versions 2021-04-06 and 2016-08-15. It
// keeps one kind of function, of FC 3.0's shape, and maps FC 2.0's onto it. It
// is given requests whose signature has been checked. Invocations are not its
// business.
package control

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// Config is what the API needs to know and whom it tells.
type Config struct {
	Store     *store.Store
	AccountID string
	Region    string // of requests that name none
	// Address is host:port of the local cloud, for the URLs that it gives out.
	Address string
	// Secret signs the URLs of code downloads.
	Secret []byte
	// Instances lists the running instances of a function.
	Instances func(region, function string) []instance.Info
	// Changed is told after a function was created, updated or deleted.
	Changed func(region, function string)
	// Moved is told after the versions or the aliases of an owner (store.Owner)
	// changed.
	Moved func(region, owner string)
	// Refresh, if set, looks whether the image of a function is still the one that
	// its name stands for.
	Refresh func(ctx context.Context, region, function string)
	// Scaled is told after the number of instances that a function may or is to
	// have at a qualifier was changed.
	Scaled func(region, function, qualifier string)
	// Kept tells how many of the instances that are to be there always at a
	// qualifier are, and why others aren't.
	Kept func(region, function, qualifier string) (current int, problem string)
	// Triggered, if set, is told after triggers were made, changed or removed.
	Triggered func()
	// Sessions does something with the sessions of a function at a qualifier; nil is
	// a cloud without.
	Sessions func(ctx context.Context, region, function, qualifier string, do func(SessionPool) error) error
	// Tasks are the asynchronous invocations that are kept.
	Tasks Tasks
	// UploadTokens makes the keys for uploads to OSS; nil doesn't serve them.
	UploadTokens UploadTokens
	// Restricted is told after a function was disabled or enabled; abort ends what it
	// does.
	Restricted func(region, function string, abort bool)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// API serves the management operations.
type API struct {
	cfg    Config
	routes map[string][]route // by API version
}

// New makes the API.
func New(cfg Config) *API {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v2 := compile(routesV2())
	return &API{cfg: cfg, routes: map[string][]route{
		fc.APIVersion3:    compile(routesV3()),
		fc.APIVersion2:    v2,
		fc.APIVersion2Old: v2,
	}}
}

// call is one request to an operation.
type call struct {
	*API
	r       *http.Request
	w       http.ResponseWriter
	version string
	region  string
	id      string // of the request
	args    map[string]string
	// qualifier of the request: LATEST, a version or an alias.
	qualifier string
	zip       []byte // base64, cut out of the body; nil if it is in its fields

	releases []func() // of code that is kept until the request is done
}

// answer is what an operation gives back. Without a document it has no body.
type answer struct {
	status int
	doc    any
}

func ok(doc any) (answer, error) { return answer{http.StatusOK, doc}, nil }

func noContent() (answer, error) { return answer{status: http.StatusNoContent}, nil }

// ServeHTTP serves one request. The answer's request id must have been set.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, c, err := a.serve(w, r)
	if err != nil {
		reply.Error(w, err)
		return
	}
	if out.doc == nil {
		w.WriteHeader(out.status)
		return
	}
	c.write(out)
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) (answer, *call, error) {
	version, segments, err := splitPath(r.URL.EscapedPath())
	if err != nil {
		return answer{}, nil, err
	}
	region, err := Region(r, a.cfg.Region)
	if err != nil {
		return answer{}, nil, err
	}
	c := &call{API: a, r: r, w: w, version: version, region: region, id: w.Header().Get(fc.HeaderRequestID)}
	found, args := match(a.routes[version], r.Method, segments)
	if found == nil {
		return answer{}, nil, c.notServed()
	}
	c.args = args
	if err := c.cutQualifier(found); err != nil {
		return answer{}, nil, err
	}
	defer func() {
		for _, release := range c.releases {
			release()
		}
	}()
	out, err := found.handle(c)
	return out, c, c.name(err)
}

// name says which operation an error is of that a part of it isn't served.
func (c *call) name(err error) error {
	var api *fc.APIError
	if !errors.As(err, &api) || api.Status != http.StatusNotImplemented {
		return err
	}
	action := c.action()
	if action == "" || strings.Contains(api.Message, action) {
		return err
	}
	named := *api
	named.Message = action + ": " + api.Message
	return &named
}

// action is the name of the operation that the path stands for, else the one that
// the client says.
func (c *call) action() string {
	_, segments, err := splitPath(c.r.URL.EscapedPath())
	if err == nil {
		if action := actionOf(c.version, c.r.Method, segments); action != "" {
			return action
		}
	}
	return c.r.Header.Get("X-Acs-Action")
}

// notServed names an operation that isn't served.
func (c *call) notServed() error {
	what := "'" + c.r.Method + "' against '" + c.r.URL.EscapedPath() + "'"
	action := c.action()
	if action != "" {
		what = action + " (" + what + ")"
	}
	return reply.NotServed(what)
}

// splitPath gives the API version and the unescaped segments after it. The
// path is split before it is unescaped: a name may have an escaped slash.
func splitPath(escaped string) (version string, segments []string, err error) {
	parts := strings.Split(strings.Trim(escaped, "/"), "/")
	for i, p := range parts {
		if parts[i], err = url.PathUnescape(p); err != nil {
			return "", nil, reply.Invalid("the path can't be read")
		}
	}
	return parts[0], parts[1:], nil
}

// Region is the region that a request is for: of header X-Fc-Region, else the
// default one.
func Region(r *http.Request, standard string) (string, error) {
	region := r.Header.Get(fc.HeaderRegion)
	if region == "" {
		return standard, nil
	}
	if !regionName.MatchString(region) {
		return "", reply.Invalid("header X-Fc-Region is not the name of a region")
	}
	return region, nil
}

// v2 reports whether the request speaks FC 2.0.
func (c *call) v2() bool { return c.version != fc.APIVersion3 }

// function is the stored name of the function in the path.
func (c *call) function() string {
	if c.v2() {
		return fc.JoinName(c.args["service"], c.args["function"])
	}
	return c.args["function"]
}

// cutQualifier takes the qualifier off the service in the path, where version
// 2016-08-15 has it, or from the query. One that isn't there is refused, and so is
// any but LATEST where an operation has none: it shall not act on another version
// than it was asked to.
func (c *call) cutQualifier(found *route) error {
	service, qualifier, _ := strings.Cut(c.args["service"], ".")
	if service != "" {
		c.args["service"] = service
	}
	if qualifier == "" {
		qualifier = c.r.URL.Query().Get("qualifier")
	}
	c.qualifier = fc.LatestQualifier
	if store.IsLatest(qualifier) {
		return nil
	}
	c.qualifier = qualifier
	if !found.qualified {
		return invalid("this operation is for LATEST alone, not for qualifier '%s'", qualifier)
	}
	return nil
}

// resolved is the function in the path at the request's qualifier; of an alias, at
// its main version.
func (c *call) resolved() (*store.Function, error) {
	r, err := c.cfg.Store.Resolve(c.region, c.function(), c.qualifier, nil)
	if err != nil {
		return nil, c.serviceFirst(err)
	}
	return r.Function, nil
}

func (c *call) now() string { return c.cfg.Now().UTC().Format("2006-01-02T15:04:05Z") }

func (c *call) changed(function string) {
	if c.cfg.Changed != nil {
		c.cfg.Changed(c.region, function)
	}
}

func (c *call) arn(function string) string {
	return "acs:fc:" + c.region + ":" + c.cfg.AccountID + ":functions/" + function
}
