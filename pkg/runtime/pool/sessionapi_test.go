package pool

import (
	"errors"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

func TestCreateSession(t *testing.T) {
	w := newWorld(t, sessionConfig(""))
	s, err := w.pool.CreateSession(t.Context(), "a", func(s *instance.SessionSettings) error {
		if s.TTL != 6*time.Hour || s.Idle != 30*time.Minute {
			t.Errorf("%+v", s)
		}
		s.Idle = 5 * time.Second
		return nil
	})
	if err != nil || s.ID != "a" || s.InstanceID != "i0" || s.Status != fc.SessionActive || s.Idle != 5*time.Second || !s.Created.Equal(w.clock.now()) {
		t.Fatalf("%+v %v", s, err)
	}
	_, err = w.pool.CreateSession(t.Context(), "a", unchanged)
	w.wantRefused(err, codeSessionAlreadyExists)
	why := errors.New("no")
	if _, err := w.pool.CreateSession(t.Context(), "b", func(*instance.SessionSettings) error { return why }); !errors.Is(err, why) {
		t.Error(err)
	}
	w.wantStatus("b", "", "")
	if at := w.session("a"); at != "i0" {
		t.Errorf("it is on %s", at)
	}
	w.clock.pass(6 * time.Second)
	w.wantStatus("a", fc.SessionExpired, "")
	if _, err := w.pool.CreateSession(t.Context(), "a", unchanged); err != nil {
		t.Errorf("an expired one's id: %v", err)
	}
	w.wantStatus("a", fc.SessionActive, "i0")

	none := newWorld(t, instance.Config{Function: function(1)})
	_, err = none.pool.CreateSession(t.Context(), "a", unchanged)
	none.wantRefused(err, fc.CodeInvalidArgument)
}

func TestUpdateSession(t *testing.T) {
	w := newWorld(t, sessionConfig(""))
	w.session("a")
	w.clock.pass(time.Second)
	s, err := w.pool.UpdateSession("a", func(s *instance.SessionSettings) error { s.TTL = 10 * time.Second; return nil })
	if err != nil || s.TTL != 10*time.Second || !s.Modified.Equal(w.clock.now()) || s.Created.Equal(s.Modified) {
		t.Errorf("%+v %v", s, err)
	}
	why := errors.New("no")
	if _, err := w.pool.UpdateSession("a", func(s *instance.SessionSettings) error { s.TTL = 0; return why }); !errors.Is(err, why) {
		t.Error(err)
	}
	w.clock.pass(9500 * time.Millisecond)
	w.wantStatus("a", fc.SessionExpired, "")
	_, err = w.pool.UpdateSession("a", unchanged)
	w.wantRefused(err, fc.CodePreconditionFailed)
	_, err = w.pool.UpdateSession("none", unchanged)
	w.wantRefused(err, codeSessionNotFound)
}

// TestPausedSession takes no requests, isn't ended for being idle, and goes on where
// it was.
func TestPausedSession(t *testing.T) {
	w := newWorld(t, exclusive(`, "sessionIdleTimeoutInSeconds": 60`))
	w.session("a")
	s, err := w.pool.PauseSession("a")
	if err != nil || s.Status != fc.SessionPaused {
		t.Fatalf("%+v %v", s, err)
	}
	first := w.instances()[0]
	w.until("it is frozen", func() bool { return first.frozen() == 1 })
	_, err = w.call("a")
	w.wantRefused(err, fc.CodePreconditionFailed)
	w.clock.pass(time.Hour)
	w.wantStatus("a", fc.SessionPaused, "i0")
	if _, err := w.pool.PauseSession("a"); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if s, err = w.pool.ResumeSession("a"); err != nil || s.Status != fc.SessionActive {
		t.Errorf("%+v %v", s, err)
	}
	if at := w.session("a"); at != "i0" {
		t.Errorf("it is on %s", at)
	}
	w.clock.pass(6 * time.Hour)
	for _, do := range []func(string) (instance.Session, error){w.pool.PauseSession, w.pool.ResumeSession} {
		_, err := do("a")
		w.wantRefused(err, fc.CodePreconditionFailed)
		_, err = do("none")
		w.wantRefused(err, codeSessionNotFound)
	}
}

func TestBusySessionIsNotPaused(t *testing.T) {
	w := newWorld(t, exclusive(""))
	b := newBlocker(w)
	done := make(chan error, 1)
	go func() { _, err := w.call("a"); done <- err }()
	b.enter(t, 1)
	_, err := w.pool.PauseSession("a")
	w.wantRefused(err, fc.CodePreconditionFailed)
	close(b.leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSessionsThatPauseAndResumeThemselves(t *testing.T) {
	w := newWorld(t, exclusive(`, "sessionIdleTimeoutInSeconds": 60, "sessionTTLInSeconds": 1000`))
	if _, err := w.pool.CreateSession(t.Context(), "a", func(s *instance.SessionSettings) error {
		s.AutoPause, s.AutoResume = true, true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(61 * time.Second)
	w.wantStatus("a", fc.SessionPaused, "i0")
	if at := w.session("a"); at != "i0" {
		t.Errorf("it is on %s", at)
	}
	w.wantStatus("a", fc.SessionActive, "i0")
	w.clock.pass(1000 * time.Second)
	w.wantStatus("a", fc.SessionExpired, "")
}

// TestSessionWithMountsOfItsOwn gets an instance that was started with them, now and
// when that one has ended.
func TestSessionWithMountsOfItsOwn(t *testing.T) {
	cfg := exclusive("")
	cfg.Function.NASConfig, cfg.Function.OSSMountConfig = &fc.NASConfig{UserID: 1}, &fc.OSSMountConfig{}
	w := newWorld(t, cfg)
	own := func(s *instance.SessionSettings) error {
		s.NAS, s.Polar, s.Juice = &fc.NASConfig{UserID: 7}, &fc.PolarFSConfig{UserID: 8}, &fc.JuiceFSConfig{Envs: map[string]string{"A": "9"}}
		return nil
	}
	if err := w.pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := w.pool.CreateSession(t.Context(), "a", own)
	if err != nil || s.InstanceID != "i1" || s.NAS.UserID != 7 {
		t.Fatalf("%+v %v", s, err)
	}
	if at := w.session("a"); at != "i1" {
		t.Errorf("it is on %s", at)
	}
	if at := w.session("b"); at != "i0" {
		t.Errorf("another is on %s", at)
	}
	w.instances()[1].Kill()
	w.until("it is gone", func() bool { return len(w.pool.Instances()) == 1 })
	if at := w.session("a"); at != "i2" {
		t.Errorf("it is on %s", at)
	}
	for n, want := range []int{1, 7, 7} {
		if got := w.instances()[n].cfg.Function.NASConfig.UserID; got != want {
			t.Errorf("instance %d has the mounts of %d", n, got)
		}
	}
	if f := w.instances()[2].cfg.Function; f.PolarFSConfig.UserID != 8 || f.JuiceFSConfig.Envs["A"] != "9" || f.OSSMountConfig != cfg.Function.OSSMountConfig {
		t.Errorf("its instance has %+v", f)
	}
	if f := w.instances()[0].cfg.Function; f.PolarFSConfig != nil || f.JuiceFSConfig != nil {
		t.Errorf("another one has %+v", f)
	}
	for _, own := range []instance.SessionSettings{{NAS: &fc.NASConfig{}}, {OSS: &fc.OSSMountConfig{}}, {Polar: &fc.PolarFSConfig{}}, {Juice: &fc.JuiceFSConfig{}}} {
		if !own.OwnMounts() {
			t.Errorf("%+v are no mounts", own)
		}
	}
	w.mu.Lock()
	w.fail = errors.New("no such folder")
	w.mu.Unlock()
	if _, err := w.pool.CreateSession(t.Context(), "c", own); err == nil || err.Error() != "no such folder" {
		t.Error(err)
	}
	w.pool.max = 2
	w.mu.Lock()
	w.fail = nil
	w.mu.Unlock()
	_, err = w.pool.CreateSession(t.Context(), "d", own)
	w.wantRefused(err, fc.CodeResourceExhausted)
}

// TestSuccessorTakesTheSessions: a function that changed has other instances, but
// the same sessions.
func TestSuccessorTakesTheSessions(t *testing.T) {
	old := newWorld(t, sessionConfig(`, "sessionIdleTimeoutInSeconds": 100, "disableSessionIdReuse": true`))
	old.session("gone")
	old.clock.pass(101 * time.Second)
	old.session("a")
	all := old.pool.Leave()
	if len(all) != 2 || len(old.pool.Sessions()) != 0 {
		t.Fatalf("%+v", all)
	}
	next := newWorld(t, sessionConfig(""))
	next.clock.pass(101 * time.Second)
	next.pool.Adopt(all)
	next.wantStatus("a", fc.SessionActive, "")
	next.wantStatus("gone", fc.SessionExpired, "")
	_, err := next.call("gone")
	next.wantRefused(err, fc.CodeInvalidArgument)
	if at := next.session("a"); at != "i0" {
		t.Errorf("it is on %s", at)
	}
	next.clock.pass(101 * time.Second)
	next.wantStatus("a", fc.SessionExpired, "")

	cookie := sessionConfig("")
	cookie.Function.SessionAffinity = fc.AffinityCookie
	other := newWorld(t, cookie)
	other.pool.Adopt(all)
	if got := other.pool.Sessions(); len(got) != 0 {
		t.Errorf("sessions of another kind: %+v", got)
	}
	none := newWorld(t, instance.Config{Function: function(1)})
	none.pool.Adopt(all)
	if got := none.pool.Sessions(); len(got) != 0 {
		t.Errorf("a function without sessions: %+v", got)
	}
	next.pool.Drain(t.Context())
	_, err = next.pool.Session("a")
	if !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := next.pool.CreateSession(t.Context(), "z", unchanged); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
