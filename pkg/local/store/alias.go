package store

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"

	"s/pkg/fc"
)

// Alias is a stored alias of versions of its owner.
type Alias struct {
	Region string   `json:"region"`
	Owner  string   `json:"owner"` // see Owner
	Alias  fc.Alias `json:"alias"`
}

// versions lists the versions that an alias leads to.
func (a *Alias) versions() []string {
	return append(slices.Sorted(maps.Keys(a.Alias.AdditionalVersionWeight)), a.Alias.VersionID)
}

// Choice is what an alias chooses one of its versions by, for one request.
type Choice struct {
	// Random gives numbers from 0 up to 1.
	Random func() float64
	// Header gives the headers of the request by their name; nil is a request without.
	Header func(name string) string
}

// choose gives the version for one request: each additional one as often as its
// weight says, the main one otherwise. By content, the additional one is for the
// requests that the alias's policy is met by, and for no other. nil always chooses the
// main one.
func (a *Alias) choose(by *Choice) string {
	if by == nil || len(a.Alias.AdditionalVersionWeight) == 0 {
		return a.Alias.VersionID
	}
	if a.Alias.ResolvePolicy == fc.ResolveContent {
		if a.Alias.RoutePolicy.Meets(by.Header) {
			return a.versions()[0]
		}
		return a.Alias.VersionID
	}
	left := by.Random()
	for _, id := range slices.Sorted(maps.Keys(a.Alias.AdditionalVersionWeight)) {
		if left -= a.Alias.AdditionalVersionWeight[id]; left < 0 {
			return id
		}
	}
	return a.Alias.VersionID
}

// Alias finds an alias of an owner that exists.
func (s *Store) Alias(region, owner, name string) (*Alias, error) {
	if err := s.ownerExists(region, owner); err != nil {
		return nil, err
	}
	return s.alias(region, owner, name)
}

func (s *Store) alias(region, owner, name string) (*Alias, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if h := s.histories[key{region, owner}]; h != nil && h.aliases[name] != nil {
		return h.aliases[name], nil
	}
	return nil, &NotFoundError{Kind: KindAlias, Name: name, Of: ownerName(owner)}
}

// Aliases lists the aliases of an owner by name.
func (s *Store) Aliases(region, owner string) ([]*Alias, error) {
	if err := s.ownerExists(region, owner); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	h := s.histories[key{region, owner}]
	if h == nil {
		return nil, nil
	}
	return slices.SortedFunc(maps.Values(h.aliases), func(a, b *Alias) int {
		return cmp.Compare(a.Alias.AliasName, b.Alias.AliasName)
	}), nil
}

// CreateAlias stores a new alias, whose versions must be there.
func (s *Store) CreateAlias(a *Alias) error {
	defer s.lockOwner(a.Region, a.Owner)()
	_, err := s.Alias(a.Region, a.Owner, a.Alias.AliasName)
	if err == nil {
		return &ExistsError{Kind: KindAlias, Name: a.Alias.AliasName, Of: ownerName(a.Owner)}
	}
	if err := s.ownerExists(a.Region, a.Owner); err != nil {
		return err
	}
	return s.putAlias(a, a.versions())
}

// UpdateAlias changes a copy of the stored alias and stores it. Versions that it
// leads to anew must be there.
func (s *Store) UpdateAlias(region, owner, name string, change func(*Alias) error) (*Alias, error) {
	defer s.lockOwner(region, owner)()
	old, err := s.Alias(region, owner, name)
	if err != nil {
		return nil, err
	}
	a, err := clone(old)
	if err != nil {
		return nil, err
	}
	if err := change(a); err != nil {
		return nil, err
	}
	known := old.versions()
	added := slices.DeleteFunc(a.versions(), func(id string) bool { return slices.Contains(known, id) })
	return a, s.putAlias(a, added)
}

// putAlias stores an alias if the given versions are there.
func (s *Store) putAlias(a *Alias, wanted []string) error {
	for _, id := range wanted {
		if _, err := s.version(a.Region, a.Owner, id); err != nil {
			return err
		}
	}
	err := s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO aliases (region, owner, name, doc) VALUES (?, ?, ?, ?)",
			a, a.Region, a.Owner, a.Alias.AliasName)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history(a.Region, a.Owner).aliases[a.Alias.AliasName] = a
	return nil
}

// DeleteAlias removes an alias unless check refuses.
func (s *Store) DeleteAlias(region, owner, name string, check func(*Alias) error) error {
	defer s.lockOwner(region, owner)()
	a, err := s.Alias(region, owner, name)
	if err != nil {
		return err
	}
	if err := check(a); err != nil {
		return err
	}
	if err := s.exec("DELETE FROM aliases WHERE region = ? AND owner = ? AND name = ?", region, owner, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.histories[key{region, owner}].aliases, name)
	return nil
}
