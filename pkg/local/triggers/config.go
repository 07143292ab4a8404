package triggers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// Check refuses a trigger that isn't of HTTP and whose configuration Function
// Compute refuses: what is wrong is in the error, as text.
func Check(t fc.Trigger) error {
	switch t.TriggerType {
	case fc.TriggerTimer:
		_, _, err := parseTimer(t)
		return err
	case fc.TriggerOSS:
		_, err := parseOSS(t)
		return cmp.Or(err, source(t, "oss"))
	case fc.TriggerLog:
		return cmp.Or(checkLog(t), source(t, "log"))
	case fc.TriggerMNSTopic:
		return cmp.Or(checkTopic(t), source(t, "mns"))
	case fc.TriggerCDNEvents:
		return checkCDN(t)
	case fc.TriggerTablestore:
		return cmp.Or(read(t, &map[string]any{}), source(t, "ots"))
	case fc.TriggerEventBridge:
		return checkEventBridge(t)
	}
	return fmt.Errorf("triggerType '%s' is unknown", t.TriggerType)
}

// read reads a configuration; none is an empty one.
func read(t fc.Trigger, into any) error {
	if t.TriggerConfig == "" {
		return nil
	}
	err := json.Unmarshal([]byte(t.TriggerConfig), into)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("triggerConfig.%s can't be a %s", wrong.Field, wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("triggerConfig must be a JSON object, it is a %s", wrong.Value)
	}
	return fmt.Errorf("triggerConfig is not valid JSON: %w", err)
}

// source wants the ARN of a service's resource as where a trigger's events come
// from.
func source(t fc.Trigger, service string) error {
	parts := strings.SplitN(t.SourceARN, ":", 5)
	if len(parts) != 5 || parts[0] != "acs" || parts[1] != service || parts[4] == "" {
		return fmt.Errorf("sourceArn '%s' is not the ARN of a source of type %s: acs:%s:<region>:<account>:<resource>", t.SourceARN, t.TriggerType, service)
	}
	return nil
}

func parseTimer(t fc.Trigger) (fc.TimerTriggerConfig, Schedule, error) {
	var config fc.TimerTriggerConfig
	if err := read(t, &config); err != nil {
		return config, Schedule{}, err
	}
	if config.CronExpression == "" {
		return config, Schedule{}, errors.New("triggerConfig.cronExpression is required")
	}
	schedule, err := ParseSchedule(config.CronExpression)
	if err != nil {
		return config, schedule, fmt.Errorf("triggerConfig.cronExpression: %w", err)
	}
	return config, schedule, nil
}

func parseOSS(t fc.Trigger) (fc.OSSTriggerConfig, error) {
	var config fc.OSSTriggerConfig
	if err := read(t, &config); err != nil {
		return config, err
	}
	if len(config.Events) == 0 {
		return config, errors.New("triggerConfig.events is required")
	}
	for _, e := range config.Events {
		if parts := strings.Split(e, ":"); len(parts) != 3 || parts[0] != "oss" || parts[1] == "" || parts[2] == "" {
			return config, fmt.Errorf("triggerConfig.events has '%s', which is no event of OSS, such as oss:ObjectCreated:*", e)
		}
	}
	return config, nil
}

func checkLog(t fc.Trigger) error {
	var config fc.SLSTriggerConfig
	if err := read(t, &config); err != nil {
		return err
	}
	if config.SourceConfig == nil || config.SourceConfig.Logstore == "" {
		return errors.New("triggerConfig.sourceConfig.logstore is required")
	}
	if j := config.JobConfig; j != nil {
		if n := j.MaxRetryTime; n != nil && (*n < 0 || *n > 100) {
			return fmt.Errorf("triggerConfig.jobConfig.maxRetryTime must be between 0 and 100, it is %d", *n)
		}
		if n := j.TriggerInterval; n != nil && (*n < 3 || *n > 600) {
			return fmt.Errorf("triggerConfig.jobConfig.triggerInterval must be between 3 and 600, it is %d", *n)
		}
	}
	return nil
}

// oneOf wants a field to be empty or one of some values.
func oneOf(name, value string, values ...string) error {
	if value == "" || slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("triggerConfig.%s '%s' is not one of %s", name, value, strings.Join(values, " and "))
}

func checkTopic(t fc.Trigger) error {
	var config fc.MNSTopicTriggerConfig
	if err := read(t, &config); err != nil {
		return err
	}
	return cmp.Or(oneOf("notifyContentFormat", config.NotifyContentFormat, "STREAM", "JSON"),
		oneOf("notifyStrategy", config.NotifyStrategy, "BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"))
}

func checkCDN(t fc.Trigger) error {
	var config fc.CDNTriggerConfig
	if err := read(t, &config); err != nil {
		return err
	}
	if config.EventName == "" || config.EventVersion == "" {
		return errors.New("triggerConfig.eventName and eventVersion are required")
	}
	return nil
}

func checkEventBridge(t fc.Trigger) error {
	var config fc.EventBridgeTriggerConfig
	if err := read(t, &config); err != nil {
		return err
	}
	if p := config.EventRuleFilterPattern; p != "" && !json.Valid([]byte(p)) {
		return errors.New("triggerConfig.eventRuleFilterPattern is not valid JSON")
	}
	return nil
}

// enabled reports whether a trigger is switched on.
func enabled(t *store.Trigger) bool {
	var config struct {
		Enable        *bool `json:"enable"`
		TriggerEnable *bool `json:"triggerEnable"`
	}
	if t.Trigger.TriggerConfig == "" || json.Unmarshal([]byte(t.Trigger.TriggerConfig), &config) != nil {
		return true
	}
	for _, on := range []*bool{config.Enable, config.TriggerEnable} {
		if on != nil && !*on {
			return false
		}
	}
	return true
}
