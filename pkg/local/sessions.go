package local

import (
	"context"

	"s/pkg/local/control"
	"s/pkg/local/gateway"
	"s/pkg/runtime/pool"
)

var _ gateway.SessionPool = (*pool.Pool)(nil)

// sessions gives the management API the sessions of a function.
func (c *Cloud) sessions(ctx context.Context, region, function, qualifier string, do func(control.SessionPool) error) error {
	t := gateway.Target{Region: region, Function: function, Qualifier: qualifier}
	return c.gateway.WithSessions(ctx, t, func(p gateway.SessionPool) error { return do(p) })
}
