package fc

import (
	"fmt"
	"strings"
	"testing"
)

func TestRoutePolicyMeets(t *testing.T) {
	t.Parallel()
	header := func(name string) string {
		return map[string]string{"uid": "11111", "name": "b", "empty": ""}[name]
	}
	item := func(key, operator, value string) PolicyItem {
		return PolicyItem{Type: PolicyHeader, Key: key, Operator: operator, Value: value}
	}
	for _, tt := range []struct {
		condition string
		items     []PolicyItem
		want      bool
	}{
		{"", []PolicyItem{item("uid", "=", "11111")}, true},
		{"", []PolicyItem{item("uid", "=", "1111")}, false},
		{"", []PolicyItem{item("uid", "!=", "1111")}, true},
		{"", []PolicyItem{item("uid", "!=", "11111")}, false},
		{"", []PolicyItem{item("name", ">", "a")}, true},
		{"", []PolicyItem{item("name", ">", "b")}, false},
		{"", []PolicyItem{item("name", ">=", "b")}, true},
		{"", []PolicyItem{item("name", "<", "ba")}, true},
		{"", []PolicyItem{item("name", "<", "b")}, false},
		{"", []PolicyItem{item("name", "<=", "b")}, true},
		{"", []PolicyItem{item("uid", "<", "2")}, true}, // letter by letter, not as numbers
		{"", []PolicyItem{item("name", "in", "a,b,c")}, true},
		{"", []PolicyItem{item("name", "in", "a,c")}, false},
		{"", []PolicyItem{item("uid", "percent", "100")}, true},
		{"", []PolicyItem{item("uid", "percentage", "100")}, true},
		{"", []PolicyItem{item("gone", "percent", "100")}, false},
		{"", []PolicyItem{item("gone", "!=", "x")}, false},
		{"", []PolicyItem{item("empty", "in", "x")}, false},
		{"", nil, false},
		{"AND", []PolicyItem{item("uid", "=", "11111"), item("name", "=", "b")}, true},
		{"AND", []PolicyItem{item("uid", "=", "11111"), item("name", "=", "c")}, false},
		{"or", []PolicyItem{item("uid", "=", "2"), item("name", "=", "b")}, true},
		{"OR", []PolicyItem{item("uid", "=", "2"), item("name", "=", "c")}, false},
	} {
		p := &RoutePolicy{Condition: tt.condition, Items: tt.items}
		if err := p.Check(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
		if got := p.Meets(header); got != tt.want {
			t.Errorf("%+v: %v", p, got)
		}
	}
	var none *RoutePolicy
	if none.Meets(header) || (&RoutePolicy{Items: []PolicyItem{item("uid", "!=", "1")}}).Meets(nil) {
		t.Error("a policy that isn't there, or no request, meets")
	}
}

// A share of the values is met, the same ones every time.
func TestRoutePolicyShares(t *testing.T) {
	t.Parallel()
	p := &RoutePolicy{Items: []PolicyItem{{Type: PolicyHeader, Key: "uid", Operator: "percent", Value: "20"}}}
	met := 0
	for i := range 10_000 {
		header := func(string) string { return fmt.Sprint("user-", i) }
		if p.Meets(header) {
			met++
			if !p.Meets(header) {
				t.Fatalf("user-%d is met once and then not", i)
			}
		}
	}
	if met < 1800 || met > 2200 {
		t.Errorf("%d of 10000 are met, want a fifth", met)
	}
}

func TestRoutePolicyCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy RoutePolicy
		says   string
	}{
		{RoutePolicy{Condition: "XOR"}, "condition 'XOR' is not one of AND and OR"},
		{RoutePolicy{Items: []PolicyItem{{Type: PolicyHeader, Operator: "="}}}, "key is required"},
		{RoutePolicy{Items: []PolicyItem{{Type: PolicyHeader, Key: "k", Operator: "~"}}}, "operator '~' is not one of"},
		{RoutePolicy{Items: []PolicyItem{{Type: PolicyHeader, Key: "k", Operator: "percent", Value: "0"}}}, "from 1 to 100, it is '0'"},
		{RoutePolicy{Items: []PolicyItem{{Type: PolicyHeader, Key: "k", Operator: "percent", Value: "101"}}}, "it is '101'"},
		{RoutePolicy{Items: []PolicyItem{{Type: PolicyHeader, Key: "k", Operator: "percent", Value: "1.5"}}}, "whole number"},
	} {
		if err := tt.policy.Check(); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v", tt.policy, err)
		}
	}
}
