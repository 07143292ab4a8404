package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// failure is the path of a difference in whether there is a tree at all.
const failure = "(error)"

// difference is a place where the trees aren't the same.
type difference struct {
	path       string
	peer, ours string
}

func (d difference) line(name string) string {
	return fmt.Sprintf("%s: %s: peer %s, s %s", name, d.path, short(d.peer), short(d.ours))
}

// short cuts what is printed of a value.
func short(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > 120 {
		return string(runes[:120]) + "..."
	}
	return string(runes)
}

// differences compares what the programs gave. Two failures are the same: the
// words are each program's own.
func differences(peer, ours result) []difference {
	switch {
	case peer.Tree == nil && ours.Tree == nil:
		return nil
	case peer.Tree == nil || ours.Tree == nil:
		return []difference{{failure, told(peer), told(ours)}}
	}
	return compare("", peer.Tree, ours.Tree)
}

func told(r result) string {
	if r.Tree == nil {
		return "fails: " + r.Error
	}
	return "gives a tree"
}

// compare lists the deepest places that differ.
func compare(path string, peer, ours any) []difference {
	a, ok := peer.(map[string]any)
	b, ok2 := ours.(map[string]any)
	if ok && ok2 {
		var found []difference
		keys := maps.Clone(a)
		maps.Copy(keys, b)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			x, inA := a[key]
			y, inB := b[key]
			at := strings.TrimPrefix(path+"."+key, ".")
			if inA && inB {
				found = append(found, compare(at, x, y)...)
				continue
			}
			found = append(found, difference{at, shown(x, inA), shown(y, inB)})
		}
		return found
	}
	l, ok := peer.([]any)
	m, ok2 := ours.([]any)
	if ok && ok2 && len(l) == len(m) {
		var found []difference
		for i := range l {
			found = append(found, compare(path+"."+strconv.Itoa(i), l[i], m[i])...)
		}
		return found
	}
	if reflect.DeepEqual(peer, ours) {
		return nil
	}
	return []difference{{path, shown(peer, true), shown(ours, true)}}
}

func shown(v any, there bool) string {
	if !there {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// known is the list of known differences: case, path and reason.
type known map[string]map[string]string

// knownRow is a row of the table: | `case` | `path` | reason |.
var knownRow = regexp.MustCompile("^\\| `([^`]+)` \\| `([^`]+)` \\| (.+) \\|$")

// readKnown reads the rows of tables of known differences in a Markdown file.
func readKnown(file string) (known, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	list := known{}
	for i, line := range strings.Split(string(data), "\n") {
		m := knownRow.FindStringSubmatch(strings.TrimSuffix(line, "\r"))
		if m == nil {
			continue
		}
		if list[m[1]] == nil {
			list[m[1]] = map[string]string{}
		}
		if _, twice := list[m[1]][m[2]]; twice {
			return nil, fmt.Errorf("%s:%d: %s of %s is listed twice", file, i+1, m[2], m[1])
		}
		list[m[1]][m[2]] = m[3]
	}
	return list, nil
}

// judge says what the list has wrong about a case.
func (k known) judge(name string, found []difference) []string {
	var wrong []string
	there := map[string]bool{}
	for _, d := range found {
		there[d.path] = true
		if _, ok := k[name][d.path]; !ok {
			wrong = append(wrong, "not listed: "+d.line(name))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(k[name])) {
		if !there[path] {
			wrong = append(wrong, fmt.Sprintf("listed, but gone: %s: %s", name, path))
		}
	}
	return wrong
}

// unused says which rows are about no case.
func (k known) unused(cases []*testCase) []string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(k)) {
		if !slices.ContainsFunc(cases, func(c *testCase) bool { return c.name == name }) {
			wrong = append(wrong, "listed, but there is no such case: "+name)
		}
	}
	return wrong
}
