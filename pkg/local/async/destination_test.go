package async

import (
	"context"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

func destinations(success, failure string) *fc.DestinationConfig {
	return &fc.DestinationConfig{OnSuccess: &fc.Destination{Destination: success}, OnFailure: &fc.Destination{Destination: failure}}
}

func TestDestinationFunction(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.AsyncTask = true
		w.config.DestinationConfig = destinations("acs:fc:cn-hangzhou:1:functions/won", "acs:fc::1:services/svc.prod/functions/lost")
		var got *store.Event
		w.run = func(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error) {
			switch {
			case e.Function != "f":
				got = e
				return &instance.Result{}, nil
			case string(e.Payload) == "good":
				return &instance.Result{Body: []byte("fine")}, nil
			}
			return failing(ctx, e, inv)
		}
		good := w.send("good")
		w.after(time.Second)
		if got == nil || got.Function != "won" || got.Region != region {
			t.Fatalf("told %+v", got)
		}
		doc := decoded(t, string(got.Payload))
		request, response := doc["requestContext"].(map[string]any), doc["responseContext"].(map[string]any)
		if doc["timestamp"] != "2000-01-01T00:00:00.000Z" || doc["requestPayload"] != "good" || doc["responsePayload"] != "fine" ||
			request["requestId"] != good.RequestID || request["functionArn"] != "acs:fc:cn-hangzhou:1:functions/f/LATEST" ||
			request["condition"] != "" || request["approximateInvokeCount"] != 1.0 || response["statusCode"] != 200.0 || response["functionError"] != "" {
			t.Errorf("%s", got.Payload)
		}
		if task, err := w.d.Task(region, "f", good.TaskID); err != nil || task.Destination != "Succeeded" {
			t.Errorf("%+v %v", task, err)
		}

		w.send("bad")
		w.after(time.Minute)
		if got.Function != "svc$lost" || got.Qualifier != "prod" || got.Region != region {
			t.Fatalf("told %+v", got)
		}
		doc = decoded(t, string(got.Payload))
		request, response = doc["requestContext"].(map[string]any), doc["responseContext"].(map[string]any)
		if request["condition"] != fc.ErrorTypeUnhandled || request["approximateInvokeCount"] != 4.0 || response["statusCode"] != 200.0 ||
			response["functionError"] != fc.ErrorTypeUnhandled || doc["responsePayload"] != `{"errorMessage":"no"}` {
			t.Errorf("%s", got.Payload)
		}
		if e := w.dead(); e.Destination != "Succeeded" {
			t.Errorf("%+v", e)
		}
	})
}

// What can't be sent is recorded, and said so.
func TestDestinationThatIsntThere(t *testing.T) {
	const queue = "acs:mns:cn-hangzhou:1:/queues/q/messages"
	for arn, why := range map[string]string{
		queue:                                 "nothing on this machine receives it",
		"acs:fc:cn-hangzhou:1:functions/gone": "the function does not exist",
	} {
		bubble(t, func(t *testing.T, w *world) {
			w.config.AsyncTask, w.config.DestinationConfig = true, destinations(arn, "")
			e := w.send("x")
			w.after(time.Second)
			d, err := w.queue.Deliveries(10)
			if err != nil || len(d) != 1 || d[0].Receiver != arn || d[0].Why != why || d[0].Function != "f" || d[0].Seq == 0 || decoded(t, d[0].Body)["responsePayload"] != "x" {
				t.Fatalf("%+v %v", d, err)
			}
			if task, err := w.d.Task(region, "f", e.TaskID); err != nil || task.Destination != "Failed" || task.Status != store.EventSucceeded {
				t.Errorf("%+v %v", task, err)
			}
		})
	}
}

func TestParseDestination(t *testing.T) {
	for arn, want := range map[string]Destination{
		"acs:fc:r:1:functions/f":                   {"fc", "r", "f", ""},
		"acs:fc:r:1:functions/f/prod":              {"fc", "r", "f", "prod"},
		"acs:fc:r:1:functions/f.2":                 {"fc", "r", "f", "2"},
		"acs:fc:::functions/f":                     {"fc", "", "f", ""},
		"acs:fc:r:1:services/s/functions/f":        {"fc", "r", "s$f", ""},
		"acs:fc:r:1:services/s.LATEST/functions/f": {"fc", "r", "s$f", "LATEST"},
		"acs:mns:r:1:/topics/t/messages":           {Service: "mns", Region: "r"},
		"acs:eventbridge:r:1:eventbus/b":           {Service: "eventbridge", Region: "r"},
		"acs:mq:r:1:/instances/i/topics/t":         {Service: "mq", Region: "r"},
	} {
		if got, ok := ParseDestination(arn); !ok || got != want {
			t.Errorf("%s: %+v %v", arn, got, ok)
		}
	}
	for _, arn := range []string{
		"", "f", "acs:fc:r:1", "acs:fc:r:1:", "acs:fc:r:1:functions/", "acs:fc:r:1:functions/f/a/b", "acs:fc:r:1:services/s", "acs:fc:r:1:services//functions/f",
		"acs:oss:r:1:bucket", "arn:aws:lambda:r:1:function:f", "acs:fc:r:1:services/s/functions/",
	} {
		if got, ok := ParseDestination(arn); ok {
			t.Errorf("%q is taken: %+v", arn, got)
		}
	}
}

func FuzzParseDestination(f *testing.F) {
	f.Add("acs:fc:r:1:functions/f/prod")
	f.Add("acs:fc:r:1:services/s.q/functions/f")
	f.Fuzz(func(t *testing.T, arn string) {
		if d, ok := ParseDestination(arn); ok && d.Service == "fc" && d.Function == "" {
			t.Errorf("%q is a function without a name", arn)
		}
	})
}
