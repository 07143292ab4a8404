package deploy

import (
	"fmt"
	"slices"
	"strings"
)

// What of a function a deployment may be held to.
const (
	FunctionAll    = "all"
	FunctionCode   = "code"
	FunctionConfig = "config"
)

// AllTriggers is the name that stands for all triggers in a Scope.
const AllTriggers = "*"

// Scope is the part of each resource that a deployment is about. The zero value
// is all of it.
type Scope struct {
	Function string   `json:"function,omitempty"` // empty, or one of the Function constants
	Triggers []string `json:"triggers,omitempty"` // names, or AllTriggers
	Async    bool     `json:"asyncInvokeConfig,omitempty"`
}

// All reports whether it is all of a resource.
func (s Scope) All() bool { return s.Function == "" && len(s.Triggers) == 0 && !s.Async }

// Configures reports whether a deployment of the scope sets the configuration of a
// function, or would make it.
func (s Scope) Configures(actual Actual) bool {
	return s.All() || s.Function == FunctionAll || s.Function == FunctionConfig || s.Function == FunctionCode && actual.Function == nil
}

// Check says what is wrong with a scope.
func (s Scope) Check() error {
	if s.Function != "" && !slices.Contains([]string{FunctionAll, FunctionCode, FunctionConfig}, s.Function) {
		return fmt.Errorf("%q is no part of a function: it is code or config, or all of it without a value", s.Function)
	}
	return nil
}

// Unknown gives the triggers of a scope that a resource hasn't got.
func (s Scope) Unknown(d Desired) []string {
	var unknown []string
	for _, name := range s.Triggers {
		known := name == AllTriggers
		for _, t := range d.Triggers {
			known = known || t.TriggerName == name
		}
		if !known {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// NotDeployedError is a part of a function that can't be deployed before it.
type NotDeployedError struct {
	Resource, Function string
}

// Error names the function.
func (e *NotDeployedError) Error() string {
	return fmt.Sprintf("the function %s of %s is not deployed yet, so a part of it can't be", e.Function, e.Resource)
}

// Limit leaves in a plan what a scope is about. A function that isn't deployed is
// made as a whole if the scope has any of it; else nothing of it can be deployed.
func (c *Changes) Limit(s Scope) error {
	if s.All() {
		return nil
	}
	if c.actual.Function == nil && s.Function == "" {
		return &NotDeployedError{c.Resource, c.desired.Function.FunctionName}
	}
	var kept []Change
	for _, item := range c.Items {
		if item, ok := s.limit(item); ok {
			kept = append(kept, item)
		}
	}
	c.Items, c.scope = kept, s
	return nil
}

// LimitRemoval leaves in the plan of a removal what a scope is about. A function
// goes with all that would keep it, but its service and routes of custom domains stay.
func (c *Changes) LimitRemoval(s Scope) {
	if s.All() {
		return
	}
	var kept []Change
	for _, item := range c.Items {
		whole := s.Function != "" && item.Kind != KindService && item.Kind != KindDomain && !(c.desired.Service != nil && item.published())
		named := item.Kind == KindTrigger && (slices.Contains(s.Triggers, AllTriggers) || slices.Contains(s.Triggers, item.Name))
		if whole || named || item.Kind == KindAsync && s.Async {
			kept = append(kept, item)
		}
	}
	c.Items, c.scope = kept, s
}

// published reports whether a change is about a version or an alias.
func (c Change) published() bool { return c.Kind == KindAlias || c.Kind == KindVersion }

func (s Scope) limit(c Change) (Change, bool) {
	switch c.Kind {
	case KindTrigger:
		return c, slices.Contains(s.Triggers, AllTriggers) || slices.Contains(s.Triggers, c.Name)
	case KindAsync:
		return c, s.Async
	case KindService:
		return c, s.Function != "" && (s.Function != FunctionCode || c.Action == Create)
	case KindFunction:
		return s.limitFunction(c), s.Function != ""
	}
	return c, false
}

// limitFunction takes the code, or all but the code, out of an update.
func (s Scope) limitFunction(c Change) Change {
	if c.Action != Update {
		return c
	}
	switch s.Function {
	case FunctionCode:
		c.Fields = nil
	case FunctionConfig:
		c.Code, c.Image = nil, nil
	}
	if len(c.Fields) == 0 && c.Code == nil && c.Image == nil {
		c.Action = None
	}
	return c
}

// String gives the scope as the flags of the deploy command.
func (s Scope) String() string {
	var flags []string
	switch s.Function {
	case "":
	case FunctionAll:
		flags = append(flags, "--function")
	default:
		flags = append(flags, "--function="+s.Function)
	}
	if len(s.Triggers) > 0 {
		flags = append(flags, "--trigger="+strings.Join(s.Triggers, ","))
	}
	if s.Async {
		flags = append(flags, "--async-invoke-config")
	}
	return strings.Join(flags, " ")
}
