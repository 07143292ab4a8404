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
