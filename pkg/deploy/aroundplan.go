package deploy

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"s/pkg/fc"
)

// planAround compares what is around the function.
func (c *Changes) planAround() {
	want, have, before := c.desired.Around, c.actual.Around, c.desired.Before
	name := c.desired.Function.FunctionName
	var wantTree, haveTree tree
	set := func(there bool, t func() tree) tree {
		if !there {
			return nil
		}
		return t()
	}
	wantTree = set(want.Async != nil, func() tree { return asyncTree(*want.Async) })
	haveTree = set(have.Async != nil, func() tree { return asyncTree(have.Async.AsyncConfig) })
	c.planConfig(KindAsync, at(name, want.AsyncQualifier), wantTree, haveTree, at(name, before.Async), before.Async != "")

	wantTree = set(want.Concurrency != nil, func() tree { return treeOf(want.Concurrency) })
	haveTree = set(have.Concurrency != nil, func() tree { return treeOf(have.Concurrency.ConcurrencyConfig) })
	c.planConfig(KindConcurrency, name, wantTree, haveTree, name, before.Concurrency)

	wantTree = set(want.Provision != nil, func() tree { return provisionTree(*want.Provision) })
	haveTree = set(have.Provision != nil, func() tree { return provisionTree(have.Provision.ProvisionConfig) })
	c.planConfig(KindProvision, at(name, want.ProvisionQualifier), wantTree, haveTree, at(name, before.Provision), before.Provision != "")

	wantTree = set(want.Scaling != nil, func() tree { return scalingTree(*want.Scaling) })
	haveTree = set(have.Scaling != nil, func() tree { return scalingTree(have.Scaling.ScalingConfig) })
	c.planConfig(KindScaling, at(name, want.ScalingQualifier), wantTree, haveTree, at(name, before.Scaling), before.Scaling != "")

	c.planBindings()
	for _, d := range want.Domains {
		change := planDomain(d, have.domain(d.DomainName))
		if there := have.domain(d.DomainName); there != nil {
			for _, path := range c.desired.stalePaths(d, there) {
				change.Action = Update
				change.Fields = append(change.Fields, Field{Path: "routes." + routeKey(path), Old: name})
			}
		}
		c.Items = append(c.Items, change)
	}
}

// at names a configuration of a version or alias.
func at(name, qualifier string) string {
	if qualifier == "" || qualifier == fc.LatestQualifier {
		return name
	}
	return name + "@" + qualifier
}

// planConfig gives the steps for a configuration that is put as a whole. One that
// an earlier deployment made and s.yaml no longer has, or has elsewhere, goes.
func (c *Changes) planConfig(kind Kind, name string, want, have tree, before string, wasMade bool) {
	change := Change{Action: None, Kind: kind, Name: name}
	moved := want != nil && wasMade && before != name
	switch {
	case want == nil && have != nil && wasMade:
		change.Name, change.Action, change.Fields = before, Delete, goneFields(have)
	case want == nil:
		return
	case have == nil:
		change.Action, change.Fields = Create, diff(want, nil)
	default:
		if change.Fields = diff(want, have); len(change.Fields) > 0 {
			change.Action = Update
		}
	}
	if moved {
		c.Items = append(c.Items, Change{Action: Delete, Kind: kind, Name: before})
	}
	c.Items = append(c.Items, change)
}

// goneFields are the values of something that is to be deleted.
func goneFields(have tree) []Field {
	fields := diff(have, nil)
	for i := range fields {
		fields[i].Old, fields[i].New = fields[i].New, nil
	}
	return fields
}

// planBindings compares the VPCs that may call. All that are there count: one
// that s.yaml doesn't have could call, too.
func (c *Changes) planBindings() {
	want, have := c.desired.Around.VPCBinding, c.actual.Around.VPCBinding
	if len(want) == 0 && (len(have) == 0 || len(c.desired.Before.VPCBinding) == 0) {
		return
	}
	name := c.desired.Function.FunctionName
	if c.desired.Service != nil {
		name = c.desired.Service.ServiceName
	}
	change := Change{Action: None, Kind: KindVPCBinding, Name: name}
	switch {
	case len(want) == 0:
		change.Action, change.Fields = Delete, []Field{{Path: "vpcIds", Old: have}}
	case len(have) == 0:
		change.Action, change.Fields = Create, []Field{{Path: "vpcIds", New: want}}
	case !reflect.DeepEqual(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(have))):
		change.Action, change.Fields = Update, []Field{{Path: "vpcIds", Old: have, New: want}}
	}
	c.Items = append(c.Items, change)
}

// defaultRetries is how often the service tries an event again if nothing is
// said (PutAsyncInvokeConfig).
const defaultRetries = 3

// asyncTree has all that a configuration says, defaults included, so that what
// was taken out of it shows. The age that the service takes by default isn't told
// the same everywhere; so it is left alone unless it is set.
func asyncTree(c fc.AsyncConfig) tree {
	retries, success, failure := float64(defaultRetries), any(nil), any(nil)
	if c.MaxAsyncRetryAttempts != nil {
		retries = float64(*c.MaxAsyncRetryAttempts)
	}
	if d := c.DestinationConfig; d != nil {
		success, failure = receiver(d.OnSuccess), receiver(d.OnFailure)
	}
	t := tree{
		"asyncTask": c.AsyncTask, "maxAsyncRetryAttempts": retries,
		"destinationConfig": map[string]any{
			"onSuccess": map[string]any{"destination": success}, "onFailure": map[string]any{"destination": failure},
		},
	}
	if c.MaxAsyncEventAgeInSeconds > 0 {
		t["maxAsyncEventAgeInSeconds"] = float64(c.MaxAsyncEventAgeInSeconds)
	}
	return t
}

func receiver(d *fc.Destination) any {
	if d == nil || d.Destination == "" {
		return nil
	}
	return d.Destination
}

func provisionTree(c fc.ProvisionConfig) tree {
	t := treeOf(c)
	orEmpty(t, "scheduledActions", "targetTrackingPolicies")
	return t
}

// scalingTree leaves out what isn't set and has a default of the service's.
func scalingTree(c fc.ScalingConfig) tree {
	t := treeOf(c)
	orEmpty(t, "horizontalScalingPolicies", "scheduledPolicies")
	return t
}

func orEmpty(t tree, lists ...string) {
	for _, key := range lists {
		if t[key] == nil {
			t[key] = []any{}
		}
	}
}

// planDomain compares a custom domain. Its routes that s.yaml doesn't have may be
// other functions', and stay.
func planDomain(want fc.CustomDomain, have *fc.CustomDomain) Change {
	change := Change{Action: None, Kind: KindDomain, Name: want.DomainName}
	if have == nil {
		change.Action, change.Fields = Create, diff(domainTree(creatableDomain(want)), nil)
		return change
	}
	wanted, known := domainTree(want), domainTree(*have)
	if cert, ok := known["certConfig"].(map[string]any); ok && cert["privateKey"] == nil {
		// A key that isn't given back can't be compared; it changes with its
		// certificate.
		if own, ok := wanted["certConfig"].(map[string]any); ok {
			drop(own, "privateKey")
		}
	}
	if change.Fields = diff(wanted, known); len(change.Fields) > 0 {
		change.Action = Update
	}
	return change
}

// creatableDomain fills what a create request must have. A domain that is there
// keeps its protocol if s.yaml doesn't say one: others may have chosen it.
func creatableDomain(d fc.CustomDomain) fc.CustomDomain {
	if d.Protocol == "" {
		d.Protocol = "HTTP"
	}
	return d
}

// domainTree has the routes by their paths, with all that they say.
func domainTree(d fc.CustomDomain) tree {
	routes := map[string]any{}
	if d.RouteConfig != nil {
		for _, r := range d.RouteConfig.Routes {
			routes[routeKey(r.Path)] = routeTree(r)
		}
	}
	d.RouteConfig = nil
	t := treeOf(d)
	drop(t, "domainName", "accountId", "apiVersion", "subdomainCount", "createdTime", "lastModifiedTime")
	t["routes"] = routes
	if cert, ok := t["certConfig"].(map[string]any); ok {
		for _, key := range []string{"certificate", "privateKey"} {
			if text, ok := cert[key].(string); ok {
				cert[key] = strings.TrimSpace(text)
			}
		}
	}
	return t
}

// routeKey is a path as a part of a field's path.
func routeKey(path string) string { return "[" + path + "]" }

func routeTree(r fc.PathConfig) map[string]any {
	methods := r.Methods
	if len(methods) == allMethods {
		methods = nil // all is what none means
	}
	route := map[string]any{
		"functionName": fc.JoinName(r.ServiceName, r.FunctionName), "qualifier": qualifierOf(r.Qualifier), "methods": asList(methods),
	}
	rules := fc.RewriteConfig{}
	if r.RewriteConfig != nil {
		rules = *r.RewriteConfig
	}
	route["rewriteConfig"] = map[string]any{
		"equalRules": asList(rules.EqualRules), "regexRules": asList(rules.RegexRules), "wildcardRules": asList(rules.WildcardRules),
	}
	return route
}

// allMethods is how many a route may name.
const allMethods = 7

// asList is a list as JSON has it.
func asList[T any](list []T) []any {
	data, _ := json.Marshal(list) // texts and plain structs always marshal
	var out []any
	_ = json.Unmarshal(data, &out) // it has just been written
	return out
}
