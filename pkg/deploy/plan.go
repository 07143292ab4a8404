package deploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Action is what happens to a resource.
type Action string

// The actions.
const (
	None   Action = "none"
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Glyph is the sign that a plan shows for the action.
func (a Action) Glyph() string {
	switch a {
	case Create:
		return "+"
	case Update:
		return "~"
	case Delete:
		return "-"
	}
	return " "
}

// Kind is what a change is about.
type Kind string

// The kinds, in the order in which they depend on each other.
const (
	KindService  Kind = "service"
	KindFunction Kind = "function"
	KindTrigger  Kind = "trigger"
	// Around the function, under the names that edition 3.0.0 has for them.
	KindAsync       Kind = "asyncInvokeConfig"
	KindConcurrency Kind = "concurrencyConfig"
	KindProvision   Kind = "provisionConfig"
	KindScaling     Kind = "scalingConfig"
	KindVPCBinding  Kind = "vpcBinding"
	KindDomain      Kind = "customDomain"
	// What a removal takes away besides: in edition 1.0.0 they are the service's.
	KindAlias   Kind = "alias"
	KindVersion Kind = "version"
)

// Field is one value that differs. Secrets are masked already.
type Field struct {
	Path string `json:"path"` // environmentVariables.LOG_LEVEL
	Old  any    `json:"old,omitempty"`
	New  any    `json:"new,omitempty"`
}

// CodeChange says which code replaces which.
type CodeChange struct {
	Old  string `json:"old,omitempty"`  // checksum
	New  string `json:"new,omitempty"`  // checksum; empty if OSS holds the code
	Size int64  `json:"size,omitempty"` // bytes of the new archive
}

// Change is one step.
type Change struct {
	Action Action      `json:"action"`
	Kind   Kind        `json:"kind"`
	Name   string      `json:"name"`
	Fields []Field     `json:"fields,omitempty"`
	Code   *CodeChange `json:"code,omitempty"`
	// Image is set if the image itself changes, under the same name or another one.
	Image *ImageChange `json:"image,omitempty"`
}

// Changes is the plan for one resource of s.yaml.
type Changes struct {
	Resource string `json:"resource"`
	Region   string `json:"region"`
	// Auto is what is made first because s.yaml says "auto".
	Auto  []Change `json:"auto,omitempty"`
	Items []Change `json:"changes"`
	// Unmanaged names triggers that are deployed and not in s.yaml; they are
	// left as they are.
	Unmanaged []string `json:"unmanaged,omitempty"`

	desired Desired
	actual  Actual
	scope   Scope
	pruned  bool // what is left of earlier deployments goes, too
}

// Empty reports whether nothing has to be done.
func (c *Changes) Empty() bool { return c.Count(Create)+c.Count(Update)+c.Count(Delete) == 0 }

// Count tells how many steps of an action there are.
func (c *Changes) Count(a Action) int {
	n := 0
	for _, item := range slices.Concat(c.Auto, c.Items) {
		if item.Action == a {
			n++
		}
	}
	return n
}

// Plan compares desired and actual state. Only what s.yaml sets counts, so a
// default that the service fills in is no change; of variables and layers what
// is missing in s.yaml counts too, and of tags if it has any list of them.
func Plan(desired Desired, actual Actual) *Changes {
	plan := &Changes{Resource: desired.Resource, Region: desired.Region, desired: desired, actual: actual}
	if desired.Service != nil {
		plan.Items = append(plan.Items, planService(*desired.Service, actual.Service))
	}
	plan.Items = append(plan.Items, planFunction(desired, actual.Function))
	plan.planTriggers()
	plan.planAround()
	return plan
}

func planService(want fc.Service, have *fc.Service) Change {
	change := Change{Action: None, Kind: KindService, Name: want.ServiceName}
	if have == nil {
		change.Action = Create
		change.Fields = diff(serviceTree(want), nil)
		return change
	}
	if change.Fields = diff(serviceTree(want), serviceTree(*have)); len(change.Fields) > 0 {
		change.Action = Update
	}
	return change
}

func planFunction(desired Desired, have *fc.Function) Change {
	change := Change{Action: None, Kind: KindFunction, Name: desired.Function.FunctionName}
	code := desired.Code
	change.Image = planImage(desired, have)
	if have == nil {
		change.Action = Create
		change.Fields = diff(functionTree(desired.creatable()), nil)
		if code != nil {
			change.Code = &CodeChange{New: code.Checksum, Size: code.Size}
		}
		return change
	}
	change.Fields = diff(functionTree(desired.Function), functionTree(*have))
	// What OSS holds can't be compared: nothing tells its checksum beforehand.
	if code != nil && (code.Checksum == "" || code.Checksum != have.CodeChecksum) {
		change.Code = &CodeChange{Old: have.CodeChecksum, New: code.Checksum, Size: code.Size}
	}
	if len(change.Fields) > 0 || change.Code != nil || change.Image != nil {
		change.Action = Update
	}
	return change
}

func (c *Changes) planTriggers() {
	have := make(map[string]fc.Trigger, len(c.actual.Triggers))
	for _, t := range c.actual.Triggers {
		have[t.TriggerName] = t
	}
	for _, want := range c.desired.Triggers {
		old, exists := have[want.TriggerName]
		delete(have, want.TriggerName)
		c.Items = append(c.Items, planTrigger(want, old, exists)...)
	}
	for _, t := range c.actual.Triggers {
		if _, left := have[t.TriggerName]; left {
			c.Unmanaged = append(c.Unmanaged, t.TriggerName)
		}
	}
}

// planTrigger gives the steps for one trigger. Type and source of a trigger
// can't be updated, so it is made anew.
func planTrigger(want, have fc.Trigger, exists bool) []Change {
	change := Change{Action: None, Kind: KindTrigger, Name: want.TriggerName}
	switch {
	case !exists:
		change.Action, change.Fields = Create, diff(triggerTree(want), nil)
	case want.TriggerType != have.TriggerType || (want.SourceARN != "" && want.SourceARN != have.SourceARN):
		gone := Change{
			Action: Delete, Kind: KindTrigger, Name: want.TriggerName,
			Fields: []Field{{Path: "triggerType", Old: have.TriggerType}},
		}
		change.Action, change.Fields = Create, diff(triggerTree(want), nil)
		return []Change{gone, change}
	default:
		if change.Fields = diff(triggerTree(want), triggerTree(have)); len(change.Fields) > 0 {
			change.Action = Update
		}
	}
	return []Change{change}
}

// tree is a value as JSON has it.
type tree map[string]any

func treeOf(v any) tree {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("deploy: %T does not marshal: %v", v, err)) // plain structs do
	}
	out := tree{}
	if err := json.Unmarshal(data, &out); err != nil {
		panic(fmt.Sprintf("deploy: %T is no JSON object: %v", v, err))
	}
	return out
}

func serviceTree(s fc.Service) tree {
	t := treeOf(s)
	drop(t, "serviceName", "serviceId", "createdTime", "lastModifiedTime")
	return t
}

// functionTree keeps what a deployment decides. Layers become their ARNs;
// variables, layers and the command of a custom runtime are there even if
// empty, so that what was taken out of s.yaml shows.
func functionTree(f fc.Function) tree {
	arns := make([]any, len(f.Layers))
	for i, l := range f.Layers {
		arns[i] = l.ARN
	}
	f.Layers = nil
	t := treeOf(f)
	drop(t, "functionName", "functionId", "functionArn", "codeSize", "codeChecksum", "createdTime", "lastModifiedTime",
		"state", "lastUpdateStatus", "tags")
	if f.Tags != nil {
		t["tags"] = tagTree(f.Tags)
	}
	t["layers"] = arns
	if t["environmentVariables"] == nil {
		t["environmentVariables"] = map[string]any{}
	}
	fill(t["customRuntimeConfig"], "command", "args")
	fill(t["customContainerConfig"], "entrypoint", "command")
	if container, ok := t["customContainerConfig"].(map[string]any); ok {
		delete(container, "resolvedImageUri") // the service sets it
	}
	return t
}

// tagTree has the tags by key, less those that the cloud gives itself: nobody else
// may change them.
func tagTree(tags []fc.Tag) map[string]any {
	t := map[string]any{}
	for _, tag := range tags {
		if !strings.HasPrefix(tag.Key, "acs:") && !strings.HasPrefix(tag.Key, "aliyun") {
			t[tag.Key] = tag.Value
		}
	}
	return t
}

func triggerTree(t fc.Trigger) tree {
	out := treeOf(t)
	drop(out, "triggerName", "triggerId", "httpTrigger", "createdTime", "lastModifiedTime")
	if t.Qualifier == fc.LatestQualifier {
		delete(out, "qualifier") // the default, which answers may leave out
	}
	var config any
	if json.Unmarshal([]byte(t.TriggerConfig), &config) == nil {
		out["triggerConfig"] = config
	}
	return out
}

func drop(t tree, keys ...string) {
	for _, k := range keys {
		delete(t, k)
	}
}

// fill puts empty lists where a part of a custom runtime or container is not
// set; its port is the documented default.
func fill(part any, lists ...string) {
	m, ok := part.(map[string]any)
	if !ok {
		return
	}
	for _, key := range lists {
		if m[key] == nil {
			m[key] = []any{}
		}
	}
	if m["port"] == nil {
		m["port"] = float64(fc.DefaultPort)
	}
}
