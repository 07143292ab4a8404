// Package export writes an s.yaml of edition 3.0.0 for what is deployed: the
// inverse of what deploy makes of one. It reads nothing itself.
package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/fc"
)

// State is a function as it is deployed, with what is around it. What there isn't
// is nil or empty.
type State struct {
	Project  string // name of the project; may be empty
	Access   string // alias of the credentials; may be empty
	Resource string // name of the resource
	Region   string
	Code     string // where its code is, as s.yaml says it; empty for containers

	Function    fc.Function
	Triggers    []fc.Trigger
	Async       *fc.AsyncStatus
	Concurrency *fc.ConcurrencyStatus
	Provision   *fc.ProvisionStatus
	Scaling     *fc.ScalingStatus
	VPCs        []string          // of its vpc bindings
	Domains     []fc.CustomDomain // of which some may lead to the function
}

// YAML gives the s.yaml. What it can't say is left out, and told in notes, a
// sentence each.
func YAML(s State) (text []byte, notes []string, err error) {
	e := &exporter{State: s, props: &yaml.Node{Kind: yaml.MappingNode}}
	e.add("region", s.Region)
	e.function()
	e.triggers()
	e.around()
	e.domains()
	if e.err != nil {
		return nil, nil, e.err
	}
	top := &yaml.Node{Kind: yaml.MappingNode}
	put(top, "edition", text1("3.0.0"))
	if s.Project != "" {
		put(top, "name", text1(s.Project))
	}
	if s.Access != "" {
		put(top, "access", text1(s.Access))
	}
	resource := &yaml.Node{Kind: yaml.MappingNode}
	put(resource, "component", text1("fc3"))
	put(resource, "props", e.props)
	resources := &yaml.Node{Kind: yaml.MappingNode}
	put(resources, s.Resource, resource)
	put(top, "resources", resources)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(top); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), e.notes, encoder.Close()
}

// exporter collects the props.
type exporter struct {
	State
	props *yaml.Node
	notes []string
	err   error
}

func (e *exporter) note(format string, args ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, args...))
}

// add puts a value, in the shape that its JSON has, into the props. Expressions in
// texts stay the characters that they are.
func (e *exporter) add(key string, value any) {
	node, err := nodeOf(value)
	if err != nil {
		e.err = fmt.Errorf("%s: %w", key, err)
		return
	}
	put(e.props, key, node)
}

func put(m *yaml.Node, key string, value *yaml.Node) {
	m.Content = append(m.Content, text1(key), value)
}

func text1(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

func nodeOf(value any) (*yaml.Node, error) {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	var document yaml.Node // JSON is YAML, and keeps the order of keys
	if err := yaml.Unmarshal(data.Bytes(), &document); err != nil {
		return nil, err
	}
	literal(document.Content[0])
	return document.Content[0], nil
}

// literal turns the flow style of JSON into the indented one, and the beginnings
// of expressions into what stands for the characters.
func literal(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = 0
		n.SetString(strings.ReplaceAll(n.Value, "${", "$${"))
		return
	}
	if len(n.Content) > 0 {
		n.Style = 0
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			child.Style = 0
			child.SetString(child.Value)
			continue
		}
		literal(child)
	}
}

// function adds what the function itself has.
func (e *exporter) function() {
	f := e.Function
	layers, tags := f.Layers, f.Tags
	f.Layers, f.Tags = nil, nil
	f.FunctionID, f.FunctionARN, f.CodeSize, f.CodeChecksum = "", "", 0, ""
	f.CreatedTime, f.LastModifiedTime, f.State, f.LastUpdateStatus = "", "", "", ""
	if k := f.CustomContainerConfig; k != nil {
		container := *k
		container.ResolvedImageURI = ""
		f.CustomContainerConfig = &container
	}
	if hooks := f.InstanceLifecycleConfig; hooks != nil && hooks.PreFreeze != nil {
		f.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{Initializer: hooks.Initializer, PreStop: hooks.PreStop}
		e.note("the preFreeze hook of FC 2.0 is left out: s.yaml of edition 3.0.0 has none")
	}
	node, err := nodeOf(f)
	if err != nil {
		e.err = err
		return
	}
	e.props.Content = append(e.props.Content, node.Content...)
	if e.Code != "" {
		e.add("code", e.Code)
	}
	if len(layers) > 0 {
		arns := make([]string, len(layers))
		for i, l := range layers {
			arns[i] = l.ARN
		}
		e.add("layers", arns)
	}
	e.tags(tags)
}

// tags adds those of the user: what the cloud sets itself nobody else may set.
func (e *exporter) tags(tags []fc.Tag) {
	type tag struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	var own []tag
	for _, t := range tags {
		if !strings.HasPrefix(t.Key, "acs:") && !strings.HasPrefix(t.Key, "aliyun") {
			own = append(own, tag(t))
		}
	}
	if len(own) > 0 {
		e.add("tags", own)
	}
}

func (e *exporter) triggers() {
	type trigger struct {
		TriggerName    string          `json:"triggerName"`
		TriggerType    string          `json:"triggerType"`
		Description    string          `json:"description,omitempty"`
		Qualifier      string          `json:"qualifier,omitempty"`
		InvocationRole string          `json:"invocationRole,omitempty"`
		SourceARN      string          `json:"sourceArn,omitempty"`
		TriggerConfig  json.RawMessage `json:"triggerConfig"`
	}
	var list []trigger
	for _, t := range e.Triggers {
		config := json.RawMessage(t.TriggerConfig)
		if !json.Valid(config) {
			config = json.RawMessage("{}")
			e.note("the configuration of trigger %s is left out: it is no JSON", t.TriggerName)
		}
		list = append(list, trigger{t.TriggerName, t.TriggerType, t.Description, t.Qualifier, t.InvocationRole, t.SourceARN, writtenConfig(config)})
	}
	if len(list) > 0 {
		e.add("triggers", list)
	}
}

// writtenConfig is the configuration of a trigger as s.yaml has it: authConfig,
// which the API keeps as JSON in a string, is a map there.
func writtenConfig(config json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(config, &fields) != nil {
		return config
	}
	var text string
	if json.Unmarshal(fields["authConfig"], &text) != nil || !strings.HasPrefix(text, "{") || !json.Valid([]byte(text)) {
		return config
	}
	fields["authConfig"] = json.RawMessage(text)
	if out, err := json.Marshal(fields); err == nil {
		return out
	}
	return config
}

// around adds the configurations beside the function.
func (e *exporter) around() {
	if a := e.Async; a != nil {
		e.add("asyncInvokeConfig", struct {
			Qualifier string `json:"qualifier,omitempty"`
			fc.AsyncConfig
		}{a.Qualifier, a.AsyncConfig})
	}
	if c := e.Concurrency; c != nil {
		e.add("concurrencyConfig", c.ConcurrencyConfig)
	}
	if len(e.VPCs) > 0 {
		e.add("vpcBinding", map[string][]string{"vpcIds": e.VPCs})
	}
	switch {
	case e.Provision != nil && e.Scaling != nil && e.Provision.DefaultTarget == 0:
		e.note("the provision configuration, of no instances, is left out: s.yaml can't have it beside a scaling configuration")
		e.scaling()
	case e.Provision != nil:
		if e.Scaling != nil {
			e.note("the scaling configuration is left out: s.yaml can't have it beside a provision configuration")
		}
		e.provision()
	case e.Scaling != nil:
		e.scaling()
	}
}

// provision adds all of it: s.yaml leaves out nothing of this one.
func (e *exporter) provision() {
	p := e.Provision
	e.add("provisionConfig", struct {
		Qualifier              string                    `json:"qualifier,omitempty"`
		DefaultTarget          int                       `json:"defaultTarget"`
		AlwaysAllocateCPU      bool                      `json:"alwaysAllocateCPU"`
		AlwaysAllocateGPU      bool                      `json:"alwaysAllocateGPU"`
		ScheduledActions       []fc.ScheduledAction      `json:"scheduledActions"`
		TargetTrackingPolicies []fc.TargetTrackingPolicy `json:"targetTrackingPolicies"`
	}{
		p.Qualifier, p.DefaultTarget, p.AlwaysAllocateCPU, p.AlwaysAllocateGPU,
		append([]fc.ScheduledAction{}, p.ScheduledActions...), append([]fc.TargetTrackingPolicy{}, p.TargetTrackingPolicies...),
	})
}

func (e *exporter) scaling() {
	e.add("scalingConfig", struct {
		Qualifier string `json:"qualifier,omitempty"`
		fc.ScalingConfig
	}{e.Scaling.Qualifier, e.Scaling.ScalingConfig})
}

// domains adds the custom domain that leads to the function. s.yaml has one with
// one route.
func (e *exporter) domains() {
	added := ""
	for _, d := range e.Domains {
		if d.RouteConfig == nil {
			continue
		}
		for _, r := range d.RouteConfig.Routes {
			switch {
			case fc.JoinName(r.ServiceName, r.FunctionName) != e.Function.FunctionName:
			case added != "":
				e.note("the route %s of custom domain %s is left out: s.yaml has one domain with one route for a function", r.Path, d.DomainName)
			default:
				added = d.DomainName
				e.domain(d, r)
			}
		}
		if added == d.DomainName && slices.ContainsFunc(d.RouteConfig.Routes, func(r fc.PathConfig) bool {
			return fc.JoinName(r.ServiceName, r.FunctionName) != e.Function.FunctionName
		}) {
			e.note("custom domain %s has routes to other functions, too, which are left out", d.DomainName)
		}
	}
}

func (e *exporter) domain(d fc.CustomDomain, r fc.PathConfig) {
	if d.CertConfig != nil {
		e.note("the certificate of custom domain %s is left out: the service doesn't give its key", d.DomainName)
	}
	r.ServiceName, r.FunctionName = "", ""
	e.add("customDomain", struct {
		DomainName string               `json:"domainName"`
		Protocol   string               `json:"protocol,omitempty"`
		Route      fc.PathConfig        `json:"route"`
		TLSConfig  *fc.TLSConfig        `json:"tlsConfig,omitempty"`
		WAFConfig  *fc.WAFConfig        `json:"wafConfig,omitempty"`
		CORSConfig *fc.CORSConfig       `json:"corsConfig,omitempty"`
		AuthConfig *fc.DomainAuthConfig `json:"authConfig,omitempty"`
	}{d.DomainName, d.Protocol, r, d.TLSConfig, d.WAFConfig, d.CORSConfig, d.AuthConfig})
}
