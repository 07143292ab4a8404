package spec

import (
	"testing"

	"go.yaml.in/yaml/v3"

	"s/pkg/spec/expr"
)

// TestScalars: what YAML 1.2 says of plain texts, and js-yaml, with which most
// s.yaml files have been read so far.
func TestScalars(t *testing.T) {
	t.Parallel()
	text := func(s string) *expr.Value { return expr.NewString(s) }
	n := func(i int64) *expr.Value { return expr.NewInt(i) }
	f := func(f float64) *expr.Value { return expr.NewFloat(f, "") }
	for in, want := range map[string]*expr.Value{
		"0": n(0), "-5": n(-5), "+5": n(5), "1_000": n(1000), "0_7": n(7),
		"010": n(10), "-010": n(-10), "+010": n(10), "007": n(7), "00": n(0), "0777": n(777),
		"08": f(8), "0o17": n(15), "-0o7": n(-7), "0o8": text("0o8"), "0O17": text("0O17"),
		"0x1F": n(31), "-0x10": n(-16), "0XFF": text("0XFF"), "-0XFF": text("-0XFF"),
		"0b101": n(5), "0B101": text("0B101"), "1_": text("1_"), "_1": text("_1"),
		".5": f(0.5), "-.5": f(-0.5), "5.": f(5), "1e3": f(1000), "010.5": f(10.5), "1.2.3": text("1.2.3"),
		"9223372036854775807": n(9223372036854775807), "09223372036854775807": f(9223372036854775807),
		"18446744073709551615": f(18446744073709551615), "07777777777777777777777": f(7777777777777777777777),
		`"010"`: text("010"), `'0XFF'`: text("0XFF"), "!!str 010": text("010"), "!!int 010": n(10), `!!int "010"`: n(10), "!!int 0XFF": n(255),
		"true": expr.NewBool(true), "yes": text("yes"), "2026-01-02": text("2026-01-02"),
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(in), &doc); err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		got := scalar(&node{yaml: doc.Content[0]})
		if got.Kind != want.Kind || got.Int != want.Int || got.Float != want.Float || got.Bool != want.Bool {
			t.Errorf("%s: %v %v, want %v %v", in, got.Kind, got.Native(), want.Kind, want.Native())
		}
		if want.Kind == expr.String && got.Text != want.Text || got.Text != doc.Content[0].Value {
			t.Errorf("%s is no longer written as it was: %s", in, got.Text)
		}
	}
}
