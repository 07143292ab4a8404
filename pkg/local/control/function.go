package control

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

func createFunction(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	code, has, release, err := c.takeCode(given)
	if err != nil {
		return answer{}, err
	}
	if release != nil {
		defer release()
	}
	f := &store.Function{Region: c.region}
	if err := c.patch(f, given); err != nil {
		return answer{}, err
	}
	if err := c.nameNew(f); err != nil {
		return answer{}, err
	}
	if err := setDefaults(&f.Function, c.v2()); err != nil {
		return answer{}, err
	}
	if err := codeOrImage(f, has); err != nil {
		return answer{}, err
	}
	c.stamp(f, code)
	f.Function.FunctionID, f.Function.CreatedTime = newUUID(), f.Function.LastModifiedTime
	if err := c.cfg.Store.CreateFunction(f); err != nil {
		return answer{}, err
	}
	c.changed(f.Function.FunctionName)
	return ok(c.functionView(f))
}

// codeOrImage checks that a new function has the one that its runtime runs.
func codeOrImage(f *store.Function, code bool) error {
	switch image := f.Image() != ""; {
	case image && code:
		return reply.Invalid("runtime '" + f.Function.Runtime + "' runs an image and can't have code")
	case !image && !code:
		return reply.Invalid("code is required")
	}
	return nil
}

// nameNew checks the name of a new function and, in FC 2.0, puts its service
// before it and the service's settings into it.
func (c *call) nameNew(f *store.Function) error {
	name := f.Function.FunctionName
	if err := checkName("functionName", name, maxFunctionName); err != nil {
		return err
	}
	if !c.v2() {
		return nil
	}
	service, err := c.cfg.Store.Service(c.region, c.args["service"])
	if err != nil {
		return err
	}
	f.Function.FunctionName = fc.JoinName(c.args["service"], name)
	inherit(service, f)
	return nil
}

// stamp sets what every change of a function sets.
func (c *call) stamp(f *store.Function, code store.Code) {
	fn := &f.Function
	if code.SHA256 != "" {
		f.Code, fn.CodeSize, fn.CodeChecksum = code, code.Size, code.Checksum
	}
	fn.FunctionARN, fn.LastModifiedTime = c.arn(fn.FunctionName), c.now()
	fn.State, fn.LastUpdateStatus = "Active", "Successful"
}

func updateFunction(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	if err := c.parentsExist(); err != nil {
		return answer{}, err // before the code is stored
	}
	code, _, release, err := c.takeCode(given)
	if err != nil {
		return answer{}, err
	}
	if release != nil {
		defer release()
	}
	f, err := c.cfg.Store.UpdateFunction(c.region, c.function(), func(f *store.Function) error {
		if err := c.ifMatch(c.functionView(f)); err != nil {
			return err
		}
		was := f.Function
		if err := c.patch(f, given); err != nil {
			return err
		}
		f.Function.FunctionName = was.FunctionName
		c.stamp(f, code)
		if err := setDefaults(&f.Function, c.v2()); err != nil {
			return err
		}
		// They have operations of their own; an update takes no notice of them.
		f.Function.Tags, f.Function.ResourceGroupID = was.Tags, was.ResourceGroupID
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	c.changed(f.Function.FunctionName)
	return ok(c.functionView(f))
}

// patch lays the given fields over a function, in the shape of the request's
// API version.
func (c *call) patch(f *store.Function, given fields) error {
	for _, name := range readOnlyFields() {
		delete(given, name)
	}
	if err := c.takeLayers(f, given); err != nil {
		return err
	}
	if c.v2() {
		return patchV2(f, given)
	}
	known := functionFields()
	for name, v := range given {
		delete(f.Extra, name) // of a version of s that only kept it
		if !slices.Contains(known, name) {
			if f.Extra == nil {
				f.Extra = map[string]json.RawMessage{}
			}
			f.Extra[name] = json.RawMessage(slices.Clone(v))
			delete(given, name)
		}
	}
	var out fc.Function
	if err := merge(f.Function, given, &out); err != nil {
		return err
	}
	f.Function = out
	return nil
}

// readOnlyFields lists what the service sets; clients that send back what they
// got are not refused.
func readOnlyFields() []string {
	return []string{
		"functionId", "functionArn", "codeSize", "codeChecksum", "createdTime", "lastModifiedTime",
		"state", "stateReason", "stateReasonCode", "lastUpdateStatus", "lastUpdateStatusReason", "lastUpdateStatusReasonCode",
		"layersArnV2", "invocationRestriction",
	}
}

// functionFields lists the JSON names of fc.Function.
func functionFields() []string {
	var names []string
	t := reflect.TypeFor[fc.Function]()
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func getFunction(c *call) (answer, error) {
	f, err := c.resolved()
	if err != nil {
		return answer{}, err
	}
	if f.Image() != "" && c.cfg.Refresh != nil {
		c.cfg.Refresh(c.r.Context(), c.region, f.Function.FunctionName)
	}
	return ok(c.functionView(f))
}

// serviceFirst turns "no such function" into "no such service" where that is
// the reason.
func (c *call) serviceFirst(err error) error {
	if c.v2() {
		if _, missing := c.cfg.Store.Service(c.region, c.args["service"]); missing != nil {
			return missing
		}
	}
	return err
}

func listFunctions(c *call) (answer, error) {
	whole := func(f *store.Function) string { return f.Function.FunctionName }
	if !c.v2() {
		keep, err := c.filter()
		if err != nil {
			return answer{}, err
		}
		from := func(name string) []*store.Function { return c.cfg.Store.FunctionsFrom(c.region, name) }
		some, next, err := pageOf(c, "limit", "nextToken", from, whole, keep)
		if err != nil {
			return answer{}, err
		}
		return ok(listing("functions", some, next, c.functionView))
	}
	prefix := fc.JoinName(c.args["service"], "")
	_, all, err := c.cfg.Store.ServiceAt(c.region, c.args["service"], c.qualifier)
	if err != nil {
		return answer{}, err
	}
	some, next, err := page(c, all, func(f *store.Function) string { return whole(f)[len(prefix):] })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("functions", some, next, c.functionView))
}

func deleteFunction(c *call) (answer, error) {
	err := c.cfg.Store.DeleteFunction(c.region, c.function(), func(f *store.Function) error {
		if err := c.ifMatch(c.functionView(f)); err != nil {
			return err
		}
		return hasInstances(c.cfg.Store.ScalingsOf(c.region, c.function()))
	})
	if err != nil {
		return answer{}, c.serviceFirst(err)
	}
	c.changed(c.function())
	return noContent()
}

// functionView is a function as the request's API version shows it.
func (c *call) functionView(f *store.Function) any {
	if c.v2() {
		return functionToV2(f)
	}
	return functionV3{f, c.cfg.Store.Admission(c.region, f.Function.FunctionName).Restriction}
}

// functionV3 shows a function with the settings that are only kept.
type functionV3 struct {
	*store.Function
	restriction *fc.FunctionRestriction
}

// MarshalJSON writes both in one object.
func (v functionV3) MarshalJSON() ([]byte, error) {
	doc := map[string]json.RawMessage{}
	maps.Copy(doc, v.Extra)
	if v.restriction != nil {
		text, err := json.Marshal(v.restriction)
		if err != nil {
			return nil, err
		}
		doc["invocationRestriction"] = text
	}
	text, err := json.Marshal(v.Function.Function)
	if err != nil || len(doc) == 0 {
		return text, err
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

func listInstances(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	type info struct {
		InstanceID    string `json:"instanceId"`
		VersionID     string `json:"versionId"`
		Qualifier     string `json:"qualifier,omitempty"`
		Status        string `json:"status,omitempty"`
		CreatedTimeMS int64  `json:"createdTimeMs,omitempty"`
	}
	limit, err := c.limit()
	if err != nil {
		return answer{}, err
	}
	var wanted []string
	if err := c.queryList("instanceIds", &wanted); err != nil {
		return answer{}, err
	}
	out := []info{}
	for _, i := range c.cfg.Instances(c.region, c.function()) {
		if i.Qualifier != c.qualifier || len(wanted) > 0 && !slices.Contains(wanted, i.ID) || len(out) == limit {
			continue
		}
		one := info{InstanceID: i.ID, VersionID: cmp.Or(i.VersionID, "0")} // LATEST is 0
		if !c.v2() {
			one.Qualifier, one.Status, one.CreatedTimeMS = i.Qualifier, "Running", i.Created.UnixMilli()
		}
		out = append(out, one)
	}
	return ok(map[string]any{"instances": out, "requestId": c.id})
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
