package spec

import "s/pkg/fc"

func healthCheck(key string) *field {
	return block(key,
		str("httpGetUrl").between(1, 2048).is("The path that is asked.", "探测的路径。"),
		integer("initialDelaySeconds").between(0, 120).by("0").is("Seconds before the first probe.", "首次探测前等待的秒数。"),
		integer("periodSeconds").between(1, 120).by("3").is("Seconds between probes.", "两次探测之间的秒数。"),
		integer("timeoutSeconds").between(1, 3).by("1").is("Seconds that a probe may take.", "单次探测的最长秒数。"),
		integer("failureThreshold").between(1, 120).by("3").is("Failures in a row that make an instance unhealthy.", "连续失败多少次视为不健康。"),
		integer("successThreshold").between(1, 120).by("1").is("Successes in a row that make it healthy.", "连续成功多少次视为健康。")).
		is("A probe over HTTP of whether an instance is healthy.", "通过 HTTP 检查实例是否健康。")
}

func port(key string) *field {
	return integer(key).between(1, 65535).by("9000").is("The port that the server listens on.", "服务监听的端口。")
}

func customDNS() *field {
	return block("customDNS",
		stringList("nameServers").is("Addresses of DNS servers.", "DNS 服务器地址。"),
		stringList("searches").is("Search domains.", "搜索域。"),
		objects("dnsOptions", "a DNS option", str("name").must().is("The option, such as ndots.", "选项名，例如 ndots。"),
			str("value").is("Its value.", "选项值。")).is("Options of resolv.conf.", "resolv.conf 的选项。")).
		is("DNS settings of instances.", "实例的 DNS 设置。")
}

func hook(key string, longest float64) *field {
	return block(key,
		str("handler").is("The handler that is called.", "调用的入口。"),
		stringList("command").is("The command that is run.", "执行的命令。"),
		integer("timeout").between(1, longest).by("3").is("Seconds that it may take.", "最长秒数。")).where(apart("handler", "command"))
}

func command(en, zh string) *field { return stringList("command").is(en, zh) }

func args() *field { return stringList("args").is("Arguments of the command.", "命令的参数。") }

// runtimeBlocksV3 are the blocks about what runs in an instance.
func runtimeBlocksV3() []*field {
	return []*field{
		block("customRuntimeConfig", command("The command that starts the server.", "启动服务的命令。"), args(), port("port"),
			healthCheck("healthCheckConfig")).is("How the server of a custom runtime is started.", "自定义运行时的启动方式。"),
		containerV3(),
		block("gpuConfig",
			str("gpuType").must().suggest("fc.gpu.tesla.1", "fc.gpu.ampere.1", "fc.gpu.ada.1", "fc.gpu.ada.2", "fc.gpu.ada.3").is("The type of GPU.", "GPU 类型。"),
			integer("gpuMemorySize").between(1024, 98304).is("GPU memory in MB.", "GPU 显存，单位 MB。")).is("The GPU of an instance.", "实例的 GPU。"),
		customDNS(),
		block("tracingConfig", str("type").suggest("Jaeger").is("The protocol.", "协议。"),
			stringMap("params").is("Its settings, such as endpoint.", "协议的设置，例如 endpoint。"),
			block("jaegerConfig", str("endpoint").must().is("The address of the collector.", "采集端地址。")).notYet().
				is("The old way to name the collector.", "指定采集端的旧写法。")).is("Where traces go.", "链路追踪的去向。"),
		block("instanceLifecycleConfig",
			hook("initializer", fc.MaxInitializeTimeoutSeconds).is("Runs once before an instance takes requests.", "实例接收请求前执行一次。"),
			hook("preStop", fc.MaxPreStopTimeoutSeconds).is("Runs before an instance ends.", "实例结束前执行。")).
			is("Hooks in the life of an instance: a handler or a command each.", "实例生命周期的钩子：每个为入口或命令。"),
	}
}

func containerV3() *field {
	return block("customContainerConfig",
		str("image").must().is("The image with its tag or digest.", "带标签或摘要的镜像地址。"),
		stringList("entrypoint").is("Instead of the image's ENTRYPOINT.", "代替镜像的 ENTRYPOINT。"),
		command("Instead of the image's CMD.", "代替镜像的 CMD。"),
		port("port"), healthCheck("healthCheckConfig"),
		str("acrInstanceId").is("The Container Registry Enterprise instance of the image.", "镜像所在的容器镜像服务企业版实例。"),
		str("accelerationType").oneOf("Default", "None").is("Whether the image is loaded on demand.", "是否按需加载镜像。"),
		anyMap("accelerationInfo").notYet().is("The state of the acceleration, set by the service.", "加速状态，由服务设置。"),
		str("resolvedImageUri").notYet().is("The image by digest, set by the service.", "按摘要的镜像地址，由服务设置。"),
		block("registryConfig",
			block("authConfig", str("userName").is("The user.", "用户名。"), str("password").is("The password.", "密码。")).is("How to sign in.", "登录方式。"),
			block("certConfig", boolean("insecure").is("Whether certificates aren't checked.", "是否跳过证书校验。"),
				str("rootCaCertBase64").is("The root certificate in base64.", "base64 编码的根证书。")).is("The registry's certificate.", "仓库的证书。"),
			block("networkConfig", str("vpcId").is("The VPC.", "专有网络。"), str("vSwitchId").is("The vSwitch.", "交换机。"),
				str("securityGroupId").is("The security group.", "安全组。")).is("The network of the registry.", "仓库所在的网络。")).
			is("How to reach a registry of your own.", "自建镜像仓库的访问方式。")).
		is("The image of a container function.", "容器函数的镜像。")
}

func vpc(vSwitches string) (ids, group *field, rest *field) {
	return stringList(vSwitches).must().is("The vSwitches that instances are connected to.", "实例接入的交换机。"),
		str("securityGroupId").must().is("The security group of instances.", "实例的安全组。"),
		str("vpcId").must().is("The VPC.", "专有网络。")
}

// serviceBlocksV3 are the blocks about what surrounds a function.
func serviceBlocksV3() []*field {
	vSwitches, group, id := vpc("vSwitchIds")
	return []*field{
		block("vpcConfig", id, vSwitches.orAuto(), group.orAuto()).orAuto().is("The VPC that instances reach.", "实例可访问的专有网络。"),
		block("vpcBinding", stringList("vpcIds").must().is("The VPCs.", "专有网络列表。")).
			is("The only VPCs from which the function may be called.", "只允许从这些专有网络调用函数。"),
		block("nasConfig",
			integer("userId").must().is("The user that files are accessed as.", "访问文件的用户 ID。"),
			integer("groupId").must().is("The group that files are accessed as.", "访问文件的用户组 ID。"),
			objects("mountPoints", "a mount point",
				str("serverAddr").must().is("The server and the folder on it, host:/folder.", "服务器及其目录，host:/folder。"),
				mountDir(), boolean("enableTLS").by("false").is("Whether the connection is encrypted.", "是否加密传输。")).
				must().between(0, fc.MaxMounts).differ("mountDir").is("Up to 5 mounts.", "最多 5 个挂载点。")).orAuto("mountDir", "nasDir").
			is("NAS file systems of instances.", "实例挂载的 NAS 文件系统。"),
		ossMount(),
		logConfig(true),
		block("polarFsConfig",
			integer("userId").is("The user that files are accessed as.", "访问文件的用户 ID。"),
			integer("groupId").is("The group that files are accessed as.", "访问文件的用户组 ID。"),
			objects("mountPoints", "a mount point", str("instanceId").is("The file system.", "文件系统实例。"), str("mountDir").is("The folder in the instance.", "实例内的目录。"),
				str("remoteDir").is("The folder on the file system.", "文件系统上的目录。"), boolean("readOnly").by("false").is("Whether writing is refused.", "是否只读。")).
				is("The mounts.", "挂载点。")).letThrough().is("PolarFS file systems of instances.", "实例挂载的 PolarFS 文件系统。"),
		block("juiceFsConfig", stringMap("envs").is("Variables of the mount.", "挂载使用的变量。"),
			objects("mountPoints", "a mount point", str("volumeName").is("The volume.", "卷名。"), str("mountDir").is("The folder in the instance.", "实例内的目录。"),
				str("remoteDir").is("The folder on the volume.", "卷上的目录。"), str("token").is("The token.", "令牌。"), stringList("args").is("Arguments of the mount.", "挂载参数。")).
				is("The mounts.", "挂载点。")).letThrough().is("JuiceFS file systems of instances.", "实例挂载的 JuiceFS 文件系统。"),
	}
}

func mountDir() *field {
	return str("mountDir").must().is("The folder in the instance, such as /mnt/data.", "实例内的目录，例如 /mnt/data。")
}

func ossMount() *field {
	return block("ossMountConfig", objects("mountPoints", "a mount point",
		str("bucketName").must().is("The bucket.", "存储桶。"),
		str("endpoint").must().is("The endpoint of OSS, best the internal one of the region.", "OSS 访问地址，建议用地域内网地址。"),
		mountDir(), str("bucketPath").by("/").is("The folder in the bucket.", "存储桶内的目录。"),
		boolean("readOnly").by("false").is("Whether writing is refused.", "是否只读。")).
		must().between(0, fc.MaxMounts).differ("mountDir").is("Up to 5 mounts.", "最多 5 个挂载点。")).orAuto("mountDir", "bucketPath", "readOnly").
		is("OSS buckets that instances see as folders.", "以目录形式提供给实例的 OSS 存储桶。")
}

// logConfig is where logs go; LLM metrics came with edition 3.0.0.
func logConfig(llm bool) *field {
	f := block("logConfig",
		str("project").must().is("The SLS project.", "日志服务项目。"),
		str("logstore").must().is("The logstore in it.", "项目中的日志库。"),
		boolean("enableRequestMetrics").is("Whether each request is measured.", "是否记录请求级指标。"),
		boolean("enableInstanceMetrics").is("Whether each instance is measured.", "是否记录实例级指标。"),
		str("logBeginRule").oneOf("DefaultRegex", "None").is("What begins a new entry of the log.", "日志的分割规则。")).
		orAuto("enableRequestMetrics", "enableInstanceMetrics", "logBeginRule").
		is("Where logs go.", "日志的去向。")
	if llm {
		f.made = append(f.made, "enableLlmMetrics")
		f.obj.fields = append(f.obj.fields, boolean("enableLlmMetrics").is("Whether calls of language models are measured.", "是否记录大模型调用指标。"))
	}
	return f
}
