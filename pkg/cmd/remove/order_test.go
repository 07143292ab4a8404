package removecmd

import (
	"slices"
	"strings"
	"testing"

	"s/pkg/spec"
)

func TestOrder(t *testing.T) {
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
		named bool
		want  string
	}{
		{"who takes goes first", nil, false, "last middle other first"},
		{"the flow says it", [][]string{{"first"}, {"last", "other"}}, false, "first last other"},
		{"one by name", [][]string{{"first"}}, true, "last middle other first"},
	} {
		p := &spec.Project{Flow: c.flow, Resources: []*spec.Resource{
			needs("middle", "first"), needs("first"), needs("last", "middle"), needs("other"),
		}}
		got, err := order(p, p.Resources, c.named)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range got {
			names = append(names, r.Name)
		}
		if !slices.Equal(names, strings.Fields(c.want)) {
			t.Errorf("%s: %v, want %s", c.name, names, c.want)
		}
	}
}
