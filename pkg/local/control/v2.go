package control

import (
	"encoding/json"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// functionV2 is a function as FC 2.0 shows it. What FC 3.0 keeps in one place
// is apart here: the initializer, the port and the health check of a custom
// runtime. Role, logs and network belong to the service.
type functionV2 struct {
	FunctionName            string                      `json:"functionName"`
	Description             string                      `json:"description"`
	Runtime                 string                      `json:"runtime"`
	Handler                 string                      `json:"handler"`
	CPU                     float64                     `json:"cpu,omitempty"`
	MemorySize              int                         `json:"memorySize"`
	DiskSize                int                         `json:"diskSize,omitempty"`
	Timeout                 int                         `json:"timeout"`
	Initializer             string                      `json:"initializer,omitempty"`
	InitializationTimeout   int                         `json:"initializationTimeout,omitempty"`
	CAPort                  int                         `json:"caPort,omitempty"`
	InstanceConcurrency     int                         `json:"instanceConcurrency"`
	InstanceType            string                      `json:"instanceType,omitempty"`
	GPUMemorySize           int                         `json:"gpuMemorySize,omitempty"`
	EnvironmentVariables    map[string]string           `json:"environmentVariables"`
	Layers                  []string                    `json:"layers,omitempty"` // in the old form
	LayersARNV2             []string                    `json:"layersArnV2,omitempty"`
	CustomDNS               *fc.CustomDNS               `json:"customDNS,omitempty"`
	CustomRuntimeConfig     *runtimeV2                  `json:"customRuntimeConfig,omitempty"`
	CustomContainerConfig   *containerV2                `json:"customContainerConfig,omitempty"`
	CustomHealthCheckConfig *fc.HealthCheckConfig       `json:"customHealthCheckConfig,omitempty"`
	InstanceLifecycleConfig *fc.InstanceLifecycleConfig `json:"instanceLifecycleConfig,omitempty"`

	FunctionID       string `json:"functionId"`
	CodeSize         int64  `json:"codeSize"`
	CodeChecksum     string `json:"codeChecksum"`
	CreatedTime      string `json:"createdTime"`
	LastModifiedTime string `json:"lastModifiedTime"`
}

type runtimeV2 struct {
	Command []string `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
}

// containerV2 has lists as JSON in strings.
type containerV2 struct {
	Image   string `json:"image,omitempty"`
	Command string `json:"command,omitempty"` // the entrypoint
	Args    string `json:"args,omitempty"`    // the command
}

// listText writes a list as FC 2.0 has it, an empty one as nothing.
func listText(list []string) string {
	if len(list) == 0 {
		return ""
	}
	text, _ := json.Marshal(list) // strings can be written
	return string(text)
}

// textList reads what listText writes; text that is no list is one word.
func textList(text string) []string {
	var list []string
	if text != "" && json.Unmarshal([]byte(text), &list) != nil {
		return []string{text}
	}
	return list
}

// functionToV2 shows a stored function the FC 2.0 way.
func functionToV2(stored *store.Function) functionV2 {
	f := stored.Function
	_, name := fc.SplitName(f.FunctionName)
	out := functionV2{
		FunctionName: name, Description: f.Description, Runtime: f.Runtime, Handler: f.Handler, CPU: f.CPU,
		MemorySize: f.MemorySize, DiskSize: f.DiskSize, Timeout: f.Timeout, InstanceConcurrency: f.InstanceConcurrency,
		InstanceType: stored.InstanceType, EnvironmentVariables: f.EnvironmentVariables, CustomDNS: f.CustomDNS,
		FunctionID: f.FunctionID, CodeSize: f.CodeSize, CodeChecksum: f.CodeChecksum,
		CreatedTime: f.CreatedTime, LastModifiedTime: f.LastModifiedTime,
	}
	out.Layers, out.LayersARNV2 = layersV2(&f)
	if out.EnvironmentVariables == nil {
		out.EnvironmentVariables = map[string]string{}
	}
	if f.GPUConfig != nil {
		out.GPUMemorySize = f.GPUConfig.GPUMemorySize
	}
	if r := f.CustomRuntimeConfig; r != nil {
		out.CAPort, out.CustomHealthCheckConfig = r.Port, r.HealthCheckConfig
		if len(r.Command)+len(r.Args) > 0 {
			out.CustomRuntimeConfig = &runtimeV2{r.Command, r.Args}
		}
	}
	if k := f.CustomContainerConfig; k != nil {
		out.CAPort, out.CustomHealthCheckConfig = k.Port, k.HealthCheckConfig
		out.CustomContainerConfig = &containerV2{k.Image, listText(k.Entrypoint), listText(k.Command)}
	}
	if hooks := f.InstanceLifecycleConfig; hooks != nil {
		if hooks.Initializer != nil {
			out.Initializer, out.InitializationTimeout = hooks.Initializer.Handler, hooks.Initializer.Timeout
		}
		if hooks.PreStop != nil || hooks.PreFreeze != nil {
			out.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{PreStop: hooks.PreStop, PreFreeze: hooks.PreFreeze}
		}
	}
	return out
}

// patchV2 lays the given FC 2.0 fields over a stored function. What FC 2.0
// doesn't have in its functions stays as it is.
func patchV2(stored *store.Function, given fields) error {
	if string(given["customContainerConfig"]) == "{}" { // changes nothing
		delete(given, "customContainerConfig")
	}
	before := functionToV2(stored)
	var v functionV2
	if err := merge(before, given, &v); err != nil {
		return err
	}
	if r, _ := fc.LookupRuntime(v.Runtime); !r.Container && given["customContainerConfig"] != nil {
		return reply.Invalid("customContainerConfig doesn't go with runtime '" + v.Runtime + "'")
	}
	f := &stored.Function
	f.FunctionName, f.Description, f.Runtime, f.Handler, f.CPU = v.FunctionName, v.Description, v.Runtime, v.Handler, v.CPU
	f.MemorySize, f.DiskSize, f.Timeout, f.InstanceConcurrency = v.MemorySize, v.DiskSize, v.Timeout, v.InstanceConcurrency
	f.EnvironmentVariables, f.CustomDNS = v.EnvironmentVariables, v.CustomDNS
	stored.InstanceType = v.InstanceType
	if v.GPUMemorySize != before.GPUMemorySize || v.InstanceType != before.InstanceType {
		f.GPUConfig = v.gpu()
	}
	if fc.IsCustom(v.Runtime) || v.Runtime != before.Runtime {
		f.CustomRuntimeConfig, f.CustomContainerConfig = v.server(), v.container(f.CustomContainerConfig)
	}
	f.InstanceLifecycleConfig = v.hooks(f.InstanceLifecycleConfig)
	return nil
}

func (v *functionV2) gpu() *fc.GPUConfig {
	if v.GPUMemorySize == 0 && !fc.IsGPU(v.InstanceType) {
		return nil
	}
	return &fc.GPUConfig{GPUType: v.InstanceType, GPUMemorySize: v.GPUMemorySize}
}

func (v *functionV2) server() *fc.CustomRuntimeConfig {
	if r, _ := fc.LookupRuntime(v.Runtime); !r.Custom || r.Container {
		return nil
	}
	out := &fc.CustomRuntimeConfig{Port: v.CAPort, HealthCheckConfig: v.CustomHealthCheckConfig}
	if v.CustomRuntimeConfig != nil {
		out.Command, out.Args = v.CustomRuntimeConfig.Command, v.CustomRuntimeConfig.Args
	}
	return out
}

// container is that of v; what FC 2.0 doesn't have in it stays as in old.
func (v *functionV2) container(old *fc.CustomContainerConfig) *fc.CustomContainerConfig {
	r, _ := fc.LookupRuntime(v.Runtime)
	if !r.Container || v.CustomContainerConfig == nil {
		return nil
	}
	out := fc.CustomContainerConfig{}
	if old != nil {
		out = *old
	}
	k := v.CustomContainerConfig
	out.Image, out.Entrypoint, out.Command = k.Image, textList(k.Command), textList(k.Args)
	out.Port, out.HealthCheckConfig = v.CAPort, v.CustomHealthCheckConfig
	return &out
}

// hooks are those of v, and of the old ones the initializer that is a command,
// which FC 2.0 doesn't have, unless v has a handler for it.
func (v *functionV2) hooks(old *fc.InstanceLifecycleConfig) *fc.InstanceLifecycleConfig {
	out := fc.InstanceLifecycleConfig{}
	if old != nil && old.Initializer != nil && len(old.Initializer.Command) > 0 {
		out.Initializer = old.Initializer
	}
	if v.InstanceLifecycleConfig != nil {
		out.PreStop, out.PreFreeze = v.InstanceLifecycleConfig.PreStop, v.InstanceLifecycleConfig.PreFreeze
	}
	if v.Initializer != "" {
		out.Initializer = &fc.LifecycleHook{Handler: v.Initializer, Timeout: v.InitializationTimeout}
	}
	if out == (fc.InstanceLifecycleConfig{}) {
		return nil
	}
	return &out
}

// inherit copies the settings of a service into a function of it.
func inherit(service *store.Service, stored *store.Function) {
	s, f := service.Service, &stored.Function
	f.Role, f.InternetAccess, f.LogConfig, f.VPCConfig = s.Role, s.InternetAccess, s.LogConfig, s.VPCConfig
	f.NASConfig, f.OSSMountConfig, f.TracingConfig = s.NASConfig, s.OSSMountConfig, service.Tracing
}
