package control

import (
	"net/http"
	"strings"

	"s/pkg/fc"
)

// route is one operation: how it is asked for and who serves it.
type route struct {
	method string
	path   string // {name} stands for one segment
	handle func(*call) (answer, error)
	// qualified operations take a qualifier, which must be there unless they delete.
	qualified bool

	segments []string // of path
}

// routesV3 is the table of version 2023-03-30. Operations that aren't here are
// answered with 501 and their name.
func routesV3() []route {
	routes := []route{
		{method: "POST", path: "functions", handle: createFunction},
		{method: "GET", path: "functions", handle: listFunctions},
		{method: "GET", path: "functions/{function}", handle: getFunction, qualified: true},
		{method: "PUT", path: "functions/{function}", handle: updateFunction},
		{method: "DELETE", path: "functions/{function}", handle: deleteFunction},
		{method: "GET", path: "functions/{function}/code", handle: getFunctionCode, qualified: true},
		{method: "GET", path: "functions/{function}/instances", handle: listInstances, qualified: true},

		{method: "POST", path: "functions/{function}/triggers", handle: createTrigger},
		{method: "GET", path: "functions/{function}/triggers", handle: listTriggers},
		{method: "GET", path: "functions/{function}/triggers/{trigger}", handle: getTrigger},
		{method: "PUT", path: "functions/{function}/triggers/{trigger}", handle: updateTrigger},
		{method: "DELETE", path: "functions/{function}/triggers/{trigger}", handle: deleteTrigger},

		{method: "POST", path: "tags-v2", handle: tagResources},
		{method: "DELETE", path: "tags-v2", handle: untagResources},
		{method: "GET", path: "tags-v2", handle: listTagResources},
		{method: "PUT", path: "resource-groups", handle: changeResourceGroup},
		{method: "GET", path: "regions", handle: describeRegions},

		// What can't be configured here isn't there: clients that look before
		// they deploy are told so.
	}
	routes = append(routes, layerRoutes()...)
	routes = append(routes, admissionRoutes()...)
	routes = append(routes, asyncRoutesV3()...)
	routes = append(routes, versionRoutes("functions/{function}")...)
	routes = append(routes, scalingRoutes("functions/{function}", concurrency(), provision(), scaling())...)
	routes = append(routes, domainRoutes()...)
	routes = append(routes, sessionRoutes()...)
	return routes
}

// routesV2 is the table of versions 2021-04-06 and 2016-08-15, whose paths
// differ in the qualifier only.
func routesV2() []route {
	const function = "services/{service}/functions/{function}"
	routes := []route{
		{method: "POST", path: "services", handle: createService},
		{method: "GET", path: "services", handle: listServices},
		{method: "GET", path: "services/{service}", handle: getService, qualified: true},
		{method: "PUT", path: "services/{service}", handle: updateService},
		{method: "DELETE", path: "services/{service}", handle: deleteService},

		{method: "POST", path: "services/{service}/functions", handle: createFunction},
		{method: "GET", path: "services/{service}/functions", handle: listFunctions, qualified: true},
		{method: "GET", path: function, handle: getFunction, qualified: true},
		{method: "PUT", path: function, handle: updateFunction},
		{method: "DELETE", path: function, handle: deleteFunction},
		{method: "GET", path: function + "/code", handle: getFunctionCode, qualified: true},
		{method: "GET", path: function + "/instances", handle: listInstances, qualified: true},

		{method: "POST", path: function + "/triggers", handle: createTrigger},
		{method: "GET", path: function + "/triggers", handle: listTriggers},
		{method: "GET", path: function + "/triggers/{trigger}", handle: getTrigger},
		{method: "PUT", path: function + "/triggers/{trigger}", handle: updateTrigger},
		{method: "DELETE", path: function + "/triggers/{trigger}", handle: deleteTrigger},
	}
	routes = append(routes, admissionRoutesV2()...)
	routes = append(routes, layerRoutes()...)
	routes = append(routes, asyncRoutesV2(function)...)
	routes = append(routes, uploadRoutes()...)
	routes = append(routes, versionRoutes("services/{service}")...)
	routes = append(routes, scalingRoutes(function, onDemand(), provision())...)
	routes = append(routes, domainRoutes()...)
	routes = append(routes, accountRoutesV2()...)
	return routes
}

func compile(routes []route) []route {
	for i := range routes {
		routes[i].segments = strings.Split(routes[i].path, "/")
	}
	return routes
}

// match finds the route and what its {name} segments are.
func match(routes []route, method string, segments []string) (*route, map[string]string) {
	for i := range routes {
		if r := &routes[i]; r.method == method && len(r.segments) == len(segments) {
			if args, ok := bind(r.segments, segments); ok {
				return r, args
			}
		}
	}
	return nil, nil
}

func bind(pattern, segments []string) (map[string]string, bool) {
	args := map[string]string{}
	for i, p := range pattern {
		switch {
		case p[0] == '{' && segments[i] == "":
			return nil, false // a service without a name is no way to the functions of FC 3.0
		case p[0] == '{':
			args[p[1:len(p)-1]] = segments[i]
		case p != segments[i]:
			return nil, false
		}
	}
	return args, true
}

// none answers with an empty list.
func none(name string) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		if err := c.parentsExist(); err != nil {
			return answer{}, err
		}
		if _, _, err := page(c, []string{}, func(s string) string { return s }); err != nil {
			return answer{}, err
		}
		return ok(map[string]any{name: []string{}})
	}
}

// unset answers that a configuration was never made.
func unset(code, what string) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		if err := c.parentsExist(); err != nil {
			return answer{}, err
		}
		return answer{}, &fc.APIError{
			Status: http.StatusNotFound, Code: code,
			Message: what + " of function '" + c.function() + "' does not exist",
		}
	}
}

// parentsExist looks up the function at its qualifier, or the service, that the
// path names.
func (c *call) parentsExist() error {
	var err error
	if c.args["function"] != "" {
		_, err = c.resolved()
	} else if c.args["service"] != "" {
		_, _, err = c.cfg.Store.ServiceAt(c.region, c.args["service"], c.qualifier)
	}
	return err
}
