package spec

import (
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// Around are the resources beside a function that s.yaml describes with it. A
// nil one isn't described.
type Around struct {
	Async       *fc.AsyncConfig       `json:",omitempty"`
	Concurrency *fc.ConcurrencyConfig `json:",omitempty"`
	Provision   *fc.ProvisionConfig   `json:",omitempty"`
	Scaling     *fc.ScalingConfig     `json:",omitempty"`
	// VPCBinding are the only VPCs that may call.
	VPCBinding []string          `json:",omitempty"`
	Domains    []fc.CustomDomain `json:",omitempty"`
	// AsyncQualifier, ProvisionQualifier and ScalingQualifier are the version
	// or alias that these are about; empty is LATEST.
	AsyncQualifier, ProvisionQualifier, ScalingQualifier string `json:",omitempty"`
	// ProvisionMode and ScalingMode are sync, drain, async or empty.
	ProvisionMode, ScalingMode string `json:",omitempty"`
}

// aroundOfV3 maps the blocks of fc3's props.
func aroundOfV3(p props) Around {
	a := Around{VPCBinding: p.sub("vpcBinding").texts("vpcIds")}
	if c := p.sub("asyncInvokeConfig"); c.isMap() {
		a.AsyncQualifier = c.text("qualifier")
		a.Async = c.async("asyncTask")
		if d := c.sub("destinationConfig"); d.isMap() {
			a.Async.DestinationConfig = &fc.DestinationConfig{
				OnSuccess: destination(d.sub("onSuccess").text("destination")), OnFailure: destination(d.sub("onFailure").text("destination")),
			}
		}
	}
	if c := p.sub("concurrencyConfig"); c.isMap() {
		a.Concurrency = &fc.ConcurrencyConfig{ReservedConcurrency: c.int("reservedConcurrency")}
	}
	if c := p.sub("provisionConfig"); c.isMap() {
		a.Provision, a.ProvisionQualifier, a.ProvisionMode = provision(c), c.text("qualifier"), c.text("mode")
	}
	if c := p.sub("scalingConfig"); c.isMap() {
		a.Scaling, a.ScalingQualifier, a.ScalingMode = scaling(c), c.text("qualifier"), c.text("mode")
	}
	if c := p.sub("customDomain"); c.isMap() && !isAuto(c.v.Get("domainName")) {
		a.Domains = []fc.CustomDomain{c.routedDomain()}
	}
	return a
}

// routedDomain maps a customDomain of fc3 with its route.
func (p props) routedDomain() fc.CustomDomain {
	d := p.domain()
	if r := p.sub("route"); r.isMap() {
		d.RouteConfig = &fc.RouteConfig{Routes: []fc.PathConfig{r.route()}}
	}
	return d
}

// aroundOfV1 maps the blocks of fc's props.
func aroundOfV1(p props) Around {
	a := Around{VPCBinding: p.sub("service").texts("vpcBinding")}
	if c := p.sub("function").sub("asyncConfiguration"); c.isMap() {
		a.Async = c.async("statefulInvocation")
		if d := c.sub("destination"); d.isMap() {
			a.Async.DestinationConfig = &fc.DestinationConfig{
				OnSuccess: destination(d.text("onSuccess")), OnFailure: destination(d.text("onFailure")),
			}
		}
	}
	for _, c := range p.list("customDomains") {
		if isAuto(c.v.Get("domainName")) {
			continue // Resource.Auto has it
		}
		a.Domains = append(a.Domains, c.routedDomains())
	}
	return a
}

// routedDomains maps one of the customDomains of fc with its routes.
func (p props) routedDomains() fc.CustomDomain {
	d := p.domain()
	for _, r := range p.list("routeConfigs") {
		if d.RouteConfig == nil {
			d.RouteConfig = &fc.RouteConfig{}
		}
		d.RouteConfig.Routes = append(d.RouteConfig.Routes, r.route())
	}
	return d
}

func (p props) async(task string) *fc.AsyncConfig {
	a := &fc.AsyncConfig{AsyncTask: p.bool(task), MaxAsyncEventAgeInSeconds: p.int("maxAsyncEventAgeInSeconds")}
	if n, ok := asInt(p.v.Get("maxAsyncRetryAttempts")); ok {
		retries := int(n)
		a.MaxAsyncRetryAttempts = &retries
	}
	return a
}

func destination(arn string) *fc.Destination {
	if arn == "" {
		return nil
	}
	return &fc.Destination{Destination: arn}
}

func provision(p props) *fc.ProvisionConfig {
	c := &fc.ProvisionConfig{
		DefaultTarget:     p.int("defaultTarget"),
		AlwaysAllocateCPU: p.bool("alwaysAllocateCPU"), AlwaysAllocateGPU: p.bool("alwaysAllocateGPU"),
		ScheduledActions: p.scheduled("scheduledActions"),
	}
	if !p.has("defaultTarget") {
		c.DefaultTarget = p.int("target")
	}
	for _, t := range p.list("targetTrackingPolicies") {
		c.TargetTrackingPolicies = append(c.TargetTrackingPolicies, fc.TargetTrackingPolicy{
			Name: t.text("name"), StartTime: t.text("startTime"), EndTime: t.text("endTime"), TimeZone: t.text("timeZone"),
			MetricType: t.text("metricType"), MetricTarget: t.float("metricTarget"),
			MinCapacity: t.int("minCapacity"), MaxCapacity: t.int("maxCapacity"),
		})
	}
	return c
}

func scaling(p props) *fc.ScalingConfig {
	c := &fc.ScalingConfig{
		MinInstances: p.int("minInstances"), ResidentPoolID: p.text("residentPoolId"),
		ScheduledPolicies:     p.scheduled("scheduledPolicies"),
		EnableOnDemandScaling: p.flag("enableOnDemandScaling"), EnableMixMode: p.flag("enableMixMode"),
		RequestDispatchPolicy: p.text("requestDispatchPolicy"),
	}
	for _, t := range p.list("horizontalScalingPolicies") {
		c.HorizontalScalingPolicies = append(c.HorizontalScalingPolicies, fc.ScalingPolicy{
			Name: t.text("name"), StartTime: t.text("startTime"), EndTime: t.text("endTime"), TimeZone: t.text("timeZone"),
			MetricType: t.text("metricType"), MetricTarget: t.float("metricTarget"),
			MinInstances: t.int("minInstances"), MaxInstances: t.int("maxInstances"),
		})
	}
	return c
}

func (p props) scheduled(key string) []fc.ScheduledAction {
	var actions []fc.ScheduledAction
	for _, s := range p.list(key) {
		actions = append(actions, fc.ScheduledAction{
			Name: s.text("name"), StartTime: s.text("startTime"), EndTime: s.text("endTime"), TimeZone: s.text("timeZone"),
			Target: s.int("target"), ScheduleExpression: s.text("scheduleExpression"),
		})
	}
	return actions
}

// domain maps a custom domain less its routes.
func (p props) domain() fc.CustomDomain {
	d := fc.CustomDomain{DomainName: p.text("domainName"), Protocol: p.text("protocol"), CORSConfig: p.cors("corsConfig")}
	if c := p.sub("certConfig"); c.isMap() {
		d.CertConfig = &fc.CertConfig{
			CertName: c.text("certName"), Certificate: c.text("certificate"), PrivateKey: c.text("privateKey"), CertID: c.text("certId"),
		}
	}
	if c := p.sub("tlsConfig"); c.isMap() {
		d.TLSConfig = &fc.TLSConfig{MinVersion: c.text("minVersion"), MaxVersion: c.text("maxVersion"), CipherSuites: c.texts("cipherSuites")}
	}
	if c := p.sub("wafConfig"); c.isMap() {
		d.WAFConfig = &fc.WAFConfig{EnableWAF: c.bool("enableWAF")}
	}
	if c := p.sub("authConfig"); c.isMap() {
		d.AuthConfig = &fc.DomainAuthConfig{AuthType: c.text("authType")}
		if info := c.v.Get("authInfo"); info != nil && info.Kind == expr.Map {
			d.AuthConfig.AuthInfo = canonical(tokenRules(info))
		} else {
			d.AuthConfig.AuthInfo = asText(info)
		}
	}
	return d
}

func (p props) cors(key string) *fc.CORSConfig {
	c := p.sub(key)
	if !c.isMap() {
		return nil
	}
	return &fc.CORSConfig{
		AllowCredentials: c.bool("allowCredentials"), AllowHeaders: c.texts("allowHeaders"), AllowMethods: c.texts("allowMethods"),
		AllowOrigins: c.texts("allowOrigins"), ExposeHeaders: c.texts("exposeHeaders"), MaxAge: c.int("maxAge"),
	}
}

func (p props) route() fc.PathConfig {
	r := fc.PathConfig{
		Path: p.text("path"), ServiceName: p.text("serviceName"), FunctionName: p.text("functionName"),
		Qualifier: p.text("qualifier"), Methods: p.texts("methods"),
	}
	if w := p.sub("rewriteConfig"); w.isMap() {
		r.RewriteConfig = &fc.RewriteConfig{
			EqualRules: w.rewrites("equalRules"), RegexRules: w.rewrites("regexRules"), WildcardRules: w.rewrites("wildcardRules"),
		}
	}
	return r
}

func (p props) rewrites(key string) []fc.RewriteRule {
	var rules []fc.RewriteRule
	for _, r := range p.list(key) {
		rules = append(rules, fc.RewriteRule{Match: r.text("match"), Replacement: r.text("replacement")})
	}
	return rules
}
