package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/proc/proctest"
)

// files makes files below a folder; "+x" in a name makes one that can be run, and
// a name that ends in / a folder.
func files(t *testing.T, list map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range list {
		name, executable := strings.CutSuffix(name, "+x")
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			if executable {
				proctest.Program(t, path, text)
			} else {
				err = os.WriteFile(path, []byte(text), 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"hook.sh+x": "#!/bin/sh\n", "plain.sh": "#!/bin/sh\n", "hooks/deep+x": "#!/bin/sh\n",
		"js/index.js": "", "main/package.json": "{}", "nothing/": "", "one.js": "", "two.mjs+x": "export default 1\n",
		"own.js+x": "#!/usr/bin/env node\n", "onpath": "",
		"node_modules/website-fc/package.json": "{}", "node_modules/@team/tool/index.js": "",
		"../peer/fetched@1.0/index.js": "", "../peer/website-fc/index.js": "",
	})
	f := Finder{Dir: dir, Peer: filepath.Join(filepath.Dir(dir), "peer"), LookPath: func(name string) (string, error) {
		if name == "tool" || name == "onpath" {
			return "/bin/" + name, nil
		}
		return "", errors.New("not found")
	}}
	t.Cleanup(func() { os.RemoveAll(f.Peer) })
	for _, tt := range []struct {
		name, path string
		script     bool
		err        string
	}{
		{name: "./hook.sh", path: "hook.sh"},
		{name: "hook.sh", path: "hook.sh"},
		{name: "hooks/deep", path: "hooks/deep"},
		{name: filepath.Join(dir, "hook.sh"), path: "hook.sh"},
		{name: "./plain.sh", err: filepath.Join(dir, "plain.sh") + " is not executable"},
		{name: "onpath", err: "is not executable"}, // what lies beside s.yaml is meant
		{name: "./js", path: "js", script: true},
		{name: "js/", path: "js", script: true},
		{name: "./main", path: "main", script: true},
		{name: "./nothing", err: "is no plugin: it has neither package.json nor index.js"},
		{name: "./one.js", path: "one.js", script: true},
		{name: "./two.mjs", path: "two.mjs", script: true},
		{name: "./own.js", path: "own.js"},
		{name: "website-fc", path: "node_modules/website-fc", script: true},
		{name: "website-fc@0.0.1", path: "node_modules/website-fc", script: true},
		{name: "@team/tool", path: "node_modules/@team/tool", script: true},
		{name: "fetched@1.0", path: "../peer/fetched@1.0", script: true},
		{name: "tool", path: "/bin/tool"},
		{name: "./tool", err: "it isn't on this machine; looked for " + filepath.Join(dir, "tool")},
		{name: "hook.sh/x", err: "looked for " + filepath.Join(dir, "hook.sh/x")},
		{name: "@team/none", err: filepath.Join(dir, "node_modules/@team/none") + ", " + filepath.Join(f.Peer, "@team/none")},
		{name: "none", err: filepath.Join(f.Peer, "none") + ", none on PATH"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := f.Find(tt.name)
			if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v\nwant %s", err, tt.err)
			}
			if err != nil {
				return
			}
			want := tt.path
			if !filepath.IsAbs(want) {
				want = filepath.Join(dir, want)
			}
			if p != (Program{Name: tt.name, Path: want, Script: tt.script}) {
				t.Errorf("got %+v, want %s, script %t", p, want, tt.script)
			}
		})
	}
}

func TestFindTypes(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"plain": ""})
	f := Finder{Dir: dir, LookPath: func(string) (string, error) { return "", errors.New("no") }}
	var absent *NotFoundError
	if _, err := f.Find("website-fc"); !errors.As(err, &absent) || absent.Name != "website-fc" || len(absent.Looked) != 3 {
		t.Errorf("error %v: %+v", err, absent)
	}
	var locked *NotExecutableError
	if _, err := f.Find("plain"); !errors.As(err, &locked) || locked.Path != filepath.Join(dir, "plain") {
		t.Errorf("error %v", err)
	}
}
