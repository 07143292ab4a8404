package spec

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// These tests hold the checker to every row of every table: a value that fits
// all rows has no finding, and each single thing that is made wrong in it gives
// exactly one, of the right code and at the right place.

// sampler makes values that fit the tables, each at a place of its own.
type sampler struct{ line int }

func (s *sampler) place() diag.Range {
	s.line++
	pos := diag.Pos{Line: s.line, Column: 1}
	return diag.Range{File: "s.yaml", Start: pos, End: diag.Pos{Line: s.line, Column: 2}}
}

func (s *sampler) object(o *object) *expr.Value {
	var entries []expr.Entry
	for _, f := range o.fields {
		entries = append(entries, expr.Entry{Key: f.key, KeyRange: s.place(), Value: s.value(f)})
	}
	v := expr.NewMap(entries)
	v.Range = s.place()
	return v
}

func (s *sampler) value(f *field) *expr.Value {
	var v *expr.Value
	switch f.kind {
	case kString:
		v = expr.NewString(goodText(f))
	case kInt:
		v = expr.NewInt(int64(goodNumber(f)))
	case kNumber:
		n := goodNumber(f)
		v = expr.NewFloat(n, plain(n))
	case kBool:
		v = expr.NewBool(true)
	case kList:
		items := make([]*expr.Value, int(max(1, f.min)))
		for i := range items {
			items[i] = s.value(f.elem)
		}
		v = expr.NewList(items)
	case kObject:
		return s.object(f.obj)
	case kStringMap, kAnyMap:
		v = expr.NewMap([]expr.Entry{{Key: "k", KeyRange: s.place(), Value: expr.NewString("v")}})
	default:
		v = expr.NewString("anything")
	}
	v.Range = s.place()
	return v
}

func goodText(f *field) string {
	switch {
	case len(f.enum) > 0:
		return f.enum[len(f.enum)-1]
	case f.name > 0:
		return strings.Repeat("n", f.name)
	case f.shape != nil:
		return f.example
	case f.bounded:
		return strings.Repeat("ä", int(f.max)) // characters count, not bytes
	}
	return "text"
}

func goodNumber(f *field) float64 {
	switch {
	case len(f.ints) > 0:
		return float64(f.ints[len(f.ints)-1])
	case !f.bounded:
		return 7
	case f.step > 0:
		return math.Round(math.Floor(f.max/f.step+1e-9)*f.step*100) / 100
	}
	return f.max
}

// change is one thing made wrong: what, the finding that must come, and where.
type change struct {
	what  string
	value *expr.Value // instead
	code  string
	place diag.Range
}

// nestedList is the change whose finding names the key inside the map.
const nestedList = "list for a string"

// changes of a value by its row. key is the place of its key.
func changes(v *expr.Value, f *field, key diag.Range) []change {
	out := []change{{"wrong type", wrongKind(f), CodeType, v.Range}}
	switch f.kind {
	case kString:
		out = append(out, badTexts(v, f)...)
	case kInt, kNumber:
		out = append(out, badNumbers(v, f)...)
	case kList:
		if f.bounded && f.max < 1000 {
			many := slices.Repeat(v.Items[:1], int(f.max)+1)
			out = append(out, change{"one too many", expr.NewList(many), CodeRange, key})
		}
		if f.bounded && f.min > 0 {
			out = append(out, change{"none", expr.NewList(nil), CodeRange, key})
		}
	case kStringMap:
		place := v.Entries[0].KeyRange
		nested := expr.NewMap([]expr.Entry{{Key: "k", KeyRange: place, Value: expr.NewList(nil)}})
		out = append(out, change{nestedList, nested, CodeType, place})
	case kAny:
		return nil
	}
	return out
}

// wrongKind is a scalar that no row takes for the type of f.
func wrongKind(f *field) *expr.Value {
	if f.kind == kString {
		return expr.NewInt(12)
	}
	return expr.NewString("wrong")
}

func badTexts(v *expr.Value, f *field) []change {
	switch {
	case len(f.enum) > 0 && f.soft:
		return nil // a warning, see TestSoftRows
	case len(f.enum) > 0:
		return []change{{"not of the list", expr.NewString("no-such-word"), CodeEnum, v.Range}}
	case f.name > 0:
		out := []change{{"too long a name", expr.NewString(strings.Repeat("n", f.name+1)), CodeName, v.Range}}
		for _, bad := range []string{"9a", "-a", "a b", "ä", "a.b"} {
			out = append(out, change{"name " + bad, expr.NewString(bad), CodeName, v.Range})
		}
		return out
	case f.shape != nil:
		return []change{{"another shape", expr.NewString("no such shape"), CodeFormat, v.Range}}
	case f.bounded:
		out := []change{{"one character more", expr.NewString(strings.Repeat("x", int(f.max)+1)), CodeRange, v.Range}}
		if f.min > 0 {
			out = append(out, change{"one character less", expr.NewString(strings.Repeat("x", int(f.min)-1)), CodeRange, v.Range})
		}
		return out
	}
	return nil
}

func badNumbers(v *expr.Value, f *field) []change {
	number := func(n float64) *expr.Value {
		if f.kind == kInt {
			return expr.NewInt(int64(n))
		}
		return expr.NewFloat(n, plain(n))
	}
	var out []change
	step := max(f.step, map[kind]float64{kInt: 1, kNumber: 0.01}[f.kind])
	if f.bounded {
		out = append(out,
			change{"above", number(f.max + step), CodeRange, v.Range},
			change{"below", number(f.min - step), CodeRange, v.Range})
	}
	if f.step > 0 {
		out = append(out, change{"between the steps", number(f.max - f.step/2), CodeRange, v.Range})
	}
	if len(f.ints) > 0 {
		out = append(out, change{"not of the list", number(float64(f.ints[0]) + 1), CodeRange, v.Range})
	}
	if f.kind == kInt {
		out = append(out, change{"half", expr.NewFloat(1.5, "1.5"), CodeType, v.Range})
	} else {
		out = append(out, change{"no number", expr.NewFloat(math.NaN(), ".nan"), CodeType, v.Range})
	}
	return out
}

// bench is a table with a value that fits it.
type tableBench struct {
	t     *testing.T
	table *object
	root  *expr.Value
	key   diag.Range
	tried int
}

// findings are the errors of the whole value.
func (b *tableBench) findings() []diag.Diagnostic {
	var found []diag.Diagnostic
	c := &checker{report: func(d diag.Diagnostic) {
		if d.Severity == diag.Error {
			found = append(found, d)
		}
	}}
	c.object(b.root, b.table, b.key)
	return found
}

// expect checks that there is one finding.
func (b *tableBench) expect(path string, ch change) {
	b.t.Helper()
	b.tried++
	found := b.findings()
	if len(found) != 1 || found[0].Code != ch.code || found[0].Range != ch.place {
		b.t.Errorf("%s, %s: %d findings %v, want one %s at %s", path, ch.what, len(found), found, ch.code, ch.place)
		return
	}
	last := path[strings.LastIndexAny(path, ".")+1:]
	if ch.what == nestedList {
		last = "k"
	}
	if name, _, inList := strings.Cut(last, "["); !strings.Contains(found[0].Summary, name) && !inList {
		b.t.Errorf("%s, %s: %q doesn't name %s", path, ch.what, found[0].Summary, last)
	}
}

// object tries everything in a map.
func (b *tableBench) object(path string, v *expr.Value, o *object, key diag.Range) {
	entries := v.Entries
	odd := expr.Entry{Key: "noSuchKey", KeyRange: diag.Range{File: "s.yaml", Start: diag.Pos{Line: 9999, Column: 1}}, Value: expr.NewInt(1)}
	v.Entries = append(slices.Clone(entries), odd)
	if o.open {
		if found := b.findings(); len(found) > 0 {
			b.t.Errorf("%s takes any key, but: %v", path, found)
		}
	} else {
		b.expect(path+".noSuchKey", change{"unknown key", nil, CodeUnknownKey, odd.KeyRange})
	}
	for i, e := range entries {
		f := o.find(e.Key)
		if f.required {
			v.Entries = slices.Delete(slices.Clone(entries), i, i+1)
			b.expect(path+"."+e.Key, change{"missing", nil, CodeMissing, key})
			v.Entries = slices.Clone(entries)
			v.Entries[i].Value = &expr.Value{Kind: expr.Null}
			b.expect(path+"."+e.Key, change{"null", nil, CodeMissing, key})
		}
	}
	v.Entries = entries
	for _, e := range entries {
		b.value(path+"."+e.Key, e.Value, o.find(e.Key), e.KeyRange)
	}
}

// value tries everything in a value.
func (b *tableBench) value(path string, v *expr.Value, f *field, key diag.Range) {
	for _, ch := range changes(v, f, key) {
		if f.alt != nil && fits(ch.value, f.alt) {
			continue
		}
		was := *v
		*v = *ch.value
		v.Range = was.Range
		b.expect(path, ch)
		*v = was
	}
	switch f.kind {
	case kList:
		for i, item := range v.Items {
			b.value(fmt.Sprintf("%s[%d]", path, i), item, f.elem, item.Range)
		}
	case kObject:
		b.object(path, v, f.obj, key)
	}
}

// tables are all that s.yaml may hold below props.
func tables() map[string]*object {
	all := map[string]*object{"fc3 props": propsV3(), "fc props": propsV1()}
	for _, kind := range fc.TriggerTypes() {
		all["fc3 trigger "+kind] = triggerConfigV3(kind)
		all["fc trigger "+kind] = triggerConfigV1(kind)
	}
	return all
}

// rowsOnly takes out what isn't about single rows: see rules_test.go.
func rowsOnly(o *object) *object {
	eachObject(o, func(o *object) {
		o.rules, o.byType = nil, nil
		for _, f := range o.fields {
			f.unique = ""
		}
	})
	return o
}

// eachObject calls do for a table and all objects in it.
func eachObject(o *object, do func(*object)) {
	do(o)
	for _, f := range o.fields {
		for _, part := range []*field{f, f.alt, f.elem} {
			for ; part != nil; part = part.elem {
				if part.obj != nil {
					eachObject(part.obj, do)
				}
				if part.alt != nil && part.alt.obj != nil && part != f {
					eachObject(part.alt.obj, do)
				}
			}
		}
	}
}

func TestEveryRow(t *testing.T) {
	t.Parallel()
	total := 0
	for name, table := range tables() {
		t.Run(name, func(t *testing.T) {
			s, table := &sampler{}, rowsOnly(table)
			b := &tableBench{t: t, table: table, root: s.object(table), key: s.place()}
			if found := b.findings(); len(found) > 0 {
				t.Fatalf("what fits every row has findings: %v", found)
			}
			b.object(table.title, b.root, table, b.key)
			if again := b.findings(); len(again) > 0 {
				t.Errorf("the test left something changed: %v", again)
			}
			total += b.tried
		})
	}
	if total < 1100 {
		t.Errorf("only %d things were tried: does the walk still reach every row?", total)
	}
}

// TestOtherTypes: where a row takes two types, both fit.
func TestOtherTypes(t *testing.T) {
	t.Parallel()
	for name, table := range tables() {
		for _, f := range table.fields {
			if f.alt == nil {
				continue
			}
			s, table := &sampler{}, rowsOnly(table)
			root := s.object(table)
			root.Entry(f.key).Value = s.value(f.alt)
			b := &tableBench{t: t, table: table, root: root}
			if found := b.findings(); len(found) > 0 {
				t.Errorf("%s, %s as its other type: %v", name, f.key, found)
			}
		}
	}
}

// warnings are the findings of a value that don't forbid it.
func warnings(v *expr.Value, f *field) []diag.Diagnostic {
	var found []diag.Diagnostic
	c := &checker{report: func(d diag.Diagnostic) { found = append(found, d) }}
	c.object(expr.NewMap([]expr.Entry{{Key: f.key, Value: v}}), &object{title: "test", fields: []*field{f}}, diag.Range{})
	return found
}

// TestSoftRows: a region that is newer than s is a warning with the nearest one.
func TestSoftRows(t *testing.T) {
	t.Parallel()
	f := str("region").expect(fc.Regions()...)
	for _, region := range fc.Regions() {
		if found := warnings(expr.NewString(region), f); len(found) > 0 {
			t.Errorf("%s: %v", region, found)
		}
	}
	found := warnings(expr.NewString("cn-hangzhuo"), f)
	if len(found) != 1 || found[0].Severity != diag.Warning || found[0].Code != CodeRegion || !strings.Contains(found[0].Hint, "cn-hangzhou") {
		t.Errorf("%v", found)
	}
}

// TestLaterRows: what isn't carried out yet is said for each such row, and null
// is nothing to carry out.
func TestLaterRows(t *testing.T) {
	t.Parallel()
	count := 0
	for name, table := range tables() {
		for _, f := range table.fields {
			if !f.later {
				continue
			}
			count++
			s := &sampler{}
			found := warnings(s.value(f), f)
			said := slices.ContainsFunc(found, func(d diag.Diagnostic) bool {
				return d.Code == CodeNotApplied && d.Severity == diag.Warning && strings.Contains(d.Summary, `"`+f.key+`"`)
			})
			if !said {
				t.Errorf("%s, %s: nothing is said: %v", name, f.key, found)
			}
			if found := warnings(&expr.Value{Kind: expr.Null}, f); len(found) > 0 {
				t.Errorf("%s, %s: null: %v", name, f.key, found)
			}
		}
	}
	if count == 0 {
		t.Error("no rows are left for later: this test can go")
	}
}

// TestKeysOfTheOtherEdition: the hint names the key that stands here for it, and
// that key exists.
func TestKeysOfTheOtherEdition(t *testing.T) {
	t.Parallel()
	service := propsV1().find("service").obj
	for _, o := range []*object{propsV3(), service, propsV1().find("function").obj} {
		for theirs, ours := range o.elsewhere {
			first, rest, nested := strings.Cut(ours, ".")
			f := o.find(first)
			if f != nil && f.alt != nil {
				f = f.alt // code: a path, or an object
			}
			if f == nil || nested && f.obj.find(rest) == nil {
				t.Errorf("%s: %s points to %s, which isn't there", o.title, theirs, ours)
			}
			if o.find(theirs) != nil {
				t.Errorf("%s: %s is a key of its own", o.title, theirs)
			}
			var hints []string
			c := &checker{report: func(d diag.Diagnostic) { hints = append(hints, d.Hint) }}
			c.object(expr.NewMap([]expr.Entry{{Key: theirs, Value: expr.NewInt(1)}}), &object{title: o.title, elsewhere: o.elsewhere}, diag.Range{})
			if len(hints) != 1 || hints[0] != fmt.Sprintf("here it is %q", ours) {
				t.Errorf("%s: %s: hints %q", o.title, theirs, hints)
			}
		}
	}
}

// TestRowsOfTheRuntimes: s.yaml takes exactly the runtimes of the table.
func TestRowsOfTheRuntimes(t *testing.T) {
	t.Parallel()
	for _, f := range []*field{propsV3().find("runtime"), propsV1().find("function").obj.find("runtime")} {
		if len(f.enum) != len(fc.Runtimes()) {
			t.Errorf("%d runtimes, %d in the table", len(f.enum), len(fc.Runtimes()))
		}
		for _, r := range fc.Runtimes() {
			if !slices.Contains(f.enum, r.Name) {
				t.Errorf("%s is missing", r.Name)
			}
		}
	}
}
