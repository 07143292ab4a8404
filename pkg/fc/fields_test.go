package fc

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// types are all that travel as JSON.
func types() []any {
	return []any{
		Function{},
		Service{},
		Trigger{},
		Code{},
		Layer{},
		CustomRuntimeConfig{},
		CustomContainerConfig{},
		HealthCheckConfig{},
		CustomDNS{},
		DNSOption{},
		InstanceLifecycleConfig{},
		LifecycleHook{},
		LogConfig{},
		VPCConfig{},
		NASConfig{},
		NASMount{},
		OSSMountConfig{},
		OSSMount{},
		TracingConfig{},
		GPUConfig{},
		Tag{},
		HTTPTrigger{},
		HTTPTriggerConfig{},
	}
}

// sample fills v with values that differ from zero, deeply, from a seed.
func sample(v reflect.Value, seed int64) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Repeat("é\"<\u2028", int(seed%3)+1))
	case reflect.Bool:
		v.SetBool(seed%2 == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(seed)
	case reflect.Float64:
		v.SetFloat(float64(seed) + 0.35)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		sample(v.Elem(), seed)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			sample(v.Index(i), seed+int64(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		item := reflect.New(v.Type().Elem()).Elem()
		sample(item, seed)
		v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), item)
	case reflect.Struct:
		for i := range v.NumField() {
			sample(v.Field(i), seed+int64(i))
		}
	default:
		panic("no sample of " + v.Kind().String())
	}
}

// fields gives, for each field of t, a value of t with only that field set.
func fields(t reflect.Type, visit func(field reflect.StructField, value reflect.Value)) {
	for i := range t.NumField() {
		value := reflect.New(t)
		sample(value.Elem().Field(i), 2)
		visit(t.Field(i), value)
	}
}

// TestEachFieldThroughJSONAndBack: one field at a time, under the name that its
// tag says, and nothing else comes along but what a request must have.
func TestEachFieldThroughJSONAndBack(t *testing.T) {
	t.Parallel()
	for _, zero := range types() {
		kind := reflect.TypeOf(zero)
		zeroText, err := json.Marshal(zero)
		if err != nil {
			t.Fatal(err)
		}
		var always map[string]any
		if err := json.Unmarshal(zeroText, &always); err != nil {
			t.Fatal(err)
		}
		fields(kind, func(field reflect.StructField, value reflect.Value) {
			text, err := json.Marshal(value.Interface())
			if err != nil {
				t.Fatal(err)
			}
			back := reflect.New(kind)
			if err := json.Unmarshal(text, back.Interface()); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(value.Interface(), back.Interface()); d != "" {
				t.Errorf("%s.%s: %s", kind.Name(), field.Name, d)
			}
			var keys map[string]any
			if err := json.Unmarshal(text, &keys); err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if _, there := keys[name]; !there {
				t.Errorf("%s.%s is not under %q: %s", kind.Name(), field.Name, name, text)
			}
			delete(keys, name)
			for key := range keys {
				if _, known := always[key]; !known {
					t.Errorf("%s.%s brings %q along", kind.Name(), field.Name, key)
				}
			}
		})
	}
}

// TestAllFieldsTogether: no two fields share a name, so that none hides another.
func TestAllFieldsTogether(t *testing.T) {
	t.Parallel()
	for _, zero := range types() {
		kind := reflect.TypeOf(zero)
		value, back := reflect.New(kind), reflect.New(kind)
		sample(value.Elem(), 4)
		text, err := json.Marshal(value.Interface())
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(back.Interface()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(value.Interface(), back.Interface()); d != "" {
			t.Errorf("%s: %s", kind.Name(), d)
		}
		names := map[string]string{}
		for field := range kind.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			folded := strings.ToLower(name) // encoding/json does not mind the case
			if name == "" || name == "-" || names[folded] != "" {
				t.Errorf("%s.%s has the name %q, as %s", kind.Name(), field.Name, name, names[folded])
			}
			names[folded] = field.Name
		}
	}
}

// TestNullIsNotGiven: FC's SDKs send null for what is not set; it must not be
// read as a value, nor as an error.
func TestNullIsNotGiven(t *testing.T) {
	t.Parallel()
	for _, zero := range types() {
		kind := reflect.TypeOf(zero)
		var members []string
		for field := range kind.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			members = append(members, `"`+name+`":null`)
		}
		got := reflect.New(kind)
		if err := json.Unmarshal([]byte("{"+strings.Join(members, ",")+"}"), got.Interface()); err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		}
		if d := cmp.Diff(reflect.New(kind).Interface(), got.Interface()); d != "" {
			t.Errorf("%s: %s", kind.Name(), d)
		}
	}
}

// TestNamesAreThoseOfTheAPI: lower camel case, but for tags, which the API
// writes with capitals; abbreviations are in capitals in Go only.
func TestNamesAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	for _, zero := range types() {
		kind := reflect.TypeOf(zero)
		for field := range kind.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !strings.EqualFold(name, field.Name) {
				t.Errorf("%s.%s is %q", kind.Name(), field.Name, name)
			}
			if lower := unicode.IsLower(rune(name[0])); lower == (kind.Name() == "Tag") {
				t.Errorf("%s.%s is %q", kind.Name(), field.Name, name)
			}
		}
	}
}

// TestNumbersAtTheirLimits: sizes and times keep their exact value, and what
// doesn't fit is an error, not another number.
func TestNumbersAtTheirLimits(t *testing.T) {
	t.Parallel()
	for _, want := range []Function{
		{MemorySize: MinMemoryMB, Timeout: 1, DiskSize: 512, CPU: 0.05},
		{MemorySize: MaxMemoryMB, Timeout: MaxTimeoutSeconds, DiskSize: 10240, CPU: 16},
		{MemorySize: math.MaxInt32, Timeout: math.MaxInt32, InstanceConcurrency: MaxInstanceConcurrency},
		{CodeSize: math.MaxInt64, CodeChecksum: "18446744073709551615"},
		{CodeSize: MaxOSSCode, CPU: 0.35},
		{Timeout: -1, MemorySize: -1},
	} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Function
		if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		`{"timeout":1.5}`, `{"memorySize":"512"}`, `{"codeSize":9223372036854775808}`, `{"cpu":"0.35"}`, `{"codeChecksum":18446744073709551615}`,
		`{"timeout":1e400}`, `{"internetAccess":"yes"}`, `{"layers":["arn"]}`, `{"environmentVariables":{"A":1}}`, `[]`,
	} {
		var f Function
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s: %+v", text, f)
		}
	}
}

// FuzzFunctionJSON: what can be read can be written, and means the same.
func FuzzFunctionJSON(f *testing.F) {
	f.Add([]byte(wholeFunction))
	f.Add([]byte(`{"functionName":null,"cpu":1e-9,"environmentVariables":{"":""},"layers":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second Function
		if json.Unmarshal(data, &first) != nil {
			t.Skip()
		}
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &second); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := json.Marshal(second)
		if err != nil || string(again) != string(text) {
			t.Fatalf("%s becomes %s, %v", text, again, err)
		}
	})
}
