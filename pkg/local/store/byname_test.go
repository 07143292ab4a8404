package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"s/pkg/fc"
)

// TestByName does at random what can be done, and compares with what a sorted map
// has. What was given before isn't changed by it.
func TestByName(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	sorted, want := byName{}, map[string]*Function{}
	names := func(list []*Function) []string {
		out := []string{}
		for _, f := range list {
			out = append(out, fmt.Sprint(f.Function.FunctionName, f.Revision))
		}
		return out
	}
	for i := range 3000 {
		before := sorted.from("r", "")
		shown := names(before)
		name := fmt.Sprintf("f%02d", random.IntN(60))
		if random.IntN(3) == 0 {
			sorted.drop("r", name)
			delete(want, name)
		} else {
			f := &Function{Region: "r", Function: fc.Function{FunctionName: name}, Revision: int64(i)}
			sorted.put(f)
			want[name] = f
		}
		if !slices.Equal(names(before), shown) {
			t.Fatalf("a list that was given became %v, it was %v", names(before), shown)
		}
		var all []*Function
		for _, f := range want {
			all = append(all, f)
		}
		slices.SortFunc(all, func(a, b *Function) int { return compareName(a, b.Function.FunctionName) })
		if got := sorted.from("r", ""); !slices.Equal(names(got), names(all)) {
			t.Fatalf("%v, not %v", names(got), names(all))
		}
		from := fmt.Sprintf("f%02d", random.IntN(60))
		at, _ := slices.BinarySearchFunc(all, from, compareName)
		if got := sorted.from("r", from); !slices.Equal(names(got), names(all[at:])) {
			t.Fatalf("from %s: %v, not %v", from, names(got), names(all[at:]))
		}
	}
	if got := sorted.from("elsewhere", ""); len(got) != 0 {
		t.Error(got)
	}
}
