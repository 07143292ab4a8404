package deploy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
)

func tags(pairs ...string) []fc.Tag {
	list := []fc.Tag{}
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, fc.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return list
}

// TestTags: what is planned of tags and the group is what is done, with no call
// more than it takes, and then nothing is left to do.
func TestTags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		have, want []fc.Tag
		group      string
		timeout    int
		fields     []string
		writes     []string
		then       []fc.Tag
	}{
		{name: "none said", have: tags("a", "1"), then: tags("a", "1")},
		{name: "the same in another order", have: tags("a", "1", "b", "2"), want: tags("b", "2", "a", "1"), then: tags("a", "1", "b", "2")},
		{name: "new", want: tags("a", "1"), fields: []string{"tags.a"}, writes: []string{"POST tags-v2"}, then: tags("a", "1")},
		{name: "changed", have: tags("a", "1", "b", "2"), want: tags("a", "x", "b", "2"), fields: []string{"tags.a"}, writes: []string{"POST tags-v2"}, then: tags("b", "2", "a", "x")},
		{name: "gone", have: tags("a", "1", "b", "2"), want: tags("b", "2"), fields: []string{"tags.a"}, writes: []string{"DELETE tags-v2"}, then: tags("b", "2")},
		{name: "all gone", have: tags("a", "1", "b", "2"), want: tags(), fields: []string{"tags.a", "tags.b"}, writes: []string{"DELETE tags-v2"}, then: tags()},
		{
			name: "all of it", have: tags("a", "1", "b", "2"), want: tags("b", "3", "c", "4"), group: "rg-2", timeout: 9,
			fields: []string{"resourceGroupId", "tags.a", "tags.b", "tags.c", "timeout"},
			writes: []string{"PUT functions/hello", "PUT resource-groups", "DELETE tags-v2", "POST tags-v2"}, then: tags("b", "3", "c", "4"),
		},
		{name: "those of the cloud", have: tags("acs:tag:createdby", "x", "aliyun.y", "y"), want: tags(), then: tags("acs:tag:createdby", "x", "aliyun.y", "y")},
		{name: "odd keys", have: tags("a.b", "1"), want: tags("x.y z", "ü"), fields: []string{"tags.a.b", "tags.x.y z"}, writes: []string{"DELETE tags-v2", "POST tags-v2"}, then: tags("x.y z", "ü")},
		{name: "without a value", want: tags("a", ""), fields: []string{"tags.a"}, writes: []string{"POST tags-v2"}, then: tags("a", "")},
		{name: "a group alone", group: "rg-2", fields: []string{"resourceGroupId"}, writes: []string{"PUT resource-groups"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			remote := client(server, false)
			desired := want3(t)
			desired.Function.Tags, desired.Function.ResourceGroupID = tt.have, "rg-1"
			apply(t, remote, desired)
			server.Reset()

			desired.Function.Tags, desired.Function.ResourceGroupID = tt.want, tt.group
			if tt.timeout > 0 {
				desired.Function.Timeout = tt.timeout
			}
			actual, err := deploy.Read(context.Background(), remote, desired)
			if err != nil || len(server.Calls()) != 2 {
				t.Fatalf("%d reads, %v", len(server.Calls()), err)
			}
			plan := deploy.Plan(desired, actual)
			var fields []string
			for _, f := range plan.Items[0].Fields {
				fields = append(fields, f.Path)
			}
			if d := cmp.Diff(tt.fields, fields); d != "" {
				t.Errorf("planned: %s", d)
			}
			plan.Redact(func(string) string { return deploy.Masked }) // as shown; what is done is not
			report, err := deploy.Apply(context.Background(), remote, plan, deploy.Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			writes := server.Writes()
			for i := range writes {
				writes[i] = strings.Replace(writes[i], "/2023-03-30/", "", 1)
			}
			if d := cmp.Diff(tt.writes, writes); len(writes)+len(tt.writes) > 0 && d != "" {
				t.Errorf("done: %s", d)
			}
			got, err := remote.GetFunction(context.Background(), "hello", "")
			if err != nil || len(got.Tags)+len(tt.then) > 0 && !cmp.Equal(tt.then, got.Tags) {
				t.Errorf("there is %v, %v", got.Tags, err)
			}
			if len(tt.writes) > 0 && (report.State.Function.ResourceGroupID != got.ResourceGroupID || tt.want != nil && !cmp.Equal(report.State.Function.Tags, tt.want)) {
				t.Errorf("reported %+v", report.State.Function)
			}
			if again := apply(t, remote, desired); len(again.Done) > 0 {
				t.Errorf("again: %+v", again.Done)
			}
		})
	}
}

// TestTagsFail: which step failed is said, and the rest is not taken for done.
func TestTagsFail(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST", "DELETE", "PUT"} {
		server := fctest.New(t)
		remote := client(server, false)
		desired := want3(t)
		desired.Function.Tags = tags("a", "1")
		apply(t, remote, desired)
		desired.Function.Tags, desired.Function.ResourceGroupID = tags("b", "2"), "rg-2"
		path := map[string]string{"PUT": "resource-groups"}[method]
		if path == "" {
			path = "tags-v2"
		}
		server.Fail(fctest.Failure{Method: method, Path: path, Status: 403, Body: `{"Code":"AccessDenied","Message":"no"}`})
		actual, err := deploy.Read(context.Background(), remote, desired)
		if err != nil {
			t.Fatal(err)
		}
		report, err := deploy.Apply(context.Background(), remote, deploy.Plan(desired, actual), deploy.Hooks{})
		var failed *deploy.ApplyError
		if !errors.As(err, &failed) || !fc.IsCode(err, fc.CodeAccessDenied) || len(report.Failed) != 1 || len(report.Done) != 0 {
			t.Errorf("%s: %v, %+v", method, err, report)
		}
		server.Reset()
		if again := apply(t, remote, desired); len(again.Done) != 1 {
			t.Errorf("%s: it isn't done the next time: %+v", method, again)
		}
	}
}

// TestTagsNeedAnARN: a service that doesn't say the name is told of, not guessed.
func TestTagsNeedAnARN(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	desired := want3(t)
	apply(t, remote, desired)
	server.SetFunction("hello", map[string]any{"functionArn": ""})
	desired.Function.Tags = tags("a", "1")
	actual, err := deploy.Read(context.Background(), remote, desired)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Apply(context.Background(), remote, deploy.Plan(desired, actual), deploy.Hooks{}); err == nil || !strings.Contains(err.Error(), "ARN") {
		t.Errorf("got %v", err)
	}
}
