package spec

// eventBridgeFields is the config of EventBridge triggers (the models of API
// 2023-03-30, whose keys begin with capitals). New sources may have keys that
// are not known here; they are let through.
func eventBridgeFields() []*field {
	return []*field{
		boolean("triggerEnable").by("true").is("Whether it calls.", "是否启用。"),
		boolean("asyncInvocationType").by("false").is("Whether it calls without waiting.", "是否异步调用。"),
		str("eventRuleFilterPattern").by("'{}'").is("Which events count: a pattern as JSON in a string.", "事件过滤规则：字符串形式的 JSON。"),
		block("eventSourceConfig",
			str("eventSourceType").by("Default").suggest("Default", "RocketMQ", "RabbitMQ", "MNS", "Kafka", "MQTT", "DTS").is("What kind of source it is.", "事件源类型。"),
			block("eventSourceParameters", eventSources()...).letThrough().is("The settings of the source.", "事件源参数。")).
			is("Where events come from.", "事件来源。"),
		block("eventSinkConfig", anyMap("deliveryOption").is("How events are delivered.", "投递方式。")).letThrough().is("How the function gets events.", "事件目标配置。"),
		block("runOptions",
			str("mode").is("event-driven or event-streaming.", "event-driven 或 event-streaming。"),
			str("errorsTolerance").suggest("ALL", "NONE").is("Whether failed events are passed over.", "是否跳过失败的事件。"),
			block("retryStrategy", str("PushRetryStrategy").suggest("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY").is("The strategy.", "策略。")).letThrough().is("How failed calls are tried again.", "重试策略。"),
			block("deadLetterQueue", str("Arn").is("The ARN of the queue.", "队列的 ARN。")).letThrough().is("Where events go that can't be delivered.", "死信队列。"),
			block("batchWindow", integer("CountBasedWindow").is("Events in a batch.", "每批的事件数。"), integer("TimeBasedWindow").is("Seconds that a batch waits.", "每批的等待秒数。")).
				letThrough().is("How events are put together.", "批量推送的窗口。")).letThrough().is("How calls are made.", "运行选项。"),
	}
}

func regionID() *field {
	return str("RegionId").is("The region of the source.", "来源所在地域。")
}
func topic() *field    { return str("Topic").is("The topic.", "主题。") }
func queue() *field    { return str("QueueName").is("The queue.", "队列。") }
func instance() *field { return str("InstanceId").is("The instance.", "实例。") }

func eventSources() []*field {
	return []*field{
		sourceOf("sourceMNSParameters", "MNS", regionID(), queue(), boolean("IsBase64Decode").is("Whether messages are decoded.", "是否对消息解码。")),
		sourceOf("sourceRocketMQParameters", "RocketMQ", regionID(), instance(), topic(),
			str("GroupID").is("The consumer group.", "消费组。"), str("Tag").is("Only messages with this tag count.", "只处理带有该标签的消息。"),
			str("Offset").suggest("CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP").is("Where reading begins.", "起始位点。"),
			integer("Timestamp").is("From which time on, in milliseconds.", "起始时间，毫秒。"),
			str("InstanceType").is("The kind of instance.", "实例类型。"), str("InstanceEndpoint").is("Its address.", "实例地址。"),
			str("InstanceNetwork").is("Its network.", "实例网络。"), str("InstanceVpcId").is("Its VPC.", "专有网络。"),
			str("InstanceVSwitchIds").is("Its vSwitches.", "交换机。"), str("InstanceSecurityGroupId").is("Its security group.", "安全组。"),
			str("InstanceUsername").is("The user.", "用户名。"), str("InstancePassword").is("The password.", "密码。"),
			str("AuthType").is("How to sign in.", "认证方式。"), str("FilterType").is("The kind of filter.", "过滤类型。")),
		sourceOf("sourceRabbitMQParameters", "RabbitMQ", regionID(), instance(), queue(), str("VirtualHostName").is("The virtual host.", "虚拟主机。")),
		sourceOf("sourceKafkaParameters", "Kafka", regionID(), instance(), topic(), str("ConsumerGroup").is("The consumer group.", "消费组。"),
			str("OffsetReset").suggest("latest", "earliest").is("Where reading begins.", "起始位点。"), str("Network").is("The kind of network.", "网络类型。"),
			str("VpcId").is("The VPC.", "专有网络。"), str("VSwitchIds").is("The vSwitches.", "交换机。"), str("SecurityGroupId").is("The security group.", "安全组。")),
		sourceOf("sourceMQTTParameters", "MQTT", regionID(), instance(), topic()),
		sourceOf("sourceDTSParameters", "DTS", regionID(), topic(), str("TaskId").is("The task.", "任务。"), str("Sid").is("The subscription.", "消费组 ID。"),
			str("BrokerUrl").is("The address of the broker.", "代理地址。"), str("Username").is("The user.", "用户名。"), str("Password").is("The password.", "密码。"),
			integer("InitCheckPoint").is("From which second of the epoch on.", "起始位点（Unix 秒）。")),
	}
}

// sourceOf is the block of one kind of source.
func sourceOf(key, name string, fields ...*field) *field {
	return block(key, fields...).letThrough().is("A source of "+name+".", name+" 事件源。")
}
