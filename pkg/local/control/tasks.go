package control

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Tasks are the asynchronous invocations that are kept; *async.Dispatcher is them.
type Tasks interface {
	// Task finds one; *store.NotFoundError.
	Task(region, function, id string) (*store.Event, error)
	// Tasks lists those of a function.
	Tasks(store.EventFilter) ([]*store.Event, error)
	// StopTask ends one; *store.NotFoundError or *fc.APIError.
	StopTask(region, function, id string) error
}

// defaultTasks is how many tasks a page has (ListAsyncTasks).
const defaultTasks = 20

// taskRoutesV3 and taskRoutesV2 are the operations on tasks.
func taskRoutesV3(function string) []route {
	return []route{
		{method: "GET", path: function + "/async-tasks", handle: listTasks, qualified: true},
		{method: "GET", path: function + "/async-tasks/{task}", handle: getTask, qualified: true},
		{method: "PUT", path: function + "/async-tasks/{task}/stop", handle: stopTask, qualified: true},
	}
}

func taskRoutesV2(function string) []route {
	return []route{
		{method: "GET", path: function + "/stateful-async-invocations", handle: listTasks, qualified: true},
		{method: "GET", path: function + "/stateful-async-invocations/{task}", handle: getTask, qualified: true},
		{method: "PUT", path: function + "/stateful-async-invocations/{task}", handle: stopTask, qualified: true},
		{method: "GET", path: "stateful-async-invocation-functions", handle: listTaskFunctions},
	}
}

func getTask(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	task, err := c.cfg.Tasks.Task(c.region, c.function(), c.args["task"])
	if err != nil {
		return answer{}, c.noTask(err)
	}
	return ok(c.taskView(task, true))
}

func stopTask(c *call) (answer, error) {
	if _, err := c.fields(); err != nil { // it has none
		return answer{}, err
	}
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	if err := c.cfg.Tasks.StopTask(c.region, c.function(), c.args["task"]); err != nil {
		return answer{}, c.noTask(err)
	}
	return noContent()
}

// noTask words the error of a task that isn't there as the API's version does.
func (c *call) noTask(err error) error {
	api := reply.APIError(err)
	if c.v2() && api.Code == "AsyncTaskNotFound" {
		api.Code = "StatefulAsyncInvocationNotFound"
	}
	return api
}

func listTasks(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	f, err := c.taskFilter()
	if err != nil {
		return answer{}, err
	}
	limit := f.Limit
	f.Limit++ // one more tells whether there is a next page
	found, err := c.cfg.Tasks.Tasks(f)
	if err != nil {
		return answer{}, err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(found[limit-1].Seq, 10)))
	}
	name := "tasks"
	if c.v2() {
		name = "invocations"
	}
	return ok(listing(name, found, next, func(e *store.Event) map[string]any { return c.taskView(e, f.Payload) }))
}

// taskFilter reads the query of a list of tasks.
func (c *call) taskFilter() (store.EventFilter, error) {
	q := c.r.URL.Query()
	f := store.EventFilter{
		Region: c.region, Function: c.function(), Qualifier: q.Get("qualifier"), Status: q.Get("status"),
		Prefix: q.Get("prefix"), Limit: defaultTasks, Payload: q.Get("includePayload") == "true",
	}
	if c.v2() {
		f.Prefix = q.Get("invocationIdPrefix")
	}
	states := []string{
		"", store.EventEnqueued, "Dequeued", store.EventRunning, store.EventSucceeded, store.EventFailed, store.EventStopped,
		store.EventStopping, store.EventInvalid, store.EventExpired, store.EventRetrying,
	}
	if !slices.Contains(states, f.Status) {
		return f, invalid("status '%s' is not one of an async task", f.Status)
	}
	switch order := q.Get("sortOrderByTime"); order {
	case "", "desc":
	case "asc":
		f.Ascending = true
	default:
		return f, invalid("sortOrderByTime must be asc or desc, it is '%s'", order)
	}
	if token := q.Get("nextToken"); token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err == nil {
			f.After, err = strconv.ParseInt(string(text), 10, 64)
		}
		if err != nil || f.After < 1 {
			return f, invalid("nextToken is not one that a list gave")
		}
	}
	for name, to := range map[string]*int64{"startedTimeBegin": &f.From, "startedTimeEnd": &f.Until} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return f, invalid("%s must be a time in milliseconds, it is '%s'", name, text)
			}
			*to = n
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return f, reply.Invalid(fmt.Sprintf("limit must be between 1 and %d, it is '%s'", maxLimit, text))
		}
		f.Limit = n
	}
	return f, nil
}

// taskView shows a task (AsyncTask; StatefulAsyncInvocation of FC 2.0).
func (c *call) taskView(e *store.Event, payload bool) map[string]any {
	doc := map[string]any{
		"requestId": e.RequestID, "qualifier": e.Qualifier, "status": e.Status, "startedTime": e.Started, "endTime": e.Ended,
		"durationMs": e.Duration, "alreadyRetriedTimes": max(e.Runs-1, 0), "destinationStatus": e.Destination,
		"instanceId": e.InstanceID, "events": e.History,
	}
	message := "taskErrorMessage"
	if c.v2() {
		message = "invocationErrorMessage"
		doc["invocationId"] = e.TaskID
		doc["serviceName"], doc["functionName"] = fc.SplitName(e.Function)
	} else {
		doc["taskId"], doc["functionArn"] = e.TaskID, c.arn(e.Function)
	}
	doc[message] = e.Error
	if !payload {
		return doc
	}
	if c.v2() {
		doc["invocationPayload"] = string(e.Payload)
	} else {
		doc["taskPayload"], doc["returnPayload"] = string(e.Payload), string(e.Result)
	}
	return doc
}

// listTaskFunctions lists the functions of FC 2.0 whose tasks are kept.
func listTaskFunctions(c *call) (answer, error) {
	var some []*store.AsyncConfig
	for _, s := range c.cfg.Store.AsyncConfigs(c.region) {
		if service, _ := fc.SplitName(s.Function); service != "" && s.Config.AsyncTask {
			some = append(some, s)
		}
	}
	some, next, err := page(c, some, func(s *store.AsyncConfig) string { return s.Function + "/" + s.Qualifier })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("data", some, next, func(s *store.AsyncConfig) map[string]string {
		service, function := fc.SplitName(s.Function)
		return map[string]string{"serviceName": service, "functionName": function, "qualifier": s.Qualifier}
	}))
}
