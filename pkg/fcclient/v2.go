package fcclient

import (
	"encoding/json"

	"s/pkg/fc"
)

// functionV2 is a function as the API of version 2021-04-06 has it: no service
// name inside, the initializer and the port of a custom runtime as fields of
// their own, the health check apart, container command and args as JSON in a
// string.
type functionV2 struct {
	FunctionName            string                      `json:"functionName,omitempty"`
	Description             string                      `json:"description,omitempty"`
	Runtime                 string                      `json:"runtime,omitempty"`
	Handler                 string                      `json:"handler,omitempty"`
	CPU                     float64                     `json:"cpu,omitempty"`
	MemorySize              int                         `json:"memorySize,omitempty"`
	DiskSize                int                         `json:"diskSize,omitempty"`
	Timeout                 int                         `json:"timeout,omitempty"`
	Initializer             string                      `json:"initializer,omitempty"`
	InitializationTimeout   int                         `json:"initializationTimeout,omitempty"`
	CAPort                  int                         `json:"caPort,omitempty"`
	InstanceConcurrency     int                         `json:"instanceConcurrency,omitempty"`
	InstanceType            string                      `json:"instanceType,omitempty"`
	GPUMemorySize           int                         `json:"gpuMemorySize,omitempty"`
	EnvironmentVariables    *map[string]string          `json:"environmentVariables,omitempty"`
	Layers                  *layerNames                 `json:"layers,omitempty"`
	LayersARNV2             *layerNames                 `json:"layersArnV2,omitempty"` // in answers: the same by their ARNs
	CustomDNS               *fc.CustomDNS               `json:"customDNS,omitempty"`
	CustomRuntimeConfig     *runtimeV2                  `json:"customRuntimeConfig,omitempty"`
	CustomContainerConfig   *containerV2                `json:"customContainerConfig,omitempty"`
	CustomHealthCheckConfig *fc.HealthCheckConfig       `json:"customHealthCheckConfig,omitempty"`
	InstanceLifecycleConfig *fc.InstanceLifecycleConfig `json:"instanceLifecycleConfig,omitempty"`
	Code                    *codeV2                     `json:"code,omitempty"`

	FunctionID       string `json:"functionId,omitempty"`
	CodeSize         int64  `json:"codeSize,omitempty"`
	CodeChecksum     string `json:"codeChecksum,omitempty"`
	CreatedTime      string `json:"createdTime,omitempty"`
	LastModifiedTime string `json:"lastModifiedTime,omitempty"`
}

type runtimeV2 struct {
	Command []string `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
}

type containerV2 struct {
	Image         string `json:"image,omitempty"`
	Command       string `json:"command,omitempty"` // a JSON list in a string
	Args          string `json:"args,omitempty"`
	WebServerMode *bool  `json:"webServerMode,omitempty"`
}

// codeV2 has no checksum: that goes in the header X-Fc-Code-Checksum.
type codeV2 struct {
	ZipFile       string `json:"zipFile,omitempty"`
	OSSBucketName string `json:"ossBucketName,omitempty"`
	OSSObjectName string `json:"ossObjectName,omitempty"`
}

// functionToV2 maps a function and its code to FC 2.0. Network, role, logs and
// mounts belong to the service there and are left out. update sends empty
// variables and layers, so that the service clears them.
func functionToV2(f fc.Function, code *fc.Code, update bool) functionV2 {
	_, name := fc.SplitName(f.FunctionName)
	out := functionV2{
		FunctionName: name, Description: f.Description, Runtime: f.Runtime, Handler: f.Handler, CPU: f.CPU,
		MemorySize: f.MemorySize, DiskSize: f.DiskSize, Timeout: f.Timeout,
		InstanceConcurrency: f.InstanceConcurrency, CustomDNS: f.CustomDNS,
	}
	if update {
		out.FunctionName = ""
	}
	if env := f.EnvironmentVariables; len(env) > 0 || update {
		if env == nil {
			env = map[string]string{}
		}
		out.EnvironmentVariables = &env
	}
	if arns := layerNames(layerARNs(f.Layers)); len(arns) > 0 || update {
		out.Layers = &arns
	}
	if f.GPUConfig != nil {
		out.InstanceType, out.GPUMemorySize = f.GPUConfig.GPUType, f.GPUConfig.GPUMemorySize
	}
	if code != nil {
		out.Code = &codeV2{code.ZipFile, code.OSSBucketName, code.OSSObjectName}
	}
	out.setCustom(f, update)
	out.setLifecycle(f.InstanceLifecycleConfig)
	return out
}

func (v *functionV2) setCustom(f fc.Function, update bool) {
	if r := f.CustomRuntimeConfig; r != nil {
		v.CAPort, v.CustomHealthCheckConfig = r.Port, r.HealthCheckConfig
		// An empty block takes the command away that there is.
		if len(r.Command)+len(r.Args) > 0 || update {
			v.CustomRuntimeConfig = &runtimeV2{r.Command, r.Args}
		}
	}
	if k := f.CustomContainerConfig; k != nil {
		v.CAPort, v.CustomHealthCheckConfig = k.Port, k.HealthCheckConfig
		v.CustomContainerConfig = &containerV2{Image: k.Image, Command: listText(k.Entrypoint), Args: listText(k.Command)}
	}
}

func (v *functionV2) setLifecycle(hooks *fc.InstanceLifecycleConfig) {
	if hooks == nil {
		return
	}
	if hooks.Initializer != nil {
		v.Initializer, v.InitializationTimeout = hooks.Initializer.Handler, hooks.Initializer.Timeout
	}
	if hooks.PreStop != nil || hooks.PreFreeze != nil {
		v.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{PreStop: hooks.PreStop, PreFreeze: hooks.PreFreeze}
	}
}

// function is the inverse: the FC 3.0 shape, under the name service$function.
func (v *functionV2) function(service string) *fc.Function {
	f := &fc.Function{
		FunctionName: fc.JoinName(service, v.FunctionName), Description: v.Description, Runtime: v.Runtime,
		Handler: v.Handler, CPU: v.CPU, MemorySize: v.MemorySize, DiskSize: v.DiskSize, Timeout: v.Timeout,
		InstanceConcurrency: v.InstanceConcurrency, CustomDNS: v.CustomDNS,
		FunctionID: v.FunctionID, CodeSize: v.CodeSize, CodeChecksum: v.CodeChecksum,
		CreatedTime: v.CreatedTime, LastModifiedTime: v.LastModifiedTime,
	}
	if v.EnvironmentVariables != nil {
		f.EnvironmentVariables = *v.EnvironmentVariables
	}
	for _, arn := range v.layerARNs() {
		f.Layers = append(f.Layers, fc.Layer{ARN: arn})
	}
	if v.GPUMemorySize > 0 || fc.IsGPU(v.InstanceType) {
		f.GPUConfig = &fc.GPUConfig{GPUType: v.InstanceType, GPUMemorySize: v.GPUMemorySize}
	}
	v.readCustom(f)
	v.readLifecycle(f)
	return f
}

// layerARNs are the function's layers, which the service names twice: in the old
// form, and by the ARNs that people write.
func (v *functionV2) layerARNs() []string {
	switch {
	case v.LayersARNV2 != nil && len(*v.LayersARNV2) > 0:
		return *v.LayersARNV2
	case v.Layers != nil:
		return *v.Layers
	}
	return nil
}

func (v *functionV2) readCustom(f *fc.Function) {
	switch {
	case v.CustomContainerConfig != nil && v.CustomContainerConfig.Image != "":
		k := v.CustomContainerConfig
		f.CustomContainerConfig = &fc.CustomContainerConfig{
			Image: k.Image, Entrypoint: textList(k.Command),
			Command: textList(k.Args), Port: v.CAPort, HealthCheckConfig: v.CustomHealthCheckConfig,
		}
	case fc.IsCustom(v.Runtime):
		f.CustomRuntimeConfig = &fc.CustomRuntimeConfig{Port: v.CAPort, HealthCheckConfig: v.CustomHealthCheckConfig}
		if v.CustomRuntimeConfig != nil {
			f.CustomRuntimeConfig.Command, f.CustomRuntimeConfig.Args = v.CustomRuntimeConfig.Command, v.CustomRuntimeConfig.Args
		}
	}
}

func (v *functionV2) readLifecycle(f *fc.Function) {
	hooks := fc.InstanceLifecycleConfig{}
	if v.InstanceLifecycleConfig != nil {
		hooks.PreStop, hooks.PreFreeze = v.InstanceLifecycleConfig.PreStop, v.InstanceLifecycleConfig.PreFreeze
	}
	if v.Initializer != "" {
		hooks.Initializer = &fc.LifecycleHook{Handler: v.Initializer, Timeout: v.InitializationTimeout}
	}
	if hooks != (fc.InstanceLifecycleConfig{}) {
		f.InstanceLifecycleConfig = &hooks
	}
}

// listText renders a list as JSON, empty as nothing.
func listText(list []string) string {
	if len(list) == 0 {
		return ""
	}
	data, _ := json.Marshal(list) // a []string always marshals
	return string(data)
}

// textList reads what listText writes; text that is no JSON list is one word.
func textList(text string) []string {
	if text == "" {
		return nil
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		return []string{text}
	}
	return list
}

// layerList reads layers as objects (FC 3.0) or as ARNs.
type layerList []fc.Layer

// UnmarshalJSON accepts both shapes and null.
func (l *layerList) UnmarshalJSON(data []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	*l = nil
	for _, item := range items {
		var layer fc.Layer
		if json.Unmarshal(item, &layer.ARN) != nil {
			if err := json.Unmarshal(item, &layer); err != nil {
				return err
			}
		}
		*l = append(*l, layer)
	}
	return nil
}

// layerNames is a list of ARNs that reads objects too.
type layerNames []string

// UnmarshalJSON accepts both shapes and null.
func (l *layerNames) UnmarshalJSON(data []byte) error {
	var list layerList
	if err := list.UnmarshalJSON(data); err != nil {
		return err
	}
	*l = layerARNs(list)
	return nil
}
