package sls

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/logfiles"
	"s/pkg/local/store"
)

// world is a service over real HTTP, whose signatures are trusted.
type world struct {
	t       *testing.T
	url     string
	kept    *logfiles.Logs
	service *Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	logs, err := store.OpenLogs(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { logs.Close() })
	lines, err := logfiles.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	service := New(Config{
		Logs: logs, Lines: lines, Region: "cn-hangzhou", AccountID: "1",
		InUse: func(project, logstore string) bool {
			return project == "functions" && (logstore == "" || logstore == "logs")
		},
		Verify: func(r *http.Request) error {
			if r.Header.Get("X-Forged") != "" {
				return &fc.APIError{Status: 401, Code: "SignatureNotMatch", Message: "no"}
			}
			return nil
		},
		Now: func() time.Time { return time.Unix(1000, 0) },
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set(fc.HeaderRequestID, "1-2-3")
		service.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	return &world{t, server.URL, lines, service}
}

// got is an answer.
type got struct {
	*http.Response
	body string
	t    *testing.T
}

// do sends a request to a project.
func (w *world) do(method, project, target, body string, headers ...string) *got {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if r.Host = "cn-hangzhou.log.localhost:80"; project != "" {
		r.Host = project + "." + r.Host
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if response.Header.Get("X-Log-Requestid") != "1-2-3" {
		w.t.Error("there is no request id")
	}
	return &got{response, string(data), w.t}
}

// is checks the status and the code of an error.
func (g *got) is(status int, code string) *got {
	g.t.Helper()
	var e struct{ ErrorCode, ErrorMessage string }
	if code != "" && json.Unmarshal([]byte(g.body), &e) != nil || e.ErrorCode != code || g.StatusCode != status {
		g.t.Fatalf("%s %s %s: %d %s, want %d %s", g.Request.Method, g.Request.Host, g.Request.URL.RequestURI(), g.StatusCode, g.body, status, code)
	}
	return g
}

func (g *got) says(text string) *got {
	g.t.Helper()
	if !strings.Contains(g.body, text) {
		g.t.Errorf("%s: %s, want %s", g.Request.URL.RequestURI(), g.body, text)
	}
	return g
}

func TestBooks(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "mine", "/", "").is(404, "ProjectNotExist")
	w.do("POST", "mine", "/logstores", `{"logstoreName":"ls-one"}`).is(404, "ProjectNotExist")
	w.do("POST", "", "/", `{"projectName":"mine","description":"of mine"}`).is(200, "")
	w.do("POST", "mine", "/", `{"projectName":"mine"}`).is(400, "ProjectAlreadyExist")
	w.do("POST", "mine", "/", `{"projectName":"other"}`).is(400, "ProjectNameInvalid")
	w.do("POST", "", "/", `{"projectName":"Bad Name"}`).is(400, "ProjectNameInvalid")
	w.do("POST", "", "/", `[]`).is(400, "PostBodyInvalid")
	w.do("GET", "mine", "/", "").is(200, "").says(`"description":"of mine"`).says(`"createTime":"1000"`).says(`"region":"cn-hangzhou"`)
	w.do("GET", "mine", "/logstores/ls-one", "").is(404, "LogStoreNotExist")
	w.do("POST", "mine", "/logstores", `{"logstoreName":"ls-one","ttl":7}`).is(200, "")
	w.do("POST", "mine", "/logstores", `{"logstoreName":"ls-one"}`).is(400, "LogStoreAlreadyExist")
	w.do("POST", "mine", "/logstores", `{"logstoreName":"../x"}`).is(400, "LogStoreNameInvalid")
	w.do("GET", "mine", "/logstores/ls-one", "").is(200, "").says(`"ttl":7`).says(`"shardCount":1`)
	w.do("GET", "mine", "/logstores", "").is(200, "").says(`"logstores":["ls-one"]`).says(`"total":1`)
	w.do("GET", "mine", "/logstores?logstoreName=two", "").is(200, "").says(`"logstores":[]`)
	w.do("PUT", "mine", "/logstores/ls-one/index", `{}`).is(404, "IndexConfigNotExist")
	w.do("GET", "mine", "/logstores/ls-one/index", "").is(404, "IndexConfigNotExist")
	w.do("POST", "mine", "/logstores/ls-one/index", `{"line":{"token":[","]}}`).is(200, "")
	w.do("POST", "mine", "/logstores/ls-one/index", `{}`).is(400, "IndexAlreadyExist")
	w.do("PUT", "mine", "/logstores/ls-one/index", `{"ttl":9}`).is(200, "")
	w.do("GET", "mine", "/logstores/ls-one/index", "").is(200, "").says(`"ttl":9`)
	w.do("POST", "mine", "/logstores/none/index", `{}`).is(404, "LogStoreNotExist")
	w.do("DELETE", "mine", "/logstores/none", "").is(404, "LogStoreNotExist")
	w.do("DELETE", "mine", "/", "").is(200, "")
	w.do("DELETE", "mine", "/", "").is(404, "ProjectNotExist")
	w.do("POST", "", "/", `{"projectName":"mine"}`).is(200, "")
	w.do("GET", "mine", "/logstores/ls-one", "").is(404, "LogStoreNotExist")

	// What a function's logConfig names is there.
	w.do("GET", "functions", "/", "").is(200, "").says(`"projectName":"functions"`)
	w.do("GET", "functions", "/logstores/logs", "").is(200, "")
	w.do("GET", "functions", "/logstores/others", "").is(404, "LogStoreNotExist")
	w.do("POST", "", "/", `{"projectName":"functions"}`).is(400, "ProjectAlreadyExist")
}

func TestWhatIsRefused(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "functions", "/", "", "X-Forged: yes").is(401, "SignatureNotMatch")
	w.do("GET", "Bad_-", "/", "").is(400, "ProjectNameInvalid")
	w.do("GET", "functions", "/logstores/B", "").is(400, "LogStoreNameInvalid")
	for _, what := range []string{
		"GET /logstores/logs?type=cursor", "PUT /logstores/logs", "GET /machinegroups", "PUT /",
		"GET /logstores/logs/shards", "GET /savedsearches",
	} {
		method, target, _ := strings.Cut(what, " ")
		path, _, _ := strings.Cut(target, "?")
		w.do(method, "functions", target, "").is(501, "NotImplemented").says("'" + method + "' against '" + path + "'")
	}
	w.do("GET", "", "/", "").is(501, "NotImplemented")
	for target, code := range map[string]string{
		"?type=log":                                       "InvalidTimeRange",
		"?type=log&from=x&to=2":                           "InvalidTimeRange",
		"?type=log&from=2&to=2":                           "InvalidTimeRange",
		"?type=log&from=-1&to=2":                          "InvalidTimeRange",
		"?type=log&from=1&to=2&line=101":                  "InvalidParameter",
		"?type=log&from=1&to=2&line=x":                    "InvalidParameter",
		"?type=log&from=1&to=2&offset=-1":                 "InvalidParameter",
		"?type=log&from=1&to=2&query=(":                   "ParameterInvalid",
		"?type=histogram&from=1&to=2&query=(":             "ParameterInvalid",
		"?type=histogram&from=1&to=2&interval=0":          "InvalidParameter",
		"?type=histogram&from=1&to=1000000000&interval=1": "InvalidParameter",
	} {
		w.do("GET", "functions", "/logstores/logs"+target, "").is(400, code)
	}
	w.do("POST", "functions", "/logstores/logs/logs", "[]").is(400, "PostBodyInvalid")
	w.do("GET", "functions", "/logstores/others?type=log&from=1&to=2", "").is(404, "LogStoreNotExist")
}

// fill adds lines: n of each of two functions, one per second.
func (w *world) fill(n int) {
	w.t.Helper()
	for i := range n {
		for _, f := range []string{"f", "svc$g"} {
			service, name := fc.SplitName(f)
			line := logfiles.Line{
				Time: time.Unix(int64(100+i), 0), Topic: Topic(f), Service: service, Function: name, Qualifier: "LATEST",
				InstanceID: "c-1", RequestID: fmt.Sprint("1-", i), Message: fmt.Sprintf("line %d of %s", i, f),
			}
			if err := w.kept.Append("functions", "logs", []logfiles.Line{line}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// lines are those that a query gives.
func (w *world) lines(query string) []map[string]string {
	w.t.Helper()
	var out []map[string]string
	g := w.do("GET", "functions", "/logstores/logs?type=log&"+query, "").is(200, "")
	if err := json.Unmarshal([]byte(g.body), &out); err != nil {
		w.t.Fatal(err)
	}
	if g.Header.Get("X-Log-Progress") != "Complete" || g.Header.Get("X-Log-Count") != fmt.Sprint(len(out)) {
		w.t.Errorf("%s: %v", query, g.Header)
	}
	return out
}

func TestGetLogs(t *testing.T) {
	w := newWorld(t)
	w.fill(60)
	all := w.lines("from=0&to=1000")
	if len(all) != 100 || all[0]["message"] != "line 0 of f" || all[1]["message"] != "line 0 of svc$g" {
		t.Errorf("%d lines, %v", len(all), all[:2])
	}
	first := all[1]
	for name, value := range map[string]string{
		"__time__": "100", "__topic__": "svc", "__source__": "127.0.0.1", "functionName": "g", "serviceName": "svc", "qualifier": "LATEST",
		"instanceID": "c-1", "requestId": "1-0",
	} {
		if first[name] != value {
			t.Errorf("%s is %q, want %q", name, first[name], value)
		}
	}
	for query, want := range map[string]string{
		"from=0&to=1000&line=2&reverse=true":                            "line 59 of svc$g|line 59 of f",
		"from=0&to=1000&line=2&offset=3":                                "line 1 of svc$g|line 2 of f",
		"from=102&to=103":                                               "line 2 of f|line 2 of svc$g",
		"from=0&to=1000&line=2&topic=svc":                               "line 0 of svc$g|line 1 of svc$g",
		"from=0&to=1000&query=__topic__:%22FCLogs:f%22%20and%20%227%22": "line 7 of f",
		"from=0&to=1000&query=functionName:g%20and%20requestId:1-9":     "line 9 of svc$g",
		"from=0&to=1000&line=1&offset=1&query=functionName:g":           "line 1 of svc$g",
		"from=0&to=1000&line=0":                                         "",
		"from=0&to=1000&query=nothing":                                  "",
	} {
		var messages []string
		for _, l := range w.lines(query) {
			messages = append(messages, l["message"])
		}
		if got := strings.Join(messages, "|"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	w.do("POST", "functions", "/logstores/logs/logs", `{"from":102,"to":103,"query":"functionName: f","line":5,"reverse":false}`).is(200, "").
		says(`"progress":"Complete"`).says(`"count":1`).says("line 2 of f")
}

func TestGetHistograms(t *testing.T) {
	w := newWorld(t)
	w.fill(60)
	for query, want := range map[string]string{
		"from=100&to=160&interval=30":                     "100-130:60 130-160:60 total 120",
		"from=95&to=165&interval=50&query=functionName:g": "95-145:45 145-165:15 total 60",
		"from=159&to=161":                                 "159-160:2 160-161:0 total 2",
		"from=0&to=10&interval=20":                        "0-10:0 total 0",
	} {
		g := w.do("GET", "functions", "/logstores/logs?type=histogram&"+query, "").is(200, "")
		var pieces []pieceDoc
		if err := json.Unmarshal([]byte(g.body), &pieces); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, p := range pieces {
			fmt.Fprintf(&b, "%d-%d:%d ", p.From, p.To, p.Count)
		}
		if got := b.String() + "total " + g.Header.Get("X-Log-Count"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"p-1.cn-hangzhou.log.aliyuncs.com": "p-1", "p.cn-hangzhou.log.localhost:1": "p", "cn-hangzhou.log.localhost:1": "",
		"127.0.0.1:19800": "", "localhost": "", "p.127.0.0.1:1": "p", "": "",
	} {
		if got := projectOf(host); got != want {
			t.Errorf("%q: %q", host, got)
		}
	}
	if got := Topic("svc$f"); got != "svc" {
		t.Error(got)
	}
}
