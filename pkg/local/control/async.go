package control

import (
	"net/http"

	"s/pkg/fc"
	"s/pkg/local/async"
	"s/pkg/local/store"
)

// Bounds of an async invoke config (PutAsyncInvokeConfigInput).
const (
	maxEventAge = 604800 // seconds
	maxRetries  = 8
)

// asyncRoutesV3 and asyncRoutesV2 are the operations on asynchronous invocations.
func asyncRoutesV3() []route {
	const function = "functions/{function}"
	routes := append(asyncRoutes(function), taskRoutesV3(function)...)
	return append(routes, route{method: "GET", path: "async-invoke-configs", handle: listAsyncConfigs})
}

func asyncRoutesV2(function string) []route {
	routes := append(asyncRoutes(function), taskRoutesV2(function)...)
	return append(routes, route{method: "GET", path: function + "/async-invoke-configs", handle: listAsyncConfigsOf})
}

// asyncRoutes are the configurations of asynchronous invocations; function is the
// path of one.
func asyncRoutes(function string) []route {
	const config = "/async-invoke-config"
	return []route{
		{method: "PUT", path: function + config, handle: putAsyncConfig, qualified: true},
		{method: "GET", path: function + config, handle: getAsyncConfig, qualified: true},
		{method: "DELETE", path: function + config, handle: deleteAsyncConfig, qualified: true},
	}
}

// asyncInput is what a configuration is given as, in both APIs.
type asyncInput struct {
	AsyncTask          *bool                 `json:"asyncTask"`
	StatefulInvocation *bool                 `json:"statefulInvocation"` // FC 2.0's name of it
	MaxAge             *int                  `json:"maxAsyncEventAgeInSeconds"`
	MaxRetries         *int                  `json:"maxAsyncRetryAttempts"`
	Destinations       *fc.DestinationConfig `json:"destinationConfig"`
}

// config checks what is given.
func (in asyncInput) config() (fc.AsyncConfig, error) {
	out := fc.AsyncConfig{MaxAsyncRetryAttempts: in.MaxRetries, DestinationConfig: in.Destinations}
	for _, on := range []*bool{in.AsyncTask, in.StatefulInvocation} {
		out.AsyncTask = out.AsyncTask || on != nil && *on
	}
	if in.MaxAge != nil {
		if err := between("maxAsyncEventAgeInSeconds", *in.MaxAge, 1, maxEventAge); err != nil {
			return out, err
		}
		out.MaxAsyncEventAgeInSeconds = *in.MaxAge
	}
	if in.MaxRetries != nil {
		if err := between("maxAsyncRetryAttempts", *in.MaxRetries, 0, maxRetries); err != nil {
			return out, err
		}
	}
	if d := in.Destinations; d != nil {
		for name, to := range map[string]*fc.Destination{"onSuccess": d.OnSuccess, "onFailure": d.OnFailure} {
			if to == nil || to.Destination == "" {
				continue
			}
			if _, ok := async.ParseDestination(to.Destination); !ok {
				return out, invalid("destinationConfig.%s.destination '%s' is not the ARN of a function, a queue or topic of MNS or RocketMQ, or an event bus", name, to.Destination)
			}
		}
	}
	return out, nil
}

func putAsyncConfig(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	var in asyncInput
	if err := merge(struct{}{}, given, &in); err != nil {
		return answer{}, err
	}
	stored := &store.AsyncConfig{Region: c.region, Function: c.function(), Qualifier: c.at(), Created: c.now(), Modified: c.now()}
	if stored.Config, err = in.config(); err != nil {
		return answer{}, err
	}
	if err := c.cfg.Store.PutAsyncConfig(stored); err != nil {
		return answer{}, err
	}
	return ok(c.asyncView(stored))
}

func getAsyncConfig(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	stored, err := c.cfg.Store.AsyncConfig(c.region, c.function(), c.at())
	if err != nil {
		return answer{}, &fc.APIError{
			Status: http.StatusNotFound, Code: "AsyncConfigNotExists",
			Message: "async invoke config of function '" + c.function() + "' does not exist",
		}
	}
	return ok(c.asyncView(stored))
}

func deleteAsyncConfig(c *call) (answer, error) {
	if err := c.cfg.Store.DeleteAsyncConfig(c.region, c.function(), c.at()); err != nil {
		return answer{}, c.serviceFirst(err)
	}
	return noContent()
}

// listAsyncConfigs lists those of FC 3.0's functions, or of the one that the query
// names.
func listAsyncConfigs(c *call) (answer, error) {
	return c.asyncConfigs(c.r.URL.Query().Get("functionName"))
}

// listAsyncConfigsOf lists those of an FC 2.0 function.
func listAsyncConfigsOf(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	return c.asyncConfigs(c.function())
}

func (c *call) asyncConfigs(only string) (answer, error) {
	var some []*store.AsyncConfig
	for _, stored := range c.cfg.Store.AsyncConfigs(c.region) {
		if only == "" || only == stored.Function {
			some = append(some, stored)
		}
	}
	some, next, err := page(c, some, func(s *store.AsyncConfig) string { return s.Function + "/" + s.Qualifier })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("configs", some, next, c.asyncView))
}

// asyncView shows a configuration. What wasn't given has the value that counts.
func (c *call) asyncView(s *store.AsyncConfig) map[string]any {
	doc := map[string]any{
		"createdTime": s.Created, "lastModifiedTime": s.Modified, "maxAsyncRetryAttempts": async.DefaultRetries,
		"maxAsyncEventAgeInSeconds": int(async.DefaultAge.Seconds()), "destinationConfig": fc.DestinationConfig{},
	}
	if n := s.Config.MaxAsyncRetryAttempts; n != nil {
		doc["maxAsyncRetryAttempts"] = *n
	}
	if n := s.Config.MaxAsyncEventAgeInSeconds; n > 0 {
		doc["maxAsyncEventAgeInSeconds"] = n
	}
	if d := s.Config.DestinationConfig; d != nil {
		doc["destinationConfig"] = d
	}
	if !c.v2() {
		doc["functionArn"], doc["asyncTask"] = c.arn(s.Function), s.Config.AsyncTask
		return doc
	}
	doc["service"], doc["function"] = fc.SplitName(s.Function)
	doc["qualifier"], doc["statefulInvocation"] = s.Qualifier, s.Config.AsyncTask
	return doc
}

// at is the qualifier that a request is about.
func (c *call) at() string { return c.qualifier }
