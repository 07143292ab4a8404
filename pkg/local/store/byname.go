package store

import (
	"cmp"
	"slices"
)

// byName has the functions of each region, sorted by name, so that a page of them
// costs what is on it, however many there are. A list that somebody was given never
// changes: changes are made in a copy, but for what comes last, which is beyond
// the end of every list that was given.
type byName map[string][]*Function

func compareName(f *Function, name string) int { return cmp.Compare(f.Function.FunctionName, name) }

// put adds a function, or takes it in the place of its former revision.
func (n byName) put(f *Function) {
	list := n[f.Region]
	at, found := slices.BinarySearchFunc(list, f.Function.FunctionName, compareName)
	switch {
	case found:
		list = slices.Clone(list)
		list[at] = f
	case at == len(list):
		list = append(list, f)
	default:
		list = slices.Insert(slices.Clone(list), at, f)
	}
	n[f.Region] = list
}

// drop takes a function out.
func (n byName) drop(region, name string) {
	list := n[region]
	if at, found := slices.BinarySearchFunc(list, name, compareName); found {
		n[region] = slices.Concat(list[:at], list[at+1:])
	}
}

// from lists the functions of a region from a name on.
func (n byName) from(region, name string) []*Function {
	list := n[region]
	at, _ := slices.BinarySearchFunc(list, name, compareName)
	return slices.Clip(list[at:])
}

// FunctionsFrom lists the functions of a region by name, those from a name on. The
// list is shared.
func (s *Store) FunctionsFrom(region, name string) []*Function {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sorted.from(region, name)
}

// Functions lists the functions of a region by name.
func (s *Store) Functions(region string) []*Function {
	return slices.Clone(s.FunctionsFrom(region, ""))
}
