package acceptance

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// serviceOperation is an operation of API 2021-04-06 as its reference documents it:
// the parameters of its query and the fields of its body.
type serviceOperation struct {
	method, path string
	query, body  string
}

// serviceFunction are the fields that creating and updating a function share.
const serviceFunction = "caPort code cpu customContainerConfig customDNS customHealthCheckConfig customRuntimeConfig description " +
	"diskSize environmentVariables gpuMemorySize handler initializationTimeout initializer instanceConcurrency instanceLifecycleConfig " +
	"instanceSoftConcurrency instanceType layers memorySize runtime timeout"

const serviceFields = "description internetAccess logConfig nasConfig ossMountConfig role tracingConfig vpcConfig"

// serviceOperations are those that a deployment needs.
func serviceOperations() []serviceOperation {
	const function = "/services/{service}/functions/{function}"
	return []serviceOperation{
		{"POST", "/services", "", "serviceName " + serviceFields},
		{"GET", "/services/{service}", "qualifier", ""},
		{"PUT", "/services/{service}", "", serviceFields},
		{"DELETE", "/services/{service}", "", ""},
		{"GET", "/services/{service}/functions", "limit nextToken prefix qualifier startKey", ""},
		{"POST", "/services/{service}/functions", "", "functionName " + serviceFunction},
		{"GET", function, "qualifier", ""},
		{"PUT", function, "", serviceFunction},
		{"DELETE", function, "", ""},
		{"GET", function + "/triggers", "limit nextToken prefix startKey", ""},
		{"POST", function + "/triggers", "", "description invocationRole qualifier sourceArn triggerConfig triggerName triggerType"},
		{"PUT", function + "/triggers/{trigger}", "", "description invocationRole qualifier triggerConfig"},
		{"DELETE", function + "/triggers/{trigger}", "", ""},
		{"GET", function + "/async-invoke-configs", "limit nextToken", ""},
		{"GET", "/services/{service}/aliases", "limit nextToken prefix startKey", ""},
		{"DELETE", "/services/{service}/aliases/{alias}", "", ""},
		{"GET", "/services/{service}/versions", "direction limit nextToken startKey", ""},
		{"DELETE", "/services/{service}/versions/{version}", "", ""},
		{"GET", "/provision-configs", "limit nextToken qualifier serviceName", ""},
	}
}

// serviceShapes tells what of a request isn't documented.
func serviceShapes(c *call) []string {
	for _, o := range serviceOperations() {
		if o.method == c.method && samePath(o.path, strings.TrimPrefix(c.path, "/2021-04-06")) {
			return o.check(c)
		}
	}
	return []string{c.method + " " + c.path + " is no operation"}
}

func samePath(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(a, b, func(p, s string) bool { return p == s || strings.HasPrefix(p, "{") && s != "" })
}

func (o serviceOperation) check(c *call) []string {
	var problems []string
	what := c.method + " " + c.path
	for _, name := range slices.Sorted(maps.Keys(c.query)) {
		if !slices.Contains(strings.Fields(o.query), name) {
			problems = append(problems, what+" has no parameter "+name)
		}
	}
	if o.body == "" && len(c.body) == 0 {
		return problems
	}
	var body map[string]any
	if err := json.Unmarshal(c.body, &body); err != nil {
		return append(problems, what+": "+err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if !slices.Contains(strings.Fields(o.body), name) {
			problems = append(problems, what+" has no field "+name)
		}
	}
	return problems
}

// TestServiceShapes: what isn't documented is found.
func TestServiceShapes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call call
		want string
	}{
		{call{method: "GET", path: "/2021-04-06/services/a/functions/b"}, ""},
		{call{method: "PUT", path: "/2021-04-06/services/a", body: []byte(`{"description":"x"}`)}, ""},
		{call{method: "PUT", path: "/2021-04-06/services/a", body: []byte(`{"serviceName":"x"}`)}, "PUT /2021-04-06/services/a has no field serviceName"},
		{call{method: "GET", path: "/2021-04-06/services/a", query: map[string][]string{"x": nil}}, "GET /2021-04-06/services/a has no parameter x"},
		{call{method: "GET", path: "/2021-04-06/services/"}, "GET /2021-04-06/services/ is no operation"},
		{call{method: "POST", path: "/2021-04-06/services"}, "POST /2021-04-06/services: unexpected end of JSON input"},
	} {
		if got := strings.Join(serviceShapes(&test.call), "; "); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.call.method, test.call.path, got, test.want)
		}
	}
}
