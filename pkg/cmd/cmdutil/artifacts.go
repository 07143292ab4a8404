package cmdutil

import (
	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Artifacts gives what deploy needs to know of builds.
func Artifacts(_ *iostreams.IOStreams) deploy.Artifacts { return nil }

// TellCode says once where the code of a resource is taken from.
func TellCode(io *iostreams.IOStreams, project *spec.Project, r *spec.Resource, prepared *deploy.Prepared) {
	code := prepared.Desired.Code
	if code == nil || code.Path == "" {
		return
	}
	if prepared.Artifact != "" && !code.Reused {
		io.Errf("%s: using the built code in %s", r.Name, Shorten(project.Dir, prepared.Artifact))
	}
	if len(code.LeftOut) > 0 {
		io.Errf("%s: left out of the code: %s", r.Name, joinFew(code.LeftOut))
	}
}
