package cmdutil

import (
	"fmt"
	"strings"
	"testing"

	"s/pkg/spec"
)

func TestOrderBack(t *testing.T) {
	t.Parallel()
	needs := func(name string, others ...string) *spec.Resource {
		r := &spec.Resource{Name: name}
		for _, other := range others {
			r.DependsOn = append(r.DependsOn, spec.Reference{Resource: other, What: "output"})
		}
		return r
	}
	for _, c := range []struct {
		name  string
		flow  [][]string
		names string
		want  string
	}{
		{"who takes goes first", nil, "", "[[other last] [middle] [first]]"},
		{"the flow says it", [][]string{{"first"}, {"last", "other"}}, "", "[[first] [last other]]"},
		{"by name, the flow of one", [][]string{{"first"}}, "middle first last other", "[[other last] [middle] [first]]"},
		{"by name, in the flow's order", [][]string{{"other"}, {"middle"}}, "middle other", "[[other] [middle]]"},
		{"by name, beside the flow", [][]string{{"other"}, {"middle"}}, "first middle other", "[[other] [middle] [first]]"},
	} {
		p := &spec.Project{Flow: c.flow, Resources: []*spec.Resource{
			needs("middle", "first"), needs("first"), needs("last", "middle"), needs("other"),
		}}
		list, err := Resources(p, strings.Fields(c.names))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(OrderBack(p, list, c.names != "")); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
