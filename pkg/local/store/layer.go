package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Layer is what all versions of a layer have in common. It stays when they are
// gone, so that their numbers don't come back.
type Layer struct {
	Region string `json:"region"`
	Name   string `json:"name"`
	Last   int    `json:"last"` // number of the newest version that ever was
	Public bool   `json:"public,omitempty"`
}

// LayerVersion is a version of a layer. It never changes.
type LayerVersion struct {
	Region      string   `json:"region"`
	Name        string   `json:"name"`
	Version     int      `json:"version"`
	Description string   `json:"description,omitempty"`
	License     string   `json:"license,omitempty"`
	Runtimes    []string `json:"runtimes,omitempty"` // that it is made for
	CreateTime  string   `json:"createTime"`
	Code        Code     `json:"code"`
}

// layers are those of a store, in memory.
type layers struct {
	heads    map[key]*Layer
	versions map[key][]*LayerVersion // by number; a slice that was given out isn't changed
}

// layerTables is a migration.
const layerTables = `
CREATE TABLE layers (
  region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, name)) WITHOUT ROWID;
CREATE TABLE layer_versions (
  region TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, name, version),
  FOREIGN KEY (region, name) REFERENCES layers (region, name)) WITHOUT ROWID;
`

func (s *Store) loadLayers(ctx context.Context) error {
	s.layers = layers{map[key]*Layer{}, map[key][]*LayerVersion{}}
	if err := eachDoc(ctx, s.db, "SELECT doc FROM layers", func(l *Layer) { s.layers.heads[key{l.Region, l.Name}] = l }); err != nil {
		return err
	}
	return eachDoc(ctx, s.db, "SELECT doc FROM layer_versions ORDER BY version", func(v *LayerVersion) {
		k := key{v.Region, v.Name}
		s.layers.versions[k] = append(s.layers.versions[k], v)
	})
}

// Layer finds a layer that has versions.
func (s *Store) Layer(region, name string) (*Layer, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k := key{region, name}
	if len(s.layers.versions[k]) == 0 {
		return nil, &NotFoundError{Kind: KindLayer, Name: name}
	}
	return s.layers.heads[k], nil
}

// Layers lists the layers of a region that have versions, by name.
func (s *Store) Layers(region string) []*Layer {
	return slices.DeleteFunc(list(s, s.layers.heads, region, func(l *Layer) string { return l.Name }), func(l *Layer) bool {
		return len(s.LayerVersions(region, l.Name)) == 0
	})
}

// LayerVersions lists the versions of a layer, the oldest first.
func (s *Store) LayerVersions(region, name string) []*LayerVersion {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.layers.versions[key{region, name}]
}

// LayerVersion finds a version of a layer.
func (s *Store) LayerVersion(region, name string, version int) (*LayerVersion, error) {
	all := s.LayerVersions(region, name)
	i, found := slices.BinarySearchFunc(all, version, func(v *LayerVersion, n int) int { return cmp.Compare(v.Version, n) })
	if !found {
		return nil, &NotFoundError{Kind: KindLayerVersion, Name: fmt.Sprintf("%s/versions/%d", name, version)}
	}
	return all[i], nil
}

// UseLayer finds a version of a layer and keeps its code until release is called.
func (s *Store) UseLayer(region, name string, version int) (v *LayerVersion, release func(), err error) {
	if v, err = s.LayerVersion(region, name, version); err != nil {
		return nil, nil, err
	}
	release = s.code.hold(v.Code.SHA256)
	if _, err = s.LayerVersion(region, name, version); err != nil { // deleted before it was held
		release()
		return nil, nil, err
	}
	return v, release, nil
}

// PublishLayer stores a version, whose number it sets: one more than the layer
// ever had.
func (s *Store) PublishLayer(v *LayerVersion) error {
	defer s.lockLayer(v.Region, v.Name)()
	k := key{v.Region, v.Name}
	head := &Layer{Region: v.Region, Name: v.Name}
	s.mu.RLock()
	if old := s.layers.heads[k]; old != nil {
		*head = *old
	}
	s.mu.RUnlock()
	head.Last++
	v.Version = head.Last
	err := s.commit(func(tx *sql.Tx) error {
		if err := putLayer(tx, head); err != nil {
			return err
		}
		return putDoc(tx, "INSERT INTO layer_versions (region, name, version, doc) VALUES (?, ?, ?, ?)", v, v.Region, v.Name, v.Version)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers.heads[k] = head
	s.layers.versions[k] = append(slices.Clone(s.layers.versions[k]), v)
	return nil
}

func putLayer(tx *sql.Tx, l *Layer) error {
	return putDoc(tx, "INSERT INTO layers (region, name, doc) VALUES (?, ?, ?) ON CONFLICT (region, name) DO UPDATE SET doc = excluded.doc", l, l.Region, l.Name)
}

// SetLayerPublic says whether everybody may use a layer.
func (s *Store) SetLayerPublic(region, name string, public bool) error {
	defer s.lockLayer(region, name)()
	old, err := s.Layer(region, name)
	if err != nil {
		return err
	}
	head := *old
	head.Public = public
	if err := s.commit(func(tx *sql.Tx) error { return putLayer(tx, &head) }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers.heads[key{region, name}] = &head
	return nil
}

// DeleteLayerVersion removes a version. Functions that have it keep its code.
func (s *Store) DeleteLayerVersion(region, name string, version int) error {
	defer s.lockLayer(region, name)()
	v, err := s.LayerVersion(region, name, version)
	if err != nil {
		return err
	}
	if err := s.exec("DELETE FROM layer_versions WHERE region = ? AND name = ? AND version = ?", region, name, version); err != nil {
		return err
	}
	k := key{region, name}
	s.mu.Lock()
	s.layers.versions[k] = slices.DeleteFunc(slices.Clone(s.layers.versions[k]), func(one *LayerVersion) bool { return one == v })
	s.mu.Unlock()
	s.code.collect(v.Code.SHA256)
	return nil
}

// hasCode reports whether a version of a layer has this code; the store is locked.
func (l layers) hasCode(sha string) bool {
	for _, versions := range l.versions {
		for _, v := range versions {
			if v.Code.SHA256 == sha {
				return true
			}
		}
	}
	return false
}
