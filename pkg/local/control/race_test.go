package control

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// crowd does the same from many clients at once, and counts the answers.
func crowd(n int, do func(i int) got) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	counts := map[int]int{}
	for i := range n {
		wg.Go(func() {
			g := do(i)
			mu.Lock()
			defer mu.Unlock()
			counts[g.status]++
		})
	}
	wg.Wait()
	return counts
}

// TestOneOfManyCreatesAndDeletes: the others are told that they came late.
func TestOneOfManyCreatesAndDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 10
	zips := make([]string, many)
	for i := range zips {
		zips[i] = zipOf(t, fmt.Sprint("code ", i))
	}
	kinds := []struct {
		list, name string
		body       func(i int) string
	}{
		{"/2021-04-06/services", "svc", func(int) string { return `{"serviceName":"svc"}` }},
		{"/2021-04-06/services/svc/functions", "f", func(i int) string {
			return with(w.minimal("f"), map[string]any{"code": map[string]any{"zipFile": zips[i]}})
		}},
		{"/2023-03-30/functions/svc$f/triggers", "t", func(int) string { return triggerBody("t") }},
	}
	for _, k := range kinds {
		counts := crowd(many, func(i int) got { return w.do("POST", k.list, k.body(i)) })
		if counts[http.StatusOK] != 1 || counts[http.StatusConflict] != many-1 {
			t.Errorf("creating %s: %v", k.name, counts)
		}
	}
	if files := w.archives(); len(files) != 1 {
		t.Errorf("the archives of those that came late are kept: %v", files)
	}
	w.do("DELETE", "/2021-04-06/services/svc", "").is(409, "ServiceNotEmpty")
	for _, k := range slices.Backward(kinds) {
		counts := crowd(many, func(int) got { return w.do("DELETE", k.list+"/"+k.name, "") })
		if counts[http.StatusNoContent] != 1 || counts[http.StatusNotFound] != many-1 {
			t.Errorf("deleting %s: %v", k.name, counts)
		}
	}
	if files := w.archives(); len(files) != 0 {
		t.Errorf("left over: %v", files)
	}
}

// TestOneHTTPTriggerOfMany: a function can have one, whatever its name.
func TestOneHTTPTriggerOfMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("f")
	counts := crowd(8, func(i int) got {
		return w.do("POST", "/2023-03-30/functions/f/triggers", triggerBody(fmt.Sprint("t", i)))
	})
	if counts[http.StatusOK] != 1 || counts[http.StatusBadRequest] != 7 {
		t.Errorf("answers %v", counts)
	}
}

// archives are the stored ones.
func (w *world) archives() []string {
	w.t.Helper()
	files, err := filepath.Glob(w.store.CodeArchive("*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

// TestDisjointUpdatesAllArrive: an update changes what it names, so that two
// at once of different fields both stay.
func TestDisjointUpdatesAllArrive(t *testing.T) {
	t.Parallel()
	w := twoViews(t)
	changes := []struct{ path, field, value string }{
		{viewV3, "timeout", "77"},
		{viewV2, "description", `"d"`},
		{viewV3, "memorySize", "1024"},
		{viewV2, "diskSize", "10240"},
		{viewV3, "environmentVariables", `{"A":"1"}`},
		{viewV2, "instanceConcurrency", "9"},
		{viewV3, "sessionAffinity", `"GENERATED_COOKIE"`},
	}
	counts := crowd(len(changes), func(i int) got {
		return w.do("PUT", changes[i].path, `{"`+changes[i].field+`":`+changes[i].value+`}`)
	})
	if counts[http.StatusOK] != len(changes) {
		t.Fatalf("answers %v", counts)
	}
	doc := w.do("GET", viewV3, "").is(200)
	for _, c := range changes {
		if !strings.Contains(string(doc.body), `"`+c.field+`":`+c.value) {
			t.Errorf("%s is not %s: %s", c.field, c.value, doc.body)
		}
	}
}

// churn creates, changes and deletes a few things in an order that depends on
// its seed. Every answer must be one of those that a race can have.
func (w *world) churn(seed int, zips []string) {
	allowed := []int{200, 204, 404, 409, 400, 412}
	for step := range 24 {
		n := (seed*7 + step*5) % 3
		service, function := fmt.Sprint("s", n), fmt.Sprint("f", (seed+step)%2)
		base := "/2021-04-06/services/" + service
		code := map[string]any{"code": map[string]any{"zipFile": zips[(seed+step)%len(zips)]}}
		var g got
		switch (seed*3 + step) % 8 {
		case 0, 4:
			g = w.do("POST", "/2021-04-06/services", `{"serviceName":"`+service+`"}`)
		case 1, 5:
			g = w.do("POST", base+"/functions", with(w.minimal(function), code))
		case 2:
			g = w.do("PUT", base+"/functions/"+function, with(code, nil))
		case 3:
			g = w.do("POST", base+"/functions/"+function+"/triggers", triggerBody("t"))
		case 6:
			w.do("DELETE", base+"/functions/"+function+"/triggers/t", "")
			g = w.do("DELETE", "/2023-03-30/functions/"+service+"$"+function, "")
		case 7:
			w.do("PUT", base, `{"role":"r`+fmt.Sprint(seed)+`"}`)
			g = w.do("DELETE", base, "")
		}
		if !slices.Contains(allowed, g.status) {
			w.t.Errorf("%s: %d %s", g.what, g.status, g.body)
		}
	}
}

// consistent checks that what the lists show hangs together: services of
// functions, functions of triggers, code on the disk.
func (w *world) consistent() {
	w.t.Helper()
	wanted := map[string]bool{}
	for _, f := range w.store.Functions(testRegion) {
		name := f.Function.FunctionName
		service, function, _ := strings.Cut(name, "$")
		w.do("GET", "/2021-04-06/services/"+service, "").is(200)
		three := w.do("GET", "/2023-03-30/functions/"+name, "").is(200)
		w.do("GET", "/2021-04-06/services/"+service+"/functions/"+function, "").is(200).has("codeChecksum", three.doc["codeChecksum"])
		wanted[f.Code.SHA256] = true
		if info, err := os.Stat(w.store.CodeArchive(f.Code.SHA256)); err != nil || info.Size() != f.Code.Size {
			w.t.Errorf("%s has no code: %v", name, err)
		}
		svc, err := w.store.Service(testRegion, service)
		if err != nil || svc.Service.Role != f.Function.Role {
			w.t.Errorf("%s has the role %q, its service %+v, %v", name, f.Function.Role, svc, err)
		}
		for _, t := range w.store.Triggers(testRegion, name) {
			if found, err := w.store.TriggerByHost(testRegion, t.Host); err != nil || found != t {
				w.t.Errorf("the host %s leads to %v, %v", t.Host, found, err)
			}
		}
	}
	if files := w.archives(); len(files) != len(wanted) {
		w.t.Errorf("%d archives on the disk, %d are needed", len(files), len(wanted))
	}
}

// TestChurn by many clients leaves a state that hangs together, also for the
// process that opens it next.
func TestChurn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := openWorld(t, dir)
	zips := []string{zipOf(t, "one"), zipOf(t, "two"), zipOf(t, "three")}
	var wg sync.WaitGroup
	for seed := range 6 {
		wg.Go(func() { w.churn(seed, zips) })
	}
	wg.Wait()
	w.consistent()
	before := w.do("GET", "/2023-03-30/functions", "").is(200)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	again := openWorld(t, dir)
	again.consistent()
	if after := again.do("GET", "/2023-03-30/functions", "").is(200); string(after.body) != string(before.body) {
		t.Errorf("before %s\nafter %s", before.body, after.body)
	}
}
