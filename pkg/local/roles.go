package local

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"s/pkg/runtime/instance"
)

const (
	// roleWait is how long the set-up of a function waits for credentials of its
	// role; invocations never do.
	roleWait = 3 * time.Second
	// roleMargin is how long before their end credentials are renewed: what a
	// function got at its start must outlive its work.
	roleMargin = 15 * time.Minute
	// roleLook is how often that is looked at.
	roleLook = time.Minute
	// roleRetry is for how long nobody asks again after a failure.
	roleRetry = 30 * time.Second
	// roleForgotten is after how long without an invocation nobody renews.
	roleForgotten = 12 * time.Hour
)

// AssumeRole gets temporary credentials of a role, and when they end. The role is
// an ARN, acs:ram::<account>:role/<name>; its account is empty if it was that of the
// local cloud.
type AssumeRole func(ctx context.Context, role string) (instance.Keys, time.Time, error)

// roles keeps temporary credentials of functions' roles. Nil keeps none.
type roles struct {
	assume  AssumeRole
	account string // of the local cloud
	now     func() time.Time
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	start   sync.Once

	mu    sync.Mutex
	known map[string]*role
}

// role is what is known of a role's credentials.
type role struct {
	keys     instance.Keys
	until    time.Time
	used     time.Time
	retry    time.Time     // nobody asks before
	fetching chan struct{} // closed when that is done; nil if nobody asks
	problem  string        // not told yet
	told     bool          // a problem was, and nothing was better since
}

func newRoles(assume AssumeRole, account string, now func() time.Time) *roles {
	if assume == nil {
		return nil
	}
	r := &roles{assume: assume, account: account, now: now, known: map[string]*role{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// close ends what goes on.
func (r *roles) close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.cancel()
	r.mu.Unlock()
	r.wg.Wait()
}

// give has the instances of a function get credentials of its role, if it has one.
// It waits a moment for the first ones.
func (r *roles) give(cfg *instance.Config) {
	if r == nil || cfg.Function.Role == "" {
		return
	}
	arn := strings.Replace(cfg.Function.Role, ":ram::"+r.account+":", ":ram:::", 1)
	cfg.RoleKeys = func() (instance.Keys, string) { return r.keys(arn) }
	r.start.Do(func() { r.wg.Go(r.renewal) })
	r.prepare(arn)
}

// prepare waits for the first credentials of a role, or the failure to get them.
func (r *roles) prepare(arn string) {
	r.mu.Lock()
	fetching := r.current(arn).fetching
	r.mu.Unlock()
	if fetching == nil {
		return
	}
	timer := time.NewTimer(roleWait)
	defer timer.Stop()
	select {
	case <-fetching:
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

// keys gives a role's credentials as they are now; none if there are none. Problems
// are told once.
func (r *roles) keys(arn string) (instance.Keys, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.current(arn)
	warning := known.problem
	known.problem = ""
	if !r.now().Before(known.until) {
		return instance.Keys{}, warning
	}
	return known.keys, warning
}

// current gives what is known of a role, and has it renewed if it is time. It is
// locked.
func (r *roles) current(arn string) *role {
	known := r.known[arn]
	if known == nil {
		known = &role{}
		r.known[arn] = known
	}
	known.used = r.now()
	r.renew(arn, known)
	return known
}

// renew asks for new credentials, unless the old ones will do for a while, or
// somebody asks, or has just asked in vain. It is locked.
func (r *roles) renew(arn string, known *role) {
	now := r.now()
	if now.Add(roleMargin).Before(known.until) || known.fetching != nil || now.Before(known.retry) || r.ctx.Err() != nil {
		return
	}
	done := make(chan struct{})
	known.fetching = done
	r.wg.Go(func() {
		defer close(done)
		keys, until, err := r.assume(r.ctx, arn)
		r.mu.Lock()
		defer r.mu.Unlock()
		known.fetching = nil
		known.retry = r.now().Add(roleRetry)
		if err == nil {
			known.keys, known.until, known.told = keys, until, false
			return
		}
		if !known.told && !r.now().Before(known.until) {
			known.problem = fmt.Sprintf("no temporary credentials of role %s, the function gets keys that only the local cloud knows: %v", arn, err)
			known.told = true
		}
	})
}

// renewal renews what is in use, also after this machine has slept.
func (r *roles) renewal() {
	ticker := time.NewTicker(roleLook)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.renewAll()
		case <-r.ctx.Done():
			return
		}
	}
}

func (r *roles) renewAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for arn, known := range r.known {
		if r.now().Sub(known.used) < roleForgotten {
			r.renew(arn, known)
		}
	}
}
