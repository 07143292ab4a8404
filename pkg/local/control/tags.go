package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Limits of the operations on tags (SDK fc-20230330), in elements.
const (
	maxTags      = 20 // of a function, of one request, and of a query
	maxUntagKeys = 50 // that one request takes off
)

// tagRequest is what the operations on tags have in common, in a body or a query.
type tagRequest struct {
	ResourceID   []string `json:"ResourceId"`
	ResourceType string   `json:"ResourceType"`
}

// functionsOf gives the names of the functions that a request is about. It refuses
// all of them if one isn't there.
func (c *call) functionsOf(in tagRequest) ([]string, error) {
	kind := strings.ToUpper(in.ResourceType)
	if kind == "" {
		return nil, reply.Invalid("ResourceType is required")
	}
	if strings.TrimPrefix(kind, "ALIYUN::FC::") != "FUNCTION" {
		return nil, reply.NotServed(fmt.Sprintf("tags of a '%s'", in.ResourceType))
	}
	names := make([]string, len(in.ResourceID))
	for i, arn := range in.ResourceID {
		name, ok := strings.CutPrefix(arn, c.arn(""))
		if !ok || name == "" {
			return nil, reply.Invalid(fmt.Sprintf("ResourceId '%s' is not the ARN of a function of this account and region", arn))
		}
		if _, err := c.cfg.Store.Function(c.region, name); err != nil {
			return nil, err
		}
		names[i] = name
	}
	return names, nil
}

// tagResources sets tags of functions.
func tagResources(c *call) (answer, error) {
	var in struct {
		tagRequest
		Tag []fc.Tag `json:"Tag"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	names, err := c.functionsOf(in.tagRequest)
	switch {
	case err != nil:
		return answer{}, err
	case len(names) == 0:
		return answer{}, reply.Invalid("ResourceId is required")
	case len(in.Tag) == 0 || len(in.Tag) > maxTags:
		return answer{}, invalid("Tag must have between 1 and %d elements, it has %d", maxTags, len(in.Tag))
	}
	for _, t := range in.Tag {
		if t.Key == "" {
			return answer{}, reply.Invalid("the key of a tag must not be empty")
		}
	}
	return c.retag(names, func(tags []fc.Tag) []fc.Tag {
		for _, t := range in.Tag {
			if i := slices.IndexFunc(tags, func(have fc.Tag) bool { return have.Key == t.Key }); i >= 0 {
				tags[i] = t
				continue
			}
			tags = append(tags, t)
		}
		return tags
	})
}

// untagResources takes tags off functions.
func untagResources(c *call) (answer, error) {
	in, err := c.tagQuery()
	if err != nil {
		return answer{}, err
	}
	var keys []string
	if err := c.queryList("TagKey", &keys); err != nil {
		return answer{}, err
	}
	all := strings.EqualFold(c.r.URL.Query().Get("All"), "true")
	names, err := c.functionsOf(in)
	switch {
	case err != nil:
		return answer{}, err
	case len(names) == 0:
		return answer{}, reply.Invalid("ResourceId is required")
	case len(keys) > maxUntagKeys || len(keys) == 0 && !all:
		return answer{}, invalid("TagKey must have between 1 and %d elements, it has %d", maxUntagKeys, len(keys))
	}
	return c.retag(names, func(tags []fc.Tag) []fc.Tag {
		return slices.DeleteFunc(tags, func(t fc.Tag) bool { return len(keys) == 0 || slices.Contains(keys, t.Key) })
	})
}

// retag changes the tags of functions; those that run needn't know of it.
func (c *call) retag(names []string, change func([]fc.Tag) []fc.Tag) (answer, error) {
	for _, name := range names {
		_, err := c.cfg.Store.UpdateFunction(c.region, name, func(f *store.Function) error {
			f.Function.Tags = change(slices.Clone(f.Function.Tags))
			if len(f.Function.Tags) == 0 {
				f.Function.Tags = nil
			}
			return checkTags(&f.Function)
		})
		if err != nil {
			return answer{}, err
		}
	}
	return noContent()
}

func checkTags(f *fc.Function) error {
	if len(f.Tags) > maxTags {
		return invalid("a function can have %d tags, not %d", maxTags, len(f.Tags))
	}
	return nil
}

// tagResource is a tag in a list.
type tagResource struct {
	ResourceID   string `json:"ResourceId"`
	ResourceType string
	TagKey       string
	TagValue     string

	place string // in the list
}

// listTagResources lists tags of functions: of those that are named, or of all
// that have every one of some tags.
func listTagResources(c *call) (answer, error) {
	in, err := c.tagQuery()
	if err != nil {
		return answer{}, err
	}
	var wanted []fc.Tag
	if err := c.queryList("Tag", &wanted); err != nil {
		return answer{}, err
	}
	names, err := c.functionsOf(in)
	if err != nil {
		return answer{}, err
	}
	if len(wanted) > maxTags {
		return answer{}, invalid("Tag must have up to %d elements, it has %d", maxTags, len(wanted))
	}
	if len(names) == 0 && len(wanted) == 0 {
		return answer{}, reply.Invalid("ResourceId or Tag is required")
	}
	list := []tagResource{}
	for _, f := range c.cfg.Store.Functions(c.region) {
		if len(names) > 0 && !slices.Contains(names, f.Function.FunctionName) || !hasTags(f, wanted) {
			continue
		}
		arn := c.arn(f.Function.FunctionName)
		for i, t := range f.Function.Tags {
			list = append(list, tagResource{arn, "ALIYUN::FC::FUNCTION", t.Key, t.Value, fmt.Sprintf("%s %03d", arn, i)})
		}
	}
	some, next, err := pageBy(c, "Limit", "NextToken", list, func(t tagResource) string { return t.place })
	if err != nil {
		return answer{}, err
	}
	return ok(struct {
		RequestID    string `json:"RequestId"`
		NextToken    string `json:",omitempty"`
		TagResources []tagResource
	}{c.id, next, some})
}

// hasTags tells whether a function has tags; one without a value may have any.
func hasTags(f *store.Function, wanted []fc.Tag) bool {
	for _, w := range wanted {
		found := slices.ContainsFunc(f.Function.Tags, func(t fc.Tag) bool { return t.Key == w.Key && (w.Value == "" || t.Value == w.Value) })
		if !found {
			return false
		}
	}
	return true
}

// changeResourceGroup moves a function to another resource group. There are no
// groups here, so that any name is one.
func changeResourceGroup(c *call) (answer, error) {
	var in struct {
		NewResourceGroupID string `json:"NewResourceGroupId"`
		ResourceID         string `json:"ResourceId"`
		ResourceType       string
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.NewResourceGroupID == "" {
		return answer{}, reply.Invalid("NewResourceGroupId is required")
	}
	if !strings.EqualFold(in.ResourceType, "function") && in.ResourceType != "" {
		return answer{}, reply.NotServed(fmt.Sprintf("the resource group of a '%s'", in.ResourceType))
	}
	old := ""
	name := strings.TrimPrefix(in.ResourceID, c.arn(""))
	_, err := c.cfg.Store.UpdateFunction(c.region, name, func(f *store.Function) error {
		old, f.Function.ResourceGroupID = f.Function.ResourceGroupID, in.NewResourceGroupID
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return ok(map[string]string{"NewResourceGroupId": in.NewResourceGroupID, "OldResourceGroupId": old, "ResourceId": in.ResourceID})
}

// decode reads the body of a request. Keys count in any case: SDKs differ.
func (c *call) decode(out any) error {
	body, err := readBody(c.w, c.r, maxSmallBody)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return badJSON(err)
	}
	return nil
}

// maxSmallBody bounds a request without code, in bytes.
const maxSmallBody = 1 << 20

// tagQuery reads whose tags a query is about.
func (c *call) tagQuery() (tagRequest, error) {
	in := tagRequest{ResourceType: c.r.URL.Query().Get("ResourceType")}
	return in, c.queryList("ResourceId", &in.ResourceID)
}

// queryList reads a list out of one parameter, which holds it as JSON.
func (c *call) queryList(name string, out any) error {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return reply.Invalid(name + " must be a JSON list")
	}
	return nil
}
