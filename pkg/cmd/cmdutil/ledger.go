package cmdutil

import (
	"path/filepath"

	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// PlaceOf is where the resources of a project go at a target.
func PlaceOf(project *spec.Project, target *Target) deploy.Place {
	place := deploy.Place{File: filepath.Base(project.File), Account: target.Credentials.AccountID, Endpoint: target.Endpoint}
	if target.Local {
		place.Endpoint = "local" // whatever its port is today
	}
	return place
}

// OpenLedger gives what is known of earlier deployments of a project. One that
// can't be read is told, and then nothing is known.
func OpenLedger(io *iostreams.IOStreams, project *spec.Project, target *Target) *deploy.Ledger {
	ledger, err := deploy.OpenLedger(project.Dir, PlaceOf(project, target))
	if err != nil {
		io.Errf("warning: what earlier deployments made isn't known: %v", err)
	}
	return ledger
}

// Dropped gives what was deployed of resources that a project no longer has.
func Dropped(project *spec.Project, ledger *deploy.Ledger) []deploy.Footprint {
	return ledger.Dropped(
		func(name string) bool { return project.Find(name) != nil },
		func(region, function string) bool {
			for _, r := range project.Resources {
				if r.Region == region && r.Function.FunctionName == function {
					return true
				}
			}
			return false
		},
	)
}
