package spec

import "s/pkg/fc"

func triggerTypes() []string {
	return []string{
		fc.TriggerHTTP, fc.TriggerTimer, fc.TriggerOSS, fc.TriggerLog, fc.TriggerMNSTopic,
		fc.TriggerCDNEvents, fc.TriggerTablestore, fc.TriggerEventBridge,
	}
}

func httpMethods() []string {
	return []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}
}

// triggerFieldsV3 are the keys of an element of triggers; the config is checked
// by its type, see triggerConfigV3.
func triggerFieldsV3() []*field {
	return []*field{
		str("triggerName").must().named(128), str("triggerType").must().oneOf(triggerTypes()...), anyMap("triggerConfig").must(),
		str("qualifier"), str("description").between(0, 256), str("invocationRole"), str("sourceArn"),
	}
}

// triggerConfigV3 is the table of a trigger type's config in edition 3.0.0, or
// nil for an unknown type.
func triggerConfigV3(kind string) *object {
	o := &object{title: kind + " trigger config"}
	switch kind {
	case fc.TriggerHTTP:
		o.fields = []*field{
			str("authType").must().oneOf("anonymous", "function", "jwt"),
			list("methods", str("").oneOf(httpMethods()...)).must().between(1, 7), boolean("disableURLInternet"),
			anyMap("authConfig").notYet(), anyMap("corsConfig").notYet(),
		}
	case fc.TriggerTimer:
		o.fields = []*field{str("cronExpression").must(), boolean("enable").must(), str("payload")}
	case fc.TriggerOSS:
		o.fields = []*field{stringList("events").must(), object1("filter", "filter",
			object1("key", "key", str("prefix"), str("suffix"))).must()}
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
		o.fields = []*field{
			str("authType").oneOf("anonymous", "function"),
			list("methods", str("").oneOf(httpMethods()...)).must().between(1, 7), boolean("disableURLInternet"),
		}
	case fc.TriggerTimer:
		o.fields = []*field{str("cronExpression").must(), boolean("enable"), str("payload")}
	case fc.TriggerOSS:
		o.fields = []*field{
			str("bucketName").must(), stringList("events").must(),
			object1("filter", "filter", object1("Key", "Key", str("Prefix"), str("Suffix"))),
		}
	case fc.TriggerMNSTopic:
		o.fields = append(o.fields, str("topicName").must(), str("region"))
	case fc.TriggerTablestore:
		o.fields = []*field{str("instanceName").must(), str("tableName").must()}
	}
	return o
}

func logTriggerFields() []*field {
	return []*field{
		object1("sourceConfig", "sourceConfig", str("logstore"), str("project")),
		object1("jobConfig", "jobConfig", integer("maxRetryTime").between(0, 100), integer("triggerInterval").between(3, 600)),
		object1("logConfig", "logConfig", str("project"), str("logstore")),
		anyMap("functionParameter"), boolean("enable"),
	}
}

func mnsFields() []*field {
	return []*field{
		str("notifyContentFormat").oneOf("JSON", "STREAM"),
		str("notifyStrategy").oneOf("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"), str("filterTag"),
	}
}

func cdnFields() []*field {
	return []*field{
		str("eventName"), str("eventVersion"), str("notes"),
		object1("filter", "filter", stringList("domain")),
	}
}

func eventBridgeFields() []*field {
	return []*field{
		boolean("triggerEnable"), boolean("asyncInvocationType"), str("eventRuleFilterPattern"),
		object1("eventSourceConfig", "eventSourceConfig", str("eventSourceType"), anyMap("eventSourceParameters")),
		anyMap("eventSinkConfig"), anyMap("runOptions"),
	}
}
