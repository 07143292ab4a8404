package control

import (
	"fmt"
	"strconv"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// maxLayerName is the length of a layer's name in characters (CreateLayerVersion).
const maxLayerName = 64

// layerRoutes are the operations on layers, the same in all versions.
func layerRoutes() []route {
	return []route{
		{method: "GET", path: "layers", handle: listLayers},
		{method: "PUT", path: "layers/{layer}/acl", handle: putLayerACL},
		{method: "POST", path: "layers/{layer}/versions", handle: createLayerVersion},
		{method: "GET", path: "layers/{layer}/versions", handle: listLayerVersions},
		{method: "GET", path: "layers/{layer}/versions/{version}", handle: getLayerVersion},
		{method: "DELETE", path: "layers/{layer}/versions/{version}", handle: deleteLayerVersion},
		{method: "GET", path: "layerarn/{arn}", handle: getLayerVersionByARN},
	}
}

// layerV2 is a version of a layer as FC 2.0 shows it.
type layerV2 struct {
	LayerName         string        `json:"layerName"`
	Version           int           `json:"version"`
	ARN               string        `json:"arn"` // the old form
	ARNV2             string        `json:"arnV2"`
	Description       string        `json:"description"`
	CompatibleRuntime []string      `json:"compatibleRuntime"`
	CodeSize          int64         `json:"codeSize"`
	CodeChecksum      string        `json:"codeChecksum"`
	CreateTime        string        `json:"createTime"`
	ACL               int           `json:"acl"`
	Code              *fc.LayerCode `json:"code,omitempty"`
}

// layerInput is what CreateLayerVersion is given beside the code.
type layerInput struct {
	Description       string   `json:"description"`
	License           string   `json:"license"`
	CompatibleRuntime []string `json:"compatibleRuntime"`
}

func createLayerVersion(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	if err := checkName("layerName", c.args["layer"], maxLayerName); err != nil {
		return answer{}, err
	}
	if code, old := given["Code"]; old && given["code"] == nil { // the spelling of 2021-04-06
		given["code"] = code
	}
	code, has, release, err := c.takeCode(given)
	if err != nil {
		return answer{}, err
	}
	if !has {
		return answer{}, reply.Invalid("code is required")
	}
	defer release()
	var in layerInput
	if err := merge(layerInput{}, given, &in); err != nil {
		return answer{}, err
	}
	if err := checkLayer(&in); err != nil {
		return answer{}, err
	}
	v := &store.LayerVersion{
		Region: c.region, Name: c.args["layer"], Description: in.Description, License: in.License,
		Runtimes: in.CompatibleRuntime, CreateTime: c.now(), Code: code,
	}
	if err := c.cfg.Store.PublishLayer(v); err != nil {
		return answer{}, err
	}
	return ok(c.layerWithCode(v))
}

func checkLayer(in *layerInput) error {
	if err := checkDescription(in.Description); err != nil {
		return err
	}
	for _, name := range in.CompatibleRuntime {
		if _, known := fc.LookupRuntime(name); !known {
			return invalid("compatibleRuntime '%s' is not one of %s", name, runtimeNames())
		}
	}
	return nil
}

func getLayerVersion(c *call) (answer, error) {
	v, err := c.layerVersion()
	if err != nil {
		return answer{}, err
	}
	return ok(c.layerWithCode(v))
}

// layerVersion finds the one in the path.
func (c *call) layerVersion() (*store.LayerVersion, error) {
	version, err := strconv.Atoi(c.args["version"])
	if err != nil {
		return nil, invalid("the version of a layer is a number, not '%s'", c.args["version"])
	}
	return c.cfg.Store.LayerVersion(c.region, c.args["layer"], version)
}

func getLayerVersionByARN(c *call) (answer, error) {
	arn, err := c.ownLayer(c.args["arn"])
	if err != nil {
		return answer{}, err
	}
	v, err := c.cfg.Store.LayerVersion(arn.Region, arn.Name, arn.Version)
	if err != nil {
		return answer{}, err
	}
	return ok(c.layerWithCode(v))
}

func deleteLayerVersion(c *call) (answer, error) {
	v, err := c.layerVersion()
	if err == nil {
		err = c.cfg.Store.DeleteLayerVersion(v.Region, v.Name, v.Version)
	}
	if err != nil {
		return answer{}, err
	}
	return noContent()
}

// putLayerACL makes a layer public or private: acl=1 or 0, of 2.0 public=true or
// false.
func putLayerACL(c *call) (answer, error) {
	q := c.r.URL.Query()
	public := false
	switch acl, old := q.Get("acl"), q.Get("public"); {
	case acl == fc.LayerPublic, acl == "" && old == "true":
		public = true
	case acl == fc.LayerPrivate, acl == "" && old == "false":
	default:
		return answer{}, reply.Invalid("acl must be 0 for a private layer or 1 for a public one")
	}
	if err := c.cfg.Store.SetLayerPublic(c.region, c.args["layer"], public); err != nil {
		return answer{}, err
	}
	return noContent()
}

// listLayers shows the newest version of each layer. Those of Function Compute
// itself aren't here.
func listLayers(c *call) (answer, error) {
	q := c.r.URL.Query()
	var all []*store.Layer
	for _, l := range c.cfg.Store.Layers(c.region) {
		if q.Get("official") != "true" && (q.Get("public") != "true" || l.Public) {
			all = append(all, l)
		}
	}
	some, next, err := page(c, all, func(l *store.Layer) string { return l.Name })
	if err != nil {
		return answer{}, err
	}
	newest := []*store.LayerVersion{}
	for _, l := range some {
		if versions := c.cfg.Store.LayerVersions(c.region, l.Name); len(versions) > 0 {
			newest = append(newest, versions[len(versions)-1])
		}
	}
	return ok(listing("layers", newest, next, c.layerView))
}

// listLayerVersions shows the versions of a layer from startVersion on; one that
// isn't there has none, as clients want that ask before they publish.
func listLayerVersions(c *call) (answer, error) {
	limit, err := c.limit()
	if err != nil {
		return answer{}, err
	}
	start := 1
	if text := c.r.URL.Query().Get("startVersion"); text != "" {
		if start, err = strconv.Atoi(text); err != nil {
			return answer{}, invalid("startVersion must be a number, it is '%s'", text)
		}
	}
	doc := map[string]any{}
	docs := []any{}
	for _, v := range c.cfg.Store.LayerVersions(c.region, c.args["layer"]) {
		if v.Version < start {
			continue
		}
		if len(docs) == limit {
			doc["nextVersion"] = v.Version
			break
		}
		docs = append(docs, c.layerView(v))
	}
	doc["layers"] = docs
	return ok(doc)
}

// layerView is a version of a layer as the request's API version shows it.
func (c *call) layerView(v *store.LayerVersion) any { return c.showLayer(v, nil) }

// layerWithCode shows where the code can be fetched, too.
func (c *call) layerWithCode(v *store.LayerVersion) any {
	return c.showLayer(v, &fc.LayerCode{Location: c.codeURL(v.Code.SHA256), RepositoryType: "OSS"})
}

func (c *call) showLayer(v *store.LayerVersion, code *fc.LayerCode) any {
	acl := fc.LayerPrivate
	if l, err := c.cfg.Store.Layer(v.Region, v.Name); err == nil && l.Public {
		acl = fc.LayerPublic
	}
	runtimes := v.Runtimes
	if runtimes == nil {
		runtimes = []string{}
	}
	arn := fc.LayerARN{Region: v.Region, Account: c.cfg.AccountID, Name: v.Name, Version: v.Version}
	if !c.v2() {
		return fc.LayerVersion{
			LayerName: v.Name, Version: v.Version, LayerVersionARN: arn.String(), Description: v.Description, License: v.License,
			CompatibleRuntime: runtimes, CodeSize: v.Code.Size, CodeChecksum: v.Code.Checksum, CreateTime: v.CreateTime, ACL: acl, Code: code,
		}
	}
	number, _ := strconv.Atoi(acl) // 0 or 1
	return layerV2{
		LayerName: v.Name, Version: v.Version, ARN: arn.Old(), ARNV2: arn.String(), Description: v.Description, CompatibleRuntime: runtimes,
		CodeSize: v.Code.Size, CodeChecksum: v.Code.Checksum, CreateTime: v.CreateTime, ACL: number, Code: code,
	}
}

// ownLayer reads the ARN of a layer that may be here.
func (c *call) ownLayer(text string) (fc.LayerARN, error) {
	arn, err := fc.ParseLayerARN(text)
	if err != nil {
		return arn, reply.Invalid(err.Error())
	}
	if arn.Region == "" {
		arn.Region = c.region
	}
	switch {
	case arn.Account == fc.OfficialAccount:
		return arn, reply.NotServed(fmt.Sprintf("layer '%s', one that Function Compute itself publishes,", text))
	case arn.Account != c.cfg.AccountID || arn.Region != c.region:
		err := reply.APIError(&store.NotFoundError{Kind: store.KindLayerVersion, Name: text})
		err.Message += fmt.Sprintf(" in the local cloud, whose layers are acs:fc:%s:%s:layers/...", c.region, c.cfg.AccountID)
		return arn, err
	}
	return arn, nil
}
