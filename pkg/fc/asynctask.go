package fc

import "time"

// States of an asynchronous task (AsyncTask.status).
const (
	TaskEnqueued  = "Enqueued"
	TaskDequeued  = "Dequeued"
	TaskRunning   = "Running"
	TaskRetrying  = "Retrying"
	TaskSucceeded = "Succeeded"
	TaskFailed    = "Failed"
	TaskStopping  = "Stopping"
	TaskStopped   = "Stopped"
	TaskInvalid   = "Invalid"
	TaskExpired   = "Expired"
)

// AsyncTask is an asynchronous invocation that is kept (StatefulAsyncInvocation of
// FC 2.0). Times are milliseconds since the epoch; 0 is not yet.
type AsyncTask struct {
	TaskID            string           `json:"taskId"`
	RequestID         string           `json:"requestId"`
	FunctionName      string           `json:"functionName"` // service$function in FC 2.0
	Qualifier         string           `json:"qualifier"`
	Status            string           `json:"status"`
	StartedTime       int64            `json:"startedTime"`
	EndTime           int64            `json:"endTime"`
	DurationMS        int64            `json:"durationMs"`
	RetriedTimes      int              `json:"alreadyRetriedTimes"`
	DestinationStatus string           `json:"destinationStatus,omitempty"`
	InstanceID        string           `json:"instanceId,omitempty"`
	ErrorMessage      string           `json:"taskErrorMessage,omitempty"`
	Payload           string           `json:"taskPayload,omitempty"`
	ReturnPayload     string           `json:"returnPayload,omitempty"`
	Events            []AsyncTaskEvent `json:"events,omitempty"`
}

// AsyncTaskEvent is a change of a task's state.
type AsyncTaskEvent struct {
	ID     int64  `json:"eventId"`
	Status string `json:"status"`
	Time   int64  `json:"timestamp"` // milliseconds since the epoch
	Detail string `json:"eventDetail"`
}

// TaskFilter says which tasks are listed; what is zero doesn't matter.
type TaskFilter struct {
	Qualifier string
	Status    string
	Prefix    string // of the ids
	// From and Until bound when they were started.
	From, Until time.Time
	Ascending   bool // by time; else the newest comes first
	Payload     bool // with what they were given and what they gave
}
