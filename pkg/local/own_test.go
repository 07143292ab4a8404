package local

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/local/gateway"
	"s/pkg/runtime/instance"
)

func TestTaskContract(t *testing.T) {
	t.Parallel()
	info := startCloud(t, options(t.TempDir())).Info()
	for name, v2 := range map[string]bool{"hello": false, "svc$hello": true} {
		c := fcclient.New(fcclient.Config{
			Region: DefaultRegion, Endpoint: info.Endpoint, V2: v2,
			Credentials: access.Credentials{AccountID: info.AccountID, AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret},
		})
		t.Cleanup(c.Close)
		invoke := func(id string, event []byte) (*fc.InvokeResult, error) {
			return c.Invoke(t.Context(), fcclient.InvokeInput{Function: name, Event: event, Async: true, AsyncTaskID: id})
		}
		fctest.TaskContract(t, c, name, invoke, func() { time.Sleep(5 * time.Millisecond) })
	}
}

// hangingPool runs what it is given until it is broken off.
type hangingPool struct {
	echoPool
	runs chan<- string
}

func (p hangingPool) Invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error) {
	p.runs <- inv.RequestID
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestStopContract(t *testing.T) {
	t.Parallel()
	runs := make(chan string, 10)
	o := options(t.TempDir())
	o.NewPool = func(instance.Config) gateway.Pool { return hangingPool{runs: runs} }
	info := startCloud(t, o).Info()
	for name, v2 := range map[string]bool{"hello": false, "svc$hello": true} {
		c := fcclient.New(fcclient.Config{
			Region: DefaultRegion, Endpoint: info.Endpoint, V2: v2,
			Credentials: access.Credentials{AccountID: info.AccountID, AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret},
		})
		t.Cleanup(c.Close)
		invoke := func(id string, event []byte) (*fc.InvokeResult, error) {
			return c.Invoke(t.Context(), fcclient.InvokeInput{Function: name, Event: event, Async: true, AsyncTaskID: id})
		}
		fctest.StopContract(t, c, name, invoke, func() { <-runs }, func() { time.Sleep(5 * time.Millisecond) })
	}
	if len(runs) > 0 {
		t.Error("what was stopped is tried again")
	}
}

func TestRestrictContract(t *testing.T) {
	t.Parallel()
	info := startCloud(t, options(t.TempDir())).Info()
	c := fcclient.New(fcclient.Config{
		Region: DefaultRegion, Endpoint: info.Endpoint,
		Credentials: access.Credentials{AccountID: info.AccountID, AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret},
	})
	t.Cleanup(c.Close)
	fctest.RestrictContract(t, c, "hello", func() error {
		_, err := c.Invoke(t.Context(), fcclient.InvokeInput{Function: "hello"})
		return err
	})
}

// choosyPool tells its events and fails those that begin with "bad".
type choosyPool struct {
	echoPool
	ran chan<- string
}

func (p choosyPool) Invoke(_ context.Context, inv *instance.Invocation) (*instance.Result, error) {
	p.ran <- string(inv.Event)
	if strings.HasPrefix(string(inv.Event), "bad") {
		return &instance.Result{ErrorType: fc.ErrorTypeUnhandled, Body: []byte(`{"errorMessage":"no"}`)}, nil
	}
	return &instance.Result{}, nil
}

// choosyCloud has a function f, of which nothing is tried again, and tells what it
// runs.
func choosyCloud(t *testing.T) (*Cloud, *client, <-chan string) {
	t.Helper()
	ran := make(chan string, 100)
	o := options(t.TempDir())
	o.NewPool = func(instance.Config) gateway.Pool { return choosyPool{ran: ran} }
	cloud := startCloud(t, o)
	c := clientOf(t, cloud.Info())
	c.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", "x"))
	c.do(200, "PUT", "/2023-03-30/functions/f/async-invoke-config", `{"maxAsyncRetryAttempts":0,"destinationConfig":{"onFailure":{"destination":"acs:mns:cn-hangzhou:1:/queues/q/messages"}}}`)
	return cloud, c, ran
}

func (c *client) trigger(name, kind, source, config string) {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"triggerName": name, "triggerType": kind, "sourceArn": source, "triggerConfig": config})
	if err != nil {
		c.t.Fatal(err)
	}
	c.do(200, "POST", "/2023-03-30/functions/f/triggers", string(body))
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	cloud, c, ran := choosyCloud(t)
	info := cloud.Info()
	dead := func(n int) *Queue {
		t.Helper()
		for {
			q, err := ReadQueue(t.Context(), &info)
			if err != nil {
				t.Fatal(err)
			}
			if len(q.DeadLetters) == n && q.Running == 0 && q.Waiting == 0 {
				return q
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	for _, body := range []string{"good", "bad 1", "bad 2"} {
		if !c.sendAsync(body) {
			t.Fatal("not accepted")
		}
		<-ran
	}
	q := dead(2)
	if l := q.DeadLetters[0]; l.Function != "f" || l.Payload != "bad 1" || l.Status != "Failed" || l.ErrorType != fc.ErrorTypeUnhandled || l.Runs != 1 || l.Source != "api" || l.Ended == "" {
		t.Errorf("%+v", l)
	}
	if len(q.Undelivered) != 2 || q.Dead != 2 {
		t.Fatalf("%+v", q)
	}
	bodies := q.Undelivered[0].Body + q.Undelivered[1].Body // in the order in which they ended
	for _, payload := range []string{"bad 1", "bad 2"} {
		if !strings.Contains(bodies, `"requestPayload":"`+payload+`"`) {
			t.Errorf("%s was to be sent nowhere: %s", payload, bodies)
		}
	}
	if n, err := ReplayDead(t.Context(), &info, []int64{q.DeadLetters[0].ID}); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if got := <-ran; got != "bad 1" {
		t.Errorf("ran %q", got)
	}
	dead(2)
	if n, err := ReplayDead(t.Context(), &info, nil); n != 2 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	<-ran
	<-ran
	dead(2)
	if _, err := DiscardDead(t.Context(), &info, []int64{999}); !fc.IsNotFound(err) {
		t.Errorf("removing what isn't there: %v", err)
	}
	if n, err := DiscardDead(t.Context(), &info, nil); n != 2 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	dead(0)
	c.do(400, "POST", "/_s/queue/replay?id=x", "")
}

func TestFireTriggers(t *testing.T) {
	t.Parallel()
	cloud, c, ran := choosyCloud(t)
	info := cloud.Info()
	c.trigger("topic", fc.TriggerMNSTopic, "acs:mns:cn-hangzhou:1:/topics/t", "{}")
	c.trigger("web", fc.TriggerHTTP, "", `{"authType":"anonymous","methods":["GET"]}`)
	found, err := TriggersNamed(t.Context(), &info, "topic")
	if err != nil || len(found) != 1 || found[0].Function != "f" || found[0].Region != DefaultRegion || found[0].TriggerType != fc.TriggerMNSTopic {
		t.Fatalf("%+v %v", found, err)
	}
	if id, err := FireTrigger(t.Context(), &info, found[0], []byte("message")); err != nil || id == "" {
		t.Errorf("%q %v", id, err)
	}
	if got := <-ran; got != "message" {
		t.Errorf("ran %q", got)
	}
	for name, code := range map[string]string{"web": fc.CodeInvalidArgument, "none": fc.CodeTriggerNotFound} {
		if _, err := FireTrigger(t.Context(), &info, Trigger{Region: DefaultRegion, Function: "f", Trigger: fc.Trigger{TriggerName: name}}, nil); !fc.IsCode(err, code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if none, err := TriggersNamed(t.Context(), &info, "none"); err != nil || len(none) != 0 {
		t.Errorf("%+v %v", none, err)
	}
	r := c.request(http.MethodPost, "/_s/triggers/fire", "")
	c.send(400, r) // unsigned
}

// What is put into a bucket of the local OSS, or removed from it, fires the triggers
// that wait for it.
func TestObjectsFireTriggers(t *testing.T) {
	t.Parallel()
	cloud, c, ran := choosyCloud(t)
	c.trigger("upload", fc.TriggerOSS, "acs:oss:cn-hangzhou:1:photos", `{"events":["oss:ObjectCreated:*","oss:ObjectRemoved:DeleteObject"],"filter":{"key":{"suffix":".png"}}}`)
	info := cloud.Info()
	keys := fcsign.Keys{AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret}
	put := func(method, key string, body io.Reader, status int) {
		t.Helper()
		size := int64(0)
		if body != nil {
			size = 4
		}
		c.oss(status, keys, method, "photos", key, body, size)
	}
	put("PUT", "", nil, 200)
	put("PUT", "cat.gif", strings.NewReader("data"), 200)
	put("PUT", "cat.png", strings.NewReader("data"), 200)
	put("DELETE", "cat.png", nil, 204)
	for _, want := range []string{"ObjectCreated:PutObject", "ObjectRemoved:DeleteObject"} {
		var doc struct {
			Events []struct {
				EventName string
				OSS       struct {
					Bucket struct{ Name string }
					Object struct {
						Key, ETag       string
						Size, DeltaSize int
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(<-ran), &doc); err != nil || len(doc.Events) != 1 {
			t.Fatal(err)
		}
		e := doc.Events[0]
		if e.EventName != want || e.OSS.Bucket.Name != "photos" || e.OSS.Object.Key != "cat.png" || e.OSS.Object.Size != 4 || len(e.OSS.Object.ETag) != 32 {
			t.Errorf("%+v", e)
		}
	}
}

// A timer runs in the daemon.
func TestTimerRuns(t *testing.T) {
	t.Parallel()
	cloud, c, ran := choosyCloud(t)
	c.trigger("often", fc.TriggerTimer, "", `{"cronExpression":"* * * * * *","enable":true,"payload":"p"}`)
	for range 2 {
		if got := <-ran; !strings.HasSuffix(got, `Z","triggerName":"often","payload":"p"}`) {
			t.Errorf("ran %s", got)
		}
	}
	info := cloud.Info()
	q, err := ReadQueue(t.Context(), &info)
	if err != nil || len(q.Timers) != 1 || q.Timers[0].Trigger != "often" || q.Timers[0].Fired < 2 || q.Timers[0].Next == "" {
		t.Errorf("%+v %v", q, err)
	}
	c.do(204, "DELETE", "/2023-03-30/functions/f/triggers/often", "")
	if q, err := ReadQueue(t.Context(), &info); err != nil || len(q.Timers) != 0 {
		t.Errorf("%+v %v", q, err)
	}
}

// sendAsync queues an invocation of f; false if the daemon is gone.
func (c *client) sendAsync(body string) bool {
	r, err := http.NewRequestWithContext(c.t.Context(), "POST", c.base+"/2023-03-30/functions/f/invocations", strings.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("X-Fc-Invocation-Type", "Async")
	c.sign(r, body)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusAccepted
}
