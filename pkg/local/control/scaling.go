package control

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// maxTarget bounds the instances that may be asked for (PutProvisionConfig).
const maxTarget = 10000

// setting is one of the configurations of how many instances a function has.
type setting struct {
	path, list, plural string // of the function; of all; the field with them
	qualified          bool   // it is of a version or an alias
	code, what         string // of the error when it isn't set
	// put reads a request's body into the stored document.
	put func(*call, fields, *store.Scaling) error
	// unset removes it.
	unset func(*store.Scaling)
	// matched says that FC 2.0 compares it with If-Match before it changes.
	matched bool
	// view shows it; nil is one that isn't set.
	view func(*call, *store.Scaling) map[string]any
}

func scalingRoutes(function string, settings ...setting) []route {
	var routes []route
	for _, s := range settings {
		routes = append(routes,
			route{method: "PUT", path: function + "/" + s.path, handle: s.handlePut, qualified: s.qualified},
			route{method: "GET", path: function + "/" + s.path, handle: s.handleGet, qualified: s.qualified},
			route{method: "DELETE", path: function + "/" + s.path, handle: s.handleDelete, qualified: s.qualified},
			route{method: "GET", path: s.list, handle: s.handleList},
		)
	}
	return routes
}

func (s setting) handlePut(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	var next store.Scaling
	if err := s.put(c, given, &next); err != nil {
		return answer{}, err
	}
	stored, err := s.update(c, func(old *store.Scaling) {
		s.unset(old)
		overlay(old, &next)
	})
	if err != nil {
		return answer{}, err
	}
	c.scaled()
	return ok(s.view(c, stored))
}

// update changes what is stored, unless the client saw something else.
func (s setting) update(c *call, change func(*store.Scaling)) (*store.Scaling, error) {
	var refused error
	stored, err := c.cfg.Store.UpdateScaling(c.region, c.function(), c.qualifier, func(old *store.Scaling) {
		if s.matched {
			refused = c.ifMatch(s.view(c, old))
		}
		if refused == nil {
			change(old)
		}
	})
	if err == nil {
		err = refused
	}
	return stored, err
}

// overlay puts what is set of next into old.
func overlay(old, next *store.Scaling) {
	if next.Concurrency != nil {
		old.Concurrency = next.Concurrency
	}
	if next.Provision != nil {
		old.Provision = next.Provision
	}
	if next.Scaling != nil {
		old.Scaling = next.Scaling
	}
	if next.MaxInstances != nil {
		old.MaxInstances = next.MaxInstances
	}
}

func (c *call) scaled() {
	if c.cfg.Scaled != nil {
		c.cfg.Scaled(c.region, c.function(), c.qualifier)
	}
}

func (s setting) handleGet(c *call) (answer, error) {
	if doc := s.view(c, c.cfg.Store.Scaling(c.region, c.function(), c.qualifier)); doc != nil {
		return ok(doc)
	}
	return unset(s.code, s.what)(c)
}

func (s setting) handleDelete(c *call) (answer, error) {
	if _, err := s.update(c, s.unset); err != nil {
		return answer{}, c.serviceFirst(err)
	}
	c.scaled()
	return noContent()
}

func (s setting) handleList(c *call) (answer, error) {
	only := c.r.URL.Query().Get("functionName")
	var docs []map[string]any
	var names []string
	for _, stored := range c.cfg.Store.Scalings(c.region) {
		service, _ := fc.SplitName(stored.Function)
		if only != "" && only != stored.Function || (service != "") != c.v2() {
			continue
		}
		if doc := s.view(c, stored); doc != nil {
			docs, names = append(docs, doc), append(names, stored.Function+"/"+stored.Qualifier)
		}
	}
	indexes := make([]int, len(docs))
	for i := range indexes {
		indexes[i] = i
	}
	some, next, err := page(c, indexes, func(i int) string { return names[i] })
	if err != nil {
		return answer{}, err
	}
	return ok(listing(s.plural, some, next, func(i int) map[string]any { return docs[i] }))
}

func concurrency() setting {
	return setting{
		path: "concurrency", list: "concurrency-configs", plural: "configs", code: "OnDemandConfigNotFound", what: "concurrency config",
		put: func(_ *call, given fields, out *store.Scaling) error {
			n, err := given.number("reservedConcurrency", maxTarget*fc.MaxInstanceConcurrency)
			out.Concurrency = &fc.ConcurrencyConfig{ReservedConcurrency: n}
			return err
		},
		unset: func(s *store.Scaling) { s.Concurrency = nil },
		view: func(c *call, s *store.Scaling) map[string]any {
			if s.Concurrency == nil {
				return nil
			}
			return map[string]any{"functionArn": c.arn(s.Function), "reservedConcurrency": s.Concurrency.ReservedConcurrency}
		},
	}
}

// onDemand is FC 2.0's bound of instances.
func onDemand() setting {
	return setting{
		qualified: true, matched: true, path: "on-demand-config", list: "on-demand-configs", plural: "configs", code: "OnDemandConfigNotFound", what: "on demand config",
		put: func(_ *call, given fields, out *store.Scaling) error {
			n, err := given.number("maximumInstanceCount", maxTarget)
			out.MaxInstances = &n
			return err
		},
		unset: func(s *store.Scaling) { s.MaxInstances = nil },
		view: func(_ *call, s *store.Scaling) map[string]any {
			if s.MaxInstances == nil {
				return nil
			}
			return map[string]any{"resource": resource(s), "maximumInstanceCount": *s.MaxInstances}
		},
	}
}

// resource is a function at a qualifier as FC 2.0's configurations name it.
func resource(s *store.Scaling) string {
	service, function := fc.SplitName(s.Function)
	return "services/" + service + "." + s.Qualifier + "/functions/" + function
}

func provision() setting {
	return setting{
		qualified: true, path: "provision-config", list: "provision-configs", plural: "provisionConfigs", code: "ProvisionConfigNotFound", what: "provision config",
		put: func(_ *call, given fields, out *store.Scaling) error {
			if target, old := given["target"]; old && given["defaultTarget"] == nil { // the name of FC 2.0
				given["defaultTarget"] = target
			}
			if _, err := given.number("defaultTarget", maxTarget); err != nil {
				return err
			}
			out.Provision = &fc.ProvisionConfig{}
			if err := merge(struct{}{}, given, out.Provision); err != nil {
				return err
			}
			return checkProvision(out.Provision)
		},
		unset: func(s *store.Scaling) { s.Provision = nil },
		view: func(c *call, s *store.Scaling) map[string]any {
			if s.Provision == nil {
				return nil
			}
			doc := document(s.Provision)
			doc["target"] = s.Provision.DefaultTarget
			doc["current"], doc["currentError"] = c.kept(s, s.Provision.DefaultTarget)
			return c.named(doc, s)
		},
	}
}

func scaling() setting {
	return setting{
		qualified: true, path: "scaling-config", list: "scaling-configs", plural: "scalingConfigs", code: "ScalingConfigNotFound", what: "scaling config",
		put: func(_ *call, given fields, out *store.Scaling) error {
			if _, there := given["minInstances"]; there {
				if _, err := given.number("minInstances", maxTarget); err != nil {
					return err
				}
			}
			out.Scaling = &fc.ScalingConfig{}
			if err := merge(struct{}{}, given, out.Scaling); err != nil {
				return err
			}
			return checkActions("scheduledPolicies", out.Scaling.ScheduledPolicies)
		},
		unset: func(s *store.Scaling) { s.Scaling = nil },
		view: func(c *call, s *store.Scaling) map[string]any {
			if s.Scaling == nil {
				return nil
			}
			doc := document(s.Scaling)
			doc["targetInstances"] = s.Scaling.MinInstances
			doc["currentInstances"], doc["currentError"] = c.kept(s, s.Scaling.MinInstances)
			return c.named(doc, s)
		},
	}
}

// number reads a whole number that must be given.
func (f fields) number(name string, most int) (int, error) {
	v, given := f[name]
	if !given {
		return 0, invalid("%s is required", name)
	}
	var n int
	if err := json.Unmarshal(v, &n); err != nil {
		return 0, badField(name, err)
	}
	return n, between(name, n, 0, most)
}

// document is a configuration by its fields.
func document(v any) map[string]any {
	doc := map[string]any{}
	text, err := json.Marshal(v)
	if err == nil {
		_ = json.Unmarshal(text, &doc) // it has just been written
	}
	return doc
}

// named says which function a document is of.
func (c *call) named(doc map[string]any, s *store.Scaling) map[string]any {
	own := maps.Clone(doc)
	switch {
	case c.v2():
		own["resource"] = resource(s)
	case s.Qualifier == fc.LatestQualifier:
		own["functionArn"] = c.arn(s.Function)
	default:
		own["functionArn"] = c.arn(s.Function) + "/" + s.Qualifier
	}
	return own
}

// kept is how many of the wanted instances there are, and why not all.
func (c *call) kept(s *store.Scaling, wanted int) (int, string) {
	if c.cfg.Kept == nil || wanted == 0 {
		return 0, ""
	}
	current, problem := c.cfg.Kept(c.region, s.Function, s.Qualifier)
	if current >= wanted {
		problem = ""
	}
	return min(current, wanted), strings.TrimSpace(problem)
}

// hasInstances refuses to delete a function, or a qualifier of it, that is to have
// instances always.
func hasInstances(all []*store.Scaling) error {
	for _, s := range all {
		refuse := func(code, what string) error {
			return &fc.APIError{
				Status: http.StatusConflict, Code: code,
				Message: "function '" + s.Function + "' has a " + what + " at " + s.Qualifier + ": delete that first",
			}
		}
		switch {
		case s.Provision != nil && s.Provision.DefaultTarget > 0:
			return refuse("ProvisionConfigExist", "provision config")
		case s.Scaling != nil && s.Scaling.MinInstances > 0:
			return refuse("ResidentScalingConfigExists", "scaling config")
		}
	}
	return nil
}

// Scale is what is configured of a function as a whole, at LATEST, and at a
// qualifier s, means for its instances there.
func Scale(whole, s *store.Scaling) instance.Scale {
	var out instance.Scale
	if whole.Concurrency != nil {
		out.Reserved = &whole.Concurrency.ReservedConcurrency
	}
	if s.MaxInstances != nil {
		if out.Max = *s.MaxInstances; out.Max == 0 {
			out.Reserved = s.MaxInstances // no instance, no request
		}
	}
	if p := s.Provision; p != nil {
		out.Min, out.AlwaysCPU = p.DefaultTarget, p.AlwaysAllocateCPU
	}
	if c := s.Scaling; c != nil {
		out.Min = max(out.Min, c.MinInstances)
		if c.EnableOnDemandScaling != nil && !*c.EnableOnDemandScaling && out.Min > 0 {
			out.Max = out.Min
		}
	}
	return out
}
