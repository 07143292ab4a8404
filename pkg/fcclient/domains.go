package fcclient

import (
	"context"
	"net/http"

	"s/pkg/fc"
)

func (c *Client) domainCall(ctx context.Context, op call) (*fc.CustomDomain, error) {
	var out fc.CustomDomain
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return &out, nil
}

// GetCustomDomain reads a custom domain.
func (c *Client) GetCustomDomain(ctx context.Context, name string) (*fc.CustomDomain, error) {
	return c.domainCall(ctx, call{action: "GetCustomDomain", method: http.MethodGet, path: c.path("custom-domains", name)})
}

// CreateCustomDomain makes one. Its name must resolve to the service's address
// already.
func (c *Client) CreateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error) {
	out, err := c.domainCall(ctx, call{
		action: "CreateCustomDomain", method: http.MethodPost, path: c.path("custom-domains"), body: writableDomain(d), repeatable: true,
	})
	if made(err) {
		return c.UpdateCustomDomain(ctx, d)
	}
	return out, err
}

// UpdateCustomDomain changes one; empty parts stay as they are.
func (c *Client) UpdateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error) {
	body := struct {
		fc.CustomDomain
		DomainName string `json:"domainName,omitempty"` // it is in the path
	}{CustomDomain: writableDomain(d)}
	return c.domainCall(ctx, call{action: "UpdateCustomDomain", method: http.MethodPut, path: c.path("custom-domains", d.DomainName), body: body})
}

// DeleteCustomDomain removes one, and with it its routes.
func (c *Client) DeleteCustomDomain(ctx context.Context, name string) error {
	return c.do(ctx, call{action: "DeleteCustomDomain", method: http.MethodDelete, path: c.path("custom-domains", name)})
}

// ListCustomDomains gives those whose name starts with a prefix; an empty one is
// all of the region.
func (c *Client) ListCustomDomains(ctx context.Context, prefix string) ([]fc.CustomDomain, error) {
	op := call{action: "ListCustomDomains", path: c.path("custom-domains")}
	if prefix != "" {
		op.query = map[string]string{"prefix": prefix}
	}
	return listAll[fc.CustomDomain](ctx, c, op, "customDomains")
}

// writableDomain clears what only the service sets.
func writableDomain(d fc.CustomDomain) fc.CustomDomain {
	d.AccountID, d.APIVersion, d.CreatedTime, d.LastModifiedTime, d.SubdomainCount = "", "", "", "", ""
	return d
}
