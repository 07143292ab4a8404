package cmdutil

import (
	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// TellCode says where the code of a resource is taken from, if it was packed
// anew.
func TellCode(io *iostreams.IOStreams, project *spec.Project, r *spec.Resource, prepared *deploy.Prepared) {
	code := prepared.Desired.Code
	if code == nil || code.Path == "" || code.Reused {
		return
	}
	if prepared.Artifact != "" {
		io.Errf("%s: using the built code in %s", r.Name, Shorten(project.Dir, prepared.Artifact))
	}
	if len(code.LeftOut) > 0 {
		io.Errf("%s: left out of the code: %s", r.Name, joinFew(code.LeftOut))
	}
}
