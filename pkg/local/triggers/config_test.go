package triggers

import (
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
)

func trigger(kind, config, source string) fc.Trigger {
	return fc.Trigger{TriggerName: "t", TriggerType: kind, TriggerConfig: config, SourceARN: source, TriggerID: "id"}
}

// sources are good ARNs by type.
func sourceOf(kind string) string {
	return map[string]string{
		fc.TriggerOSS: "acs:oss:cn-hangzhou:1:photos", fc.TriggerLog: "acs:log:cn-hangzhou:1:project/p",
		fc.TriggerMNSTopic: "acs:mns:cn-hangzhou:1:/topics/t", fc.TriggerTablestore: "acs:ots:cn-hangzhou:1:instance/i/table/t",
	}[kind]
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct{ kind, config, says string }{
		{fc.TriggerTimer, `{"cronExpression":"@every 1m","enable":true,"payload":"p"}`, ""},
		{fc.TriggerTimer, `{}`, "cronExpression is required"},
		{fc.TriggerTimer, ``, "cronExpression is required"},
		{fc.TriggerTimer, `{"cronExpression":"@every 1m","enable":"yes"}`, "triggerConfig.enable can't be a string"},
		{fc.TriggerTimer, `{"cronExpression":"now"}`, "triggerConfig.cronExpression"},
		{fc.TriggerTimer, `[]`, "must be a JSON object, it is a array"},
		{fc.TriggerTimer, `{`, "not valid JSON"},
		{fc.TriggerOSS, `{"events":["oss:ObjectCreated:*"],"filter":{"key":{"prefix":"a","suffix":"b"}}}`, ""},
		{fc.TriggerOSS, `{"events":[]}`, "events is required"},
		{fc.TriggerOSS, `{"events":["ObjectCreated"]}`, "'ObjectCreated'"},
		{fc.TriggerOSS, `{"events":["oss:ObjectCreated:*"],"filter":{"key":{"prefix":1}}}`, "filter.key.prefix"},
		{fc.TriggerLog, `{"sourceConfig":{"logstore":"l"},"jobConfig":{"maxRetryTime":3,"triggerInterval":60},"logConfig":{"project":"p","logstore":"x"},"functionParameter":{"a":1},"enable":true}`, ""},
		{fc.TriggerLog, `{}`, "sourceConfig.logstore is required"},
		{fc.TriggerLog, `{"sourceConfig":{"logstore":"l"},"jobConfig":{"maxRetryTime":101}}`, "maxRetryTime"},
		{fc.TriggerLog, `{"sourceConfig":{"logstore":"l"},"jobConfig":{"triggerInterval":2}}`, "triggerInterval"},
		{fc.TriggerMNSTopic, `{"notifyContentFormat":"JSON","notifyStrategy":"BACKOFF_RETRY","filterTag":"x"}`, ""},
		{fc.TriggerMNSTopic, `{"notifyContentFormat":"XML"}`, "'XML' is not one of STREAM and JSON"},
		{fc.TriggerMNSTopic, `{"notifyStrategy":"never"}`, "notifyStrategy"},
		{fc.TriggerCDNEvents, `{"eventName":"LogFileCreated","eventVersion":"1.0.0","notes":"n","filter":{"domain":["a"]}}`, ""},
		{fc.TriggerCDNEvents, `{"eventName":"LogFileCreated"}`, "eventVersion are required"},
		{fc.TriggerCDNEvents, `{"eventName":"e","eventVersion":"1","filter":{"domain":"a"}}`, "filter"},
		{fc.TriggerTablestore, `{}`, ""},
		{fc.TriggerTablestore, ``, ""},
		{fc.TriggerTablestore, `5`, "must be a JSON object"},
		{fc.TriggerEventBridge, `{"triggerEnable":true,"asyncInvocationType":false,"eventRuleFilterPattern":"{}","eventSourceConfig":{"eventSourceType":"Default"}}`, ""},
		{fc.TriggerEventBridge, `{"eventRuleFilterPattern":"{"}`, "eventRuleFilterPattern"},
		{"pigeon", `{}`, "is unknown"},
	} {
		err := Check(trigger(tt.kind, tt.config, sourceOf(tt.kind)))
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %s: %v, want %q", tt.kind, tt.config, err, tt.says)
		}
		if tt.says == "" && sourceOf(tt.kind) != "" {
			for _, arn := range []string{"", "photos", "acs:ecs:r:1:x", "acs:oss:r", sourceOf(tt.kind)[:strings.LastIndex(sourceOf(tt.kind), ":")+1]} {
				if err := Check(trigger(tt.kind, tt.config, arn)); err == nil || !strings.Contains(err.Error(), "sourceArn") {
					t.Errorf("%s with sourceArn %q: %v", tt.kind, arn, err)
				}
			}
		}
	}
}

// FuzzCheck: what is refused is said, what is taken can be used.
func FuzzCheck(f *testing.F) {
	for _, kind := range fc.TriggerTypes() {
		f.Add(kind, `{"cronExpression":"@every 1m","enable":true}`, sourceOf(kind))
		f.Add(kind, `{"events":["oss:ObjectCreated:*"],"filter":{"key":{"prefix":"a"}}}`, sourceOf(kind))
		f.Add(kind, `{"sourceConfig":{"logstore":"l"},"jobConfig":null}`, sourceOf(kind))
	}
	f.Fuzz(func(t *testing.T, kind, config, source string) {
		c := trigger(kind, config, source)
		if err := Check(c); err != nil {
			if err.Error() == "" {
				t.Error("no reason")
			}
			return
		}
		stored := &store.Trigger{Region: "r", Trigger: c}
		enabled(stored)
		if kind == fc.TriggerOSS {
			waitsFor(stored, ObjectEvent{Bucket: "photos", Name: "ObjectCreated:PutObject", Key: config})
		}
	})
}
