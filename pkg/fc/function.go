package fc

import "strings"

// Function is a function as GetFunction of FC 3.0 returns it and as
// CreateFunction takes it (less the read-only fields). Sizes are in MB, times
// in seconds.
type Function struct {
	FunctionName            string                   `json:"functionName"`
	Description             string                   `json:"description,omitempty"`
	Runtime                 string                   `json:"runtime,omitempty"`
	Handler                 string                   `json:"handler,omitempty"`
	CPU                     float64                  `json:"cpu,omitempty"`
	MemorySize              int                      `json:"memorySize,omitempty"`
	DiskSize                int                      `json:"diskSize,omitempty"`
	Timeout                 int                      `json:"timeout,omitempty"`
	InstanceConcurrency     int                      `json:"instanceConcurrency,omitempty"`
	InternetAccess          *bool                    `json:"internetAccess,omitempty"`
	EnvironmentVariables    map[string]string        `json:"environmentVariables,omitempty"`
	Layers                  []Layer                  `json:"layers,omitempty"`
	Role                    string                   `json:"role,omitempty"`
	CustomRuntimeConfig     *CustomRuntimeConfig     `json:"customRuntimeConfig,omitempty"`
	CustomContainerConfig   *CustomContainerConfig   `json:"customContainerConfig,omitempty"`
	CustomDNS               *CustomDNS               `json:"customDNS,omitempty"`
	InstanceLifecycleConfig *InstanceLifecycleConfig `json:"instanceLifecycleConfig,omitempty"`
	LogConfig               *LogConfig               `json:"logConfig,omitempty"`
	VPCConfig               *VPCConfig               `json:"vpcConfig,omitempty"`
	NASConfig               *NASConfig               `json:"nasConfig,omitempty"`
	OSSMountConfig          *OSSMountConfig          `json:"ossMountConfig,omitempty"`
	PolarFSConfig           *PolarFSConfig           `json:"polarFsConfig,omitempty"`
	JuiceFSConfig           *JuiceFSConfig           `json:"juiceFsConfig,omitempty"`
	TracingConfig           *TracingConfig           `json:"tracingConfig,omitempty"`
	GPUConfig               *GPUConfig               `json:"gpuConfig,omitempty"`
	Tags                    []Tag                    `json:"tags,omitempty"`
	ResourceGroupID         string                   `json:"resourceGroupId,omitempty"`
	SessionAffinity         string                   `json:"sessionAffinity,omitempty"`
	SessionAffinityConfig   string                   `json:"sessionAffinityConfig,omitempty"`
	// InstanceIsolationMode is SHARE if it is empty.
	InstanceIsolationMode    string `json:"instanceIsolationMode,omitempty"`
	EnableLongLiving         *bool  `json:"enableLongLiving,omitempty"`
	IdleTimeout              int    `json:"idleTimeout,omitempty"`
	DisableInjectCredentials string `json:"disableInjectCredentials,omitempty"` // None, Env, Request or All
	DisableOndemand          *bool  `json:"disableOndemand,omitempty"`

	// Read-only: set by the service.
	FunctionID       string `json:"functionId,omitempty"`
	FunctionARN      string `json:"functionArn,omitempty"`
	CodeSize         int64  `json:"codeSize,omitempty"`     // bytes
	CodeChecksum     string `json:"codeChecksum,omitempty"` // CRC-64/ECMA, unsigned decimal
	CreatedTime      string `json:"createdTime,omitempty"`  // 2006-01-02T15:04:05Z
	LastModifiedTime string `json:"lastModifiedTime,omitempty"`
	State            string `json:"state,omitempty"`
	LastUpdateStatus string `json:"lastUpdateStatus,omitempty"`
}

// FunctionRestriction says whether a function may be called (field
// invocationRestriction of GetFunction).
type FunctionRestriction struct {
	Disable          bool   `json:"disable"`
	Reason           string `json:"reason,omitempty"`
	LastModifiedTime string `json:"lastModifiedTime,omitempty"`
}

// EnvironmentSize is how many bytes variables have, which fc.MaxEnvironment bounds.
func EnvironmentSize(variables map[string]string) int {
	size := 0
	for name, value := range variables {
		size += len(name) + len(value)
	}
	return size
}

// ValidVariable reports whether a variable of a function can have the name
// (documentation of environment variables).
func ValidVariable(name string) bool {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

// SplitName gives the FC 2.0 service and function behind a name of the form
// "service$function"; service is empty for a plain FC 3.0 name.
func SplitName(name string) (service, function string) {
	if s, f, ok := strings.Cut(name, ServiceSeparator); ok {
		return s, f
	}
	return "", name
}

// JoinName is the inverse of SplitName.
func JoinName(service, function string) string {
	if service == "" {
		return function
	}
	return service + ServiceSeparator + function
}

// Service is an FC 2.0 service, the folder of functions that FC 3.0 no longer
// has (API 2021-04-06, GetService).
type Service struct {
	ServiceName      string          `json:"serviceName,omitempty"`
	Description      string          `json:"description,omitempty"`
	Role             string          `json:"role,omitempty"`
	InternetAccess   *bool           `json:"internetAccess,omitempty"`
	LogConfig        *LogConfig      `json:"logConfig,omitempty"`
	VPCConfig        *VPCConfig      `json:"vpcConfig,omitempty"`
	NASConfig        *NASConfig      `json:"nasConfig,omitempty"`
	OSSMountConfig   *OSSMountConfig `json:"ossMountConfig,omitempty"`
	ServiceID        string          `json:"serviceId,omitempty"`
	CreatedTime      string          `json:"createdTime,omitempty"`
	LastModifiedTime string          `json:"lastModifiedTime,omitempty"`
}

// Code is where the code of a function comes from in a create or update
// request: a zip archive or an OSS object.
type Code struct {
	ZipFile       string `json:"zipFile,omitempty"` // base64
	OSSBucketName string `json:"ossBucketName,omitempty"`
	OSSObjectName string `json:"ossObjectName,omitempty"`
	Checksum      string `json:"checksum,omitempty"` // CRC-64/ECMA, unsigned decimal; verified by the service
}

// Layer is a layer version as a function refers to it. Requests carry the ARN
// alone, responses the object.
type Layer struct {
	ARN  string `json:"arn"`
	Size int64  `json:"size,omitempty"` // bytes
}

// CustomRuntimeConfig says how the HTTP server of a custom runtime is started.
type CustomRuntimeConfig struct {
	Command           []string           `json:"command,omitempty"`
	Args              []string           `json:"args,omitempty"`
	Port              int                `json:"port,omitempty"`
	HealthCheckConfig *HealthCheckConfig `json:"healthCheckConfig,omitempty"`
}

// CustomContainerConfig says which image runs and how.
type CustomContainerConfig struct {
	Image             string             `json:"image"`
	Entrypoint        []string           `json:"entrypoint,omitempty"`
	Command           []string           `json:"command,omitempty"`
	Port              int                `json:"port,omitempty"`
	HealthCheckConfig *HealthCheckConfig `json:"healthCheckConfig,omitempty"`
	ACRInstanceID     string             `json:"acrInstanceId,omitempty"`
	AccelerationType  string             `json:"accelerationType,omitempty"` // Default or None
	// RegistryConfig says how a registry of the user's own is reached.
	RegistryConfig *RegistryConfig `json:"registryConfig,omitempty"`
	// ResolvedImageURI is Image by its digest, as the service found it; answers
	// alone have it.
	ResolvedImageURI string `json:"resolvedImageUri,omitempty"`
}

// RegistryConfig says how a registry is reached that isn't Alibaba Cloud's.
type RegistryConfig struct {
	AuthConfig    *RegistryAuthConfig    `json:"authConfig,omitempty"`
	CertConfig    *RegistryCertConfig    `json:"certConfig,omitempty"`
	NetworkConfig *RegistryNetworkConfig `json:"networkConfig,omitempty"`
}

// RegistryAuthConfig is who pulls. Password is secret.
type RegistryAuthConfig struct {
	UserName string `json:"userName,omitempty"`
	Password string `json:"password,omitempty"`
}

// RegistryCertConfig says how a registry's certificate is checked.
type RegistryCertConfig struct {
	Insecure         bool   `json:"insecure,omitempty"`         // it isn't checked
	RootCACertBase64 string `json:"rootCaCertBase64,omitempty"` // PEM in base64
}

// RegistryNetworkConfig is the network that a registry is reached through.
type RegistryNetworkConfig struct {
	VPCID           string `json:"vpcId,omitempty"`
	VSwitchID       string `json:"vSwitchId,omitempty"`
	SecurityGroupID string `json:"securityGroupId,omitempty"`
}

// HealthCheckConfig probes a custom runtime or container over HTTP. Times are
// in seconds.
type HealthCheckConfig struct {
	HTTPGetURL          string `json:"httpGetUrl,omitempty"`
	InitialDelaySeconds int    `json:"initialDelaySeconds,omitempty"`
	PeriodSeconds       int    `json:"periodSeconds,omitempty"`
	TimeoutSeconds      int    `json:"timeoutSeconds,omitempty"`
	FailureThreshold    int    `json:"failureThreshold,omitempty"`
	SuccessThreshold    int    `json:"successThreshold,omitempty"`
}

// CustomDNS replaces the resolver settings inside an instance.
type CustomDNS struct {
	NameServers []string    `json:"nameServers,omitempty"`
	Searches    []string    `json:"searches,omitempty"`
	DNSOptions  []DNSOption `json:"dnsOptions,omitempty"`
}

// DNSOption is one "name:value" option of resolv.conf.
type DNSOption struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// InstanceLifecycleConfig names the hooks of an instance. PreFreeze exists in
// FC 2.0 only.
type InstanceLifecycleConfig struct {
	Initializer *LifecycleHook `json:"initializer,omitempty"`
	PreStop     *LifecycleHook `json:"preStop,omitempty"`
	PreFreeze   *LifecycleHook `json:"preFreeze,omitempty"`
}

// LifecycleHook is a handler (or, in FC 3.0, a command) with its own timeout
// in seconds.
type LifecycleHook struct {
	Handler string   `json:"handler,omitempty"`
	Command []string `json:"command,omitempty"`
	Timeout int      `json:"timeout,omitempty"`
}

// LogConfig is where SLS keeps the logs of a function. A metric that is false is
// not one that is left out: false alone switches off what was on.
type LogConfig struct {
	Project               string `json:"project"`
	Logstore              string `json:"logstore"`
	EnableRequestMetrics  *bool  `json:"enableRequestMetrics,omitempty"`
	EnableInstanceMetrics *bool  `json:"enableInstanceMetrics,omitempty"`
	EnableLLMMetrics      *bool  `json:"enableLlmMetrics,omitempty"`
	LogBeginRule          string `json:"logBeginRule,omitempty"`
}

// VPCConfig connects instances to a VPC.
type VPCConfig struct {
	VPCID           string   `json:"vpcId"`
	VSwitchIDs      []string `json:"vSwitchIds,omitempty"`
	SecurityGroupID string   `json:"securityGroupId,omitempty"`
}

// NASConfig mounts NAS file systems into instances.
type NASConfig struct {
	UserID      int        `json:"userId"`
	GroupID     int        `json:"groupId"`
	MountPoints []NASMount `json:"mountPoints,omitempty"`
}

// NASMount is one mount point of a NASConfig.
type NASMount struct {
	ServerAddr string `json:"serverAddr"`
	MountDir   string `json:"mountDir"`
	EnableTLS  bool   `json:"enableTLS,omitempty"`
}

// OSSMountConfig mounts OSS buckets into instances.
type OSSMountConfig struct {
	MountPoints []OSSMount `json:"mountPoints,omitempty"`
}

// OSSMount is one mount point of an OSSMountConfig.
type OSSMount struct {
	BucketName string `json:"bucketName"`
	Endpoint   string `json:"endpoint,omitempty"`
	MountDir   string `json:"mountDir"`
	BucketPath string `json:"bucketPath,omitempty"`
	ReadOnly   bool   `json:"readOnly,omitempty"`
}

// PolarFSConfig mounts PolarFS file systems into instances (FC 3.0).
type PolarFSConfig struct {
	UserID      int            `json:"userId"`
	GroupID     int            `json:"groupId"`
	MountPoints []PolarFSMount `json:"mountPoints,omitempty"`
}

// PolarFSMount is one mount point of a PolarFSConfig.
type PolarFSMount struct {
	InstanceID string `json:"instanceId"`
	MountDir   string `json:"mountDir"`
	RemoteDir  string `json:"remoteDir,omitempty"`
	ReadOnly   bool   `json:"readOnly,omitempty"`
}

// JuiceFSConfig mounts JuiceFS volumes into instances (FC 3.0).
type JuiceFSConfig struct {
	Envs        map[string]string `json:"envs,omitempty"` // of the mounting client
	MountPoints []JuiceFSMount    `json:"mountPoints,omitempty"`
}

// JuiceFSMount is one mount point of a JuiceFSConfig. Its token is a secret.
type JuiceFSMount struct {
	VolumeName string   `json:"volumeName"`
	MountDir   string   `json:"mountDir"`
	RemoteDir  string   `json:"remoteDir,omitempty"`
	Token      string   `json:"token,omitempty"`
	Args       []string `json:"args,omitempty"` // of the mounting client
}

// TracingConfig sends traces of invocations to a collector.
type TracingConfig struct {
	Type   string            `json:"type,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// GPUConfig asks for a GPU; the memory is in MB.
type GPUConfig struct {
	GPUType       string `json:"gpuType,omitempty"`
	GPUMemorySize int    `json:"gpuMemorySize,omitempty"`
}

// IsGPU tells whether a type of instance, as FC 2.0 has them, has a GPU: e1 and c1
// have none.
func IsGPU(instanceType string) bool { return strings.HasPrefix(instanceType, "fc.gpu.") }

// Tag is a key and value attached to a resource.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}
