package spec

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
	kAnyMap         // any keys, any values
	kAny            //
)

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
	ints     []int64  // allowed numbers
	name     int      // a name of the service, at most so long
	elem     *field   // of lists
	obj      *object  // of objects
	auto     bool     // "auto" or "auto|key=value" stands for an object
	alt      *field   // another type that is allowed
	within   string   // the block that "auto" leaves unset, if it isn't this one
	list     string   // of an element: the key of its list
	later    bool     // checked, not carried out yet
}

// object is a map with known keys.
type object struct {
	title  string // for messages: unknown key "x" in TITLE
	fields []*field
	// elsewhere gives the key that stands here for one of the other edition.
	elsewhere map[string]string
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
func (f *field) orAuto() *field                   { f.auto, f.within = true, f.key; return f }
func (f *field) or(alt *field) *field             { f.alt = alt; return f }
func (f *field) notYet() *field                   { f.later = true; return f }
