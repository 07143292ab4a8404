package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

func release(t *testing.T, s *Store, owner string) string {
	t.Helper()
	v, err := s.PublishVersion("r", owner, "about "+owner, "2026-01-02T03:04:05Z", accept)
	must(t, err)
	return v.Version.VersionID
}

// describe changes a function.
func describe(t *testing.T, s *Store, name, text string) {
	t.Helper()
	_, err := s.UpdateFunction("r", name, func(f *Function) error { f.Function.Description = text; return nil })
	must(t, err)
}

func resolve(t *testing.T, s *Store, function, qualifier string) Resolved {
	t.Helper()
	r, err := s.Resolve("r", function, qualifier, nil)
	must(t, err)
	return r
}

func ids(t *testing.T, s *Store, owner string) []string {
	t.Helper()
	all, err := s.Versions("r", owner)
	must(t, err)
	out := []string{}
	for _, v := range all {
		out = append(out, v.Version.VersionID)
	}
	return out
}

func alias(owner, name, version string, weights map[string]float64) *Alias {
	return &Alias{Region: "r", Owner: owner, Alias: fc.Alias{AliasName: name, VersionID: version, AdditionalVersionWeight: weights}}
}

// A version stays what it was, whatever happens to its function, and its number is
// never used again.
func TestVersions(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("f")))
	describe(t, s, "f", "one")
	if id := release(t, s, "f"); id != "1" {
		t.Fatal(id)
	}
	_, err := s.PublishVersion("r", "f", "", "", accept)
	if e := wantError[*UnchangedError](t, err); e.Version != "1" {
		t.Error(e)
	}
	describe(t, s, "f", "two")
	release(t, s, "f")
	describe(t, s, "f", "three")
	must(t, s.DeleteVersion("r", "f", "2"))
	wantError[*NotFoundError](t, s.DeleteVersion("r", "f", "2"))
	if id := release(t, s, "f"); id != "3" {
		t.Error(id)
	}
	for range 2 { // before and after reopening
		for qualifier, want := range map[string][2]string{"": {"three", ""}, "LATEST": {"three", ""}, "1": {"one", "1"}, "3": {"three", "3"}} {
			r := resolve(t, s, "f", qualifier)
			if got := [2]string{r.Function.Function.Description, r.VersionID}; got != want {
				t.Errorf("%q: %v", qualifier, got)
			}
		}
		if d := cmp.Diff([]string{"1", "3"}, ids(t, s, "f")); d != "" {
			t.Error(d)
		}
		s = reopen(t, s)
	}
	all, err := s.Versions("r", "f")
	must(t, err)
	want := fc.Version{VersionID: "1", Description: "about f", CreatedTime: "2026-01-02T03:04:05Z", LastModifiedTime: "2026-01-02T03:04:05Z"}
	if d := cmp.Diff(want, all[0].Version); d != "" || all[1].Number() != 3 {
		t.Error(d)
	}
	_, err = s.PublishVersion("r", "f", "", "", accept)
	wantError[*UnchangedError](t, err)
	if e := wantError[*NotEmptyError](t, s.DeleteFunction("r", "f", accept)); e.Has != "versions" {
		t.Error(e)
	}
	must(t, s.DeleteVersion("r", "f", "1"), s.DeleteVersion("r", "f", "3"))
	if id := release(t, s, "f"); id != "4" {
		t.Error(id, "without a version there is nothing to compare with")
	}
	must(t, s.DeleteVersion("r", "f", "4"), s.DeleteFunction("r", "f", accept), s.CreateFunction(function("f")))
	if id := release(t, s, "f"); id != "1" {
		t.Error(id, "of another function")
	}
}

func TestResolveErrors(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("f")))
	release(t, s, "f")
	for _, tt := range []struct{ function, qualifier, want string }{
		{"g", "", "function 'g' does not exist"},
		{"g", "1", "function 'g' does not exist"},
		{"f", "2", "version '2' of function 'f' does not exist"},
		{"f", "01", "version '01' of function 'f' does not exist"},
		{"f", "99999999999999999999", "version '99999999999999999999' of function 'f' does not exist"},
		{"f", "-1", "alias '-1' of function 'f' does not exist"},
		{"f", "latest", "alias 'latest' of function 'f' does not exist"},
		{"f", "１", "alias '１' of function 'f' does not exist"},
		{"svc$f", "1", "service 'svc' does not exist"},
	} {
		_, err := s.Resolve("r", tt.function, tt.qualifier, nil)
		if wantError[*NotFoundError](t, err); err.Error() != tt.want {
			t.Errorf("%s at %q: %v", tt.function, tt.qualifier, err)
		}
	}
	_, err := s.Versions("r", "g")
	wantError[*NotFoundError](t, err)
	_, err = s.PublishVersion("r", "g", "", "", accept)
	wantError[*NotFoundError](t, err)
	wantError[*NotFoundError](t, s.DeleteVersion("r", "g", "1"))
}

// A change of tags alone is nothing to publish; one of the code is.
func TestWhatIsAChange(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("f")))
	release(t, s, "f")
	for _, tt := range []struct {
		what    string
		change  func(*Function)
		changes bool
	}{
		{"tags", func(f *Function) { f.Function.Tags = []fc.Tag{{Key: "k"}} }, false},
		{"group", func(f *Function) { f.Function.ResourceGroupID = "rg" }, false},
		{"time", func(f *Function) { f.Function.LastModifiedTime = "later" }, false},
		{"code", func(f *Function) { f.Code.SHA256 = "abc" }, true},
		{"layers", func(f *Function) { f.LayerCode = []Code{{SHA256: "def"}} }, true},
		{"handler", func(f *Function) { f.Function.Handler = "b.c" }, true},
		{"extra", func(f *Function) { f.Extra = map[string]json.RawMessage{"x": json.RawMessage("1")} }, true},
	} {
		_, err := s.UpdateFunction("r", "f", func(f *Function) error { tt.change(f); return nil })
		must(t, err)
		_, err = s.PublishVersion("r", "f", "", "", accept)
		var unchanged *UnchangedError
		if errors.As(err, &unchanged) == tt.changes {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}

// A version of a service has all its functions, also those that are deleted later.
func TestServiceVersions(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateService(service("svc")), s.CreateFunction(function("svc$f")), s.CreateFunction(function("svc$g")), s.CreateFunction(function("svcother")))
	if Owner("svc$f") != "svc$" || Owner("svc$") != "svc$" || Owner("f") != "f" {
		t.Error(Owner("svc$f"))
	}
	seen := ""
	_, err := s.PublishVersion("r", "svc$", "first", "now", func(svc *Service) error { seen = svc.Service.ServiceName; return errors.New("no") })
	if err == nil || seen != "svc" || len(ids(t, s, "svc$")) != 0 {
		t.Errorf("%v, %q", err, seen)
	}
	release(t, s, "svc$")
	must(t, s.DeleteFunction("r", "svc$g", accept), s.CreateFunction(function("svc$h")))
	if id := release(t, s, "svc$"); id != "2" {
		t.Error(id)
	}
	for range 2 {
		for qualifier, want := range map[string][]string{"": {"svc$f", "svc$h"}, "1": {"svc$f", "svc$g"}, "2": {"svc$f", "svc$h"}} {
			svc, functions, err := s.ServiceAt("r", "svc", qualifier)
			must(t, err)
			var names []string
			for _, f := range functions {
				names = append(names, f.Function.FunctionName)
			}
			if d := cmp.Diff(want, names); d != "" || svc.Service.ServiceName != "svc" || svc.Service.Description == "" != (qualifier == "") {
				t.Errorf("%q: %s %+v", qualifier, d, svc)
			}
		}
		if r := resolve(t, s, "svc$g", "1"); r.Function.Function.FunctionName != "svc$g" || !s.Leads(r) {
			t.Errorf("%+v", r)
		}
		_, err := s.Resolve("r", "svc$h", "1", nil)
		wantError[*NotFoundError](t, err)
		s = reopen(t, s)
	}
	must(t, s.DeleteFunction("r", "svc$f", accept), s.DeleteFunction("r", "svc$h", accept))
	if e := wantError[*NotEmptyError](t, s.DeleteService("r", "svc", accept)); e.Kind != KindService || e.Has != "versions" {
		t.Error(e)
	}
	_, _, err = s.ServiceAt("r", "svc", "7")
	wantError[*NotFoundError](t, err)
	_, _, err = s.ServiceAt("r", "none", "1")
	wantError[*NotFoundError](t, err)
	must(t, s.DeleteVersion("r", "svc$", "1"), s.DeleteVersion("r", "svc$", "2"), s.DeleteService("r", "svc", accept))
}

// Code stays as long as a version has it, and goes with the last one.
func TestCodeOfVersions(t *testing.T) {
	s := open(t, t.TempDir())
	one, two := archive(t, entry{"a", "1", 0o644}), archive(t, entry{"a", "2", 0o644})
	first := deploy(t, s, "f", one)
	release(t, s, "f")
	second, done, err := s.PutCode(two)
	must(t, err)
	_, err = s.UpdateFunction("r", "f", func(f *Function) error { f.Code = second; return nil })
	must(t, err)
	done()
	want := []string{first.SHA256 + archiveSuffix, second.SHA256 + archiveSuffix}
	slices.Sort(want)
	for range 2 { // the sweep at the start leaves it, too
		if d := cmp.Diff(want, codeFiles(t, s)); d != "" {
			t.Error(d)
		}
		s = reopen(t, s)
	}
	if r := resolve(t, s, "f", "1"); r.Function.Code != first {
		t.Errorf("%+v", r.Function.Code)
	}
	release(t, s, "f")
	must(t, s.DeleteVersion("r", "f", "1"))
	if d := cmp.Diff([]string{second.SHA256 + archiveSuffix}, codeFiles(t, s)); d != "" {
		t.Error(d)
	}
	must(t, s.DeleteVersion("r", "f", "2"))
	if len(codeFiles(t, s)) != 1 {
		t.Error("the function lost its code")
	}
	must(t, s.DeleteFunction("r", "f", accept))
	if files := codeFiles(t, s); len(files) != 0 {
		t.Error(files)
	}
	must(t, s.CreateFunction(container("c", "me/app:1")))
	release(t, s, "c")
	_, err = s.UpdateFunction("r", "c", func(f *Function) error { f.Function.CustomContainerConfig.Image = "me/app:2"; return nil })
	must(t, err)
	for range 2 {
		if !s.HasImage("me/app:1") || !s.HasImage("me/app:2") || s.HasImage("me/app:3") {
			t.Error("images")
		}
		s = reopen(t, s)
	}
	must(t, s.DeleteVersion("r", "c", "1"))
	if s.HasImage("me/app:1") {
		t.Error("the image of a deleted version")
	}
}

func container(name, image string) *Function {
	f := function(name)
	f.Function.Runtime, f.Function.CustomContainerConfig = "custom-container", &fc.CustomContainerConfig{Image: image}
	return f
}

func TestAliases(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("f")))
	release(t, s, "f")
	describe(t, s, "f", "two")
	release(t, s, "f")
	must(t, s.CreateAlias(alias("f", "prod", "1", map[string]float64{"2": 0.25})), s.CreateAlias(alias("f", "dev", "2", nil)))
	wantError[*ExistsError](t, s.CreateAlias(alias("f", "prod", "1", nil)))
	wantError[*NotFoundError](t, s.CreateAlias(alias("f", "x", "3", nil)))
	wantError[*NotFoundError](t, s.CreateAlias(alias("f", "x", "1", map[string]float64{"3": 0.5})))
	wantError[*NotFoundError](t, s.CreateAlias(alias("g", "x", "1", nil)))
	s = reopen(t, s)
	all, err := s.Aliases("r", "f")
	must(t, err)
	if len(all) != 2 || all[0].Alias.AliasName != "dev" || all[1].Alias.AdditionalVersionWeight["2"] != 0.25 {
		t.Errorf("%+v", all)
	}
	if r := resolve(t, s, "f", "prod"); r.VersionID != "1" || r.Qualifier != "prod" {
		t.Errorf("%+v", r)
	}
	old, err := s.Alias("r", "f", "prod")
	must(t, err)
	_, err = s.UpdateAlias("r", "f", "prod", func(a *Alias) error { a.Alias.VersionID = "9"; return nil })
	wantError[*NotFoundError](t, err)
	before := resolve(t, s, "f", "prod")
	_, err = s.UpdateAlias("r", "f", "prod", func(a *Alias) error {
		a.Alias.VersionID, a.Alias.AdditionalVersionWeight = "2", nil
		return nil
	})
	must(t, err)
	if old.Alias.VersionID != "1" {
		t.Error("what was given out was changed")
	}
	if s.Leads(before) || !s.Leads(resolve(t, s, "f", "prod")) || !s.Leads(resolve(t, s, "f", "1")) {
		t.Error("leads")
	}
	// A version may go although an alias leads to it; then it leads nowhere.
	must(t, s.DeleteVersion("r", "f", "2"))
	_, err = s.Resolve("r", "f", "prod", nil)
	if e := wantError[*NotFoundError](t, err); e.Kind != KindVersion {
		t.Error(e)
	}
	_, err = s.UpdateAlias("r", "f", "prod", func(a *Alias) error { a.Alias.Description = "still"; return nil })
	must(t, err)
	if e := wantError[*NotEmptyError](t, s.DeleteFunction("r", "f", accept)); e.Has != "aliases" {
		t.Error(e)
	}
	kept := errors.New("kept")
	if err := s.DeleteAlias("r", "f", "dev", func(*Alias) error { return kept }); !errors.Is(err, kept) {
		t.Error(err)
	}
	must(t, s.DeleteAlias("r", "f", "dev", accept), s.DeleteAlias("r", "f", "prod", accept), s.DeleteVersion("r", "f", "1"))
	wantError[*NotFoundError](t, s.DeleteAlias("r", "f", "dev", accept))
	must(t, s.DeleteFunction("r", "f", accept))
}

// The share of each version is what its weight says, to the last bit: the choice
// is a function of the random number.
func TestChoose(t *testing.T) {
	a := alias("f", "a", "1", map[string]float64{"2": 0.25, "3": 0.5})
	for _, tt := range []struct {
		random float64
		want   string
	}{{0, "2"}, {0.2499, "2"}, {0.25, "3"}, {0.7499, "3"}, {0.75, "1"}, {0.9999, "1"}} {
		if got := a.choose(&Choice{Random: func() float64 { return tt.random }}); got != tt.want {
			t.Errorf("%v: %s", tt.random, got)
		}
	}
	if a.choose(nil) != "1" || alias("f", "a", "1", map[string]float64{"2": 0}).choose(&Choice{Random: func() float64 { return 0 }}) != "1" ||
		alias("f", "a", "1", map[string]float64{"2": 1}).choose(&Choice{Random: func() float64 { return 0.9999 }}) != "2" {
		t.Error("borders")
	}
}

// By content, the additional version is for requests that meet the policy alone,
// whatever its weight.
func TestChooseByContent(t *testing.T) {
	a := alias("f", "a", "1", map[string]float64{"2": 0.01})
	a.Alias.ResolvePolicy = fc.ResolveContent
	a.Alias.RoutePolicy = &fc.RoutePolicy{Items: []fc.PolicyItem{{Type: fc.PolicyHeader, Key: "uid", Operator: "=", Value: "7"}}}
	with := func(value string) *Choice {
		return &Choice{Random: func() float64 { return 0 }, Header: func(string) string { return value }}
	}
	none := &Choice{Random: func() float64 { return 0 }}
	for by, want := range map[*Choice]string{with("7"): "2", with("8"): "1", with(""): "1", none: "1", nil: "1"} {
		if got := a.choose(by); got != want {
			t.Errorf("%+v: %s, want %s", by, got, want)
		}
	}
	a.Alias.RoutePolicy = nil
	if got := a.choose(with("7")); got != "1" {
		t.Errorf("without a policy: %s", got)
	}
	a.Alias.AdditionalVersionWeight = nil
	if got := a.choose(with("7")); got != "1" {
		t.Errorf("with one version: %s", got)
	}
}

// Whoever publishes at the same time as others gets a number of its own, and
// readers see a version whole.
func TestPublishingAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("f")))
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				_, err := s.UpdateFunction("r", "f", func(f *Function) error { f.Function.Description = fmt.Sprint(w, i); return nil })
				if err == nil {
					_, err = s.PublishVersion("r", "f", "", "now", accept)
				}
				var unchanged *UnchangedError
				if err != nil && !errors.As(err, &unchanged) {
					t.Error(err)
				}
				all, err := s.Versions("r", "f")
				if err != nil {
					t.Error(err)
				}
				for _, v := range all[max(0, len(all)-3):] {
					if r, err := s.Resolve("r", "f", v.Version.VersionID, nil); err != nil || r.Function.Function.Description == "" {
						t.Errorf("%+v, %v", r, err)
					}
				}
			}
		})
	}
	wg.Wait()
	got := ids(t, s, "f")
	for i, id := range got {
		if id != strconv.Itoa(i+1) {
			t.Fatalf("numbers %v", got)
		}
	}
	if d := cmp.Diff(got, ids(t, reopen(t, s), "f")); d != "" {
		t.Error(d)
	}
}

// The state of an s from before there were versions is taken over, with what was
// configured of instances.
func TestFromBeforeVersions(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", dataSource(filepath.Join(dir, databaseName)))
	must(t, err)
	for i, step := range migrations()[:2] {
		must(t, migrate(t.Context(), db, step, i+1))
	}
	_, err = db.Exec(`INSERT INTO functions (region, name, doc, code) VALUES ('r', 'f', '{"region":"r","function":{"functionName":"f"}}', '')`)
	must(t, err)
	_, err = db.Exec(`INSERT INTO scaling (region, function, doc) VALUES ('r', 'f', '{"region":"r","function":"f","provision":{"defaultTarget":3}}')`)
	must(t, err)
	must(t, db.Close())
	s := open(t, dir)
	if c := s.Scaling("r", "f", ""); c.Provision == nil || c.Provision.DefaultTarget != 3 || c.Qualifier != "LATEST" {
		t.Errorf("%+v", c)
	}
	if id := release(t, s, "f"); id != "1" {
		t.Error(id)
	}
	_, err = s.UpdateScaling("r", "f", "1", func(c *Scaling) { c.Scaling = &fc.ScalingConfig{MinInstances: 1} })
	must(t, err)
	_, err = s.UpdateScaling("r", "f", "2", func(*Scaling) {})
	wantError[*NotFoundError](t, err)
	if all := s.ScalingsOf("r", "f"); len(all) != 2 || all[0].Qualifier != "1" || len(s.ScalingsOf("r", "g")) != 0 {
		t.Errorf("%+v", all)
	}
}
