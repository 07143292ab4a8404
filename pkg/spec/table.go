package spec

import (
	"regexp"
	"slices"
)

// The tables of this package say what s.yaml may hold: keys, types, limits,
// defaults, what they mean in English and Chinese, and which keys need or
// exclude each other. Checks (check.go), the JSON schema (schema.go) and the
// reference page (reference.go) come from them.

// kind is the type that a key takes.
type kind int

const (
	kString    kind = iota
	kInt            // whole number
	kNumber         // any number
	kBool           //
	kList           // of elem
	kObject         // with the keys of obj
	kStringMap      // any keys, scalar values
	kAnyMap         // any keys, any values; those of elem, if there is one
	kAny            //
)

// words is what is said to a person, in both languages.
type words struct{ en, zh string }

// in gives the text of a language: zh, or English for any other.
func (w words) in(lang string) string {
	if lang == "zh" {
		return w.zh
	}
	return w.en
}

// field is a row of the tables that say what s.yaml may hold.
type field struct {
	key      string
	kind     kind
	required bool
	// min and max bound a number, or the length of a list or string; they count
	// if bounded is set.
	bounded  bool
	min, max float64
	step     float64  // numbers must be a multiple of it
	enum     []string // allowed strings
	soft     bool     // a string outside of enum is a warning
	hints    []string // strings that are likely; any other is as good
	ints     []int64  // allowed numbers
	name     int      // a name of the service, at most so long
	shape    *regexp.Regexp
	example  string   // of the shape
	unique   string   // the key in which the elements of the list must differ
	elem     *field   // of lists
	obj      *object  // of objects
	auto     bool     // "auto" or "auto|key=value" stands for an object
	alt      *field   // another type that is allowed
	made     []string // what "auto" is made with: its parameters
	list     string   // of an element: the key of its list
	later    bool     // checked, not carried out yet
	preset   string   // what counts if the key is absent, as it would be written
	about    words    // what it means
}

// object is a map with known keys.
type object struct {
	title  string // for messages: unknown key "x" in TITLE
	fields []*field
	// elsewhere gives the key that stands here for one of the other edition.
	elsewhere map[string]string
	rules     []rule
	open      bool // keys that are not known are let through
	// byType gives the table of the value of key `config` by that of key `kind`.
	byType *byType
}

// byType is for elements whose one key says what another may hold.
type byType struct {
	kind, config string
	kinds        []string
	table        func(kind string) *object
	made         map[string]*object
}

// of gives the table of a kind, nil for an unknown one, and makes it once.
func (b *byType) of(kind string) *object {
	o, ok := b.made[kind]
	if !ok && slices.Contains(b.kinds, kind) {
		if b.made == nil {
			b.made = map[string]*object{}
		}
		o = b.table(kind)
		b.made[kind] = o
	}
	return o
}

func (o *object) find(key string) *field {
	for _, f := range o.fields {
		if f.key == key {
			return f
		}
	}
	return nil
}

func (o *object) keys() []string {
	keys := make([]string, 0, len(o.fields))
	for _, f := range o.fields {
		keys = append(keys, f.key)
	}
	return keys
}

func str(key string) *field       { return &field{key: key, kind: kString} }
func integer(key string) *field   { return &field{key: key, kind: kInt} }
func number(key string) *field    { return &field{key: key, kind: kNumber} }
func boolean(key string) *field   { return &field{key: key, kind: kBool} }
func anything(key string) *field  { return &field{key: key, kind: kAny} }
func anyMap(key string) *field    { return &field{key: key, kind: kAnyMap} }
func stringMap(key string) *field { return &field{key: key, kind: kStringMap} }

func list(key string, elem *field) *field {
	elem.list = key
	return &field{key: key, kind: kList, elem: elem}
}
func stringList(key string) *field { return list(key, str("")) }

func object1(key, title string, fields ...*field) *field {
	return &field{key: key, kind: kObject, obj: &object{title: title, fields: fields}}
}

// block is an object that is called by its key.
func block(key string, fields ...*field) *field { return object1(key, key, fields...) }

func objects(key, title string, fields ...*field) *field {
	return list(key, object1("", title, fields...))
}

func (f *field) must() *field { f.required = true; return f }

func (f *field) between(low, high float64) *field {
	f.bounded, f.min, f.max = true, low, high
	return f
}

func (f *field) multipleOf(step float64) *field   { f.step = step; return f }
func (f *field) oneOf(values ...string) *field    { f.enum = values; return f }
func (f *field) expect(values ...string) *field   { f.enum, f.soft = values, true; return f }
func (f *field) oneOfInts(values ...int64) *field { f.ints = values; return f }
func (f *field) named(longest int) *field         { f.name = longest; return f }

// orAuto lets the deployment make what "auto" stands for, with parameters.
func (f *field) orAuto(params ...string) *field { f.auto, f.made = true, params; return f }

func (f *field) or(alt *field) *field { f.alt = alt; return f }
func (f *field) notYet() *field       { f.later = true; return f }

// like makes a text be of a shape; example is one that is.
func (f *field) like(shape *regexp.Regexp, example string) *field {
	f.shape, f.example = shape, example
	return f
}

// suggest names likely texts, for editors and the reference.
func (f *field) suggest(values ...string) *field { f.hints = values; return f }

// by says what counts if the key is absent.
func (f *field) by(preset string) *field { f.preset = preset; return f }

// is says what the key means.
func (f *field) is(en, zh string) *field { f.about = words{en, zh}; return f }

// where gives the object of a block its rules.
func (f *field) where(rules ...rule) *field { f.obj.rules = append(f.obj.rules, rules...); return f }

// letThrough makes a block take keys that it doesn't know.
func (f *field) letThrough() *field { f.obj.open = true; return f }

// differ says in which key the elements of a list must differ.
func (f *field) differ(key string) *field { f.unique = key; return f }
