package fc

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
	AuthConfig         string   `json:"authConfig,omitempty"`
}
