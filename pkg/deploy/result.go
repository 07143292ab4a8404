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
	URL      *URLs      `json:"url,omitempty"`
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
	out := Result1{Region: desired.Region, URL: urls(state.Triggers)}
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
	out := Result3{Region: desired.Region, Function: f, URL: urls(state.Triggers)}
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
}

func info1(desired Desired, state Actual) Info1 {
	out := Info1{
		Region: desired.Region, Service: state.Service, Function: MaskFunction(*state.Function),
		Triggers: triggers3(state.Triggers), URL: urls(state.Triggers),
	}
	_, out.Function.FunctionName = fc.SplitName(desired.Function.FunctionName)
	return out
}

func triggers3(triggers []fc.Trigger) []Trigger3 {
	var out []Trigger3
	for _, t := range triggers {
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

// urls gives the addresses of the HTTP trigger of the latest version.
func urls(triggers []fc.Trigger) *URLs {
	for _, t := range triggers {
		if t.HTTPTrigger != nil && (t.Qualifier == "" || t.Qualifier == fc.LatestQualifier) {
			return &URLs{System: t.HTTPTrigger.URLInternet, Intranet: t.HTTPTrigger.URLIntranet}
		}
	}
	return nil
}
