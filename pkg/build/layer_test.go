package build

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

func TestLayer(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	parts := []Builder{
		&maker{name: "py", plan: Plan{Into: "python"}}, &maker{name: "js", plan: Plan{Into: "node_modules"}},
		&maker{name: "old", plan: Plan{Into: ".s/python"}}, &maker{name: "all", plan: Plan{Into: "."}},
	}
	dir := filepath.Join(p.root, ".s/build/layers/f-layer")
	for _, a := range []*Artifact{p.build(parts...), p.build(parts...)} { // made, and unchanged
		if err := Layer(context.Background(), a, dir); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"python/": "", "python/one": "", "python/two": "", "nodejs/": "",
			"nodejs/node_modules/": "", "nodejs/node_modules/one": "", "nodejs/node_modules/two": "",
		}
		if diff := cmp.Diff(want, buildtest.Names(t, dir)); diff != "" {
			t.Error(diff)
		}
	}
	if err := Layer(context.Background(), &Artifact{Dir: p.root}, dir); !errors.Is(err, ErrNoDependencies) {
		t.Errorf("nothing installed: %v", err)
	}
	if err := Layer(context.Background(), &Artifact{Dir: p.root, Dependencies: []string{"none"}}, dir); err == nil {
		t.Error("a folder that isn't there was copied")
	}
	if got := buildtest.Names(t, dir); len(got) != 7 {
		t.Errorf("the former layer is gone: %v", got)
	}
	r := &spec.Resource{Function: fc.Function{FunctionName: "svc$fn"}}
	if got := LayerDir(&spec.Project{Dir: p.root}, r); got != filepath.Join(p.root, ".s/build/layers/svc-fn-layer") {
		t.Errorf("folder %s", got)
	}
}
