package store

import (
	"database/sql"
	"errors"
	"sync"
)

// committer puts changes of a database on disk. Those that come while others are put
// there wait, and are then put there together: in the order in which they came, in one
// transaction, with one sync.
type committer struct {
	db   *sql.DB
	path string

	write sync.Mutex // held by the one who commits
	mu    sync.Mutex
	next  *batch // of those that wait; nil if nobody does
}

// batch is what is committed together.
type batch struct {
	changes []*change
	done    chan struct{}
}

// change is one caller's.
type change struct {
	do  func(tx *sql.Tx) error
	err error // once the batch is done
}

// errNotCommitted is what the others are told if one who commits for them panics.
var errNotCommitted = errors.New("the change wasn't made, since another one broke off that was to be made with it: try it again")

// commit runs do in a transaction and returns when that is on disk. The first of those
// that wait commits for all. If one fails, all are run once more, each in a transaction of
// its own: so an error is that of this change, and undoes no other.
func (c *committer) commit(do func(tx *sql.Tx) error) error {
	own := &change{do: do, err: errNotCommitted}
	c.mu.Lock()
	first := c.next == nil
	if first {
		c.next = &batch{done: make(chan struct{})}
	}
	b := c.next
	b.changes = append(b.changes, own)
	c.mu.Unlock()
	if first {
		c.run(b)
	}
	<-b.done
	return own.err
}

// run commits a batch when nobody else commits: until then it grows.
func (c *committer) run(b *batch) {
	defer close(b.done)
	c.write.Lock()
	defer c.write.Unlock()
	c.mu.Lock()
	c.next = nil
	c.mu.Unlock()
	err := c.transaction(b.changes)
	for i, one := range b.changes {
		if err != nil && len(b.changes) > 1 {
			one.err = c.transaction(b.changes[i : i+1])
		} else {
			one.err = err
		}
	}
}

// transaction makes changes, all or none.
func (c *committer) transaction(changes []*change) error {
	tx, err := c.db.Begin()
	if err != nil {
		return classify(c.path, err)
	}
	defer tx.Rollback()
	for _, one := range changes {
		if err := one.do(tx); err != nil {
			return classify(c.path, err)
		}
	}
	return classify(c.path, tx.Commit())
}

// keyLocks has a lock for each thing that is being changed: who changes it holds the
// lock from looking at the state until the memory has the change, too.
type keyLocks struct {
	mu   sync.Mutex
	held map[lockKey]*keyLock
}

// lockKey names what is changed by one at a time.
type lockKey struct{ kind, region, name string }

type keyLock struct {
	sync.Mutex
	users int // who hold it or wait for it
}

// lock waits for the lock of a thing and gives what unlocks it.
func (k *keyLocks) lock(what lockKey) (unlock func()) {
	k.mu.Lock()
	if k.held == nil {
		k.held = map[lockKey]*keyLock{}
	}
	l := k.held[what]
	if l == nil {
		l = &keyLock{}
		k.held[what] = l
	}
	l.users++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(k.held, what)
		}
	}
}

// lockOwner is the lock of a function with all that belongs to it, or of its service with
// all functions: of whoever owns the versions.
func (s *Store) lockOwner(region, function string) (unlock func()) {
	return s.changing.lock(lockKey{KindFunction, region, Owner(function)})
}

// lockLayer is the lock of a layer with its versions.
func (s *Store) lockLayer(region, name string) (unlock func()) {
	return s.changing.lock(lockKey{KindLayer, region, name})
}

// lockDomain is the lock of a custom domain, in whichever region.
func (s *Store) lockDomain(name string) (unlock func()) {
	return s.changing.lock(lockKey{KindDomain, "", domainKey(name)})
}

// lockBucket is the lock of a bucket with its objects and uploads.
func (s *Store) lockBucket(name string) (unlock func()) {
	return s.changing.lock(lockKey{KindBucket, "", name})
}
