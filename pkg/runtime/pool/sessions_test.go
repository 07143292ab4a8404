package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// sessionConfig is that of a custom runtime with sessions by a header.
func sessionConfig(config string) instance.Config {
	return instance.Config{Function: fc.Function{
		FunctionName: "f", Runtime: "custom", SessionAffinity: fc.AffinityHeader,
		SessionAffinityConfig: `{"affinityHeaderFieldName": "X-Session"` + config + `}`,
	}}
}

// exclusive is sessionConfig with an instance for every session.
func exclusive(config string) instance.Config {
	cfg := sessionConfig(config)
	cfg.Function.InstanceIsolationMode = fc.IsolationSession
	return cfg
}

func (w *world) call(id string) (string, error) {
	inv := &instance.Invocation{RequestID: "r"}
	if id != "" {
		inv.Session = &instance.SessionCall{ID: id}
	}
	res, err := w.pool.Invoke(w.t.Context(), inv)
	if err != nil {
		return "", err
	}
	return res.InstanceID, nil
}

// session invokes in a session and gives the instance.
func (w *world) session(id string) string {
	w.t.Helper()
	got, err := w.call(id)
	if err != nil {
		w.t.Fatalf("session %s: %v", id, err)
	}
	return got
}

func (w *world) wantRefused(err error, code string) {
	w.t.Helper()
	var api *fc.APIError
	if !errors.As(err, &api) || api.Code != code {
		w.t.Errorf("%v, want %s", err, code)
	}
}

// wantStatus compares a session's status and instance; "" is no session.
func (w *world) wantStatus(id, status, at string) {
	w.t.Helper()
	s, err := w.pool.Session(id)
	if status == "" {
		w.wantRefused(err, codeSessionNotFound)
		return
	}
	if err != nil || s.Status != status || s.InstanceID != at || s.ID != id || s.Affinity != w.pool.affinity.Type {
		w.t.Errorf("session %s: %+v %v, want %s at %q", id, s, err, status, at)
	}
}

func TestSessionsShareInstances(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionConcurrencyPerInstance": 2`))
	for round := range 3 {
		for n, want := range []string{"i0", "i0", "i1", "i1", "i2"} {
			if got := w.session(fmt.Sprint("s", n)); got != want {
				t.Errorf("round %d: session %d is on %s, want %s", round, n, got, want)
			}
		}
	}
	if all := w.pool.Sessions(); len(all) != 5 {
		t.Errorf("%+v", all)
	}
	if got := w.session(""); got == "" {
		t.Error("a call without a session finds no instance")
	}
	if w.starts() != 3 {
		t.Errorf("%d instances", w.starts())
	}
}

// TestFirstRequestsOfASession come at once: all of them must get to one instance.
func TestFirstRequestsOfASession(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionConcurrencyPerInstance": 1`))
	w.hold = make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[string]map[string]bool{}
	for n := range 40 {
		wg.Go(func() {
			id := fmt.Sprint("s", n%4)
			at, err := w.call(id)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if got[id] == nil {
				got[id] = map[string]bool{}
			}
			got[id][at] = true
		})
	}
	w.until("all wait", func() bool { return w.waiting() == 40 })
	if n := w.starts(); n != 4 {
		t.Errorf("%d instances start for 4 sessions", n)
	}
	close(w.hold)
	wg.Wait()
	seen := map[string]bool{}
	for id, places := range got {
		for at := range places {
			if len(places) != 1 || seen[at] {
				t.Errorf("session %s was on %v", id, places)
			}
			seen[at] = true
		}
	}
}

func TestFullInstanceRefusesItsSessions(t *testing.T) {
	cfg := sessionConfig("")
	cfg.Function.Runtime, cfg.Function.InstanceConcurrency = "python3.10", 1
	w := newWorld(t, cfg)
	b := newBlocker(w)
	done := make(chan error, 1)
	go func() { _, err := w.call("one"); done <- err }()
	b.enter(t, 1)
	_, err := w.call("one")
	w.wantRefused(err, fc.CodeResourceExhausted)
	if err != nil && !strings.Contains(err.Error(), "session 'one'") {
		t.Error(err)
	}
	go func() { _, err := w.call("two"); done <- err }() // gets an instance of its own
	if ids := b.enter(t, 1); ids[0] != "i1" {
		t.Errorf("another session is on %v", ids)
	}
	close(b.leave)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestCrowdOfANewSession: when its instance has started and is full with the first
// request, the others are refused, not kept waiting.
func TestCrowdOfANewSession(t *testing.T) {
	cfg := sessionConfig("")
	cfg.Function.Runtime, cfg.Function.InstanceConcurrency = "python3.10", 1
	w := newWorld(t, cfg)
	b := newBlocker(w)
	w.hold = make(chan struct{})
	done := make(chan error, 3)
	for range 3 {
		go func() { _, err := w.call("one"); done <- err }()
	}
	w.until("all wait", func() bool { return w.waiting() == 3 })
	close(w.hold)
	for range 2 {
		w.wantRefused(<-done, fc.CodeResourceExhausted)
	}
	close(b.leave)
	if err := <-done; err != nil || w.starts() != 1 {
		t.Errorf("%v, %d instances", err, w.starts())
	}
}

func TestSessionsExpire(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionIdleTimeoutInSeconds": 60, "sessionTTLInSeconds": 150`))
	w.session("a")
	w.session("b")
	w.clock.pass(50 * time.Second)
	w.session("a")
	w.clock.pass(20 * time.Second)
	w.wantStatus("a", fc.SessionActive, "i0")
	w.wantStatus("b", fc.SessionExpired, "")
	w.session("b") // begins again
	w.wantStatus("b", fc.SessionActive, "i0")
	w.clock.pass(35 * time.Second)
	w.session("a")
	w.clock.pass(50 * time.Second) // its life is over though it was used
	w.wantStatus("a", fc.SessionExpired, "")
	if n := len(w.pool.Sessions()); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

// TestExpiryIsSeenWithoutAskers: what the sessions held is free when they are over.
func TestExpiryIsSeenWithoutAskers(t *testing.T) {
	cfg := sessionConfig(`, "sessionIdleTimeoutInSeconds": 600`)
	cfg.IdleTimeout = 60 * time.Second
	w := newWorld(t, cfg)
	w.session("a")
	w.clock.pass(599 * time.Second)
	first := w.instances()[0]
	w.until("it is frozen", func() bool { return first.frozen() == 1 })
	if first.wasStopped() {
		t.Error("an instance with a session was stopped")
	}
	w.clock.pass(2 * time.Second)
	w.clock.pass(61 * time.Second)
	w.until("the instance ends", first.wasStopped)
	if w.clock.pending() > 1 {
		t.Errorf("%d alarms", w.clock.pending())
	}
}

func TestRequestKeepsASessionAlive(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionIdleTimeoutInSeconds": 5`))
	b := newBlocker(w)
	done := make(chan error, 1)
	go func() { _, err := w.call("a"); done <- err }()
	b.enter(t, 1)
	w.clock.pass(time.Minute)
	w.wantStatus("a", fc.SessionActive, "i0")
	close(b.leave)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.clock.pass(4 * time.Second)
	w.wantStatus("a", fc.SessionActive, "i0")
	w.clock.pass(2 * time.Second)
	w.wantStatus("a", fc.SessionExpired, "")
}

func TestIDsOfExpiredSessions(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionIdleTimeoutInSeconds": 5, "disableSessionIdReuse": true`))
	w.session("a")
	w.clock.pass(6 * time.Second)
	_, err := w.call("a")
	w.wantRefused(err, fc.CodeInvalidArgument)
	_, err = w.pool.CreateSession(t.Context(), "a", unchanged)
	w.wantRefused(err, fc.CodeInvalidArgument)
	if err := w.pool.DeleteSession("a"); err != nil { // forgets it
		t.Error(err)
	}
	w.session("a")
}

func unchanged(*instance.SessionSettings) error { return nil }

func TestExpiredSessionsAreForgottenInTheEnd(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionConcurrencyPerInstance": 200, "sessionIdleTimeoutInSeconds": 5`))
	const more = 10
	for n := range maxExpired + more {
		w.session(fmt.Sprint("s", n))
		if n%200 == 199 {
			w.clock.pass(10 * time.Second)
		}
	}
	w.clock.pass(10 * time.Second)
	if n := len(w.pool.Sessions()); n != maxExpired {
		t.Errorf("%d are remembered", n)
	}
}

// TestSessionOutlivesItsInstance: with the next request it gets another one.
func TestSessionOutlivesItsInstance(t *testing.T) {
	w := newWorld(t, sessionConfig(""))
	if at := w.session("a"); at != "i0" {
		t.Fatal(at)
	}
	w.instances()[0].Kill()
	w.until("it is gone", func() bool { return len(w.pool.Instances()) == 0 })
	w.wantStatus("a", fc.SessionActive, "")
	if at := w.session("a"); at != "i1" {
		t.Errorf("it is on %s", at)
	}
	w.wantStatus("a", fc.SessionActive, "i1")
}

// TestSessionThatNeverHadAnInstance isn't one.
func TestSessionThatNeverHadAnInstance(t *testing.T) {
	w := newWorld(t, sessionConfig(""))
	w.fail = errors.New("no")
	if _, err := w.call("a"); err == nil {
		t.Error("it has an instance")
	}
	w.wantStatus("a", "", "")
	if _, err := w.pool.CreateSession(t.Context(), "b", unchanged); err == nil {
		t.Error("it has an instance")
	}
	w.wantStatus("b", "", "")
	ctx, cancel := context.WithCancel(t.Context())
	w.fail, w.hold = nil, make(chan struct{})
	out := make(chan error, 1)
	go func() {
		_, err := w.pool.Invoke(ctx, &instance.Invocation{Session: &instance.SessionCall{ID: "c"}})
		out <- err
	}()
	w.until("it waits", func() bool { return w.waiting() == 1 })
	cancel()
	if err := <-out; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.wantStatus("c", "", "")
	close(w.hold)
}
