package fctest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// emptyZip is an archive without entries, as base64.
const emptyZip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="

// TagClient speaks to an endpoint of FC 3.0; *fcclient.Client is one.
type TagClient interface {
	CreateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	UpdateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	GetFunction(ctx context.Context, name, qualifier string) (*fc.Function, error)
	TagFunction(ctx context.Context, arn string, tags []fc.Tag) error
	UntagFunction(ctx context.Context, arn string, keys []string) error
	MoveFunction(ctx context.Context, name, group string) error
}

// TagContract is what every endpoint must do with tags and resource groups. It
// makes a function called tagged, and wants none to be there.
func TagContract(t *testing.T, c TagClient) {
	t.Helper()
	ctx := t.Context()
	f := fc.Function{
		FunctionName: "tagged", Runtime: "custom", Handler: "index.handler", MemorySize: 512, CPU: 0.35, DiskSize: 512,
		Tags: []fc.Tag{{Key: "a", Value: "1"}}, ResourceGroupID: "rg-1",
	}
	made, err := c.CreateFunction(ctx, f, &fc.Code{ZipFile: emptyZip})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, err error, group string, pairs ...string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, err := c.GetFunction(ctx, "tagged", "")
		if err != nil {
			t.Fatal(err)
		}
		var there []string
		for _, tag := range got.Tags {
			there = append(there, tag.Key+"="+tag.Value)
		}
		slices.Sort(there)
		if d := cmp.Diff(pairs, there); len(pairs)+len(there) > 0 && d != "" {
			t.Errorf("%s: tags %s", what, d)
		}
		if got.ResourceGroupID != group {
			t.Errorf("%s: in the group %q, want %q", what, got.ResourceGroupID, group)
		}
		if got.FunctionID != made.FunctionID || got.CodeChecksum != made.CodeChecksum {
			t.Errorf("%s: changed more than that: %+v", what, got)
		}
	}
	check("made", nil, "rg-1", "a=1")
	check("tag", c.TagFunction(ctx, made.FunctionARN, []fc.Tag{{Key: "b", Value: "ü \"x\""}, {Key: "empty"}}), "rg-1", "a=1", "b=ü \"x\"", "empty=")
	check("tag again", c.TagFunction(ctx, made.FunctionARN, []fc.Tag{{Key: "b", Value: "2"}}), "rg-1", "a=1", "b=2", "empty=")
	check("untag", c.UntagFunction(ctx, made.FunctionARN, []string{"empty", "never"}), "rg-1", "a=1", "b=2")
	check("move", c.MoveFunction(ctx, "tagged", "rg-2"), "rg-2", "a=1", "b=2")
	f.Description, f.Tags, f.ResourceGroupID = "new", []fc.Tag{{Key: "c"}}, "rg-3"
	_, err = c.UpdateFunction(ctx, f, nil)
	check("an update leaves them", err, "rg-2", "a=1", "b=2")
	check("untag all", c.UntagFunction(ctx, made.FunctionARN, []string{"a", "b"}), "rg-2")
	refusals(t, c, made.FunctionARN)
}

// refusals: a function that isn't there has no tags and no group.
func refusals(t *testing.T, c TagClient, arn string) {
	t.Helper()
	ctx := t.Context()
	gone := strings.TrimSuffix(arn, "tagged") + "gone"
	for what, err := range map[string]error{
		"tag":   c.TagFunction(ctx, gone, []fc.Tag{{Key: "a", Value: "1"}}),
		"untag": c.UntagFunction(ctx, gone, []string{"a"}),
		"move":  c.MoveFunction(ctx, "gone", "rg-1"),
	} {
		if !fc.IsCode(err, fc.CodeFunctionNotFound) {
			t.Errorf("%s without a function: %v", what, err)
		}
	}
}
