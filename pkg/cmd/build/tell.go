package buildcmd

import (
	"fmt"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/spec"
)

// became says in a word or two what became of a build.
func (o *Options) became(result build.Result, err error) string {
	switch a := result.Artifact; {
	case err != nil:
		return o.IO.T("failed")
	case a == nil:
		return o.IO.T("nothing to build")
	case a.Unchanged:
		return o.IO.T("up to date")
	case a.Reused:
		return o.IO.T("from the cache")
	}
	return o.IO.T("built")
}

func (o *Options) begin(r *spec.Resource, _ string) {
	if !o.IO.ShowsProgress() {
		o.IO.Errf("%s: building …", r.Name)
	}
}

func (o *Options) done(result build.Result) {
	a, elapsed := result.Artifact, fmt.Sprintf("%.2fs", result.Elapsed.Seconds())
	if a == nil {
		o.IO.Errf("%s: nothing to build, the code runs as it is", result.Resource)
		return
	}
	for _, t := range a.Tools {
		if !t.Exact && !t.Crosses {
			o.IO.Errf("warning: %s: %s runs %s %s, which isn't on this machine: built with %s",
				result.Resource, result.Runtime, t.Name, t.Wanted, t.Version)
		}
	}
	if len(a.TooNew) > 0 {
		o.IO.Errf("warning: %s: compiled for a newer system than that of %s (glibc %s), where it doesn't load: %s; s build --use-docker compiles for it",
			result.Resource, result.Runtime, a.TooNew[0].Has, few(newFiles(a.TooNew)))
	}
	for _, l := range a.Lists {
		o.IO.Errf("%s: the dependencies are those of %s; not read: %s", result.Resource, l.Used, few(l.Unread))
	}
	if len(a.LeftOut) > 0 {
		o.IO.Errf("%s: left out of the code: %s", result.Resource, few(a.LeftOut))
	}
	switch {
	case a.Unchanged:
		o.IO.Errf("%s: up to date (%s)", result.Resource, toolNames(a.Tools))
	case a.Reused:
		o.IO.Errf("%s: built from the cache (%s), %s", result.Resource, toolNames(a.Tools), elapsed)
	default:
		o.IO.Errf("%s: built with %s, %s", result.Resource, toolNames(a.Tools), elapsed)
	}
}

// newFiles names files with the C library that they ask for.
func newFiles(files []build.TooNew) []string {
	var names []string
	for _, f := range files {
		names = append(names, fmt.Sprintf("%s (%s)", f.Path, f.Needs))
	}
	return names
}

// toolNames names each tool once: Python 3.10.13, npm 10.2; one that works for
// another version with it: Python 3.12.1 → 3.10.
func toolNames(tools []build.Tool) string {
	var names []string
	for _, t := range tools {
		name := strings.TrimSpace(t.Name + " " + t.Version)
		if t.Crosses && !t.Exact {
			name += " → " + t.Wanted
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// few names at most five things.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
