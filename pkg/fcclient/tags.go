package fcclient

import (
	"context"
	"encoding/json"
	"net/http"

	"s/pkg/fc"
)

// taggedFunction is what the operations on tags call a function (SDK
// fc-20230330: TagResources).
const taggedFunction = "FUNCTION"

// TagFunction sets tags of a function, which is named by its ARN; others that it
// has stay. FC 3.0 alone has tags of functions.
func (c *Client) TagFunction(ctx context.Context, arn string, tags []fc.Tag) error {
	body := struct {
		ResourceID   []string `json:"ResourceId"`
		ResourceType string
		Tag          []fc.Tag
	}{[]string{arn}, taggedFunction, tags}
	return c.do(ctx, call{action: "TagResources", method: http.MethodPost, path: c.path("tags-v2"), body: body, repeatable: true})
}

// UntagFunction takes tags off a function, by their keys. One that it hasn't got
// is no error.
func (c *Client) UntagFunction(ctx context.Context, arn string, keys []string) error {
	return c.do(ctx, call{
		action: "UntagResources", method: http.MethodDelete, path: c.path("tags-v2"),
		query: map[string]string{"ResourceId": jsonList(arn), "ResourceType": taggedFunction, "TagKey": jsonList(keys...)},
	})
}

// MoveFunction puts a function into another resource group.
func (c *Client) MoveFunction(ctx context.Context, name, group string) error {
	body := struct {
		NewResourceGroupID string `json:"NewResourceGroupId"`
		ResourceID         string `json:"ResourceId"`
		ResourceType       string
	}{group, name, "function"}
	return c.do(ctx, call{action: "ChangeResourceGroup", method: http.MethodPut, path: c.path("resource-groups"), body: body})
}

// jsonList is a list as these operations take it in a query: one JSON array.
func jsonList(items ...string) string {
	data, _ := json.Marshal(items) // texts always marshal
	return string(data)
}
