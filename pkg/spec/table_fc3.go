package spec

import "s/pkg/fc"

// regions are those of the fc3 component's schema. An unknown one is a warning:
// new regions come faster than new versions of s.
func regions() []string {
	return []string{
		"cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-shenzhen",
		"cn-chengdu", "cn-hongkong", "cn-wulanchabu", "cn-heyuan-acdr-1", "cn-shanghai-finance-1", "cn-shanghai-cloudspe",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ap-southeast-7",
		"ap-northeast-1", "ap-northeast-2", "ap-south-1", "eu-central-1", "eu-west-1", "us-east-1", "us-west-1", "me-central-1",
	}
}

func runtimeNames() []string {
	var names []string
	for _, r := range fc.Runtimes() {
		names = append(names, r.Name)
	}
	return names
}

// propsV3 is the table of the fc3 component's props (its schema, and the field
// notes of FC 3.0's API for the ranges).
func propsV3() *object {
	fields := []*field{
		str("region").must().expect(regions()...),
		str("functionName").must(), // rules.go: may be service$function
		str("runtime").must().oneOf(runtimeNames()...),
		str("code").or(codeObject()),
		str("handler").between(1, 128),
		str("description").between(0, 256),
		number("cpu").between(0.05, 16).multipleOf(0.05),
		integer("memorySize").between(fc.MinMemoryMB, fc.MaxMemoryMB).multipleOf(64),
		integer("diskSize").oneOfInts(512, 10240),
		integer("timeout").between(1, fc.MaxTimeoutSeconds),
		integer("instanceConcurrency").between(1, fc.MaxInstanceConcurrency),
		boolean("internetAccess"),
		stringList("layers").between(0, 5),
		stringMap("environmentVariables"),
		str("endpoint").notYet(),
		str("role").orAuto(),
		objects("tags", "a tag", str("key").must(), str("value").must()).between(0, 20),
		str("resourceGroupId"),
		object1("annotations", "annotations", stringMap("headers")).notYet(),
		anything("supplement").notYet(),
		str("sessionAffinity"),
		str("sessionAffinityConfig").or(sessionAffinityV3()),
		str("instanceIsolationMode").notYet(),
		boolean("enableLongLiving").notYet(),
		integer("idleTimeout").notYet(),
		str("disableInjectCredentials").notYet(),
		boolean("disableOndemand").notYet(),
	}
	return &object{
		title: "function props", fields: append(append(fields, runtimeBlocksV3()...), serviceBlocksV3()...),
		elsewhere: map[string]string{
			"codeUri": "code", "name": "functionName", "caPort": "customRuntimeConfig.port", "initializer": "instanceLifecycleConfig.initializer",
			"customHealthCheckConfig": "customRuntimeConfig.healthCheckConfig", "asyncConfiguration": "asyncInvokeConfig",
			"ossBucket": "code.ossBucketName", "ossKey": "code.ossObjectName", "customDomains": "customDomain",
		},
	}
}

func codeObject() *field {
	return object1("code", "code", str("ossBucketName").must(), str("ossObjectName").must(), str("src"))
}

func sessionAffinityV3() *field {
	return object1("sessionAffinityConfig", "sessionAffinityConfig", integer("sessionConcurrencyPerInstance"),
		integer("sessionIdleTimeoutInSeconds").between(0, 21600), integer("sessionTTLInSeconds").between(0, 21600),
		str("affinityHeaderFieldName"), str("sseEndpointPath"), boolean("disableSessionIdReuse"))
}

func healthCheck(key string) *field {
	return object1(key, key, str("httpGetUrl").between(1, 2048), integer("initialDelaySeconds").between(0, 120),
		integer("periodSeconds").between(1, 120), integer("timeoutSeconds").between(1, 3),
		integer("failureThreshold").between(1, 120), integer("successThreshold").between(1, 120))
}

func port(key string) *field { return integer(key).between(1, 65535) }

func customDNS() *field {
	return object1("customDNS", "customDNS", stringList("nameServers"), stringList("searches"),
		objects("dnsOptions", "a DNS option", str("name").must(), str("value")))
}

func hook(key string, longest float64) *field {
	return object1(key, key, str("handler"), stringList("command"), integer("timeout").between(1, longest))
}

// runtimeBlocksV3 are the blocks about what runs in an instance.
func runtimeBlocksV3() []*field {
	return []*field{
		object1("customRuntimeConfig", "customRuntimeConfig", stringList("command"), stringList("args"), port("port"), healthCheck("healthCheckConfig")),
		object1("customContainerConfig", "customContainerConfig", str("image").must(), stringList("command"), stringList("entrypoint"),
			port("port"), healthCheck("healthCheckConfig"), anyMap("registryConfig").notYet(), str("acrInstanceId").notYet(),
			str("accelerationType").notYet(), anyMap("accelerationInfo").notYet(), str("resolvedImageUri").notYet()),
		object1("gpuConfig", "gpuConfig", str("gpuType").must(), integer("gpuMemorySize").between(1024, 98304)),
		customDNS(),
		object1("tracingConfig", "tracingConfig", str("type"), stringMap("params"),
			object1("jaegerConfig", "jaegerConfig", str("endpoint").must()).notYet()),
		object1("instanceLifecycleConfig", "instanceLifecycleConfig",
			hook("initializer", fc.MaxInitializeTimeoutSeconds), hook("preStop", fc.MaxPreStopTimeoutSeconds)),
	}
}

// serviceBlocksV3 are the blocks about what surrounds a function.
func serviceBlocksV3() []*field {
	vSwitches, group := stringList("vSwitchIds").must(), str("securityGroupId").must()
	vSwitches.auto, vSwitches.within = true, "vpcConfig"
	group.auto, group.within = true, "vpcConfig"
	return []*field{
		object1("vpcConfig", "vpcConfig", str("vpcId").must(), vSwitches, group).orAuto(),
		object1("vpcBinding", "vpcBinding", stringList("vpcIds").must()).notYet(),
		object1("nasConfig", "nasConfig", integer("userId").must(), integer("groupId").must(),
			objects("mountPoints", "a mount point", str("serverAddr").must(), str("mountDir").must(), boolean("enableTLS")).must()).orAuto(),
		ossMount("readOnly"),
		logConfig().orAuto(),
		anything("polarFsConfig").notYet(),
		anyMap("juiceFsConfig").notYet(),
		objects("triggers", "a trigger", triggerFieldsV3()...),
		asyncV3(),
		object1("concurrencyConfig", "concurrencyConfig", integer("reservedConcurrency").must().between(0, 1e6)).notYet(),
		provisionV3(), scalingV3(), customDomainV3(),
	}
}

func ossMount(flag string) *field {
	return object1("ossMountConfig", "ossMountConfig", objects("mountPoints", "a mount point", str("bucketName").must(),
		str("endpoint").must(), str("mountDir").must(), str("bucketPath"), boolean(flag)).must()).orAuto()
}

func logConfig() *field {
	return object1("logConfig", "logConfig", str("project").must(), str("logstore").must(), boolean("enableRequestMetrics"),
		boolean("enableInstanceMetrics"), boolean("enableLlmMetrics").notYet(), str("logBeginRule").oneOf("DefaultRegex", "None"))
}

func destinations(key string) *field {
	to := func(key string) *field { return object1(key, key, str("destination")) }
	return object1(key, key, to("onSuccess"), to("onFailure"))
}

func asyncV3() *field {
	return object1("asyncInvokeConfig", "asyncInvokeConfig", str("qualifier"), boolean("asyncTask"),
		integer("maxAsyncEventAgeInSeconds").between(1, 2592000), integer("maxAsyncRetryAttempts").between(0, 8),
		destinations("destinationConfig")).notYet()
}

func provisionV3() *field {
	return object1("provisionConfig", "provisionConfig", integer("defaultTarget").must().between(0, 10000),
		boolean("alwaysAllocateCPU").must(), boolean("alwaysAllocateGPU").must(),
		objects("scheduledActions", "a scheduled action", scheduled()...).must(),
		objects("targetTrackingPolicies", "a policy", str("name"), str("startTime"), str("endTime"), str("metricType"),
			number("metricTarget"), integer("minCapacity"), integer("maxCapacity"), str("timeZone")).must(),
		str("qualifier"), str("mode").oneOf("sync", "drain", "async"), integer("target")).notYet()
}

func scheduled() []*field {
	return []*field{str("name"), str("startTime"), str("endTime"), integer("target"), str("scheduleExpression"), str("timeZone")}
}

func scalingV3() *field {
	return object1("scalingConfig", "scalingConfig", integer("minInstances"), str("residentPoolId"),
		objects("horizontalScalingPolicies", "a policy", str("name"), str("metricType"), number("metricTarget"),
			integer("minInstances"), integer("maxInstances"), str("startTime"), str("endTime"), str("timeZone")),
		objects("scheduledPolicies", "a policy", scheduled()...), str("qualifier"), str("mode")).notYet()
}

func protocol() *field { return str("protocol").oneOf("HTTP", "HTTPS", "HTTP,HTTPS") }

func certConfig() *field {
	return object1("certConfig", "certConfig", str("certName"), str("certificate"), str("privateKey"), str("certId").or(integer("certId")))
}

func customDomainV3() *field {
	route := object1("route", "a route", str("path"), stringList("methods"), str("qualifier"), str("functionName"), anyMap("rewriteConfig"))
	return object1("customDomain", "customDomain", str("domainName").must(), protocol(), route, certConfig(),
		object1("tlsConfig", "tlsConfig", str("minVersion"), str("maxVersion"), stringList("cipherSuites")),
		anyMap("authConfig"), object1("wafConfig", "wafConfig", boolean("enableWAF")), anyMap("corsConfig")).notYet()
}
