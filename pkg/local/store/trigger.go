package store

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"

	"s/pkg/fc"
)

// Trigger is a stored trigger of a function.
type Trigger struct {
	Region   string     `json:"region"`
	Function string     `json:"function"` // name of the function
	Trigger  fc.Trigger `json:"trigger"`
	// HTTP is the parsed configuration of an HTTP trigger.
	HTTP *fc.HTTPTriggerConfig `json:"http,omitempty"`
	// Host is the first label of an HTTP trigger's host name.
	Host string `json:"host,omitempty"`
}

func (t *Trigger) key() key { return key{t.Region, t.Function} }

func (s *Store) keepTrigger(t *Trigger) {
	if s.triggers[t.key()] == nil {
		s.triggers[t.key()] = map[string]*Trigger{}
	}
	s.triggers[t.key()][t.Trigger.TriggerName] = t
	if t.Host != "" {
		s.hosts[key{t.Region, t.Host}] = t
	}
}

// Trigger finds a trigger of a function that exists.
func (s *Store) Trigger(region, function, name string) (*Trigger, error) {
	if _, err := s.Function(region, function); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t, ok := s.triggers[key{region, function}][name]; ok {
		return t, nil
	}
	return nil, &NotFoundError{Kind: KindTrigger, Name: name}
}

// Triggers lists the triggers of a function by name.
func (s *Store) Triggers(region, function string) []*Trigger {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.triggers[key{region, function}]), func(a, b *Trigger) int {
		return cmp.Compare(a.Trigger.TriggerName, b.Trigger.TriggerName)
	})
}

// HTTPTrigger finds a function's HTTP trigger of a qualifier.
func (s *Store) HTTPTrigger(region, function, qualifier string) (*Trigger, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.triggers[key{region, function}] {
		if t.HTTP != nil && t.Trigger.Qualifier == qualifier {
			return t, nil
		}
	}
	return nil, &NotFoundError{Kind: KindTrigger, Name: fc.TriggerHTTP}
}

// TriggerByHost finds an HTTP trigger by the first label of its host name.
func (s *Store) TriggerByHost(region, label string) (*Trigger, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t, ok := s.hosts[key{region, label}]; ok {
		return t, nil
	}
	return nil, &NotFoundError{Kind: KindTrigger, Name: label}
}

// CreateTrigger stores a new trigger; check sees the function's other ones
// first and may refuse.
func (s *Store) CreateTrigger(t *Trigger, check func(others []*Trigger) error) error {
	defer s.lockOwner(t.Region, t.Function)()
	_, err := s.Trigger(t.Region, t.Function, t.Trigger.TriggerName)
	if err == nil {
		return &ExistsError{Kind: KindTrigger, Name: t.Trigger.TriggerName}
	}
	if _, err := s.Function(t.Region, t.Function); err != nil {
		return err
	}
	if err := check(s.Triggers(t.Region, t.Function)); err != nil {
		return err
	}
	return s.replaceTrigger(t)
}

// UpdateTrigger changes a copy of the stored trigger and stores it.
func (s *Store) UpdateTrigger(region, function, name string, change func(*Trigger) error) (*Trigger, error) {
	defer s.lockOwner(region, function)()
	old, err := s.Trigger(region, function, name)
	if err != nil {
		return nil, err
	}
	t, err := clone(old)
	if err != nil {
		return nil, err
	}
	if err := change(t); err != nil {
		return nil, err
	}
	return t, s.replaceTrigger(t)
}

func (s *Store) replaceTrigger(t *Trigger) error {
	err := s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO triggers (region, function, name, doc) VALUES (?, ?, ?, ?)",
			t, t.Region, t.Function, t.Trigger.TriggerName)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepTrigger(t)
	return nil
}

// DeleteTrigger removes a trigger.
func (s *Store) DeleteTrigger(region, function, name string, check func(*Trigger) error) error {
	defer s.lockOwner(region, function)()
	t, err := s.Trigger(region, function, name)
	if err != nil {
		return err
	}
	if err := check(t); err != nil {
		return err
	}
	if err := s.exec("DELETE FROM triggers WHERE region = ? AND function = ? AND name = ?", region, function, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.triggers[t.key()], name)
	if t.Host != "" {
		delete(s.hosts, key{region, t.Host})
	}
	return nil
}

// TriggersOfType lists the triggers of a type in all regions, in no order.
func (s *Store) TriggersOfType(kind string) []*Trigger {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []*Trigger
	for _, of := range s.triggers {
		for _, t := range of {
			if t.Trigger.TriggerType == kind {
				out = append(out, t)
			}
		}
	}
	return out
}
