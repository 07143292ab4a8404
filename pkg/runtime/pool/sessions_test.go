package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

func TestExclusiveSessions(t *testing.T) {
	w := newWorld(t, exclusive(`, "sessionConcurrencyPerInstance": 5, "sessionIdleTimeoutInSeconds": 5`))
	if err := w.pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, b := w.session("a"), w.session("b"); a != "i0" || b != "i1" {
		t.Errorf("%s %s", a, b)
	}
	if plain := w.session(""); plain != "i2" {
		t.Errorf("a call without session is on %s", plain)
	}
	if c := w.session("c"); c != "i3" {
		t.Errorf("a session is on %s, where others were", c)
	}
	w.clock.pass(6 * time.Second)
	all := w.instances()
	w.until("the instances end with their sessions", func() bool {
		return all[0].wasStopped() && all[1].wasStopped() && all[3].wasStopped()
	})
	if all[2].wasStopped() {
		t.Error("the one without sessions ended, too")
	}
	if a := w.session("a"); a != "i4" {
		t.Errorf("it began again on %s", a)
	}
}

func TestExclusiveSessionEndsAfterItsRequests(t *testing.T) {
	w := newWorld(t, exclusive(`, "sessionTTLInSeconds": 5`))
	b := newBlocker(w)
	done := make(chan error, 1)
	go func() { _, err := w.call("a"); done <- err }()
	b.enter(t, 1)
	w.clock.pass(6 * time.Second)
	w.wantStatus("a", fc.SessionExpired, "")
	first := w.instances()[0]
	if first.wasStopped() {
		t.Error("its request was ended")
	}
	close(b.leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.until("the instance ends", first.wasStopped)
}

func TestDeleteSession(t *testing.T) {
	shared := newWorld(t, sessionConfig(""))
	b := newBlocker(shared)
	done := make(chan error, 2)
	go func() { _, err := shared.call("a"); done <- err }()
	b.enter(t, 1)
	if err := shared.pool.DeleteSession("a"); err != nil {
		t.Error(err)
	}
	shared.wantStatus("a", "", "")
	close(b.leave)
	if err := <-done; err != nil {
		t.Errorf("what runs on a shared instance goes on: %v", err)
	}
	shared.wantRefused(shared.pool.DeleteSession("a"), codeSessionNotFound)

	own := newWorld(t, exclusive(""))
	b = newBlocker(own)
	go func() { _, err := own.call("a"); done <- err }()
	b.enter(t, 1)
	if err := own.pool.DeleteSession("a"); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("what runs on its own instance went on")
	}
	own.until("the instance is gone", func() bool { return len(own.pool.Instances()) == 0 })
}

func TestRequestIsolation(t *testing.T) {
	w := newWorld(t, instance.Config{Function: fc.Function{FunctionName: "f", InstanceConcurrency: 5, InstanceIsolationMode: fc.IsolationRequest}})
	if err := w.pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if got, want := w.invoke(), fmt.Sprint("i", n); got != want {
			t.Errorf("request %d ran on %s", n, got)
		}
	}
	all := w.instances()
	w.until("they have ended", func() bool { return all[0].wasStopped() && all[1].wasStopped() && all[2].wasStopped() })
	b := newBlocker(w)
	out := w.background(t.Context(), 3)
	b.enter(t, 3)
	close(b.leave)
	for range 3 {
		if o := get(t, out); o.err != nil {
			t.Error(o.err)
		}
	}
	for _, i := range w.instances() {
		if i.most > 1 || i.served > 1 {
			t.Errorf("%s served %d, %d at once", i.id, i.served, i.most)
		}
	}
}

// TestNamedSessions: the function gives the id while the first request runs.
func TestNamedSessions(t *testing.T) {
	for _, stream := range []bool{false, true} {
		cfg := sessionConfig("")
		cfg.Function.SessionAffinity = fc.AffinityMCPStreamable
		cfg.Function.SessionAffinityConfig = `{"sessionConcurrencyPerInstance": 1}`
		w := newWorld(t, cfg)
		named, leave := make(chan struct{}), make(chan struct{})
		first := &instance.SessionCall{Stream: stream}
		w.run = func(_ context.Context, i *fakeInstance, inv *instance.Invocation) (*instance.Result, error) {
			if inv.Session == first {
				first.Named("given")
				first.Named("again")
				close(named)
				<-leave
			}
			return &instance.Result{InstanceID: i.id}, nil
		}
		done := make(chan error, 1)
		go func() {
			_, err := w.pool.Invoke(t.Context(), &instance.Invocation{Session: first})
			done <- err
		}()
		<-named
		w.wantStatus("given", fc.SessionActive, "i0")
		w.wantStatus("again", "", "")
		if at := w.session("given"); at != "i0" {
			t.Errorf("it is on %s", at)
		}
		if at := w.session("other"); at != "i1" {
			t.Errorf("another is on %s", at)
		}
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if stream {
			w.wantStatus("given", "", "")
		} else {
			w.wantStatus("given", fc.SessionActive, "i0")
		}
	}
}

func TestNamelessSessionLeavesNothing(t *testing.T) {
	w := newWorld(t, sessionConfig(`, "sessionConcurrencyPerInstance": 1`))
	for range 3 {
		if at := w.session("-"); at == "" {
			t.Error("no instance")
		}
		if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{Session: &instance.SessionCall{}}); err != nil {
			t.Error(err)
		}
	}
	if all := w.pool.Sessions(); len(all) != 1 || w.starts() > 2 {
		t.Errorf("%+v, %d instances", all, w.starts())
	}
}

// TestSessionsUnderLoad has many requests in few sessions while instances die,
// sessions are deleted and expire: no session may ever be on two instances at once,
// and no instance may have more sessions than it takes.
func TestSessionsUnderLoad(t *testing.T) {
	for _, cfg := range []instance.Config{
		sessionConfig(`, "sessionConcurrencyPerInstance": 3, "sessionIdleTimeoutInSeconds": 1`),
		exclusive(`, "sessionIdleTimeoutInSeconds": 1`),
	} {
		w := newWorld(t, cfg)
		var mu sync.Mutex
		where, users := map[string]*fakeInstance{}, map[string]int{}
		w.run = func(_ context.Context, i *fakeInstance, inv *instance.Invocation) (*instance.Result, error) {
			id := inv.Session.ID
			mu.Lock()
			if old := where[id]; old != nil && old != i && users[id] > 0 && !ended(old) && !strings.HasPrefix(id, "d") {
				t.Errorf("session %s is on %s and %s", id, old.id, i.id)
			}
			where[id] = i
			users[id]++
			mu.Unlock()
			time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
			mu.Lock()
			users[id]--
			mu.Unlock()
			return &instance.Result{InstanceID: i.id}, nil
		}
		var wg sync.WaitGroup
		for n := range 16 {
			wg.Go(func() {
				for k := range 150 {
					id := fmt.Sprint("s", rand.IntN(8))
					switch {
					case k%50 == 49 && n == 0:
						if all := w.instances(); len(all) > 0 {
							all[rand.IntN(len(all))].Kill()
						}
					case k%10 == 9 && n < 4:
						id = fmt.Sprint("d", rand.IntN(4)) // those are deleted, so that they may be on two
						_ = w.pool.DeleteSession(id)       // or isn't there
					case k%20 == 19:
						w.clock.pass(200 * time.Millisecond)
					}
					if _, err := w.call(id); err != nil && !fc.IsCode(err, fc.CodeResourceExhausted) && !errors.Is(err, instance.ErrGone) {
						t.Errorf("%s: %v", id, err)
					}
				}
			})
		}
		wg.Wait()
		w.clock.pass(time.Hour)
		w.until("all instances end", func() bool { return len(w.pool.Instances()) == 0 })
		w.pool.mu.Lock()
		for id, s := range w.pool.book.open {
			if s.users != 0 || s.status != fc.SessionExpired {
				t.Errorf("session %s: %+v", id, s)
			}
		}
		w.pool.mu.Unlock()
		w.pool.Close()
	}
}

func ended(i *fakeInstance) bool {
	select {
	case <-i.done:
		return true
	default:
		return false
	}
}
