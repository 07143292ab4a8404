package local

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

// roleWorld is a world of roles: what asks, and when.
type roleWorld struct {
	*roles
	mu    sync.Mutex
	time  time.Time
	asked []string
	err   error
	hold  chan struct{}
}

func newRoleWorld(t *testing.T) *roleWorld {
	s := &roleWorld{time: time.Unix(1_700_000_000, 0)}
	s.roles = newRoles(s.answer, "77", func() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.time })
	t.Cleanup(s.close)
	return s
}

func (s *roleWorld) answer(ctx context.Context, role string) (instance.Keys, time.Time, error) {
	s.mu.Lock()
	s.asked = append(s.asked, role)
	n, hold, err, until := len(s.asked), s.hold, s.err, s.time.Add(time.Hour)
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	return instance.Keys{AccessKeyID: fmt.Sprint("k", n)}, until, err
}

func (s *roleWorld) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

func (s *roleWorld) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *roleWorld) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// settled waits until nobody asks any more.
func (s *roleWorld) settled(arn string) {
	s.roles.mu.Lock()
	fetching := s.known[arn].fetching
	s.roles.mu.Unlock()
	if fetching != nil {
		<-fetching
	}
}

const someRole = "acs:ram::1:role/r"

func (s *roleWorld) config(t *testing.T, role string) func() (instance.Keys, string) {
	t.Helper()
	cfg := instance.Config{Function: fc.Function{Role: role}}
	s.give(&cfg)
	return cfg.RoleKeys
}

// want looks at the next credentials; the ones after are asked for in the background.
func (s *roleWorld) want(t *testing.T, keys func() (instance.Keys, string), id, warning string) {
	t.Helper()
	k, w := keys()
	if k.AccessKeyID != id || (w == "") != (warning == "") || !strings.Contains(w, warning) {
		t.Errorf("%q %q, want %q %q", k.AccessKeyID, w, id, warning)
	}
	s.settled(someRole)
}

func TestRolesAreKeptAndRenewed(t *testing.T) {
	s := newRoleWorld(t)
	keys := s.config(t, someRole)
	s.want(t, keys, "k1", "")
	s.want(t, s.config(t, someRole), "k1", "")
	s.pass(44 * time.Minute)
	s.want(t, keys, "k1", "")
	s.pass(2 * time.Minute) // less than the margin is left
	s.want(t, keys, "k1", "")
	s.want(t, keys, "k2", "")
	if s.count() != 2 {
		t.Errorf("asked for %v", s.asked)
	}
	s.pass(50 * time.Minute)
	s.renewAll() // nobody calls, but the clock looks
	s.settled(someRole)
	s.want(t, keys, "k3", "")
	s.pass(13 * time.Hour)
	s.renewAll() // nobody has called for long
	if s.count() != 3 {
		t.Errorf("asked for %v", s.asked)
	}
}

func TestRolesWhenSTSFails(t *testing.T) {
	s := newRoleWorld(t)
	s.fail(errors.New("the network is away"))
	keys := s.config(t, someRole)
	s.want(t, keys, "", "the network is away")
	s.want(t, keys, "", "") // once is enough
	if s.count() != 1 {
		t.Errorf("asked %d times at once", s.count())
	}
	s.pass(31 * time.Second)
	s.want(t, keys, "", "")
	if s.count() != 2 {
		t.Errorf("asked %d times", s.count())
	}
	s.want(t, keys, "", "")
	s.fail(nil)
	s.pass(31 * time.Second)
	s.want(t, keys, "", "")
	s.want(t, keys, "k3", "")
	s.fail(errors.New("away again"))
	s.pass(46 * time.Minute)
	s.want(t, keys, "k3", "") // those that are there still do
	s.want(t, keys, "k3", "")
	s.pass(15 * time.Minute)
	s.want(t, keys, "", "")
	s.want(t, keys, "", "away again")
}

// TestInvocationsDoNotWaitForSTS: only the set-up does, and not for long.
func TestInvocationsDoNotWaitForSTS(t *testing.T) {
	s := newRoleWorld(t)
	s.hold = make(chan struct{})
	ready := make(chan func() (instance.Keys, string))
	go func() { ready <- s.config(t, someRole) }()
	for s.count() == 0 {
		time.Sleep(time.Millisecond)
	}
	other := instance.Config{Function: fc.Function{Role: someRole}}
	if k, w := s.keys(someRole); k.AccessKeyID != "" || w != "" {
		t.Errorf("%v %q", k, w)
	}
	close(s.hold)
	(<-ready)()
	s.give(&other)
	if k, _ := other.RoleKeys(); k.AccessKeyID != "k1" || s.count() != 1 {
		t.Errorf("%v, asked %d times", k, s.count())
	}
}

func TestRolesOfFunctionsWithout(t *testing.T) {
	s := newRoleWorld(t)
	if s.config(t, "") != nil || s.count() != 0 {
		t.Errorf("a function without a role: asked for %v", s.asked)
	}
	none := newRoles(nil, "1", time.Now)
	cfg := instance.Config{Function: fc.Function{Role: someRole}}
	none.give(&cfg)
	none.close()
	if cfg.RoleKeys != nil {
		t.Error("roles where nobody asked for them")
	}
}

// TestRoleOfTheLocalAccount: its name counts, the account is the keys'.
func TestRoleOfTheLocalAccount(t *testing.T) {
	s := newRoleWorld(t)
	s.config(t, "acs:ram::77:role/r")
	if len(s.asked) != 1 || s.asked[0] != "acs:ram:::role/r" {
		t.Errorf("asked for %v", s.asked)
	}
}
