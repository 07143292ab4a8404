package acceptance

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs every testdata/<verb>/*.txtar. The folders are found, not
// listed: a new script runs by being there.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, verb := range verbs(t) {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir:                 filepath.Join("testdata", verb),
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				Setup:               setup,
				Cmds:                commands(),
				Condition:           condition,
			})
		})
	}
}

// verbs gives the folders of scripts, and fails for a script that would never
// run.
func verbs(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir("testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".txtar" {
			return err
		}
		verb := filepath.Dir(path)
		if filepath.Dir(verb) != "testdata" {
			t.Errorf("%s never runs: scripts are in testdata/<verb>", path)
		}
		found[filepath.Base(verb)] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("no scripts")
	}
	return slices.Sorted(maps.Keys(found))
}

// setup gives a script its own world and ends it afterwards, whatever happened.
func setup(env *testscript.Env) error {
	vars := environment(env.WorkDir)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		env.Setenv(name, vars[name])
	}
	for _, dir := range []string{vars["HOME"], vars["TMPDIR"]} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	env.Defer(func() {
		if err := endWorld(env.WorkDir, vars); err != nil {
			env.T().Log(err)
			env.T().FailNow()
		}
	})
	return nil
}
