package store

import (
	"cmp"
	"database/sql"
	"slices"

	"s/pkg/fc"
)

// Scaling is how many instances a function may and is to have at a qualifier. What
// isn't configured is nil.
type Scaling struct {
	Region    string `json:"region"`
	Function  string `json:"function"` // name of the function
	Qualifier string `json:"qualifier"`
	// Concurrency is of all qualifiers, and stands at LATEST.
	Concurrency *fc.ConcurrencyConfig `json:"concurrency,omitempty"`
	Provision   *fc.ProvisionConfig   `json:"provision,omitempty"`
	Scaling     *fc.ScalingConfig     `json:"scaling,omitempty"`
	// MaxInstances is that of FC 2.0's on-demand configuration.
	MaxInstances *int `json:"maxInstances,omitempty"`
}

// place names what is configured of a function at a qualifier.
type place struct{ region, function, qualifier string }

func (c *Scaling) place() place { return place{c.Region, c.Function, c.Qualifier} }

func (c *Scaling) keepScaling(s *Store) {
	c.Qualifier = cmp.Or(c.Qualifier, fc.LatestQualifier) // there was no other once
	s.scaling[c.place()] = c
}

// Scaling is what was configured of a function at a qualifier; it is empty if
// nothing was.
func (s *Store) Scaling(region, function, qualifier string) *Scaling {
	qualifier = cmp.Or(qualifier, fc.LatestQualifier)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c, ok := s.scaling[place{region, function, qualifier}]; ok {
		return c
	}
	return &Scaling{Region: region, Function: function, Qualifier: qualifier}
}

// Scalings lists what was configured in a region, by function and qualifier.
func (s *Store) Scalings(region string) []*Scaling {
	return slices.DeleteFunc(s.Scaled(), func(c *Scaling) bool { return c.Region != region })
}

// ScalingsOf lists what was configured of a function, by qualifier.
func (s *Store) ScalingsOf(region, function string) []*Scaling {
	return slices.DeleteFunc(s.Scaled(), func(c *Scaling) bool { return c.Region != region || c.Function != function })
}

// Scaled lists what was configured in all regions.
func (s *Store) Scaled() []*Scaling {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*Scaling, 0, len(s.scaling))
	for _, c := range s.scaling {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Scaling) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Function, b.Function), cmp.Compare(a.Qualifier, b.Qualifier))
	})
	return out
}

// UpdateScaling changes a copy of what was configured of a function at a qualifier,
// both of which must exist, and stores it.
func (s *Store) UpdateScaling(region, function, qualifier string, change func(*Scaling)) (*Scaling, error) {
	defer s.lockOwner(region, function)()
	old := s.Scaling(region, function, qualifier)
	s.mu.RLock()
	_, configured := s.scaling[old.place()]
	s.mu.RUnlock()
	if !configured { // it may be taken off what is gone
		if _, err := s.Resolve(region, function, qualifier, nil); err != nil {
			return nil, err
		}
	}
	c, err := clone(old)
	if err != nil {
		return nil, err
	}
	change(c)
	err = s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO scaling (region, function, qualifier, doc) VALUES (?, ?, ?, ?)",
			c, region, function, c.Qualifier)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.keepScaling(s)
	return c, nil
}

// forgetScaling drops what was configured of a function. The store is locked.
func (s *Store) forgetScaling(region, function string) {
	for p := range s.scaling {
		if p.region == region && p.function == function {
			delete(s.scaling, p)
		}
	}
}
