package spec

import "s/pkg/fc"

// propsV1 is the table of the fc component's props, edition 1.0.0 (its schema;
// API 2021-04-06).
func propsV1() *object {
	triggers := objects("triggers", "a trigger", str("name").must().named(128).is("The name of the trigger.", "触发器名称。"),
		str("type").must().oneOf(fc.TriggerTypes()...).is("What calls.", "触发器类型。"),
		anyMap("config").must().is("Its settings, by its type.", "触发器配置，取决于类型。"),
		qualifier1(), str("role").or(roleV1()).is("The role that the source calls with.", "触发源使用的角色。"),
		str("sourceArn").is("The ARN of what calls.", "触发源的 ARN。"), description()).
		differ("name").is("What calls the function.", "调用函数的触发器。")
	triggers.elem.obj.byType = &byType{kind: "type", config: "config", kinds: fc.TriggerTypes(), table: triggerConfigV1}
	return &object{title: "props", fields: []*field{
		region(), serviceV1().must(), functionV1().must(), triggers,
		objects("customDomains", "a custom domain", domainName(), protocol(),
			objects("routeConfigs", "a route", routePath().must(), methodList().is("The methods; none is all.", "请求方法；为空表示全部。"),
				str("serviceName").is("The service; this one if it is left out.", "服务；默认为当前服务。"),
				str("functionName").is("The function; this one if it is left out.", "函数；默认为当前函数。"), qualifier1()).
				differ("path").is("What is called for which path.", "各路径对应的函数。"), certConfig()).
			differ("domainName").is("Domains of your own.", "自定义域名。"),
	}}
}

func roleV1() *field {
	policy := str("")
	policy.alt = object1("", "a policy", str("name").must().is("The name of the policy.", "策略名称。"), description(),
		list("statement", anyMap("")).is("What it allows.", "策略语句。"))
	return block("role", str("name").must().is("The name of the role.", "角色名称。"),
		list("policies", policy).is("Its policies: names, or what they allow.", "权限策略：名称或内容。"), description(),
		stringList("service").is("Services that may take the role.", "可扮演该角色的服务。"))
}

func serviceV1() *field {
	ids, group, id := vpc("vswitchIds")
	return block("service",
		str("name").must().named(128).is("The name of the service.", "服务名称。"), description(),
		boolean("internetAccess").by("true").is("Whether its functions reach the internet.", "函数是否可以访问公网。"),
		str("role").or(roleV1()).is("The RAM role that the functions act as: its ARN, or a description of one.", "函数使用的 RAM 角色：ARN 或角色描述。"),
		anything("tracingConfig").notYet().is("Enable, Disable, or where traces go.", "Enable、Disable 或链路追踪的去向。"),
		logConfig(false),
		block("vpcConfig", id, ids, group).orAuto().is("The VPC that instances reach.", "实例可访问的专有网络。"),
		block("nasConfig",
			integer("userId").by("10003").is("The user that files are accessed as.", "访问文件的用户 ID。"),
			integer("groupId").by("10003").is("The group that files are accessed as.", "访问文件的用户组 ID。"),
			objects("mountPoints", "a mount point", str("serverAddr").must().is("The server.", "服务器地址。"),
				str("nasDir").is("The folder on it.", "服务器上的目录。"), str("fcDir").must().is("The folder in the instance.", "实例内的目录。")).
				must().between(0, fc.MaxMounts).differ("fcDir").is("Up to 5 mounts.", "最多 5 个挂载点。")).orAuto().
			is("NAS file systems of instances.", "实例挂载的 NAS 文件系统。"),
		ossMount(),
		stringList("vpcBinding").is("The only VPCs from which functions may be called.", "只允许从这些专有网络调用函数。"),
	).is("The service that the function belongs to.", "函数所属的服务。")
}

func functionV1() *field {
	f := block("function", append(functionV1Fields(), functionV1Blocks()...)...).where(
		apart("codeUri", "ossBucket"), together("ossBucket", "ossKey"),
		needs("customContainerConfig", "runtime", containers(), words{"it runs an image", "它运行镜像"}),
	).is("The function.", "函数。")
	f.obj.elsewhere = map[string]string{
		"code": "codeUri", "functionName": "name", "asyncInvokeConfig": "asyncConfiguration",
		"healthCheckConfig": "customHealthCheckConfig", "port": "caPort",
	}
	return f
}

func functionV1Fields() []*field {
	return []*field{
		str("name").must().named(64).is("The name of the function: 1 to 64 letters, digits, _ and -.", "函数名称：1 到 64 个字母、数字、下划线和短横线。"),
		runtime(), description(),
		str("codeUri").by("./").is("The code: a folder, a .zip, .jar or .war file, relative to s.yaml.", "代码：相对于 s.yaml 的目录或 .zip、.jar、.war 文件。"),
		str("ossBucket").is("The bucket with the code, in the function's region.", "存放代码的存储桶，须与函数同地域。"),
		str("ossKey").is("The object in it, a .zip.", "桶内的对象，.zip 格式。"),
		handler().by("index.handler").is("What is called for an event.", "处理事件的入口。"),
		memory().by("128"), timeout(), cpu(), disk().by("512"), port("caPort"),
		integer("instanceConcurrency").between(1, fc.MaxInstanceConcurrency).by("1").
			is("How many requests one instance works on at a time.", "单个实例同时处理的请求数。"),
		integer("instanceSoftConcurrency").between(1, fc.MaxInstanceConcurrency).notYet().
			is("From how many requests on another instance is started.", "达到多少请求时启动新实例。"),
		str("instanceType").by("e1").suggest("e1", "c1", "fc.gpu.tesla.1", "fc.gpu.ampere.1").is("The type of instance; fc.gpu.* has a GPU.", "实例类型；fc.gpu.* 带 GPU。"),
		integer("gpuMemorySize").between(1024, 98304).is("GPU memory in MB.", "GPU 显存，单位 MB。"),
		environment(),
		str("initializer").between(1, 128).is("Runs once before an instance takes requests.", "实例接收请求前执行一次。"),
		integer("initializationTimeout").between(1, fc.MaxInitializeTimeoutSeconds).by("3").is("Seconds that the initializer may take.", "初始化的最长秒数。"),
		layers(),
	}
}

func functionV1Blocks() []*field {
	health := healthCheck("customHealthCheckConfig")
	health.obj.find("httpGetUrl").required = true
	jsonList := func(key, en, zh string) *field { return str(key).is(en, zh) }
	return []*field{
		block("customRuntimeConfig", command("The command that starts the server.", "启动服务的命令。").must(), args()).
			is("How the server of a custom runtime is started.", "自定义运行时的启动方式。"),
		block("customContainerConfig", str("image").must().is("The image with its tag or digest.", "带标签或摘要的镜像地址。"),
			jsonList("command", "Instead of the image's ENTRYPOINT: a JSON list in a string.", "代替镜像的 ENTRYPOINT：字符串形式的 JSON 列表。"),
			jsonList("args", "Instead of the image's CMD: a JSON list in a string.", "代替镜像的 CMD：字符串形式的 JSON 列表。"),
			str("accelerationType").oneOf("Default", "None").notYet().is("Whether the image is loaded on demand.", "是否按需加载镜像。"),
			str("instanceID").notYet().is("The Container Registry Enterprise instance of the image.", "镜像所在的容器镜像服务企业版实例。"),
			boolean("webServerMode").notYet().by("true").is("Whether the container answers HTTP.", "容器是否提供 HTTP 服务。")).
			is("The image of a container function.", "容器函数的镜像。"),
		health,
		block("instanceLifecycleConfig", hookV1("preFreeze").is("Runs before an instance is frozen.", "实例冻结前执行。"),
			hookV1("preStop").is("Runs before an instance ends.", "实例结束前执行。")).is("Hooks in the life of an instance.", "实例生命周期的钩子。"),
		block("asyncConfiguration", maxAge(), maxRetries(),
			boolean("statefulInvocation").by("false").is("Whether asynchronous invocations are kept as tasks.", "是否将异步调用记录为任务。"),
			block("destination", str("onSuccess").is("The ARN that gets what succeeded.", "接收成功调用的 ARN。"),
				str("onFailure").is("The ARN that gets what failed.", "接收失败调用的 ARN。")).is("Who is told of the outcome.", "结果的通知对象。")).
			is("How events without a waiting caller are handled.", "异步调用的处理方式。"),
		customDNS(),
	}
}

func hookV1(key string) *field {
	return block(key, str("handler").must().is("The handler that is called.", "调用的入口。"),
		integer("timeout").between(1, fc.MaxPreStopTimeoutSeconds).by("3").is("Seconds that it may take.", "最长秒数。"))
}
