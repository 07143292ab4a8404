package instance

import (
	"cmp"
	"time"

	"s/pkg/fc"
)

// SessionCall says which session an invocation belongs to.
type SessionCall struct {
	// ID of the session, which begins with its first invocation. Empty is a session
	// whose id the function itself gives, while the invocation runs: see Named.
	ID string
	// Existing is an invocation that begins no session: without one of that ID, it
	// belongs to none.
	Existing bool
	// Stream is a session that ends with the invocation which began it.
	Stream bool
	// Named tells the id of a session that had none. The pool sets it before the
	// instance gets the invocation.
	Named func(id string)
	// Learn, if set, finds the id in what the invocation gave; empty is none.
	Learn func(*Result) string
}

// Session is a session as the pool of its function has it.
type Session struct {
	ID         string
	Affinity   string // fc.Affinity…
	Status     string // fc.Session…
	InstanceID string // empty if no instance has been bound, or it ended
	Created    time.Time
	Modified   time.Time
	SessionSettings
}

// SessionSettings are what a session can have of its own.
type SessionSettings struct {
	TTL          time.Duration // of its life; 0 is no bound
	Idle         time.Duration // without a request; 0 is no bound
	DisableReuse bool          // refuse its id when it has expired
	AutoPause    bool          // pause it when it has been idle, instead of ending it
	AutoResume   bool          // resume it when a request comes
	// These are mounted for this session alone, in the place of the function's.
	NAS   *fc.NASConfig
	OSS   *fc.OSSMountConfig
	Polar *fc.PolarFSConfig
	Juice *fc.JuiceFSConfig
}

// OwnMounts reports whether the session needs an instance that was started for it.
func (s *SessionSettings) OwnMounts() bool {
	return s.NAS != nil || s.OSS != nil || s.Polar != nil || s.Juice != nil
}

// Mount puts the session's mounts in the place of those of a function.
func (s *SessionSettings) Mount(f *fc.Function) {
	f.NASConfig, f.OSSMountConfig = cmp.Or(s.NAS, f.NASConfig), cmp.Or(s.OSS, f.OSSMountConfig)
	f.PolarFSConfig, f.JuiceFSConfig = cmp.Or(s.Polar, f.PolarFSConfig), cmp.Or(s.Juice, f.JuiceFSConfig)
}
