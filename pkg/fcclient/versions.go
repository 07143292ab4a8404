package fcclient

import (
	"context"
	"maps"
	"net/http"

	"s/pkg/fc"
)

// ownerPath is the path of what has the versions of a function: the function
// itself, or its service in FC 2.0.
func (c *Client) ownerPath(function string, more ...string) string {
	service, _ := fc.SplitName(function)
	if c.config.V2 {
		return c.path(append([]string{"services", service}, more...)...)
	}
	return c.path(append([]string{"functions", function}, more...)...)
}

// PublishVersion publishes what a function is now; of FC 2.0, its service with all
// functions. Without a change since the last one, the service refuses it.
func (c *Client) PublishVersion(ctx context.Context, function, description string) (*fc.Version, error) {
	op := call{
		action: "PublishFunctionVersion", method: http.MethodPost, path: c.ownerPath(function, "versions"),
		body: map[string]string{"description": description},
	}
	if c.config.V2 {
		op.action = "PublishServiceVersion"
	}
	var out fc.Version
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return &out, nil
}

// ListVersions lists the versions of a function, or of its service in FC 2.0, the
// newest first; all of them if limit is 0.
func (c *Client) ListVersions(ctx context.Context, function string, limit int) ([]fc.Version, error) {
	op := call{action: "ListFunctionVersions", method: http.MethodGet, path: c.ownerPath(function, "versions")}
	if c.config.V2 {
		op.action = "ListServiceVersions"
	}
	query := map[string]string{"direction": "BACKWARD"}
	var all []fc.Version
	err := c.pages(ctx, op, query, func() (any, func() (string, bool)) {
		var out struct {
			Versions  []fc.Version
			NextToken string
		}
		return &out, func() (string, bool) {
			all = append(all, out.Versions...)
			return out.NextToken, limit == 0 || len(all) < limit
		}
	})
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, err
}

// DeleteVersion removes a version. What an alias leads to isn't looked at.
func (c *Client) DeleteVersion(ctx context.Context, function, version string) error {
	op := call{action: "DeleteFunctionVersion", method: http.MethodDelete, path: c.ownerPath(function, "versions", version)}
	if c.config.V2 {
		op.action = "DeleteServiceVersion"
	}
	return c.do(ctx, op)
}

// ListAliases lists the aliases of a function, or of its service in FC 2.0.
func (c *Client) ListAliases(ctx context.Context, function string) ([]fc.Alias, error) {
	op := call{action: "ListAliases", method: http.MethodGet, path: c.ownerPath(function, "aliases")}
	var all []fc.Alias
	err := c.pages(ctx, op, nil, func() (any, func() (string, bool)) {
		var out struct {
			Aliases   []fc.Alias
			NextToken string
		}
		return &out, func() (string, bool) {
			all = append(all, out.Aliases...)
			return out.NextToken, true
		}
	})
	return all, err
}

// pages makes a call for each page of a list. answer gives what a page is read
// into, and what is then done with it: that tells the token of the next page, and
// whether it is wanted.
func (c *Client) pages(ctx context.Context, op call, query map[string]string, answer func() (any, func() (string, bool))) error {
	token := ""
	for {
		op.query = map[string]string{"limit": listPage}
		maps.Copy(op.query, query)
		if token != "" {
			op.query["nextToken"] = token
		}
		out, read := answer()
		op.out = out
		if err := c.do(ctx, op); err != nil {
			return err
		}
		more := false
		if token, more = read(); token == "" || !more {
			return nil
		}
	}
}

// GetAlias reads an alias.
func (c *Client) GetAlias(ctx context.Context, function, name string) (*fc.Alias, error) {
	return c.aliasCall(ctx, call{action: "GetAlias", method: http.MethodGet, path: c.ownerPath(function, "aliases", name)})
}

// CreateAlias makes an alias.
func (c *Client) CreateAlias(ctx context.Context, function string, a fc.Alias) (*fc.Alias, error) {
	body := aliasBody(a)
	body["aliasName"] = a.AliasName
	out, err := c.aliasCall(ctx, call{
		action: "CreateAlias", method: http.MethodPost, path: c.ownerPath(function, "aliases"), body: body, repeatable: true,
	})
	if made(err) {
		return c.UpdateAlias(ctx, function, a)
	}
	return out, err
}

// UpdateAlias changes an alias; its weights are replaced.
func (c *Client) UpdateAlias(ctx context.Context, function string, a fc.Alias) (*fc.Alias, error) {
	return c.aliasCall(ctx, call{
		action: "UpdateAlias", method: http.MethodPut, path: c.ownerPath(function, "aliases", a.AliasName), body: aliasBody(a),
	})
}

func aliasBody(a fc.Alias) map[string]any {
	weights := a.AdditionalVersionWeight
	if weights == nil {
		weights = map[string]float64{}
	}
	return map[string]any{"versionId": a.VersionID, "description": a.Description, "additionalVersionWeight": weights}
}

// DeleteAlias removes an alias.
func (c *Client) DeleteAlias(ctx context.Context, function, name string) error {
	return c.do(ctx, call{action: "DeleteAlias", method: http.MethodDelete, path: c.ownerPath(function, "aliases", name)})
}

func (c *Client) aliasCall(ctx context.Context, op call) (*fc.Alias, error) {
	var out fc.Alias
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return &out, nil
}
