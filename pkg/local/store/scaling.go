package store

import (
	"database/sql"

	"s/pkg/fc"
)

// Scaling is how many instances a function may and is to have. What isn't
// configured is nil.
type Scaling struct {
	Region      string                `json:"region"`
	Function    string                `json:"function"` // name of the function
	Concurrency *fc.ConcurrencyConfig `json:"concurrency,omitempty"`
	Provision   *fc.ProvisionConfig   `json:"provision,omitempty"`
	Scaling     *fc.ScalingConfig     `json:"scaling,omitempty"`
	// MaxInstances is that of FC 2.0's on-demand configuration.
	MaxInstances *int `json:"maxInstances,omitempty"`
}

func (c *Scaling) keepScaling(s *Store) { s.scaling[key{c.Region, c.Function}] = c }

// Scaling is what was configured of a function; it is empty if nothing was.
func (s *Store) Scaling(region, function string) *Scaling {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c, ok := s.scaling[key{region, function}]; ok {
		return c
	}
	return &Scaling{Region: region, Function: function}
}

// Scalings lists the functions of a region for which something was configured, by
// name.
func (s *Store) Scalings(region string) []*Scaling {
	return list(s, s.scaling, region, func(c *Scaling) string { return c.Function })
}

// Scaled lists the functions for which something was configured, in all regions.
func (s *Store) Scaled() []*Scaling {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*Scaling, 0, len(s.scaling))
	for _, c := range s.scaling {
		out = append(out, c)
	}
	return out
}

// UpdateScaling changes a copy of what was configured of a function that exists
// and stores it.
func (s *Store) UpdateScaling(region, function string, change func(*Scaling)) (*Scaling, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if _, err := s.Function(region, function); err != nil {
		return nil, err
	}
	c, err := clone(s.Scaling(region, function))
	if err != nil {
		return nil, err
	}
	change(c)
	err = s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO scaling (region, function, doc) VALUES (?, ?, ?)", c, region, function)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.keepScaling(s)
	return c, nil
}
