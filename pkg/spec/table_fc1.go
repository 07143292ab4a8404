package spec

import "s/pkg/fc"

// propsV1 is the table of the fc component's props, edition 1.0.0.
func propsV1() *object {
	return &object{title: "props", fields: []*field{
		str("region").must().expect(regions()...),
		serviceV1().must(),
		functionV1().must(),
		objects("triggers", "a trigger", str("name").must().named(128), str("type").must().oneOf(triggerTypes()...),
			anyMap("config").must(), str("qualifier"), str("role").or(roleV1()), str("sourceArn"), str("description")),
		objects("customDomains", "a custom domain", str("domainName").must(), protocol(),
			objects("routeConfigs", "a route", str("path").must(), stringList("methods"), str("serviceName"),
				str("functionName"), str("qualifier")), certConfig()).notYet(),
	}}
}

func roleV1() *field {
	policy := str("")
	policy.alt = object1("", "a policy", str("name").must(), str("description"), list("statement", anyMap("")))
	return object1("role", "role", str("name").must(), list("policies", policy), str("description"), stringList("service"))
}

func serviceV1() *field {
	role := str("role")
	role.alt = roleV1()
	return object1("service", "service",
		str("name").must().named(128), str("description").between(0, 256), boolean("internetAccess"), role,
		anything("tracingConfig").notYet(),
		logConfig().orAuto(),
		object1("vpcConfig", "vpcConfig", str("vpcId").must(), stringList("vswitchIds").must(), str("securityGroupId").must()).orAuto(),
		object1("nasConfig", "nasConfig", integer("userId"), integer("groupId"), objects("mountPoints", "a mount point",
			str("serverAddr").must(), str("nasDir"), str("fcDir").must()).must()).orAuto(),
		ossMount("readOnly"),
		stringList("vpcBinding").notYet(),
	)
}

func functionV1() *field {
	f := object1("function", "function",
		str("name").must().named(64),
		str("runtime").must().oneOf(runtimeNames()...),
		str("description").between(0, 256),
		str("codeUri"), str("ossBucket"), str("ossKey"),
		str("handler").between(1, 128),
		integer("memorySize").between(fc.MinMemoryMB, fc.MaxMemoryMB).multipleOf(64),
		integer("timeout").between(1, fc.MaxTimeoutSeconds),
		number("cpu").between(0.05, 16).multipleOf(0.05),
		integer("diskSize").oneOfInts(512, 10240),
		port("caPort"),
		integer("instanceConcurrency").between(1, fc.MaxInstanceConcurrency),
		integer("instanceSoftConcurrency").between(1, fc.MaxInstanceConcurrency).notYet(),
		str("instanceType"),
		integer("gpuMemorySize").between(1024, 98304),
		stringMap("environmentVariables"),
		str("initializer").between(1, 128),
		integer("initializationTimeout").between(1, fc.MaxInitializeTimeoutSeconds),
		stringList("layers").between(0, 5),
		object1("customRuntimeConfig", "customRuntimeConfig", stringList("command").must(), stringList("args")),
		object1("customContainerConfig", "customContainerConfig", str("image").must(), str("command"), str("args"),
			str("accelerationType").oneOf("Default", "None").notYet(), str("instanceID").notYet(), boolean("webServerMode").notYet()),
		healthCheckV1(),
		object1("instanceLifecycleConfig", "instanceLifecycleConfig",
			hookV1("preFreeze"), hookV1("preStop")),
		object1("asyncConfiguration", "asyncConfiguration", integer("maxAsyncEventAgeInSeconds").between(1, 2592000),
			integer("maxAsyncRetryAttempts").between(0, 8), boolean("statefulInvocation"),
			object1("destination", "destination", anything("onSuccess"), anything("onFailure"))).notYet(),
		customDNS(),
	)
	f.obj.elsewhere = map[string]string{
		"code": "codeUri", "functionName": "name", "asyncInvokeConfig": "asyncConfiguration",
		"healthCheckConfig": "customHealthCheckConfig", "port": "caPort",
	}
	return f
}

func healthCheckV1() *field {
	f := healthCheck("customHealthCheckConfig")
	f.obj.find("httpGetUrl").required = true
	return f
}

func hookV1(key string) *field {
	return object1(key, key, str("handler").must(), integer("timeout").between(1, fc.MaxPreStopTimeoutSeconds))
}
