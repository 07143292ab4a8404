package spec

import (
	"strings"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// functionV3 maps the props of component fc3 onto a function, with the
// component's defaults.
func functionV3(p props) fc.Function {
	f := fc.Function{
		FunctionName:         p.text("functionName"),
		Description:          p.text("description"),
		Runtime:              p.text("runtime"),
		Handler:              p.text("handler"),
		CPU:                  p.float("cpu"),
		MemorySize:           p.int("memorySize"),
		DiskSize:             p.int("diskSize"),
		Timeout:              p.int("timeout"),
		InstanceConcurrency:  p.int("instanceConcurrency"),
		InternetAccess:       p.flag("internetAccess"),
		EnvironmentVariables: p.stringMap("environmentVariables"),
		Layers:               p.layers("layers"),
		Role:                 p.text("role"),
		CustomDNS:            p.customDNS("customDNS"),
		LogConfig:            p.logConfig("logConfig"),
		OSSMountConfig:       p.ossMount("ossMountConfig"),
		VPCConfig:            vpcV3(p.sub("vpcConfig")),
		NASConfig:            nasV3(p.sub("nasConfig")),
		PolarFSConfig:        polarFS(p.sub("polarFsConfig")),
		JuiceFSConfig:        juiceFS(p.sub("juiceFsConfig")),
		GPUConfig:            gpuV3(p.sub("gpuConfig")),
		ResourceGroupID:      p.text("resourceGroupId"),
		SessionAffinity:      p.text("sessionAffinity"),

		InstanceIsolationMode:    p.text("instanceIsolationMode"),
		EnableLongLiving:         p.flag("enableLongLiving"),
		IdleTimeout:              p.int("idleTimeout"),
		DisableInjectCredentials: p.text("disableInjectCredentials"),
		DisableOndemand:          p.flag("disableOndemand"),
	}
	if t := p.sub("tracingConfig"); t.isMap() {
		f.TracingConfig = &fc.TracingConfig{Type: t.text("type"), Params: t.stringMap("params")}
	}
	if l := p.sub("instanceLifecycleConfig"); l.isMap() {
		f.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{Initializer: l.hook("initializer"), PreStop: l.hook("preStop")}
	}
	if tags := p.v.Get("tags"); tags != nil && tags.Kind == expr.List {
		f.Tags = []fc.Tag{} // an empty list takes those away that there are
	}
	for _, t := range p.list("tags") {
		f.Tags = append(f.Tags, fc.Tag{Key: t.text("key"), Value: t.text("value")})
	}
	switch s := p.sub("sessionAffinityConfig"); {
	case s.isMap():
		f.SessionAffinityConfig = canonical(s.v)
	default:
		f.SessionAffinityConfig = asText(s.v)
	}
	if isAuto(p.v.Get("role")) {
		f.Role = ""
	}
	customV3(&f, p)
	defaultsV3(&f)
	return f
}

// customV3 maps the blocks of custom runtimes and containers.
func customV3(f *fc.Function, p props) {
	if c := p.sub("customRuntimeConfig"); c.isMap() {
		f.CustomRuntimeConfig = &fc.CustomRuntimeConfig{
			Command: c.texts("command"), Args: c.texts("args"),
			Port: c.int("port"), HealthCheckConfig: c.healthCheck("healthCheckConfig"),
		}
	}
	if c := p.sub("customContainerConfig"); c.isMap() {
		f.CustomContainerConfig = &fc.CustomContainerConfig{
			Image: strings.TrimSpace(c.text("image")), Entrypoint: c.texts("entrypoint"),
			Command: c.texts("command"), Port: c.int("port"), HealthCheckConfig: c.healthCheck("healthCheckConfig"),
			ACRInstanceID: c.text("acrInstanceId"), AccelerationType: c.text("accelerationType"),
			RegistryConfig: registryV3(c.sub("registryConfig")),
		}
	}
}

func registryV3(p props) *fc.RegistryConfig {
	if !p.isMap() {
		return nil
	}
	r := &fc.RegistryConfig{}
	if a := p.sub("authConfig"); a.isMap() {
		r.AuthConfig = &fc.RegistryAuthConfig{UserName: a.text("userName"), Password: a.text("password")}
	}
	if c := p.sub("certConfig"); c.isMap() {
		r.CertConfig = &fc.RegistryCertConfig{Insecure: c.bool("insecure"), RootCACertBase64: c.text("rootCaCertBase64")}
	}
	if n := p.sub("networkConfig"); n.isMap() {
		r.NetworkConfig = &fc.RegistryNetworkConfig{VPCID: n.text("vpcId"), VSwitchID: n.text("vSwitchId"), SecurityGroupID: n.text("securityGroupId")}
	}
	return r
}

// defaultCPU is the fc3 component's, in vCPU.
const defaultCPU = 0.35

func defaultsV3(f *fc.Function) {
	if f.MemorySize == 0 {
		f.MemorySize = fc.DefaultMemoryMB
	}
	if f.MemorySize == fc.DefaultMemoryMB && f.CPU == 0 && f.DiskSize == 0 {
		f.CPU, f.DiskSize = defaultCPU, fc.DefaultDiskMB
	}
	if f.Timeout == 0 {
		f.Timeout = fc.DefaultTimeoutSeconds
	}
	if f.InternetAccess == nil {
		yes := true
		f.InternetAccess = &yes
	}
	if !fc.IsCustom(f.Runtime) {
		return
	}
	if f.InstanceConcurrency == 0 {
		f.InstanceConcurrency = 1
	}
	if f.Handler == "" {
		f.Handler = "handler"
	}
}

func vpcV3(p props) *fc.VPCConfig {
	if !p.isMap() || isAuto(p.v.Get("vSwitchIds")) || isAuto(p.v.Get("securityGroupId")) {
		return nil
	}
	return &fc.VPCConfig{VPCID: p.text("vpcId"), VSwitchIDs: p.texts("vSwitchIds"), SecurityGroupID: p.text("securityGroupId")}
}

func nasV3(p props) *fc.NASConfig {
	if !p.isMap() {
		return nil
	}
	nas := &fc.NASConfig{UserID: p.int("userId"), GroupID: p.int("groupId")}
	for _, m := range p.list("mountPoints") {
		nas.MountPoints = append(nas.MountPoints, fc.NASMount{ServerAddr: m.text("serverAddr"), MountDir: m.text("mountDir"), EnableTLS: m.bool("enableTLS")})
	}
	return nas
}

func polarFS(p props) *fc.PolarFSConfig {
	if !p.isMap() {
		return nil
	}
	c := &fc.PolarFSConfig{UserID: p.int("userId"), GroupID: p.int("groupId")}
	for _, m := range p.list("mountPoints") {
		c.MountPoints = append(c.MountPoints, fc.PolarFSMount{
			InstanceID: m.text("instanceId"), MountDir: m.text("mountDir"), RemoteDir: m.text("remoteDir"), ReadOnly: m.bool("readOnly"),
		})
	}
	return c
}

func juiceFS(p props) *fc.JuiceFSConfig {
	if !p.isMap() {
		return nil
	}
	c := &fc.JuiceFSConfig{Envs: p.stringMap("envs")}
	for _, m := range p.list("mountPoints") {
		c.MountPoints = append(c.MountPoints, fc.JuiceFSMount{
			VolumeName: m.text("volumeName"), MountDir: m.text("mountDir"), RemoteDir: m.text("remoteDir"), Token: m.text("token"), Args: m.texts("args"),
		})
	}
	return c
}

func gpuV3(p props) *fc.GPUConfig {
	if !p.isMap() {
		return nil
	}
	return &fc.GPUConfig{GPUType: p.text("gpuType"), GPUMemorySize: p.int("gpuMemorySize")}
}

// triggersV3 maps triggers; the config becomes JSON in a string, as the API
// has it.
func triggersV3(p props) []fc.Trigger {
	var triggers []fc.Trigger
	for _, t := range p.list("triggers") {
		triggers = append(triggers, fc.Trigger{
			TriggerName:    t.text("triggerName"),
			TriggerType:    t.text("triggerType"),
			TriggerConfig:  canonical(triggerConfigOfV3(t.text("triggerType"), t.v.Get("triggerConfig"))),
			Description:    t.text("description"),
			Qualifier:      qualifier(t),
			InvocationRole: t.text("invocationRole"),
			SourceARN:      t.text("sourceArn"),
		})
	}
	return triggers
}

func qualifier(t props) string {
	if q := t.text("qualifier"); q != "" {
		return q
	}
	return fc.LatestQualifier
}

// codeV3 says where the code is.
func (l *loader) codeV3(p props, runtime string) CodeSource {
	e := p.v.Entry("code")
	if e == nil || isAbsent(e.Value) {
		return CodeSource{}
	}
	src := CodeSource{Range: at(e.Value, e.KeyRange)}
	if e.Value.Kind == expr.Map {
		code := props{e.Value}
		src.OSSBucket, src.OSSObject = code.text("ossBucketName"), code.text("ossObjectName")
		return src
	}
	r, known := fc.LookupRuntime(runtime)
	switch text := asText(e.Value); {
	case text == "":
	case known && r.Container && !isURL(text):
		src.Context = l.resolvePath(text)
	case known && r.Container: // nothing is built from it
	case isURL(text):
		src.URL = text
	default:
		src.Path = l.resolvePath(text)
	}
	return src
}

func isURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}
