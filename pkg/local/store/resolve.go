package store

import (
	"slices"
	"strings"

	"s/pkg/fc"
)

// Resolved is the function that a qualifier stands for.
type Resolved struct {
	// Function is the one that can be changed, or a version's copy of it.
	Function *Function
	// Qualifier is what was asked for: LATEST, a version or an alias.
	Qualifier string
	// VersionID is the version that it was resolved to; empty for LATEST.
	VersionID string
}

// Resolve finds the function that a qualifier (LATEST, the number of a version, the
// name of an alias; empty is LATEST) stands for. An alias leads to one of its
// versions, chosen by what by tells of the request; with a nil by it leads to the main
// one. The error is a
// *NotFoundError of a service, function, alias or version.
func (s *Store) Resolve(region, function, qualifier string, by *Choice) (Resolved, error) {
	if IsLatest(qualifier) {
		f, err := s.Function(region, function)
		return Resolved{Function: f, Qualifier: fc.LatestQualifier}, err
	}
	owner := Owner(function)
	if err := s.ownerExists(region, owner); err != nil {
		return Resolved{}, err
	}
	v, err := s.lead(region, owner, qualifier, by)
	if err != nil {
		return Resolved{}, err
	}
	f, err := s.within(v, function)
	return Resolved{Function: f, Qualifier: qualifier, VersionID: v.Version.VersionID}, err
}

// IsLatest reports whether a qualifier stands for what isn't published.
func IsLatest(qualifier string) bool { return qualifier == "" || qualifier == fc.LatestQualifier }

// IsVersion reports whether a qualifier is the number of a version; others are
// names of aliases, which have a letter or another sign.
func IsVersion(qualifier string) bool {
	return qualifier != "" && strings.Trim(qualifier, "0123456789") == ""
}

// lead gives the version that a qualifier leads to.
func (s *Store) lead(region, owner, qualifier string, by *Choice) (*Version, error) {
	id := qualifier
	if !IsVersion(qualifier) {
		a, err := s.alias(region, owner, qualifier)
		if err != nil {
			return nil, err
		}
		id = a.choose(by)
	}
	return s.version(region, owner, id)
}

// within finds a function in a version.
func (s *Store) within(v *Version, function string) (*Function, error) {
	c, err := s.contentOf(v)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.Functions, func(f *Function) bool { return f.Function.FunctionName == function })
	if i < 0 {
		return nil, &NotFoundError{Kind: KindFunction, Name: function, Of: KindVersion + " " + v.Version.VersionID}
	}
	return c.Functions[i], nil
}

// Leads reports whether a qualifier still leads to what it was resolved to once.
func (s *Store) Leads(r Resolved) bool {
	region, function := r.Function.Region, r.Function.Function.FunctionName
	if r.VersionID == "" {
		f, err := s.Function(region, function)
		return err == nil && f == r.Function
	}
	owner := Owner(function)
	if s.ownerExists(region, owner) != nil {
		return false
	}
	if !IsVersion(r.Qualifier) {
		a, err := s.alias(region, owner, r.Qualifier)
		if err != nil || !slices.Contains(a.versions(), r.VersionID) {
			return false
		}
	}
	v, err := s.version(region, owner, r.VersionID)
	if err != nil {
		return false
	}
	f, err := s.within(v, function)
	return err == nil && f == r.Function
}

// ServiceAt gives a service of FC 2.0 and its functions, by name, as they are at a
// qualifier. The service of a version has the description that was given to the
// version.
func (s *Store) ServiceAt(region, name, qualifier string) (*Service, []*Function, error) {
	service, err := s.Service(region, name)
	if err != nil {
		return nil, nil, err
	}
	if IsLatest(qualifier) {
		return service, s.functionsOf(region, name), nil
	}
	v, err := s.lead(region, fc.JoinName(name, ""), qualifier, nil)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.contentOf(v)
	if err != nil {
		return nil, nil, err
	}
	own := *c.Service
	own.Service.Description = v.Version.Description
	return &own, c.Functions, nil
}
