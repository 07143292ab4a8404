package store

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"slices"

	"s/pkg/fc"
)

// Function is a stored function, in the shape of FC 3.0. A function of an FC
// 2.0 service is named "service$function" and has the service's settings
// copied into it.
type Function struct {
	Region   string      `json:"region"`
	Function fc.Function `json:"function"`
	Code     Code        `json:"code"`
	// LayerCode is the code of Function.Layers, in their order. It stays when a
	// layer's version is deleted.
	LayerCode []Code `json:"layerCode,omitempty"`
	// InstanceType is FC 2.0's e1 or c1.
	InstanceType string `json:"instanceType,omitempty"`
	// Extra holds the settings of FC 3.0 that are kept for their readers and
	// have no effect here.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
	// Revision grows with every change of the function.
	Revision int64 `json:"revision"`
}

// Code refers to a stored archive. It is zero for containers.
type Code struct {
	SHA256   string `json:"sha256,omitempty"`   // hexadecimal, of the archive
	Size     int64  `json:"size,omitempty"`     // of the archive, bytes
	Checksum string `json:"checksum,omitempty"` // CRC-64/ECMA of it, decimal
}

// Image is the name of the image that the function runs; empty if it has code.
func (f *Function) Image() string {
	if r, known := fc.LookupRuntime(f.Function.Runtime); !known || !r.Container || f.Function.CustomContainerConfig == nil {
		return ""
	}
	return f.Function.CustomContainerConfig.Image
}

func (f *Function) key() key { return key{f.Region, f.Function.FunctionName} }

// keepFunction puts a function in the place of its former revision. The store is
// locked.
func (s *Store) keepFunction(f *Function) {
	if old := s.functions[f.key()]; old != nil {
		s.count(old, -1)
		s.countLogs(old, -1)
	}
	s.functions[f.key()] = f
	s.sorted.put(f)
	s.count(f, 1)
	s.countLogs(f, 1)
}

// use is something that functions need, and their versions.
type use struct{ kind, what string }

const (
	useCode  = "code"  // by its hash; also that of layers
	useImage = "image" // by its name
)

// needs lists what a function needs.
func (f *Function) needs() []use {
	var all []use
	for _, code := range append([]Code{f.Code}, f.LayerCode...) {
		if code.SHA256 != "" {
			all = append(all, use{useCode, code.SHA256})
		}
	}
	if image := f.Image(); image != "" {
		all = append(all, use{useImage, image})
	}
	return all
}

// count counts how often something is needed. The store is locked.
func (s *Store) count(f *Function, by int) {
	for _, u := range f.needs() {
		if s.uses[u] += by; s.uses[u] <= 0 {
			delete(s.uses, u)
		}
	}
}

// Function finds a function.
func (s *Store) Function(region, name string) (*Function, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f, ok := s.functions[key{region, name}]; ok {
		return f, nil
	}
	return nil, &NotFoundError{Kind: KindFunction, Name: name}
}

// CreateFunction stores a new function. The service in its name, if any, must
// be there; the error is a *LimitError if it has as many as it can.
func (s *Store) CreateFunction(f *Function) error {
	defer s.lockOwner(f.Region, f.Function.FunctionName)()
	name := f.Function.FunctionName
	if service, _ := fc.SplitName(name); service != "" {
		if _, err := s.Service(f.Region, service); err != nil {
			return err
		}
	}
	if _, err := s.Function(f.Region, name); err == nil {
		return &ExistsError{Kind: KindFunction, Name: name}
	}
	if service, _ := fc.SplitName(name); service != "" && len(s.functionsOf(f.Region, service)) >= fc.MaxServiceFunctions {
		return &LimitError{Kind: KindService, Name: service, Has: "functions", Limit: fc.MaxServiceFunctions}
	}
	f.Revision = 1
	return s.replaceFunction(f)
}

// UpdateFunction changes a copy of the stored function and stores it.
func (s *Store) UpdateFunction(region, name string, change func(*Function) error) (*Function, error) {
	defer s.lockOwner(region, name)()
	old, err := s.Function(region, name)
	if err != nil {
		return nil, err
	}
	f, err := clone(old)
	if err != nil {
		return nil, err
	}
	if err := change(f); err != nil {
		return nil, err
	}
	f.Revision++
	if err := s.replaceFunction(f); err != nil {
		return nil, err
	}
	s.collect(old, f)
	return f, nil
}

func (s *Store) replaceFunction(f *Function) error {
	if err := s.commit(func(tx *sql.Tx) error { return putFunction(tx, f) }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepFunction(f)
	return nil
}

func putFunction(tx *sql.Tx, f *Function) error {
	return putDoc(tx, `INSERT INTO functions (region, name, code, doc) VALUES (?, ?, ?, ?)
		ON CONFLICT (region, name) DO UPDATE SET code = excluded.code, doc = excluded.doc`,
		f, f.Region, f.Function.FunctionName, f.Code.SHA256)
}

// DeleteFunction removes a function that has no triggers, versions and aliases,
// and its code unless another function, a version or a running instance uses it.
// The versions of a service keep what they have of its functions.
func (s *Store) DeleteFunction(region, name string, check func(*Function) error) error {
	defer s.lockOwner(region, name)()
	f, err := s.Function(region, name)
	if err != nil {
		return err
	}
	if err := check(f); err != nil {
		return err
	}
	if len(s.Triggers(region, name)) > 0 {
		return &NotEmptyError{Kind: KindFunction, Name: name, Has: "triggers"}
	}
	if err := s.hasHistory(region, name); err != nil {
		return err
	}
	err = s.commit(func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM histories WHERE region = ? AND owner = ?", region, name); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM functions WHERE region = ? AND name = ?", region, name)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.count(f, -1)
	s.countLogs(f, -1)
	delete(s.functions, key{region, name})
	s.sorted.drop(region, name)
	delete(s.admissions, key{region, name})
	delete(s.async, key{region, name})
	s.forgetScaling(region, name)
	delete(s.histories, key{region, name})
	s.mu.Unlock()
	s.collect(f, nil)
	return nil
}

// collect removes what a function had and its successor, which may be nil, doesn't,
// unless somebody else needs it.
func (s *Store) collect(old, successor *Function) {
	for _, code := range append([]Code{old.Code}, old.LayerCode...) {
		if successor == nil || !successor.has(code.SHA256) {
			s.code.collect(code.SHA256)
		}
	}
}

// has reports whether a function has this code, for itself or as a layer.
func (f *Function) has(sha string) bool {
	return f.Code.SHA256 == sha || slices.ContainsFunc(f.LayerCode, func(c Code) bool { return c.SHA256 == sha })
}

// refersTo reports whether a function, a version or a layer has this code.
func (s *Store) refersTo(sha string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.uses[use{useCode, sha}] > 0 || s.layers.hasCode(sha)
}

// HasImage reports whether a function or a version runs the image of that name.
func (s *Store) HasImage(reference string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.uses[use{useImage, reference}] > 0
}

// list gives the values of a region, sorted by name.
func list[T any](s *Store, from map[key]*T, region string, name func(*T) string) []*T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*T, 0, len(from))
	for k, v := range from {
		if k.region == region {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b *T) int { return cmp.Compare(name(a), name(b)) })
	return out
}
