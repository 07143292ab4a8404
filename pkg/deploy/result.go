package deploy

import (
	"encoding/json"

	"s/pkg/fc"
)

// URLs are the addresses of a function's HTTP trigger, under the names that the
// peers of s print.
type URLs struct {
	System   string `json:"system_url,omitempty"`
	Intranet string `json:"system_intranet_url,omitempty"`
	Custom   string `json:"custom_domain,omitempty"`
}

// Result1 is what a deployment of edition 1.0.0 prints.
type Result1 struct {
	Region  string `json:"region"`
	Service struct {
		Name string `json:"name"`
	} `json:"service"`
	Function struct {
		Name       string  `json:"name"`
		Runtime    string  `json:"runtime"`
		Handler    string  `json:"handler"`
		MemorySize int     `json:"memorySize"`
		Timeout    int     `json:"timeout"`
		CPU        float64 `json:"cpu,omitempty"`
		DiskSize   int     `json:"diskSize,omitempty"`
	} `json:"function"`
	URL      *URLs      `json:"url,omitempty"`
	Triggers []Trigger1 `json:"triggers,omitempty"`
	Domains  []string   `json:"customDomains,omitempty"`
}

// Trigger1 is a trigger as edition 1.0.0 prints it.
type Trigger1 struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

// Result3 is what a deployment of edition 3.0.0 prints: the function as it is
// deployed, secrets masked.
type Result3 struct {
	Region string `json:"region"`
	fc.Function
	Layers   []string   `json:"layers,omitempty"`
	Triggers []Trigger3 `json:"triggers,omitempty"`
	Around3
	URL *URLs `json:"url,omitempty"`
}

// Around3 is what is around a function as edition 3.0.0 prints it, each block
// under the name that it has in s.yaml.
type Around3 struct {
	Async       *fc.AsyncStatus       `json:"asyncInvokeConfig,omitempty"`
	VPCBinding  *VPCBinding3          `json:"vpcBinding,omitempty"`
	Domain      *fc.CustomDomain      `json:"customDomain,omitempty"`
	Provision   *fc.ProvisionStatus   `json:"provisionConfig,omitempty"`
	Scaling     *fc.ScalingStatus     `json:"scalingConfig,omitempty"`
	Concurrency *fc.ConcurrencyStatus `json:"concurrencyConfig,omitempty"`
}

// VPCBinding3 are the VPCs that may call.
type VPCBinding3 struct {
	VPCIDs []string `json:"vpcIds"`
}

// Trigger3 is a trigger as edition 3.0.0 prints it, its configuration as an
// object.
type Trigger3 struct {
	TriggerName    string `json:"triggerName"`
	TriggerType    string `json:"triggerType"`
	Description    string `json:"description,omitempty"`
	Qualifier      string `json:"qualifier,omitempty"`
	InvocationRole string `json:"invocationRole,omitempty"`
	SourceARN      string `json:"sourceArn,omitempty"`
	TriggerConfig  any    `json:"triggerConfig,omitempty"`
}

// Result gives what is printed of a deployed state. full keeps what the service
// keeps for itself: ids, times and the code's checksum.
func Result(desired Desired, state Actual, full bool) any {
	if state.Function == nil {
		return nil
	}
	if desired.Service != nil && full {
		return info1(desired, state)
	}
	if desired.Service != nil {
		return result1(desired, state)
	}
	return result3(desired, state, full)
}

func result1(desired Desired, state Actual) Result1 {
	f := state.Function
	_, name := fc.SplitName(desired.Function.FunctionName)
	out := Result1{Region: desired.Region, URL: urls(state), Domains: domainNames(state.Around)}
	out.Service.Name = desired.Service.ServiceName
	out.Function.Name = name
	out.Function.Runtime = f.Runtime
	out.Function.Handler = f.Handler
	out.Function.MemorySize = f.MemorySize
	out.Function.Timeout = f.Timeout
	out.Function.CPU = f.CPU
	out.Function.DiskSize = f.DiskSize
	for _, t := range state.Triggers {
		out.Triggers = append(out.Triggers, Trigger1{Type: t.TriggerType, Name: t.TriggerName})
	}
	return out
}

func result3(desired Desired, state Actual, full bool) Result3 {
	f := MaskFunction(*state.Function)
	if !full {
		f.FunctionID, f.CodeSize, f.CodeChecksum, f.CreatedTime, f.LastModifiedTime = "", 0, "", "", ""
	}
	out := Result3{Region: desired.Region, Function: f, URL: urls(state), Around3: around3(state.Around, full)}
	for _, l := range f.Layers {
		out.Layers = append(out.Layers, l.ARN)
	}
	out.Triggers = triggers3(state.Triggers)
	return out
}

// Info1 is what the info command prints in edition 1.0.0: all there is, secrets
// masked.
type Info1 struct {
	Region   string      `json:"region"`
	Service  *fc.Service `json:"service,omitempty"`
	Function fc.Function `json:"function"`
	Triggers []Trigger3  `json:"triggers,omitempty"`
	URL      *URLs       `json:"url,omitempty"`

	Async      *fc.AsyncStatus   `json:"asyncConfiguration,omitempty"`
	VPCBinding []string          `json:"vpcBinding,omitempty"`
	Domains    []fc.CustomDomain `json:"customDomains,omitempty"`
}

func info1(desired Desired, state Actual) Info1 {
	out := Info1{
		Region: desired.Region, Service: state.Service, Function: MaskFunction(*state.Function),
		Triggers: triggers3(state.Triggers), URL: urls(state),
		Async: shownConfig(state.Around.Async, true, ownerOfAsync), VPCBinding: state.Around.VPCBinding,
	}
	for _, d := range state.Around.Domains {
		out.Domains = append(out.Domains, MaskDomain(d))
	}
	_, out.Function.FunctionName = fc.SplitName(desired.Function.FunctionName)
	return out
}

func triggers3(triggers []fc.Trigger) []Trigger3 {
	var out []Trigger3
	for _, t := range triggers {
		t = MaskTrigger(t)
		shown := Trigger3{
			TriggerName: t.TriggerName, TriggerType: t.TriggerType, Description: t.Description,
			Qualifier: t.Qualifier, InvocationRole: t.InvocationRole, SourceARN: t.SourceARN,
		}
		if json.Unmarshal([]byte(t.TriggerConfig), &shown.TriggerConfig) != nil && t.TriggerConfig != "" {
			shown.TriggerConfig = t.TriggerConfig
		}
		out = append(out, shown)
	}
	return out
}

// urls gives the addresses of the HTTP trigger of the version that was read, and
// the first custom domain.
func urls(state Actual) *URLs {
	out := &URLs{}
	if names := domainNames(state.Around); len(names) > 0 {
		out.Custom = names[0]
	}
	for _, t := range state.Triggers {
		if t.HTTPTrigger != nil && qualifierOf(t.Qualifier) == qualifierOf(state.Qualifier) {
			out.System, out.Intranet = t.HTTPTrigger.URLInternet, t.HTTPTrigger.URLIntranet
			break
		}
	}
	if *out == (URLs{}) {
		return nil
	}
	return out
}

func domainNames(a Around) []string {
	var names []string
	for _, d := range a.Domains {
		names = append(names, d.DomainName)
	}
	return names
}

func around3(a Around, full bool) Around3 {
	out := Around3{
		Async:       shownConfig(a.Async, full, ownerOfAsync),
		Provision:   shownConfig(a.Provision, full, func(s *fc.ProvisionStatus) *fc.Owner { return &s.Owner }),
		Scaling:     shownConfig(a.Scaling, full, func(s *fc.ScalingStatus) *fc.Owner { return &s.Owner }),
		Concurrency: shownConfig(a.Concurrency, full, func(s *fc.ConcurrencyStatus) *fc.Owner { return &s.Owner }),
	}
	if out.Concurrency != nil {
		out.Concurrency.Qualifier = "" // it is of all versions
	}
	if len(a.VPCBinding) > 0 {
		out.VPCBinding = &VPCBinding3{a.VPCBinding}
	}
	if out.Async != nil && !full {
		out.Async.CreatedTime, out.Async.LastModifiedTime = "", ""
	}
	if len(a.Domains) > 0 {
		d := MaskDomain(a.Domains[0])
		if !full {
			d.AccountID, d.APIVersion, d.SubdomainCount, d.CreatedTime, d.LastModifiedTime = "", "", "", "", ""
		}
		out.Domain = &d
	}
	return out
}

func ownerOfAsync(s *fc.AsyncStatus) *fc.Owner { return &s.Owner }

// shownConfig is a copy of a configuration less the name of the function, which
// stands around it already.
func shownConfig[T any](status *T, full bool, owner func(*T) *fc.Owner) *T {
	if status == nil {
		return nil
	}
	out := *status
	o := owner(&out)
	o.FunctionName = ""
	if !full {
		o.FunctionARN = ""
	}
	return &out
}
