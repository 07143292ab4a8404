package fcclient

import (
	"context"
	"encoding/json"
	"net/http"

	"s/pkg/fc"
)

// listPage is the page size of lists, the most that FC allows.
const listPage = "100"

// triggerAnswer reads a trigger of both APIs: FC 2.0 has the addresses at the
// top, and its triggerConfig may be an object where FC 3.0 has a string.
type triggerAnswer struct {
	fc.Trigger
	TriggerConfig json.RawMessage `json:"triggerConfig"`
	URLInternet   string          `json:"urlInternet"`
	URLIntranet   string          `json:"urlIntranet"`
}

func (a *triggerAnswer) trigger() fc.Trigger {
	t := a.Trigger
	if json.Unmarshal(a.TriggerConfig, &t.TriggerConfig) != nil {
		t.TriggerConfig = string(a.TriggerConfig)
	}
	if t.HTTPTrigger == nil && (a.URLInternet != "" || a.URLIntranet != "") {
		t.HTTPTrigger = &fc.HTTPTrigger{URLInternet: a.URLInternet, URLIntranet: a.URLIntranet}
	}
	return t
}

// ListTriggers gives all triggers of a function.
func (c *Client) ListTriggers(ctx context.Context, function string) ([]fc.Trigger, error) {
	var all []fc.Trigger
	query := map[string]string{"limit": listPage}
	for {
		var out struct {
			Triggers  []triggerAnswer
			NextToken string
		}
		err := c.do(ctx, call{
			action: "ListTriggers", method: http.MethodGet,
			path: c.functionPath(function, "triggers"), query: query, out: &out,
		})
		if err != nil {
			return nil, err
		}
		for i := range out.Triggers {
			all = append(all, out.Triggers[i].trigger())
		}
		if out.NextToken == "" {
			return all, nil
		}
		query = map[string]string{"limit": listPage, "nextToken": out.NextToken}
	}
}

// GetTrigger reads one trigger.
func (c *Client) GetTrigger(ctx context.Context, function, name string) (*fc.Trigger, error) {
	return c.triggerCall(ctx, call{action: "GetTrigger", method: http.MethodGet, path: c.functionPath(function, "triggers", name)})
}

// CreateTrigger attaches a trigger to a function.
func (c *Client) CreateTrigger(ctx context.Context, function string, t fc.Trigger) (*fc.Trigger, error) {
	body := t
	clearReadOnly(&body)
	out, err := c.triggerCall(ctx, call{
		action: "CreateTrigger", method: http.MethodPost, path: c.functionPath(function, "triggers"), body: body, repeatable: true,
	})
	if made(err) {
		return c.UpdateTrigger(ctx, function, t)
	}
	return out, err
}

// UpdateTrigger changes a trigger. Its type and source can't be changed.
func (c *Client) UpdateTrigger(ctx context.Context, function string, t fc.Trigger) (*fc.Trigger, error) {
	body := struct {
		Description    string `json:"description,omitempty"`
		InvocationRole string `json:"invocationRole,omitempty"`
		Qualifier      string `json:"qualifier,omitempty"`
		TriggerConfig  string `json:"triggerConfig,omitempty"`
	}{t.Description, t.InvocationRole, t.Qualifier, t.TriggerConfig}
	return c.triggerCall(ctx, call{
		action: "UpdateTrigger", method: http.MethodPut,
		path: c.functionPath(function, "triggers", t.TriggerName), body: body,
	})
}

// DeleteTrigger removes a trigger.
func (c *Client) DeleteTrigger(ctx context.Context, function, name string) error {
	return c.do(ctx, call{action: "DeleteTrigger", method: http.MethodDelete, path: c.functionPath(function, "triggers", name)})
}

func (c *Client) triggerCall(ctx context.Context, op call) (*fc.Trigger, error) {
	var out triggerAnswer
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	t := out.trigger()
	return &t, nil
}

func clearReadOnly(t *fc.Trigger) {
	t.TriggerID, t.HTTPTrigger, t.CreatedTime, t.LastModifiedTime = "", nil, "", ""
}
