package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

func TestMergeEnv(t *testing.T) {
	t.Parallel()
	type env = map[string]string
	ours := env{"PATH": "/code/python/bin:" + SystemPath, "PYTHONPATH": "/code/python"}
	for name, tc := range map[string]struct{ artifact, user, want env }{
		"no artifact":      {nil, env{"A": "1"}, env{"A": "1"}},
		"no variables":     {ours, nil, ours},
		"other variables":  {ours, env{"A": "1"}, env{"A": "1", "PATH": ours["PATH"], "PYTHONPATH": "/code/python"}},
		"the user's lists": {ours, env{"PATH": "/own/bin:/bin", "PYTHONPATH": "/code/lib"}, env{"PATH": "/code/python/bin:/own/bin:/bin", "PYTHONPATH": "/code/python:/code/lib"}},
		"there already":    {ours, env{"PATH": "/own/bin:/code/python/bin", "PYTHONPATH": "/x:/code/python"}, env{"PATH": "/own/bin:/code/python/bin", "PYTHONPATH": "/x:/code/python"}},
		"emptied":          {ours, env{"PYTHONPATH": ""}, env{"PATH": ours["PATH"], "PYTHONPATH": ""}},
		"not a list":       {env{"PYTHONUSERBASE": "/code/.s/python"}, env{"PYTHONUSERBASE": "/own"}, env{"PYTHONUSERBASE": "/own"}},
	} {
		if diff := cmp.Diff(tc.want, MergeEnv(tc.artifact, tc.user)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEnvironmentOfNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a")
	if env, err := Environment(dir); env != nil || err != nil {
		t.Errorf("%v, %v", env, err)
	}
	buildtest.Plant(t, filepath.Dir(dir), map[string]string{"a" + envSuffix: "{damaged"})
	if _, err := Environment(dir); err == nil || !strings.Contains(err.Error(), "a.env.json") {
		t.Errorf("got %v", err)
	}
}

func TestArtifactDir(t *testing.T) {
	t.Parallel()
	r := &spec.Resource{Name: "web", Service: &fc.Service{ServiceName: "svc"}, Function: fc.Function{FunctionName: "svc$fn"}}
	dir := filepath.FromSlash("/p/.s/build/artifacts/")
	for _, tc := range []struct{ edition, name, want string }{
		{spec.Edition1, "web", dir + filepath.FromSlash("svc/fn")},
		{spec.Edition3, "web", dir + "web"},
		{spec.Edition3, "../../etc", dir + ".._.._etc"},
		{spec.Edition3, "..", dir + "_.."},
		{spec.Edition3, "", dir + "_"},
	} {
		r.Name = tc.name
		if got := ArtifactDir(&spec.Project{Dir: filepath.FromSlash("/p"), Edition: tc.edition}, r); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.edition, tc.name, got, tc.want)
		}
	}
}

func specOf(p *project, runtimes ...string) *spec.Project {
	out := &spec.Project{Dir: p.root, Edition: spec.Edition3}
	for _, rt := range runtimes {
		out.Resources = append(out.Resources, &spec.Resource{
			Name: "r-" + rt, Function: fc.Function{FunctionName: "f", Runtime: rt}, Code: spec.CodeSource{Path: p.req.SourceDir},
		})
	}
	return out
}

func TestProject(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	sp := specOf(p, "python3.10", "custom.debian11")
	sp.Resources = append(sp.Resources,
		&spec.Resource{Name: "plain", Function: fc.Function{Runtime: "custom"}, Code: spec.CodeSource{Path: t.TempDir()}},
		&spec.Resource{Name: "image", Function: fc.Function{Runtime: "custom-container"}})
	var told []string
	opts := ProjectOptions{
		Builders: Builders{&maker{name: "m"}}, CacheDir: filepath.Join(p.root, "cache"),
		Begin: func(r *spec.Resource, log string) { told = append(told, "begin "+r.Name+" "+filepath.Base(log)) },
		Done:  func(r Result) { told = append(told, "done "+r.Resource) },
	}
	results, err := Project(context.Background(), sp, "", opts)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"begin r-python3.10 build-r-python3.10.log", "done r-python3.10",
		"done r-custom.debian11", // the same inputs: made by the first
		"done plain", "done image",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if len(results) != 4 || results[0].Artifact == nil || results[2].Artifact != nil || results[3].Artifact != nil {
		t.Errorf("%+v", results)
	}
	if log, err := os.ReadFile(LogFile(sp, sp.Resources[0])); err != nil || !strings.Contains(string(log), "made by m") {
		t.Errorf("%q, %v", log, err)
	}
	_, err = Project(context.Background(), sp, "nobody", opts)
	var unknown *UnknownResourceError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "r-python3.10") {
		t.Errorf("got %v", err)
	}
}

func TestProjectStopsAtAnError(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	sp := specOf(p, "python3.10", "custom.debian11")
	m := &maker{name: "m", fails: &BuildError{Name: "r-python3.10", Tool: "maker", Err: errors.New("no")}}
	results, err := Project(context.Background(), sp, "", ProjectOptions{Builders: Builders{m}})
	var be *BuildError
	if !errors.As(err, &be) || be.Log != LogFile(sp, sp.Resources[0]) || len(results) != 0 {
		t.Errorf("%v after %+v", err, results)
	}
	if m.runs.Load() != 1 {
		t.Errorf("went on: %d runs", m.runs.Load())
	}
}

func TestStaleArtifactIsRemoved(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	sp := specOf(p, "python3.10")
	plan := Plan{Env: Env{Lists: map[string][]string{"PYTHONPATH": {"/code/python"}}}}
	a := Artifacts{Builders: Builders{&maker{name: "m", plan: plan}}}
	r := sp.Resources[0]
	if err := a.Build(context.Background(), sp, r); err != nil {
		t.Fatal(err)
	}
	ready, err := a.UpToDate(t.Context(), sp, r)
	env, eerr := a.Environment(a.Dir(sp, r))
	if err := errors.Join(err, eerr); err != nil || !ready || a.MergeEnv(env, nil)["PYTHONPATH"] != "/code/python" {
		t.Errorf("%v, %v, %v", ready, env, err)
	}
	if err := os.Remove(filepath.Join(p.req.SourceDir, "list.txt")); err != nil {
		t.Fatal(err)
	}
	if needed, err := a.Needed(sp, r); needed || err != nil {
		t.Errorf("needed %v, %v", needed, err)
	}
	if err := a.Build(context.Background(), sp, r); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(p.root, ".s/build/artifacts/*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if needed, err := a.Needed(sp, &spec.Resource{}); needed || err != nil {
		t.Errorf("an image: %v, %v", needed, err)
	}
}
