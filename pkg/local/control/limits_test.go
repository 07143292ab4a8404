package control

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
)

// limit is one field of a function with the last values that are right and the
// first that are wrong.
type limit struct {
	name string
	set  func(f map[string]any, value any)
	good []any
	bad  []any
	says string
}

func field(name string) func(map[string]any, any) {
	return func(f map[string]any, value any) { f[name] = value }
}

func hook(name string) func(map[string]any, any) {
	return func(f map[string]any, value any) {
		f["instanceLifecycleConfig"] = map[string]any{name: map[string]any{"handler": "index.h", "timeout": value}}
	}
}

func health(name string) func(map[string]any, any) {
	return func(f map[string]any, value any) {
		f["runtime"] = "custom"
		f["customRuntimeConfig"] = map[string]any{"port": 8080, "healthCheckConfig": map[string]any{name: value}}
	}
}

func tags(n int) []map[string]string {
	list := make([]map[string]string, n)
	for i := range list {
		list[i] = map[string]string{"Key": fmt.Sprint("k", i), "Value": "v"}
	}
	return list
}

// limits are those of CreateFunction's documentation.
func limits() []limit {
	long := func(n int) string { return strings.Repeat("x", n) }
	variable := func(f map[string]any, value any) {
		f["environmentVariables"] = map[string]any{value.(string): "1"}
	}
	sized := func(f map[string]any, value any) {
		f["environmentVariables"] = map[string]any{"A": long(value.(int) - 4), "B": "é"}
	}
	return []limit{
		{"timeout", field("timeout"), []any{1, 86400}, []any{-1, 86401}, "timeout must be between 1 and 86400"},
		{"memorySize", field("memorySize"), []any{128, 192, 32768}, []any{64, 32832}, "memorySize must be between 128 and 32768"},
		{"memorySize step", field("memorySize"), []any{128, 1024}, []any{129, 1000}, "multiple of 64"},
		{"instanceConcurrency", field("instanceConcurrency"), []any{1, 200}, []any{-1, 201}, "instanceConcurrency must be between 1 and 200"},
		{"diskSize", field("diskSize"), []any{512, 10240}, []any{511, 1024}, "512 or 10240"},
		{"cpu", field("cpu"), []any{0.15, 0.35, 0.5}, []any{0.03, 0.36, 16.05, -1}, "multiple of 0.05"},
		{"cpu and memory", field("cpu"), []any{0.15, 0.5}, []any{0.1, 0.55, 16}, "between 1:1 and 1:4"},
		{"description", field("description"), []any{"", long(256)}, []any{long(257)}, "limit is 256"},
		{"handler", field("handler"), []any{"a.b", long(128)}, []any{long(129)}, "limit is 128"},
		{"no handler", field("handler"), []any{"a.b"}, []any{""}, "handler is required"},
		{"runtime", field("runtime"), []any{"nodejs20", "go1"}, []any{"python", "Python3.10", "rust1"}, "is not one of"},
		{"no runtime", field("runtime"), []any{"java11"}, []any{""}, "runtime is required"},
		{"variable", variable, []any{"A", "aB_9", "FC"}, []any{"", "1A", "_A", "A-B", "Ä", "A B"}, "must begin with a letter"},
		{"environmentVariables", sized, []any{4096}, []any{4097}, "the limit is 4096"},
		{"sessionAffinity", field("sessionAffinity"), []any{"NONE", "GENERATED_COOKIE"}, []any{"cookie", "MCP_SSE", "HEADER_FIELD"}, ""},
		{"instanceIsolationMode", field("instanceIsolationMode"), []any{"SHARE"}, []any{"share", "SESSION_EXCLUSIVE"}, "SESSION_EXCLUSIVE"},
		{"tags", field("tags"), []any{tags(20)}, []any{tags(21)}, "20 tags"},
		{"initializer", hook("initializer"), []any{1, 300}, []any{-1, 301}, "initializer.timeout must be between 1 and 300"},
		{"preStop", hook("preStop"), []any{1, 90}, []any{-1, 91}, "preStop.timeout must be between 1 and 90"},
		{"initialDelaySeconds", health("initialDelaySeconds"), []any{0, 120}, []any{-1, 121}, "initialDelaySeconds must be"},
		{"periodSeconds", health("periodSeconds"), []any{1, 120}, []any{-1, 121}, "periodSeconds must be"},
		{"timeoutSeconds", health("timeoutSeconds"), []any{1, 3}, []any{-1, 4}, "timeoutSeconds must be"},
		{"failureThreshold", health("failureThreshold"), []any{1, 120}, []any{-1, 121}, "failureThreshold must be"},
		{"successThreshold", health("successThreshold"), []any{1, 120}, []any{-1, 121}, "successThreshold must be"},
		{"httpGetUrl", health("httpGetUrl"), []any{"/", "/" + long(2047)}, []any{"/" + long(2048)}, "httpGetUrl length must be"},
	}
}

// TestEveryLimit: what create refuses update refuses too, and what is refused
// leaves no trace.
func TestEveryLimit(t *testing.T) {
	t.Parallel()
	for _, l := range limits() {
		t.Run(l.name, func(t *testing.T) {
			w := newWorld(t)
			w.create("base")
			before := string(w.do("GET", "/2023-03-30/functions/base", "").is(200).body)
			for i, value := range l.good {
				f := w.minimal(fmt.Sprint("good", i))
				l.set(f, value)
				w.do("POST", "/2023-03-30/functions", with(f, nil)).is(200)
			}
			for i, value := range l.bad {
				f := w.minimal(fmt.Sprint("bad", i))
				l.set(f, value)
				w.do("POST", "/2023-03-30/functions", with(f, nil)).is(400, "InvalidArgument").says(l.says)
				w.do("GET", "/2023-03-30/functions/"+fmt.Sprint("bad", i), "").is(404, "FunctionNotFound")
				if l.says == "is required" || value == "" && strings.Contains(l.says, "required") {
					continue // an update that doesn't name it keeps it
				}
				change := map[string]any{}
				l.set(change, value)
				w.do("PUT", "/2023-03-30/functions/base", with(change, nil)).is(400, "InvalidArgument").says(l.says)
			}
			if after := string(w.do("GET", "/2023-03-30/functions/base", "").body); after != before {
				t.Errorf("refused updates changed\n%s\nto\n%s", before, after)
			}
		})
	}
}

// TestLimitsOfFC2: that of variables, in bytes, names included, is that of FC 3.0; the
// hook before freezing is FC 2.0's own.
func TestLimitsOfFC2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	freeze := func(seconds int) string {
		return fmt.Sprintf(`{"instanceLifecycleConfig":{"preFreeze":{"handler":"index.h","timeout":%d}}}`, seconds)
	}
	for i, version := range []string{"/2021-04-06", "/2016-08-15"} {
		path := version + "/services/svc/functions"
		f := w.minimal(fmt.Sprint("f", i))
		f["environmentVariables"] = map[string]any{"NAME": strings.Repeat("x", fc.MaxEnvironment-3)}
		w.do("POST", path, with(f, nil)).is(400, "InvalidArgument").says("environmentVariables has 4097 bytes")
		f["environmentVariables"] = map[string]any{"NAME": strings.Repeat("x", fc.MaxEnvironment-4)}
		w.do("POST", path, with(f, nil)).is(200)
		w.do("PUT", path+"/f"+fmt.Sprint(i), `{"environmentVariables":{"NAME":"`+strings.Repeat("函", fc.MaxEnvironment/3)+`"}}`).is(400, "InvalidArgument")
		w.do("PUT", path+"/f"+fmt.Sprint(i), freeze(90)).is(200)
		w.do("PUT", path+"/f"+fmt.Sprint(i), freeze(91)).is(400, "InvalidArgument").says("preFreeze.timeout must be between 1 and 90")
	}
}

// TestFunctionsOfAService: 50 in each, and those of another service don't count.
func TestFunctionsOfAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, service := range []string{"svc", "svc2"} {
		w.do("POST", "/2021-04-06/services", `{"serviceName":"`+service+`"}`).is(200)
		for i := range fc.MaxServiceFunctions {
			w.do("POST", "/2021-04-06/services/"+service+"/functions", with(w.minimal(fmt.Sprint("f", i)), nil)).is(200)
		}
	}
	const functions = "/2021-04-06/services/svc/functions"
	w.do("POST", functions, with(w.minimal("more"), nil)).is(400, "LimitExceededError").says("service 'svc' has 50 functions")
	w.do("POST", functions, with(w.minimal("f1"), nil)).is(409, "FunctionAlreadyExists")
	w.do("GET", functions+"/more", "").is(404, "FunctionNotFound")
	w.do("PUT", functions+"/f1", `{"description":"it can be changed"}`).is(200)
	w.do("DELETE", functions+"/f1", "").is(204)
	w.do("POST", functions, with(w.minimal("more"), nil)).is(200)
	w.create("of-fc3") // which has no services
}

func TestHandlerAndCommandExclude(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.minimal("f")
	f["instanceLifecycleConfig"] = map[string]any{"preStop": map[string]any{"handler": "a.b", "command": []string{"x"}}}
	w.do("POST", "/2023-03-30/functions", with(f, nil)).is(400, "InvalidArgument").says("preStop can't have both")
}

// TestFunctionNames: 64 characters, of few kinds.
func TestFunctionNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, good := range []string{"a", "_", "A-b_9", strings.Repeat("n", 64)} {
		w.create(good)
	}
	for _, bad := range []string{"", "9a", "-a", "a b", "a.b", "a/b", "ä", "a$b", strings.Repeat("n", 65)} {
		w.do("POST", "/2023-03-30/functions", with(w.minimal(bad), nil)).is(400, "InvalidArgument").says("functionName")
	}
}

// TestPagesJoin: whatever the limit and the prefix, the pages are the whole
// list, in order, nothing twice.
func TestPagesJoin(t *testing.T) {
	t.Parallel()
	names := []string{"a", "a1", "a10", "a2", "b", "b-b", "b_b", "c"}
	for limit := 1; limit <= len(names)+1; limit++ {
		for _, prefix := range []string{"", "a", "a1", "b", "z"} {
			var want []string
			for _, n := range names {
				if strings.HasPrefix(n, prefix) {
					want = append(want, n)
				}
			}
			got := allPages(t, names, limit, prefix)
			if !slices.Equal(got, want) {
				t.Errorf("limit %d, prefix %q: %v, want %v", limit, prefix, got, want)
			}
		}
	}
}

func allPages(t *testing.T, names []string, limit int, prefix string) []string {
	t.Helper()
	var got []string
	token := ""
	for range len(names) + 1 {
		r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/?limit=%d&prefix=%s&nextToken=%s", limit, prefix, token), nil)
		some, next, err := page(&call{r: r}, names, func(s string) string { return s })
		if err != nil {
			t.Fatal(err)
		}
		if len(some) > limit {
			t.Errorf("%d on a page of %d", len(some), limit)
		}
		got = append(got, some...)
		if token = next; token == "" {
			return got
		}
	}
	t.Fatalf("limit %d, prefix %q: the pages never end", limit, prefix)
	return nil
}

func TestPageRefuses(t *testing.T) {
	t.Parallel()
	for query, says := range map[string]string{
		"limit=0": "limit must be between 1 and 100", "limit=101": "limit must be", "limit=x": "it is 'x'", "limit=-1": "limit must be",
		"nextToken=%25": "nextToken is not one", "nextToken=a": "nextToken is not one",
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
		_, _, err := page(&call{r: r}, []string{"a"}, func(s string) string { return s })
		if !fc.IsCode(err, fc.CodeInvalidArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// FuzzPage: a token from anywhere is refused or read, and never more than the
// list is given.
func FuzzPage(f *testing.F) {
	f.Add("1", "a", "YTEw", "")
	f.Add("", "", "", "b")
	f.Fuzz(func(t *testing.T, limit, prefix, token, start string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		q := r.URL.Query()
		q.Set("limit", limit)
		q.Set("prefix", prefix)
		q.Set("nextToken", token)
		q.Set("startKey", start)
		r.URL.RawQuery = q.Encode()
		names := []string{"a", "a1", "b"}
		some, next, err := page(&call{r: r}, names, func(s string) string { return s })
		if err != nil {
			return
		}
		for _, name := range some {
			if !strings.HasPrefix(name, prefix) {
				t.Errorf("%q has not the prefix %q", name, prefix)
			}
		}
		if next != "" && len(some) == 0 {
			t.Error("an empty page that isn't the last")
		}
	})
}

// TestHostLabels are valid in host names (RFC 1123), and differ where anything
// that they stand for differs.
func TestHostLabels(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, region := range []string{"cn-hangzhou", "cn-shanghai"} {
		for _, function := range []string{"a", "A", "a_b", "a-b", "___", "shop$cart", strings.Repeat("n", 64), strings.Repeat("n", 63) + "m"} {
			for _, trigger := range []string{"http", "http2"} {
				c := &call{API: &API{cfg: Config{AccountID: testAccount}}, region: region, version: fc.APIVersion3, args: map[string]string{"function": function}}
				label := c.hostLabel(trigger)
				key := region + "/" + function + "/" + trigger
				if other, twice := seen[label]; twice {
					t.Errorf("%s and %s are both %s", key, other, label)
				}
				seen[label] = key
				valid := strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && label[0] != '-' && label[len(label)-1] != '-'
				if !valid || len(label) > 63 {
					t.Errorf("%s: %s is no label of a host name", key, label)
				}
				if again := c.hostLabel(trigger); again != label {
					t.Errorf("%s: %s, then %s", key, label, again)
				}
			}
		}
	}
}
