// Package triggers makes triggers of the local cloud fire that aren't HTTP
// triggers: timers by the clock, those of OSS by what happens to objects, all of
// them by hand. A trigger fires by an asynchronous invocation of its function, as on
// Function Compute.
package triggers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Config is what the triggers need.
type Config struct {
	Store Store
	Queue *store.Queue
	// Accept puts an event in the queue.
	Accept func(*store.Event) error
	// Prepare fills an event that is put in the queue here, and Queued tells that it
	// has been.
	Prepare func(*store.Event) error
	Queued  func()
	// AccountID is that of the events.
	AccountID string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log is told of runs that were missed; nil drops it.
	Log io.Writer
}

// Store is where triggers are; *store.Store is one.
type Store interface {
	// Trigger finds one; *store.NotFoundError.
	Trigger(region, function, name string) (*store.Trigger, error)
	// TriggersOfType lists those of a type, in all regions.
	TriggersOfType(kind string) []*store.Trigger
}

// Service fires triggers, from New to Close.
type Service struct {
	cfg    Config
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wake   chan struct{}
	wg     sync.WaitGroup

	mu     sync.Mutex
	timers map[timerKey]*timer
}

// New starts the timers that are stored. Errors are the queue's.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	s := &Service{cfg: cfg, wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.loadTimers(); err != nil {
		return nil, err
	}
	s.wg.Go(s.loop)
	return s, nil
}

// Close ends the timers.
func (s *Service) Close() {
	s.cancel()
	s.wg.Wait()
}

// invocation makes that of a trigger's function.
func invocation(t *store.Trigger, now time.Time, payload []byte) *store.Event {
	qualifier := t.Trigger.Qualifier
	if qualifier == "" {
		qualifier = fc.LatestQualifier
	}
	return &store.Event{
		Region: t.Region, Function: t.Function, Qualifier: qualifier, RequestID: reply.NewID(now),
		Source: "trigger " + t.Trigger.TriggerName, Payload: payload,
	}
}

// Fire makes a trigger of any type but HTTP fire with an event, and gives the id
// of the request. One that is switched off fires, too: somebody asks for it.
func (s *Service) Fire(region, function, name string, payload []byte) (requestID string, err error) {
	t, err := s.cfg.Store.Trigger(region, function, name)
	if err != nil {
		return "", err
	}
	if t.HTTP != nil {
		return "", reply.Invalid(fmt.Sprintf("trigger '%s' is of type http: send a request to its URL", name))
	}
	if len(payload) > fc.MaxAsyncBody {
		return "", &fc.APIError{Status: http.StatusRequestEntityTooLarge, Code: fc.CodeEntityTooLarge, Message: reply.TooLarge(fc.MaxAsyncBody).Message}
	}
	e := invocation(t, s.cfg.Now(), payload)
	return e.RequestID, s.cfg.Accept(e)
}
