package fcclient

import (
	"context"
	"net/http"

	"s/pkg/fc"
)

// asyncAnswer reads the configuration of both APIs: FC 2.0 calls asyncTask
// statefulInvocation.
type asyncAnswer struct {
	resourceV2
	fc.AsyncStatus
	StatefulInvocation bool `json:"statefulInvocation"`
}

func (a *asyncAnswer) status() *fc.AsyncStatus {
	a.owned(&a.Owner)
	a.AsyncTask = a.AsyncTask || a.StatefulInvocation
	return &a.AsyncStatus
}

// asyncAction is the name of an operation, which FC 2.0 gives another.
func (c *Client) asyncAction(verb, what string) string {
	if c.config.V2 {
		return verb + "Function" + what
	}
	return verb + what
}

func (c *Client) asyncCall(ctx context.Context, function, qualifier string, op call) (*fc.AsyncStatus, error) {
	var out asyncAnswer
	op.path, op.query, op.out = c.functionPath(function, "async-invoke-config"), qualified(qualifier), &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return out.status(), nil
}

// GetAsyncInvokeConfig reads how events without a waiting caller are handled;
// qualifier may be empty for LATEST.
func (c *Client) GetAsyncInvokeConfig(ctx context.Context, function, qualifier string) (*fc.AsyncStatus, error) {
	return c.asyncCall(ctx, function, qualifier, call{action: c.asyncAction("Get", "AsyncInvokeConfig"), method: http.MethodGet})
}

// PutAsyncInvokeConfig sets it; what config leaves out gets the service's
// default.
func (c *Client) PutAsyncInvokeConfig(ctx context.Context, function, qualifier string, config fc.AsyncConfig) (*fc.AsyncStatus, error) {
	body := struct {
		fc.AsyncConfig
		AsyncTask          *bool                 `json:"asyncTask,omitempty"`
		StatefulInvocation *bool                 `json:"statefulInvocation,omitempty"`
		DestinationConfig  *fc.DestinationConfig `json:"destinationConfig"`
	}{AsyncConfig: config, DestinationConfig: config.DestinationConfig}
	if body.DestinationConfig == nil {
		body.DestinationConfig = &fc.DestinationConfig{}
	}
	if c.config.V2 {
		body.StatefulInvocation = &config.AsyncTask
	} else {
		body.AsyncTask = &config.AsyncTask
	}
	return c.asyncCall(ctx, function, qualifier, call{action: c.asyncAction("Put", "AsyncInvokeConfig"), method: http.MethodPut, body: body})
}

// DeleteAsyncInvokeConfig brings the service's defaults back.
func (c *Client) DeleteAsyncInvokeConfig(ctx context.Context, function, qualifier string) error {
	return c.do(ctx, call{
		action: c.asyncAction("Delete", "AsyncInvokeConfig"), method: http.MethodDelete,
		path: c.functionPath(function, "async-invoke-config"), query: qualified(qualifier),
	})
}

// ListAsyncInvokeConfigs gives those of a function, of whatever qualifier. In FC
// 3.0 function may be empty for all of them.
func (c *Client) ListAsyncInvokeConfigs(ctx context.Context, function string) ([]fc.AsyncStatus, error) {
	op := call{action: c.asyncAction("List", "AsyncInvokeConfigs"), path: c.path("async-invoke-configs"), query: byFunction(function)}
	if c.config.V2 {
		op.path, op.query = c.functionPath(function, "async-invoke-configs"), nil
	}
	answers, err := listAll[asyncAnswer](ctx, c, op, "configs")
	if err != nil {
		return nil, err
	}
	list := make([]fc.AsyncStatus, len(answers))
	for i := range answers {
		list[i] = *answers[i].status()
	}
	return list, nil
}
