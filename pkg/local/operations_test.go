package local

import (
	_ "embed"
	"net/http"
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
		case !strings.Contains(body, action+" ("):
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
