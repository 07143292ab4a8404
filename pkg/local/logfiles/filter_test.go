package logfiles

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomFilter wants some of ten words.
func randomFilter(dice *rand.Rand, depth int) *Filter {
	kind := dice.IntN(4)
	if depth == 0 || kind == 0 {
		return HasText(fmt.Sprint("w", dice.IntN(10)))
	}
	var parts []*Filter
	for range 1 + dice.IntN(3) {
		parts = append(parts, randomFilter(dice, depth-1))
	}
	if kind == 1 {
		return Any(parts...)
	}
	return All(parts...)
}

// TestFilterOfOne: one block's filter says the same alone as among those of a segment.
func TestFilterOfOne(t *testing.T) {
	dice := rand.New(rand.NewPCG(11, 12))
	passed := 0
	for range 300 {
		var lines []Line
		for range 1 + dice.IntN(5) {
			lines = append(lines, lineAt(1, "a", fmt.Sprint("w", dice.IntN(10))))
		}
		s, f := signatureOf(lines), randomFilter(dice, 3)
		set, err := f.blocks(1, func(hash uint64) (blockSet, error) {
			if s.has(hash) {
				return everyBlock(1), nil
			}
			return blockSet{0}, nil
		})
		must(t, err)
		if f.passes(s) != set.has(0) {
			t.Errorf("%+v of %+v: alone %v, among others %v", f, lines, f.passes(s), set.has(0))
		}
		if set.has(0) {
			passed++
		}
	}
	if passed == 0 || passed == 300 || !(*Filter)(nil).passes(&signature{}) {
		t.Errorf("%d of 300 passed", passed)
	}
}
