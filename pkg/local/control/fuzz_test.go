package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// direct is an API without a network, for many requests. Opening a store takes
// much longer than they do, so that all inputs share one, and clean up.
type direct struct {
	t     testing.TB
	api   *API
	store *store.Store
}

func newDirect(t testing.TB) *direct {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	now := func() time.Time { return time.Unix(1_700_000_000, 0) }
	return &direct{t, New(Config{Store: s, AccountID: testAccount, Region: testRegion, Address: "127.0.0.1:1", Secret: []byte("s"), Now: now}), s}
}

// of is the same for one input.
func (d *direct) of(t *testing.T) *direct { return &direct{t, d.api, d.store} }

// ask sends a request and checks what every answer must have.
func (d *direct) ask(method, path, body string, header ...string) (int, string, http.Header) {
	d.t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL.Path, r.URL.RawPath = path, ""
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	reply.Start(w, time.Unix(1_700_000_000, 0))
	d.api.ServeHTTP(w, r)
	out := w.Body.String()
	if !slices.Contains([]int{200, 204, 400, 404, 409, 412, 501}, w.Code) {
		d.t.Fatalf("%s %q %q: %d %s", method, path, body, w.Code, out)
	}
	if (w.Code != 204) != json.Valid([]byte(out)) {
		d.t.Fatalf("%s %q %q: %d with the body %q", method, path, body, w.Code, out)
	}
	return w.Code, out, w.Header()
}

const fuzzZip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" // without entries

// FuzzFunctionBody: whatever is in the body, the answer is one of the API's; and
// what was taken can be sent back as it was shown, which changes nothing.
func FuzzFunctionBody(f *testing.F) {
	f.Add(`{"functionName":"f","runtime":"python3.10","handler":"a.b","code":{"zipFile":"`+fuzzZip+`"}}`, `{"timeout":5}`)
	f.Add(`{"functionName":"f","runtime":"custom","caPort":1,"initializer":"i","code":{"zipFile":"`+fuzzZip+`"}}`, `{"customRuntimeConfig":{"port":7}}`)
	f.Add(`{"functionName":"f","runtime":"custom","x":[null],"cpu":1e-400,"code":{"zipFile":"`+fuzzZip+`"}}`, `{"x":{"\u0000":1},"tags":[{}]}`)
	f.Add(`{"functionName":"f","Runtime":"custom","runtime":"custom","gpuMemorySize":1,"code":{"zipFile":"`+fuzzZip+`"}}`, `{"TIMEOUT":9,"environmentVariables":{"A":""}}`)
	all := newDirect(f)
	all.ask("POST", "/2021-04-06/services", `{"serviceName":"svc"}`)
	f.Fuzz(func(t *testing.T, create, update string) {
		d := all.of(t)
		for _, list := range []string{"/2023-03-30/functions", "/2021-04-06/services/svc/functions", "/2016-08-15/services/svc/functions"} {
			status, made, _ := d.ask("POST", list, create)
			if status != 200 {
				continue
			}
			var doc struct{ FunctionName string }
			if err := json.Unmarshal([]byte(made), &doc); err != nil {
				t.Fatal(err)
			}
			one := list + "/" + doc.FunctionName
			before := d.same(one, made)
			if status, changed, _ := d.ask("PUT", one, update); status == 200 {
				before = d.same(one, changed)
			}
			if status, again, _ := d.ask("PUT", one, before); status != 200 || again != before {
				t.Errorf("sent back what was shown, %s, got %d %s", before, status, again)
			}
			if status, _, _ := d.ask("DELETE", one, ""); status != 204 {
				t.Errorf("deleting %s: %d", one, status)
			}
		}
	})
}

// same checks that an answer is what GET shows.
func (d *direct) same(path, answer string) string {
	d.t.Helper()
	if _, shown, _ := d.ask("GET", path, ""); shown != answer {
		d.t.Errorf("%s answered %s, shows %s", path, answer, shown)
	}
	return answer
}

// FuzzTriggerBody: the same of triggers.
func FuzzTriggerBody(f *testing.F) {
	f.Add(`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":[\"GET\"]}"}`, `{"description":"d"}`)
	f.Add(`{"triggerName":"t","triggerType":"http","triggerConfig":{ "methods":["GET","PUT"], "authType":"anonymous","more":[1e9]}}`, `{"triggerConfig":"{}"}`)
	f.Add(`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":[\"GET\"],\"a\":\"\u2028\"}"}`, `{"qualifier":"LATEST","triggerConfig":null}`)
	const list = "/2023-03-30/functions/f/triggers"
	all := newDirect(f)
	all.ask("POST", "/2023-03-30/functions", `{"functionName":"f","runtime":"custom","code":{"zipFile":"`+fuzzZip+`"}}`)
	f.Fuzz(func(t *testing.T, create, update string) {
		d := all.of(t)
		if status, made, _ := d.ask("POST", list, create); status == 200 {
			var doc struct{ TriggerName string }
			if err := json.Unmarshal([]byte(made), &doc); err != nil {
				t.Fatal(err)
			}
			one := list + "/" + doc.TriggerName
			before := d.same(one, made)
			if status, changed, _ := d.ask("PUT", one, update); status == 200 {
				before = d.same(one, changed)
			}
			if status, again, _ := d.ask("PUT", one, before); status != 200 || again != before {
				t.Errorf("sent back what was shown, %s, got %d %s", before, status, again)
			}
			if found, err := d.store.HTTPTrigger(testRegion, "f", fc.LatestQualifier); err != nil || len(found.HTTP.Methods) == 0 {
				t.Errorf("the gateway finds %+v, %v", found, err)
			}
			if status, _, _ := d.ask("DELETE", one, ""); status != 204 {
				t.Errorf("deleting %s: %d", one, status)
			}
		}
	})
}

// FuzzPath: no path and no header lead to a failure of the API's own.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "", "/2023-03-30/functions/a%2fb", "/2021-04-06/services//functions/f", "/2016-08-15/services/svc.1/functions", "/%zz", "//2023-03-30//"} {
		f.Add("GET", path, testRegion, "*", "1")
	}
	f.Add("PUT", "/2023-03-30/functions/f", "Cn-", `"x"`, "prod")
	all := newDirect(f)
	f.Fuzz(func(t *testing.T, method, path, region, match, action string) {
		d := all.of(t)
		if !slices.Contains([]string{"GET", "PUT", "POST", "DELETE", "PATCH"}, method) {
			method = "GET"
		}
		status, _, header := d.ask(method, path, "{}", "X-Fc-Region: "+region, "If-Match: "+match, "X-Acs-Action: "+action)
		if status == 200 && header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %q: a document of type %q", method, path, header.Get("Content-Type"))
		}
		if len(d.store.Functions(testRegion)) > 0 {
			t.Errorf("%s %q made a function of nothing", method, path)
		}
	})
}
