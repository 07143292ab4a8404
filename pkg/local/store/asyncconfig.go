package store

import (
	"cmp"
	"database/sql"
	"slices"

	"s/pkg/fc"
)

// AsyncConfig is how the asynchronous invocations of a function are handled, for
// one qualifier.
type AsyncConfig struct {
	Region    string         `json:"region"`
	Function  string         `json:"function"` // name of the function
	Qualifier string         `json:"qualifier"`
	Config    fc.AsyncConfig `json:"config"`
	Created   string         `json:"created"`
	Modified  string         `json:"modified"`
}

// asyncTables is a step of the schema.
const asyncTables = `
CREATE TABLE async_configs (
  region TEXT NOT NULL, function TEXT NOT NULL, qualifier TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, function, qualifier),
  FOREIGN KEY (region, function) REFERENCES functions (region, name) ON DELETE CASCADE) WITHOUT ROWID;
`

func (c *AsyncConfig) keepAsync(s *Store) {
	k := key{c.Region, c.Function}
	if s.async[k] == nil {
		s.async[k] = map[string]*AsyncConfig{}
	}
	s.async[k][c.Qualifier] = c
}

// AsyncConfig is what was configured of a function's qualifier; *NotFoundError if
// nothing was.
func (s *Store) AsyncConfig(region, function, qualifier string) (*AsyncConfig, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c, ok := s.async[key{region, function}][qualifier]; ok {
		return c, nil
	}
	return nil, &NotFoundError{Kind: KindAsyncConfig, Name: function}
}

// AsyncConfigs lists the configurations of a region by function and qualifier.
func (s *Store) AsyncConfigs(region string) []*AsyncConfig {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []*AsyncConfig
	for k, of := range s.async {
		for _, c := range of {
			if k.region == region {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b *AsyncConfig) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Qualifier, b.Qualifier))
	})
	return out
}

// PutAsyncConfig stores the configuration of a function that exists. That
// of when it was made stays.
func (s *Store) PutAsyncConfig(c *AsyncConfig) error {
	defer s.lockOwner(c.Region, c.Function)()
	if _, err := s.Function(c.Region, c.Function); err != nil {
		return err
	}
	if old, err := s.AsyncConfig(c.Region, c.Function, c.Qualifier); err == nil {
		c.Created = old.Created
	}
	err := s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO async_configs (region, function, qualifier, doc) VALUES (?, ?, ?, ?)",
			c, c.Region, c.Function, c.Qualifier)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.keepAsync(s)
	return nil
}

// DeleteAsyncConfig removes a configuration; none is no error, as long as the
// function exists.
func (s *Store) DeleteAsyncConfig(region, function, qualifier string) error {
	defer s.lockOwner(region, function)()
	if _, err := s.Function(region, function); err != nil {
		return err
	}
	err := s.exec("DELETE FROM async_configs WHERE region = ? AND function = ? AND qualifier = ?", region, function, qualifier)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.async[key{region, function}], qualifier)
	return nil
}
