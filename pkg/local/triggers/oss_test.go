package triggers

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"s/pkg/event"
	"s/pkg/fc"
	"s/pkg/local/store"
)

func (w *world) onObjects(name, bucket, config string) {
	w.triggers = append(w.triggers, &store.Trigger{Region: "cn-hangzhou", Function: "f", Trigger: fc.Trigger{
		TriggerName: name, TriggerType: fc.TriggerOSS, TriggerConfig: config, SourceARN: "acs:oss:cn-hangzhou:1:" + bucket, TriggerID: "rule-" + name,
	}})
}

func TestFireOSS(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.onObjects("pictures", "photos", `{"events":["oss:ObjectCreated:PutObject","oss:ObjectCreated:PostObject"],"filter":{"key":{"prefix":"in/","suffix":".png"}}}`)
		w.onObjects("all", "photos", `{"events":["oss:ObjectCreated:*","oss:ObjectRemoved:*"]}`)
		w.onObjects("other", "films", `{"events":["oss:ObjectCreated:*"],"filter":{}}`)
		for _, tt := range []struct {
			o    ObjectEvent
			want []string
		}{
			{ObjectEvent{Bucket: "photos", Key: "in/a.png", Name: "ObjectCreated:PutObject"}, []string{"pictures", "all"}},
			{ObjectEvent{Bucket: "photos", Key: "in/a.png", Name: "ObjectCreated:CopyObject"}, []string{"all"}},
			{ObjectEvent{Bucket: "photos", Key: "a.png", Name: "ObjectCreated:PutObject"}, []string{"all"}},
			{ObjectEvent{Bucket: "photos", Key: "in/a.gif", Name: "ObjectCreated:PutObject"}, []string{"all"}},
			{ObjectEvent{Bucket: "photos", Key: "in/a.png", Name: "ObjectRemoved:DeleteObject"}, []string{"all"}},
			{ObjectEvent{Bucket: "films", Key: "x", Name: "ObjectCreated:PutObject", Region: "cn-hangzhou"}, []string{"other"}},
			{ObjectEvent{Bucket: "films", Key: "x", Name: "ObjectCreated:PutObject", Region: "oss-cn-hangzhou"}, []string{"other"}},
			{ObjectEvent{Bucket: "films", Key: "x", Name: "ObjectCreated:PutObject", Region: "us-west-1"}, nil},
			{ObjectEvent{Bucket: "films", Key: "x", Name: "ObjectRestore:Completed"}, nil},
			{ObjectEvent{Bucket: "none", Key: "x", Name: "ObjectCreated:PutObject"}, nil},
		} {
			w.accepted = nil
			n, err := w.s.FireOSS(tt.o)
			var got []string
			for _, e := range w.accepted {
				got = append(got, e.Source[len("trigger "):])
			}
			if err != nil || n != len(tt.want) || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v: %d, %q, %v, want %q", tt.o, n, got, err, tt.want)
			}
		}
	})
}

// The event has the fields of the documented one, and no others.
func TestObjectEventsShape(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.onObjects("t", "photos", `{"events":["oss:ObjectCreated:*"]}`)
		_, err := w.s.FireOSS(ObjectEvent{Bucket: "photos", Key: "ü/a b.png", Name: "ObjectCreated:PutObject", ETag: `"ABC"`, Size: 7, DeltaSize: 3})
		if err != nil || len(w.accepted) != 1 || w.accepted[0].Qualifier != fc.LatestQualifier {
			t.Fatalf("%+v %v", w.accepted, err)
		}
		sample, err := event.Sample(fc.TriggerOSS, "bucket=photos", "key=ü/a b.png", "size=7", "events.0.oss.object.deltaSize=3",
			"events.0.oss.object.eTag=ABC", "events.0.eventTime="+time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			"events.0.oss.bucket.arn=acs:oss:cn-hangzhou:1:photos", "events.0.oss.bucket.ownerIdentity=1", "events.0.userIdentity.principalId=1",
			"events.0.oss.ruleId=rule-t", "events.0.requestParameters.sourceIPAddress=127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		var got, want struct{ Events []map[string]any }
		for from, into := range map[string]any{string(w.accepted[0].Payload): &got, string(sample): &want} {
			if err := json.Unmarshal([]byte(from), into); err != nil {
				t.Fatal(err)
			}
		}
		if id := got.Events[0]["responseElements"].(map[string]any)["requestId"]; id == "" {
			t.Error("no request id")
		}
		delete(got.Events[0], "responseElements")
		delete(want.Events[0], "responseElements")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("\n%v\nwant\n%v", got, want)
		}
	})
}

func TestFire(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.onObjects("oss", "photos", `{"events":["oss:ObjectCreated:*"]}`)
		w.triggers = append(w.triggers, &store.Trigger{HTTP: &fc.HTTPTriggerConfig{}, Trigger: fc.Trigger{TriggerName: "http", TriggerType: "http"}})
		id, err := w.s.Fire("r", "f", "oss", []byte("event"))
		if err != nil || len(w.accepted) != 1 || w.accepted[0].RequestID != id || string(w.accepted[0].Payload) != "event" || w.accepted[0].Source != "trigger oss" {
			t.Errorf("%+v %v", w.accepted, err)
		}
		for name, payload := range map[string][]byte{"http": nil, "none": nil, "oss": make([]byte, fc.MaxAsyncBody+1)} {
			if _, err := w.s.Fire("r", "f", name, payload); err == nil {
				t.Errorf("%s fired", name)
			}
		}
		if len(w.accepted) != 1 {
			t.Errorf("%d fired", len(w.accepted))
		}
	})
}
