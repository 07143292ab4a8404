package image

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// Collect removes the images that no function has, and the layers that neither
// these nor an instance needs. It does nothing while images are being opened.
func (s *Store) Collect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening > 0 {
		return
	}
	needed := s.wantedLayers()
	entries, err := os.ReadDir(filepath.Join(s.dir, layersName))
	if err != nil {
		return // the next time
	}
	for _, e := range entries {
		name := e.Name()
		if s.holds[name] == 0 && !needed[name] && !strings.HasPrefix(name, tempPrefix) {
			s.setAside(name)
		}
	}
}

// wantedLayers gives the layers of the images that functions have, and removes
// the records of the others.
func (s *Store) wantedLayers() map[string]bool {
	needed := map[string]bool{}
	records, _ := filepath.Glob(filepath.Join(s.dir, refsName, "*"+recordExt)) // the pattern is right
	for _, path := range records {
		var img Image
		text, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(text, &img) != nil || !s.wanted(img.Reference) {
			_ = os.Remove(path) // else the next time
			continue
		}
		for _, name := range img.Layers {
			needed[name] = true
		}
	}
	return needed
}

// setAside renames a layer's folder and removes it at leisure.
func (s *Store) setAside(name string) {
	layers := filepath.Join(s.dir, layersName)
	away, err := os.MkdirTemp(layers, tempPrefix+"*")
	if err != nil {
		return
	}
	if os.Rename(filepath.Join(layers, name), filepath.Join(away, name)) != nil {
		_ = os.Remove(away)
		return
	}
	s.removals.Go(func() { removeTree(away) })
}

// removeTree removes a folder with all that is in it, though it be protected
// from writing.
func removeTree(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir) // else at the next start
}
