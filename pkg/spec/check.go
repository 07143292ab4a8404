package spec

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// checker holds values against the tables and reports what doesn't fit.
type checker struct {
	report func(diag.Diagnostic)
	v1, v3 *object // the tables of props, once they were needed
}

// tableV3 gives the table of fc3's props, made once.
func (c *checker) tableV3() *object {
	if c.v3 == nil {
		c.v3 = propsV3()
	}
	return c.v3
}

// tableV1 gives the table of fc's props, made once.
func (c *checker) tableV1() *object {
	if c.v1 == nil {
		c.v1 = propsV1()
	}
	return c.v1
}

// object checks a map. key is where the key stands that holds it.
func (c *checker) object(v *expr.Value, o *object, key diag.Range) {
	for _, e := range v.Entries {
		f := o.find(e.Key)
		if f == nil {
			if !o.open {
				c.unknown(e, v, o)
			}
			continue
		}
		if f.later && e.Value.Kind != expr.Null {
			c.notYet(e)
		}
		c.value(e.Value, f, e.KeyRange)
	}
	for _, f := range o.fields {
		if f.required && isAbsent(v.Get(f.key)) {
			c.report(problem(CodeMissing, key, "missing %q in %s", f.key, o.title))
		}
	}
	c.rules(v, o, key)
	c.typed(v, o)
}

func (c *checker) unknown(e expr.Entry, v *expr.Value, o *object) {
	d := problem(CodeUnknownKey, e.KeyRange, "unknown key %q in %s", e.Key, o.title)
	if d.Hint = diag.DidYouMean(e.Key, unused(v, o)); o.elsewhere[e.Key] != "" {
		d.Hint = fmt.Sprintf("here it is %q", o.elsewhere[e.Key])
	}
	c.report(d)
}

// typed checks the value whose table another key of the map names.
func (c *checker) typed(v *expr.Value, o *object) {
	if o.byType == nil {
		return
	}
	e := v.Entry(o.byType.config)
	if table := o.byType.of(asText(v.Get(o.byType.kind))); table != nil && e != nil && e.Value.Kind == expr.Map {
		c.object(e.Value, table, e.KeyRange)
	}
}

func (c *checker) notYet(e expr.Entry) {
	c.report(diag.Diagnostic{
		Severity: diag.Warning, Code: CodeNotApplied, Range: e.KeyRange,
		Summary: fmt.Sprintf("%q is checked but not carried out by this version of s", e.Key),
	})
}

// unused gives the keys of o that v hasn't got: the likely meanings of a
// misspelt one.
func unused(v *expr.Value, o *object) []string {
	var keys []string
	for _, k := range o.keys() {
		if v.Entry(k) == nil {
			keys = append(keys, k)
		}
	}
	return keys
}

// isAbsent reports whether a key has no value; one that could not be computed
// counts as there.
func isAbsent(v *expr.Value) bool { return v == nil || (v.Kind == expr.Null && !v.Invalid) }

// value checks one value against a row of a table.
func (c *checker) value(v *expr.Value, f *field, key diag.Range) {
	if v.Invalid || v.Kind == expr.Null || v.Kind == expr.Pending {
		return
	}
	if f.auto && isAuto(v) {
		c.autoParams(v, f)
		return
	}
	if f.alt != nil && !fits(v, f) && fits(v, f.alt) {
		f = f.alt
	}
	if !fits(v, f) {
		c.wrongType(v, f, key)
		return
	}
	switch f.kind {
	case kString:
		c.text(v, f)
	case kInt, kNumber:
		c.number(v, f)
	case kList:
		c.length(v, f, float64(len(v.Items)), key)
		for _, item := range v.Items {
			c.value(item, f.elem, at(item, key))
		}
		if f.unique != "" {
			c.differ(v, f, key)
		}
	case kObject:
		c.object(v, f.obj, key)
	case kStringMap:
		for _, e := range v.Entries {
			if e.Value.Kind == expr.List || e.Value.Kind == expr.Map {
				c.wrongType(e.Value, str(e.Key), e.KeyRange)
			}
		}
	}
}

// at is where to point for a value: its own place, or that of the key for
// values that an expression made elsewhere.
func at(v *expr.Value, key diag.Range) diag.Range {
	if v.Range.Start.Line == 0 {
		return key
	}
	return v.Range
}

// fits reports whether a value has, or by an expression may stand for, the type
// of a key.
func fits(v *expr.Value, f *field) bool {
	switch f.kind {
	case kString:
		return v.Kind == expr.String || (v.Computed && v.IsScalar())
	case kInt:
		_, ok := asInt(v)
		return ok
	case kNumber:
		_, ok := asFloat(v)
		return ok
	case kBool:
		_, ok := asBool(v)
		return ok
	case kList:
		return v.Kind == expr.List
	case kObject, kStringMap, kAnyMap:
		return v.Kind == expr.Map
	}
	return true
}

// asInt gives a whole number; the text of an expression such as ${env('N')}
// counts, a quoted number doesn't.
func asInt(v *expr.Value) (int64, bool) {
	switch {
	case v == nil:
		return 0, false
	case v.Kind == expr.Int:
		return v.Int, true
	case v.Kind == expr.Float && v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<53:
		return int64(v.Float), true
	case v.Kind == expr.String && v.Computed:
		n, err := strconv.ParseInt(strings.TrimSpace(v.Text), 10, 64)
		return n, err == nil
	}
	return 0, false
}

func asFloat(v *expr.Value) (float64, bool) {
	switch {
	case v == nil:
		return 0, false
	case v.Kind == expr.Int || v.Kind == expr.Float:
		return v.Float, !math.IsNaN(v.Float) && !math.IsInf(v.Float, 0)
	case v.Kind == expr.String && v.Computed:
		f, err := strconv.ParseFloat(strings.TrimSpace(v.Text), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

func asBool(v *expr.Value) (value, ok bool) {
	switch {
	case v == nil:
		return false, false
	case v.Kind == expr.Bool:
		return v.Bool, true
	case v.Kind == expr.String && v.Computed:
		return v.Text == "true", v.Text == "true" || v.Text == "false"
	}
	return false, false
}

// name gives the key of a row in quotes, or what an element of a list is called.
func name(f *field) string {
	if f.key == "" {
		return fmt.Sprintf("an element of %q", f.list)
	}
	return strconv.Quote(f.key)
}

func typeName(f *field) string {
	text := ""
	switch f.kind {
	case kString:
		text = "a string"
	case kInt:
		text = "a whole number"
	case kNumber:
		text = "a number"
	case kBool:
		text = "true or false"
	case kList:
		text = "a list"
	case kObject, kStringMap, kAnyMap:
		text = "a map"
	}
	if f.alt != nil {
		text += " or " + typeName(f.alt)
	}
	if f.auto {
		text += ` or "auto"`
	}
	return text
}

// wrongType points at a scalar itself, and at the key of a list or map.
func (c *checker) wrongType(v *expr.Value, f *field, key diag.Range) {
	rng := key
	if v.IsScalar() {
		rng = at(v, key)
	}
	got := v.Kind.String()
	if v.Kind == expr.Bool {
		got = v.Text
	}
	d := problem(CodeType, rng, "%s must be %s, not %s", name(f), typeName(f), got)
	d.Hint = typeHint(v, f)
	d.Detail = origin(v)
	c.report(d)
}

func typeHint(v *expr.Value, f *field) string {
	if v.Computed || v.Secret {
		return ""
	}
	switch {
	case f.kind == kString && v.IsScalar():
		return fmt.Sprintf("put it in quotes: %q", v.Text)
	case f.kind == kBool && v.Kind == expr.String:
		return "write true or false, without quotes"
	case f.kind == kInt && v.Kind == expr.String, f.kind == kNumber && v.Kind == expr.String:
		if _, err := strconv.ParseFloat(v.Text, 64); err == nil {
			return "remove the quotes"
		}
	case f.kind == kList && v.IsScalar():
		return fmt.Sprintf("make it a list: [%s]", shown(v))
	}
	return ""
}

// origin tells where a value comes from that an expression brought along.
func origin(v *expr.Value) string {
	if v.Origin.Start.Line == 0 || v.Origin == v.Range {
		return ""
	}
	return "the value comes from " + v.Origin.String()
}

func (c *checker) text(v *expr.Value, f *field) {
	switch {
	case len(f.enum) > 0:
		c.choice(v, f)
	case f.name > 0:
		c.name(v, f)
	case f.bounded:
		c.length(v, f, float64(len([]rune(v.Text))), v.Range)
	case f.shape != nil && !f.shape.MatchString(strings.TrimSpace(v.Text)):
		d := problem(CodeFormat, at(v, v.Range), "%s can't be %s", name(f), shown(v))
		d.Detail = f.about.en
		d.Hint = fmt.Sprintf("for example %q", f.example)
		c.report(d)
	}
}

func (c *checker) choice(v *expr.Value, f *field) {
	if slices.Contains(f.enum, v.Text) {
		return
	}
	d := problem(CodeEnum, v.Range, "%s can't be %s", name(f), shown(v))
	if f.soft {
		d = diag.Diagnostic{
			Severity: diag.Warning, Code: CodeRegion, Range: v.Range,
			Summary: fmt.Sprintf("%s %s is not known to this version of s", f.key, shown(v)),
		}
	}
	if !v.Secret {
		if d.Hint = diag.DidYouMean(v.Text, f.enum); d.Hint == "" && !f.soft {
			d.Hint = "one of: " + strings.Join(f.enum, ", ")
		}
	}
	d.Detail = origin(v)
	c.report(d)
}

// name checks what the service takes as a name: letters, digits, _ and -, not
// starting with a digit or -.
func (c *checker) name(v *expr.Value, f *field) {
	if validName(v.Text) && len(v.Text) <= f.name {
		return
	}
	d := problem(CodeName, v.Range, "%s can't be %s", name(f), shown(v))
	d.Detail = fmt.Sprintf("a name has 1 to %d letters, digits, _ and -, and starts with a letter or _", f.name)
	if o := origin(v); o != "" {
		d.Detail += "\n" + o
	}
	c.report(d)
}

func validName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '-')) {
			return false
		}
	}
	return s != ""
}

func (c *checker) number(v *expr.Value, f *field) {
	n, _ := asFloat(v)
	text := strings.TrimSpace(v.Text)
	if v.Secret {
		text = "(secret)"
	}
	switch {
	case len(f.ints) > 0:
		allowed := make([]string, 0, len(f.ints))
		for _, i := range f.ints {
			if float64(i) == n {
				return
			}
			allowed = append(allowed, strconv.FormatInt(i, 10))
		}
		c.outOfRange(v, "%s must be %s, not %s", name(f), strings.Join(allowed, " or "), text)
	case f.bounded && (n < f.min || n > f.max):
		c.outOfRange(v, "%s must be between %s and %s, not %s", name(f), plain(f.min), plain(f.max), text)
	case f.step > 0 && math.Abs(n/f.step-math.Round(n/f.step)) > 1e-9:
		c.outOfRange(v, "%s must be a multiple of %s, not %s", name(f), plain(f.step), text)
	}
}

func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (c *checker) length(v *expr.Value, f *field, n float64, rng diag.Range) {
	if !f.bounded || (n >= f.min && n <= f.max) {
		return
	}
	unit := "characters"
	if f.kind == kList {
		unit = "elements"
	}
	d := problem(CodeRange, at(v, rng), "%s must have %s to %s %s, not %s", name(f), plain(f.min), plain(f.max), unit, plain(n))
	if f.kind == kList {
		d.Range = rng
	}
	c.report(d)
}

func (c *checker) outOfRange(v *expr.Value, format string, args ...any) {
	d := problem(CodeRange, v.Range, format, args...)
	d.Detail = origin(v)
	c.report(d)
}
