package fcclient

import (
	"context"
	"fmt"
	"net/http"

	"s/pkg/fc"
)

// errNoServices guards the operations that FC 3.0 no longer has.
var errNoServices = fmt.Errorf("services exist in API version %s only", fc.APIVersion2)

// GetService reads a service of FC 2.0.
func (c *Client) GetService(ctx context.Context, name string) (*fc.Service, error) {
	return c.serviceCall(ctx, call{action: "GetService", method: http.MethodGet, path: c.path("services", name)})
}

// CreateService makes a service of FC 2.0.
func (c *Client) CreateService(ctx context.Context, s fc.Service) (*fc.Service, error) {
	out, err := c.serviceCall(ctx, call{
		action: "CreateService", method: http.MethodPost, path: c.path("services"), body: writableService(s), repeatable: true,
	})
	if made(err) {
		return c.UpdateService(ctx, s)
	}
	return out, err
}

// UpdateService changes a service of FC 2.0; empty fields stay as they are.
func (c *Client) UpdateService(ctx context.Context, s fc.Service) (*fc.Service, error) {
	path := c.path("services", s.ServiceName)
	s.ServiceName = "" // it is no field of this operation
	return c.serviceCall(ctx, call{action: "UpdateService", method: http.MethodPut, path: path, body: writableService(s)})
}

// DeleteService removes a service of FC 2.0, which must have no function.
func (c *Client) DeleteService(ctx context.Context, name string) error {
	if !c.config.V2 {
		return errNoServices
	}
	return c.do(ctx, call{action: "DeleteService", method: http.MethodDelete, path: c.path("services", name)})
}

func (c *Client) serviceCall(ctx context.Context, op call) (*fc.Service, error) {
	if !c.config.V2 {
		return nil, errNoServices
	}
	var out fc.Service
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return &out, nil
}

func writableService(s fc.Service) fc.Service {
	s.ServiceID, s.CreatedTime, s.LastModifiedTime = "", "", ""
	return s
}
