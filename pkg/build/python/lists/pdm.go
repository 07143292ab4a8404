package lists

import (
	"slices"

	"github.com/pelletier/go-toml/v2"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// pdmLock is the format of pdm.lock, 4.5 and later (documentation of pdm:
// "Lock file"; the strategy inherit_metadata is its default).
type pdmLock struct {
	Metadata struct {
		Strategy []string `toml:"strategy"`
	} `toml:"metadata"`
	Packages []struct {
		Name         string       `toml:"name"`
		Version      string       `toml:"version"`
		Groups       []string     `toml:"groups"`
		Marker       string       `toml:"marker"`
		Files        []lockedFile `toml:"files"`
		Git          string       `toml:"git"`
		Revision     string       `toml:"revision"`
		Subdirectory string       `toml:"subdirectory"`
		URL          string       `toml:"url"`
		Path         string       `toml:"path"`
	} `toml:"package"`
}

// lockedFile is a file of a package as poetry and pdm list it.
type lockedFile struct {
	Hash string `toml:"hash"`
}

func hashesOf(files []lockedFile) []string {
	var hashes []string
	for _, f := range files {
		hashes = append(hashes, f.Hash)
	}
	return hashes
}

func readPDM(_ string, data []byte, env pep508.Environment) (*List, error) {
	var lock pdmLock
	if err := toml.Unmarshal(data, &lock); err != nil {
		return nil, damaged(PDM, err)
	}
	if len(lock.Packages) > 0 && !slices.Contains(lock.Metadata.Strategy, "inherit_metadata") {
		return nil, &Error{
			File: PDM, Reason: "it doesn't tell which packages are for development only (strategy inherit_metadata)",
			Help: "pdm lock -S inherit_metadata",
		}
	}
	l := &List{}
	seen := map[string]bool{}
	for _, p := range lock.Packages {
		if !slices.Contains(p.Groups, "default") {
			continue
		}
		holds, err := env.With("extra", "").Evaluate(p.Marker)
		if err != nil {
			return nil, &Error{File: PDM, Where: p.Name, Reason: diag.MessageOf(err), Help: remake(PDM)}
		}
		pin := Pin{Name: p.Name, Version: p.Version, Hashes: hashesOf(p.Files), URL: p.URL, Path: p.Path}
		if p.Git != "" {
			pin.URL = gitURL(p.Git, p.Revision, p.Subdirectory)
		}
		// A package with an extra is listed once more.
		key := pep508.NormalName(p.Name) + " " + pin.what()
		if holds && !seen[key] {
			seen[key] = true
			l.Pins = append(l.Pins, pin)
		}
	}
	return l, nil
}
