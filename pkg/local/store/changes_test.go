package store

import (
	"errors"
	"sync"
	"testing"

	"s/pkg/fc"
)

// attempt is a change of a store, and how its effect is seen.
type attempt struct {
	name string
	do   func(s *Store) error
	seen func(s *Store) bool
}

// attempts change everything that a store keeps in memory.
func attempts() []attempt {
	gone := func(err error) bool { return as[*NotFoundError](err) }
	return []attempt{
		{
			"create a service", func(s *Store) error { return s.CreateService(service("new")) },
			func(s *Store) bool { _, err := s.Service("r", "new"); return !gone(err) },
		},
		{"change a service", func(s *Store) error {
			_, err := s.UpdateService("r", "svc", func(v *Service) error { v.Service.Role = "x"; return nil }, nil)
			return err
		}, func(s *Store) bool { v, _ := s.Service("r", "svc"); return v.Service.Role == "x" }},
		{"let a network call a service", func(s *Store) error {
			return s.UpdateServiceVPCs("r", "svc", func([]string) []string { return []string{"vpc"} })
		}, func(s *Store) bool { v, _ := s.Service("r", "svc"); return len(v.VPCIDs) > 0 }},
		{
			"delete a service", func(s *Store) error { return s.DeleteService("r", "empty", accept) },
			func(s *Store) bool { _, err := s.Service("r", "empty"); return gone(err) },
		},
		{
			"create a function", func(s *Store) error { return s.CreateFunction(function("new")) },
			func(s *Store) bool { return len(s.Functions("r")) > 3 },
		},
		{"change a function", func(s *Store) error {
			_, err := s.UpdateFunction("r", "f", func(f *Function) error { f.Function.Timeout = 9; return nil })
			return err
		}, func(s *Store) bool { f, _ := s.Function("r", "f"); return f.Function.Timeout == 9 }},
		{
			"delete a function", func(s *Store) error { return s.DeleteFunction("r", "g", accept) },
			func(s *Store) bool { return len(s.Functions("r")) < 3 },
		},
		{
			"create a trigger", func(s *Store) error { return s.CreateTrigger(trigger("f", "new", "LATEST", "new"), accept) },
			func(s *Store) bool { _, err := s.TriggerByHost("r", "new"); return !gone(err) },
		},
		{"change a trigger", func(s *Store) error {
			_, err := s.UpdateTrigger("r", "f", "t", func(v *Trigger) error { v.Trigger.Description = "x"; return nil })
			return err
		}, func(s *Store) bool { v, _ := s.Trigger("r", "f", "t"); return v.Trigger.Description == "x" }},
		{
			"delete a trigger", func(s *Store) error { return s.DeleteTrigger("r", "f", "t", accept) },
			func(s *Store) bool { return len(s.Triggers("r", "f")) == 0 },
		},
		{"publish a version", func(s *Store) error {
			_, err := s.PublishVersion("r", "f", "", "now", accept)
			return err
		}, func(s *Store) bool { all, _ := s.Versions("r", "f"); return len(all) > 1 }},
		{
			"delete a version", func(s *Store) error { return s.DeleteVersion("r", "f", "1") },
			func(s *Store) bool { all, _ := s.Versions("r", "f"); return len(all) == 0 },
		},
		{
			"create an alias", func(s *Store) error { return s.CreateAlias(alias("f", "new", "1", nil)) },
			func(s *Store) bool { _, err := s.Alias("r", "f", "new"); return !gone(err) },
		},
		{"change an alias", func(s *Store) error {
			_, err := s.UpdateAlias("r", "f", "a", func(v *Alias) error { v.Alias.Description = "x"; return nil })
			return err
		}, func(s *Store) bool { v, _ := s.Alias("r", "f", "a"); return v.Alias.Description == "x" }},
		{
			"delete an alias", func(s *Store) error { return s.DeleteAlias("r", "f", "a", accept) },
			func(s *Store) bool { _, err := s.Alias("r", "f", "a"); return gone(err) },
		},
		{"scale", func(s *Store) error {
			_, err := s.UpdateScaling("r", "f", "", func(c *Scaling) { c.Concurrency = &fc.ConcurrencyConfig{} })
			return err
		}, func(s *Store) bool { return s.Scaling("r", "f", "").Concurrency != nil }},
		{"admit", func(s *Store) error {
			_, err := s.UpdateAdmission("r", "f", func(a *Admission) { a.VPCIDs = []string{"vpc"} })
			return err
		}, func(s *Store) bool { return len(s.Admission("r", "f").VPCIDs) > 0 }},
		{"configure asynchronous invocations", func(s *Store) error {
			return s.PutAsyncConfig(&AsyncConfig{Region: "r", Function: "f", Qualifier: "new"})
		}, func(s *Store) bool { _, err := s.AsyncConfig("r", "f", "new"); return !gone(err) }},
		{
			"take that away", func(s *Store) error { return s.DeleteAsyncConfig("r", "f", "LATEST") },
			func(s *Store) bool { _, err := s.AsyncConfig("r", "f", "LATEST"); return gone(err) },
		},
		{
			"publish a layer", func(s *Store) error { return s.PublishLayer(&LayerVersion{Region: "r", Name: "l"}) },
			func(s *Store) bool { return len(s.LayerVersions("r", "l")) > 1 },
		},
		{
			"make a layer public", func(s *Store) error { return s.SetLayerPublic("r", "l", true) },
			func(s *Store) bool { l, err := s.Layer("r", "l"); return err == nil && l.Public },
		},
		{
			"delete a layer's version", func(s *Store) error { return s.DeleteLayerVersion("r", "l", 1) },
			func(s *Store) bool { return len(s.LayerVersions("r", "l")) == 0 },
		},
		{
			"create a domain", func(s *Store) error { return s.CreateDomain(domain("r", "new.example.com")) },
			func(s *Store) bool { _, found := s.DomainByHost("new.example.com"); return found },
		},
		{"change a domain", func(s *Store) error {
			_, err := s.UpdateDomain("r", "a.example.com", func(d *Domain) error { d.Domain.Protocol = "HTTPS"; return nil })
			return err
		}, func(s *Store) bool { d, _ := s.DomainByHost("a.example.com"); return d.Domain.Protocol == "HTTPS" }},
		{
			"delete a domain", func(s *Store) error { return s.DeleteDomain("r", "a.example.com") },
			func(s *Store) bool { _, found := s.DomainByHost("a.example.com"); return !found },
		},
	}
}

// furnished is a store that has one of everything.
func furnished(t *testing.T) *Store {
	t.Helper()
	s := open(t, t.TempDir())
	must(t, s.CreateService(service("svc")), s.CreateService(service("empty")), s.CreateFunction(function("svc$f")),
		s.CreateFunction(function("f")), s.CreateFunction(function("g")), s.CreateTrigger(trigger("f", "t", "LATEST", "host"), accept),
		s.PublishLayer(&LayerVersion{Region: "r", Name: "l"}), s.CreateDomain(domain("r", "a.example.com")),
		s.PutAsyncConfig(&AsyncConfig{Region: "r", Function: "f", Qualifier: "LATEST"}))
	release(t, s, "f")
	describe(t, s, "f", "after version 1")
	must(t, s.CreateAlias(alias("f", "a", "1", nil)))
	return s
}

// Nobody sees a change before it is on disk, and everybody once it is acknowledged.
func TestSeenOnceOnDisk(t *testing.T) {
	t.Parallel()
	for _, a := range attempts() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			s := furnished(t)
			if a.seen(s) {
				t.Fatal("it is seen before it is made")
			}
			atOnce(&s.commits, func() {
				if err := a.do(s); err != nil {
					t.Error(err)
				}
				if !a.seen(s) {
					t.Error("it isn't seen when it is acknowledged")
				}
			}, func() {
				if a.seen(s) {
					t.Error("it is seen before it is on disk")
				}
			})
			if !a.seen(reopen(t, s)) {
				t.Error("it isn't on disk")
			}
			if n := len(s.changing.held); n > 0 {
				t.Errorf("%d locks are kept", n)
			}
		})
	}
}

// A change that isn't made on disk isn't made in memory.
func TestNotSeenIfNotOnDisk(t *testing.T) {
	t.Parallel()
	for _, a := range attempts() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			s := furnished(t)
			_, err := s.db.Exec("PRAGMA query_only = 1")
			must(t, err)
			if err := a.do(s); !says("readonly")(err) {
				t.Errorf("err = %v", err)
			}
			if a.seen(s) {
				t.Error("it is seen")
			}
		})
	}
}

// Changes of the same thing wait for each other, and the second is held against what the
// first has made.
func TestSameThingAtOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		first, second func(s *Store) error
		key           lockKey
		want          func(error) bool
	}{
		{
			"create twice", func(s *Store) error { return s.CreateFunction(function("new")) },
			func(s *Store) error { return s.CreateFunction(function("new")) },
			lockKey{KindFunction, "r", "new"},
			as[*ExistsError],
		},
		{
			"create a function, delete its service", func(s *Store) error { return s.CreateFunction(function("empty$new")) },
			func(s *Store) error { return s.DeleteService("r", "empty", accept) },
			lockKey{KindFunction, "r", "empty$"},
			as[*NotEmptyError],
		},
		{
			"delete a service, create a function in it", func(s *Store) error { return s.DeleteService("r", "empty", accept) },
			func(s *Store) error { return s.CreateFunction(function("empty$new")) },
			lockKey{KindFunction, "r", "empty$"},
			as[*NotFoundError],
		},
		{
			"create a trigger, delete its function", func(s *Store) error { return s.CreateTrigger(trigger("g", "t", "LATEST", ""), accept) },
			func(s *Store) error { return s.DeleteFunction("r", "g", accept) },
			lockKey{KindFunction, "r", "g"},
			as[*NotEmptyError],
		},
		{
			"delete a function, scale it", func(s *Store) error { return s.DeleteFunction("r", "g", accept) },
			func(s *Store) error { _, err := s.UpdateScaling("r", "g", "", func(*Scaling) {}); return err },
			lockKey{KindFunction, "r", "g"},
			as[*NotFoundError],
		},
		{"publish a version of a service, delete it", func(s *Store) error {
			_, err := s.PublishVersion("r", "empty$", "", "now", accept)
			return err
		}, func(s *Store) error { return s.DeleteService("r", "empty", accept) }, lockKey{KindFunction, "r", "empty$"}, as[*NotEmptyError]},
		{
			"delete a version, lead an alias to it", func(s *Store) error { return s.DeleteVersion("r", "f", "1") },
			func(s *Store) error { return s.CreateAlias(alias("f", "new", "1", nil)) },
			lockKey{KindFunction, "r", "f"},
			as[*NotFoundError],
		},
		{
			"the same domain in two regions", func(s *Store) error { return s.CreateDomain(domain("r", "new.example.com")) },
			func(s *Store) error { return s.CreateDomain(domain("q", "NEW.example.com")) },
			lockKey{KindDomain, "", "new.example.com"},
			as[*ExistsError],
		},
		{"put an object, delete its bucket", func(s *Store) error {
			return s.CreateUpload(&Upload{ID: "u", Bucket: "bucket", Name: "o"})
		}, func(s *Store) error { return s.DeleteBucket("bucket") }, lockKey{KindBucket, "", "bucket"}, as[*NotEmptyError]},
		{
			"delete a layer's version twice", func(s *Store) error { return s.DeleteLayerVersion("r", "l", 1) },
			func(s *Store) error { return s.DeleteLayerVersion("r", "l", 1) },
			lockKey{KindLayer, "r", "l"},
			as[*NotFoundError],
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := furnished(t)
			newBucket(t, s, "bucket")
			var first, second error
			var other sync.WaitGroup
			atOnce(&s.commits, func() { first = tt.first(s) }, func() {
				other.Go(func() { second = tt.second(s) })
				until(func() bool { return s.changing.users(tt.key) == 2 })
			})
			other.Wait()
			if first != nil || !tt.want(second) {
				t.Errorf("the first %v, the second %v", first, second)
			}
		})
	}
}

// users is how many hold a lock or wait for it.
func (k *keyLocks) users(what lockKey) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.held[what]; l != nil {
		return l.users
	}
	return 0
}

// Who changes one thing doesn't keep others from changing another.
func TestOtherThingsDoNotWait(t *testing.T) {
	t.Parallel()
	s := furnished(t)
	_, err := s.UpdateFunction("r", "f", func(*Function) error {
		return errors.Join(s.CreateFunction(function("other")), s.CreateDomain(domain("r", "other.example.com")),
			s.PublishLayer(&LayerVersion{Region: "r", Name: "f"}), s.DeleteFunction("r", "g", accept))
	})
	must(t, err)
	if got := len(reopen(t, s).Functions("r")); got != 3 {
		t.Errorf("%d functions, want 3", got)
	}
}
