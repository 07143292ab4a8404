package store

import (
	"context"
	"database/sql"
	"slices"

	"s/pkg/fc"
)

// Admission is who may call a function, and whether anybody may.
type Admission struct {
	Region      string                  `json:"region"`
	Function    string                  `json:"function"` // name of the function
	VPCIDs      []string                `json:"vpcIds,omitempty"`
	Restriction *fc.FunctionRestriction `json:"restriction,omitempty"` // nil if it was never disabled
}

// admissionTables is a migration.
const admissionTables = `
CREATE TABLE admissions (
  region TEXT NOT NULL, function TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, function),
  FOREIGN KEY (region, function) REFERENCES functions (region, name) ON DELETE CASCADE) WITHOUT ROWID;
`

func (s *Store) loadAdmissions(ctx context.Context) error {
	s.admissions = map[key]*Admission{}
	return eachDoc(ctx, s.db, "SELECT doc FROM admissions", func(a *Admission) { s.admissions[key{a.Region, a.Function}] = a })
}

// Admission is what was said of a function; it is empty if nothing was.
func (s *Store) Admission(region, function string) *Admission {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if a, ok := s.admissions[key{region, function}]; ok {
		return a
	}
	return &Admission{Region: region, Function: function}
}

// Restriction is why a function may not be called; nil if it may be.
func (s *Store) Restriction(region, function string) *fc.FunctionRestriction {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if a, ok := s.admissions[key{region, function}]; ok && a.Restriction != nil && a.Restriction.Disable {
		return a.Restriction
	}
	return nil
}

// UpdateAdmission changes a copy of what was said of a function that exists and
// stores it.
func (s *Store) UpdateAdmission(region, function string, change func(*Admission)) (*Admission, error) {
	defer s.lockOwner(region, function)()
	if _, err := s.Function(region, function); err != nil {
		return nil, err
	}
	a, err := clone(s.Admission(region, function))
	if err != nil {
		return nil, err
	}
	change(a)
	err = s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT OR REPLACE INTO admissions (region, function, doc) VALUES (?, ?, ?)", a, region, function)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admissions[key{region, function}] = a
	return a, nil
}

// UpdateServiceVPCs changes the VPCs that may call the functions of a service.
// Its functions stay as they are.
func (s *Store) UpdateServiceVPCs(region, name string, change func([]string) []string) error {
	defer s.lockOwner(region, fc.JoinName(name, ""))()
	old, err := s.Service(region, name)
	if err != nil {
		return err
	}
	svc := *old
	svc.VPCIDs = change(slices.Clone(old.VPCIDs))
	return s.putService(&svc, nil)
}
