package fctest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// TaskClient speaks to an endpoint of either version; *fcclient.Client is one.
type TaskClient interface {
	AsyncClient
	GetAsyncTask(ctx context.Context, function, qualifier, id string) (*fc.AsyncTask, error)
	StopAsyncTask(ctx context.Context, function, qualifier, id string) error
	ListAsyncTasks(ctx context.Context, function string, f fc.TaskFilter) ([]fc.AsyncTask, error)
}

// TaskContract is what every endpoint that runs functions must do with asynchronous
// tasks. It makes the function name, which in FC 2.0 is in a service, and which must
// answer with its event. invoke queues an event with a task id; await gives it time.
func TaskContract(t *testing.T, c TaskClient, name string, invoke func(id string, event []byte) (*fc.InvokeResult, error), await func()) {
	t.Helper()
	ctx := t.Context()
	made(t, c, name)
	send := func(id string) error {
		got, err := invoke(id, []byte("event of "+id))
		if err == nil && (got.StatusCode != 202 || len(got.Body) > 0 || got.AsyncTaskID != id || got.RequestID == "") {
			t.Errorf("queued: %+v", got)
		}
		return err
	}
	if err := send("early"); !fc.IsCode(err, fc.CodeInvalidArgument) {
		t.Errorf("a task of a function that keeps none: %v", err)
	}
	if _, err := c.PutAsyncInvokeConfig(ctx, name, "", fc.AsyncConfig{AsyncTask: true}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a-1", "a-2", "b-1"} {
		if err := send(id); err != nil {
			t.Fatal(err)
		}
	}
	var api *fc.APIError
	if err := send("a-1"); !errors.As(err, &api) || api.Status != 409 {
		t.Errorf("a task id for the second time: %v", err)
	}
	for _, id := range []string{"a-1", "a-2", "b-1"} {
		task := finished(t, c, name, id, await)
		if task.Status != fc.TaskSucceeded || task.TaskID != id || task.FunctionName != name || task.Payload != "event of "+id ||
			task.Qualifier != fc.LatestQualifier || task.StartedTime == 0 || task.EndTime < task.StartedTime || len(task.Events) == 0 {
			t.Errorf("%+v", task)
		}
	}
	listed(t, c, name)
	if err := c.StopAsyncTask(ctx, name, "", "a-1"); err == nil {
		t.Error("a task that is over was stopped")
	}
	if _, err := c.GetAsyncTask(ctx, name, "", "none"); !fc.IsNotFound(err) {
		t.Errorf("a task that isn't there: %v", err)
	}
	if err := c.StopAsyncTask(ctx, name, "", "none"); !fc.IsNotFound(err) {
		t.Errorf("stopping a task that isn't there: %v", err)
	}
}

func finished(t *testing.T, c TaskClient, name, id string, await func()) *fc.AsyncTask {
	t.Helper()
	for {
		task, err := c.GetAsyncTask(t.Context(), name, "", id)
		if err != nil {
			t.Fatal(err)
		}
		if task.EndTime != 0 {
			return task
		}
		await()
	}
}

// listed looks at lists of the three tasks.
func listed(t *testing.T, c TaskClient, name string) {
	t.Helper()
	for _, tt := range []struct {
		filter fc.TaskFilter
		want   string
	}{
		{fc.TaskFilter{}, "b-1 a-2 a-1"},
		{fc.TaskFilter{Ascending: true, Payload: true}, "a-1 a-2 b-1"},
		{fc.TaskFilter{Prefix: "a-", Status: fc.TaskSucceeded, Qualifier: fc.LatestQualifier, From: time.Unix(1, 0), Until: time.Now().Add(time.Hour)}, "a-2 a-1"},
		{fc.TaskFilter{Status: fc.TaskFailed}, ""},
		{fc.TaskFilter{From: time.Now().Add(time.Hour)}, ""},
	} {
		tasks, err := c.ListAsyncTasks(t.Context(), name, tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, task := range tasks {
			ids = append(ids, task.TaskID)
			if (task.Payload != "") != tt.filter.Payload || task.FunctionName != name {
				t.Errorf("%+v: %+v", tt.filter, task)
			}
		}
		if got := strings.Join(ids, " "); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.filter, got, tt.want)
		}
	}
}

// StopContract is what every endpoint must do with a task that is stopped. It makes
// the function name, which must run until it is broken off; running waits until an
// invocation of it runs.
func StopContract(t *testing.T, c TaskClient, name string, invoke func(id string, event []byte) (*fc.InvokeResult, error), running, await func()) {
	t.Helper()
	ctx := t.Context()
	made(t, c, name)
	retries := 3
	if _, err := c.PutAsyncInvokeConfig(ctx, name, "", fc.AsyncConfig{AsyncTask: true, MaxAsyncRetryAttempts: &retries}); err != nil {
		t.Fatal(err)
	}
	if _, err := invoke("endless", []byte("event")); err != nil {
		t.Fatal(err)
	}
	running()
	if task, err := c.GetAsyncTask(ctx, name, "", "endless"); err != nil || task.Status != fc.TaskRunning || task.EndTime != 0 {
		t.Errorf("it runs: %+v, %v", task, err)
	}
	if err := c.StopAsyncTask(ctx, name, fc.LatestQualifier, "endless"); err != nil {
		t.Fatal(err)
	}
	task := finished(t, c, name, "endless", await)
	if task.Status != fc.TaskStopped || task.RetriedTimes != 0 || task.EndTime < task.StartedTime {
		t.Errorf("stopped: %+v", task)
	}
	var states []string
	for _, e := range task.Events {
		states = append(states, e.Status)
	}
	if n := len(states); n < 3 || states[n-1] != fc.TaskStopped || states[n-2] != fc.TaskStopping || states[0] != fc.TaskEnqueued {
		t.Errorf("its events: %q", states)
	}
}
