package control

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
)

// triggerBody creates an HTTP trigger, in every version.
func triggerBody(name string) string {
	return `{"triggerName":"` + name + `","triggerType":"http","triggerConfig":"` + httpConfig + `"}`
}

// tables are the operations by API version, but for those on sessions: these need
// a pool, and have tests of their own.
func tables() map[string][]route {
	v3 := slices.DeleteFunc(routesV3(), func(r route) bool { return strings.Contains(r.path, "/sessions") })
	return map[string][]route{fc.APIVersion3: v3, fc.APIVersion2: routesV2(), fc.APIVersion2Old: routesV2()}
}

// fill puts names into the path of an operation.
func fill(version, path, service, function, trigger string) string {
	return "/" + version + "/" + strings.NewReplacer("{service}", service, "{function}", function, "{trigger}", trigger,
		"{layer}", "l", "{version}", "1", "{alias}", "a", "{arn}", "l", "{domain}", "www.example.com", "{task}", "k", "{vpc}", "vpc-1", "{session}", "x").Replace(path)
}

// populate makes a function "f" with a trigger "t" in both APIs: in FC 2.0 of
// the service "svc". Both owners have a version and an alias "a" of it.
func (w *world) populate() {
	w.t.Helper()
	w.create("f")
	w.do("POST", "/2023-03-30/functions/f/triggers", triggerBody("t")).is(200)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc","description":"d"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), nil)).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions/f/triggers", triggerBody("t")).is(200)
	w.do("POST", "/2023-03-30/custom-domains", `{"domainName":"www.example.com"}`).is(200)
	for _, owner := range []string{"/2023-03-30/functions/f", "/2021-04-06/services/svc"} {
		w.do("POST", owner+"/versions", "").is(200)
		w.do("POST", owner+"/aliases", `{"aliasName":"a","versionId":"1"}`).is(200)
	}
}

// everything is all that the API shows of a populated world.
func (w *world) everything() string {
	w.t.Helper()
	var all strings.Builder
	for _, path := range []string{
		"/2023-03-30/functions", "/2023-03-30/functions/f/triggers", "/2021-04-06/services",
		"/2021-04-06/services/svc/functions", "/2016-08-15/services/svc/functions/f/triggers",
		"/2023-03-30/functions/f/versions", "/2023-03-30/functions/f/aliases", "/2021-04-06/services/svc/versions", "/2021-04-06/services/svc/aliases",
	} {
		all.Write(w.do("GET", path, "").is(200).body)
		all.WriteString("\n")
	}
	return all.String()
}

// unchanged checks that a change that was refused has left no trace.
func (w *world) unchanged(before, after string) {
	w.t.Helper()
	if now := w.everything(); now != before {
		w.t.Errorf("%s changed\n%s\nto\n%s", after, before, now)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	for version, table := range tables() {
		seen := map[string]bool{}
		for _, r := range table {
			if id := r.method + " " + r.path; seen[id] {
				t.Errorf("%s is twice in %s", id, version)
			} else {
				seen[id] = true
			}
			for segment := range strings.SplitSeq(r.path, "/") {
				if strings.HasPrefix(segment, "{") && !slices.Contains([]string{"{service}", "{function}", "{trigger}", "{layer}", "{version}", "{alias}", "{arn}", "{domain}", "{task}", "{vpc}", "{session}"}, segment) {
					t.Errorf("%s has an unknown %s", r.path, segment)
				}
			}
			names, action := strings.Split(r.path, "/"), r.handle
			found, args := match(compile(table), r.method, names)
			if found == nil || found.path != r.path || action == nil || len(args) != strings.Count(r.path, "{") {
				t.Errorf("%s %s finds %+v with %v", r.method, r.path, found, args)
			}
		}
	}
}

// TestEveryOperationOnWhatIsNotThere: the first name in the path that isn't
// there is the one that the answer is about.
func TestEveryOperationOnWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	before := w.everything()
	body := func(r route) string {
		switch {
		case r.method == "GET" || r.method == "DELETE":
			return ""
		case strings.HasSuffix(r.path, "functions"):
			return with(w.minimal("new"), nil)
		case strings.HasSuffix(r.path, "triggers"):
			return triggerBody("new")
		case strings.HasSuffix(r.path, "aliases"):
			return `{"aliasName":"new","versionId":"1"}`
		}
		return "{}"
	}
	for version, table := range tables() {
		for _, r := range table {
			for _, missing := range []struct{ placeholder, code, service, function, trigger string }{
				{"{service}", "ServiceNotFound", "none", "f", "t"},
				{"{service}", "ServiceNotFound", "none", "none", "none"},
				{"{function}", "FunctionNotFound", "svc", "none", "t"},
				{"{function}", "FunctionNotFound", "svc", "none", "none"},
				{"{trigger}", "TriggerNotFound", "svc", "f", "none"},
			} {
				if strings.Contains(r.path, missing.placeholder) {
					path := fill(version, r.path, missing.service, missing.function, missing.trigger)
					w.do(r.method, path, body(r)).is(404, missing.code).says("none")
				}
			}
			if strings.Contains(r.path, "{") && !strings.HasPrefix(r.path, "layer") {
				path := fill(version, r.path, "svc", "f", "t")
				elsewhere := w.do(r.method, path, body(r), "X-Fc-Region: cn-beijing")
				if elsewhere.is(404); !strings.HasSuffix(elsewhere.doc["Code"].(string), "NotFound") {
					t.Errorf("%s %s in another region: %s", r.method, path, elsewhere.body)
				}
			}
		}
	}
	w.unchanged(before, "looking for what isn't there")
}

// TestMethodsThatNoOperationHas are named in the answer, and do nothing.
func TestMethodsThatNoOperationHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	before := w.everything()
	for version, table := range tables() {
		for _, r := range table {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
				if slices.ContainsFunc(table, func(other route) bool { return other.method == method && other.path == r.path }) {
					continue
				}
				path := fill(version, r.path, "svc", "f", "t")
				w.do(method, path, "{}").is(501, "NotImplemented").says("'" + method + "' against '" + path + "'").says("is not served")
			}
			path := fill(version, r.path, "svc", "f", "t")
			w.do(r.method, path+"/a/b/c/d", "{}").is(501, "NotImplemented").says(path + "/a/b/c/d")
		}
	}
	w.unchanged(before, "what isn't served")
}

// TestEmptyNames: a service without a name would be the way from FC 2.0 to the
// functions that have none.
func TestEmptyNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	before := w.everything()
	for version, table := range tables() {
		for _, r := range table {
			for _, empty := range []string{
				fill(version, r.path, "", "f", "t"), fill(version, r.path, "svc", "", "t"), fill(version, r.path, "svc", "f", ""),
			} {
				if strings.Contains(empty, "//") {
					w.do(r.method, empty, with(w.minimal("new"), nil)).is(501, "NotImplemented")
				}
			}
		}
	}
	w.unchanged(before, "a path with an empty name")
}

// brokenBodies are no JSON objects, or more than one.
func brokenBodies() []string {
	return []string{
		"{", "}", `{"a"}`, `{"a":}`, `{"a":1,}`, "{'a':1}", `{"a":1}{"b":2}`, `{"a":1} x`, "\xff", "\xef\xbb\xbf{}", "{\"a\":\"\x01\"}",
		"[]", `[{"a":1}]`, `"text"`, "5", "true", "nul", `{"description":"` + `\ud8`, "{\"description\":1e}",
		`{"description":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}",
	}
}

// TestEveryChangeRefusesBrokenBodies, and changes nothing.
func TestEveryChangeRefusesBrokenBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	before := w.everything()
	for version, table := range tables() {
		for _, r := range table {
			if r.method != http.MethodPost && r.method != http.MethodPut || strings.HasSuffix(r.path, "/acl") { // has no body
				continue
			}
			path := fill(version, r.path, "svc", "f", "t")
			for _, body := range brokenBodies() {
				w.do(r.method, path, body).is(400, "InvalidArgument")
			}
			if strings.Contains(r.path, "/invoke/") {
				continue // needs none: see TestInvocationRestriction
			}
			for _, nothing := range []string{"", " \n", "null", "{}"} {
				g := w.do(r.method, path, nothing)
				if strings.Contains(r.path, "{task}") || strings.HasSuffix(r.path, "{session}") {
					g.is(404) // it was made by no operation
					continue
				}
				switch {
				case strings.HasSuffix(r.path, "/sessions"):
					g.is(200) // all of it has defaults
				case strings.Contains(r.path, "{session}"):
					g.is(400, "InvalidArgument") // this function's can't be paused
				case strings.HasSuffix(r.path, "{function}/versions"), strings.HasSuffix(r.path, "{service}/versions"): // of nothing new
					g.is(409, "VersionPublishError")
				case r.method == http.MethodPut && !needsFields(r.path):
					g.is(200)
				default:
					g.is(400, "InvalidArgument").says("is required")
				}
			}
		}
	}
	w.unchanged(before, "broken bodies and empty updates")
}

// needsFields reports whether a PUT to a path must have something in its body.
func needsFields(path string) bool {
	return slices.Contains([]string{"resource-groups", "tag", "concurrency", "on-demand-config", "provision-config"}, path[strings.LastIndexByte(path, '/')+1:])
}

// wrongFor are values that a field of a type can't have.
func wrongFor(kind reflect.Type) []any {
	text, number, yes, list, object := "x", 5, true, []any{[]any{}}, map[string]any{"a": []any{1}}
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch kind.Kind() {
	case reflect.String:
		return []any{number, yes, list, object}
	case reflect.Int, reflect.Int64:
		return []any{text, yes, list, object, 1.5, "5"}
	case reflect.Float64:
		return []any{text, yes, list, object}
	case reflect.Bool:
		return []any{text, number, list, object, "true"}
	case reflect.Slice:
		return []any{text, number, yes, object, []any{[]any{}}}
	case reflect.Map:
		return []any{text, number, yes, list, map[string]any{"A": 1}}
	}
	return []any{text, number, yes, list}
}

// fieldsOf are the names and types of a document's fields that a client may
// set.
func fieldsOf(document reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	readOnly := append(readOnlyFields(), "serviceId", "triggerConfig")
	for field := range document.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous {
			maps.Copy(out, fieldsOf(field.Type))
		} else if !slices.Contains(readOnly, name) {
			out[name] = field.Type
		}
	}
	return out
}

// TestEveryFieldOfTheWrongType is refused by its name, at create and update.
func TestEveryFieldOfTheWrongType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	before := w.everything()
	trigger := map[string]any{"triggerName": "new", "triggerType": "http", "triggerConfig": `{"methods":["GET"]}`}
	for _, kind := range []struct {
		list, one string
		document  reflect.Type
		base      map[string]any
	}{
		{"/2023-03-30/functions", "/2023-03-30/functions/f", reflect.TypeFor[fc.Function](), w.minimal("new")},
		{"/2021-04-06/services/svc/functions", "/2021-04-06/services/svc/functions/f", reflect.TypeFor[functionV2](), w.minimal("new")},
		{"/2016-08-15/services/svc/functions", "/2016-08-15/services/svc/functions/f", reflect.TypeFor[functionV2](), w.minimal("new")},
		{"/2021-04-06/services", "/2021-04-06/services/svc", reflect.TypeFor[serviceView](), map[string]any{"serviceName": "new"}},
		{"/2023-03-30/custom-domains", "/2021-04-06/custom-domains/www.example.com", reflect.TypeFor[fc.CustomDomain](), map[string]any{"domainName": "new.example.com"}},
		{"/2023-03-30/functions/f/triggers", "/2023-03-30/functions/f/triggers/t", reflect.TypeFor[triggerInput](), trigger},
		{"/2021-04-06/services/svc/functions/f/triggers", "/2016-08-15/services/svc/functions/f/triggers/t", reflect.TypeFor[triggerInput](), trigger},
		{"/2023-03-30/functions/f/aliases", "/2021-04-06/services/svc/aliases/a", reflect.TypeFor[aliasInput](), map[string]any{"aliasName": "new", "versionId": "1"}},
	} {
		for name, field := range fieldsOf(kind.document) {
			if name == "layers" {
				field = reflect.TypeFor[map[string]any]() // lists of them aren't served, whatever is in them
			}
			for _, value := range wrongFor(field) {
				if _, list := value.([]any); list && name == "layers" {
					continue
				}
				says := "field '" + name
				w.do("POST", kind.list, with(kind.base, map[string]any{name: value})).is(400, "InvalidArgument").says(says)
				w.do("PUT", kind.one, with(map[string]any{name: value}, nil)).is(400, "InvalidArgument").says(says)
			}
		}
	}
	w.unchanged(before, "fields of the wrong type")
}
