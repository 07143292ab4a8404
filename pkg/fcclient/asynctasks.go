package fcclient

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
)

// taskAnswer reads a task of both APIs.
type taskAnswer struct {
	fc.AsyncTask
	FunctionARN string `json:"functionArn"`
	// Names of FC 2.0:
	InvocationID           string `json:"invocationId"`
	ServiceName            string `json:"serviceName"`
	InvocationPayload      string `json:"invocationPayload"`
	InvocationErrorMessage string `json:"invocationErrorMessage"`
}

func (a *taskAnswer) task() *fc.AsyncTask {
	t := &a.AsyncTask
	if a.InvocationID != "" {
		t.TaskID, t.Payload, t.ErrorMessage = a.InvocationID, a.InvocationPayload, a.InvocationErrorMessage
		t.FunctionName = fc.JoinName(a.ServiceName, t.FunctionName)
	}
	if _, name, ok := strings.Cut(a.FunctionARN, ":functions/"); ok {
		t.FunctionName, _, _ = strings.Cut(name, "/")
	}
	return t
}

// taskCall is an operation on tasks: path is what follows the function's.
func (c *Client) taskCall(verb, method, function string, path ...string) call {
	what, collection := "AsyncTask", "async-tasks"
	if c.config.V2 {
		what, collection = "StatefulAsyncInvocation", "stateful-async-invocations"
	}
	return call{action: verb + what, method: method, path: c.functionPath(function, append([]string{collection}, path...)...)}
}

// GetAsyncTask reads a task, with what it was given and what it gave.
func (c *Client) GetAsyncTask(ctx context.Context, function, qualifier, id string) (*fc.AsyncTask, error) {
	var out taskAnswer
	op := c.taskCall("Get", http.MethodGet, function, id)
	op.query, op.out = qualified(qualifier), &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return out.task(), nil
}

// StopAsyncTask ends a task: one that waits is never run, one that runs is broken
// off. It returns before that has ended.
func (c *Client) StopAsyncTask(ctx context.Context, function, qualifier, id string) error {
	op := c.taskCall("Stop", http.MethodPut, function, id, "stop")
	if c.config.V2 {
		op = c.taskCall("Stop", http.MethodPut, function, id)
	}
	op.query = qualified(qualifier)
	return c.do(ctx, op)
}

// taskQuery is the query of a list.
func taskQuery(f fc.TaskFilter, v2 bool) map[string]string {
	q := map[string]string{}
	prefix := "prefix"
	if v2 {
		prefix = "invocationIdPrefix"
	}
	for name, value := range map[string]string{"qualifier": f.Qualifier, "status": f.Status, prefix: f.Prefix} {
		if value != "" {
			q[name] = value
		}
	}
	for name, at := range map[string]time.Time{"startedTimeBegin": f.From, "startedTimeEnd": f.Until} {
		if !at.IsZero() {
			q[name] = strconv.FormatInt(at.UnixMilli(), 10)
		}
	}
	if f.Ascending {
		q["sortOrderByTime"] = "asc"
	}
	if f.Payload {
		q["includePayload"] = "true"
	}
	return q
}

// ListAsyncTasks gives the tasks of a function.
func (c *Client) ListAsyncTasks(ctx context.Context, function string, f fc.TaskFilter) ([]fc.AsyncTask, error) {
	op := c.taskCall("List", http.MethodGet, function)
	op.action += "s"
	op.query = taskQuery(f, c.config.V2)
	field := "tasks"
	if c.config.V2 {
		field = "invocations"
	}
	answers, err := listAll[taskAnswer](ctx, c, op, field)
	if err != nil {
		return nil, err
	}
	list := make([]fc.AsyncTask, len(answers))
	for i := range answers {
		list[i] = *answers[i].task()
	}
	return list, nil
}
