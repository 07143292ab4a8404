package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/oss"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/local/triggers"
)

// Paths of the queue and of triggers, which only the local cloud has.
const (
	queuePath    = ownPrefix + "queue"
	replayPath   = ownPrefix + "queue/replay"
	discardPath  = ownPrefix + "queue/discard"
	triggersPath = ownPrefix + "triggers"
	firePath     = ownPrefix + "triggers/fire"
)

// Bounds of the lists of the queue that are shown: an event can be 128 KB, and an
// outcome more than 2 MB.
const (
	maxLetters     = 200
	maxUndelivered = 20
)

// Queue is what is known of asynchronous invocations. Times are UTC.
type Queue struct {
	store.QueueCounts
	Timers []triggers.TimerStatus `json:"timers"`
	// DeadLetters have failed for good, the oldest first.
	DeadLetters []DeadLetter `json:"deadLetters"`
	// Undelivered are outcomes whose destination isn't there, the newest first.
	Undelivered []*store.Delivery `json:"undelivered"`
}

// DeadLetter is an asynchronous invocation that has failed for good.
type DeadLetter struct {
	ID        int64  `json:"id"`
	Function  string `json:"function"`
	Region    string `json:"region"`
	Qualifier string `json:"qualifier"`
	Source    string `json:"source"`
	Status    string `json:"status"`
	ErrorType string `json:"errorType"`
	Error     string `json:"error"`
	Runs      int    `json:"runs"`
	Ended     string `json:"ended"`
	RequestID string `json:"requestId"`
	TaskID    string `json:"taskId"`
	Payload   string `json:"payload"`
}

// queueView shows the queue, without its lists of events if it is to be brief.
func (c *Cloud) queueView(brief bool) (*Queue, error) {
	q := &Queue{Timers: c.triggers.Timers(), DeadLetters: []DeadLetter{}}
	var err error
	if q.QueueCounts, err = c.queue.Counts(); err != nil {
		return nil, err
	}
	if brief {
		return q, nil
	}
	if q.Undelivered, err = c.queue.Deliveries(maxUndelivered); err != nil {
		return nil, err
	}
	dead, err := c.queue.Dead(maxLetters)
	for _, e := range dead {
		q.DeadLetters = append(q.DeadLetters, DeadLetter{
			ID: e.Seq, Function: e.Function, Region: e.Region, Qualifier: e.Qualifier, Source: e.Source, Status: e.Status,
			ErrorType: e.ErrorType, Error: e.Error, Runs: e.Runs, Ended: time.UnixMilli(e.Ended).UTC().Format(time.RFC3339),
			RequestID: e.RequestID, TaskID: e.TaskID, Payload: string(e.Payload),
		})
	}
	return q, err
}

// serveQueue serves what concerns the queue and triggers; false is another request.
func (c *Cloud) serveQueue(w http.ResponseWriter, r *http.Request) bool {
	var doc any
	var err error
	switch r.Method + " " + r.URL.Path {
	case "GET " + queuePath:
		doc, err = c.queueView(r.URL.Query().Get("brief") == "true")
	case "POST " + replayPath:
		doc, err = c.eachDead(r, func(id int64) error { return c.queue.Replay(id, c.now()) })
		c.async.Wake()
	case "POST " + discardPath:
		doc, err = c.eachDead(r, c.queue.Discard)
	case "GET " + triggersPath:
		doc = c.triggersNamed(r.URL.Query().Get("name"))
	case "POST " + firePath:
		doc, err = c.fire(w, r)
	default:
		return false
	}
	if err != nil {
		reply.Error(w, err)
		return true
	}
	reply.JSON(w, http.StatusOK, doc)
	return true
}

// changedLetters tells how many dead letters were changed.
type changedLetters struct {
	Changed int `json:"changed"`
}

// eachDead does something with the dead letters that the query names, or with
// all of them.
func (c *Cloud) eachDead(r *http.Request, do func(id int64) error) (changedLetters, error) {
	ids := r.URL.Query()["id"]
	var done changedLetters
	if len(ids) == 0 {
		dead, err := c.queue.DeadSeqs()
		if err != nil {
			return done, err
		}
		for _, seq := range dead {
			ids = append(ids, strconv.FormatInt(seq, 10))
		}
	}
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return done, reply.Invalid("'" + text + "' is not the number of a dead letter")
		}
		if err := do(id); err != nil {
			return done, err
		}
		done.Changed++
	}
	return done, nil
}

// Trigger is a trigger of the local cloud, by all regions and functions.
type Trigger struct {
	Region   string `json:"region"`
	Function string `json:"function"`
	fc.Trigger
}

func (c *Cloud) triggersNamed(name string) []Trigger {
	out := []Trigger{}
	for _, kind := range fc.TriggerTypes() {
		for _, t := range c.store.TriggersOfType(kind) {
			if t.Trigger.TriggerName == name {
				out = append(out, Trigger{t.Region, t.Function, t.Trigger})
			}
		}
	}
	return out
}

// fired tells which request a trigger has made.
type fired struct {
	RequestID string `json:"requestId"`
}

func (c *Cloud) fire(w http.ResponseWriter, r *http.Request) (fired, error) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, fc.MaxAsyncBody))
	if err != nil {
		return fired{}, err
	}
	q := r.URL.Query()
	id, err := c.triggers.Fire(q.Get("region"), q.Get("function"), q.Get("trigger"), payload)
	return fired{id}, err
}

// objectEvent tells triggers of what happened to an object of the local OSS.
func (c *Cloud) objectEvent(e oss.Event) {
	delta := e.Size
	if e.Name == oss.EventDelete || e.Name == oss.EventDeletes {
		delta = -e.Size
	}
	_, err := c.triggers.FireOSS(triggers.ObjectEvent{
		Region: e.Region, Bucket: e.Bucket, Key: e.Object, Name: e.Name, ETag: e.ETag, Size: e.Size, DeltaSize: delta, RequestID: e.RequestID,
	})
	if err != nil {
		fmt.Fprintf(c.log, "triggers of bucket %s: %v\n", e.Bucket, err)
	}
}

// ReadQueue asks a local cloud for its queue.
func ReadQueue(ctx context.Context, to *Info) (*Queue, error) {
	out := &Queue{}
	return out, askFor(ctx, to, http.MethodGet, queuePath, nil, nil, out)
}

// CountQueue asks a local cloud for its queue without dead letters and outcomes: their
// number alone, and the timers.
func CountQueue(ctx context.Context, to *Info) (*Queue, error) {
	out := &Queue{}
	return out, askFor(ctx, to, http.MethodGet, queuePath, url.Values{"brief": {"true"}}, nil, out)
}

// ReplayDead puts dead letters in the queue again, by their ids or, without any, all
// of them. It gives how many they were.
func ReplayDead(ctx context.Context, to *Info, ids []int64) (int, error) {
	return changeDead(ctx, to, replayPath, ids)
}

// DiscardDead removes dead letters, by their ids or, without any, all of them. It
// gives how many they were.
func DiscardDead(ctx context.Context, to *Info, ids []int64) (int, error) {
	return changeDead(ctx, to, discardPath, ids)
}

func changeDead(ctx context.Context, to *Info, path string, ids []int64) (int, error) {
	query := url.Values{}
	for _, id := range ids {
		query.Add("id", strconv.FormatInt(id, 10))
	}
	var out changedLetters
	err := askFor(ctx, to, http.MethodPost, path, query, nil, &out)
	return out.Changed, err
}

// TriggersNamed lists the triggers of a local cloud that have a name.
func TriggersNamed(ctx context.Context, to *Info, name string) ([]Trigger, error) {
	var out []Trigger
	return out, askFor(ctx, to, http.MethodGet, triggersPath, url.Values{"name": {name}}, nil, &out)
}

// FireTrigger makes a trigger fire with an event and gives the id of the request.
func FireTrigger(ctx context.Context, to *Info, t Trigger, event []byte) (string, error) {
	var out fired
	query := url.Values{"region": {t.Region}, "function": {t.Function}, "trigger": {t.TriggerName}}
	err := askFor(ctx, to, http.MethodPost, firePath, query, event, &out)
	return out.RequestID, err
}

// askFor sends a request of the daemon's own, signed, and reads the answer. Errors
// are *fc.APIError or those of the connection.
func askFor(ctx context.Context, to *Info, method, path string, query url.Values, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, to.Endpoint+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	op := fcsign.Operation{Action: "Local", Version: fc.APIVersion3}
	fcsign.SignACS3(r, fcsign.Keys{AccessKeyID: to.AccessKeyID, AccessKeySecret: to.AccessKeySecret}, op, hex.EncodeToString(sum[:]), time.Now())
	transport := &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true} // no proxy
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return json.NewDecoder(response.Body).Decode(out)
	}
	api := &fc.APIError{}
	if json.NewDecoder(response.Body).Decode(api) != nil || api.Code == "" {
		return fmt.Errorf("the local cloud answered %s", response.Status)
	}
	api.Status = response.StatusCode
	return api
}
