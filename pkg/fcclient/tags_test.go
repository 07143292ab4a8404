package fcclient

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
)

func TestTagContract(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	fctest.TagContract(t, New(Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL}))
}

// TestTagRequests: the requests are those that the SDKs of FC send.
func TestTagRequests(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	client := New(Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL})
	arn := "acs:fc:r:1:functions/f"
	_ = client.TagFunction(t.Context(), arn, []fc.Tag{{Key: "team", Value: "x"}})
	_ = client.UntagFunction(t.Context(), arn, []string{"a", "b=c"})
	_ = client.MoveFunction(t.Context(), "f", "rg-1")
	var got []string
	for _, call := range server.Calls() {
		query, err := url.QueryUnescape(call.Query)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, call.String()+" "+call.Header.Get("X-Acs-Action")+" "+query+" "+string(call.Body))
	}
	want := []string{
		`POST /2023-03-30/tags-v2 TagResources  {"ResourceId":["acs:fc:r:1:functions/f"],"ResourceType":"FUNCTION","Tag":[{"Key":"team","Value":"x"}]}`,
		`DELETE /2023-03-30/tags-v2 UntagResources ResourceId=["acs:fc:r:1:functions/f"]&ResourceType=FUNCTION&TagKey=["a","b=c"] `,
		`PUT /2023-03-30/resource-groups ChangeResourceGroup  {"NewResourceGroupId":"rg-1","ResourceId":"f","ResourceType":"function"}`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
