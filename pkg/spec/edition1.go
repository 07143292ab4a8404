package spec

import (
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// This file is the mapping from the props of component fc, edition 1.0.0, to
// FC 3.0's vocabulary:
//
//	service.name, function.name        FunctionName, "service$function"
//	codeUri | ossBucket, ossKey        CodeSource
//	caPort                             CustomRuntimeConfig.Port, CustomContainerConfig.Port
//	customHealthCheckConfig            ...HealthCheckConfig
//	customContainerConfig.command      CustomContainerConfig.Entrypoint (JSON in a string)
//	customContainerConfig.args         CustomContainerConfig.Command (JSON in a string)
//	initializer, initializationTimeout InstanceLifecycleConfig.Initializer
//	instanceType fc.gpu.*, gpuMemorySize  GPUConfig
//	triggers[].name, type, config, role   TriggerName, TriggerType, TriggerConfig, InvocationRole
//	service.*                          Resource.Service

// Defaults of the fc component.
const (
	defaultHandlerV1          = "index.handler"
	defaultContainerHandlerV1 = "not-used"
	defaultMemoryV1           = 128
	defaultCodeV1             = "./"
	defaultNASUserV1          = 10003
)

// functionOfV1 maps service and function onto one function.
func functionOfV1(service, p props) fc.Function {
	f := fc.Function{
		FunctionName:         fc.JoinName(service.text("name"), p.text("name")),
		Description:          p.text("description"),
		Runtime:              p.text("runtime"),
		Handler:              p.text("handler"),
		CPU:                  p.float("cpu"),
		MemorySize:           p.int("memorySize"),
		DiskSize:             p.int("diskSize"),
		Timeout:              p.int("timeout"),
		InstanceConcurrency:  p.int("instanceConcurrency"),
		EnvironmentVariables: p.stringMap("environmentVariables"),
		Layers:               p.layers("layers"),
		CustomDNS:            p.customDNS("customDNS"),
	}
	if kind, memory := p.text("instanceType"), p.int("gpuMemorySize"); memory > 0 || fc.IsGPU(kind) {
		f.GPUConfig = &fc.GPUConfig{GPUType: kind, GPUMemorySize: memory}
	}
	lifecycleV1(&f, p)
	customV1(&f, p)
	if f.Handler == "" {
		f.Handler = defaultHandlerV1
		if f.CustomContainerConfig != nil {
			f.Handler = defaultContainerHandlerV1
		}
	}
	if f.MemorySize == 0 {
		f.MemorySize = defaultMemoryV1
	}
	if f.Timeout == 0 {
		f.Timeout = fc.DefaultTimeoutSeconds
	}
	if f.InstanceConcurrency == 0 {
		f.InstanceConcurrency = 1
	}
	return f
}

func lifecycleV1(f *fc.Function, p props) {
	hooks := fc.InstanceLifecycleConfig{}
	if handler := p.text("initializer"); handler != "" {
		hooks.Initializer = &fc.LifecycleHook{Handler: handler, Timeout: p.int("initializationTimeout")}
		if hooks.Initializer.Timeout == 0 {
			hooks.Initializer.Timeout = fc.DefaultTimeoutSeconds
		}
	}
	l := p.sub("instanceLifecycleConfig")
	hooks.PreFreeze, hooks.PreStop = l.hook("preFreeze"), l.hook("preStop")
	if hooks.Initializer != nil || hooks.PreFreeze != nil || hooks.PreStop != nil {
		f.InstanceLifecycleConfig = &hooks
	}
}

// customV1 maps the blocks of custom runtimes and containers. caPort always has
// a value, which matters to them alone.
func customV1(f *fc.Function, p props) {
	runtime, _ := fc.LookupRuntime(f.Runtime)
	if !runtime.Custom {
		return
	}
	port := p.int("caPort")
	if port == 0 {
		port = fc.DefaultPort
	}
	health := p.healthCheck("customHealthCheckConfig")
	if runtime.Container {
		c := p.sub("customContainerConfig")
		entrypoint, _ := jsonStrings(c.text("command"))
		command, _ := jsonStrings(c.text("args"))
		f.CustomContainerConfig = &fc.CustomContainerConfig{
			Image: c.text("image"), Entrypoint: entrypoint, Command: command,
			Port: port, HealthCheckConfig: health,
		}
		return
	}
	c := p.sub("customRuntimeConfig")
	f.CustomRuntimeConfig = &fc.CustomRuntimeConfig{Command: c.texts("command"), Args: c.texts("args"), Port: port, HealthCheckConfig: health}
}

// serviceOfV1 maps the service.
func serviceOfV1(p props) *fc.Service {
	s := &fc.Service{
		ServiceName:    p.text("name"),
		Description:    p.text("description"),
		Role:           p.text("role"),
		InternetAccess: p.flag("internetAccess"),
		LogConfig:      p.logConfig("logConfig"),
		OSSMountConfig: p.ossMount("ossMountConfig"),
	}
	if v := p.sub("vpcConfig"); v.isMap() {
		s.VPCConfig = &fc.VPCConfig{VPCID: v.text("vpcId"), VSwitchIDs: v.texts("vswitchIds"), SecurityGroupID: v.text("securityGroupId")}
	}
	if n := p.sub("nasConfig"); n.isMap() {
		s.NASConfig = nasV1(n)
	}
	return s
}

// nasV1 joins the server's address and the folder on it, which FC 3.0 has in
// one.
func nasV1(p props) *fc.NASConfig {
	nas := &fc.NASConfig{UserID: defaultNASUserV1, GroupID: defaultNASUserV1}
	if p.has("userId") {
		nas.UserID = p.int("userId")
	}
	if p.has("groupId") {
		nas.GroupID = p.int("groupId")
	}
	for _, m := range p.list("mountPoints") {
		addr := m.text("serverAddr")
		if dir := m.text("nasDir"); dir != "" {
			addr += ":" + dir
		}
		nas.MountPoints = append(nas.MountPoints, fc.NASMount{ServerAddr: addr, MountDir: m.text("fcDir")})
	}
	return nas
}

// triggersOfV1 maps triggers.
func triggersOfV1(p props) []fc.Trigger {
	var triggers []fc.Trigger
	for _, t := range p.list("triggers") {
		triggers = append(triggers, fc.Trigger{
			TriggerName:    t.text("name"),
			TriggerType:    t.text("type"),
			TriggerConfig:  canonical(triggerConfigOfV1(t.text("type"), t.v.Get("config"))),
			Description:    t.text("description"),
			Qualifier:      qualifier(t),
			InvocationRole: t.text("role"),
			SourceARN:      t.text("sourceArn"),
		})
	}
	return triggers
}

// triggerConfigOfV1 takes out of a trigger's config what names its source, since
// FC 3.0 has that in sourceArn, and writes an OSS filter as FC 3.0 does.
func triggerConfigOfV1(kind string, v *expr.Value) *expr.Value {
	drop := map[string][]string{
		fc.TriggerOSS: {"bucketName"}, fc.TriggerMNSTopic: {"topicName", "region"}, fc.TriggerTablestore: {"instanceName", "tableName"},
	}[kind]
	if v == nil || v.Kind != expr.Map || drop == nil {
		return v
	}
	var entries []expr.Entry
	for _, e := range v.Entries {
		if contains(drop, e.Key) {
			continue
		}
		if kind == fc.TriggerOSS && e.Key == "filter" {
			e.Value = lowerKeys(e.Value)
		}
		entries = append(entries, e)
	}
	return expr.NewMap(entries)
}

// lowerKeys makes Key, Prefix and Suffix key, prefix and suffix.
func lowerKeys(v *expr.Value) *expr.Value {
	if v.Kind != expr.Map {
		return v
	}
	entries := make([]expr.Entry, 0, len(v.Entries))
	for _, e := range v.Entries {
		entries = append(entries, expr.Entry{Key: strings.ToLower(e.Key), KeyRange: e.KeyRange, Value: lowerKeys(e.Value)})
	}
	return expr.NewMap(entries)
}

// codeV1 says where the code is; without codeUri it is the folder of s.yaml.
func (l *loader) codeV1(function props, key diag.Range) CodeSource {
	src := CodeSource{Range: key, OSSBucket: function.text("ossBucket"), OSSObject: function.text("ossKey")}
	if r, ok := fc.LookupRuntime(function.text("runtime")); ok && r.Container {
		src = CodeSource{Range: key}
		if uri := function.text("codeUri"); uri != "" {
			src.Context = l.resolvePath(uri)
		}
		return src
	}
	if src.OSSBucket != "" {
		return src
	}
	uri := defaultCodeV1
	if e := function.v.Entry("codeUri"); e != nil && e.Value.Kind == expr.String && e.Value.Text != "" {
		src.Range = at(e.Value, e.KeyRange)
		uri = e.Value.Text
	}
	if isURL(uri) {
		src.URL = uri
		return src
	}
	src.Path = l.resolvePath(uri)
	return src
}
