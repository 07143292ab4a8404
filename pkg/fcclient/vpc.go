package fcclient

import (
	"context"
	"net/http"

	"s/pkg/fc"
)

// bindingPath is where the VPCs are that may call: a function's in FC 3.0, its
// service's in FC 2.0.
func (c *Client) bindingPath(function string, more ...string) string {
	if !c.config.V2 {
		return c.functionPath(function, append([]string{"vpc-bindings"}, more...)...)
	}
	service, name := fc.SplitName(function)
	if service == "" {
		service = name
	}
	return c.path(append([]string{"services", service, "bindings"}, more...)...)
}

// ListVPCBindings gives the ids of the only VPCs that may call a function; none
// is no bound. In FC 2.0 they are those of the function's service, which may be
// named alone.
func (c *Client) ListVPCBindings(ctx context.Context, function string) ([]string, error) {
	var out struct {
		VPCIDs []string `json:"vpcIds"`
	}
	err := c.do(ctx, call{action: "ListVpcBindings", method: http.MethodGet, path: c.bindingPath(function), out: &out})
	return out.VPCIDs, err
}

// CreateVPCBinding lets a VPC call a function, or all of a service in FC 2.0.
func (c *Client) CreateVPCBinding(ctx context.Context, function, vpc string) error {
	body := struct {
		VPCID string `json:"vpcId"`
	}{vpc}
	err := c.do(ctx, call{
		action: "CreateVpcBinding", method: http.MethodPost, path: c.bindingPath(function), body: body, repeatable: true,
	})
	if made(err) {
		return nil
	}
	return err
}

// DeleteVPCBinding takes that back.
func (c *Client) DeleteVPCBinding(ctx context.Context, function, vpc string) error {
	return c.do(ctx, call{action: "DeleteVpcBinding", method: http.MethodDelete, path: c.bindingPath(function, vpc)})
}

// DisableInvocation lets nobody call a function; with abort what it does is ended,
// else it finishes. FC 3.0 only.
func (c *Client) DisableInvocation(ctx context.Context, function, reason string, abort bool) error {
	if err := c.only3("restrictions of invocations"); err != nil {
		return err
	}
	body := struct {
		Reason string `json:"reason"`
		Abort  bool   `json:"abortOngoingRequest"`
	}{reason, abort}
	return c.do(ctx, call{action: "DisableFunctionInvocation", method: http.MethodPost, path: c.functionPath(function, "invoke", "disable"), body: body, repeatable: true})
}

// EnableInvocation takes that back.
func (c *Client) EnableInvocation(ctx context.Context, function string) error {
	if err := c.only3("restrictions of invocations"); err != nil {
		return err
	}
	return c.do(ctx, call{action: "EnableFunctionInvocation", method: http.MethodPost, path: c.functionPath(function, "invoke", "enable"), repeatable: true})
}
