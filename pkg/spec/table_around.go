package spec

import (
	"regexp"

	"s/pkg/fc"
)

// scheduleShape is the text of scheduled actions: at(...) or cron(...).
var scheduleShape = regexp.MustCompile(`^(at|cron)\(.+\)$`)

// aroundV3 are the blocks that are resources of their own beside a function.
func aroundV3() []*field {
	triggers := objects("triggers", "a trigger", triggerFieldsV3()...).differ("triggerName").is("What calls the function.", "调用函数的触发器。")
	triggers.elem.obj.byType = &byType{kind: "triggerType", config: "triggerConfig", kinds: fc.TriggerTypes(), table: triggerConfigV3}
	return []*field{
		triggers, asyncV3(),
		block("concurrencyConfig", integer("reservedConcurrency").must().between(0, 1e6).
			is("Instances that are kept for this function, and its most.", "为该函数保留的实例数，也是其上限。")).
			is("How many instances the function may have.", "函数的实例数限制。"),
		provisionV3(), scalingV3(), customDomainV3(),
	}
}

func qualifier1() *field {
	return str("qualifier").by("LATEST").is("The version or alias that it is about.", "所针对的版本或别名。")
}

func maxAge() *field {
	return integer("maxAsyncEventAgeInSeconds").between(1, 2592000).is("Seconds after which an event is given up.", "事件的最长保留秒数。")
}

func maxRetries() *field {
	return integer("maxAsyncRetryAttempts").between(0, 8).by("3").is("How often a failed event is tried again.", "失败后的重试次数。")
}

func asyncV3() *field {
	to := func(key, en, zh string) *field {
		return block(key, str("destination").is("The ARN of the receiver.", "接收方的 ARN。")).is(en, zh)
	}
	return block("asyncInvokeConfig", qualifier1(),
		boolean("asyncTask").by("false").is("Whether asynchronous invocations are kept as tasks.", "是否将异步调用记录为任务。"),
		maxAge(), maxRetries(),
		block("destinationConfig", to("onSuccess", "Gets what succeeded.", "接收成功的调用。"), to("onFailure", "Gets what failed.", "接收失败的调用。")).
			is("Who is told of the outcome.", "结果的通知对象。")).
		is("How events without a waiting caller are handled.", "异步调用的处理方式。")
}

// period are the keys of what holds for some time.
func period() []*field {
	return []*field{
		str("name").is("A name of your choice.", "自定的名称。"),
		str("startTime").is("From when it counts, in UTC unless timeZone is set.", "生效时间，未设 timeZone 时为 UTC。"),
		str("endTime").is("Until when it counts.", "失效时间。"),
		str("timeZone").is("The time zone, such as Asia/Shanghai.", "时区，例如 Asia/Shanghai。"),
	}
}

func scheduled() []*field {
	return append(period(),
		integer("target").is("Instances at that time.", "届时的实例数。"),
		str("scheduleExpression").like(scheduleShape, "cron(0 0 22 * * *)").is("When: at(time) or cron(six fields).", "执行时间：at(时间) 或 cron(六个字段)。"))
}

func policy(fields ...*field) []*field {
	return append(append(period(), fields...), number("metricTarget").is("The value of the metric to keep to.", "指标的目标值。"))
}

func mode() *field {
	return str("mode").oneOf("sync", "drain", "async").is("Whether deploy waits for the instances, or ends them first.", "部署时等待实例就绪，还是先排空实例。")
}

func provisionV3() *field {
	return block("provisionConfig",
		integer("defaultTarget").must().between(0, 10000).is("Instances outside of the schedules.", "计划之外的实例数。"),
		boolean("alwaysAllocateCPU").must().is("Whether idle instances keep their CPU.", "空闲实例是否保留 CPU。"),
		boolean("alwaysAllocateGPU").must().is("Whether idle instances keep their GPU.", "空闲实例是否保留 GPU。"),
		objects("scheduledActions", "a scheduled action", scheduled()...).must().is("Numbers of instances by the clock.", "按时间调整实例数。"),
		objects("targetTrackingPolicies", "a policy", policy(
			str("metricType").oneOf("ProvisionedConcurrencyUtilization", "CPUUtilization", "GPUMemUtilization").is("The metric.", "指标。"),
			integer("minCapacity").is("The fewest instances.", "最少实例数。"), integer("maxCapacity").is("The most instances.", "最多实例数。"))...).
			must().is("Numbers of instances by load.", "按负载调整实例数。"),
		qualifier1(), mode(),
		integer("target").between(0, 10000).is("The old name of defaultTarget.", "defaultTarget 的旧名。")).
		is("Instances that run before they are needed.", "预先启动的实例。")
}

func scalingV3() *field {
	f := block("scalingConfig",
		integer("minInstances").between(0, 10000).is("Instances that always run.", "始终运行的实例数。"),
		str("residentPoolId").is("The pool of instances paid for in advance.", "常驻资源池。"),
		objects("horizontalScalingPolicies", "a policy", policy(
			str("metricType").suggest("ProvisionedConcurrencyUtilization", "CPUUtilization", "GPUMemUtilization").is("The metric.", "指标。"),
			integer("minInstances").is("The fewest instances.", "最少实例数。"), integer("maxInstances").is("The most instances.", "最多实例数。"))...).
			is("Numbers of instances by load.", "按负载调整实例数。"),
		objects("scheduledPolicies", "a policy", scheduled()...).is("Numbers of instances by the clock.", "按时间调整实例数。"),
		boolean("enableOnDemandScaling").is("Whether instances beyond the pool are started.", "是否在资源池外弹性扩容。"),
		boolean("enableMixMode").is("Whether pool and elastic instances are mixed.", "是否混用常驻与弹性实例。"),
		str("requestDispatchPolicy").is("How requests are spread over instances.", "请求的分发策略。"),
		qualifier1(), mode()).
		is("How the number of instances follows the load.", "实例数随负载变化的方式。")
	f.obj.find("horizontalScalingPolicies").elem.where(ordered("minInstances", "maxInstances"))
	return f
}

// Custom domains, of both editions.

func domainName() *field {
	return str("domainName").must().orAuto().is("The domain; auto asks for one of the service.", "域名；auto 表示由服务分配。")
}

func protocol() *field {
	return str("protocol").oneOf("HTTP", "HTTPS", "HTTP,HTTPS").by("HTTP").is("The protocols that it answers.", "支持的协议。")
}

func certConfig() *field {
	return block("certConfig",
		str("certName").is("A name for the certificate.", "证书名称。"),
		str("certificate").is("The certificate in PEM.", "PEM 格式的证书。"),
		str("privateKey").is("Its key in PEM.", "PEM 格式的私钥。"),
		str("certId").or(integer("certId")).notYet().is("The id of a certificate in Certificate Management.", "数字证书管理服务中的证书 ID。")).
		where(apart("certId", "certificate"), together("certificate", "privateKey")).
		is("The certificate for HTTPS.", "HTTPS 证书。")
}

func routePath() *field {
	return str("path").is("The path; /api/* takes all below it.", "路径；/api/* 匹配其下所有路径。")
}

func methodList() *field { return list("methods", str("").oneOf(httpMethods()...)) }

func customDomainV3() *field {
	rules := func(key, en, zh string) *field {
		return objects(key, "a rule", str("match").must().is("What is looked for.", "匹配内容。"), str("replacement").must().is("What comes instead.", "替换内容。")).is(en, zh)
	}
	version := func(key string) *field {
		return str(key).oneOf("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3").is("A version of TLS.", "TLS 版本。")
	}
	return block("customDomain", domainName(), protocol(),
		object1("route", "a route", routePath(), methodList().is("The methods; none is all.", "请求方法；为空表示全部。"), qualifier1(),
			str("functionName").is("The function; this one if it is left out.", "函数；默认为当前函数。"),
			block("rewriteConfig", rules("equalRules", "Whole paths.", "完整路径。"), rules("regexRules", "Regular expressions.", "正则表达式。"),
				rules("wildcardRules", "Paths with *.", "含 * 的路径。")).is("How paths are rewritten.", "路径重写规则。")).is("What is called.", "路由。"),
		certConfig(),
		block("tlsConfig", version("minVersion"), version("maxVersion"), stringList("cipherSuites").is("Cipher suites that are allowed.", "允许的加密套件。")).
			is("Versions and ciphers of TLS.", "TLS 版本与加密套件。"),
		block("authConfig", str("authType").oneOf("anonymous", "function", "jwt").is("Anybody, a signed request, or the bearer of a token.", "匿名、签名或令牌。"),
			anyText("authInfo").is("How tokens are checked: a map, or JSON in a string.", "令牌的校验方式：映射或字符串形式的 JSON。")).
			where(needs("authInfo", "authType", []string{"jwt"}, words{"tokens are checked with its keys", "令牌由其中的密钥校验"})).
			is("Who may call.", "认证方式。"),
		block("wafConfig", boolean("enableWAF").is("Whether the firewall looks at requests.", "是否启用 Web 应用防火墙。")).is("The web application firewall.", "Web 应用防火墙。"),
		corsConfig()).
		is("A domain of your own.", "自定义域名。")
}

// anyText is a text, or a map that is sent as one.
func anyText(key string) *field { return str(key).or(anyMap(key)) }

func corsConfig() *field {
	return block("corsConfig",
		boolean("allowCredentials").is("Whether cookies may come along.", "是否允许携带凭证。"),
		stringList("allowHeaders").is("Headers that requests may have.", "允许的请求头。"),
		stringList("allowMethods").is("Methods that are allowed.", "允许的方法。"),
		stringList("allowOrigins").is("Origins that may call.", "允许的来源。"),
		stringList("exposeHeaders").is("Headers that pages may read.", "页面可读取的响应头。"),
		integer("maxAge").between(0, 86400*365).is("Seconds that the answer to a preflight counts.", "预检结果的有效秒数。")).
		is("Which pages in browsers may call.", "跨域访问设置。")
}
