package store

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Service is a stored FC 2.0 service.
type Service struct {
	Region  string            `json:"region"`
	Service fc.Service        `json:"service"`
	Tracing *fc.TracingConfig `json:"tracing,omitempty"`
	VPCIDs  []string          `json:"vpcIds,omitempty"` // that may call its functions
	Tags    map[string]string `json:"tags,omitempty"`
}

func (s *Service) key() key { return key{s.Region, s.Service.ServiceName} }

func (s *Store) keepService(svc *Service) { s.services[svc.key()] = svc }

// Service finds a service.
func (s *Store) Service(region, name string) (*Service, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if svc, ok := s.services[key{region, name}]; ok {
		return svc, nil
	}
	return nil, &NotFoundError{Kind: KindService, Name: name}
}

// Services lists the services of a region by name.
func (s *Store) Services(region string) []*Service {
	return list(s, s.services, region, func(v *Service) string { return v.Service.ServiceName })
}

// CreateService stores a new service.
func (s *Store) CreateService(svc *Service) error {
	defer s.lockOwner(svc.Region, fc.JoinName(svc.Service.ServiceName, ""))()
	if _, err := s.Service(svc.Region, svc.Service.ServiceName); err == nil {
		return &ExistsError{Kind: KindService, Name: svc.Service.ServiceName}
	}
	return s.putService(svc, nil)
}

// UpdateService changes a copy of the stored service and stores it, together
// with the functions in it, which apply changes to follow the service; nil leaves
// them as they are.
func (s *Store) UpdateService(region, name string, change func(*Service) error, apply func(*Service, *Function)) (*Service, error) {
	defer s.lockOwner(region, fc.JoinName(name, ""))()
	old, err := s.Service(region, name)
	if err != nil {
		return nil, err
	}
	svc, err := clone(old)
	if err != nil {
		return nil, err
	}
	if err := change(svc); err != nil {
		return nil, err
	}
	var functions []*Function
	for _, old := range s.functionsOf(region, name) {
		if apply == nil {
			break
		}
		f, err := clone(old)
		if err != nil {
			return nil, err
		}
		apply(svc, f)
		functions = append(functions, f)
	}
	return svc, s.putService(svc, functions)
}

// functionsOf lists the functions of a service by name.
func (s *Store) functionsOf(region, service string) []*Function {
	prefix := fc.JoinName(service, "")
	list := s.FunctionsFrom(region, prefix)
	end := slices.IndexFunc(list, func(f *Function) bool { return !strings.HasPrefix(f.Function.FunctionName, prefix) })
	if end < 0 {
		end = len(list)
	}
	return slices.Clone(list[:end])
}

func (s *Store) putService(svc *Service, functions []*Function) error {
	err := s.commit(func(tx *sql.Tx) error {
		for _, f := range functions {
			if err := putFunction(tx, f); err != nil {
				return err
			}
		}
		return putDoc(tx, "INSERT OR REPLACE INTO services (region, name, doc) VALUES (?, ?, ?)", svc, svc.Region, svc.Service.ServiceName)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepService(svc)
	for _, f := range functions {
		s.keepFunction(f)
	}
	return nil
}

// DeleteService removes a service that has no functions, versions and aliases.
func (s *Store) DeleteService(region, name string, check func(*Service) error) error {
	defer s.lockOwner(region, fc.JoinName(name, ""))()
	svc, err := s.Service(region, name)
	if err != nil {
		return err
	}
	if err := check(svc); err != nil {
		return err
	}
	if len(s.functionsOf(region, name)) > 0 {
		return &NotEmptyError{Kind: KindService, Name: name, Has: "functions"}
	}
	owner := fc.JoinName(name, "")
	if err := s.hasHistory(region, owner); err != nil {
		return err
	}
	err = s.commit(func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM histories WHERE region = ? AND owner = ?", region, owner); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM services WHERE region = ? AND name = ?", region, name)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.services, key{region, name})
	delete(s.histories, key{region, owner})
	return nil
}

func (s *Store) exec(query string, args ...any) error {
	return s.commit(func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
}

// putDoc runs an insert whose arguments are args and then the document.
func putDoc(tx *sql.Tx, query string, doc any, args ...any) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	_, err = tx.Exec(query, append(args, string(text))...)
	return err
}

// clone copies a stored document deeply, by way of its stored form.
func clone[T any](v *T) (*T, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, json.Unmarshal(text, out)
}
