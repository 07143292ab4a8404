package fctest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
)

// arnPrefix and the name are the ARN of a function.
const arnPrefix = "acs:fc:r:" + AccountID + ":functions/"

// tagCall is what the operations on tags and groups take, in a body or a query.
type tagCall struct {
	ResourceID         any `json:"ResourceId"`
	ResourceType       string
	Tag                []map[string]string
	TagKey             []string
	NewResourceGroupID string `json:"NewResourceGroupId"`
}

// tags serves TagResources, UntagResources and ChangeResourceGroup.
func (s *Server) tags(w http.ResponseWriter, call Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in tagCall
	json.Unmarshal(call.Body, &in)
	if query, err := url.ParseQuery(call.Query); err == nil && call.Method == http.MethodDelete {
		in.ResourceType = query.Get("ResourceType")
		json.Unmarshal([]byte(query.Get("ResourceId")), &in.ResourceID)
		json.Unmarshal([]byte(query.Get("TagKey")), &in.TagKey)
	}
	id := fmt.Sprint(in.ResourceID)
	if list, ok := in.ResourceID.([]any); ok && len(list) == 1 {
		id = strings.TrimPrefix(fmt.Sprint(list[0]), arnPrefix)
	}
	f := s.functions["functions/"+id]
	switch {
	case !strings.EqualFold(in.ResourceType, "function"):
		refuse(w, http.StatusBadRequest, fc.CodeInvalidArgument, "ResourceType is not supported")
	case f == nil:
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, "function '"+id+"' does not exist")
	case call.Method == http.MethodPut:
		old := f["resourceGroupId"]
		f["resourceGroupId"] = in.NewResourceGroupID
		reply(w, http.StatusOK, map[string]any{"OldResourceGroupId": old, "NewResourceGroupId": in.NewResourceGroupID, "ResourceId": id})
	default:
		retag(f, in)
		w.WriteHeader(http.StatusNoContent)
	}
}

// retag takes the keys of a call off a function and puts its tags on.
func retag(f map[string]any, in tagCall) {
	kept := []any{}
	have, _ := f["tags"].([]any)
	for _, item := range have {
		tag, _ := item.(map[string]any)
		key, _ := tag["Key"].(string)
		changed := slices.ContainsFunc(in.Tag, func(t map[string]string) bool { return t["Key"] == key })
		if !changed && !slices.Contains(in.TagKey, key) {
			kept = append(kept, item)
		}
	}
	for _, t := range in.Tag {
		kept = append(kept, map[string]any{"Key": t["Key"], "Value": t["Value"]})
	}
	f["tags"] = kept
}
