package triggers

import (
	"encoding/json"
	"fmt"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
)

const (
	// grace is how late a run may be made. Later it counts as missed: the machine
	// slept, or the cloud was stopped.
	grace = 5 * time.Second
	// maxPause is how long the timers sleep at most: the system's time may jump, and
	// doesn't wake them when the machine does.
	maxPause = 10 * time.Second
	// behind is how far the system's time may have been set back before timers
	// begin anew.
	behind = time.Minute
)

type timerKey struct{ region, function, trigger string }

// timer is a timer trigger that is switched on.
type timer struct {
	trigger  *store.Trigger
	schedule Schedule
	payload  string
	state    store.Timer
	next     time.Time // zero is never
}

// timerEvent is what a timer hands to its function (documentation of timer
// triggers).
type timerEvent struct {
	TriggerTime string `json:"triggerTime"`
	TriggerName string `json:"triggerName"`
	Payload     string `json:"payload"`
}

// loadTimers finds the timers of the store and what is remembered of them.
func (s *Service) loadTimers() error {
	remembered, err := s.cfg.Queue.Timers()
	if err != nil {
		return err
	}
	known := map[timerKey]store.Timer{}
	for _, t := range remembered {
		known[timerKey{t.Region, t.Function, t.Trigger}] = *t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sync(known)
}

// Changed tells that triggers were made, changed or removed.
func (s *Service) Changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[timerKey]store.Timer{}
	for k, t := range s.timers {
		known[k] = t.state
	}
	if err := s.sync(known); err != nil {
		fmt.Fprintf(s.cfg.Log, "timers: %v\n", err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// sync makes the timers those of the store. What is known of one stays as long as
// its configuration does; else it begins now. The service is locked.
func (s *Service) sync(known map[timerKey]store.Timer) error {
	timers := map[timerKey]*timer{}
	for _, t := range s.cfg.Store.TriggersOfType(fc.TriggerTimer) {
		config, schedule, err := parseTimer(t.Trigger)
		if err != nil || !config.Enable {
			continue
		}
		k := timerKey{t.Region, t.Function, t.Trigger.TriggerName}
		state, there := known[k]
		if !there || state.Config != t.Trigger.TriggerConfig {
			state = store.Timer{
				Region: k.region, Function: k.function, Trigger: k.trigger, Config: t.Trigger.TriggerConfig,
				Last: s.cfg.Now().UnixMilli(), Fired: state.Fired, Missed: state.Missed,
			}
			if err := s.cfg.Queue.PutTimer(&state, nil); err != nil {
				return err
			}
		}
		timers[k] = &timer{trigger: t, schedule: schedule, payload: config.Payload, state: state, next: schedule.Next(time.UnixMilli(state.Last))}
	}
	for k := range known {
		if timers[k] == nil {
			if err := s.cfg.Queue.DropTimer(k.region, k.function, k.trigger); err != nil {
				return err
			}
		}
	}
	s.timers = timers
	return nil
}

func (s *Service) loop() {
	for s.ctx.Err() == nil {
		pause := time.NewTimer(s.tick())
		select {
		case <-pause.C:
		case <-s.wake:
		case <-s.ctx.Done():
		}
		pause.Stop()
	}
}

// tick makes the runs that are due and tells how long none will be.
func (s *Service) tick() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now().Round(0) // by the system's time: the other one stands still while the machine sleeps
	pause := maxPause
	for _, t := range s.timers {
		if last := time.UnixMilli(t.state.Last); last.Sub(now) > behind {
			t.state.Last = now.UnixMilli()
			t.next = t.schedule.Next(now)
		}
		if t.next.IsZero() {
			continue
		}
		if !t.next.After(now) {
			if err := s.run(t, now); err != nil {
				fmt.Fprintf(s.cfg.Log, "timer %s of %s: %v\n", t.state.Trigger, t.state.Function, err)
				continue // it is due at the next look
			}
		}
		if !t.next.IsZero() {
			pause = min(pause, max(t.next.Sub(now), time.Millisecond))
		}
	}
	return pause
}

// run makes the latest of the runs that are due, unless it is too late even for
// that one; the others are counted as missed.
func (s *Service) run(t *timer, now time.Time) error {
	last := time.UnixMilli(t.state.Last)
	latest, n := t.schedule.due(last, now)
	state := t.state
	state.Last = latest.UnixMilli()
	var e *store.Event
	if now.Sub(latest) <= grace {
		payload, err := json.Marshal(timerEvent{latest.UTC().Format("2006-01-02T15:04:05Z"), t.state.Trigger, t.payload})
		if err != nil {
			return err
		}
		e = invocation(t.trigger, now, payload)
		if err := s.cfg.Prepare(e); err != nil {
			return err
		}
		state.Fired++
		n--
	}
	state.Missed += int64(n)
	if err := s.cfg.Queue.PutTimer(&state, e); err != nil {
		return err
	}
	if n > 0 {
		fmt.Fprintf(s.cfg.Log, "timer %s of %s: %d runs after %s were missed, and aren't made up for\n",
			state.Trigger, state.Function, n, last.UTC().Format(time.RFC3339))
	}
	t.state, t.next = state, t.schedule.Next(latest)
	if e != nil {
		s.cfg.Queued()
	}
	return nil
}

// TimerStatus is a timer as it is shown.
type TimerStatus struct {
	Region   string `json:"region"`
	Function string `json:"function"`
	Trigger  string `json:"trigger"`
	Next     string `json:"next"` // of its next run, UTC; empty is never
	Fired    int64  `json:"fired"`
	Missed   int64  `json:"missed"`
}

// Timers lists the timers that are switched on.
func (s *Service) Timers() []TimerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []TimerStatus{}
	for _, t := range s.timers {
		status := TimerStatus{Region: t.state.Region, Function: t.state.Function, Trigger: t.state.Trigger, Fired: t.state.Fired, Missed: t.state.Missed}
		if !t.next.IsZero() {
			status.Next = t.next.UTC().Format(time.RFC3339)
		}
		out = append(out, status)
	}
	sortTimers(out)
	return out
}
