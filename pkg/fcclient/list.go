package fcclient

import (
	"context"
	"maps"
	"net/http"
	"strconv"

	"s/pkg/fc"
)

// FunctionQuery says which functions ListFunctionsPage gives.
type FunctionQuery struct {
	Service   string // of FC 2.0, where it is required
	Prefix    string // of their names
	Limit     int    // 1 to 100; 0 is the service's default
	NextToken string // of the page before
}

// FunctionPage is a part of the functions of a region, by name.
type FunctionPage struct {
	Functions []fc.Function
	NextToken string // empty on the last page
}

// ListFunctionsPage gives a page of the functions of the client's region
// (ListFunctions). Those of FC 2.0 are called service$function, as in FC 3.0.
func (c *Client) ListFunctionsPage(ctx context.Context, q FunctionQuery) (*FunctionPage, error) {
	op := call{action: "ListFunctions", method: http.MethodGet, path: c.path("functions"), query: page(q.Prefix, q.Limit, q.NextToken)}
	if c.config.V2 {
		op.path = c.path("services", q.Service, "functions")
		var out struct {
			Functions []functionV2
			NextToken string
		}
		op.out = &out
		if err := c.do(ctx, op); err != nil {
			return nil, err
		}
		list := &FunctionPage{NextToken: out.NextToken, Functions: make([]fc.Function, len(out.Functions))}
		for i := range out.Functions {
			list.Functions[i] = *out.Functions[i].function(q.Service)
		}
		return list, nil
	}
	var out struct {
		Functions []functionAnswer
		NextToken string
	}
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	list := &FunctionPage{NextToken: out.NextToken, Functions: make([]fc.Function, len(out.Functions))}
	for i := range out.Functions {
		list.Functions[i] = *out.Functions[i].function()
	}
	return list, nil
}

// ListFunctions gives up to limit functions; service chooses one of FC 2.0's.
func (c *Client) ListFunctions(ctx context.Context, service string, limit int) ([]fc.Function, error) {
	list, err := c.ListFunctionsPage(ctx, FunctionQuery{Service: service, Limit: limit})
	if err != nil {
		return nil, err
	}
	return list.Functions, nil
}

// page is the query of a list operation, less what isn't set.
func page(prefix string, limit int, next string) map[string]string {
	query := map[string]string{"prefix": prefix, "nextToken": next}
	if limit > 0 {
		query["limit"] = strconv.Itoa(limit)
	}
	maps.DeleteFunc(query, func(_, v string) bool { return v == "" })
	return query
}
