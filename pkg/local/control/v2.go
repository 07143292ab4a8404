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
	CustomDNS               *fc.CustomDNS               `json:"customDNS,omitempty"`
	CustomRuntimeConfig     *runtimeV2                  `json:"customRuntimeConfig,omitempty"`
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
	var container json.RawMessage
	if has, err := given.take("customContainerConfig", &container); err != nil {
		return err
	} else if has && string(container) != "{}" {
		return reply.NotServed("field 'customContainerConfig'")
	}
	before := functionToV2(stored)
	var v functionV2
	if err := merge(before, given, &v); err != nil {
		return err
	}
	f := &stored.Function
	f.FunctionName, f.Description, f.Runtime, f.Handler, f.CPU = v.FunctionName, v.Description, v.Runtime, v.Handler, v.CPU
	f.MemorySize, f.DiskSize, f.Timeout, f.InstanceConcurrency = v.MemorySize, v.DiskSize, v.Timeout, v.InstanceConcurrency
	f.EnvironmentVariables, f.CustomDNS = v.EnvironmentVariables, v.CustomDNS
	stored.InstanceType = v.InstanceType
	if v.GPUMemorySize != before.GPUMemorySize || v.InstanceType != before.InstanceType {
		f.GPUConfig = v.gpu()
	}
	if server := v.server(); server != nil || v.Runtime != before.Runtime {
		f.CustomRuntimeConfig = server
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
	if !fc.IsCustom(v.Runtime) {
		return nil
	}
	out := &fc.CustomRuntimeConfig{Port: v.CAPort, HealthCheckConfig: v.CustomHealthCheckConfig}
	if v.CustomRuntimeConfig != nil {
		out.Command, out.Args = v.CustomRuntimeConfig.Command, v.CustomRuntimeConfig.Args
	}
	return out
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
