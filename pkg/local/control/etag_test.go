package control

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tagged are the resources that FC 2.0 gives tags, what makes them and the
// list that they are in; the later ones are in the earlier ones.
func tagged(t *testing.T, w *world) []struct{ list, name, body string } {
	t.Helper()
	return []struct{ list, name, body string }{
		{"/2021-04-06/services", "svc", `{"serviceName":"svc"}`},
		{"/2021-04-06/services/svc/functions", "f", with(w.minimal("f"), nil)},
		{"/2021-04-06/services/svc/functions/f/triggers", "t", triggerBody("t")},
	}
}

// TestTagsSayWhatIsThere: the tag of an answer is that of the next GET, for
// every operation; it changes with the resource, and not otherwise.
func TestTagsSayWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range tagged(t, w) {
		path := r.list + "/" + r.name
		tag := w.do("POST", r.list, r.body).is(200).header.Get("Etag")
		if tag == "" {
			t.Fatalf("creating %s gives no tag", path)
		}
		same := func(when string) {
			t.Helper()
			for range 2 {
				if now := w.do("GET", path, "").is(200).header.Get("Etag"); now != tag {
					t.Errorf("%s %s: tag %s, want %s", path, when, now, tag)
				}
			}
		}
		same("after it was created")
		w.do("PUT", path, `{"description":5}`).is(400)
		same("after an update that was refused")
		w.do("PUT", path, "{}").is(200) // at the same second
		same("after an update of nothing")
		changed := w.do("PUT", path, `{"description":"new"}`).is(200).header.Get("Etag")
		if changed == tag {
			t.Errorf("%s: a change leaves the tag", path)
		}
		tag = changed
		same("after an update")
		if back := w.do("PUT", path, `{"description":""}`).is(200).header.Get("Etag"); back == changed {
			t.Errorf("%s: the change back leaves the tag", path)
		}
	}
	w.create("three")
	if tag := w.do("GET", "/2023-03-30/functions/three", "").is(200).header.Get("Etag"); tag != "" {
		t.Errorf("FC 3.0 has no tags, it gives %s", tag)
	}
	w.do("PUT", "/2023-03-30/functions/three", "{}", "If-Match: whatever").is(200)
}

// TestWaysToWriteIfMatch: the tag bare and quoted, any, none, and wrong ones.
func TestWaysToWriteIfMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range tagged(t, w) {
		path := r.list + "/" + r.name
		tag := w.do("POST", r.list, r.body).is(200).header.Get("Etag")
		for _, good := range []string{tag, `"` + tag + `"`, "*", ""} {
			w.do("PUT", path, "{}", "If-Match: "+good).is(200)
		}
		for _, bad := range []string{"x", `""`, tag + "0", tag[1:], strings.ToUpper(tag) + "X"} {
			before := w.do("GET", path, "").is(200)
			w.do("PUT", path, `{"description":"lost"}`, "If-Match: "+bad).is(412, "PreconditionFailed")
			w.do("DELETE", path, "", "If-Match: "+bad).is(412, "PreconditionFailed")
			if diff := cmp.Diff(before.doc, w.do("GET", path, "").is(200).doc); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
	}
}

// TestNoUpdateIsLost: of many that saw the same, one may change it.
func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range tagged(t, w) {
		path := r.list + "/" + r.name
		tag := w.do("POST", r.list, r.body).is(200).header.Get("Etag")
		var changed, refused atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				body := `{"description":"by ` + string(rune('a'+i)) + `"}`
				switch g := w.do("PUT", path, body, "If-Match: "+tag); g.status {
				case http.StatusOK:
					changed.Add(1)
				case http.StatusPreconditionFailed:
					refused.Add(1)
				default:
					t.Errorf("%s: %d %s", path, g.status, g.body)
				}
			})
		}
		wg.Wait()
		if changed.Load() != 1 || refused.Load() != 7 {
			t.Errorf("%s: %d changed it, %d were refused", path, changed.Load(), refused.Load())
		}
	}
}

// TestTagsOutliveTheProcess: a client may keep one over a restart. Triggers
// show the port, which here is another one.
func TestTagsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := openWorld(t, dir)
	var bodies, tags []string
	paths := tagged(t, w)[:2]
	for _, r := range paths {
		w.do("POST", r.list, r.body).is(200)
	}
	for _, r := range paths {
		g := w.do("GET", r.list+"/"+r.name, "").is(200)
		bodies, tags = append(bodies, string(g.body)), append(tags, g.header.Get("Etag"))
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	again := openWorld(t, dir)
	for i, r := range paths {
		g := again.do("GET", r.list+"/"+r.name, "").is(200)
		if g.header.Get("Etag") != tags[i] {
			t.Errorf("%s: was %s, is %s", r.name, bodies[i], g.body)
		}
	}
	for i, r := range slices.Backward(paths) {
		again.do("DELETE", r.list+"/"+r.name, "", "If-Match: "+tags[i]).is(204)
	}
}

// FC 2.0's bound of instances is compared, too, before it is changed or removed.
func TestIfMatchOfOnDemandConfigs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	const path = "/2021-04-06/services/svc/functions/f/on-demand-config"
	w.do("PUT", path, `{"maximumInstanceCount":1}`, "If-Match: nothing").is(412, "PreconditionFailed")
	w.do("GET", path, "").is(404, "OnDemandConfigNotFound")
	first := w.do("PUT", path, `{"maximumInstanceCount":1}`).is(200).header.Get("Etag")
	if shown := w.do("GET", path, "").is(200).header.Get("Etag"); first == "" || shown != first {
		t.Errorf("%q is shown as %q", first, shown)
	}
	second := w.do("PUT", path, `{"maximumInstanceCount":2}`, "If-Match: "+first).is(200).header.Get("Etag")
	w.do("PUT", path, `{"maximumInstanceCount":3}`, "If-Match: "+first).is(412, "PreconditionFailed")
	w.do("DELETE", path, "", "If-Match: "+first).is(412, "PreconditionFailed")
	w.do("GET", path, "").is(200).has("maximumInstanceCount", 2)
	w.do("DELETE", path, "", "If-Match: "+second).is(204)
	w.do("GET", path, "").is(404, "OnDemandConfigNotFound")
}
