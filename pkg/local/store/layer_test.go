package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// publish stores a version of a layer.
func publish(t *testing.T, s *Store, name string, zip []byte) *LayerVersion {
	t.Helper()
	code, release, err := s.PutCode(zip)
	must(t, err)
	defer release()
	v := &LayerVersion{Region: "r", Name: name, Runtimes: []string{"python3.10"}, CreateTime: "now", Code: code}
	must(t, s.PublishLayer(v))
	return v
}

func file(name, content string) entry { return entry{name, content, 0o644} }

func numbers(versions []*LayerVersion) []int {
	out := []int{}
	for _, v := range versions {
		out = append(out, v.Version)
	}
	return out
}

func TestLayersSurviveAndCountUp(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 3 {
		publish(t, s, "l", archive(t, file("f", fmt.Sprint(i))))
	}
	publish(t, s, "a", archive(t, file("f", "a")))
	before := s.LayerVersions("r", "l")
	must(t, s.DeleteLayerVersion("r", "l", 2), s.DeleteLayerVersion("r", "l", 3), s.SetLayerPublic("r", "l", true))
	if got := numbers(before); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("what was given out was changed: %v", got)
	}
	wantError[*NotFoundError](t, s.DeleteLayerVersion("r", "l", 3))
	wantError[*NotFoundError](t, s.SetLayerPublic("r", "none", true))
	s = reopen(t, s)
	if v := publish(t, s, "l", archive(t, file("f", "new"))); v.Version != 4 {
		t.Errorf("version %d after 3 was deleted", v.Version)
	}
	must(t, s.DeleteLayerVersion("r", "l", 1), s.DeleteLayerVersion("r", "l", 4))
	if _, err := s.Layer("r", "l"); err == nil || len(s.Layers("r")) != 1 {
		t.Error("a layer without versions is listed")
	}
	s = reopen(t, s)
	v := publish(t, s, "l", archive(t, file("f", "again")))
	got, err := s.LayerVersion("r", "l", 5)
	must(t, err)
	if d := cmp.Diff(v, got); d != "" {
		t.Error(d)
	}
	layers := s.Layers("r")
	if len(layers) != 2 || layers[0].Name != "a" || layers[0].Public || !layers[1].Public || len(s.Layers("other")) != 0 {
		t.Errorf("%+v", layers)
	}
}

// The code of a layer is there as long as a version or a function has it.
func TestCodeOfLayers(t *testing.T) {
	s := open(t, t.TempDir())
	zip := archive(t, file("f", "shared"))
	code := deploy(t, s, "f", zip)
	publish(t, s, "l", zip)
	publish(t, s, "l", zip)
	user := function("user")
	user.LayerCode = []Code{code}
	must(t, s.CreateFunction(user))
	there := func(want bool, when string) {
		t.Helper()
		if got := slices.Contains(codeFiles(t, s), code.SHA256+archiveSuffix); got != want {
			t.Errorf("%s: the archive is there: %v", when, got)
		}
	}
	must(t, s.DeleteFunction("r", "f", func(*Function) error { return nil }), s.DeleteLayerVersion("r", "l", 1))
	there(true, "one version and a user are left")
	must(t, s.DeleteLayerVersion("r", "l", 2))
	there(true, "a user is left")
	s = reopen(t, s)
	there(true, "after a restart")
	_, release, err := s.OpenCode(code.SHA256)
	must(t, err)
	_, err = s.UpdateFunction("r", "user", func(f *Function) error { f.LayerCode = nil; return nil })
	must(t, err)
	there(true, "an instance has it")
	release()
	there(false, "nobody has it")
}

func TestDeletedVersionsCodeGoesWithItsLastFunction(t *testing.T) {
	s := open(t, t.TempDir())
	v := publish(t, s, "l", archive(t, file("f", "1")))
	user := function("user")
	user.LayerCode = []Code{v.Code}
	must(t, s.CreateFunction(user), s.DeleteLayerVersion("r", "l", 1), s.DeleteFunction("r", "user", func(*Function) error { return nil }))
	if files := codeFiles(t, s); len(files) != 0 {
		t.Errorf("left over: %v", files)
	}
}

// The code of a layer that only a function's published versions have stays, over a
// start, too, and goes with the last of them: also when the layer's version and the
// function's own use of it went long before.
func TestLayersOfPublishedVersions(t *testing.T) {
	s := open(t, t.TempDir())
	layer := publish(t, s, "lib", archive(t, file("lib.txt", "layered")))
	setLayers := func(name string, codes ...Code) {
		t.Helper()
		_, err := s.UpdateFunction("r", name, func(f *Function) error { f.LayerCode = codes; return nil })
		must(t, err)
	}
	must(t, s.CreateService(service("svc")), s.CreateFunction(function("f")), s.CreateFunction(function("svc$f")))
	for _, name := range []string{"f", "svc$f"} {
		setLayers(name, layer.Code)
		release(t, s, Owner(name))
		describe(t, s, name, "changed")
		release(t, s, Owner(name))
		setLayers(name)
		release(t, s, Owner(name))
	}
	must(t, s.DeleteLayerVersion("r", "lib", 1))
	there := func(want bool, when string) {
		t.Helper()
		s.code.removals.Wait()
		if _, err := os.Stat(s.CodeArchive(layer.Code.SHA256)); (err == nil) != want {
			t.Errorf("%s: %v", when, err)
		}
	}
	for range 2 { // before and after reopening
		there(true, "two versions of each have it")
		r := resolve(t, s, "f", "2")
		dir, done, err := s.OpenLayers(r.Function.LayerCode)
		must(t, err)
		if text := read(t, dir, "lib.txt"); text != "layered" {
			t.Error(text)
		}
		done()
		s = reopen(t, s)
	}
	for _, owner := range []string{"f", "svc$"} {
		for _, id := range []string{"3", "1"} {
			must(t, s.DeleteVersion("r", owner, id))
			there(true, owner+" "+id)
		}
	}
	must(t, s.DeleteVersion("r", "f", "2"))
	there(true, "the service's version has it")
	_, done, err := s.OpenLayers(resolve(t, s, "svc$f", "2").Function.LayerCode)
	must(t, err, s.DeleteVersion("r", "svc$", "2"))
	there(true, "an instance has it")
	done()
	there(false, "nobody has it")
	if files := codeFiles(t, s); len(files) != 0 {
		t.Error(files)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return string(text)
}

// Of equal files the first layer's counts; links and folders take each other's
// place, and nothing is written through a link.
func TestLayersInOrder(t *testing.T) {
	s := open(t, t.TempDir())
	outside := t.TempDir()
	first := publish(t, s, "first", archive(t, file("same", "first"), file("dir/a", "first"), file("kind", "file"), file("through/x", "in the layer")))
	second := publish(t, s, "second", archive(t, file("same", "second"), file("dir/b", "second"), file("kind/x", "folder"),
		entry{"through", outside, 0o777 | os.ModeSymlink}, entry{"bin/run", "#!", 0o755}))
	dir, release, err := s.OpenLayers([]Code{first.Code, second.Code})
	must(t, err)
	for name, want := range map[string]string{
		"same": "first", "dir/a": "first", "dir/b": "second", "kind": "file", "through/x": "in the layer", "bin/run": "#!",
	} {
		if got := read(t, dir, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "bin/run")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v %v", info, err)
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
		t.Errorf("outside: %v %v", left, err)
	}
	again, releaseAgain, err := s.OpenLayers([]Code{first.Code, second.Code})
	must(t, err)
	other, releaseOther, err := s.OpenLayers([]Code{second.Code, first.Code})
	must(t, err)
	if again != dir || other == dir || read(t, other, "same") != "second" {
		t.Errorf("%s %s %s", dir, again, other)
	}
	release()
	if read(t, dir, "same") != "first" {
		t.Error("it was removed while in use")
	}
	releaseAgain()
	releaseOther()
	for _, name := range codeFiles(t, s) {
		if strings.HasPrefix(name, mergedPrefix) {
			t.Errorf("%s is left over", name)
		}
	}
	if read(t, filepath.Join(s.Dir(), codeName, first.Code.SHA256), "same") != "first" {
		t.Error("the layer itself changed")
	}
}

func TestOpenLayersOfFewAndOfNone(t *testing.T) {
	s := open(t, t.TempDir())
	dir, release, err := s.OpenLayers(nil)
	must(t, err)
	release()
	v := publish(t, s, "l", archive(t, file("f", "1")))
	one, releaseOne, err := s.OpenLayers([]Code{v.Code})
	must(t, err)
	defer releaseOne()
	if dir != "" || read(t, one, "f") != "1" {
		t.Errorf("%q %q", dir, one)
	}
	if _, _, err := s.OpenLayers([]Code{v.Code, {SHA256: "gone"}}); err == nil {
		t.Error("a layer that isn't there")
	}
}

func TestHostileLayers(t *testing.T) {
	s := open(t, t.TempDir())
	for name, zip := range map[string][]byte{
		"slip":     archive(t, file("../evil", "x")),
		"absolute": archive(t, file("/etc/evil", "x")),
	} {
		if _, _, err := s.PutCode(zip); err == nil {
			t.Errorf("%s was stored", name)
		}
	}
	link := publish(t, s, "link", archive(t, entry{"up", "../../../etc", 0o777 | os.ModeSymlink}))
	good := publish(t, s, "good", archive(t, file("f", "1")))
	_, _, err := s.OpenLayers([]Code{good.Code, link.Code})
	wantError[*CodeError](t, err)
	if files := codeFiles(t, s); slices.ContainsFunc(files, func(n string) bool { return strings.HasPrefix(n, mergedPrefix) || strings.HasPrefix(n, tempPrefix) }) {
		t.Errorf("left over: %v", files)
	}
}

// Layers are published, used, deleted and merged at once; what is used stays.
func TestLayersRace(t *testing.T) {
	s := open(t, t.TempDir())
	zips := [][]byte{archive(t, file("f", "0")), archive(t, file("f", "1"))}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 5 {
				code, release, err := s.PutCode(zips[(worker+i)%2])
				if err != nil {
					t.Error(err)
					return
				}
				v := &LayerVersion{Region: "r", Name: "l", Code: code}
				err = s.PublishLayer(v)
				release()
				if err != nil {
					t.Error(err)
					return
				}
				used, releaseUsed, err := s.UseLayer("r", "l", v.Version)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.DeleteLayerVersion("r", "l", v.Version); err != nil {
					t.Error(err)
				}
				dir, releaseDir, err := s.OpenLayers([]Code{used.Code, used.Code})
				if err != nil {
					t.Error(err)
				} else if _, err := os.Stat(filepath.Join(dir, "f")); err != nil {
					t.Error(err)
				}
				releaseUsed()
				releaseDir()
			}
		})
	}
	wg.Wait()
	if files := codeFiles(t, s); len(files) != 0 {
		t.Errorf("left over: %v", files)
	}
	if v := publish(t, s, "l", zips[0]); v.Version != 21 {
		t.Errorf("version %d", v.Version)
	}
}
