package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"s/pkg/fc"
)

// Version is a published version of its owner.
type Version struct {
	Region  string
	Owner   string // see Owner
	Version fc.Version

	id int

	mu      sync.Mutex
	content *copied // nil until it was needed
}

// copied is the copy that a version is.
type copied struct {
	Service   *Service    `json:"service,omitempty"` // of FC 2.0
	Functions []*Function `json:"functions"`
}

func newVersion(region, owner string, id int, description, created string) *Version {
	return &Version{Region: region, Owner: owner, id: id, Version: fc.Version{
		VersionID: strconv.Itoa(id), Description: description, CreatedTime: created, LastModifiedTime: created,
	}}
}

// Number is the version as a number.
func (v *Version) Number() int { return v.id }

// Versions lists the published versions of an owner, oldest first.
func (s *Store) Versions(region, owner string) ([]*Version, error) {
	if err := s.ownerExists(region, owner); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if h := s.histories[key{region, owner}]; h != nil {
		return h.versions, nil
	}
	return nil, nil
}

// version finds a version by its number.
func (s *Store) version(region, owner, id string) (*Version, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if h := s.histories[key{region, owner}]; h != nil {
		if i, found := h.find(id); found {
			return h.versions[i], nil
		}
	}
	return nil, &NotFoundError{Kind: KindVersion, Name: id, Of: ownerName(owner)}
}

// find gives the place of a version. The store is locked.
func (h *history) find(id string) (int, bool) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return 0, false
	}
	i, found := slices.BinarySearchFunc(h.versions, n, func(v *Version, n int) int { return v.id - n })
	return i, found && h.versions[i].Version.VersionID == id
}

// PublishVersion makes a version of what its owner is now. check sees the service
// of FC 2.0 first, and may refuse. Without a change since the last version that
// there is, the error is an *UnchangedError.
func (s *Store) PublishVersion(region, owner, description, now string, check func(*Service) error) (*Version, error) {
	defer s.lockOwner(region, owner)()
	current, err := s.current(region, owner)
	if err != nil {
		return nil, err
	}
	if current.Service != nil {
		if err := check(current.Service); err != nil {
			return nil, err
		}
	}
	all, err := s.Versions(region, owner)
	if err != nil {
		return nil, err
	}
	if len(all) > 0 {
		last := all[len(all)-1]
		before, err := s.contentOf(last)
		if err != nil {
			return nil, err
		}
		if same(before, current) {
			return nil, &UnchangedError{Owner: ownerName(owner), Version: last.Version.VersionID}
		}
	}
	s.mu.RLock()
	next := 1
	if h := s.histories[key{region, owner}]; h != nil {
		next = h.last + 1
	}
	s.mu.RUnlock()
	v := newVersion(region, owner, next, description, now)
	v.content = current
	return v, s.addVersion(v)
}

// current is what a version would be now.
func (s *Store) current(region, owner string) (*copied, error) {
	name, ok := strings.CutSuffix(owner, fc.ServiceSeparator)
	if !ok {
		f, err := s.Function(region, owner)
		return &copied{Functions: []*Function{f}}, err
	}
	service, err := s.Service(region, name)
	return &copied{Service: service, Functions: s.functionsOf(region, name)}, err
}

// same compares what counts for a version: tags, resource groups and the time of
// the change don't.
func same(a, b *copied) bool {
	left, err := json.Marshal(a.essence())
	if err != nil {
		return false
	}
	right, err := json.Marshal(b.essence())
	return err == nil && bytes.Equal(left, right)
}

func (c *copied) essence() *copied {
	out := &copied{}
	if c.Service != nil {
		service := *c.Service
		service.Service.LastModifiedTime, service.Tags, service.VPCIDs = "", nil, nil
		out.Service = &service
	}
	for _, f := range c.Functions {
		own := *f
		own.Revision, own.Function.LastModifiedTime = 0, ""
		own.Function.Tags, own.Function.ResourceGroupID = nil, ""
		out.Functions = append(out.Functions, &own)
	}
	return out
}

// needs counts what the functions of a version need.
func (c *copied) needs() map[use]int {
	all := map[use]int{}
	for _, f := range c.Functions {
		for _, u := range f.needs() {
			all[u]++
		}
	}
	return all
}

func (s *Store) addVersion(v *Version) error {
	err := s.commit(func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO histories (region, owner, last) VALUES (?, ?, ?)
			ON CONFLICT (region, owner) DO UPDATE SET last = excluded.last`, v.Region, v.Owner, v.id)
		if err != nil {
			return err
		}
		err = putDoc(tx, "INSERT INTO versions (region, owner, id, description, created, doc) VALUES (?, ?, ?, ?, ?, ?)",
			v.content, v.Region, v.Owner, v.id, v.Version.Description, v.Version.CreatedTime)
		if err != nil {
			return err
		}
		for u, times := range v.content.needs() {
			_, err := tx.Exec("INSERT INTO version_uses (region, owner, id, kind, what, uses) VALUES (?, ?, ?, ?, ?, ?)",
				v.Region, v.Owner, v.id, u.kind, u.what, times)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.history(v.Region, v.Owner)
	h.last = v.id
	h.versions = append(h.versions, v)
	for _, f := range v.content.Functions {
		s.count(f, 1)
	}
	return nil
}

// DeleteVersion removes a version, and the code that only it had. Aliases and
// triggers that lead to it stay, and lead nowhere, as on FC.
func (s *Store) DeleteVersion(region, owner, id string) error {
	defer s.lockOwner(region, owner)()
	if err := s.ownerExists(region, owner); err != nil {
		return err
	}
	v, err := s.version(region, owner, id)
	if err != nil {
		return err
	}
	had, err := s.contentOf(v)
	if err != nil {
		return err
	}
	if err := s.exec("DELETE FROM versions WHERE region = ? AND owner = ? AND id = ?", region, owner, v.id); err != nil {
		return err
	}
	s.mu.Lock()
	h := s.histories[key{region, owner}]
	i, _ := h.find(id)
	h.versions = slices.Concat(h.versions[:i:i], h.versions[i+1:])
	for _, f := range had.Functions {
		s.count(f, -1)
	}
	s.mu.Unlock()
	for _, f := range had.Functions {
		s.collect(f, nil)
	}
	return nil
}

// contentOf gives the copy that a version is, reading it if it wasn't needed yet.
func (s *Store) contentOf(v *Version) (*copied, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.content != nil {
		return v.content, nil
	}
	var doc []byte
	row := s.db.QueryRow("SELECT doc FROM versions WHERE region = ? AND owner = ? AND id = ?", v.Region, v.Owner, v.id)
	if err := row.Scan(&doc); err != nil {
		return nil, classify(s.database(), err)
	}
	c := &copied{}
	if err := json.Unmarshal(doc, c); err != nil {
		return nil, classify(s.database(), &unreadableError{err})
	}
	v.content = c
	return c, nil
}
