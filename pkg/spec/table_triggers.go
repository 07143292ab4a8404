package spec

import (
	"regexp"

	"s/pkg/fc"
)

// cronShape is when a timer calls: @every and a duration, or six fields of cron
// that a time zone may stand before (API 2023-03-30, TimerTriggerConfig).
var cronShape = regexp.MustCompile(`^(@every\s+\S+|(CRON_TZ=\S+\s+)?\S+(\s+\S+){5})$`)

func httpMethods() []string {
	return []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}
}

// triggerFieldsV3 are the keys of an element of triggers; the config is checked
// by its type, see triggerConfigV3.
func triggerFieldsV3() []*field {
	return []*field{
		str("triggerName").must().named(128).is("The name of the trigger: 1 to 128 letters, digits, _ and -.", "触发器名称：1 到 128 个字母、数字、下划线和短横线。"),
		str("triggerType").must().oneOf(fc.TriggerTypes()...).is("What calls.", "触发器类型。"),
		anyMap("triggerConfig").must().is("Its settings, by its type.", "触发器配置，取决于类型。"),
		qualifier1(), description(),
		str("invocationRole").is("The role that the source calls with.", "触发源使用的角色。"),
		str("sourceArn").is("The ARN of what calls.", "触发源的 ARN。"),
	}
}

// triggerConfigV3 is the table of a trigger type's config in edition 3.0.0, or
// nil for an unknown type (fc3's schema; the trigger models of API 2023-03-30).
func triggerConfigV3(kind string) *object {
	o := &object{title: kind + " trigger config"}
	switch kind {
	case fc.TriggerHTTP:
		o.fields = []*field{
			str("authType").must().oneOf("anonymous", "function", "jwt").is("Who may call: anybody, a signed request, or the bearer of a token.", "认证方式：匿名、签名或令牌。"),
			httpMethodList(), noInternet(), jwtConfig(), corsConfig(),
		}
		o.rules = []rule{needs("authConfig", "authType", []string{"jwt"}, words{"tokens are checked with its keys", "令牌由其中的密钥校验"})}
	case fc.TriggerTimer:
		o.fields = timerFields(true)
	case fc.TriggerOSS:
		o.fields = []*field{ossEvents(), ossFilter("filter", "key", "prefix", "suffix").must()}
	case fc.TriggerLog:
		o.fields = logTriggerFields()
	case fc.TriggerMNSTopic:
		o.fields = mnsFields()
	case fc.TriggerCDNEvents:
		o.fields = cdnFields()
	case fc.TriggerTablestore:
	case fc.TriggerEventBridge:
		o.fields = eventBridgeFields()
	default:
		return nil
	}
	return o
}

// triggerConfigV1 is the same for edition 1.0.0, where some configs name the
// source that edition 3.0.0 has in sourceArn.
func triggerConfigV1(kind string) *object {
	o := triggerConfigV3(kind)
	if o == nil {
		return nil
	}
	switch kind {
	case fc.TriggerHTTP:
		o.rules = nil
		o.fields = []*field{
			str("authType").oneOf("anonymous", "function").by("function").is("Who may call: anybody, or a signed request.", "认证方式：匿名或签名。"),
			httpMethodList(), noInternet(),
		}
	case fc.TriggerTimer:
		o.fields = timerFields(false)
	case fc.TriggerOSS:
		o.fields = []*field{
			str("bucketName").must().is("The bucket.", "存储桶。"), ossEvents(), ossFilter("filter", "Key", "Prefix", "Suffix"),
		}
	case fc.TriggerMNSTopic:
		o.fields = append(o.fields, str("topicName").must().is("The topic.", "主题名称。"),
			str("region").is("The region of the topic.", "主题所在地域。"))
	case fc.TriggerTablestore:
		o.fields = []*field{str("instanceName").must().is("The Tablestore instance.", "表格存储实例。"), str("tableName").must().is("The table in it.", "实例中的表。")}
	}
	return o
}

func httpMethodList() *field {
	return methodList().must().between(1, 7).is("The methods that are answered.", "支持的请求方法。")
}

func noInternet() *field {
	return boolean("disableURLInternet").by("false").is("Whether the address on the internet is switched off.", "是否禁用公网地址。")
}

func jwtConfig() *field {
	texts := func(key, en, zh string) *field { return str(key).or(anythingList(key)).is(en, zh) }
	return block("authConfig",
		block("jwks", list("keys", anyMap("")).must().between(1, 1).is("The public key as a JWK.", "JWK 格式的公钥。")).is("The keys that tokens are checked with.", "校验令牌的密钥。"),
		texts("tokenLookup", "Where the token is: header:Name:prefix, cookie:name, ...", "令牌的位置：header:Name:prefix、cookie:name 等。"),
		texts("claimPassBy", "Which claims are handed on, and how.", "传递哪些声明以及传递方式。"),
		stringList("whitelist").is("Paths that need no token; * at the end takes all below.", "不校验令牌的路径；末尾可用 *。"),
		stringList("blacklist").is("The only paths that need one.", "仅这些路径校验令牌。")).
		where(apart("whitelist", "blacklist")).letThrough().is("How tokens are checked.", "令牌的校验方式。")
}

func anythingList(key string) *field { return list(key, anything("")) }

func timerFields(enable bool) []*field {
	on := boolean("enable").is("Whether it calls.", "是否启用。")
	if enable {
		on.must()
	}
	return []*field{
		str("cronExpression").must().like(cronShape, "@every 5m").
			is("When it calls, in UTC: @every 5m, or six fields such as 0 0 4 * * *; CRON_TZ=Asia/Shanghai may stand before.", "触发时间（UTC）：@every 5m 或六个字段，例如 0 0 4 * * *；前面可加 CRON_TZ=Asia/Shanghai。"),
		on, str("payload").is("What comes with each event.", "随事件传递的内容。"),
	}
}

func ossEvents() *field {
	return stringList("events").must().is("The events, such as oss:ObjectCreated:*.", "事件，例如 oss:ObjectCreated:*。")
}

func ossFilter(filter, key, prefix, suffix string) *field {
	return block(filter, block(key,
		str(prefix).is("What the object's name begins with.", "对象名的前缀。"),
		str(suffix).is("What the object's name ends with.", "对象名的后缀。")).is("By the object's name.", "按对象名过滤。")).
		is("Which objects count.", "触发的对象范围。")
}

func logTriggerFields() []*field {
	return []*field{
		block("sourceConfig", str("logstore").is("The logstore that is read.", "被读取的日志库。"), str("project").is("Its project.", "所属项目。"),
			integer("startTime").is("From which second of the epoch on.", "起始时间（Unix 秒）。")).is("What is read.", "数据来源。"),
		block("jobConfig", integer("maxRetryTime").between(0, 100).by("3").is("How often a failed call is tried again.", "失败后的重试次数。"),
			integer("triggerInterval").between(3, 600).by("60").is("Seconds between calls.", "两次调用的间隔秒数。")).is("When it calls.", "触发时机。"),
		block("logConfig", str("project").is("The project.", "项目。"), str("logstore").is("The logstore.", "日志库。")).is("Where the trigger's own log goes.", "触发器自身日志的去向。"),
		anyMap("functionParameter").is("What comes with each event.", "随事件传递的参数。"),
		boolean("enable").by("true").is("Whether it calls.", "是否启用。"),
	}
}

func mnsFields() []*field {
	return []*field{
		str("notifyContentFormat").oneOf("JSON", "STREAM").by("STREAM").is("What the event looks like.", "事件格式。"),
		str("notifyStrategy").oneOf("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY").by("BACKOFF_RETRY").is("How failed calls are tried again.", "重试策略。"),
		str("filterTag").is("Only messages with this tag count.", "只处理带有该标签的消息。"),
	}
}

func cdnFields() []*field {
	return []*field{
		str("eventName").is("The event, such as LogFileCreated.", "事件名，例如 LogFileCreated。"),
		str("eventVersion").is("Its version, such as 1.0.0.", "事件版本，例如 1.0.0。"),
		str("notes").is("A note for people.", "备注。"),
		block("filter", stringList("domain").is("The domains.", "域名列表。")).is("Which domains count.", "触发的域名范围。"),
	}
}
