package fc

import "encoding/json"

// Trigger types (CreateTrigger, triggerType).
const (
	TriggerHTTP        = "http"
	TriggerTimer       = "timer"
	TriggerOSS         = "oss"
	TriggerLog         = "log"
	TriggerMNSTopic    = "mns_topic"
	TriggerCDNEvents   = "cdn_events"
	TriggerTablestore  = "tablestore"
	TriggerEventBridge = "eventbridge"
)

// TriggerTypes lists the types of triggers.
func TriggerTypes() []string {
	return []string{
		TriggerHTTP, TriggerTimer, TriggerOSS, TriggerLog, TriggerMNSTopic, TriggerCDNEvents, TriggerTablestore, TriggerEventBridge,
	}
}

// Trigger is what calls a function. TriggerConfig is JSON carried as a string,
// as the API has it.
type Trigger struct {
	TriggerName      string       `json:"triggerName"`
	TriggerType      string       `json:"triggerType"`
	TriggerConfig    string       `json:"triggerConfig,omitempty"`
	Description      string       `json:"description,omitempty"`
	Qualifier        string       `json:"qualifier,omitempty"`
	InvocationRole   string       `json:"invocationRole,omitempty"`
	SourceARN        string       `json:"sourceArn,omitempty"`
	TriggerID        string       `json:"triggerId,omitempty"`
	HTTPTrigger      *HTTPTrigger `json:"httpTrigger,omitempty"`
	CreatedTime      string       `json:"createdTime,omitempty"`
	LastModifiedTime string       `json:"lastModifiedTime,omitempty"`
}

// HTTPTrigger holds the addresses of an HTTP trigger, set by the service.
type HTTPTrigger struct {
	URLInternet string `json:"urlInternet,omitempty"`
	URLIntranet string `json:"urlIntranet,omitempty"`
}

// HTTPTriggerConfig is the triggerConfig of an HTTP trigger.
type HTTPTriggerConfig struct {
	AuthType           string   `json:"authType,omitempty"` // anonymous, function or jwt
	Methods            []string `json:"methods,omitempty"`
	DisableURLInternet bool     `json:"disableURLInternet,omitempty"`
	// AuthConfig says how tokens of authType jwt are checked.
	AuthConfig JSONText    `json:"authConfig,omitempty"`
	CORSConfig *CORSConfig `json:"corsConfig,omitempty"`
}

// JSONText is JSON that the API has in a string; clients send it as it is, too.
type JSONText string

// UnmarshalJSON takes both.
func (t *JSONText) UnmarshalJSON(piece []byte) error {
	if len(piece) > 0 && piece[0] == '"' {
		return json.Unmarshal(piece, (*string)(t))
	}
	if string(piece) != "null" {
		*t = JSONText(piece)
	}
	return nil
}

// TimerTriggerConfig is the triggerConfig of a timer.
type TimerTriggerConfig struct {
	CronExpression string `json:"cronExpression"` // @every 5m, or six fields; UTC unless CRON_TZ= stands before
	Enable         bool   `json:"enable"`
	Payload        string `json:"payload"`
}

// OSSTriggerConfig is the triggerConfig of a trigger by OSS; the bucket is in
// sourceArn.
type OSSTriggerConfig struct {
	Events []string          `json:"events"` // oss:ObjectCreated:*, ...
	Filter *OSSTriggerFilter `json:"filter,omitempty"`
}

// OSSTriggerFilter bounds the objects that count.
type OSSTriggerFilter struct {
	Key *OSSTriggerKey `json:"key,omitempty"`
}

// OSSTriggerKey is what the names of objects begin and end with.
type OSSTriggerKey struct {
	Prefix string `json:"prefix"`
	Suffix string `json:"suffix"`
}

// SLSTriggerConfig is the triggerConfig of a trigger by Log Service.
type SLSTriggerConfig struct {
	SourceConfig *struct {
		Logstore  string `json:"logstore"`
		StartTime int64  `json:"startTime,omitempty"`
	} `json:"sourceConfig,omitempty"`
	JobConfig *struct {
		MaxRetryTime    *int `json:"maxRetryTime,omitempty"`
		TriggerInterval *int `json:"triggerInterval,omitempty"` // seconds
	} `json:"jobConfig,omitempty"`
	LogConfig *struct {
		Project  string `json:"project"`
		Logstore string `json:"logstore"`
	} `json:"logConfig,omitempty"`
	FunctionParameter map[string]any `json:"functionParameter,omitempty"`
	Enable            bool           `json:"enable"`
}

// MNSTopicTriggerConfig is the triggerConfig of a trigger by a topic of MNS.
type MNSTopicTriggerConfig struct {
	FilterTag           string `json:"filterTag,omitempty"`
	NotifyContentFormat string `json:"notifyContentFormat,omitempty"` // STREAM or JSON
	NotifyStrategy      string `json:"notifyStrategy,omitempty"`      // BACKOFF_RETRY or EXPONENTIAL_DECAY_RETRY
}

// CDNTriggerConfig is the triggerConfig of a trigger by events of CDN.
type CDNTriggerConfig struct {
	EventName    string              `json:"eventName"`
	EventVersion string              `json:"eventVersion"`
	Notes        string              `json:"notes,omitempty"`
	Filter       map[string][]string `json:"filter,omitempty"`
}

// EventBridgeTriggerConfig is the triggerConfig of a trigger by EventBridge, as
// far as it is read here.
type EventBridgeTriggerConfig struct {
	TriggerEnable          *bool  `json:"triggerEnable,omitempty"`
	AsyncInvocationType    *bool  `json:"asyncInvocationType,omitempty"`
	EventRuleFilterPattern string `json:"eventRuleFilterPattern,omitempty"` // JSON
	EventSourceConfig      *struct {
		EventSourceType       string         `json:"eventSourceType,omitempty"`
		EventSourceParameters map[string]any `json:"eventSourceParameters,omitempty"`
	} `json:"eventSourceConfig,omitempty"`
	EventSinkConfig map[string]any `json:"eventSinkConfig,omitempty"`
	RunOptions      map[string]any `json:"runOptions,omitempty"`
}
