package fcclient

import (
	"context"
	"net/http"
)

// Instance is a running instance of a function, as ListInstances gives it.
type Instance struct {
	InstanceID    string `json:"instanceId"`
	VersionID     string `json:"versionId,omitempty"`
	Qualifier     string `json:"qualifier,omitempty"`
	Status        string `json:"status,omitempty"`        // Running, ...; FC 2.0 says none
	CreatedTimeMS int64  `json:"createdTimeMs,omitempty"` // since the epoch
}

// ListInstances gives the instances of a function that are active.
func (c *Client) ListInstances(ctx context.Context, function, qualifier string) ([]Instance, error) {
	query := map[string]string{}
	if qualifier != "" {
		query["qualifier"] = qualifier
	}
	if !c.config.V2 {
		query["withAllActive"] = "true"
	}
	var out struct{ Instances []Instance }
	err := c.do(ctx, call{
		action: "ListInstances", method: http.MethodGet,
		path: c.functionPath(function, "instances"), query: query, out: &out,
	})
	return out.Instances, err
}
