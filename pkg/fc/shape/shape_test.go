package shape

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTable: the table is whole. Every model that is named is there, but for those
// where the documentation stops.
func TestTable(t *testing.T) {
	t.Parallel()
	s := parsed()
	if len(s.operations) != 73 || len(s.models) < 139 {
		t.Errorf("%d operations, %d models", len(s.operations), len(s.models))
	}
	check := func(where, kind string) {
		for _, prefix := range []string{"map[s]", "[]"} {
			kind = strings.TrimPrefix(kind, prefix)
		}
		if _, ok := s.models[kind]; !ok && !strings.Contains(" s i l f b - bytes DeliveryOption DescribeRegionsOutput ", " "+kind+" ") {
			t.Errorf("%s: no model %s", where, kind)
		}
	}
	for _, o := range s.operations {
		check(o.name, o.body)
		check(o.name, o.answer)
	}
	for name, fields := range s.models {
		for field, kind := range fields {
			check(name+"."+field, kind)
		}
	}
	if names := Operations(); names[0] != "ChangeResourceGroup" || len(names) != 73 {
		t.Error(names)
	}
}

func TestOperation(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{
		"GET /2023-03-30/functions":                    "ListFunctions",
		"POST /2023-03-30/functions":                   "CreateFunction",
		"GET /2023-03-30/functions/a%2Fb":              "GetFunction",
		"DELETE /2023-03-30/functions/f/aliases/a":     "DeleteAlias",
		"PUT /2023-03-30/layers/l/acl":                 "PutLayerACL",
		"GET /2023-03-30/functions/":                   "",
		"PATCH /2023-03-30/functions/f":                "",
		"GET /2021-04-06/services":                     "",
		"POST /2023-03-30/functions/f/invoke/disable":  "DisableFunctionInvocation",
		"GET /2023-03-30/functions/f/instances/i/exec": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := Operation(method, path); got != want {
			t.Errorf("%s is %q, not %q", request, got, want)
		}
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path, query, body string
		want                            []string
	}{
		{"a function", "POST", "/functions", "", `{"functionName":"f","cpu":0.35,"memorySize":512,"timeout":3,"code":{"zipFile":"x"},
			"environmentVariables":{"A":"b"},"layers":["l"],"nasConfig":{"mountPoints":[{"serverAddr":"s","mountDir":"/m"}]},"vpcConfig":null}`, nil},
		{"everything wrong", "POST", "/functions", "x=1", `{"functionName":1,"cpu":"2","memorySize":1.5,"timeout":3000000000,"internetAccess":"true",
			"environmentVariables":{"A":1},"layers":"l","tags":{},"code":[],"colour":"red","customDNS":{"nameServers":[1]},"logConfig":{"a":1}}`, []string{
			"CreateFunction has no parameter x",
			"CreateFunction.code is no object",
			"CreateFunction has a field colour, which CreateFunctionInput doesn't have",
			"CreateFunction.cpu is no number",
			"CreateFunction.customDNS.nameServers[0] is no text",
			"CreateFunction.environmentVariables.A is no text",
			"CreateFunction.functionName is no text",
			"CreateFunction.internetAccess is no boolean",
			"CreateFunction.layers is no list",
			"CreateFunction.logConfig has a field a, which LogConfig doesn't have",
			"CreateFunction.memorySize is no whole number",
			"CreateFunction.tags is no list",
			"CreateFunction.timeout doesn't fit 32 bits",
		}},
		{"a map", "POST", "/functions", "", `{"environmentVariables":[]}`, []string{"CreateFunction.environmentVariables is no object"}},
		{"no body", "POST", "/functions", "", "", []string{"CreateFunction has no body"}},
		{"no JSON", "POST", "/functions", "", "{", []string{"CreateFunction is no JSON: unexpected EOF"}},
		{"a body too many", "DELETE", "/functions/f", "", `{"a":1}`, []string{"DeleteFunction has a body"}},
		{"an empty one", "DELETE", "/functions/f", "", `{}`, nil},
		{"bytes", "POST", "/functions/f/invocations", "qualifier=prod", "\x00", nil},
		{"nothing", "GET", "/nothing", "", "", []string{"GET /2023-03-30/nothing is no operation"}},
		{"lists in the query", "GET", "/functions", "limit=1&tags=[]&prefix=a", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, Request(tt.method, Prefix+tt.path, query, []byte(tt.body))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	if got := Answer("GET", Prefix+"/functions/f", []byte(`{"functionName":"f","codeSize":5000000000,"layers":[{"arn":"a","size":1}],"state":"Active"}`)); got != nil {
		t.Error(got)
	}
	want := []string{"GetFunction's answer.layers[0] is no object"}
	if diff := cmp.Diff(want, Answer("GET", Prefix+"/functions/f", []byte(`{"layers":["a"]}`))); diff != "" {
		t.Error(diff)
	}
	if got := Answer("GET", Prefix+"/no", nil); len(got) != 1 {
		t.Error(got)
	}
	if got := Answer("DELETE", Prefix+"/functions/f", nil); got != nil {
		t.Error(got)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("POST", "/2023-03-30/functions", `{"a":[{"b":null}]}`)
	f.Fuzz(func(_ *testing.T, method, path, body string) {
		Request(method, path, nil, []byte(body))
		Answer(method, path, []byte(body))
	})
}
