package fc

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// RoutePolicy says which requests to an alias with ResolveContent get its additional
// version (2021-04-06 CreateAlias, RoutePolicy).
type RoutePolicy struct {
	// Condition is how the items go together: PolicyAnd or PolicyOr; empty is PolicyAnd.
	// The documentation has the field and not its values.
	Condition string       `json:"condition,omitempty"`
	Items     []PolicyItem `json:"policyItems,omitempty"`
}

// Conditions of a RoutePolicy.
const (
	PolicyAnd = "AND"
	PolicyOr  = "OR"
)

// PolicyItem compares a field of a request with a value (2021-04-06, PolicyItem).
type PolicyItem struct {
	Type     string `json:"type"` // PolicyHeader
	Key      string `json:"key"`  // the name of the field
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

// PolicyHeader is where an item finds its field: in the headers of the request. It is
// the only type that the documentation names.
const PolicyHeader = "Header"

// policyOperators are those of an item. The documentation calls the last one
// percentage, and percent in its example.
func policyOperators() []string {
	return []string{"=", "!=", ">", "<", ">=", "<=", "in", "percent", "percentage"}
}

// Check says what is wrong with a policy, in words of the API.
func (p *RoutePolicy) Check() error {
	if c := strings.ToUpper(p.Condition); c != "" && c != PolicyAnd && c != PolicyOr {
		return fmt.Errorf("routePolicy.condition '%s' is not one of %s and %s", p.Condition, PolicyAnd, PolicyOr)
	}
	for _, i := range p.Items {
		switch {
		case i.Key == "":
			return fmt.Errorf("routePolicy.policyItems.key is required")
		case !slices.Contains(policyOperators(), i.Operator):
			return fmt.Errorf("routePolicy.policyItems.operator '%s' is not one of %s", i.Operator, strings.Join(policyOperators(), ", "))
		}
		if n, err := strconv.Atoi(i.Value); i.shares() && (err != nil || n < 1 || n > 100) {
			return fmt.Errorf("routePolicy.policyItems.value of operator %s must be a whole number from 1 to 100, it is '%s'", i.Operator, i.Value)
		}
	}
	return nil
}

// Meets reports whether a request, by its headers, meets the policy. One without items
// is met by none.
func (p *RoutePolicy) Meets(header func(name string) string) bool {
	if p == nil || len(p.Items) == 0 || header == nil {
		return false
	}
	oneWill := strings.EqualFold(p.Condition, PolicyOr)
	for _, i := range p.Items {
		if i.meets(header(i.Key)) == oneWill {
			return oneWill
		}
	}
	return !oneWill
}

// shares reports whether the item is about a part of all values.
func (i PolicyItem) shares() bool { return strings.HasPrefix(i.Operator, "percent") }

// meets compares texts letter by letter, as documented; a request without the field
// meets nothing.
func (i PolicyItem) meets(actual string) bool {
	if actual == "" {
		return false
	}
	switch i.Operator {
	case "=":
		return actual == i.Value
	case "!=":
		return actual != i.Value
	case ">":
		return actual > i.Value
	case "<":
		return actual < i.Value
	case ">=":
		return actual >= i.Value
	case "<=":
		return actual <= i.Value
	case "in":
		return strings.Contains(i.Value, actual)
	}
	percent, err := strconv.Atoi(i.Value)
	sum := fnv.New32a()
	sum.Write([]byte(actual))
	return err == nil && int(sum.Sum32()%100) < percent
}
