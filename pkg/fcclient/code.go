package fcclient

import (
	"context"
	"net/http"
)

// CodeLocation is where the archive of a function's code can be had.
type CodeLocation struct {
	URL      string // good for some time, for whoever knows it
	Checksum string // CRC-64/ECMA of the archive, unsigned decimal
}

// GetFunctionCode tells where the code of a function is; qualifier may be empty for
// LATEST. A container has none, which is an error.
func (c *Client) GetFunctionCode(ctx context.Context, name, qualifier string) (*CodeLocation, error) {
	var out CodeLocation
	err := c.do(ctx, call{
		action: "GetFunctionCode", method: http.MethodGet, path: c.functionPath(name, "code"), query: qualified(qualifier), out: &out,
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}
