package control

import (
	"strings"
	"testing"

	"s/pkg/fcclient/fctest"
	"s/pkg/local/store"
)

func TestAsyncContract(t *testing.T) {
	t.Parallel()
	fctest.AsyncContract(t, contractClient(t, false), "hello")
	fctest.AsyncContract(t, contractClient(t, true), "svc$hello")
}

func TestAsyncConfig(t *testing.T) {
	w := newWorld(t)
	const config = functionF + "async-invoke-config"
	w.do("PUT", config, `{}`).is(404, "FunctionNotFound")
	w.do("GET", config, "").is(404, "FunctionNotFound")
	w.do("DELETE", config, "").is(404, "FunctionNotFound")
	w.create("f")
	w.do("GET", config, "").is(404, "AsyncConfigNotExists")
	w.do("PUT", config, `{"asyncTask":null,"destinationConfig":null}`).is(200).has("asyncTask", false).
		has("maxAsyncRetryAttempts", 3).has("maxAsyncEventAgeInSeconds", 86400).has("destinationConfig", map[string]any{}).
		has("functionArn", "acs:fc:cn-hangzhou:1234567890123456:functions/f").has("createdTime", "2026-01-02T03:04:05Z")
	w.pass(3e9)
	w.do("PUT", config+"?qualifier=LATEST", `{"asyncTask":true,"maxAsyncRetryAttempts":0,"maxAsyncEventAgeInSeconds":5,
		"destinationConfig":{"onSuccess":{"destination":"acs:fc:cn-hangzhou:1:functions/g"},"onFailure":{"destination":""}}}`).is(200)
	w.do("GET", config, "").is(200).has("asyncTask", true).has("maxAsyncRetryAttempts", 0).has("maxAsyncEventAgeInSeconds", 5).
		has("destinationConfig.onSuccess.destination", "acs:fc:cn-hangzhou:1:functions/g").
		has("createdTime", "2026-01-02T03:04:05Z").has("lastModifiedTime", "2026-01-02T03:04:08Z")
	for body, says := range map[string]string{
		`{"maxAsyncRetryAttempts":9}`:          "maxAsyncRetryAttempts",
		`{"maxAsyncRetryAttempts":-1}`:         "maxAsyncRetryAttempts",
		`{"maxAsyncEventAgeInSeconds":0}`:      "maxAsyncEventAgeInSeconds",
		`{"maxAsyncEventAgeInSeconds":604801}`: "maxAsyncEventAgeInSeconds",
		`{"asyncTask":"yes"}`:                  "asyncTask",
		`{"destinationConfig":{"onFailure":{"destination":"https://example.com"}}}`: "onFailure.destination",
	} {
		w.do("PUT", config, body).is(400, "InvalidArgument").says(says)
	}
	w.create("g")
	w.do("PUT", "/2023-03-30/functions/g/async-invoke-config", `{}`).is(200)
	w.do("GET", "/2023-03-30/async-invoke-configs?limit=1", "").is(200).shows("functions/f").shows("nextToken")
	w.do("GET", "/2023-03-30/async-invoke-configs?functionName=g", "").is(200).shows("functions/g")
	w.do("DELETE", config, "").is(204)
	w.do("GET", config, "").is(404, "AsyncConfigNotExists")
}

func TestAsyncConfigOfFC2(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), nil)).is(200)
	const f = "services/svc/functions/f/async-invoke-config"
	w.do("PUT", "/2021-04-06/"+f, `{"statefulInvocation":true}`).is(200).has("statefulInvocation", true).
		has("service", "svc").has("function", "f").has("qualifier", "LATEST")
	w.do("GET", "/2016-08-15/services/svc.LATEST/functions/f/async-invoke-config", "").is(200).has("statefulInvocation", true)
	w.do("GET", "/2016-08-15/"+f+"s", "").is(200).shows(`"function":"f"`)
	w.do("GET", "/2021-04-06/stateful-async-invocation-functions", "").is(200).shows(`"serviceName":"svc"`)
	w.do("DELETE", "/2016-08-15/"+f, "").is(204)
	w.do("GET", "/2021-04-06/"+f+"s", "").is(200).has("configs", []any{})
	w.do("GET", "/2021-04-06/"+f, "").is(404, "AsyncConfigNotExists")
	w.do("GET", "/2021-04-06/services/none/functions/f/async-invoke-config", "").is(404, "ServiceNotFound")
}

// tasks stands in for the queue.
type tasks struct {
	all     []*store.Event
	asked   store.EventFilter
	stopped string
}

func (k *tasks) Task(_, function, id string) (*store.Event, error) {
	for _, e := range k.all {
		if e.TaskID == id && e.Function == function {
			return e, nil
		}
	}
	return nil, &store.NotFoundError{Kind: store.KindTask, Name: id}
}

func (k *tasks) Tasks(f store.EventFilter) ([]*store.Event, error) {
	k.asked = f
	return k.all[:min(len(k.all), f.Limit)], nil
}

func (k *tasks) StopTask(region, function, id string) error {
	k.stopped = id
	_, err := k.Task(region, function, id)
	return err
}

func TestTasks(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	k := &tasks{}
	w.api.cfg.Tasks = k
	for _, id := range []string{"a", "b", "c"} {
		k.all = append(k.all, &store.Event{
			Seq: 7, Function: "f", TaskID: id, RequestID: "r-" + id, Qualifier: "LATEST", Status: store.EventFailed, Started: 5, Ended: 9, Duration: 4,
			Runs: 3, Error: "why", InstanceID: "c-1", Destination: "Succeeded", Payload: []byte("in"), Result: []byte("out"),
			History: []store.EventChange{{ID: 1, Status: "Enqueued", Time: 5, Detail: "d"}},
		})
	}
	const path = functionF + "async-tasks"
	w.do("GET", path+"/a", "").is(200).has("taskId", "a").has("requestId", "r-a").has("status", "Failed").has("alreadyRetriedTimes", 2).
		has("startedTime", 5).has("endTime", 9).has("durationMs", 4).has("taskErrorMessage", "why").has("instanceId", "c-1").
		has("taskPayload", "in").has("returnPayload", "out").has("destinationStatus", "Succeeded").has("qualifier", "LATEST").
		has("functionArn", "acs:fc:cn-hangzhou:1234567890123456:functions/f").
		shows(`"events":[{"eventId":1,"status":"Enqueued","timestamp":5,"eventDetail":"d"}]`)
	w.do("GET", path+"/none", "").is(404, "AsyncTaskNotFound")
	w.do("GET", "/2023-03-30/functions/none/async-tasks/a", "").is(404, "FunctionNotFound")
	w.do("PUT", path+"/b/stop", "").is(204)
	w.do("PUT", path+"/none/stop", "").is(404, "AsyncTaskNotFound")

	g := w.do("GET", path+"?limit=2&status=Failed&prefix=x&sortOrderByTime=asc&startedTimeBegin=1&startedTimeEnd=2", "").is(200)
	want := store.EventFilter{Region: testRegion, Function: "f", Status: "Failed", Prefix: "x", Ascending: true, From: 1, Until: 2, Limit: 3}
	if k.asked != want {
		t.Errorf("asked for %+v", k.asked)
	}
	if list, _ := g.doc["tasks"].([]any); len(list) != 2 || strings.Contains(string(g.body), "Payload") {
		t.Errorf("%s", g.body)
	}
	w.do("GET", path+"?includePayload=true&nextToken="+g.doc["nextToken"].(string), "").is(200).shows(`"taskPayload":"in"`)
	if k.asked.After != 7 || k.asked.Limit != defaultTasks+1 {
		t.Errorf("asked for %+v", k.asked)
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "status=Asleep", "sortOrderByTime=up", "nextToken=!", "nextToken=eA", "startedTimeBegin=x", "startedTimeEnd=-1"} {
		w.do("GET", path+"?"+query, "").is(400, "InvalidArgument")
	}
}

func TestTasksOfFC2(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), nil)).is(200)
	k := &tasks{all: []*store.Event{{Function: "svc$f", TaskID: "a", Status: store.EventRunning, Payload: []byte("in")}}}
	w.api.cfg.Tasks = k
	const path = "/2021-04-06/services/svc/functions/f/stateful-async-invocations"
	w.do("GET", path+"/a", "").is(200).has("invocationId", "a").has("serviceName", "svc").has("functionName", "f").has("invocationPayload", "in")
	w.do("GET", path+"/none", "").is(404, "StatefulAsyncInvocationNotFound")
	w.do("GET", path+"?invocationIdPrefix=a", "").is(200).shows(`"invocations":[{`)
	if k.asked.Prefix != "a" {
		t.Errorf("asked for %+v", k.asked)
	}
	w.do("PUT", "/2016-08-15/services/svc.LATEST/functions/f/stateful-async-invocations/a", "").is(204)
	if k.stopped != "a" {
		t.Errorf("stopped %q", k.stopped)
	}
}
