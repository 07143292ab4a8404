package cmdutil

import (
	"context"
	"path/filepath"

	"s/pkg/deploy"
	"s/pkg/fcclient"
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

// Gone is a resource that s.yaml no longer has, and what there is of it to remove.
type Gone struct {
	Footprint deploy.Footprint
	Remote    *fcclient.Client
	Plan      *deploy.Changes
}

// PlanGone plans the removal of what was deployed of resources that there no longer
// are.
func PlanGone(ctx context.Context, target *Target, dropped []deploy.Footprint) ([]Gone, error) {
	gone, errs := make([]Gone, len(dropped)), make([]error, len(dropped))
	Parallel(readsAtOnce, len(dropped), func(i int) {
		f := dropped[i]
		desired := f.Desired()
		gone[i].Footprint = f
		gone[i].Remote, errs[i] = target.Client(&spec.Resource{Name: f.Resource, Region: f.Region, Service: desired.Service, Function: desired.Function})
		if errs[i] == nil {
			gone[i].Plan, errs[i] = deploy.PlanRemoval(ctx, gone[i].Remote, desired)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// readsAtOnce is how many resources are read at the same time.
const readsAtOnce = 16

// PlansOf gives the plans of removals.
func PlansOf(gone []Gone) []*deploy.Changes {
	plans := make([]*deploy.Changes, len(gone))
	for i, g := range gone {
		plans[i] = g.Plan
	}
	return plans
}
