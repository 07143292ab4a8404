package fcclient

import (
	"context"
	"net/http"

	"s/pkg/fc"
)

type concurrencyAnswer struct {
	resourceV2
	fc.ConcurrencyStatus
}

func (c *Client) concurrencyCall(ctx context.Context, function string, op call) (*fc.ConcurrencyStatus, error) {
	if err := c.only3("concurrency configs"); err != nil {
		return nil, err
	}
	var out concurrencyAnswer
	op.path, op.out = c.functionPath(function, "concurrency"), &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	out.owned(&out.Owner)
	return &out.ConcurrencyStatus, nil
}

// GetConcurrencyConfig reads how many instances are reserved for a function. FC
// 3.0 alone has it.
func (c *Client) GetConcurrencyConfig(ctx context.Context, function string) (*fc.ConcurrencyStatus, error) {
	return c.concurrencyCall(ctx, function, call{action: "GetConcurrencyConfig", method: http.MethodGet})
}

// PutConcurrencyConfig reserves instances for a function, which are its most,
// too.
func (c *Client) PutConcurrencyConfig(ctx context.Context, function string, config fc.ConcurrencyConfig) (*fc.ConcurrencyStatus, error) {
	return c.concurrencyCall(ctx, function, call{action: "PutConcurrencyConfig", method: http.MethodPut, body: config})
}

// DeleteConcurrencyConfig gives the reserved instances back.
func (c *Client) DeleteConcurrencyConfig(ctx context.Context, function string) error {
	if err := c.only3("concurrency configs"); err != nil {
		return err
	}
	return c.do(ctx, call{action: "DeleteConcurrencyConfig", method: http.MethodDelete, path: c.functionPath(function, "concurrency")})
}

// ListConcurrencyConfigs gives that of a function; an empty function is all of
// them.
func (c *Client) ListConcurrencyConfigs(ctx context.Context, function string) ([]fc.ConcurrencyStatus, error) {
	if err := c.only3("concurrency configs"); err != nil {
		return nil, err
	}
	answers, err := listAll[concurrencyAnswer](ctx, c, call{
		action: "ListConcurrencyConfigs", path: c.path("concurrency-configs"), query: byFunction(function),
	}, "configs")
	if err != nil {
		return nil, err
	}
	list := make([]fc.ConcurrencyStatus, len(answers))
	for i := range answers {
		answers[i].owned(&answers[i].Owner)
		list[i] = answers[i].ConcurrencyStatus
	}
	return list, nil
}

type onDemandAnswer struct {
	resourceV2
	fc.OnDemandStatus
}

func (c *Client) onDemandCall(ctx context.Context, function, qualifier string, op call) (*fc.OnDemandStatus, error) {
	if !c.config.V2 {
		return nil, errNoOnDemand
	}
	var out onDemandAnswer
	op.path, op.query, op.out = c.functionPath(function, "on-demand-config"), qualified(qualifier), &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	out.owned(&out.Owner)
	return &out.OnDemandStatus, nil
}

// GetOnDemandConfig reads how many instances a function may have in FC 2.0.
func (c *Client) GetOnDemandConfig(ctx context.Context, function, qualifier string) (*fc.OnDemandStatus, error) {
	return c.onDemandCall(ctx, function, qualifier, call{action: "GetFunctionOnDemandConfig", method: http.MethodGet})
}

// PutOnDemandConfig sets it.
func (c *Client) PutOnDemandConfig(ctx context.Context, function, qualifier string, config fc.OnDemandConfig) (*fc.OnDemandStatus, error) {
	return c.onDemandCall(ctx, function, qualifier, call{action: "PutFunctionOnDemandConfig", method: http.MethodPut, body: config})
}

// DeleteOnDemandConfig lifts the bound.
func (c *Client) DeleteOnDemandConfig(ctx context.Context, function, qualifier string) error {
	if !c.config.V2 {
		return errNoOnDemand
	}
	return c.do(ctx, call{
		action: "DeleteFunctionOnDemandConfig", method: http.MethodDelete,
		path: c.functionPath(function, "on-demand-config"), query: qualified(qualifier),
	})
}

// ListOnDemandConfigs gives those of all functions of FC 2.0.
func (c *Client) ListOnDemandConfigs(ctx context.Context) ([]fc.OnDemandStatus, error) {
	if !c.config.V2 {
		return nil, errNoOnDemand
	}
	answers, err := listAll[onDemandAnswer](ctx, c, call{action: "ListOnDemandConfigs", path: c.path("on-demand-configs")}, "configs")
	if err != nil {
		return nil, err
	}
	list := make([]fc.OnDemandStatus, len(answers))
	for i := range answers {
		answers[i].owned(&answers[i].Owner)
		list[i] = answers[i].OnDemandStatus
	}
	return list, nil
}
