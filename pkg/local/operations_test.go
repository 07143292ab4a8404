package local

import (
	_ "embed"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

//go:embed testdata/operations.txt
var operationsText string

// Every operation that Function Compute has is served, or the answer names it.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t, options(t.TempDir()))
	c := clientOf(t, cloud.Info())
	c.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "custom", "app", "x"))
	c.do(200, "POST", "/2021-04-06/services", `{"serviceName":"svc"}`)
	c.do(200, "POST", "/2021-04-06/services/svc/functions", functionJSON(t, "f", "custom", "app", "x"))
	served, named := 0, map[string]int{}
	for line := range strings.Lines(operationsText) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		version, method, path, action := words[0], words[1], words[2], words[3]
		path = strings.NewReplacer("{serviceName}", "svc", "{functionName}", "f", "{versionId}", "1", "{version}", "1", "{", "", "}", "").Replace(path)
		r := c.request(method, "/"+version+"/"+path, "")
		c.sign(r, "")
		response, body := c.send(0, r)
		switch {
		case response.StatusCode != http.StatusNotImplemented:
			served++
		case !strings.Contains(body, action):
			t.Errorf("%s isn't named in %s", strings.TrimSpace(line), body)
		default:
			named[action]++
		}
	}
	t.Logf("%d served, not served: %v", served, named)
	if served < 100 || served+len(named) < 130 {
		t.Errorf("%d are served, %d not", served, len(named))
	}
}

// lists are the operations that give lists page by page: version, path, and the
// names of their parameters.
func lists() [][4]string {
	const f3, f2 = "functions/f/", "services/svc/functions/f/"
	var out [][4]string
	for version, paths := range map[string][]string{
		"2023-03-30": {
			f3 + "aliases", "async-invoke-configs", f3 + "async-tasks", "concurrency-configs", "custom-domains", f3 + "versions", "functions",
			"layers", "provision-configs", "scaling-configs", f3 + "sessions", f3 + "triggers",
		},
		"2021-04-06": {
			"services/svc/aliases", "custom-domains", f2 + "async-invoke-configs", "services/svc/functions", "layers", "on-demand-configs",
			"provision-configs", "reserved-capacities", "services/svc/versions", "services", "stateful-async-invocation-functions",
			f2 + "stateful-async-invocations", "tags", f2 + "triggers",
		},
	} {
		for _, path := range paths {
			out = append(out, [4]string{version, path, "limit", "nextToken"})
		}
	}
	return append(out, [][4]string{
		{"2023-03-30", "tags-v2?ResourceType=function&Tag=" + url.QueryEscape(`[{"Key":"k"}]`), "Limit", "NextToken"},
		{"2023-03-30", f3 + "instances", "limit", ""},
		{"2021-04-06", f2 + "instances", "limit", ""},
		{"2023-03-30", "layers/l/versions", "limit", ""},
		{"2021-04-06", "layers/l/versions", "limit", ""},
	}...)
}

// A list refuses a page that has no size, or is asked for by a token that no list
// gave; and takes the largest.
func TestEveryListChecksItsPages(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t, options(t.TempDir()))
	c := clientOf(t, cloud.Info())
	c.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "custom", "app", "x"))
	c.do(200, "POST", "/2021-04-06/services", `{"serviceName":"svc"}`)
	c.do(200, "POST", "/2021-04-06/services/svc/functions", functionJSON(t, "f", "custom", "app", "x"))
	c.do(200, "POST", "/2023-03-30/layers/l/versions", `{"compatibleRuntime":["custom"],"code":{"zipFile":"`+emptyZip+`"}}`)
	for _, l := range lists() {
		path, join := "/"+l[0]+"/"+l[1], "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		for _, bad := range []string{"0", "-1", "101", "x", "1.5"} {
			c.sends(400, path+join+l[2]+"="+bad, "InvalidArgument")
		}
		if l[3] != "" {
			c.sends(400, path+join+l[3]+"=%21", "InvalidArgument")
		}
		for _, good := range []string{"1", "100"} {
			c.sends(200, path+join+l[2]+"="+good, "")
		}
	}
}

// emptyZip is an archive without entries, as base64.
const emptyZip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="

// sends wants a status of a signed GET, without ending the test.
func (c *client) sends(status int, path, says string) {
	c.t.Helper()
	r := c.request("GET", path, "")
	c.sign(r, "")
	response, body := c.send(0, r)
	if response.StatusCode == http.StatusNotImplemented {
		return
	}
	if response.StatusCode != status || !strings.Contains(body, says) {
		c.t.Errorf("%s: %d %s, want %d", path, response.StatusCode, body, status)
	}
}
