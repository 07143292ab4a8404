package buildcmd

import (
	"s/pkg/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/spec"
)

// view is a result as -o json shows it.
type view struct {
	Built    bool              `json:"built"` // false if the code runs as it is
	Artifact string            `json:"artifact,omitempty"`
	Reused   bool              `json:"fromCache,omitempty"`
	Tools    []build.Tool      `json:"tools,omitempty"`
	Env      map[string]string `json:"environmentVariables,omitempty"`

	Unchanged bool `json:"-"` // the artifact was right as it was
}

func newView(p *spec.Project, r build.Result) view {
	if r.Artifact == nil {
		return view{}
	}
	return view{
		Built: true, Artifact: cmdutil.Shorten(p.Dir, r.Artifact.Dir), Reused: r.Artifact.Reused,
		Tools: r.Artifact.Tools, Env: r.Artifact.Env, Unchanged: r.Artifact.Unchanged,
	}
}
