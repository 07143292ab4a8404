package invoke

import (
	"context"
	"fmt"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// LocalRegion is the region name under which functions that aren't deployed are
// run in the local cloud, so that they don't mix with what is deployed there.
const LocalRegion = "local-run"

// Local runs functions in the local cloud straight from the project.
type Local struct {
	Artifacts deploy.Artifacts
	// Client gives a client of the local cloud for a region, starting the cloud
	// if need be; v2 speaks the API of edition 1.0.0.
	Client func(ctx context.Context, region string, v2 bool) (*fcclient.Client, error)
	// Tell hears where the code comes from; may be nil.
	Tell func(*deploy.Prepared)
}

// Ensure brings the function of a resource up to date in the local cloud, under
// LocalRegion and with no trigger but that which it is called by, and gives a client that calls it.
func (l Local) Ensure(ctx context.Context, project *spec.Project, r *spec.Resource) (*fcclient.Client, error) {
	prepared, err := deploy.Preparer{Artifacts: l.Artifacts}.Prepare(ctx, project, r)
	if err != nil {
		return nil, err
	}
	if l.Tell != nil {
		l.Tell(prepared)
	}
	desired := prepared.Desired
	desired.Region, desired.Triggers = LocalRegion, ownTrigger(r)
	client, err := l.Client(ctx, LocalRegion, r.Service != nil)
	if err != nil {
		return nil, err
	}
	actual, err := deploy.Read(ctx, client, desired)
	if err != nil {
		return nil, fmt.Errorf("local runtime: %w", err)
	}
	if _, err := deploy.Apply(ctx, client, deploy.Plan(desired, actual), deploy.Hooks{}); err != nil {
		return nil, fmt.Errorf("local runtime: %w", err)
	}
	return client, nil
}

// ownTrigger gives the trigger that an HTTP function of FC 2.0 is called by. Its name
// is always the same one, since a function can't have two.
func ownTrigger(r *spec.Resource) []fc.Trigger {
	t := HTTPTrigger(r, "")
	if t == nil {
		return nil
	}
	return []fc.Trigger{{TriggerName: fc.TriggerHTTP, TriggerType: fc.TriggerHTTP, TriggerConfig: t.TriggerConfig}}
}
