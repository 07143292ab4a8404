package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Domain is a stored custom domain. Its routes name functions as FC 3.0 does,
// whichever API made it; they needn't be there.
type Domain struct {
	Region string          `json:"region"`
	Domain fc.CustomDomain `json:"domain"`
}

// domainTables are the tables of custom domains.
const domainTables = `CREATE TABLE domains (name TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;`

// domains are custom domains by domainKey.
type domains map[string]*Domain

func (s *Store) loadDomains(ctx context.Context) error {
	s.domains = domains{}
	return eachDoc(ctx, s.db, "SELECT doc FROM domains", s.keepDomain)
}

// domainKey is how a domain is found: host names have no case.
func domainKey(name string) string { return strings.ToLower(name) }

func (s *Store) keepDomain(d *Domain) { s.domains[domainKey(d.Domain.DomainName)] = d }

// Domain finds a custom domain.
func (s *Store) Domain(region, name string) (*Domain, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if d, ok := s.domains[domainKey(name)]; ok && d.Region == region {
		return d, nil
	}
	return nil, &NotFoundError{Kind: KindDomain, Name: name}
}

// DomainByHost finds the custom domain that a host name, without port, is of, in
// whichever region: the one with that name, else the one of all names beside it
// (*.example.com).
func (s *Store) DomainByHost(host string) (*Domain, bool) {
	host = domainKey(host)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if d, ok := s.domains[host]; ok {
		return d, true
	}
	_, parent, ok := strings.Cut(host, ".")
	if !ok {
		return nil, false
	}
	d, ok := s.domains["*."+parent]
	return d, ok
}

// Domains lists the custom domains of a region by name.
func (s *Store) Domains(region string) []*Domain {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*Domain, 0, len(s.domains))
	for _, d := range s.domains {
		if d.Region == region {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *Domain) int { return cmp.Compare(a.Domain.DomainName, b.Domain.DomainName) })
	return out
}

// CreateDomain stores a new custom domain. A name is one domain in all regions.
func (s *Store) CreateDomain(d *Domain) error {
	defer s.lockDomain(d.Domain.DomainName)()
	s.mu.RLock()
	_, exists := s.domains[domainKey(d.Domain.DomainName)]
	s.mu.RUnlock()
	if exists {
		return &ExistsError{Kind: KindDomain, Name: d.Domain.DomainName}
	}
	return s.replaceDomain(d)
}

// UpdateDomain changes a copy of the stored custom domain and stores it; its name
// must stay.
func (s *Store) UpdateDomain(region, name string, change func(*Domain) error) (*Domain, error) {
	defer s.lockDomain(name)()
	old, err := s.Domain(region, name)
	if err != nil {
		return nil, err
	}
	d, err := clone(old)
	if err != nil {
		return nil, err
	}
	if err := change(d); err != nil {
		return nil, err
	}
	return d, s.replaceDomain(d)
}

func (s *Store) replaceDomain(d *Domain) error {
	name := domainKey(d.Domain.DomainName)
	err := s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO domains (name, doc) VALUES (?, ?)", d, name)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepDomain(d)
	return nil
}

// DeleteDomain removes a custom domain.
func (s *Store) DeleteDomain(region, name string) error {
	defer s.lockDomain(name)()
	if _, err := s.Domain(region, name); err != nil {
		return err
	}
	if err := s.exec("DELETE FROM domains WHERE name = ?", domainKey(name)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.domains, domainKey(name))
	return nil
}
