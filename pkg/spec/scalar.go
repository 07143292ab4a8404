package spec

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/spec/expr"
)

// scalar gives a YAML scalar its type. Dates stay text.
func scalar(n *node) *expr.Value {
	y := n.yaml
	switch y.ShortTag() {
	case "!!null":
		return &expr.Value{Size: 1}
	case "!!bool":
		var b bool
		if y.Decode(&b) == nil {
			return expr.NewBool(b)
		}
	case "!!int":
		return whole(y)
	case "!!float":
		return float(y)
	}
	return expr.NewString(y.Value)
}

// Whole numbers that our parser reads in another way than YAML 1.2 and the other
// programs that read s.yaml: it takes a leading 0 for octal, as YAML 1.1 did, and
// takes spellings for numbers that are text there.
var (
	leadingZero = regexp.MustCompile(`^[-+]?0[0-7_]+$`)
	noInteger   = regexp.MustCompile(`^[-+]?0[BOX]|_$`)
)

// whole gives a whole number its value; it keeps how it is written.
func whole(y *yaml.Node) *expr.Value {
	var i int64
	var err error
	switch plain := y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.TaggedStyle) == 0; {
	case plain && noInteger.MatchString(y.Value):
		return expr.NewString(y.Value)
	case leadingZero.MatchString(y.Value):
		i, err = strconv.ParseInt(strings.ReplaceAll(y.Value, "_", ""), 10, 64)
	default:
		err = y.Decode(&i)
	}
	if err != nil {
		return float(y)
	}
	v := expr.NewInt(i)
	v.Text = y.Value
	return v
}

func float(y *yaml.Node) *expr.Value {
	var f float64
	if y.Decode(&f) == nil {
		return expr.NewFloat(f, y.Value)
	}
	return expr.NewString(y.Value)
}
