package fc

// This file has the resources beside a function, as the API of FC 3.0
// (2023-03-30) has them; times are in seconds unless their format says more.

// AsyncConfig says how events without a waiting caller are handled
// (PutAsyncInvokeConfig).
type AsyncConfig struct {
	AsyncTask                 bool               `json:"asyncTask,omitempty"`
	MaxAsyncEventAgeInSeconds int                `json:"maxAsyncEventAgeInSeconds,omitempty"`
	MaxAsyncRetryAttempts     *int               `json:"maxAsyncRetryAttempts,omitempty"` // nil is the service's 3
	DestinationConfig         *DestinationConfig `json:"destinationConfig,omitempty"`
}

// Owner is what a configuration belongs to. The service names it by an ARN (FC
// 3.0) or by a path (FC 2.0); clients fill the other two in from that.
type Owner struct {
	FunctionName string `json:"functionName,omitempty"` // service$function in FC 2.0
	Qualifier    string `json:"qualifier,omitempty"`
	FunctionARN  string `json:"functionArn,omitempty"`
}

// AsyncStatus is an AsyncConfig as the service has it.
type AsyncStatus struct {
	Owner
	AsyncConfig
	CreatedTime      string `json:"createdTime,omitempty"`
	LastModifiedTime string `json:"lastModifiedTime,omitempty"`
}

// DestinationConfig names who is told of the outcome of an asynchronous
// invocation.
type DestinationConfig struct {
	OnSuccess *Destination `json:"onSuccess,omitempty"`
	OnFailure *Destination `json:"onFailure,omitempty"`
}

// Destination is a receiver by its ARN.
type Destination struct {
	Destination string `json:"destination"`
}

// ConcurrencyConfig bounds the instances of a function (PutConcurrencyConfig).
type ConcurrencyConfig struct {
	ReservedConcurrency int `json:"reservedConcurrency"`
}

// ConcurrencyStatus is a ConcurrencyConfig as the service has it.
type ConcurrencyStatus struct {
	Owner
	ConcurrencyConfig
}

// OnDemandConfig bounds the instances of a function in FC 2.0
// (PutFunctionOnDemandConfig).
type OnDemandConfig struct {
	MaximumInstanceCount int `json:"maximumInstanceCount"`
}

// OnDemandStatus is an OnDemandConfig as the service has it.
type OnDemandStatus struct {
	Owner
	OnDemandConfig
}

// ProvisionConfig asks for instances before they are needed
// (PutProvisionConfig).
type ProvisionConfig struct {
	DefaultTarget          int                    `json:"defaultTarget"`
	AlwaysAllocateCPU      bool                   `json:"alwaysAllocateCPU"`
	AlwaysAllocateGPU      bool                   `json:"alwaysAllocateGPU"`
	ScheduledActions       []ScheduledAction      `json:"scheduledActions,omitempty"`
	TargetTrackingPolicies []TargetTrackingPolicy `json:"targetTrackingPolicies,omitempty"`
}

// ProvisionStatus is a ProvisionConfig and what has come of it: instances are
// started one after another until Current is Target.
type ProvisionStatus struct {
	Owner
	ProvisionConfig
	Target       int    `json:"target"`
	Current      int    `json:"current"`
	CurrentError string `json:"currentError,omitempty"` // why Current isn't Target
}

// ScheduledAction is a number of instances by the clock; the expression is
// at(...) or cron(...) with six fields.
type ScheduledAction struct {
	Name               string `json:"name,omitempty"`
	StartTime          string `json:"startTime,omitempty"`
	EndTime            string `json:"endTime,omitempty"`
	TimeZone           string `json:"timeZone,omitempty"`
	Target             int    `json:"target"`
	ScheduleExpression string `json:"scheduleExpression,omitempty"`
}

// TargetTrackingPolicy is a number of provisioned instances by load.
type TargetTrackingPolicy struct {
	Name         string  `json:"name,omitempty"`
	StartTime    string  `json:"startTime,omitempty"`
	EndTime      string  `json:"endTime,omitempty"`
	TimeZone     string  `json:"timeZone,omitempty"`
	MetricType   string  `json:"metricType,omitempty"`
	MetricTarget float64 `json:"metricTarget"`
	MinCapacity  int     `json:"minCapacity"`
	MaxCapacity  int     `json:"maxCapacity"`
}

// ScalingConfig says how the number of instances follows the load
// (PutScalingConfig).
type ScalingConfig struct {
	MinInstances              int               `json:"minInstances"`
	ResidentPoolID            string            `json:"residentPoolId,omitempty"`
	HorizontalScalingPolicies []ScalingPolicy   `json:"horizontalScalingPolicies,omitempty"`
	ScheduledPolicies         []ScheduledAction `json:"scheduledPolicies,omitempty"`
	EnableOnDemandScaling     *bool             `json:"enableOnDemandScaling,omitempty"`
	EnableMixMode             *bool             `json:"enableMixMode,omitempty"`
	RequestDispatchPolicy     string            `json:"requestDispatchPolicy,omitempty"`
}

// ScalingStatus is a ScalingConfig and what has come of it.
type ScalingStatus struct {
	Owner
	ScalingConfig
	TargetInstances  int    `json:"targetInstances"`
	CurrentInstances int    `json:"currentInstances"`
	CurrentError     string `json:"currentError,omitempty"` // why there are fewer
}

// ScalingPolicy is a number of instances by load.
type ScalingPolicy struct {
	Name         string  `json:"name,omitempty"`
	StartTime    string  `json:"startTime,omitempty"`
	EndTime      string  `json:"endTime,omitempty"`
	TimeZone     string  `json:"timeZone,omitempty"`
	MetricType   string  `json:"metricType,omitempty"`
	MetricTarget float64 `json:"metricTarget"`
	MinInstances int     `json:"minInstances"`
	MaxInstances int     `json:"maxInstances"`
}

// CustomDomain is a domain of the user's own (CreateCustomDomain).
type CustomDomain struct {
	DomainName  string            `json:"domainName"`
	Protocol    string            `json:"protocol,omitempty"` // HTTP, HTTPS or HTTP,HTTPS
	RouteConfig *RouteConfig      `json:"routeConfig,omitempty"`
	CertConfig  *CertConfig       `json:"certConfig,omitempty"`
	TLSConfig   *TLSConfig        `json:"tlsConfig,omitempty"`
	WAFConfig   *WAFConfig        `json:"wafConfig,omitempty"`
	CORSConfig  *CORSConfig       `json:"corsConfig,omitempty"`
	AuthConfig  *DomainAuthConfig `json:"authConfig,omitempty"`

	// What only the service sets.
	AccountID        string `json:"accountId,omitempty"`
	APIVersion       string `json:"apiVersion,omitempty"`
	SubdomainCount   string `json:"subdomainCount,omitempty"`
	CreatedTime      string `json:"createdTime,omitempty"`
	LastModifiedTime string `json:"lastModifiedTime,omitempty"`
}

// RouteConfig are the routes of a custom domain.
type RouteConfig struct {
	Routes []PathConfig `json:"routes"`
}

// PathConfig is one route: which function answers a path. Edition 1.0.0 names
// its service, too.
type PathConfig struct {
	Path          string         `json:"path"`
	ServiceName   string         `json:"serviceName,omitempty"`
	FunctionName  string         `json:"functionName,omitempty"`
	Qualifier     string         `json:"qualifier,omitempty"`
	Methods       []string       `json:"methods,omitempty"`
	RewriteConfig *RewriteConfig `json:"rewriteConfig,omitempty"`
}

// RewriteConfig rewrites paths before the function sees them.
type RewriteConfig struct {
	EqualRules    []RewriteRule `json:"equalRules,omitempty"`
	RegexRules    []RewriteRule `json:"regexRules,omitempty"`
	WildcardRules []RewriteRule `json:"wildcardRules,omitempty"`
}

// RewriteRule is one rule of a RewriteConfig.
type RewriteRule struct {
	Match       string `json:"match"`
	Replacement string `json:"replacement"`
}

// CertConfig is a certificate and its key in PEM. The key must not be shown.
type CertConfig struct {
	CertName    string `json:"certName,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	PrivateKey  string `json:"privateKey,omitempty"`
	// CertID names one in Certificate Management instead; it is replaced by
	// what it names before the API is called.
	CertID string `json:"-"`
}

// TLSConfig bounds the versions and ciphers of TLS.
type TLSConfig struct {
	MinVersion   string   `json:"minVersion,omitempty"`
	MaxVersion   string   `json:"maxVersion,omitempty"`
	CipherSuites []string `json:"cipherSuites,omitempty"`
}

// WAFConfig switches the web application firewall.
type WAFConfig struct {
	EnableWAF bool `json:"enableWAF"`
}

// CORSConfig says which pages in browsers may call.
type CORSConfig struct {
	AllowCredentials bool     `json:"allowCredentials,omitempty"`
	AllowHeaders     []string `json:"allowHeaders,omitempty"`
	AllowMethods     []string `json:"allowMethods,omitempty"`
	AllowOrigins     []string `json:"allowOrigins,omitempty"`
	ExposeHeaders    []string `json:"exposeHeaders,omitempty"`
	MaxAge           int      `json:"maxAge,omitempty"`
}

// DomainAuthConfig says who may call a domain; AuthInfo is JSON carried as a
// string, as the API has it.
type DomainAuthConfig struct {
	AuthType string `json:"authType,omitempty"`
	AuthInfo string `json:"authInfo,omitempty"`
}
