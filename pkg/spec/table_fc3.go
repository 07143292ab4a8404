package spec

import "s/pkg/fc"

func runtimeNames() []string { return runtimesThat(func(fc.Runtime) bool { return true }) }

// propsV3 is the table of the fc3 component's props (its schema, version
// 0.1.22; the field notes of API 2023-03-30 for ranges, words and defaults).
func propsV3() *object {
	var fields []*field
	for _, group := range [][]*field{functionV3Fields(), instanceFields(), runtimeBlocksV3(), serviceBlocksV3(), aroundV3()} {
		fields = append(fields, group...)
	}
	return &object{
		title: "function props", fields: fields,
		rules: []rule{
			apart("provisionConfig", "scalingConfig"),
			needs("customContainerConfig", "runtime", containers(), words{"it runs an image", "它运行镜像"}),
			needs("handler", "runtime", managed(), words{"it calls the handler", "它调用处理函数"}),
			needs("code", "runtime", packaged(), words{"it runs the code that is here", "它运行该处的代码"}),
		},
		elsewhere: map[string]string{
			"codeUri": "code", "name": "functionName", "caPort": "customRuntimeConfig.port", "initializer": "instanceLifecycleConfig.initializer",
			"customHealthCheckConfig": "customRuntimeConfig.healthCheckConfig", "asyncConfiguration": "asyncInvokeConfig",
			"ossBucket": "code.ossBucketName", "ossKey": "code.ossObjectName", "customDomains": "customDomain",
		},
	}
}

func region() *field {
	return str("region").must().expect(fc.Regions()...).is("The region in which the function lives.", "函数所在的地域。")
}

// functionV3Fields are the keys that nearly every function has.
func functionV3Fields() []*field {
	return []*field{
		region(),
		str("functionName").must(). // rules.go: may be service$function
						is("The name of the function: 1 to 64 letters, digits, _ and -; service$function for one from FC 2.0.",
				"函数名称：1 到 64 个字母、数字、下划线和短横线；来自 FC 2.0 的函数写作 service$function。"),
		runtime(),
		str("code").or(codeObject()).
			is("The code: a folder, .zip, .jar or .war, relative to s.yaml; a URL of one, #sha256=HEX behind it checks it; or an object in OSS.",
				"代码：相对于 s.yaml 的目录或 .zip、.jar、.war 文件；或其 URL，末尾加 #sha256=HEX 可校验；也可以是 OSS 中的对象。"),
		handler().is("What is called for an event, such as index.handler; custom runtimes don't need it.",
			"处理事件的入口，例如 index.handler；自定义运行时可不填。"),
		description(),
		cpu().by("0.35"), memory().by("512"), disk().by("512"), timeout(),
		integer("instanceConcurrency").between(1, fc.MaxInstanceConcurrency).by("1").
			is("How many requests one instance works on at a time.", "单个实例同时处理的请求数。"),
		boolean("internetAccess").by("true").is("Whether the function reaches the internet.", "函数是否可以访问公网。"),
		layers(), environment(),
		str("role").orAuto().is("The RAM role that the function acts as: its ARN or name.", "函数使用的 RAM 角色：ARN 或名称。"),
		objects("tags", "a tag", str("key").must().is("The key of the tag.", "标签的键。"), str("value").must().is("The value of the tag.", "标签的值。")).
			between(0, 20).differ("key").is("Tags of the function, all of them; without this key, those that it has stay.", "函数的全部标签；不写此键则保留已有标签。"),
		str("resourceGroupId").is("The resource group that the function belongs to.", "函数所属的资源组。"),
		str("endpoint").notYet().is("The address of the API, instead of the region's own.", "API 地址，代替地域的默认地址。"),
		block("annotations", stringMap("headers").is("Headers to send.", "要发送的请求头。")).notYet().
			is("Notes that are sent along with API calls.", "随 API 调用发送的附注。"),
		anything("supplement").notYet().is("Data for tools other than this one.", "供其他工具使用的数据。"),
	}
}

func runtime() *field {
	return str("runtime").must().oneOf(runtimeNames()...).is("What the code runs on.", "代码的运行环境。")
}

func handler() *field { return str("handler").between(1, 128) }

func description() *field {
	return str("description").between(0, 256).is("A note for people, at most 256 characters.", "说明文字，最多 256 个字符。")
}

func cpu() *field {
	return number("cpu").between(fc.MinCPU, fc.MaxCPU).multipleOf(fc.CPUStep).
		is("vCPUs of an instance; memory in GB must be 1 to 4 times as much.", "实例的 vCPU 数；内存（GB）须为其 1 到 4 倍。")
}

func memory() *field {
	return integer("memorySize").between(fc.MinMemoryMB, fc.MaxMemoryMB).multipleOf(fc.MemoryStepMB).
		is("Memory of an instance in MB.", "实例的内存，单位 MB。")
}

func disk() *field {
	return integer("diskSize").oneOfInts(fc.DiskSizesMB()...).is("Temporary disk of an instance in MB.", "实例的临时磁盘，单位 MB。")
}

func timeout() *field {
	return integer("timeout").between(1, fc.MaxTimeoutSeconds).by("3").
		is("Seconds that one invocation may take.", "单次调用的最长时间，单位秒。")
}

func layers() *field {
	return stringList("layers").between(0, fc.MaxLayers).
		is("ARNs of layers, unpacked under /opt; of equal files the first layer's counts.", "层的 ARN，解压到 /opt；文件相同时以靠前的层为准。")
}

func environment() *field {
	return stringMap("environmentVariables").is("Environment variables of the function.", "函数的环境变量。")
}

func codeObject() *field {
	return block("code",
		str("ossBucketName").must().is("The bucket, in the function's region.", "存储桶，须与函数同地域。"),
		str("ossObjectName").must().is("The object, a .zip.", "对象名，.zip 格式。"),
		str("src").is("The folder of the sources, for tools that build.", "源代码目录，供构建工具使用。"))
}

// instanceFields are the keys about instances and sessions.
func instanceFields() []*field {
	return []*field{
		str("sessionAffinity").by("NONE").suggest("NONE", "MCP_SSE", "GENERATED_COOKIE", "HEADER_FIELD").
			is("By what requests of one session are brought to one instance.", "将同一会话的请求分配到同一实例的依据。"),
		str("sessionAffinityConfig").or(sessionAffinityV3()).
			is("Settings of the session affinity; a text holds them as JSON.", "会话亲和的设置；为文本时其内容是 JSON。"),
		str("instanceIsolationMode").by("SHARE").suggest("SHARE", "SESSION_EXCLUSIVE").is("Whether instances are shared, or belong to one session each.", "实例是共用，还是每个会话独占一个。"),
		boolean("enableLongLiving").is("Whether instances live on beyond their sessions.", "实例是否长期存活。"),
		integer("idleTimeout").between(0, 86400).is("Seconds without a request after which an instance ends.", "实例空闲多少秒后结束。"),
		str("disableInjectCredentials").oneOf("None", "Env", "Request", "All").by("None").
			is("Where the role's credentials are not handed to the function.", "不向函数提供角色凭证的位置。"),
		boolean("disableOndemand").is("Whether only provisioned instances take requests.", "是否仅由预留实例处理请求。"),
	}
}

func sessionAffinityV3() *field {
	return block("sessionAffinityConfig",
		integer("sessionConcurrencyPerInstance").between(1, 200).by("20").is("Sessions per instance.", "每个实例的会话数。"),
		integer("sessionIdleTimeoutInSeconds").between(0, 21600).by("1800").is("Seconds without a request after which a session ends.", "会话空闲多少秒后结束。"),
		integer("sessionTTLInSeconds").between(0, 21600).by("21600").is("Seconds that a session lives at most.", "会话的最长存活秒数。"),
		str("affinityHeaderFieldName").is("The header that carries the session's id.", "携带会话 ID 的请求头。"),
		str("sseEndpointPath").is("The path of the SSE endpoint.", "SSE 端点的路径。"),
		boolean("disableSessionIdReuse").is("Whether the id of an ended session is refused.", "是否拒绝重用已结束会话的 ID。"))
}
