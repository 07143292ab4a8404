package triggers

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

func sortTimers(list []TimerStatus) {
	slices.SortFunc(list, func(a, b TimerStatus) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Function, b.Function), cmp.Compare(a.Trigger, b.Trigger))
	})
}

// ObjectEvent is what happened to an object of OSS.
type ObjectEvent struct {
	Region    string // empty is any
	Bucket    string
	Key       string
	Name      string // ObjectCreated:PutObject, ObjectRemoved:DeleteObject, ...
	ETag      string
	Size      int64 // bytes
	DeltaSize int64 // by how much the object grew
	SourceIP  string
	RequestID string
}

// objectEvents is the event of OSS triggers (their documentation).
type objectEvents struct {
	Events []objectRecord `json:"events"`
}

type objectRecord struct {
	EventName         string        `json:"eventName"`
	EventSource       string        `json:"eventSource"`
	EventTime         string        `json:"eventTime"`
	EventVersion      string        `json:"eventVersion"`
	OSS               objectDetails `json:"oss"`
	Region            string        `json:"region"`
	RequestParameters struct {
		SourceIPAddress string `json:"sourceIPAddress"`
	} `json:"requestParameters"`
	ResponseElements struct {
		RequestID string `json:"requestId"`
	} `json:"responseElements"`
	UserIdentity struct {
		PrincipalID string `json:"principalId"`
	} `json:"userIdentity"`
}

type objectDetails struct {
	Bucket struct {
		ARN           string `json:"arn"`
		Name          string `json:"name"`
		OwnerIdentity string `json:"ownerIdentity"`
		VirtualBucket string `json:"virtualBucket"`
	} `json:"bucket"`
	Object struct {
		DeltaSize int64  `json:"deltaSize"`
		ETag      string `json:"eTag"`
		Key       string `json:"key"`
		Size      int64  `json:"size"`
	} `json:"object"`
	SchemaVersion string `json:"ossSchemaVersion"`
	RuleID        string `json:"ruleId"`
}

// FireOSS makes the triggers fire that wait for what happened to an object, and
// gives how many they are.
func (s *Service) FireOSS(o ObjectEvent) (fired int, err error) {
	var failed []error
	for _, t := range s.cfg.Store.TriggersOfType(fc.TriggerOSS) {
		if !waitsFor(t, o) {
			continue
		}
		payload, err := json.Marshal(s.objectEvents(t, o))
		if err == nil {
			err = s.cfg.Accept(invocation(t, s.cfg.Now(), payload))
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fired++
	}
	return fired, errors.Join(failed...)
}

// waitsFor reports whether a trigger is for an event: by its bucket, its events
// and its filter.
func waitsFor(t *store.Trigger, o ObjectEvent) bool {
	config, err := parseOSS(t.Trigger)
	parts := strings.SplitN(t.Trigger.SourceARN, ":", 5)
	if err != nil || len(parts) != 5 || parts[4] != o.Bucket {
		return false
	}
	region := cmp.Or(parts[2], t.Region)
	if o.Region != "" && region != strings.TrimPrefix(o.Region, "oss-") && region != "oss-"+o.Region {
		return false
	}
	if f := config.Filter; f != nil && f.Key != nil && (!strings.HasPrefix(o.Key, f.Key.Prefix) || !strings.HasSuffix(o.Key, f.Key.Suffix)) {
		return false
	}
	return slices.ContainsFunc(config.Events, func(pattern string) bool {
		pattern = strings.TrimPrefix(pattern, "oss:")
		if start, ok := strings.CutSuffix(pattern, "*"); ok {
			return strings.HasPrefix(o.Name, start)
		}
		return pattern == o.Name
	})
}

func (s *Service) objectEvents(t *store.Trigger, o ObjectEvent) objectEvents {
	now := s.cfg.Now()
	region := cmp.Or(strings.TrimPrefix(o.Region, "oss-"), t.Region)
	r := objectRecord{
		EventName: o.Name, EventSource: "acs:oss", EventTime: now.UTC().Format("2006-01-02T15:04:05.000Z"), EventVersion: "1.0", Region: region,
	}
	r.OSS.Bucket.ARN = "acs:oss:" + region + ":" + s.cfg.AccountID + ":" + o.Bucket
	r.OSS.Bucket.Name, r.OSS.Bucket.OwnerIdentity = o.Bucket, s.cfg.AccountID
	r.OSS.Object.Key, r.OSS.Object.Size, r.OSS.Object.DeltaSize, r.OSS.Object.ETag = o.Key, o.Size, o.DeltaSize, strings.Trim(o.ETag, `"`)
	r.OSS.SchemaVersion, r.OSS.RuleID = "1.0", t.Trigger.TriggerID
	r.RequestParameters.SourceIPAddress = cmp.Or(o.SourceIP, "127.0.0.1")
	r.ResponseElements.RequestID = cmp.Or(o.RequestID, reply.NewID(now))
	r.UserIdentity.PrincipalID = s.cfg.AccountID
	return objectEvents{Events: []objectRecord{r}}
}
