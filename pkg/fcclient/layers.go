package fcclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"

	"s/pkg/debug"
	"s/pkg/fc"
)

// layerAnswer reads a version of a layer in either version of the API.
type layerAnswer struct {
	fc.LayerVersion
	ACL   json.RawMessage `json:"acl"` // a number in FC 2.0, a text in 3.0
	ARN   string          `json:"arn"`
	ARNV2 string          `json:"arnV2"`
}

func (a *layerAnswer) version() *fc.LayerVersion {
	v := a.LayerVersion
	v.ACL = string(bytes.Trim(a.ACL, `"`))
	for _, arn := range []string{a.ARNV2, a.ARN} {
		if v.LayerVersionARN == "" {
			v.LayerVersionARN = arn
		}
	}
	return &v
}

func (c *Client) layerCall(ctx context.Context, op call) (*fc.LayerVersion, error) {
	var out layerAnswer
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return out.version(), nil
}

func (c *Client) layerPath(name string, more ...string) string {
	return c.path(append([]string{"layers", name}, more...)...)
}

// PublishLayerVersion makes a new version of a layer (CreateLayerVersion).
func (c *Client) PublishLayerVersion(ctx context.Context, in fc.LayerInput) (*fc.LayerVersion, error) {
	code, zip := setAside(in.Code)
	body := map[string]any{"description": in.Description, "compatibleRuntime": in.CompatibleRuntime}
	if c.config.V2 {
		body["Code"] = code // as the SDK of 2021-04-06 spells it
	} else {
		body["code"] = code
		if in.License != "" {
			body["license"] = in.License
		}
	}
	return c.layerCall(ctx, call{
		action: "CreateLayerVersion", method: http.MethodPost, path: c.layerPath(in.LayerName, "versions"), body: body, zip: zip,
	})
}

// GetLayerVersion reads a version of a layer, with where its code can be fetched.
func (c *Client) GetLayerVersion(ctx context.Context, name string, version int) (*fc.LayerVersion, error) {
	return c.layerCall(ctx, call{action: "GetLayerVersion", method: http.MethodGet, path: c.layerPath(name, "versions", strconv.Itoa(version))})
}

// GetLayerVersionByARN is the same by an ARN, which may be another account's.
func (c *Client) GetLayerVersionByARN(ctx context.Context, arn string) (*fc.LayerVersion, error) {
	return c.layerCall(ctx, call{action: "GetLayerVersionByArn", method: http.MethodGet, path: c.path("layerarn", arn), host: hostInvoke})
}

// ListLayers gives the newest version of each layer that the filter chooses.
func (c *Client) ListLayers(ctx context.Context, filter fc.LayerFilter) ([]fc.LayerVersion, error) {
	query := map[string]string{"public": strconv.FormatBool(filter.Public), "official": strconv.FormatBool(filter.Official)}
	if filter.Prefix != "" {
		query["prefix"] = filter.Prefix
	}
	all, err := listAll[layerAnswer](ctx, c, call{action: "ListLayers", path: c.path("layers"), query: query}, "layers")
	return layerVersions(all), err
}

func layerVersions(answers []layerAnswer) []fc.LayerVersion {
	var out []fc.LayerVersion
	for i := range answers {
		out = append(out, *answers[i].version())
	}
	return out
}

// ListLayerVersions gives all versions of a layer, the oldest first; none if
// there is no such layer.
func (c *Client) ListLayerVersions(ctx context.Context, name string) ([]fc.LayerVersion, error) {
	var all []fc.LayerVersion
	for start := 1; start > 0; {
		var page struct {
			Layers      []layerAnswer `json:"layers"`
			NextVersion int           `json:"nextVersion"`
		}
		err := c.do(ctx, call{
			action: "ListLayerVersions", method: http.MethodGet, path: c.layerPath(name, "versions"), out: &page,
			query: map[string]string{"limit": listPage, "startVersion": strconv.Itoa(start)},
		})
		if fc.IsNotFound(err) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, layerVersions(page.Layers)...)
		if page.NextVersion <= start {
			return all, nil
		}
		start = page.NextVersion
	}
	return all, nil
}

// DeleteLayerVersion removes a version of a layer. Functions that have it keep it.
func (c *Client) DeleteLayerVersion(ctx context.Context, name string, version int) error {
	return c.do(ctx, call{action: "DeleteLayerVersion", method: http.MethodDelete, path: c.layerPath(name, "versions", strconv.Itoa(version))})
}

// PutLayerACL lets everybody use a layer, or this account alone.
func (c *Client) PutLayerACL(ctx context.Context, name string, public bool) error {
	query := map[string]string{"public": strconv.FormatBool(public)}
	if !c.config.V2 {
		query["acl"] = fc.LayerPrivate
		if public {
			query["acl"] = fc.LayerPublic
		}
	}
	return c.do(ctx, call{action: "PutLayerACL", method: http.MethodPut, path: c.layerPath(name, "acl"), query: query})
}

// DownloadCode writes the archive behind a URL that the service gave. checksum is
// its CRC-64/ECMA as decimal; empty isn't compared. What was written before an
// error is no archive.
func (c *Client) DownloadCode(ctx context.Context, location, checksum string, w io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return fmt.Errorf("download the code: %w", err)
	}
	r.Header.Set("User-Agent", c.userAgent())
	way := c.config.Debug.Transport(c.transport, debug.Requests{Topic: "api", Action: "download", Version: c.version()})
	response, err := way.RoundTrip(r)
	if err != nil {
		return c.unreachable(ctx, r.URL.Host, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("download the code: %s answers %s", r.URL.Host, response.Status)
	}
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	if _, err := io.Copy(io.MultiWriter(w, sum), response.Body); err != nil {
		return fmt.Errorf("download the code: %w", err)
	}
	if got := strconv.FormatUint(sum.Sum64(), 10); checksum != "" && got != checksum {
		return fmt.Errorf("download the code: the archive has the checksum %s instead of %s; try again", got, checksum)
	}
	return nil
}
