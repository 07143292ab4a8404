package lists

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// pipfileLock is the format of Pipfile.lock (specification 6 of pipfile).
type pipfileLock struct {
	Meta struct {
		Requires struct {
			Version string `json:"python_version"`
			Full    string `json:"python_full_version"`
		} `json:"requires"`
		Sources []struct {
			URL string `json:"url"`
		} `json:"sources"`
	} `json:"_meta"`
	Default map[string]pipfilePackage `json:"default"`
}

type pipfilePackage struct {
	Version      string   `json:"version"`
	Hashes       []string `json:"hashes"`
	Markers      string   `json:"markers"`
	Git          string   `json:"git"`
	Ref          string   `json:"ref"`
	Subdirectory string   `json:"subdirectory"`
	Path         string   `json:"path"`
	File         string   `json:"file"`
	Hg           string   `json:"hg"`
	SVN          string   `json:"svn"`
}

func readPipfile(_ string, data []byte, env pep508.Environment) (*List, error) {
	var lock pipfileLock
	if err := json.Unmarshal(data, &lock); err != nil {
		return nil, damaged(PipfileJS, err)
	}
	if err := lock.fits(env); err != nil {
		return nil, err
	}
	l := &List{}
	for _, s := range lock.Meta.Sources {
		l.from(s.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(lock.Default)) {
		p := lock.Default[name]
		holds, err := env.With("extra", "").Evaluate(p.Markers)
		if err != nil {
			return nil, &Error{File: PipfileJS, Where: name, Reason: diag.MessageOf(err), Help: remake(PipfileJS)}
		}
		if !holds {
			continue
		}
		pin, err := p.pin(name)
		if err != nil {
			return nil, err
		}
		l.Pins = append(l.Pins, pin)
	}
	return l, nil
}

// fits checks the Python that the list says to be for: it has the packages for
// that one alone.
func (lock *pipfileLock) fits(env pep508.Environment) error {
	requires := lock.Meta.Requires
	version := requires.Version
	if parts := strings.Split(requires.Full, "."); version == "" && len(parts) > 1 {
		version = parts[0] + "." + parts[1]
	}
	return fits(PipfileJS, version, env, func(v pep508.Version, minor string) (bool, error) {
		if minor == "" {
			return true, nil
		}
		return v.Matches("==" + minor + ".*")
	})
}

func (p pipfilePackage) pin(name string) (Pin, error) {
	pin := Pin{Name: name, Hashes: p.Hashes, Path: p.Path}
	version, exact := strings.CutPrefix(p.Version, "==")
	pin.Version = strings.TrimPrefix(version, "=")
	switch {
	case p.Hg != "" || p.SVN != "":
		return pin, &Error{File: PipfileJS, Where: name, Reason: "it comes from a Mercurial or Subversion repository", Help: "name a release, or a git repository, in Pipfile"}
	case p.Git != "":
		pin.URL = gitURL(p.Git, p.Ref, p.Subdirectory)
	case strings.Contains(p.File, "://"):
		pin.URL = p.File
	case p.File != "":
		pin.Path = p.File
	case p.Path == "" && !exact:
		return pin, &Error{File: PipfileJS, Where: name, Reason: "it isn't pinned to a version", Help: remake(PipfileJS)}
	}
	return pin, nil
}
