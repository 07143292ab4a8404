package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"s/pkg/access"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/runtime/instance"
)

func TestTagContract(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fctest.TagContract(t, fcclient.New(fcclient.Config{
		Region: testRegion, Endpoint: w.url, Credentials: access.Credentials{AccountID: testAccount, AccessKeyID: "k", AccessKeySecret: "s"},
	}))
}

const (
	tagsPath  = "/2023-03-30/tags-v2"
	groupPath = "/2023-03-30/resource-groups"
)

func testARN(name string) string {
	return "acs:fc:" + testRegion + ":" + testAccount + ":functions/" + name
}

// tagQueryOf is a query as the SDKs write it; lists are JSON.
func tagQueryOf(pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		text, ok := pairs[i+1].(string)
		if !ok {
			data, err := json.Marshal(pairs[i+1])
			if err != nil {
				panic(err)
			}
			text = string(data)
		}
		q.Set(fmt.Sprint(pairs[i]), text)
	}
	return tagsPath + "?" + q.Encode()
}

// tagList shows what a list gave.
func tagList(g got) string {
	g.t.Helper()
	list, _ := g.is(200).doc["TagResources"].([]any)
	var out []string
	for _, item := range list {
		tag := item.(map[string]any)
		name := tag["ResourceId"].(string)
		out = append(out, fmt.Sprintf("%s %s=%s", name[strings.LastIndexByte(name, '/')+1:], tag["TagKey"], tag["TagValue"]))
		if tag["ResourceType"] != "ALIYUN::FC::FUNCTION" {
			g.t.Errorf("the type is %v", tag["ResourceType"])
		}
	}
	return strings.Join(out, ", ")
}

func TestTagResources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("a")
	w.create("b")
	before := len(w.changed)
	w.do("POST", tagsPath, with(map[string]any{
		"resourceId": []string{testARN("a"), testARN("b")}, "ResourceType": "function", "Tag": []map[string]string{{"Key": "team", "Value": "x"}, {"Key": "n", "Value": "1"}},
	}, nil)).is(204)
	w.do("POST", tagsPath, with(map[string]any{
		"ResourceId": []string{testARN("b")}, "ResourceType": "ALIYUN::FC::FUNCTION", "Tag": []map[string]string{{"Key": "n", "Value": "2"}},
	}, nil)).is(204)
	for query, want := range map[string]string{
		tagQueryOf("ResourceType", "FUNCTION", "ResourceId", []string{testARN("b")}):                                                            "b team=x, b n=2",
		tagQueryOf("ResourceType", "FUNCTION", "ResourceId", []string{testARN("a"), testARN("b")}):                                              "a team=x, a n=1, b team=x, b n=2",
		tagQueryOf("ResourceType", "ALIYUN::FC::FUNCTION", "Tag", []map[string]string{{"Key": "n", "Value": "1"}}):                              "a team=x, a n=1",
		tagQueryOf("ResourceType", "function", "Tag", []map[string]string{{"Key": "n"}, {"Key": "team", "Value": "x"}}):                         "a team=x, a n=1, b team=x, b n=2",
		tagQueryOf("ResourceType", "function", "Tag", []map[string]string{{"Key": "other"}}):                                                    "",
		tagQueryOf("ResourceType", "function", "ResourceId", []string{testARN("a")}, "Tag", []map[string]string{{"Key": "n", "Value": "2"}}):    "",
		tagQueryOf("ResourceType", "function", "ResourceId", []string{testARN("b")}, "Tag", []map[string]string{{"Key": "team", "Value": "x"}}): "b team=x, b n=2",
	} {
		if got := tagList(w.do("GET", query, "")); got != want {
			t.Errorf("%s gives %q, want %q", query, got, want)
		}
	}
	w.do("DELETE", tagQueryOf("ResourceType", "function", "ResourceId", []string{testARN("a")}, "TagKey", []string{"n"}), "").is(204)
	w.do("GET", "/2023-03-30/functions/a", "").is(200).has("tags", []map[string]string{{"Key": "team", "Value": "x"}})
	w.do("DELETE", tagQueryOf("ResourceType", "function", "ResourceId", []string{testARN("a"), testARN("b")}, "All", "true"), "").is(204)
	w.do("GET", "/2023-03-30/functions/b", "").is(200).has("tags", nil)
	if len(w.changed) != before {
		t.Error("instances were told of tags")
	}
}

func TestTagsRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	before := w.everything()
	body := func(over map[string]any) string {
		return with(map[string]any{
			"ResourceId": []string{testARN("f")}, "ResourceType": "FUNCTION", "Tag": []map[string]string{{"Key": "k", "Value": "v"}},
		}, over)
	}
	for _, tt := range []struct {
		over   map[string]any
		status int
		code   string
		says   string
	}{
		{map[string]any{"ResourceId": []string{testARN("f"), testARN("gone")}}, 404, "FunctionNotFound", "function 'gone'"},
		{map[string]any{"ResourceId": []string{"f"}}, 400, "InvalidArgument", "ARN"},
		{map[string]any{"ResourceId": []string{"acs:fc:cn-beijing:" + testAccount + ":functions/f"}}, 400, "InvalidArgument", "region"},
		{map[string]any{"ResourceId": []string{testARN("")}}, 400, "InvalidArgument", "ARN"},
		{map[string]any{"ResourceId": nil}, 400, "InvalidArgument", "ResourceId is required"},
		{map[string]any{"ResourceId": "f"}, 400, "InvalidArgument", "ResourceId"},
		{map[string]any{"ResourceType": nil}, 400, "InvalidArgument", "ResourceType is required"},
		{map[string]any{"ResourceType": "LAYER"}, 501, "NotImplemented", "tags of a 'LAYER'"},
		{map[string]any{"Tag": nil}, 400, "InvalidArgument", "Tag must have between 1 and 20"},
		{map[string]any{"Tag": tags(21)}, 400, "InvalidArgument", "Tag must have between 1 and 20"},
		{map[string]any{"Tag": []map[string]string{{"Value": "v"}}}, 400, "InvalidArgument", "must not be empty"},
	} {
		w.do("POST", tagsPath, body(tt.over)).is(tt.status, tt.code).says(tt.says)
	}
	many := make([]string, 51)
	for query, says := range map[string]string{
		tagQueryOf("ResourceType", "FUNCTION", "ResourceId", []string{testARN("f")}):                 "TagKey must have",
		tagQueryOf("ResourceType", "FUNCTION", "ResourceId", []string{testARN("f")}, "TagKey", many): "TagKey must have",
		tagQueryOf("ResourceType", "FUNCTION", "TagKey", []string{"k"}):                              "ResourceId is required",
		tagQueryOf("ResourceType", "FUNCTION", "ResourceId", "f", "TagKey", []string{"k"}):           "ResourceId must be a JSON list",
	} {
		w.do("DELETE", query, "").is(400, "InvalidArgument").says(says)
	}
	w.do("GET", tagQueryOf("ResourceType", "FUNCTION"), "").is(400, "InvalidArgument").says("ResourceId or Tag is required")
	w.do("GET", tagQueryOf("ResourceType", "FUNCTION", "Tag", "x"), "").is(400, "InvalidArgument").says("Tag must be a JSON list")
	w.do("GET", tagQueryOf("ResourceType", "FUNCTION", "Tag", tags(20)), "").is(200)
	w.do("GET", tagQueryOf("ResourceType", "FUNCTION", "Tag", tags(21)), "").is(400, "InvalidArgument").says("Tag must have up to 20")
	w.do("PUT", groupPath, `{"NewResourceGroupId":"rg","ResourceId":"f","ResourceType":"service"}`).is(501, "NotImplemented")
	w.do("PUT", groupPath, `{"ResourceId":"f","ResourceType":"function"}`).is(400, "InvalidArgument").says("NewResourceGroupId is required")
	w.do("PUT", groupPath, `{"NewResourceGroupId":"rg","ResourceId":"gone"}`).is(404, "FunctionNotFound")
	w.unchanged(before, "refused tags and groups")
	// The limit counts those that are there already.
	w.do("POST", tagsPath, body(map[string]any{"Tag": tags(20)})).is(204)
	w.do("POST", tagsPath, body(nil)).is(400, "InvalidArgument").says("20 tags")
}

func TestChangeResourceGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("f")
	w.do("PUT", groupPath, `{"NewResourceGroupId":"rg-1","ResourceId":"f","ResourceType":"function"}`).is(200).
		has("NewResourceGroupId", "rg-1").has("OldResourceGroupId", "").has("ResourceId", "f")
	w.do("PUT", groupPath, `{"newResourceGroupId":"rg-2","resourceId":"`+testARN("f")+`","resourceType":"FUNCTION"}`).is(200).has("OldResourceGroupId", "rg-1")
	w.do("GET", "/2023-03-30/functions/f", "").is(200).has("resourceGroupId", "rg-2")
	w.do("PUT", "/2023-03-30/functions/f", `{"resourceGroupId":"rg-3","tags":[{"Key":"k","Value":"v"}]}`).is(200).has("resourceGroupId", "rg-2").has("tags", nil)
}

// The tags of many functions come page by page, each once.
func TestPagesOfTagResources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string]bool{}
	for _, name := range []string{"b", "a", "c"} {
		w.do("POST", "/2023-03-30/functions", with(w.minimal(name), map[string]any{"tags": []map[string]string{{"Key": "k2", "Value": "v"}, {"Key": "k1", "Value": "v"}}})).is(200)
		want[name+" k1"], want[name+" k2"] = true, true
	}
	query := "/2023-03-30/tags-v2?ResourceType=function&Tag=" + url.QueryEscape(`[{"Key":"k1"}]`)
	for limit := 1; limit <= 7; limit++ {
		seen, token := map[string]bool{}, ""
		for range 10 {
			g := w.do("GET", fmt.Sprintf("%s&Limit=%d&NextToken=%s", query, limit, token), "").is(200)
			list, _ := g.doc["TagResources"].([]any)
			if len(list) > limit {
				t.Errorf("%d of %d", len(list), limit)
			}
			for _, item := range list {
				tag := item.(map[string]any)
				arn := tag["ResourceId"].(string)
				seen[arn[strings.LastIndexByte(arn, '/')+1:]+" "+tag["TagKey"].(string)] = true
			}
			if token, _ = g.doc["NextToken"].(string); token == "" {
				break
			}
		}
		if !maps.Equal(seen, want) {
			t.Errorf("by %d: %v", limit, seen)
		}
	}
}

func TestInstancesByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("f")
	w.instances = []instance.Info{{ID: "c-1", Qualifier: "LATEST"}, {ID: "c-2", Qualifier: "LATEST"}, {ID: "c-3", Qualifier: "LATEST"}}
	for query, want := range map[string]string{
		"": "c-1 c-2 c-3", "limit=2": "c-1 c-2", "instanceIds=" + url.QueryEscape(`["c-3","none"]`): "c-3", "instanceIds=[]": "c-1 c-2 c-3",
	} {
		list, _ := w.do("GET", "/2023-03-30/functions/f/instances?"+query, "").is(200).doc["instances"].([]any)
		var ids []string
		for _, i := range list {
			ids = append(ids, i.(map[string]any)["instanceId"].(string))
		}
		if strings.Join(ids, " ") != want {
			t.Errorf("%s: %v, want %s", query, ids, want)
		}
	}
	w.do("GET", "/2023-03-30/functions/f/instances?instanceIds=c-1", "").is(400, "InvalidArgument").says("instanceIds must be a JSON list")
}
