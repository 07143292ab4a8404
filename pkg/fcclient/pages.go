package fcclient

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"s/pkg/fc"
)

// listAll runs a list operation up to its last page and gives what its answers
// have in a field.
func listAll[T any](ctx context.Context, c *Client, op call, field string) ([]T, error) {
	op.method = http.MethodGet
	given, token, all := op.query, "", []T(nil)
	for {
		op.query = map[string]string{"limit": listPage}
		maps.Copy(op.query, given)
		if token != "" {
			op.query["nextToken"] = token
		}
		page := map[string]json.RawMessage{}
		op.out = &page
		if err := c.do(ctx, op); err != nil {
			return nil, err
		}
		token = ""
		var some []T
		for name, to := range map[string]any{field: &some, "nextToken": &token} {
			if page[name] == nil {
				continue
			}
			if err := json.Unmarshal(page[name], to); err != nil {
				return nil, fmt.Errorf("%s: %s of the answer can't be read: %w", op.action, name, err)
			}
		}
		all = append(all, some...)
		if token == "" {
			return all, nil
		}
	}
}

// resourceV2 is how FC 2.0 says what a configuration is of: by a path
// (services/S.QUALIFIER/functions/F), or by names.
type resourceV2 struct {
	Resource string `json:"resource"`
	Service  string `json:"service"`
	Function string `json:"function"`
}

// owned completes the owner that an answer has.
func (r resourceV2) owned(o *fc.Owner) {
	if r.Function != "" {
		o.FunctionName = fc.JoinName(r.Service, r.Function)
	}
	if rest, ok := strings.CutPrefix(r.Resource, "services/"); ok {
		service, function, _ := strings.Cut(rest, "/functions/")
		service, o.Qualifier, _ = strings.Cut(service, ".")
		o.FunctionName = fc.JoinName(service, function)
	}
	if _, rest, ok := strings.Cut(o.FunctionARN, ":functions/"); ok {
		o.FunctionName, o.Qualifier, _ = strings.Cut(rest, "/")
	}
	if o.FunctionName != "" && o.Qualifier == "" {
		o.Qualifier = fc.LatestQualifier
	}
}

// byFunction is the query of a list that is about one function, or about all.
func byFunction(function string) map[string]string {
	if function == "" {
		return nil
	}
	return map[string]string{"functionName": function}
}

// only3 guards what FC 2.0 hasn't got.
func (c *Client) only3(what string) error {
	if c.config.V2 {
		return fmt.Errorf("%s exist in API version %s only", what, fc.APIVersion3)
	}
	return nil
}
